"""What a token waits for: timers, subscriptions and watched conditions, armed and taken away again (R17).

A handler is numbered from 1 in the order it was written on its host; 0 is a waiting step's own trigger;
an option of a race is numbered from -1 downwards. A host is a token, or 0 for the process itself.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from engine.core import events as e
from engine.core.data import Fault, names, stored
from engine.core.durations import SECONDS, Duration, parse_duration
from engine.core.expressions import Expression
from engine.core.machine import Turn
from engine.core.model import Handler, Json, Length, Trigger
from engine.core.state import FlowState

Planned = tuple[Callable[[int], e.Event], ...]
"""Events still without their number: everything that can fail has been evaluated."""


def planned(turn: Turn, host: int, handlers: Sequence[Handler], *, first: int = 1, step: int = 1) -> Planned:
    """What arms these handlers of a host. Raises Fault or EvaluationError, and then nothing has happened."""
    plans: list[Callable[[int], e.Event]] = []
    for position, handler in enumerate(handlers):
        plan = plan_one(turn, host, first + step * position, handler.trigger)
        if plan is not None:
            plans.append(plan)
    return tuple(plans)


def plan_one(turn: Turn, host: int, index: int, trigger: Trigger) -> Callable[[int], e.Event] | None:
    """What arms one trigger; None for errors and escalations, which need no arming."""
    make = _PLAN.get(trigger.kind)
    return None if make is None else make(turn, host, index, trigger)


def arm(turn: Turn, plans: Planned) -> None:
    for plan in plans:
        turn.emit(plan(turn.state.flow.seq + 1))


def _plan_timer(turn: Turn, host: int, index: int, trigger: Trigger) -> Callable[[int], e.Event]:
    if trigger.at is not None:
        due = moment(turn, host, trigger.at)
    else:
        assert trigger.length is not None
        due = due_at(turn, host, turn.now, trigger.length)
    return lambda number: e.TimerSet(number, host, due, index)


def _plan_wait(turn: Turn, host: int, index: int, trigger: Trigger) -> Callable[[int], e.Event]:
    key = "" if trigger.key is None else key_of(trigger.key, turn, host)
    return lambda number: e.WaitOpened(number, host, trigger.kind, trigger.name, key, index)


def _plan_condition(turn: Turn, host: int, index: int, trigger: Trigger) -> Callable[[int], e.Event]:
    seen = False if trigger.kind == "when" else value_at(turn, host, trigger)
    return lambda number: e.ConditionSeen(f"{host}.{index}", seen)


_PLAN: dict[str, Callable[[Turn, int, int, Trigger], Callable[[int], e.Event]]] = {
    "after": _plan_timer,
    "at": _plan_timer,
    "every": _plan_timer,
    "message": _plan_wait,
    "signal": _plan_wait,
    "when": _plan_condition,
    "changed": _plan_condition,
}


def disarm(turn: Turn, number: int) -> None:
    """Takes away whatever a token (0: the process) waits for."""
    flow: FlowState = turn.state.flow
    if flow.timers:
        for timer in [i for i, t in flow.timers.items() if t.token == number]:
            turn.emit(e.TimerCleared(timer))
    if flow.waits:
        for wait in [i for i, w in flow.waits.items() if w.token == number]:
            turn.emit(e.WaitClosed(wait))
    if flow.jobs:
        for job in [i for i, j in flow.jobs.items() if j.token == number]:
            turn.emit(e.JobClosed(job, "cancelled"))
    if flow.incidents:
        for incident in [i for i, n in flow.incidents.items() if n.token == number]:
            turn.emit(e.IncidentClosed(incident, "cancelled"))
    if number in flow.calls:
        turn.emit(e.CallClosed(number, flow.calls[number], cancelled=True))


# --- time, keys, values -------------------------------------------------------------------------------


def due_at(turn: Turn, host: int, start: datetime, length: Length) -> datetime:
    """When a length that starts then is over, on the process's calendar (R27). Raises Fault."""
    if isinstance(length, Expression):
        try:
            length = parse_duration(length.evaluate(names(turn, host)))
        except ValueError as error:
            raise Fault(str(error)) from error
    assert isinstance(length, Duration)
    if length.unit in SECONDS and length.unit != "wh":
        return start + length.span
    calendar = turn.env.calendars.get(turn.process.calendar)
    if calendar is None:
        raise Fault(f"{length} needs a calendar, and the process names none that is known ({turn.process.calendar!r})")
    return calendar.due(start, length).at


def moment(turn: Turn, host: int, at: Expression) -> datetime:
    """The moment that an expression yields. Raises Fault if it is not set."""
    value = at.evaluate(names(turn, host))
    if not isinstance(value, datetime):
        got = "not set" if value is None else repr(value)
        raise Fault(f"expected a moment in time from {at.source!r}, but it is {got}")
    return value


def key_of(expression: Expression, turn: Turn, host: int) -> str:
    """A correlation key as text. Raises Fault if it is not set, or empty: that would take any key."""
    value = expression.evaluate(names(turn, host))
    if value is None or value == "":
        raise Fault(f"the key {expression.source!r} is {'not set' if value is None else 'empty'}")
    return str(value)


def value_at(turn: Turn, host: int, trigger: Trigger) -> Json:
    """The watched value as its host sees it: a secret stays sealed, which is enough to see it change."""
    value = stored(turn.state.flow, host, trigger.path[0])
    for name in trigger.path[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return value
