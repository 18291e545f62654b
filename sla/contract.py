"""What other components may know of clocks: when a task is due (R30), and that one is late."""

from datetime import datetime
from typing import Any

from engine.core.events import Event
from engine.core.model import Process
from sla import events as e
from sla.model import Clock, clock_of

DUE_CHANGES: frozenset[type[Event]] = frozenset(
    (
        e.ClockStarted,
        e.ClockPaused,
        e.ClockResumed,
        e.ClockStopped,
        e.ClockClosed,
        e.ClockExtended,
        e.ClockRebased,
        e.ClockRedated,
        e.ClockMigrated,
    )
)
"""The events after which any open task of the case may be due at another time."""


def task_due(state: Any, token: int) -> datetime | None:
    """When the task at this token is due: the earliest running deadline of its step's limit and of the clocks
    of its case; None if none runs. `state` is the state of the case."""
    clocks = getattr(state, "clocks", None)
    if clocks is None:
        return None
    running = (run.deadline for run in clocks.open.values() if run.token in (0, token) and run.paused is None)
    return min(running, default=None)


LATE: type[Event] = e.RungFired
"""The event with which a clock may show that it is late."""


def late(process: Process, state: Any, event: Any) -> Clock | None:
    """The clock that this rung (a `LATE`) tells to be late, the first time that the rung does; None for one that comes
    before the deadline, and for repeats."""
    clocks = getattr(state, "clocks", None)
    run = clocks.open.get(event.id) if clocks is not None else None
    if run is None or event.due < run.deadline or event.repeat - event.missed > 1:
        return None
    return clock_of(process, run.clock)
