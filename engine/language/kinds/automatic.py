"""Steps that do one thing and go on: `set`, `compute`, `notify`, `send`, `signal`, `milestone`, acts; and `service`."""

from collections.abc import Mapping
from typing import Any

from engine.core.expressions import Expression
from engine.core.kinds import Type
from engine.core.model import Act, Compute, Milestone, Notify, Send, Service, Set, Signal
from engine.core.naming import nearest
from engine.language.acts import act_args
from engine.language.context import Scope
from engine.language.document import Place
from engine.language.kinds.kind import Kind
from engine.language.language import Routine
from engine.language.outline import Step
from engine.language.problems import one_of
from engine.language.words import ARGS, EXPRESSION, INTO, LENGTH, NAME, SETS, Schema, described, listing, mapping

CODES = {"CW116": "an argument that is missing, or that there is not"}

_ADDRESSEE: Schema = {
    "title": "owner, customer, role.x, queue.x, user.x, or {{ an expression }} that yields one of these",
    "type": "string",
    "pattern": r"^(owner|customer|(role|queue|user)\.[a-z][a-z0-9_]*|\{\{.*\}\})$",
}
ADDRESSEES: Schema = listing(_ADDRESSEE, "a list of addressees, as [owner, role.supervisor]")


def _set(scope: Scope, step: Step) -> Set:
    return Set(scope.assigns((*step.where, "set"), step.value["set"]))


def called(
    scope: Scope, where: Place, written: Mapping[str, Any], routines: Mapping[str, Routine], what: str
) -> tuple[Routine, dict[str, Expression]] | None:
    """The registered function that a step calls, and its arguments, each of its parameter's type."""
    if not scope.name((*where, "function"), written["function"], routines, what):
        return None
    routine = routines[written["function"]]
    args = {}
    meant: set[str | None] = set()  # those that are there under a name misspelt
    for name, text in written.get("args", {}).items():
        at = (*where, "args", name)
        if name in routine.parameters:
            args[name] = scope.expression(at, text, wants=routine.parameters[name])
        else:
            close = nearest(name, routine.parameters.keys() - written["args"].keys())
            meant.add(close)
            hint = f"did you mean {close!r}?" if close else None
            message = f"{routine.name} has no argument {name!r}"
            scope.problem(at, "CW116", message, expected=one_of(routine.parameters), hint=hint, key=True)
    for name in routine.parameters:
        if name not in meant and name not in written.get("args", {}) and name not in routine.optional:
            message = f"{routine.name} needs the argument {name} ({routine.parameters[name]})"
            scope.problem((*where, "function"), "CW116", message)
    return routine, {name: value for name, value in args.items() if value is not None}


def _into(scope: Scope, where: Place, written: Mapping[str, Any], result: Type, what: str, secret: bool) -> Any:
    return scope.into((*where, "into"), written.get("into"), result, what, secret)


def _compute(scope: Scope, step: Step) -> Compute | None:
    where, written = (*step.where, "compute"), step.value["compute"]
    found = called(scope, where, written, scope.build.language.computes, "registered function")
    if found is None:
        return None
    routine, args = found
    assert routine.call is not None, f"{routine.name} was registered without a function"
    secret = any(value.secret for value in args.values())
    into = _into(scope, where, written, routine.result, f"the result of {routine.name}", secret)
    return Compute(routine.name, routine.call, args, into)


def _service(scope: Scope, step: Step) -> Service | None:
    where, written = (*step.where, "service"), step.value["service"]
    found = called(scope, where, written, scope.build.language.services, "worker function")
    if found is None:
        return None
    routine, args = found
    into = _into(scope, where, written, routine.result, f"the result of {routine.name}", secret=False)
    retry = written.get("retry", {})
    lengths = {
        name: scope.seconds((*where, "retry", name), retry[name]) for name in ("first", "longest") if name in retry
    }
    if "timeout" in written:
        lengths["timeout"] = scope.seconds((*where, "timeout"), written["timeout"])
    counts = {name: retry[name] for name in ("times", "factor") if name in retry}
    given = {name: value for name, value in {**lengths, **counts}.items() if value is not None}
    return Service(routine.name, args, into, **given)


def addressees(scope: Scope, where: Place, written: list[str]) -> tuple[str | Expression, ...]:
    """Whom a notice goes to, with the roles and queues that the house has."""
    found = []
    for place, text in enumerate(written):
        what, _, name = text.partition(".")
        known = {"role": scope.house.roles, "queue": scope.house.queues}.get(what)
        if known is not None and name:
            scope.name((*where, place), name, known, what, offset=len(what) + 1)
        found.append(scope.open_literal((*where, place), text, "whom a notice goes to"))
    return tuple(each for each in found if each is not None)


def _notify(scope: Scope, step: Step) -> Notify:
    where, written = step.where, step.value
    to = addressees(scope, (*where, "notify"), written["notify"])
    given = scope.expressions((*where, "facts"), written.get("facts", {}))
    return Notify(to, written["with"], scope.notice((*where, "with"), written["with"], given))


def _send(scope: Scope, step: Step) -> Send | None:
    where, written = (*step.where, "send"), step.value["send"]
    name = written["message"]
    key = scope.key((*where, "key"), written["key"])
    if not scope.name((*where, "message"), name, scope.house.messages, "message"):
        return None
    wanted = scope.house.messages[name].data
    payload = {}
    for field, text in written.get("data", {}).items():
        at = (*where, "data", field)
        if scope.name(at, field, wanted, f"field of the message {name}", key=True):
            payload[field] = scope.open_expression(at, text, "a message", wants=wanted[field])
    given = {field: value for field, value in payload.items() if value is not None}
    return Send(name, key, given) if key else None


def _signal(scope: Scope, step: Step) -> Signal:
    scope.name((*step.where, "signal"), step.value["signal"], scope.house.signals, "signal")
    key = scope.key((*step.where, "key"), step.value["key"]) if "key" in step.value else None
    return Signal(step.value["signal"], key)


def _milestone(scope: Scope, step: Step) -> Milestone:
    return Milestone(step.value["milestone"])


def act_kind(name: str, schema: Schema) -> Kind:
    """The kind of step that an act of a component makes."""

    def compile(scope: Scope, step: Step) -> Act:
        return Act(name, act_args(scope, (*step.where, name), name, step.value[name]))

    return Kind(name, schema.get("description", f"The act {name}."), schema, compile)


_ARGS = described(ARGS, "What it is given: {name: expression}.")
_INTO = described(INTO, "Where its result goes: one place, or {place: field of the result}.")
_RETRY = mapping(
    {
        "times": described({"type": "integer", "minimum": 1, "maximum": 100}, "How often it is tried in all."),
        "first": described(LENGTH, "How long to wait before the second try.", "10s"),
        "factor": described({"type": "integer", "minimum": 1, "maximum": 10}, "How much longer each further time."),
        "longest": described(LENGTH, "The longest wait between two tries.", "1h"),
    },
    title="how it is tried again",
)

KINDS = (
    Kind("set", "Writes values into the data, in the order written.", SETS, _set),
    Kind(
        "compute",
        "Calls a registered function without outside effect; its result is recorded.",
        mapping({"function": described(NAME, "Its name."), "args": _ARGS, "into": _INTO}, "function"),
        _compute,
    ),
    Kind(
        "service",
        "A job for a worker function: done outside the case, tried again, with a time limit.",
        mapping(
            {
                "function": described(NAME, "Its name."),
                "args": _ARGS,
                "into": _INTO,
                "retry": described(_RETRY, "When it fails."),
                "timeout": described(LENGTH, "How long one try may take.", "60s"),
            },
            "function",
        ),
        _service,
        stays=True,
        waits=True,
    ),
    Kind(
        "notify",
        "Sends a notice to people.",
        ADDRESSEES,
        _notify,
        beside={
            "with": described(NAME, "The notice: a file in notices/."),
            "facts": described(ARGS, "What its text reads beside the data: {name: expression}."),
        },
        required=("with",),
    ),
    Kind(
        "send",
        "Sends a message to another case.",
        mapping(
            {
                "message": described(NAME, "Its name, from house.yaml."),
                "key": described(EXPRESSION, "What the other case is found by."),
                "data": described(ARGS, "What it carries: {field: expression}."),
            },
            "message",
            "key",
        ),
        _send,
    ),
    Kind(
        "signal",
        "Sends a signal to every case that listens.",
        described(NAME, "Its name, from house.yaml."),
        _signal,
        beside={"key": described(EXPRESSION, "Only those that listen with this key.")},
    ),
    Kind("milestone", "A named point on the way, on which clocks and reports hang.", NAME, _milestone),
)
