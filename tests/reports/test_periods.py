"""Periods and their borders, where the house is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import histogram
from reports.periods import KINDS, day_of, of_kind, period, trend
from tools import figures

TODAY = date(2026, 9, 12)


@pytest.mark.parametrize(
    ("text", "first", "last", "span"),
    [
        ("2026", "2026-01-01", "2026-12-31", "month"),
        ("2026-Q3", "2026-07-01", "2026-09-30", "month"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "month"),
        ("2024-02", "2024-02-01", "2024-02-29", "month"),
        ("2026-12", "2026-12-01", "2026-12-31", "month"),
        ("2026-W01", "2025-12-29", "2026-01-04", "day"),
        ("2026-W53", "2026-12-28", "2027-01-03", "day"),
        ("2026-09-12", "2026-09-12", "2026-09-12", "day"),
        ("2026-09-01..2026-09-30", "2026-09-01", "2026-09-30", "month"),
        ("2026-08-31..2026-09-30", "2026-08-31", "2026-09-30", "day"),
        ("this-quarter", "2026-07-01", "2026-09-30", "month"),
        ("last-week", "2026-08-31", "2026-09-06", "day"),
        ("yesterday", "2026-09-11", "2026-09-11", "day"),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, first: str, last: str, span: str) -> None:
    found = period(text, TODAY)
    assert (found.first.isoformat(), found.last.isoformat(), found.span) == (first, last, span)


@pytest.mark.parametrize(
    "text",
    ["", "2026-Q5", "2026-13", "2026-W54", "2025-W53", "2026-02-30", "2026-09-12..2026-09-11", "next-week", "9999",
     "0001", "..", "2026-09-12..", "٢٠٢٦"],
)  # fmt: skip
def test_what_is_no_period_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="expected a period such as 2026"):
        period(text, TODAY)


@given(st.dates(date(1971, 1, 1), date(2998, 1, 1)), st.sampled_from(KINDS))
def test_periods_of_a_kind_join_without_gap(day: date, kind: str) -> None:
    found = of_kind(kind, day)
    assert found.first <= day <= found.last
    assert found.before().last + timedelta(days=1) == found.first
    assert found.after().first == found.last + timedelta(days=1)
    assert found.before().after() == found
    assert period(found.name, TODAY) == found


def test_a_trend_ends_with_its_period() -> None:
    assert [one.name for one in trend(period("2026-W01", TODAY), 3)] == ["2025-W51", "2025-W52", "2026-W01"]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Asia/Shanghai", datetime(2026, 6, 30, 15, 59, 59, 999_999, UTC), "2026-06-30"),
        ("Asia/Shanghai", datetime(2026, 6, 30, 16, 0, tzinfo=UTC), "2026-07-01"),
        ("UTC", datetime(2026, 6, 30, 16, 0, tzinfo=UTC), "2026-06-30"),
        ("America/New_York", datetime(2026, 7, 1, 3, 59, tzinfo=UTC), "2026-06-30"),
        # Clocks go forward on 8 March and back on 1 November 2026: days of 23 and 25 hours.
        ("America/New_York", datetime(2026, 3, 8, 4, 59, tzinfo=UTC), "2026-03-07"),
        ("America/New_York", datetime(2026, 3, 9, 3, 59, tzinfo=UTC), "2026-03-08"),
        ("America/New_York", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), "2026-11-01"),
        ("America/New_York", datetime(2026, 11, 2, 4, 59, tzinfo=UTC), "2026-11-01"),
        ("Asia/Kathmandu", datetime(2026, 6, 30, 18, 15, tzinfo=UTC), "2026-07-01"),
    ],
)
def test_a_moment_belongs_to_the_day_there(zone: str, at: datetime, day: str) -> None:
    assert day_of(at, ZoneInfo(zone)).isoformat() == day


# --- histograms -----------------------------------------------------------------------------------


@given(st.integers(0, 10**9))
def test_a_class_is_narrow(seconds: int) -> None:
    middle = histogram.middle(histogram.class_of(seconds))
    assert abs(middle - seconds) * 256 <= seconds
    assert histogram.class_of(seconds) <= histogram.class_of(seconds + 1)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60), st.sampled_from((50, 80, 95)))
def test_a_percentile_is_that_of_the_nearest_rank(times: list[int], share: int) -> None:
    exact = sorted(times)[max(-(-len(times) * share // 100), 1) - 1]
    halves = [{}, {}]  # type: list[dict[int, int]]
    for index, seconds in enumerate(times):
        some, number = halves[index % 2], histogram.class_of(seconds)
        some[number] = some.get(number, 0) + 1
    again = [histogram.read(histogram.written(some)) for some in halves]
    assert histogram.percentile(histogram.added(again), share) == histogram.middle(histogram.class_of(exact))
    assert histogram.percentile({}, share) is None


def test_the_page_of_figures_is_that_of_the_code() -> None:
    assert figures.PAGE.read_text("utf-8") == figures.page(), "python -m tools.figures"
