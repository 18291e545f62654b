"""Counting: a run's meter, made from its start, its extensions and its pauses.

Everything that a run's deadline and rungs depend on is in its state, so the meter is made anew whenever it is
needed: one way to count, whether a clock runs on, is extended or is rebased on another calendar. How limits
themselves are counted stands at the top of `engine/core/durations.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from engine.core.durations import Calendar, Duration, Meter, parse_duration
from engine.core.values import ValueProblem, read_date, read_moment
from sla.calendar import WorkCalendar
from sla.model import Clock, Rung
from sla.scale import instant, wall
from sla.state import Break, Run


@dataclass(frozen=True, slots=True)
class Point:
    """When one time of a rung comes: `repeat` counts from 1."""

    due: datetime
    rung: int
    repeat: int


def metered(
    calendar: Calendar, since: datetime, limit: Duration, roll: bool, more: Iterable[str], breaks: Iterable[Break]
) -> Meter:
    """The meter of a limit from `since`, with extensions and pauses. Extensions count from the deadline that
    the limit had without pauses, so the order in which both came does not matter."""
    meter = Meter.start(calendar, since, limit, roll)
    for by in more:
        meter = meter.extend(calendar, parse_duration(by))
    for pause in breaks:
        if pause.end is not None and pause.end <= since:  # the start was corrected to after it
            continue
        begin = max(pause.begin, since)
        if meter.due.at < begin:  # its time was up before
            break
        meter = meter.pause(calendar, begin)
        if pause.end is not None:
            meter = meter.resume(calendar, pause.end)
    return meter


def meter_of(calendar: Calendar, clock: Clock, run: Run) -> Meter:
    return metered(calendar, run.since, parse_duration(run.limit), clock.roll, run.more, run.breaks)


def point(calendar: Calendar, clock: Clock, run: Run, meter: Meter, index: int) -> Point | None:
    """When the rung comes next; None if all its times are past, or while a pause keeps it from being known."""
    rung = clock.ladder[index]
    repeat = run.fired.get(index, 0) + 1
    if rung.times is not None and repeat > rung.times:
        return None
    first = _FIRST[rung.from_](calendar, clock, run, meter, rung)
    if first is None:
        return None
    due = first if repeat == 1 or rung.every is None else after(calendar, first, rung.every, repeat - 1)
    return Point(due, index, repeat)


def after(calendar: Calendar, first: datetime, every: Duration, count: int) -> datetime:
    return calendar.shift(first, Duration(every.amount * count, every.unit)).at


def latest(calendar: Calendar, rung: Rung, first: Point, now: datetime) -> Point:
    """The last time of a repeating rung that is due by now, when `first` is: repeats coalesce (R10)."""
    if rung.every is None:
        return first
    most = None if rung.times is None else rung.times - first.repeat
    count, due = 0, first.due
    while (most is None or count < most) and (step := after(calendar, first.due, rung.every, count + 1)) <= now:
        count, due = count + 1, step
    return Point(due, first.rung, first.repeat + count)


def _from_share(calendar: Calendar, clock: Clock, run: Run, meter: Meter, rung: Rung) -> datetime | None:
    reached = meter.reach(calendar, rung.share)
    if reached is None:
        return None
    return min(reached.at, run.deadline) if rung.share <= 1 else reached.at


def _from_due(calendar: Calendar, clock: Clock, run: Run, meter: Meter, rung: Rung) -> datetime | None:
    return _offset(calendar, meter, run.deadline, rung)


def _offset(calendar: Calendar, meter: Meter, due: datetime, rung: Rung) -> datetime | None:
    if not meter.running and meter.used < meter.allowance:
        return None  # the deadline moves on with the pause
    return due if rung.offset is None else calendar.shift(due, rung.offset, rung.back).at


def _from_start(calendar: Calendar, clock: Clock, run: Run, meter: Meter, rung: Rung) -> datetime | None:
    """`4h` after the start is a limit of its own over the same stretches: pauses do not count for it either."""
    assert rung.offset is not None
    own = metered(calendar, run.since, rung.offset, False, (), run.breaks)
    return _offset(calendar, own, own.due.at, _PLAIN)


_PLAIN = Rung("due", "due", ())
_FIRST = {"share": _from_share, "due": _from_due, "start": _from_start}


def moment_of(value: object, calendar: Calendar) -> datetime | None:
    """The instant that a date in the data stands for: a day without a time is its first instant on the
    calendar's clock. None for what is not set, and for what is no date."""
    if not isinstance(value, str):
        return None
    try:
        return read_moment(value)
    except ValueProblem:
        pass
    try:
        return _midnight(read_date(value), calendar)
    except ValueProblem:
        return None


def _midnight(day: date, calendar: Calendar) -> datetime:
    assert isinstance(calendar, WorkCalendar)
    return instant(wall(calendar.zone, day.toordinal(), 0))
