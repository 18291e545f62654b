"""A scale: local hours, day by day, laid on the line of UTC time, to read and to find positions on.

Theory of operation
-------------------
A calendar owns two scales, one of its working hours and one on which every day is open for all of its
hours. A scale answers in either of two readings: *time*, the microseconds of open time, and *days*, in
which every open day is worth `DAY` however many hours it has, growing with the part of its open time that
has passed. Both are non-decreasing integers, so stretches add up without rounding, and the instant of a
position is the earliest one that has it.

Positions are kept per local year, built when first asked for: the intervals' ends in UTC microseconds, the
open time up to each, and per day its ordinal, the open time before it and its close. A question costs a few
bisections; one that spans years adds a step for each.

Daylight saving: a wall-clock reading that comes twice is its first coming; one that never comes is the
instant of the jump. An interval is as long as it really lasts; one that vanishes does not count, nor does
its day.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

DAY = 86_400_000_000
MIDNIGHT = 24 * 60
FIRST_YEAR, LAST_YEAR = 1900, 2500

Hours = tuple[tuple[int, int], ...]
"""A day's open intervals, as minutes after local midnight; `(540, 720)` is 09:00-12:00, 1440 is 24:00."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


def local(at: datetime, zone: tzinfo) -> datetime:
    """The instant on a zone's clock. Raises ValueError for one without a zone, or out of all reason."""
    if at.tzinfo is None:
        raise ValueError(f"expected an instant with a time zone, not {at.isoformat()}")
    if not FIRST_YEAR < at.year < LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, not {at.isoformat()}")
    return at.astimezone(zone)


def micros(at: datetime) -> int:
    """UTC microseconds since 1970 of an instant with a zone."""
    return (at - _EPOCH) // _MICRO


def instant(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def wall(zone: ZoneInfo, ordinal: int, minute: int) -> int:
    """The UTC microseconds at which the local clock first reads the minute of the day, or jumps over it."""
    naive = datetime.fromordinal(ordinal) + timedelta(minutes=minute)
    before, after = naive.replace(tzinfo=zone), naive.replace(tzinfo=zone, fold=1)
    offset, offset_after = before.utcoffset(), after.utcoffset()
    if offset is None or offset_after is None or offset_after <= offset:
        return micros(before)
    low, high = micros(after), micros(before)
    seconds = range(low, high + 1, 1_000_000)
    jump = bisect_left(seconds, True, key=lambda us: instant(us).astimezone(zone).utcoffset() == offset_after)
    return seconds[jump]


class Year:
    """One local year of a scale; see the theory above. `time` and `days` are its worth in each reading."""

    __slots__ = ("before", "closes", "days", "done", "ends", "ordinals", "starts", "time")

    def __init__(self, zone: ZoneInfo, hours_of: Callable[[int], Hours], year: int) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.done: list[int] = []  # open time up to the end of each interval
        self.ordinals: list[int] = []
        self.closes: list[int] = []  # of a day open until 24:00 its last microsecond
        self.before: list[int] = []  # open time before each day, and the year's at last
        total = 0
        for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
            opened = total
            for start, end in hours_of(ordinal):
                begins, ends = wall(zone, ordinal, start), wall(zone, ordinal, end)
                if ends > begins:
                    total += ends - begins
                    self.starts.append(begins)
                    self.ends.append(ends)
                    self.done.append(total)
                    midnight = end == MIDNIGHT
            if total > opened:
                self.ordinals.append(ordinal)
                self.before.append(opened)
                self.closes.append(self.ends[-1] - midnight)
        self.before.append(total)
        self.time = total
        self.days = len(self.ordinals) * DAY

    def read(self, us: int, by_day: bool) -> int:
        """The position of an instant of this year."""
        last = bisect_right(self.starts, us) - 1
        open_time = self.done[last] - max(0, self.ends[last] - us) if last >= 0 else 0
        if not by_day:
            return open_time
        day = bisect_right(self.before, open_time) - 1
        if day >= len(self.ordinals):
            return self.days
        before = self.before[day]
        return day * DAY + (open_time - before) * DAY // (self.before[day + 1] - before)

    def find(self, position: int, by_day: bool) -> int:
        """The earliest instant with a position above 0 and at most the year's; a day's end is written as its close."""
        if not by_day:
            return self._open_for(position)
        day = (position - 1) // DAY
        part = position - day * DAY
        if part == DAY:
            return self.closes[day]
        before = self.before[day]
        open_time = -(-part * (self.before[day + 1] - before) // DAY)
        return min(self._open_for(before + open_time), self.closes[day])

    def _open_for(self, open_time: int) -> int:
        last = bisect_left(self.done, open_time)
        return self.ends[last] - (self.done[last] - open_time)

    def find_last(self, position: int) -> int:
        """The latest instant of an open interval with an open time below the year's."""
        last = bisect_right(self.done, position)
        return self.ends[last] - (self.done[last] - position)


class Scale:
    """The years of a zone's local hours. Instants and results are UTC microseconds; see the theory above."""

    __slots__ = ("_hours_of", "_years", "zone")

    def __init__(self, zone: ZoneInfo, hours_of: Callable[[int], Hours]) -> None:
        self.zone = zone
        self._hours_of = hours_of
        self._years: dict[int, Year] = {}

    def year(self, number: int) -> Year:
        """Raises ValueError outside 1900 to 2500, which also ends the search on a calendar that never opens."""
        found = self._years.get(number)
        if found is None:
            if not FIRST_YEAR <= number <= LAST_YEAR:
                raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, came to {number}")
            found = self._years[number] = Year(self.zone, self._hours_of, number)
        return found

    def between(self, a: datetime, b: datetime, by_day: bool) -> int:
        """The measure from a to b, which is not earlier."""
        first, last = local(a, self.zone).year, local(b, self.zone).year
        measure = self.year(last).read(micros(b), by_day) - self.year(first).read(micros(a), by_day)
        for number in range(first, last):
            measure += self.worth(number, by_day)
        return measure

    def worth(self, number: int, by_day: bool) -> int:
        year = self.year(number)
        return year.days if by_day else year.time

    def after(self, at: datetime, amount: int, by_day: bool) -> tuple[int, int]:
        """The year and the position in it that lie `amount`, above 0, after an instant."""
        number = local(at, self.zone).year
        position = self.year(number).read(micros(at), by_day) + amount
        while position > (worth := self.worth(number, by_day)):
            position -= worth
            number += 1
        return number, position

    def before(self, at: datetime, open_time: int) -> int:
        """The latest instant with `open_time`, above 0, between it and `at`."""
        number = local(at, self.zone).year
        position = self.year(number).read(micros(at), False) - open_time
        while position < 0:
            number -= 1
            position += self.worth(number, False)
        return self.year(number).find_last(position)

    def nth_close(self, ordinal: int, count: int) -> int:
        """The close of the count-th open day after a day; of the open days before it, for a count below 0."""
        number = date.fromordinal(ordinal).year
        days = self.year(number).ordinals
        index = (bisect_right(days, ordinal) - 1 if count > 0 else bisect_left(days, ordinal)) + count
        while index >= len(days):
            index -= len(days)
            number += 1
            days = self.year(number).ordinals
        while index < 0:
            number -= 1
            days = self.year(number).ordinals
            index += len(days)
        return self.year(number).closes[index]

    def day_from(self, ordinal: int) -> int:
        """The first open day from a day on, that day included."""
        number = date.fromordinal(ordinal).year
        while True:
            days = self.year(number).ordinals
            index = bisect_left(days, ordinal)
            if index < len(days):
                return days[index]
            number += 1
