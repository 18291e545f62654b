"""When somebody may be told: in working hours, within hours of the day, at any time; and when a digest goes out."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

WORKING, ANY = "working", "any"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
DIGEST = f"^{_TIME}$"
HOURS = f"^(working|any|{_TIME}-({_TIME}|24:00))$"
"""How hours are written: `working`, `any`, `08:00-21:00`; `22:00-06:00` is over midnight."""
LONGEST = 60
"""Days to look ahead: no holidays last longer."""
MIDNIGHT = 24 * 60
Spans = Sequence[tuple[int, int]]
"""Parts of a day, each from and to in minutes after midnight, in order."""


class Calendar(Protocol):
    """Working days: `sla.calendar.WorkCalendar`."""

    @property
    def zone(self) -> ZoneInfo: ...

    def day(self, day: date) -> Any:
        """What it knows of a day; its `hours` are those in which there is work."""


def next_time(hours: str, now: datetime, zone: ZoneInfo, calendar: Calendar | None = None) -> datetime:
    """`now` if that lies within the hours, else the moment at which they begin next. Without a calendar nobody knows
    working hours: then it is `now`, as it is where no hours come for two months."""
    if hours == ANY or (hours == WORKING and calendar is None):
        return now
    if calendar is not None and hours == WORKING:
        zone = calendar.zone
    today = now.astimezone(zone).date()
    for ahead in range(LONGEST):
        day = today + timedelta(days=ahead)
        spans = calendar.day(day).hours if hours == WORKING and calendar is not None else _spans(hours)
        for start, end in spans:
            if now < _at(day, end, zone):
                return max(now, _at(day, start, zone))
    return now


def next_digest(at: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment after now at which it is `at` (as 09:00) in the zone."""
    today, minute = now.astimezone(zone).date(), _minute(at)
    found = _at(today, minute, zone)
    return found if found > now else _at(today + timedelta(days=1), minute, zone)


def _spans(hours: str) -> Spans:
    start, end = (_minute(text) for text in hours.split("-"))
    return [(start, end)] if start < end else [(0, end), (start, MIDNIGHT)]


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == MIDNIGHT:
        day, minute = day + timedelta(days=1), 0
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)
