"""Durations, the calendar that the core asks for, and the meter of a limit (R27).

Theory of operation
-------------------
A limit such as `30wd` is counted in *its own measure*, a monotone reading of time:

| units   | measure                                              | counts from          | used up at         |
|---------|------------------------------------------------------|----------------------|--------------------|
| s min h | elapsed time                                         | the start            | that instant       |
| wh      | working time, through the day's intervals            | the start            | that instant       |
| d mo y  | calendar days, each worth one, of 23 or 25 hours too | end of the start day | the end of a day   |
| wd      | working days, each worth one, half days too          | end of the start day | close of business  |

The start day never counts (Civil Code art. 201), so `Nwd` is worth exactly N days from the end of the start
day on, 80 % of `30wd` is the close of business of the 24th working day, and a pause on the start day costs
nothing. Inside a day the reading grows with the part of the day's (working) time that has passed.

A measure is carried as a `timedelta`. For days it means days of the measure, not of the sun:
`timedelta(days=3, hours=12)` of `wd` is three and a half working days.

Pauses: what is used is the sum of the measure over the running stretches, and the deadline is the earliest
instant at which that sum reaches the allowance. From this alone follows that a pause moves the deadline by
exactly its own measure (it neither loses nor gains), that an empty pause changes nothing, that a longer
limit is never due earlier, and, since a holiday only takes measure away, that an added holiday never makes
a deadline earlier. After a pause the deadline of a `d` or `wd` limit may therefore lie inside a day. It is
not rounded up to the end of that day: each pause would then give away up to a day, and the law's clock must
err on the strict side.

`roll` (d, mo, y; Civil Code art. 203) lengthens the allowance until its last day is a working day. It is
applied at the start and again on every resume, for the last day may have moved onto a holiday; it only ever
adds.

A deadline at the end of a day is written as that day's last microsecond, 23:59:59.999999, so that its date
is the right one wherever it is shown, stored or grouped. In time means: at or before the deadline.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Protocol, Self

from engine.core.naming import aside

ELAPSED, DAYS, WORKING_DAYS, WORKING_TIME = "elapsed", "days", "working days", "working time"
MEASURES = {
    "s": ELAPSED, "min": ELAPSED, "h": ELAPSED,
    "d": DAYS, "mo": DAYS, "y": DAYS,
    "wd": WORKING_DAYS, "wh": WORKING_TIME,
}  # fmt: skip
SECONDS = {"s": 1, "min": 60, "h": 3600, "wh": 3600}
MONTHS = {"mo": 1, "y": 12}
# About a hundred years each: far beyond any term, near enough that no date overflows.
LONGEST = {
    "s": 3_155_760_000, "min": 52_596_000, "h": 876_600,
    "d": 36_525, "mo": 1_200, "y": 100, "wd": 26_000, "wh": 208_000,
}  # fmt: skip
_MICRO = timedelta(microseconds=1)
EXPECTED = "expected a duration such as 90min, 24h, 4wh, 15d, 30wd, 6mo or 2y"

_SHAPE = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]{1,3})?([a-z]+)", re.ASCII)
_MEANT = {
    "sec": "s", "second": "s", "seconds": "s", "m": "min (minutes) or mo (months)",
    "mins": "min", "minute": "min", "minutes": "min", "hr": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "bd": "wd", "workday": "wd", "workdays": "wd", "w": "d (7d is a week)",
    "week": "d (7d is a week)", "weeks": "d (7d is a week)", "month": "mo", "months": "mo",
    "year": "y", "years": "y",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of one unit, such as `30wd`; `str()` gives the written form back.

    amount: a whole number; for s, min, h and wh also a Decimal with up to three decimals. Day units start
    at 1. unit: one of `MEASURES`. Raises ValueError, worded for the designer, on anything else.
    """

    amount: int | Decimal
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in MEASURES:
            meant = _MEANT.get(self.unit)
            hint = f"; did you mean {meant}?" if meant else aside(self.unit, MEASURES)
            raise ValueError(f"{EXPECTED}; there is no unit {self.unit!r}{hint}")
        if self.unit not in SECONDS:
            if not isinstance(self.amount, int):
                raise ValueError(f"expected a whole number of {self.unit}, such as 3{self.unit}, not {self}")
            if self.amount < 1:
                raise ValueError(f"expected at least 1{self.unit}, not {self}")
        if self.amount < 0:
            raise ValueError(f"{EXPECTED}, not the negative {self}")
        if self.amount > LONGEST[self.unit]:
            raise ValueError(f"expected at most {LONGEST[self.unit]}{self.unit}, a hundred years, not {self}")

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def measure(self) -> str:
        """The measure this duration is counted in, one of the values of `MEASURES`."""
        return MEASURES[self.unit]

    @property
    def span(self) -> timedelta:
        """The length of an s, min, h or wh duration. KeyError for day units, whose length a calendar decides."""
        return timedelta(microseconds=int(self.amount * SECONDS[self.unit] * 1_000_000))


def parse_duration(text: object) -> Duration:
    """Read a written duration, such as `30wd`. Raises ValueError saying what was expected, with an example."""
    if not isinstance(text, str):
        raise ValueError(f"{EXPECTED}, not {text!r}")
    found = _SHAPE.fullmatch(text)
    if found is None:
        close = re.sub(r"\s+", "", text)
        meant = _SHAPE.fullmatch(close) if close != text else None
        hint = f"; write it without spaces: {close}" if meant is not None and meant[3] in MEASURES else ""
        raise ValueError(f"{EXPECTED}, not {text[:40]!r}{hint}")
    whole, part, unit = found.groups()
    if len(whole) > 12:
        raise ValueError(f"{EXPECTED}, not a number of {len(whole)} digits")
    return Duration(Decimal(whole + part) if part else int(whole), unit)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline: the instant (UTC), whether it rests on days not yet published, the calendar version it rests on."""

    at: datetime
    provisional: bool
    version: str


@dataclass(frozen=True, slots=True)
class Term:
    """A limit laid on a start: the instant from which it counts (UTC), and its allowance in its own measure."""

    since: datetime
    allowance: timedelta


class Calendar(Protocol):
    """What the core and the clocks ask of a working calendar. Instants go in aware and come out in UTC."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def zone(self) -> tzinfo:
        """Where its days begin."""

    def due(self, start: datetime, limit: Duration, roll: bool = False) -> Due:
        """The deadline of a limit without pauses."""

    def shift(self, at: datetime, by: Duration, back: bool = False) -> Due:
        """`due + 1wd` (the same as `due`), or back from it: `due - 1wd` is the close of the working day before."""

    def term(self, start: datetime, limit: Duration) -> Term:
        """Where a limit starts to count, and its allowance, before any rolling."""

    def advance(self, at: datetime, amount: timedelta, unit: str, roll: bool = False) -> Due:
        """The earliest instant at which `amount` of the unit's measure has passed since `at` (`at` itself for 0)."""

    def between(self, a: datetime, b: datetime, unit: str) -> timedelta:
        """The unit's measure from a to b; negative when b is earlier."""

    def rolled(self, at: datetime, amount: timedelta, unit: str) -> timedelta:
        """The amount, lengthened so that the last day it reaches is a working day (day units; others unchanged)."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How far a limit is used up, counted in its own measure; a value, changed by making the next one.

    `used` is the measure of the stretches closed so far; `since` is where the running stretch began, or
    where the pause did. `due` is the deadline; of a paused meter, the one it would have if it ran again at
    once. Instants are given in order of time; a second pause, or a resume of a running meter, changes
    nothing. Once the deadline has passed, a pause no longer moves it.
    """

    unit: str
    roll: bool
    running: bool
    since: datetime
    used: timedelta
    allowance: timedelta
    due: Due

    @classmethod
    def start(cls, calendar: Calendar, at: datetime, limit: Duration, roll: bool = False) -> Self:
        term = calendar.term(at, limit)
        due = Due(term.since, False, calendar.version)
        meter = cls(limit.unit, roll, True, term.since, timedelta(0), term.allowance, due)
        return meter._aim(calendar)

    def pause(self, calendar: Calendar, at: datetime) -> Self:
        if not self.running:
            return self
        return replace(self, running=False, since=max(self.since, at), used=self.used_at(calendar, at))

    def resume(self, calendar: Calendar, at: datetime) -> Self:
        if self.running:
            return self
        meter = replace(self, running=True, since=max(self.since, at))
        return meter._aim(calendar) if self.used < self.allowance else meter

    def extend(self, calendar: Calendar, by: Duration) -> Self:
        """Add to the allowance. Raises ValueError unless `by` is in the limit's own measure."""
        if by.measure != MEASURES[self.unit]:
            units = " or ".join(unit for unit, measure in MEASURES.items() if measure == MEASURES[self.unit])
            raise ValueError(f"expected an extension in {units}, like the limit, not {by}")
        extra = calendar.term(self.due.at, by).allowance
        meter = replace(self, allowance=self.allowance + extra)
        if meter.used < meter.allowance:
            return meter._aim(calendar)
        return replace(meter, due=calendar.advance(self.due.at, extra, self.unit, self.roll))

    def used_at(self, calendar: Calendar, at: datetime) -> timedelta:
        """The measure used at an instant not before `since`."""
        if not self.running or at <= self.since:
            return self.used
        return self.used + calendar.between(self.since, at, self.unit)

    def share_at(self, calendar: Calendar, at: datetime) -> Decimal:
        """The used share of the allowance, 1 at the deadline, more after it; four places, rounded down."""
        if not self.allowance:
            return Decimal(1)
        used = self.used_at(calendar, at)
        if self.running and at >= self.due.at:  # which a day's end lies a microsecond after
            used = max(used, self.allowance)
        share = Decimal(used // _MICRO) / Decimal(self.allowance // _MICRO)
        return share.quantize(Decimal("0.0001"), ROUND_DOWN)

    def reach(self, calendar: Calendar, share: Decimal) -> Due | None:
        """When the share of the allowance (0.8 for 80 %) is used up: None while paused short of it, and
        `since` when it was already passed in an earlier stretch.
        """
        wanted = Fraction(share) * (self.allowance // _MICRO)
        left = timedelta(microseconds=-(-wanted.numerator // wanted.denominator)) - self.used
        if left <= timedelta(0):
            return Due(self.since, False, calendar.version)
        return calendar.advance(self.since, left, self.unit) if self.running else None

    def _aim(self, calendar: Calendar) -> Self:
        left = self.allowance - self.used
        whole = calendar.rolled(self.since, left, self.unit) if self.roll else left
        due = calendar.advance(self.since, whole, self.unit, self.roll)
        return replace(self, allowance=self.used + whole, due=due)
