"""Days, weeks, months, quarters and years, with their borders where the house is.

A moment belongs to the day that the house's calendar shows then; a period is whole days, so that its borders lie at
midnight there, whatever that is in UTC and however long a day with a change of clocks is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

KINDS = ("day", "week", "month", "quarter", "year")
"""The kinds of period, the shortest first."""

_DAY = timedelta(days=1)
_WRITTEN = re.compile(r"(?P<year>[0-9]{4})(-Q(?P<quarter>[1-4])|-W(?P<week>[0-9]{2})|-(?P<month>[0-9]{2}))?")
_HINT = "a period such as 2026, 2026-Q3, 2026-09, 2026-W36, 2026-09-12, 2026-09-01..2026-09-12, this-month, last-week"
FIRST, LAST = 1970, 9998
"""Years that a period may lie in."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included. `name` is as people write it."""

    name: str
    kind: str  # one of KINDS, or "days" for any others
    first: date
    last: date

    @property
    def span(self) -> str:
        """Which sums it is made of: whole months are counted by months."""
        whole = self.first.day == 1 and (self.last + _DAY).day == 1
        return "month" if whole else "day"

    def before(self) -> "Period":
        """The period of the same kind before this one."""
        if self.kind == "days":
            last = self.first - _DAY
            return _days(last - (self.last - self.first), last)
        return of_kind(self.kind, self.first - _DAY)

    def after(self) -> "Period":
        if self.kind == "days":
            first = self.last + _DAY
            return _days(first, first + (self.last - self.first))
        return of_kind(self.kind, self.last + _DAY)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The day of a moment where the house is."""
    return at.astimezone(zone).date()


def of_kind(kind: str, day: date) -> Period:
    """The period of this kind in which a day lies. Raises KeyError for a kind that there is not."""
    return _OF_KIND[kind](day)


def period(text: str, today: date) -> Period:
    """The period that a text names. Raises ValueError, with what was expected, for one that names none."""
    if text in ("today", "yesterday"):
        return of_kind("day", today if text == "today" else today - _DAY)
    when, _, kind = text.partition("-")
    if when in ("this", "last") and kind in KINDS:
        found = of_kind(kind, today)
        return found if when == "this" else found.before()
    try:
        first, between, last = text.partition("..")
        if between:
            return _ordered(date.fromisoformat(first), date.fromisoformat(last))
        named = _WRITTEN.fullmatch(text)
        found = _named(named) if named else of_kind("day", date.fromisoformat(text))
        if not FIRST <= found.first.year <= found.last.year <= LAST:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"expected {_HINT}, not {text[:40]!r}") from None
    return found


def trend(last: Period, count: int) -> Iterator[Period]:
    """So many periods of one kind, the oldest first, `last` the last of them."""
    found = [last]
    while len(found) < count and found[-1].first.year > FIRST:
        found.append(found[-1].before())
    return reversed(found)


def _named(named: re.Match[str]) -> Period:
    year = int(named["year"])
    if named["quarter"]:
        return of_kind("quarter", date(year, 3 * int(named["quarter"]) - 2, 1))
    if named["week"]:
        return of_kind("week", date.fromisocalendar(year, int(named["week"]), 1))
    return of_kind("month", date(year, int(named["month"]), 1)) if named["month"] else of_kind("year", date(year, 1, 1))


def _ordered(first: date, last: date) -> Period:
    if not (first <= last and first.year >= FIRST and last.year <= LAST):
        raise ValueError
    return _days(first, last)


def _days(first: date, last: date) -> Period:
    return Period(f"{first}..{last}", "days", first, last)


def _day(day: date) -> Period:
    return Period(day.isoformat(), "day", day, day)


def _week(day: date) -> Period:
    year, week, weekday = day.isocalendar()
    first = day - timedelta(days=weekday - 1)
    return Period(f"{year}-W{week:02}", "week", first, first + timedelta(days=6))


def _months(day: date, length: int) -> tuple[date, date]:
    """The stretch of so many months, counted from January, in which a day lies."""
    first = date(day.year, (day.month - 1) // length * length + 1, 1)
    beyond = first + timedelta(days=31 * length)  # a day of the month after, and not beyond it
    return first, beyond.replace(day=1) - _DAY


def _month(day: date) -> Period:
    return Period(f"{day:%Y-%m}", "month", *_months(day, 1))


def _quarter(day: date) -> Period:
    return Period(f"{day.year}-Q{(day.month + 2) // 3}", "quarter", *_months(day, 3))


def _year(day: date) -> Period:
    return Period(f"{day.year}", "year", date(day.year, 1, 1), date(day.year, 12, 31))


_OF_KIND = {"day": _day, "week": _week, "month": _month, "quarter": _quarter, "year": _year}
