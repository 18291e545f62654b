"""Days taken into a calendar file: from an iCalendar file (RFC 5545), or the holidays of a year that was announced.

The file stays as people wrote it; lines are added at the end of its own days, and the whole is read again before
anything is kept.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
from icalendar import Calendar

from engine.language.source import read
from sla.calendar import WorkCalendar
from sla.calendar_files import CalendarError, load_calendar

WORKED = re.compile(r"班|补班|上班|make-?up|working day", re.IGNORECASE)
"""What an entry says that is a working day where there would be none."""
MOST = 400
"""Days that one entry may last."""
_ENTRY = re.compile(r"""\s+- \{date: ["']?([0-9]{4}-[0-9]{2}-[0-9]{2})""")
"""A day as it is written here: on a line of its own."""


class Wrong(ValueError):
    """What is wrong with a file of days, in words."""


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day of one's own. hours: `closed`, `usual`, or intervals; "" for a day that is as any other again."""

    day: date
    hours: str | Sequence[str]
    reason: str


def from_ical(text: bytes, hours: str | Sequence[str], year: int = 0) -> list[DayOff]:
    """The days of an iCalendar file, each with these hours; those that say so are worked as usual. year: only its days.
    Raises Wrong."""
    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except (ValueError, IndexError, KeyError) as error:
        raise Wrong(f"it is no iCalendar file: {error}") from error
    found: dict[date, DayOff] = {}
    for event in events:
        told = str(event.get("SUMMARY", "")).strip() or "?"
        if event.get("RRULE") is not None or event.get("RDATE") is not None:
            raise Wrong(f"{told!r} repeats: export it with each day for itself")
        for day in _days(event, told):
            if not year or day.year == year:
                found[day] = DayOff(day, "usual" if WORKED.search(told) else hours, told)
    if not found:
        raise Wrong(f"there is no day of {year} in it" if year else "there is no day in it")
    return [found[day] for day in sorted(found)]


def _days(event: Any, told: str) -> Iterable[date]:
    begin = getattr(event.get("DTSTART"), "dt", None)
    end = getattr(event.get("DTEND"), "dt", None)
    if begin is None:
        raise Wrong(f"{told!r} has no day")
    first = begin.date() if isinstance(begin, datetime) else begin
    last = end.date() if isinstance(end, datetime) else end - timedelta(days=1) if end is not None else first
    if not first <= last or (last - first).days > MOST:
        raise Wrong(f"{told!r} ends before it begins, or lasts more than {MOST} days")
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def announced(year: int) -> bool:
    """Whether the holidays of China in a year are in this installation's data."""
    return any(day.year == year for day in chinese_calendar.constants.holidays)


def with_days(text: str, file: str, days: Iterable[DayOff], published: int = 0) -> tuple[str, WorkCalendar, int]:
    """The file's text with these days, the calendar that it then is, and how many are new: a day that the file has is
    left as it is. published: the year up to which holidays are known then, if it is later. Raises Wrong."""
    value: Any = read(text.encode(), file).value
    known = {one["date"] for one in value.get("company_days", ()) if isinstance(one, dict) and "date" in one}
    known = {date.fromisoformat(one) if isinstance(one, str) else one for one in known}
    fresh = [one for one in days if one.day not in known]
    lines = text.rstrip("\n").split("\n")
    if published > int(value.get("published_until") or 0):
        lines = _published(lines, published)
    if fresh:
        lines = _added(lines, [_line(one) for one in fresh])
    changed = "\n".join(lines) + "\n"
    try:
        return changed, load_calendar(read(changed.encode(), file).value), len(fresh)
    except CalendarError as error:
        raise Wrong(str(error)) from error


def amended(text: str, file: str, days: Sequence[DayOff], published: int = 0) -> tuple[str, WorkCalendar]:
    """The file's text with these days in place of what it says of them, and the calendar that it then is. published: as
    for `with_days`. Raises Wrong."""
    wanted = {one.day for one in days}
    lines, dropped = list[str](), set[date]()
    for line in text.rstrip("\n").split("\n"):
        entry = _ENTRY.match(line)
        day = date.fromisoformat(entry[1]) if entry else None
        if day in wanted:
            dropped.add(day)
        else:
            lines.append(line)
    absent = sorted(one.day for one in days if not one.hours and one.day not in dropped)
    if absent:
        raise Wrong(f"{absent[0]} is no day of its own on a line of its own")
    head = next((number for number, line in enumerate(lines) if line.split("#")[0].strip() == "company_days:"), None)
    if head is not None and not "".join(lines[head + 1 : head + 2]).startswith(" "):
        del lines[head]  # of which nothing is left
    added = [one for one in days if one.hours]
    changed, calendar, fresh = with_days("\n".join(lines) + "\n", file, added, published)
    if fresh < len({one.day for one in added}):
        raise Wrong("a day is written over several lines: change the file itself")
    return changed, calendar


def _published(lines: list[str], year: int) -> list[str]:
    for number, line in enumerate(lines):
        if line.startswith("published_until:"):
            return [*lines[:number], f"published_until: {year}", *lines[number + 1 :]]
    return [*lines, f"published_until: {year}"]


def _added(lines: list[str], more: list[str]) -> list[str]:
    """More lines at the end of the block `company_days`, which is made where there is none."""
    for number, line in enumerate(lines):
        if line.startswith("company_days:"):
            if line.split("#")[0].strip() != "company_days:":
                raise Wrong("company_days is written on one line: write each day on a line of its own")
            end = number + 1
            while end < len(lines) and (lines[end].startswith((" ", "#", "-")) or not lines[end].strip()):
                end += 1
            while not lines[end - 1].strip():
                end -= 1
            return [*lines[:end], *more, *lines[end:]]
    return [*lines, "company_days:", *more]


def _line(one: DayOff) -> str:
    hours = one.hours if isinstance(one.hours, str) else "[" + ", ".join(f'"{part}"' for part in one.hours) + "]"
    told = one.reason.replace("\\", "\\\\").replace('"', '\\"')
    told = re.sub(r"[\x00-\x1f]", " ", told)[:200]
    return f'  - {{date: {one.day}, hours: {hours}, reason: {{zh: "{told}", en: "{told}"}}}}'
