"""What holds for every calendar, limit and history of pauses (R27), and an oracle that counts day by day.

The oracle shares nothing with the code it checks but the calendar's own description: it walks the days one by one
and the working time minute by minute.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.durations import LONGEST, Duration, Meter, parse_duration
from sla.calendar import Day, WorkCalendar
from sla.calendar_files import china
from sla.scale import Hours

MICRO = timedelta(microseconds=1)
ZERO = timedelta(0)
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC"]
UNITS = ["s", "min", "h", "wh", "d", "wd", "mo", "y"]
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)


@st.composite
def hours(draw: st.DrawFn, least: int = 0) -> Hours:
    """Up to three intervals on quarters of an hour."""
    count = draw(st.integers(least, 3))
    ends = draw(st.lists(st.integers(0, 96), min_size=2 * count, max_size=2 * count, unique=True).map(sorted))
    return tuple((ends[2 * i] * 15, ends[2 * i + 1] * 15) for i in range(count))


@st.composite
def calendars(draw: st.DrawFn) -> WorkCalendar:
    open_day = draw(hours(1))
    week = tuple(draw(st.sampled_from([open_day, open_day, ()]) | hours()) for _ in range(6))
    days = st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(date.toordinal)
    special = draw(st.dictionaries(days, hours().map(lambda given: Day("company", given)), max_size=8))
    if draw(st.booleans()):
        public = {day.toordinal(): known for day, known in china().items() if day.year >= 2024}
        special = {o: Day(d.kind, open_day if d.kind == "make_up" else ()) for o, d in public.items()} | special
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return WorkCalendar("c", (), zone, (open_day, *week), tuple(sorted(special.items())), 2026)


def instants() -> st.SearchStrategy[datetime]:
    """Any instant of four years, often on the minute, where the edges are."""
    exact = st.integers(0, (LAST - FIRST) // MICRO).map(lambda us: FIRST + us * MICRO)
    minutes = st.integers(0, (LAST - FIRST) // timedelta(minutes=15)).map(lambda n: FIRST + n * timedelta(minutes=15))
    return exact | minutes


@st.composite
def limits(draw: st.DrawFn, units: list[str] = UNITS) -> Duration:
    unit = draw(st.sampled_from(units))
    most = {"s": 90_000, "min": 9_000, "h": 500, "wh": 200, "d": 90, "wd": 60, "mo": 14, "y": 2}[unit]
    return Duration(draw(st.integers(1, most)), unit)


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[datetime]]:
    """A start, and after it instants at which a clock pauses and resumes in turn."""
    start = draw(instants())
    gaps = draw(st.lists(st.integers(0, 5 * 86_400) | st.integers(0, 200).map(lambda n: n * 900), max_size=8))
    moves = []
    at = start
    for gap in gaps:
        at += timedelta(seconds=gap)
        moves.append(at)
    return start, moves


def run(calendar: WorkCalendar, start: datetime, limit: Duration, moves: list[datetime], roll: bool = False) -> Meter:
    meter = Meter.start(calendar, start, limit, roll)
    for at in moves:
        meter = meter.pause(calendar, at) if meter.running else meter.resume(calendar, at)
    return meter


# ------------------------------------------------------------------------ oracle


def open_minutes(calendar: WorkCalendar, day: date) -> list[datetime]:
    """The UTC minutes of a local day that lie in its hours, found by asking the wall clock at each of them."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = []
    seen: set[tuple[int, int]] = set()
    for n in range(-2 * 1440, 2 * 1440):
        at = noon + n * timedelta(minutes=1)
        wall = at.astimezone(calendar.zone)
        minute = wall.hour * 60 + wall.minute
        if wall.date() == day and any(a <= minute < b for a, b in calendar.day(day).hours):
            seen.add((minute, wall.fold))
            found.append(at)
    return found


def without_repeats(calendar: WorkCalendar, day: date) -> bool:
    """Whether the day has no hour that comes twice or never, where the first-coming rule would have to be told."""
    start = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
    return start.utcoffset() == (start + timedelta(days=1)).utcoffset()


@given(calendars(), instants(), st.integers(1, 25))
def test_a_working_day_limit_agrees_with_counting_on_fingers(
    calendar: WorkCalendar, start: datetime, count: int
) -> None:
    day = start.astimezone(calendar.zone).date()
    left = count
    while left:
        day += timedelta(days=1)
        left -= bool(calendar.day(day).hours)
        assume(without_repeats(calendar, day))
    close = datetime(day.year, day.month, day.day, tzinfo=calendar.zone) + timedelta(
        minutes=calendar.day(day).hours[-1][1]
    )
    due = calendar.due(start, Duration(count, "wd")).at
    assert due == close - (MICRO if calendar.day(day).hours[-1][1] == 1440 else ZERO)


@given(calendars(), instants(), st.integers(1, 40))
def test_working_time_agrees_with_counting_minutes(calendar: WorkCalendar, start: datetime, quarters: int) -> None:
    start = start.replace(second=0, microsecond=0)
    day = start.astimezone(calendar.zone).date()
    left, at = quarters * 15, start
    for _ in range(60):
        assume(without_repeats(calendar, day))
        minutes = [minute for minute in open_minutes(calendar, day) if minute >= start]
        if left <= len(minutes):
            at = minutes[left - 1] + timedelta(minutes=1)
            break
        left -= len(minutes)
        day += timedelta(days=1)
    else:
        assume(False)
    limit = Duration(Decimal(quarters) / 4, "wh")
    assert calendar.due(start, limit).at == at
    assert calendar.between(start, at, "wh") == limit.span


# -------------------------------------------------------------------- properties


@given(calendars(), histories(), limits(), st.booleans())
def test_a_pause_neither_loses_nor_gains(
    calendar: WorkCalendar, history: tuple[datetime, list[datetime]], limit: Duration, roll: bool
) -> None:
    """Up to its deadline a meter uses exactly its allowance, in running stretches alone; never less than without
    pauses; and rolling apart, exactly what the limit gave."""
    start, moves = history
    meter = run(calendar, start, limit, moves[: len(moves) // 2 * 2], roll)
    assume(meter.used < meter.allowance)  # paused and resumed in time
    edges = [calendar.term(start, limit).since, *moves[: len(moves) // 2 * 2]]
    edges = [max(edges[0], edge) for edge in edges]

    def used(until: datetime) -> timedelta:
        stretches = zip(edges[::2], [*edges[1::2], until], strict=True)
        return sum((calendar.between(a, b, limit.unit) for a, b in stretches), ZERO)

    # Measures add up without rounding, and the deadline is the first microsecond at which the allowance is used up;
    # only a day's end is written as its last one, the microsecond before.
    assert used(meter.due.at - MICRO) < meter.allowance <= used(meter.due.at + MICRO)
    if meter.unit not in ("d", "mo", "y", "wd"):
        assert used(meter.due.at) == meter.allowance
    first = Meter.start(calendar, start, limit, roll)
    assert meter.allowance >= first.allowance and meter.due.at >= first.due.at
    if not roll:
        assert meter.allowance == first.allowance
    assert meter.share_at(calendar, meter.due.at) == 1


@given(calendars(), histories(), limits(), st.booleans())
def test_an_empty_pause_changes_nothing(
    calendar: WorkCalendar, history: tuple[datetime, list[datetime]], limit: Duration, roll: bool
) -> None:
    start, moves = history
    plain = run(calendar, start, limit, moves[: len(moves) // 2 * 2], roll)
    at = [*moves, start][-1]
    again = plain.pause(calendar, at).resume(calendar, at)
    assert (again.due, again.allowance) == (plain.due, plain.allowance)


@given(calendars(), histories(), limits(), st.integers(1, 5), st.booleans())
def test_a_longer_limit_is_never_due_earlier(
    calendar: WorkCalendar, history: tuple[datetime, list[datetime]], limit: Duration, more: int, roll: bool
) -> None:
    start, moves = history
    longer = Duration(limit.amount + more, limit.unit)
    assert run(calendar, start, longer, moves, roll).due.at >= run(calendar, start, limit, moves, roll).due.at


@given(calendars(), histories(), limits(), st.booleans(), st.data())
def test_an_added_holiday_never_makes_a_deadline_earlier(
    calendar: WorkCalendar, history: tuple[datetime, list[datetime]], limit: Duration, roll: bool, data: st.DataObject
) -> None:
    start, moves = history
    before = run(calendar, start, limit, moves, roll)
    span = max((before.due.at - start).days, 1) + 1
    holiday = start.date().toordinal() + data.draw(st.integers(-1, span))
    closed = {**dict(calendar.special), holiday: Day("holiday", ())}
    harder = WorkCalendar(
        "c", (), calendar.zone, calendar.week, tuple(sorted(closed.items())), calendar.published_until
    )
    assert run(harder, start, limit, moves, roll).due.at >= before.due.at


@given(calendars(), instants(), limits(), st.booleans())
def test_the_short_way_to_a_deadline_is_the_long_way(
    calendar: WorkCalendar, start: datetime, limit: Duration, roll: bool
) -> None:
    due = calendar.due(start, limit, roll)
    assert Meter.start(calendar, start, limit, roll).due == due
    assert due.at.tzinfo is UTC and due.at >= start
    assert due == calendar.due(start.astimezone(ZoneInfo("Asia/Tokyo")), limit, roll)


@given(calendars(), instants(), instants(), instants(), st.sampled_from(UNITS))
def test_measures_add_up(calendar: WorkCalendar, a: datetime, b: datetime, c: datetime, unit: str) -> None:
    between = calendar.between
    assert between(a, b, unit) + between(b, c, unit) == between(a, c, unit)
    a, b = min(a, b), max(a, b)
    assert between(a, b, unit) >= ZERO


@given(calendars(), instants(), st.integers(0, 100 * 86_400), st.sampled_from(UNITS))
def test_explained_days_sum_to_what_elapsed(calendar: WorkCalendar, a: datetime, seconds: int, unit: str) -> None:
    b = a + timedelta(seconds=seconds)
    stretches = list(calendar.stretches(a, b, unit))
    assert sum((stretch.counted for stretch in stretches), ZERO) == calendar.between(a, b, unit)
    assert sum((stretch.end - stretch.start for stretch in stretches), ZERO) == b - a


@given(calendars(), instants(), st.integers(1, 30 * 86_400 * 10**6), st.sampled_from(UNITS))
def test_advance_is_the_earliest_instant(calendar: WorkCalendar, at: datetime, amount: int, unit: str) -> None:
    wanted = amount * MICRO
    found = calendar.advance(at, wanted, unit).at
    assert calendar.between(at, found, unit) >= wanted - MICRO
    assert calendar.between(at, found + MICRO, unit) >= wanted
    assert calendar.between(at, found - MICRO, unit) < wanted


@given(calendars(), histories(), limits(), st.lists(st.integers(0, 200), min_size=2, max_size=5).map(sorted))
def test_shares_are_reached_in_order_and_the_whole_at_the_deadline(
    calendar: WorkCalendar, history: tuple[datetime, list[datetime]], limit: Duration, percents: list[int]
) -> None:
    start, moves = history
    meter = run(calendar, start, limit, moves[: len(moves) // 2 * 2])
    reached = [meter.reach(calendar, Decimal(percent) / 100) for percent in percents]
    found = [due.at for due in reached if due is not None]
    assert len(found) == len(reached) and found == sorted(found)
    whole = meter.reach(calendar, Decimal(1))
    assert whole is not None
    if meter.used < meter.allowance:
        assert whole.at == meter.due.at


@given(calendars(), instants(), limits())
def test_back_and_forth(calendar: WorkCalendar, at: datetime, by: Duration) -> None:
    """Going back by a duration and forth again ends on no later day; working time is measured exactly."""
    back = calendar.shift(at, by, back=True).at
    today = at.astimezone(calendar.zone).date()
    assert back <= at
    if by.unit == "wh":
        assert calendar.between(back, at, "wh") == by.span
    if by.unit != "wd" or calendar.day(today).working:
        assert calendar.shift(back, by).at.astimezone(calendar.zone).date() <= today


@given(calendars(), instants(), limits())
def test_only_what_lies_beyond_the_published_years_is_provisional(
    calendar: WorkCalendar, start: datetime, limit: Duration
) -> None:
    due = calendar.due(start, limit)
    beyond = due.at.astimezone(calendar.zone).year > 2026
    assert due.provisional == (beyond and limit.unit in ("wd", "wh"))


@given(st.sampled_from(UNITS), st.data())
def test_durations_round_trip(unit: str, data: st.DataObject) -> None:
    whole = data.draw(st.integers(1, LONGEST[unit]))
    assert parse_duration(str(Duration(whole, unit))) == Duration(whole, unit)
    if unit in ("s", "min", "h", "wh"):
        part = Duration(data.draw(st.decimals(0, 1000, places=3)), unit)
        assert parse_duration(str(part)) == part


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        assert str(parse_duration(text)) == text
    except ValueError as refusal:
        assert str(refusal).startswith("expected")
