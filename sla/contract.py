"""What other components may know of clocks: when a task is due (R30)."""

from datetime import datetime
from typing import Any

from engine.core.events import Event
from sla import events as e

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
