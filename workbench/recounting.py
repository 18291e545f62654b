"""A changed calendar and the deadlines that were reckoned on the one before: what would move, and moving it (R30).

Theory of operation. Open clocks keep the version of the calendar with which they were reckoned until somebody has them
counted again. What would come of that is found by deciding the same command on a copy of the case, with the new
calendar in its surroundings; then the command is asked, case by case. Each case is done or not, with old and new
deadline in its history; a recount that was cut off goes on with the cases that are left. A deadline that has passed
stays: it was missed (R29).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from msgspec import structs

from bootstrap import MACHINE, Asked, Caseway
from engine.core.commands import Refusal
from engine.runtime.answers import Accepted
from sla import reports
from sla.calendar import WorkCalendar
from sla.events import ClockRebased, RebaseClocks
from sla.model import clock_of
from workbench.foresight import foresee
from workbench.story import state_of

TOGETHER = 100
"""Cases that share a commit."""


@dataclass(frozen=True, slots=True)
class Move:
    """A deadline that moves."""

    number: str
    process: str
    clock: str
    origin: str
    clauses: tuple[str, ...]
    before: datetime
    after: datetime
    provisional: bool  # still, for the new calendar does not know that year either


@dataclass(frozen=True, slots=True)
class Recounted:
    """cases: counted again; left: why some were not, case by case."""

    cases: int
    left: Mapping[str, str]


def older(caseway: Caseway, calendar: WorkCalendar) -> Iterator[list[str]]:
    """The cases with an open clock on another version of this calendar, lot by lot, as they are by then."""
    after = ""
    while lot := reports.outdated(caseway.connection, calendar.name, calendar.version, after, TOGETHER):
        yield lot
        after = lot[-1]


def moves(caseway: Caseway, calendar: WorkCalendar, lots: int | None = None) -> Iterator[Move]:
    """Every open deadline that would move if this calendar were in force and all were counted again. lots: look at so
    many lots of cases only."""
    env = structs.replace(caseway.env(), calendars={**caseway.calendars, calendar.name: calendar})
    for case in chain.from_iterable(islice(older(caseway, calendar), lots)):
        state, process = state_of(caseway, case)
        found = foresee(MACHINE, process, state, RebaseClocks(calendar.name, calendar.version), case, env)
        for event in () if isinstance(found, Refusal) else found:
            if isinstance(event, ClockRebased) and event.deadline != event.old:
                clock = clock_of(process, event.clock)
                yield Move(
                    state.flow.number, process.name, event.clock, clock.origin, clock.clauses, event.old,
                    event.deadline, event.provisional,
                )  # fmt: skip


def recount(caseway: Caseway, calendar: WorkCalendar, by: str, ground: str, lots: int | None = None) -> Recounted:
    """Counts all open clocks on this calendar, which is in force, again; with `lots`, those of so many lots of cases.
    Whatever cut it off: the same once more does the rest."""
    command, left, done = RebaseClocks(calendar.name, calendar.version), dict[str, str](), 0
    for lot in islice(older(caseway, calendar), lots):
        answers = caseway.ask_many((Asked(case, command, ground) for case in lot), by)
        why = {case: answer.text for case, answer in zip(lot, answers, strict=True) if not isinstance(answer, Accepted)}
        left |= why
        done += len(lot) - len(why)
    return Recounted(done, left)
