"""What administrators and supervisors look after: incidents, failing service work, calendars."""

from calendar import Calendar
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from engine.runtime.tables import moment
from sla.calendar import WorkCalendar
from sla.scale import Hours
from web.desk import Desk
from web.faults import fault_told
from web.problems import Problem
from web.texts import TEXTS

PAGE = 50
INCIDENTS = (
    "SELECT i.case_id, c.number, c.process, i.id, i.step, i.kind, i.text, i.since FROM incidents i "
    "JOIN cases c ON c.id = i.case_id WHERE i.since >= ? AND (i.since > ? OR i.case_id > ? OR "
    "(i.case_id = ? AND i.id > ?)) ORDER BY i.since, i.case_id, i.id LIMIT ?"
)
FAILING = (
    "SELECT j.case_id, c.number, c.process, j.id, j.step, j.function, j.attempts, j.times, j.due, j.error FROM jobs j "
    "JOIN cases c ON c.id = j.case_id WHERE j.error IS NOT NULL "
    "AND (j.due, j.case_id, j.id) > (?, ?, ?) ORDER BY j.due, j.case_id, j.id LIMIT ?"
)
FIRST, LAST = 1901, 2200
"""Years that calendars know."""


class IncidentLine(BaseModel):
    """A step that failed and waits for a person. `cure`: what to do about it."""

    case: str
    number: str
    process: str
    process_title: str
    incident: int
    step: str
    step_title: str
    kind: str
    text: str
    cure: str
    since: datetime


class Incidents(BaseModel):
    incidents: list[IncidentLine]
    next: str | None


class JobLine(BaseModel):
    """Service work whose last try failed, and that will be tried again."""

    case: str
    number: str
    process_title: str
    job: int
    step_title: str
    function: str
    attempts: int
    times: int
    due: datetime
    error: str


class Failing(BaseModel):
    jobs: list[JobLine]
    next: str | None


class DayView(BaseModel):
    day: date
    kind: str
    working: bool
    reason: str = ""
    hours: str = ""


class Span(BaseModel):
    """Days in a row that differ from their week in the same way."""

    start: date
    end: date
    kind: str
    reason: str
    hours: str


class MonthView(BaseModel):
    """A month in weeks of seven, Monday first; None where a week belongs to another month."""

    month: int
    weeks: list[list[DayView | None]]


class CalendarView(BaseModel):
    """A year of a calendar; `published`: whether the statutory holidays of that year are known."""

    name: str
    title: str
    zone: str
    version: str
    year: int
    published: bool
    published_until: int | None
    hours: list[str]
    working: int
    months: list[MonthView]
    special: list[Span]


def incidents(desk: Desk, after: str = "", limit: int = PAGE) -> Incidents:
    """Open incidents, the oldest first. Raises Problem for a place that is none."""
    since, incident, case = _place(after)
    rows = desk.caseway.connection.all(INCIDENTS, (since, since, case, case, incident, limit + 1))
    lines = [
        IncidentLine(
            case=case, number=number or case, process=process, process_title=desk.process(process), incident=id,
            step=step, step_title=desk.step(process, step) if step else "", kind=kind, text=fault_told(desk, text),
            cure=desk.say(f"cure.{kind}" if f"cure.{kind}" in TEXTS else "cure"), since=moment(at),
        )
        for case, number, process, id, step, kind, text, at in rows[:limit]
    ]  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    return Incidents(incidents=lines, next=f"{last[7]}.{last[3]}.{last[0]}" if last else None)


def failing(desk: Desk, after: str = "", limit: int = PAGE) -> Failing:
    """Service work whose last try failed, the one tried next first. Raises Problem for a place that is none."""
    rows = desk.caseway.connection.all(FAILING, (*_job(after), limit + 1))
    lines = [
        JobLine(
            case=case, number=number or case, process_title=desk.process(process), job=id,
            step_title=desk.step(process, step), function=function, attempts=attempts, times=times, due=moment(due),
            error=fault_told(desk, error),
        )
        for case, number, process, id, step, function, attempts, times, due, error in rows[:limit]
    ]  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    return Failing(jobs=lines, next=f"{last[8]}.{last[3]}.{last[0]}" if last else None)


def _job(text: str) -> tuple[int, str, int]:
    due, id, case = _place(text)
    return due, case, id


def calendar_view(desk: Desk, name: str, year: int) -> CalendarView:
    """A year of a calendar of the house in force. Raises Problem if there is none."""
    found = desk.caseway.calendars.get(name)
    if found is None or not FIRST <= year <= LAST:
        raise Problem(404, "calendar")
    weeks = Calendar(0)
    months = [
        MonthView(
            month=month,
            weeks=[
                [_day(desk, found, day) if day.month == month else None for day in week]
                for week in weeks.monthdatescalendar(year, month)
            ],
        )
        for month in range(1, 13)
    ]
    days = [day for month in months for week in month.weeks for day in week if day is not None]
    return CalendarView(
        name=name, title=desk.told(dict(found.title), name), zone=str(found.zone), version=found.version, year=year,
        published=found.published_until is None or year <= found.published_until,
        published_until=found.published_until, hours=[_hours(hours) for hours in found.week],
        working=sum(day.working for day in days), months=months,
        special=_spans(day for day in days if day.kind not in ("weekday", "weekend")),
    )  # fmt: skip


def _day(desk: Desk, calendar: WorkCalendar, day: date) -> DayView:
    found = calendar.day(day)
    return DayView(
        day=day, kind=found.kind, working=found.working, reason=desk.told(dict(found.reason)), hours=_hours(found.hours)
    )


def _spans(days: Iterable[DayView]) -> list[Span]:
    found: list[Span] = []
    for day in days:
        last = found[-1] if found else None
        same = last is not None and (last.kind, last.reason, last.hours) == (day.kind, day.reason, day.hours)
        if last is not None and same and day.day - last.end == timedelta(1):
            last.end = day.day
        else:
            found.append(Span(start=day.day, end=day.day, kind=day.kind, reason=day.reason, hours=day.hours))
    return found


def _hours(hours: Hours) -> str:
    return ", ".join(f"{a // 60:02}:{a % 60:02}–{b // 60:02}:{b % 60:02}" for a, b in hours)


def _place(after: str) -> tuple[int, int, str]:
    if not after:
        return -(2**62), -1, ""
    since, _, rest = after.partition(".")
    incident, _, case = rest.partition(".")
    if not (since.lstrip("-").isdecimal() and incident.isdecimal() and case) or len(since) > 18 or len(incident) > 15:
        raise Problem(400, "cursor", f"there is no such page: {after[:40]}")
    return int(since), int(incident), case
