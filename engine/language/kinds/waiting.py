"""Steps that stand still until something happens: `receive`, `wait`, `race`."""

from collections.abc import Mapping
from typing import Any

from engine.core.model import Catch, Handler, Race
from engine.language.context import Scope
from engine.language.kinds.kind import Kind, Written
from engine.language.outline import Step
from engine.language.triggers import DETAILS, OPTION, TRIGGERS, Entry, trigger
from engine.language.words import Schema, listing, mapping

_WAITS: Mapping[str, str] = {"for": "after", "until": "at", "when": "when", "changed": "changed"}
"""What `wait` calls each trigger: it reads better than `after` and `at` there."""


def _keywords(*names: str) -> dict[str, Schema]:
    return {name: {**TRIGGERS, **DETAILS}[name] for name in names}


def _receive(scope: Scope, step: Step) -> Catch | None:
    found = trigger(scope, Entry((*step.where, "receive"), step.value["receive"]))
    return Catch(found) if found else None


def _wait(scope: Scope, step: Step) -> Catch | None:
    written: Mapping[str, Any] = step.value["wait"]
    where = (*step.where, "wait")
    if len(written) != 1:
        scope.problem(where, "CW114", "a step waits for one thing", expected="for, until, when or changed")
        return None
    said, value = next(iter(written.items()))
    found = trigger(scope, Entry(where, {_WAITS[said]: value}, {_WAITS[said]: said}))
    return Catch(found) if found else None


def _race(scope: Scope, step: Step) -> Race:
    options = []
    for place, written in enumerate(step.value["race"]):
        where = (*step.where, "race", place)
        found = trigger(scope, Entry(where, written))
        target = scope.leave_to((*where, "next"), written["next"]) if "next" in written else None
        if found:
            options.append(Handler(found, next=target))
    return Race(tuple(options))


def _race_closed(written: Written) -> bool:
    return all("next" in option for option in written["race"])


_WAIT = mapping(
    {said: TRIGGERS[meant] for said, meant in _WAITS.items()},
    title="what it waits for: {for: 3d}, {until: moment}, {when: condition} or {changed: field}",
)

KINDS = (
    Kind(
        "receive",
        "Stands still until a message for this case, or a signal, arrives.",
        mapping(_keywords("message", "signal", "key", "into"), title="a message or a signal"),
        _receive,
        stays=True,
        waits=True,
    ),
    Kind(
        "wait",
        "Stands still for a time, until a moment, or until something in the data holds.",
        _WAIT,
        _wait,
        stays=True,
        waits=True,
    ),
    Kind(
        "race",
        "Waits for several things; the first to happen goes on, the others are forgotten.",
        listing(OPTION, "a list of triggers, each with `next`", least=2),
        _race,
        closed=_race_closed,
        stays=True,
        waits=True,
    ),
)
