"""A working calendar: local hours, holidays, make-up days and company days, and the deadlines that follow
(R27).

How limits are counted stands at the top of `engine/core/durations.py`, how days become positions in
`sla/scale.py`; this file joins the two. A calendar is a value: it never changes, and two of the same
version give the same answers. `version` is a hash of all that bears on a deadline (zone, hours, every day
that differs), not of titles and reasons.

Beyond `published_until` nobody knows the statutory holidays yet. Deadlines there are counted with plain
weekdays (and the company days already entered) and are *provisional*.
"""

import hashlib
import json
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.core.durations import DAYS, ELAPSED, MEASURES, MONTHS, SECONDS, WORKING_TIME, Due, Duration, Term
from sla.scale import DAY, MIDNIGHT, Hours, Scale, instant, local, micros, wall

WHOLE_DAY: Hours = ((0, MIDNIGHT),)
_DAY = timedelta(days=1)
_MICRO = timedelta(microseconds=1)
Text = tuple[tuple[str, str], ...]
"""A text in several languages, as sorted pairs of language and text."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a calendar knows of one day. kind: `weekday`, `weekend`, `holiday`, `make_up` or `company`."""

    kind: str
    hours: Hours
    reason: Text = ()

    @property
    def working(self) -> bool:
        return bool(self.hours)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of one local day between two instants, what of it counted, and what kind of day it was."""

    date: date
    start: datetime
    end: datetime
    counted: timedelta
    day: Day


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """See `engine.core.durations.Calendar` for the questions it answers.

    week: the hours of Monday to Sunday. special: the days that differ, by ordinal, in order. published_until: the last
    year whose holidays are known, or None where there are none to wait for.
    """

    name: str
    title: Text
    zone: ZoneInfo
    week: tuple[Hours, ...]
    special: tuple[tuple[int, Day], ...] = ()
    published_until: int | None = None
    version: str = field(init=False)
    _special: dict[int, Day] = field(init=False, repr=False)
    _known_until: int | None = field(init=False, repr=False)
    _work: Scale = field(init=False, repr=False)
    _days: Scale = field(init=False, repr=False)

    def __post_init__(self) -> None:
        year = self.published_until
        new_year = None if year is None else wall(self.zone, date(year + 1, 1, 1).toordinal(), 0)
        derived = {
            "version": self._hash(),
            "_special": dict(self.special),
            "_known_until": new_year,
            "_work": Scale(self.zone, self._hours),
            "_days": Scale(self.zone, lambda ordinal: WHOLE_DAY),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkCalendar) and (self.name, self.version) == (other.name, other.version)

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    # ---------------------------------------------------------------- deadlines

    def due(self, start: datetime, limit: Duration, roll: bool = False) -> Due:
        """The deadline of a limit without pauses. `roll` bears on d, mo and y."""
        unit = limit.unit
        if unit in SECONDS or (roll and unit != "wd"):
            term = self.term(start, limit)
            return self.advance(term.since, term.allowance, unit, roll)
        scale = self._scale(unit)
        ordinal = local(start, self.zone).toordinal()
        return self._due(scale.nth_close(ordinal, self._count(ordinal, limit)), unit == "wd")

    def shift(self, at: datetime, by: Duration, back: bool = False) -> Due:
        """`by` after an instant, as `due` counts it, or before it: for `wd` the close of the Nth working
        day before its day, for d, mo and y the end of the day, for `wh` the latest instant with that much
        working time left.
        """
        if not back:
            return self.due(at, by)
        unit = by.unit
        if MEASURES[unit] == ELAPSED:
            return Due(local(at, UTC) - by.span, False, self.version)
        if unit == "wh":
            open_time = by.span // _MICRO
            return self._due(self._work.before(at, open_time) if open_time else micros(at), True)
        ordinal = local(at, self.zone).toordinal()
        close = self._scale(unit).nth_close(ordinal, -self._count(ordinal, by, -1))
        return self._due(close, unit == "wd")

    def term(self, start: datetime, limit: Duration) -> Term:
        """Where a limit starts to count (for day units the end of the start day), and its allowance."""
        if limit.unit in SECONDS:
            return Term(local(start, UTC), limit.span)
        ordinal = local(start, self.zone).toordinal()
        return Term(instant(wall(self.zone, ordinal + 1, 0)), self._count(ordinal, limit) * _DAY)

    def advance(self, at: datetime, amount: timedelta, unit: str, roll: bool = False) -> Due:
        """The earliest instant at which `amount` (not negative) of the unit's measure has passed since `at`."""
        measure = MEASURES[unit]
        if measure == ELAPSED:
            return Due(local(at, UTC) + amount, False, self.version)
        rolls = roll and measure == DAYS
        wanted = (self.rolled(at, amount, unit) if rolls else amount) // _MICRO
        if wanted == 0:
            return self._due(micros(at), measure != DAYS)
        scale, by_day = self._scale(unit), measure != WORKING_TIME
        number, position = scale.after(at, wanted, by_day)
        return self._due(scale.year(number).find(position, by_day), rolls or measure != DAYS)

    def between(self, a: datetime, b: datetime, unit: str) -> timedelta:
        """The unit's measure from a to b; negative when b is earlier."""
        if b < a:
            return -self.between(b, a, unit)
        measure = MEASURES[unit]
        if measure == ELAPSED:
            return b - a
        return self._scale(unit).between(a, b, measure != WORKING_TIME) * _MICRO

    def rolled(self, at: datetime, amount: timedelta, unit: str) -> timedelta:
        """The amount, lengthened to the end of the next working day if it ends inside or with one that is not."""
        if MEASURES[unit] != DAYS or not amount:
            return amount
        number, position = self._days.after(at, amount // _MICRO, True)
        index = (position - 1) // DAY
        last = self._days.year(number).ordinals[index]
        working = self._work.day_from(last)
        if working == last:
            return amount
        return amount + ((working - last + index + 1) * DAY - position) * _MICRO

    # --------------------------------------------------------------------- days

    def day(self, day: date) -> Day:
        """What kind of day it is, its hours and the reason."""
        ordinal = day.toordinal()
        special = self._special.get(ordinal)
        if special is not None:
            return special
        hours = self.week[(ordinal - 1) % 7]
        return Day("weekday" if hours else "weekend", hours)

    def stretches(self, a: datetime, b: datetime, unit: str) -> Iterator[Stretch]:
        """The local days from a to b, each with what it counted in the unit's measure; they sum to `between`."""
        start, end = local(a, UTC), local(b, UTC)
        while start < end:
            today = local(start, self.zone).date()
            until = min(end, instant(wall(self.zone, today.toordinal() + 1, 0)))
            yield Stretch(today, start, until, self.between(start, until, unit), self.day(today))
            start = until

    # ------------------------------------------------------------------- inside

    def _hours(self, ordinal: int) -> Hours:
        special = self._special.get(ordinal)
        return self.week[(ordinal - 1) % 7] if special is None else special.hours

    def _scale(self, unit: str) -> Scale:
        return self._days if MEASURES[unit] == DAYS else self._work

    def _due(self, us: int, on_working_days: bool) -> Due:
        known = self._known_until
        return Due(instant(us), on_working_days and known is not None and us >= known, self.version)

    @staticmethod
    def _count(ordinal: int, by: Duration, sign: int = 1) -> int:
        """How many days of its measure a day-unit duration has when laid on a day. A month ends on the day
        of the same number, or on the month's last (Civil Code art. 202).
        """
        if by.unit not in MONTHS:
            return int(by.amount)
        day = date.fromordinal(ordinal)
        year, month = divmod(day.year * 12 + day.month - 1 + sign * int(by.amount) * MONTHS[by.unit], 12)
        last = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        return abs(last.toordinal() - ordinal)

    def _hash(self) -> str:
        meaning = [
            self.zone.key,
            self.week,
            [(ordinal, day.hours) for ordinal, day in self.special],
            self.published_until,
        ]
        return hashlib.sha256(json.dumps(meaning, separators=(",", ":")).encode()).hexdigest()[:12]
