"""The clocks slice of a case's state, and the only functions that change it.

It holds what is open. A run that has closed leaves it with the next command, but for the count of runs of its
clock; the row in the `clocks` table stays. Pauses are kept as instants, not as sums, so that a deadline can be
counted again from the beginning: on another calendar, with another limit, after an extension.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.core.events import CaseEnded, Event, StepCancelled, StepLeft, TimePassed
from sla import events as e


class Break(msgspec.Struct, array_like=True, omit_defaults=True):
    """A pause; `end` None while it lasts."""

    begin: datetime
    end: datetime | None = None


class Known(msgspec.Struct, array_like=True):
    """Why a run is late, as somebody has acknowledged."""

    reason: str
    by: str
    at: datetime


class Run(msgspec.Struct, omit_defaults=True):
    clock: str
    run: int
    since: datetime
    limit: str
    deadline: datetime  # while paused: the one before the pause
    version: str  # of the calendar
    token: int = 0
    provisional: bool = False
    breaks: list[Break] = msgspec.field(default_factory=list)
    more: list[str] = msgspec.field(default_factory=list)  # extensions
    fired: dict[int, int] = msgspec.field(default_factory=dict)  # rung -> how many of its times are past
    next: datetime | None = None
    known: Known | None = None
    calendar: str = ""  # the one that the data chose as it began; "" where the definition names it

    @property
    def paused(self) -> datetime | None:
        """Since when it is paused."""
        last = self.breaks[-1] if self.breaks else None
        return last.begin if last is not None and last.end is None else None

    def passed(self, at: datetime) -> bool:
        """Whether the deadline lies before this instant: in time means at or before the deadline."""
        return self.paused is None and self.deadline < at


class Deferred(msgspec.Struct, omit_defaults=True):
    """A clock whose start was reached before it could run."""

    clock: str
    since: datetime
    token: int = 0
    why: str = ""


class Closed(msgspec.Struct, omit_defaults=True):
    """A run just closed, kept until the next command so that its row can be written."""

    run: Run
    status: str  # stopped | unmet | void
    at: datetime
    by: str
    breached: bool = False


class Late(msgspec.Struct, array_like=True):
    """A run that has closed late, for which nobody has said why."""

    clock: str
    run: int


class ClocksState(msgspec.Struct, omit_defaults=True):
    seq: int = 0
    open: dict[int, Run] = msgspec.field(default_factory=dict)
    closed: dict[int, Closed] = msgspec.field(default_factory=dict)
    runs: dict[str, int] = msgspec.field(default_factory=dict)  # clock -> number of its latest run
    deferred: dict[str, Deferred] = msgspec.field(default_factory=dict)
    late: dict[int, Late] = msgspec.field(default_factory=dict)

    def begun(self, clock: str) -> bool:
        """Whether the start of a clock of the case has been seen to."""
        return clock in self.runs or clock in self.deferred


def place(clock: str, token: int) -> str:
    """Where a deferred clock is kept: by its name, that of a step's limit with the activation."""
    return f"{clock}/{token}" if token else clock


def _deferred(clocks: ClocksState, event: e.ClockDeferred) -> None:
    deferred = Deferred(event.clock, event.since, event.token, event.why)
    clocks.deferred[place(event.clock, event.token)] = deferred


def _dropped(clocks: ClocksState, event: e.ClockDropped) -> None:
    clocks.deferred.pop(event.clock, None)
    clocks.runs.setdefault(event.clock, 0)


def _activation_over(clocks: ClocksState, event: StepLeft | StepCancelled) -> None:
    if clocks.deferred:
        clocks.deferred.pop(place(event.step, event.token), None)


def _started(clocks: ClocksState, event: e.ClockStarted) -> None:
    clocks.seq = event.id
    clocks.runs[event.clock] = event.run
    clocks.deferred.pop(place(event.clock, event.token), None)
    clocks.open[event.id] = Run(
        event.clock,
        event.run,
        event.since,
        event.limit,
        event.deadline,
        event.version,
        event.token,
        event.provisional,
        calendar=event.calendar if event.chosen else "",
    )


def _paused(clocks: ClocksState, event: e.ClockPaused) -> None:
    clocks.open[event.id].breaks.append(Break(event.since))


def _resumed(clocks: ClocksState, event: e.ClockResumed) -> None:
    run = clocks.open[event.id]
    run.breaks[-1].end = event.since
    run.deadline, run.provisional = event.deadline, event.provisional


def _stopped(clocks: ClocksState, event: e.ClockStopped) -> None:
    _close(clocks, event, "stopped")


def _closed(clocks: ClocksState, event: e.ClockClosed) -> None:
    _close(clocks, event, event.status)


def _close(clocks: ClocksState, event: e.ClockStopped | e.ClockClosed, status: str) -> None:
    run = clocks.open.pop(event.id)
    run.next = None
    clocks.closed[event.id] = Closed(run, status, event.at, event.by, event.breached)


def _time_passed(clocks: ClocksState, event: TimePassed) -> None:
    if clocks.closed:
        clocks.closed = {number: one for number, one in clocks.closed.items() if one.at >= event.at}


def _extended(clocks: ClocksState, event: e.ClockExtended) -> None:
    run = clocks.open[event.id]
    run.more.append(event.by)
    run.deadline, run.provisional = event.deadline, event.provisional


def _rebased(clocks: ClocksState, event: e.ClockRebased) -> None:
    run = clocks.open[event.id]
    run.version, run.limit = event.version, event.limit
    run.deadline, run.provisional = event.deadline, event.provisional


def _redated(clocks: ClocksState, event: e.ClockRedated) -> None:
    run = clocks.open[event.id]
    run.since, run.deadline, run.provisional = event.since, event.deadline, event.provisional


def _fired(clocks: ClocksState, event: e.RungFired) -> None:
    clocks.open[event.id].fired[event.rung] = event.repeat


def _acknowledged(clocks: ClocksState, event: e.BreachAcknowledged) -> None:
    clocks.open[event.id].known = Known(event.reason, event.by, event.at)


def _left(clocks: ClocksState, event: e.BreachLeft) -> None:
    clocks.late[event.id] = Late(event.clock, event.run)


def _explained(clocks: ClocksState, event: e.BreachExplained) -> None:
    clocks.late.pop(event.id, None)
    closed = clocks.closed.get(event.id)
    if closed is not None:  # in this very moment
        closed.run.known = Known(event.reason, event.by, event.at)


def _timer(clocks: ClocksState, event: e.ClockTimerSet) -> None:
    clocks.open[event.id].next = event.due


def _ended(clocks: ClocksState, event: CaseEnded) -> None:
    clocks.deferred.clear()


APPLY: Mapping[type[Event], Callable[[ClocksState, Any], None]] = {
    StepLeft: _activation_over,
    StepCancelled: _activation_over,
    e.ClockDeferred: _deferred,
    e.ClockDropped: _dropped,
    e.ClockStarted: _started,
    e.ClockPaused: _paused,
    e.ClockResumed: _resumed,
    e.ClockStopped: _stopped,
    e.ClockClosed: _closed,
    e.ClockExtended: _extended,
    e.ClockRebased: _rebased,
    e.ClockRedated: _redated,
    e.RungFired: _fired,
    e.ClockTimerSet: _timer,
    e.BreachAcknowledged: _acknowledged,
    e.BreachLeft: _left,
    e.BreachExplained: _explained,
    CaseEnded: _ended,
    TimePassed: _time_passed,
}
