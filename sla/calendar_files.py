"""From a calendar file, already read into plain values, to a `WorkCalendar` (format: processes/calendars/).

Every problem is reported at once, each with the path of keys that leads to it, so that whoever read the
file can say the line; nothing half-right is ever built.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar

from engine.core.naming import aside
from engine.core.zones import zones
from sla.calendar import Day, Text, WorkCalendar
from sla.scale import MIDNIGHT, Hours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Path = tuple[str | int, ...]
Problem = tuple[Path, str]

_KEYS = ("calendar", "title", "zone", "hours", "holidays", "published_until", "make_up", "company_days")
_REQUIRED = ("calendar", "title", "zone", "hours")
_DAY_KEYS = ("date", "hours", "reason")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_MOST_DAYS = 5_000


class CalendarError(ValueError):
    """A calendar file that cannot be used. `problems`: the path of each place and what was expected there."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{'.'.join(map(str, path)) or 'calendar'}: {text}" for path, text in problems))


def china() -> dict[date, Day]:
    """Statutory holidays of China and the make-up working days, whose hours are left to the calendar (empty here)."""
    reasons = {kind.value: (("en", kind.value), ("zh", kind.chinese)) for kind in chinese_calendar.Holiday}
    days = {day: Day("holiday", (), reasons[name]) for day, name in chinese_calendar.constants.holidays.items()}
    made_up = chinese_calendar.constants.workdays.items()
    return days | {day: Day("make_up", (), reasons[name]) for day, name in made_up}


SOURCES: dict[str, Callable[[], dict[date, Day]]] = {"china": china, "none": dict}
"""The published holidays that a file can name."""


def load_calendar(data: object) -> WorkCalendar:
    """The calendar that a file describes. Raises CalendarError with every problem found."""
    return _Reader().calendar(data)


def calendar_problems(data: object) -> tuple[Problem, ...]:
    """What keeps a file from being a calendar: places in it, and what was expected there."""
    try:
        load_calendar(data)
    except CalendarError as error:
        return error.problems
    return ()


def _listed(data: object) -> list[object]:
    return data if isinstance(data, list) else []


class _Reader:
    """Collects problems while it reads; what cannot be read becomes an empty value and is never used."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, path: Path, text: str) -> None:
        self.problems.append((path, text))

    def calendar(self, data: object) -> WorkCalendar:
        top = self.mapping((), data, _KEYS, _REQUIRED, "a calendar")
        name = self.name(top["calendar"]) if "calendar" in top else ""
        title = self.text(("title",), top["title"]) if "title" in top else ()
        zone = self.zone(top["zone"]) if "zone" in top else None
        week = self.week(top["hours"]) if "hours" in top else ((),) * 7
        make_up = self.make_up(top, week)
        source, published = self.source(top)
        special = self.published_days(source, published, week, make_up)
        special |= self.company_days(top.get("company_days", []), week, make_up)
        if self.problems or zone is None:
            raise CalendarError(self.problems)
        return WorkCalendar(name, title, zone, week, tuple(sorted(special.items())), published)

    # ------------------------------------------------------------ small values

    def mapping(
        self, path: Path, data: object, keys: tuple[str, ...], required: tuple[str, ...], what: str
    ) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.wrong(path, f"expected {what} with the keys {', '.join(keys)}, not {_short(data)}")
            return {}
        for key in data:
            if key not in keys:
                self.wrong((*path, key), f"there is no key {key!r} here{aside(key, keys)}")
        missing = [key for key in required if key not in data]
        if missing:
            self.wrong(path, f"expected the key {' and '.join(map(repr, missing))}")
        return data

    def name(self, data: object) -> str:
        if isinstance(data, str) and _NAME.fullmatch(data):
            return data
        self.wrong(("calendar",), f"expected a name such as insurer (a-z, 0-9, _), not {_short(data)}")
        return ""

    def text(self, path: Path, data: object) -> Text:
        texts = data if isinstance(data, Mapping) else {}
        good = all(isinstance(text, str) and text.strip() for text in texts.values())
        if not texts or not good or not texts.keys() <= {"zh", "en"}:
            example = "{zh: 年会, en: Gala}"
            self.wrong(path, f"expected a text in zh, en or both, such as {example}, not {_short(data)}")
            return ()
        return tuple(sorted(texts.items()))

    def zone(self, data: object) -> ZoneInfo | None:
        if isinstance(data, str) and data in zones():
            return ZoneInfo(data)
        self.wrong(
            ("zone",),
            f"expected an IANA time zone such as Asia/Shanghai, not {_short(data)}{aside(data, zones())}",
        )
        return None

    # ------------------------------------------------------------------- hours

    def hours(self, path: Path, data: object) -> Hours:
        """Intervals in order of time; those that touch become one."""
        if not isinstance(data, list):
            self.wrong(
                path,
                f'expected a list of intervals such as ["09:00-12:00", "13:00-17:30"], not {_short(data)}',
            )
            return ()
        intervals: list[tuple[int, int]] = []
        for index, text in enumerate(data):
            found = _INTERVAL.fullmatch(text) if isinstance(text, str) else None
            start, end = (0, 0) if found is None else _minutes(found)
            if found is None or not start < end <= MIDNIGHT:
                hint = "an interval such as 09:00-12:00, within one day, at most to 24:00"
                self.wrong((*path, index), f"expected {hint}, not {_short(text)}")
            elif intervals and start < intervals[-1][1]:
                self.wrong((*path, index), f"expected an interval after the one before it, not {text}")
            elif intervals and start == intervals[-1][1]:
                intervals[-1] = (intervals[-1][0], end)
            else:
                intervals.append((start, end))
        return tuple(intervals)

    def week(self, data: object) -> tuple[Hours, ...]:
        """Hours by weekday or range of weekdays (`mon-fri`), those unnamed being closed."""
        week: dict[str, Hours] = {}
        if not isinstance(data, Mapping):
            self.wrong(("hours",), f'expected hours by weekday, such as mon-fri: ["09:00-17:30"], not {_short(data)}')
            return ((),) * 7
        for key, value in data.items():
            first, _, last = str(key).partition("-")
            if first not in WEEKDAYS or (last or first) not in WEEKDAYS[WEEKDAYS.index(first) :]:
                self.wrong(
                    ("hours", key),
                    f"expected a weekday or a range, such as sat or mon-fri, not {_short(key)}",
                )
                continue
            hours = self.hours(("hours", key), value)
            for day in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]:
                if day in week:
                    self.wrong(("hours", key), f"expected each weekday once, but {day} already has its hours")
                week[day] = hours
        if not any(week.values()) and not self.problems:
            self.wrong(("hours",), "expected at least one weekday with hours")
        return tuple(week.get(day, ()) for day in WEEKDAYS)

    def make_up(self, top: Mapping[str, Any], week: tuple[Hours, ...]) -> Hours | None:
        """The hours of a working day that falls on a closed weekday; None where the file does not tell."""
        if "make_up" in top:
            hours = self.hours(("make_up",), top["make_up"])
            if not hours and isinstance(top["make_up"], list) and not top["make_up"]:
                self.wrong(("make_up",), "expected at least one interval, such as 09:00-17:30")
            return hours
        kinds = set(week) - {()}
        return kinds.pop() if len(kinds) == 1 else None

    # -------------------------------------------------------------------- days

    def source(self, top: Mapping[str, Any]) -> tuple[dict[date, Day], int | None]:
        """The published holidays, and the last year they are to be relied on (None: there is no such year)."""
        name = top.get("holidays", "none")
        if not isinstance(name, str) or name not in SOURCES:
            names = ", ".join(SOURCES)
            self.wrong(("holidays",), f"expected one of {names}, not {_short(name)}{aside(name, SOURCES)}")
            return {}, None
        days = SOURCES[name]()
        first, last = (min(days).year, max(days).year) if days else (1901, 2200)
        own = {str(one.get("date"))[:4] for one in _listed(top.get("company_days")) if isinstance(one, Mapping)}
        while days and str(last + 1) in own:  # a year that the file itself tells of
            last += 1
        until = top.get("published_until", last if days else None)
        if "published_until" in top and (type(until) is not int or not first <= until <= last):
            known = f"; {name} is known from {first} to {last}" if days else ""
            example = f"a year such as {last if days else 2026}"
            self.wrong(("published_until",), f"expected {example}, not {_short(until)}{known}")
            return days, None
        return days, until

    def published_days(
        self,
        source: dict[date, Day],
        published: int | None,
        week: tuple[Hours, ...],
        make_up: Hours | None,
    ) -> dict[int, Day]:
        special: dict[int, Day] = {}
        for day, known in source.items():
            if published is not None and day.year > published:
                continue
            if known.kind == "make_up":
                hours = week[day.weekday()] or make_up
                if not hours and not self.problems:
                    self.wrong((), "expected the key 'make_up', the hours of make-up days, for weekdays differ")
                if not hours:
                    return {}
                known = Day("make_up", hours, known.reason)
            special[day.toordinal()] = known
        return special

    def company_days(self, data: object, week: tuple[Hours, ...], make_up: Hours | None) -> dict[int, Day]:
        special: dict[int, Day] = {}
        if not isinstance(data, list) or len(data) > _MOST_DAYS:
            self.wrong(("company_days",), f"expected a list of at most {_MOST_DAYS} days, not {_short(data)}")
            return special
        for index, entry in enumerate(data):
            path: Path = ("company_days", index)
            fields = self.mapping(path, entry, _DAY_KEYS, _DAY_KEYS, "a company day")
            if not fields.keys() >= set(_DAY_KEYS):
                continue
            day = self.date((*path, "date"), fields["date"])
            usual = make_up if day is None else week[day.weekday()] or make_up
            hours = self.company_hours((*path, "hours"), fields["hours"], usual)
            reason = self.text((*path, "reason"), fields["reason"])
            if day is None:
                continue
            if day.toordinal() in special:
                self.wrong((*path, "date"), f"expected each date once, but {day} stands above")
            special[day.toordinal()] = Day("company", hours, reason)
        return special

    def company_hours(self, path: Path, data: object, usual: Hours | None) -> Hours:
        if data == "closed":
            return ()
        if data == "usual":
            if usual is None:
                why = "this weekday is closed, the others differ and there is no make_up"
                self.wrong(path, f"expected intervals, for {why}")
            return usual or ()
        if isinstance(data, list) and data:
            return self.hours(path, data)
        self.wrong(path, f'expected closed, usual or a list such as ["09:00-12:00"], not {_short(data)}')
        return ()

    def date(self, path: Path, data: object) -> date | None:
        if isinstance(data, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", data, re.ASCII):
            try:
                day = date.fromisoformat(data)
            except ValueError:
                self.wrong(path, f"there is no day {data}")
                return None
            if 1901 <= day.year <= 2200:
                return day
        self.wrong(path, f"expected a date such as 2026-02-14, not {_short(data)}")
        return None


def _minutes(found: re.Match[str]) -> tuple[int, int]:
    start_hour, start, end_hour, end = map(int, found.groups())
    return start_hour * 60 + start, end_hour * 60 + end


def _short(data: object) -> str:
    if data is None:
        return "nothing"
    text = repr(data)
    return text if len(text) <= 40 else text[:37] + "..."
