"""What sets off a handler, a race or a waiting step: the keywords, and how they compile.

{after: 5d}  {after: 5d, every: 1d, times: 3}  {at: meeting_at}  {every: 1wd}
{message: withdrawn, key: number, into: {reason: text}}  {signal: catastrophe, key: region}
{error: payment_failed}  {error: any}  {escalation: fraud}  {when: amount > 1000}  {changed: severity}
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.kinds import BOOL
from engine.core.model import Handler, Trigger
from engine.language.context import Scope
from engine.language.document import Place
from engine.language.house import House
from engine.language.problems import one_of
from engine.language.words import BODY, CONDITION, EXPRESSION, LENGTH, NAME, PATH, SETS, Schema, described, mapping

CODES = {
    "CW114": "a trigger that is none, or that lacks something",
    "CW115": "a handler that neither leaves nor does anything, or both",
}

ANY_NAME = "any"

TRIGGERS: Mapping[str, Schema] = {
    "after": described(LENGTH, "When so much time has passed since the step, block or case began.", "5wd"),
    "at": described(EXPRESSION, "At a moment that the data has.", "meeting_at"),
    "every": described(LENGTH, "Again and again, so far apart; beside `after` or `at`: again after that.", "1wd"),
    "message": described(NAME, "When a message arrives for this case.", "customer_reply"),
    "signal": described(NAME, "When a signal is sent.", "catastrophe"),
    "error": described(NAME, "When an error is raised within: its name, or `any`.", "payment_failed"),
    "escalation": described(NAME, "When an escalation is raised within: its name, or `any`.", "fraud"),
    "when": described(CONDITION, "When the condition becomes true.", "amount > 100000"),
    "changed": described(PATH, "When this field takes a new value.", "severity"),
}
DETAILS: Mapping[str, Schema] = {
    "key": described(EXPRESSION, "What the message or signal is matched by.", "number"),
    "into": described(SETS, "What of the message goes where in the data: {place: expression}.", {"reply": "text"}),
    "times": described({"type": "integer", "minimum": 1}, "How often at most."),
}
_NEXT: Schema = described(NAME, "The step to go to instead; `end` is the end of the block.")

OPTION = mapping({**TRIGGERS, **DETAILS, "next": _NEXT}, title="a trigger, with where it leads")
HANDLER = mapping(
    {
        **TRIGGERS,
        **DETAILS,
        "next": described(_NEXT, "Leaves the step, the block or what stands in the process, and goes there."),
        "do": described(BODY, "Runs beside it: one step, or an ordered mapping of steps."),
    },
    title="what may happen meanwhile: a trigger with `next` or `do`",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A mapping that holds a trigger. `said` are keywords that go by another name there (`wait` says `for`)."""

    where: Place
    written: Mapping[str, Any]
    said: Mapping[str, str] = field(default_factory=dict)

    def at(self, keyword: str) -> Place:
        return (*self.where, self.said.get(keyword, keyword))


def trigger(scope: Scope, entry: Entry) -> Trigger | None:
    """The trigger that is written there, whatever else stands beside it."""
    kinds = [kind for kind in TRIGGERS if kind in entry.written]
    if len(kinds) == 2 and kinds[0] in ("after", "at") and kinds[1] == "every":
        kinds = kinds[:1]
    if len(kinds) != 1:
        message = f"one trigger is meant, not {' and '.join(kinds)}" if kinds else "nothing says what it waits for"
        scope.problem(entry.where, "CW114", message, expected=one_of(TRIGGERS))
        return None
    kind = kinds[0]
    for detail in (*DETAILS, "every"):
        if detail in entry.written and detail not in (kind, *_GO_WITH[kind]):
            scope.problem(entry.at(detail), "CW114", f"{detail} does not go with {kind}", key=True)
    return _COMPILE[kind](scope, entry)


def handler(scope: Scope, where: Place, written: Mapping[str, Any], body: str) -> Handler | None:
    """One entry of `meanwhile`; `body` is the id of the node that holds its `do`."""
    if ("next" in written) == ("do" in written):
        scope.problem(where, "CW115", "a handler leaves by `next` or does something beside by `do`, one of the two")
        return None
    found = trigger(scope, Entry(where, written))
    if "do" in written:
        return Handler(found, body=body) if found else None
    if "every" in written:
        scope.problem((*where, "every"), "CW115", "a handler that leaves fires once: it cannot repeat", key=True)
    target = scope.leave_to((*where, "next"), written["next"])
    return Handler(found, next=target) if found and target else None


Compile = Callable[[Scope, Entry], Trigger | None]


def _timed(kind: str) -> Compile:
    def compile(scope: Scope, entry: Entry) -> Trigger | None:
        written = entry.written
        at = scope.moment(entry.at("at"), written["at"]) if kind == "at" else None
        length = scope.length(entry.at(kind), written[kind]) if kind != "at" else None
        every = scope.length(entry.at("every"), written["every"]) if kind != "every" and "every" in written else None
        if at is None and length is None:
            return None
        return Trigger(kind, length=length, at=at, every=every, times=written.get("times"))

    return compile


def _message(scope: Scope, entry: Entry) -> Trigger | None:
    name = entry.written["message"]
    if not scope.name(entry.at("message"), name, scope.house.messages, "message"):
        return None
    into = scope.assigns(entry.at("into"), entry.written.get("into", {}), extra=scope.house.messages[name].data)
    if "key" not in entry.written:
        message = f"the message {name} needs a key, or it would come to any case that waits"
        scope.problem(entry.at("message"), "CW114", message, hint="such as key: number")
        return None
    return Trigger("message", name, key=scope.key(entry.at("key"), entry.written["key"]), into=into)


def _signal(scope: Scope, entry: Entry) -> Trigger | None:
    name, written = entry.written["signal"], entry.written
    scope.name(entry.at("signal"), name, scope.house.signals, "signal")
    return Trigger("signal", name, key=scope.key(entry.at("key"), written["key"]) if "key" in written else None)


def _raised(kind: str, known: Callable[[House], Collection[str]]) -> Compile:
    def compile(scope: Scope, entry: Entry) -> Trigger | None:
        name = entry.written[kind]
        if name == ANY_NAME:
            return Trigger(kind)
        scope.name(entry.at(kind), name, [*known(scope.house), ANY_NAME], kind)
        return Trigger(kind, name)

    return compile


def _when(scope: Scope, entry: Entry) -> Trigger | None:
    found = scope.expression(entry.at("when"), entry.written["when"], wants=BOOL)
    return Trigger("when", when=found) if found else None


def _changed(scope: Scope, entry: Entry) -> Trigger | None:
    found = scope.path(entry.at("changed"), entry.written["changed"])
    return Trigger("changed", path=found[0]) if found else None


_COMPILE: Mapping[str, Compile] = {
    "after": _timed("after"),
    "at": _timed("at"),
    "every": _timed("every"),
    "message": _message,
    "signal": _signal,
    "error": _raised("error", lambda house: house.errors),
    "escalation": _raised("escalation", lambda house: house.escalations),
    "when": _when,
    "changed": _changed,
}
_GO_WITH: Mapping[str, tuple[str, ...]] = {
    "after": ("every", "times"),
    "at": ("every", "times"),
    "every": ("times",),
    "message": ("key", "into"),
    "signal": ("key",),
    "error": (),
    "escalation": (),
    "when": (),
    "changed": (),
}
