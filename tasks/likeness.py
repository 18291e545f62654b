"""Cases that may be one and the same: told by rule, from what their process says under `alike:`.

Theory of operation. A rule names fields; two cases of a process that have the same in all of them are alike by that
rule. Each case keeps, for every rule whose fields are all set, a key made of them; the keys are rows of a table with
an index (`tasks.related` asks it), so that finding the cases like one, or like one not started yet, is one look-up
however many cases there are. Nothing follows from it by itself: people see what is found, and relate or merge.

A key is a digest, and no rule may name a secret. Text is compared without spaces and without regard to case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec

from engine.core.events import DataChanged
from engine.core.kinds import ANY, DATETIME, DECIMAL, Type, holds_secret
from engine.core.machine import Turn
from engine.core.model import Process
from engine.core.values import ValueProblem, normalise, read_moment
from engine.language.extension import Context, Extension, Where
from engine.language.words import NAME, described, listing, named
from engine.runtime.projection import Projection, Row
from tasks import events as e
from tasks.state import WorkState
from tasks.tables import Likeness

Json = Any
PART = "likeness"

CODES = {
    "CW821": "cases told alike by what cannot be compared",
    "CW822": "a moment of receipt that is none",
}

_COMPARED = frozenset({"text", "int", "decimal", "bool", "date", "datetime"})
"""The kinds of fields that a rule may name."""
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Alike:
    """rules: for each its fields. received: the field that says when the matter reached the house; "" for none."""

    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    received: str = ""
    reads: frozenset[str] = frozenset()


_NONE = Alike()


def alike(process: Process) -> Alike:
    found: Alike | None = process.parts.get(PART)
    return found or _NONE


def keys(process: Process, data: Mapping[str, Json]) -> dict[str, str]:
    """The key of each rule whose fields are all set in the data; data as a state keeps them."""
    found = {}
    for rule, fields in alike(process).rules.items():
        values = [_plain(data.get(name), process.names.get(name, ANY)) for name in fields]
        if all(value not in (None, "") for value in values):
            found[rule] = sha256(_encode([process.name, rule, fields, values])).hexdigest()[:32]
    return found


def _plain(value: Json, kind: Type) -> Json:
    """What is compared: 10 and 10.00 are the same, and so is a plate number however it was typed."""
    if value is None:
        return None
    if kind.kind == DECIMAL.kind:
        return f"{Decimal(str(value)).normalize():f}"
    return "".join(value.split()).casefold() if isinstance(value, str) else value


def keys_of(process: Process, data: Mapping[str, Json]) -> dict[str, str]:
    """The same of data as they come from outside; what does not fit its type is not compared."""
    fit = {}
    for name in alike(process).reads & data.keys():
        try:
            fit[name] = normalise(data[name], process.names.get(name, ANY))
        except ValueProblem:
            continue
    return keys(process, fit)


def received(process: Process, data: Mapping[str, Json]) -> datetime | None:
    """When the matter reached the house; None where the process does not say, or the field is not set."""
    value = data.get(alike(process).received)
    try:
        return read_moment(value) if isinstance(value, str) else None
    except ValueProblem:
        return None


def changed(turn: Turn, event: DataChanged) -> None:
    """Notes the keys that have become others."""
    reads = alike(turn.process).reads
    if not event.token and not reads.isdisjoint(event.changes):
        look(turn)


def look(turn: Turn) -> None:
    """The same, whatever has changed."""
    work: WorkState = turn.state.work
    now = keys(turn.process, turn.state.flow.data)
    others = {rule: now.get(rule, "") for rule in {*now, *work.alike} if now.get(rule) != work.alike.get(rule)}
    if others:
        turn.emit(e.LikenessChanged(dict(sorted(others.items()))))


def projection() -> Projection:
    """A row for each key of a case."""

    def row(state: Any, rule: str) -> Row | None:
        key = state.work.alike.get(rule)
        return None if key is None else (key,)

    return Projection(
        table=Likeness,
        touches={e.LikenessChanged: lambda event: event.keys},
        row=row,
        ids=lambda state: state.work.alike,
    )


# --- the keywords -------------------------------------------------------------------------------------

_FIELD = {**NAME, "title": "a field at the top of the data, as policy_number"}
PROCESS = {
    "alike": described(
        named(listing(_FIELD, "a list of fields"), "a mapping from rules to the fields that must be the same"),
        "Rules by which cases may be one and the same; people see what they find.",
        {"same_event": ["policy_number", "loss_date"]},
    ),
    "received": described(
        _FIELD, "The field that says when the matter reached the house, shown beside when it was recorded.",
        "received_at",
    ),
}  # fmt: skip


def _process(context: Context, where: Where, found: dict[str, Any]) -> Alike | None:
    rules = {}
    for rule, fields in found.get("alike", {}).items():
        at = (*where, "alike", rule)
        rules[rule] = tuple(name for place, name in enumerate(fields) if _compared(context, (*at, place), name))
    received = found.get("received", "")
    if received:
        place = context.path((*where, "received"), received)
        if place is not None and place[1].kind != DATETIME.kind:
            context.problem((*where, "received"), "CW822", f"{received} is {place[1]}", expected="a field of date-time")
    return Alike(rules, received, frozenset().union(*rules.values())) if found else None


def _compared(context: Context, where: Where, name: str) -> bool:
    place = context.path(where, name)
    if place is None:
        return False
    kind = place[1]
    if holds_secret(kind):
        context.problem(where, "CW821", f"{name} is secret: to compare it would tell something of it")
    elif kind.kind not in _COMPARED:
        context.problem(where, "CW821", f"{name} is {kind}", expected="a text, a number, a date or yes and no")
    return True


LIKENESS_WORDS = Extension(name=PART, process_keywords=PROCESS, compile_process=_process)
"""The extension that bootstrap registers with the language."""
