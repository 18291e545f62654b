"""What programs outside may hear of cases and tasks: the events of webhooks, by their names there.

The names are part of the API: one that is here keeps its meaning.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as core
from engine.core.events import Event
from tasks import events as work

CLOSED = ("completed", "skipped", "cancelled")
"""How a task is closed; each is an event of its own outside."""


def _named(name: str) -> Callable[[Any], str]:
    return lambda event: name


HEARD: Mapping[type[Event], Callable[[Any], str]] = {
    core.CaseStarted: _named("case.started"),
    core.CaseSuspended: _named("case.suspended"),
    core.CaseResumed: _named("case.resumed"),
    core.CaseEnded: lambda event: "case.cancelled" if event.cancelled else "case.ended",
    core.CaseReopened: _named("case.reopened"),
    core.MilestoneReached: _named("case.milestone"),
    core.IncidentRaised: _named("case.incident"),
    core.IncidentClosed: _named("case.incident_closed"),
    work.TaskOpened: _named("task.opened"),
    work.TaskClaimed: _named("task.claimed"),
    work.TaskReleased: _named("task.released"),
    work.TaskTransferred: _named("task.transferred"),
    work.TaskDelegated: _named("task.delegated"),
    work.TaskReturned: _named("task.returned"),
    work.TaskParked: _named("task.parked"),
    work.TaskTakenUp: _named("task.taken_up"),
    work.TaskSuspended: _named("task.suspended"),
    work.TaskResumed: _named("task.resumed"),
    work.TaskClosed: lambda event: f"task.{event.how}",
}

NAMES: tuple[str, ...] = (
    "case.started", "case.suspended", "case.resumed", "case.ended", "case.cancelled", "case.reopened",
    "case.milestone", "case.incident", "case.incident_closed", "task.opened", "task.claimed", "task.released",
    "task.transferred", "task.delegated", "task.returned", "task.parked", "task.taken_up", "task.suspended",
    "task.resumed",
    *(f"task.{how}" for how in CLOSED),
)  # fmt: skip
"""Every event there is."""
