"""Changing calendars: days of one's own, what they would move, the proposal of it, and counting open deadlines again.

A calendar is a definition: who may design proposes it, another puts it in force. The trial looks at so many cases that
a page can wait for it; `caseway calendar preview` looks at all.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from sla import reports
from sla.calendar import WorkCalendar
from web.desk import Desk
from web.lists import clock_title
from web.problems import Problem
from workbench import recounting
from workbench.calendar_days import DayOff, Wrong, amended, from_ical
from workbench.late import LEADS
from workbench.proposals import Proposed, propose

T = TypeVar("T")
LOTS, SHOWN = 5, 20
"""Lots of cases that a trial looks at, and deadlines of them that it shows."""
COUNTED = 20
"""Lots of cases that one request counts again."""
LONGEST = 60
"""Days from the first to the last of one line."""


class Days(BaseModel):
    """Days that are to be otherwise: `closed`, worked as `usual`, or with hours of their own, as 09:00-12:00; "" makes
    them as any other day again."""

    model_config = ConfigDict(extra="forbid")
    first: date
    last: date | None = None
    hours: Annotated[str, Field(max_length=100)] = "closed"
    title: Annotated[str, Field(max_length=100)] = ""


class Changes(BaseModel):
    """What is to change of a calendar."""

    model_config = ConfigDict(extra="forbid")
    days: Annotated[list[Days], Field(max_length=50)] = []
    ical: Annotated[str, Field(max_length=500_000, description="An iCalendar file: its days are added.")] = ""
    published_until: Annotated[
        int, Field(ge=0, le=2200, description="Up to here holidays are known; 0: as before.")
    ] = 0


class Shifted(BaseModel):
    """An open deadline that would move."""

    number: str
    process: str
    process_title: str
    clock: str
    clock_title: str
    origin: str
    clauses: list[str]
    before: datetime
    after: datetime
    provisional: bool


class Trial(BaseModel):
    """What a change would do. moving: how many open deadlines move; moves: those that move most; whole: whether all
    cases were looked at."""

    days: int
    version: str
    moving: int
    moves: list[Shifted]
    whole: bool


class Standing(BaseModel):
    """Open clocks on a calendar: all, on an older version of it, and provisional."""

    clocks: int
    older: int
    provisional: int


class Recounted(BaseModel):
    """cases: counted again now; left: why some were not; older: open clocks that wait for the next request."""

    cases: int
    left: dict[str, str]
    older: int


def known(desk: Desk, name: str) -> WorkCalendar:
    """A calendar in force. Raises Problem."""
    found = desk.caseway.calendars.get(name)
    if found is None:
        raise Problem(404, "calendar")
    return found


def standing(desk: Desk, name: str) -> Standing:
    return Standing(**reports.standing(desk.caseway.connection, name, known(desk, name).version))


def tried(desk: Desk, name: str, changes: Changes) -> Trial:
    """What would move. Raises Problem."""
    days, _, _, calendar = _amended(desk, name, changes)
    found = [
        Shifted(
            number=one.number, process=one.process, process_title=desk.process(one.process), clock=one.clock,
            clock_title=clock_title(desk, one.process, one.clock), origin=one.origin, clauses=list(one.clauses),
            before=one.before, after=one.after, provisional=one.provisional,
        )
        for one in recounting.moves(desk.caseway, calendar, LOTS)
    ]  # fmt: skip
    found.sort(key=lambda one: (one.after - one.before, one.number), reverse=True)
    last = reports.outdated(desk.caseway.connection, name, calendar.version, "", LOTS * recounting.TOGETHER + 1)
    return Trial(
        days=days, version=calendar.version, moving=len(found), moves=found[:SHOWN],
        whole=len(last) <= LOTS * recounting.TOGETHER,
    )  # fmt: skip


def proposed(desk: Desk, name: str, changes: Changes, reason: str) -> Proposed:
    """The change as a proposal. Raises Problem, Refuse, DefinitionError."""
    _, path, text, _ = _amended(desk, name, changes)
    definitions, runner = desk.caseway.definitions, desk.caseway.runner
    return propose(definitions, runner, {path: text.encode()}, desk.user, desk.now, reason[:1000])


def recounted(desk: Desk, name: str) -> Recounted:
    """Counts open deadlines again, so many that one may wait for it. Raises Problem."""
    if not desk.roles & LEADS:
        raise Problem(403, "not_allowed", desk.say("only.lead"))
    calendar = known(desk, name)
    found = recounting.recount(desk.caseway, calendar, desk.user, desk.ground, COUNTED)
    return Recounted(cases=found.cases, left=dict(found.left), older=standing(desk, name).older)


def _amended(desk: Desk, name: str, changes: Changes) -> tuple[int, str, str, WorkCalendar]:
    """How many days, the calendar's file, its new text, and the calendar. Raises Problem."""
    known(desk, name)
    bundle = desk.caseway.definitions.bundle("calendar", name, desk.caseway.definitions.names("calendar")[name])
    assert bundle is not None, "what is in force is stored"
    path, content = next(iter(bundle.contents.items()))
    days = [day for one in changes.days for day in _days(desk, one)]
    if changes.ical:
        days += _or_problem(desk, lambda: from_ical(changes.ical.encode(), "closed"))
    if not days and not changes.published_until:
        raise Problem(422, "calendar.nothing", desk.say("calendar.nothing"))
    if len({one.day for one in days}) < len(days):
        raise Problem(422, "calendar.twice", desk.say("calendar.twice"))
    text, calendar = _or_problem(desk, lambda: amended(content.decode(), path, days, changes.published_until))
    return len(days), path, text, calendar


def _or_problem(desk: Desk, make: Callable[[], T]) -> T:
    try:
        return make()
    except Wrong as wrong:
        raise Problem(422, "calendar.days", desk.say("calendar.days", why=str(wrong))) from wrong


def _days(desk: Desk, given: Days) -> list[DayOff]:
    last = given.last or given.first
    count = (last - given.first).days + 1
    if not 1 <= count <= LONGEST:
        raise Problem(422, "calendar.span", desk.say("calendar.span", first=given.first, last=last, most=LONGEST))
    hours = given.hours.strip()
    if hours and not given.title.strip():
        raise Problem(422, "calendar.title", desk.say("calendar.title", first=given.first))
    worked = hours if hours in ("", "closed", "usual") else [part.strip() for part in hours.split(",")]
    return [DayOff(given.first + timedelta(days=each), worked, given.title.strip()) for each in range(count)]
