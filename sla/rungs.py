"""Ladders: from words to rungs."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from engine.core.expressions import Expression
from engine.core.kinds import BOOL, DATETIME, INT, OBJECT, TEXT, list_of
from engine.language.acts import act_args
from engine.language.context import Scope
from engine.language.extension import Context, Where
from sla.model import Act, Message, Notice, OtherAct, Rung, Signal
from sla.words import ACTS

CODES = {
    "CW711": "a point that no rung can have",
    "CW712": "a rung that does nothing, or says only half",
    "CW713": "an addressee that does not exist",
}

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%", re.ASCII)
_AROUND = re.compile(r"due(?:\s*([+-])\s*(\S.*))?", re.ASCII)
PEOPLE = ("owner", "holder", "customer")
FACTS = {
    "clock": TEXT, "clock_title": OBJECT, "clauses": list_of(TEXT), "origin": TEXT, "limit": TEXT, "since": DATETIME,
    "deadline": DATETIME, "provisional": BOOL, "breached": BOOL, "rung": TEXT, "repeat": INT, "number": TEXT,
}  # fmt: skip
"""What every notice of a ladder can tell, beside the data."""
_EXPECTED = "80%, due, due + 1wd, due - 2h, or 4h (after the start)"


def ladder(
    context: Context, where: Where, words: str | list[Any], house: Mapping[str, list[Any]], step: str = ""
) -> tuple[Rung, ...]:
    """The rungs; `house` are the ladders that may be named, `step` the step whose limit it is. What a ladder of
    the house reads and the data has not got is told where its name stands."""
    scope = cast(Scope, context)
    if isinstance(words, str):
        if not scope.name(where, words, house, "ladder of the house"):
            return ()
        words = house[words]
    made = (_rung(scope, (*where, index), one, step) for index, one in enumerate(words))
    return tuple(rung for rung in made if rung is not None)


def looked_over(context: Context, where: Where, words: list[Any]) -> None:
    """Tells what is wrong with a ladder of the house whoever names it: its points, and what its rungs leave half said.
    What they read of the data is looked at where a clock names the ladder."""
    scope = cast(Scope, context)
    for index, one in enumerate(words):
        at = (*where, index)
        _point(scope, (*at, "at"), one["at"])
        _half_said(scope, at, one)
        for place, who in enumerate(one.get("notify", ())):
            if "{{" not in who:
                _addressee(scope, (*at, "notify", place), who)


def _rung(scope: Scope, where: Where, words: dict[str, Any], step: str) -> Rung | None:
    point = _point(scope, (*where, "at"), words["at"])
    acts = tuple(act for act in (_act(scope, where, key, words, step) for key in words) if act is not None)
    every = scope.duration((*where, "every"), words["every"]) if "every" in words else None
    _half_said(scope, where, words)
    if point is None:
        return None
    times = words.get("times") if every is not None else 1
    return Rung(at=words["at"], acts=acts, every=every, times=times, **point)


def _half_said(scope: Scope, where: Where, words: dict[str, Any]) -> None:
    if "times" in words and "every" not in words:
        scope.problem((*where, "times"), "CW712", "`times` says how often, not how far apart", expected="every: 1wd")
    for key, other in (("notify", "with"), ("with", "notify")):
        if key in words and other not in words:
            scope.problem((*where, key), "CW712", f"`{key}` needs `{other}` beside it")
    if not any(key not in ("at", "every", "times") for key in words):
        expected = f"notify and with, message, signal, {', '.join(ACTS)}"
        scope.problem(where, "CW712", "this rung does nothing", expected=expected)


def _point(scope: Scope, where: Where, text: str) -> dict[str, Any] | None:
    percent, around = _PERCENT.fullmatch(text), _AROUND.fullmatch(text)
    if percent is not None:
        share = Decimal(percent[1]) / 100
        if not 0 < share <= 1:
            scope.problem(
                where, "CW711", f"{text} of a limit is never reached before it", expected="1% to 100%",
                hint="after the deadline, say how long after: due + 1wd",
            )  # fmt: skip
            return None
        return {"from_": "share", "share": share}
    if around is not None and around[2] is None:
        return {"from_": "due"}
    written = text if around is None else around[2]
    if around is None and not text[:1].isdigit():
        scope.problem(where, "CW711", f"{text!r} is no point on a ladder", expected=_EXPECTED)
        return None
    offset = scope.duration(where, written.strip())
    if offset is None:
        return None
    if around is None:
        return {"from_": "start", "offset": offset}
    return {"from_": "due", "offset": offset, "back": around[1] == "-"}


# --- acts -----------------------------------------------------------------------------------------


def _act(scope: Scope, where: Where, key: str, words: dict[str, Any], step: str) -> Act | None:
    value, at = words[key], (*where, key)
    if key == "notify" and "with" in words:
        to = [_addressee(scope, (*at, index), one) for index, one in enumerate(value)]
        facts = scope.expressions((*where, "facts"), words.get("facts", {}))
        read = scope.notice((*where, "with"), words["with"], facts, FACTS)
        return Notice(tuple(one for one in to if one is not None), words["with"], read)
    if key == "message":
        return _message(scope, at, value if isinstance(value, dict) else {"name": value})
    if key == "signal":
        given = value if isinstance(value, dict) else {"name": value}
        scope.name(_named(at, value), given["name"], scope.house.signals, "signal")
        return Signal(given["name"], scope.key((*at, "key"), given["key"]) if "key" in given else None)
    return _other(scope, at, key, value, step) if key in ACTS else None


def _addressee(scope: Scope, where: Where, text: str) -> str | Expression | None:
    found = scope.open_literal(where, text, "whom a notice goes to")
    if not isinstance(found, str) or found in PEOPLE:
        return found
    kind, _, name = found.partition(".")
    known = {"role": scope.house.roles, "queue": scope.house.queues}.get(kind)
    if kind == "user" and name:
        return found
    if known is not None and name:
        return found if scope.name(where, name, known, kind, offset=len(kind) + 1) else None
    scope.problem(
        where, "CW713", f"{found!r} is nobody",
        expected=f"{', '.join(PEOPLE)}, role.x, user.x, queue.x or {{{{ an expression }}}}",
        hint=f"did you mean role.{found}?" if found in scope.house.roles else "",
    )  # fmt: skip
    return None


def _message(scope: Scope, where: Where, given: dict[str, Any]) -> Message | None:
    if not scope.name(_named(where, given), given["name"], scope.house.messages, "message"):
        return None
    wanted = scope.house.messages[given["name"]].data
    payload = {}
    for field, text in given.get("data", {}).items():
        at = (*where, "data", field)
        if scope.name(at, field, wanted, f"field of the message {given['name']}"):
            payload[field] = scope.open_expression(at, text, "a message", wants=wanted[field])
    key = scope.key((*where, "key"), given["key"]) if "key" in given else None
    return Message(given["name"], key, {field: value for field, value in payload.items() if value is not None})


def _named(where: Where, written: Any) -> Where:
    return (*where, "name") if isinstance(written, dict) else where


def _other(scope: Scope, where: Where, act: str, value: Any, step: str) -> OtherAct:
    """An act of another component. What stands alone is its `to`; a step's limit speaks of its own task."""
    args = act_args(scope, where, act, value)
    if step:
        args.setdefault("steps", [step])
    return OtherAct(act, args)
