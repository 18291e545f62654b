"""What happens to clocks, and the commands that people (or a calendar's new year) give them.

`id` numbers a run within its case; `clock` is its name. `at` is when it was recorded, the other instants are
what was found or decided then. The names of a field are part of the stored format (R12).
"""

from datetime import datetime

from engine.core.commands import Command
from engine.core.events import Event

CANCELLED = "cancelled"
"""The end of a case that was cancelled, for `void_on`."""


class ExtendClock(Command, frozen=True):
    """Gives a running clock more time (R30). The actor is the approver."""

    clock: str
    by: str  # a duration in the limit's own measure
    reason: str
    run: int = 0  # which run, where several activations of a step have one; 0: the only one


class RebaseClocks(Command, frozen=True):
    """Counts every open run on this calendar again, on the version named."""

    calendar: str
    version: str


class AcknowledgeBreach(Command, frozen=True):
    """Says why a clock is late, or has closed late: one of the house's reasons, and what there is to add. What is
    said again of an open one replaces what was said."""

    clock: str
    reason: str  # a name of the house's `clocks.breaches.reasons`
    note: str = ""
    run: int = 0  # as in `ExtendClock`


class ClockDeferred(Event, frozen=True):
    """The start was reached, but `when` does not hold (yet), or the limit cannot be told (`why`)."""

    clock: str
    since: datetime
    at: datetime
    token: int = 0
    why: str = ""


class ClockDropped(Event, frozen=True):
    """What a deferred clock would have waited for has come: it will not run."""

    clock: str
    at: datetime
    by: str


class ClockStarted(Event, frozen=True):
    """`since` is what the limit counts from, before `at` if it was back-dated. `run` counts from 1."""

    id: int
    clock: str
    run: int
    at: datetime
    since: datetime
    limit: str
    deadline: datetime
    calendar: str
    version: str
    token: int = 0  # the activation, for a step's limit
    provisional: bool = False
    note: str = ""  # why it does not count from the date given
    chosen: bool = False  # the calendar, by the data


class ClockPaused(Event, frozen=True):
    """`since` is when the pause began: before `at` where dates in the data say so."""

    id: int
    clock: str
    since: datetime
    at: datetime
    by: list[str]  # the steps, or the field


class ClockResumed(Event, frozen=True):
    id: int
    clock: str
    since: datetime
    at: datetime
    deadline: datetime
    provisional: bool = False


class ClockStopped(Event, frozen=True):
    """What was to be done is done. `breached`: after the deadline."""

    id: int
    clock: str
    at: datetime
    by: str  # "milestone.answered", "step.pay"
    breached: bool = False


class ClockClosed(Event, frozen=True):
    """The case, or the activation, ended first. status: `unmet`, or `void` where that is no failure."""

    id: int
    clock: str
    at: datetime
    status: str
    by: str  # the end, the step that was cancelled, or "when"
    breached: bool = False


class ClockExtended(Event, frozen=True):
    id: int
    clock: str
    by: str
    reason: str
    approver: str
    at: datetime
    old: datetime
    deadline: datetime
    provisional: bool = False


class ClockRebased(Event, frozen=True):
    """The deadline was counted again (R30). why: `calendar`, or `limit` when the expression's value changed."""

    id: int
    clock: str
    at: datetime
    why: str
    limit: str
    version: str
    old: datetime
    deadline: datetime
    provisional: bool = False


class ClockRedated(Event, frozen=True):
    """The date from which the clock counts was corrected: it is counted again from there."""

    id: int
    clock: str
    at: datetime
    was: datetime  # since when it counted
    since: datetime
    old: datetime
    deadline: datetime
    provisional: bool = False
    note: str = ""  # why it does not count from the date given


class ClocksMigrated(Event, frozen=True):
    """What another version calls runs (by id), counts of runs (by clock), and clocks that wait to start (by where they
    are kept); "" for one that it does not have. Only what is called otherwise."""

    open: dict[int, str]
    runs: dict[str, str]
    deferred: dict[str, str]


class ClockMigrated(Event, frozen=True):
    """The run goes on by another version of its clock. how: `keep` or `rebase`; `fired` counts by the rungs of the
    new ladder, `rungs` are those that have fired as the old one numbered them, by the new one's numbers."""

    id: int
    clock: str
    at: datetime
    how: str
    limit: str
    version: str
    old: datetime
    deadline: datetime
    provisional: bool
    fired: dict[int, int]
    rungs: dict[int, int]


class BreachAcknowledged(Event, frozen=True):
    """A supervisor knows of the breach, and why it came about."""

    id: int
    clock: str
    run: int
    reason: str
    by: str
    at: datetime
    note: str = ""


class BreachLeft(Event, frozen=True):
    """A run has closed late, and nobody has said why: it can still be said."""

    id: int
    clock: str
    run: int
    at: datetime


class BreachExplained(Event, frozen=True):
    """A supervisor has said why a run closed late."""

    id: int
    clock: str
    run: int
    reason: str
    by: str
    at: datetime
    note: str = ""


class RungFired(Event, frozen=True):
    """`repeat` is 1 for the first time; `missed` repeats before it are taken together with it (R10)."""

    id: int
    clock: str
    rung: int  # its place on the ladder, from 0
    repeat: int
    due: datetime
    at: datetime
    missed: int = 0


class ClockTimerSet(Event, frozen=True):
    """When the clock wants to be looked at next; None: not by itself."""

    id: int
    due: datetime | None = None
