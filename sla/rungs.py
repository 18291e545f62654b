"""Ladders: from words to rungs."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.core.expressions import Expression
from engine.core.model import Json
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
_PEOPLE = ("owner", "holder", "customer")
_LISTS = {"role": "roles", "queue": "queues"}
_EXPECTED = "80%, due, due + 1wd, due - 2h, or 4h (after the start)"


def ladder(
    context: Context, where: Where, words: str | list[Any], house: Mapping[str, tuple[Rung, ...]], step: str = ""
) -> tuple[Rung, ...]:
    """The rungs; `house` are the ladders that may be named, `step` the step whose limit it is."""
    if isinstance(words, str):
        return house[words] if context.name(where, words, frozenset(house), "ladder") else ()
    made = (_rung(context, (*where, index), one, step) for index, one in enumerate(words))
    return tuple(rung for rung in made if rung is not None)


def _rung(context: Context, where: Where, words: dict[str, Any], step: str) -> Rung | None:
    point = _point(context, (*where, "at"), words["at"])
    acts = tuple(act for act in (_act(context, where, key, words, step) for key in words) if act is not None)
    every = context.duration((*where, "every"), words["every"]) if "every" in words else None
    if "times" in words and "every" not in words:
        context.problem((*where, "times"), "CW712", "`times` says how often, not how far apart", expected="every: 1wd")
    for key, other in (("notify", "with"), ("with", "notify")):
        if key in words and other not in words:
            context.problem((*where, key), "CW712", f"`{key}` needs `{other}` beside it")
    if not any(key not in ("at", "every", "times") for key in words):
        expected = f"notify and with, message, signal, {', '.join(ACTS)}"
        context.problem(where, "CW712", "this rung does nothing", expected=expected)
    if point is None:
        return None
    times = words.get("times") if every is not None else 1
    return Rung(at=words["at"], acts=acts, every=every, times=times, **point)


def _point(context: Context, where: Where, text: str) -> dict[str, Any] | None:
    percent, around = _PERCENT.fullmatch(text), _AROUND.fullmatch(text)
    if percent is not None:
        share = Decimal(percent[1]) / 100
        if not 0 < share <= 1:
            context.problem(
                where, "CW711", f"{text} of a limit is never reached before it", expected="1% to 100%",
                hint="after the deadline, say how long after: due + 1wd",
            )  # fmt: skip
            return None
        return {"from_": "share", "share": share}
    if around is not None and around[2] is None:
        return {"from_": "due"}
    written = text if around is None else around[2]
    if around is None and not text[:1].isdigit():
        context.problem(where, "CW711", f"{text!r} is no point on a ladder", expected=_EXPECTED)
        return None
    offset = context.duration(where, written.strip())
    if offset is None:
        return None
    if around is None:
        return {"from_": "start", "offset": offset}
    return {"from_": "due", "offset": offset, "back": around[1] == "-"}


# --- acts -----------------------------------------------------------------------------------------


def _act(context: Context, where: Where, key: str, words: dict[str, Any], step: str) -> Act | None:
    value, at = words[key], (*where, key)
    if key == "notify":
        return _notice(context, where, words)
    if key == "message":
        name, key_, payload = _keyed(context, at, value)
        declared(context, at, name, "messages", "message")
        return Message(name, key_, payload)
    if key == "signal":
        name, key_, _ = _keyed(context, at, value)
        declared(context, at, name, "signals", "signal")
        return Signal(name, key_)
    return _other(context, at, key, value, step) if key in ACTS else None


def _notice(context: Context, where: Where, words: dict[str, Any]) -> Notice | None:
    to = [_addressee(context, (*where, "notify", index), one) for index, one in enumerate(words["notify"])]
    facts = _expressions(context, (*where, "facts"), words.get("facts", {}))
    template = words.get("with")
    if template is None:
        return None
    declared(context, (*where, "with"), template, "templates", "template")
    return Notice(tuple(one for one in to if one is not None), template, facts)


def _addressee(context: Context, where: Where, text: str) -> str | Expression | None:
    found = context.literal_or_expression(where, text)
    if not isinstance(found, str) or found in _PEOPLE:
        return found
    kind, dot, name = found.partition(".")
    if kind in _LISTS and dot:
        return found if declared(context, where, name, _LISTS[kind], kind) else None
    if kind == "user" and name:
        return found
    context.problem(
        where, "CW713", f"{found!r} is nobody",
        expected=f"{', '.join(_PEOPLE)}, role.x, user.x, queue.x or {{{{ an expression }}}}",
        hint=f"did you mean role.{found}?" if found in (getattr(context.house, "roles", None) or ()) else "",
    )  # fmt: skip
    return None


def _keyed(
    context: Context, where: Where, words: str | dict[str, Any]
) -> tuple[str, Expression | None, Mapping[str, Expression]]:
    if isinstance(words, str):
        return words, None, {}
    key = context.expression((*where, "key"), str(words["key"])) if "key" in words else None
    return words["name"], key, _expressions(context, (*where, "payload"), words.get("payload", {}))


def _expressions(context: Context, where: Where, words: Mapping[str, Any]) -> dict[str, Expression]:
    made = {name: context.expression((*where, name), str(text)) for name, text in words.items()}
    return {name: expression for name, expression in made.items() if expression is not None}


def _other(context: Context, where: Where, act: str, value: Any, step: str) -> OtherAct:
    """An act of another component. What stands alone is its `to`; a step's limit speaks of its own task."""
    args: dict[str, Any] = dict(value) if isinstance(value, dict) else {"to": value}
    for index, name in enumerate(args.get("steps", ())):
        context.name((*where, "steps", index), name, context.steps, "step")
    if step:
        args.setdefault("steps", [step])
    made: dict[str, Expression | Json] = {}
    for name, given in args.items():
        text = context.literal_or_expression(where, given) if isinstance(given, str) else given
        if text is not None:
            made[name] = text
    if act == "move_tasks" and isinstance(made.get("to"), str):
        declared(context, where, str(made["to"]), "queues", "queue")
    return OtherAct(act, made)


def declared(context: Context, where: Where, name: str, names: str, what: str) -> bool:
    """Whether the house has it; what the house does not list at all is not asked."""
    known = getattr(context.house, names, None)
    return known is None or context.name(where, name, frozenset(known), what)
