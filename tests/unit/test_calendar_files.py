"""Calendar files: the one that ships, and what is said of wrong ones."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.language.source import load
from sla.calendar_files import CalendarError, load_calendar

INSURER = Path(__file__).parents[2] / "processes" / "calendars" / "insurer.yaml"

GOOD: dict[str, Any] = {
    "calendar": "c",
    "title": {"zh": "日历", "en": "Calendar"},
    "zone": "Asia/Shanghai",
    "hours": {"mon-fri": ["09:00-12:00", "13:00-17:30"]},
    "holidays": "china",
    "published_until": 2026,
}


def test_the_insurers_calendar() -> None:
    calendar = load_calendar(load(INSURER).value)
    assert (calendar.name, calendar.zone.key, calendar.published_until) == (
        "insurer",
        "Asia/Shanghai",
        2026,
    )
    assert dict(calendar.title).keys() == {"zh", "en"}
    assert calendar.day(date(2026, 10, 1)).kind == "holiday"
    assert calendar.day(date(2026, 10, 10)).working
    assert calendar.day(date(2026, 2, 14)).hours == ((540, 720),)


def test_touching_intervals_become_one_and_days_may_differ() -> None:
    hours = {"mon-thu": ["09:00-12:00", "12:00-17:30"], "fri": ["09:00-12:00"]}
    calendar = load_calendar({**GOOD, "hours": hours, "make_up": ["10:00-16:00"]})
    assert calendar.week == (((540, 1050),),) * 4 + (((540, 720),), (), ())
    assert calendar.day(date(2026, 10, 10)).hours == ((600, 960),)


def test_what_the_holiday_data_leaves_out_is_left_out_of_the_version() -> None:
    version = load_calendar(GOOD).version
    assert load_calendar({**GOOD, "title": {"en": "Other"}}).version == version
    assert load_calendar({key: GOOD[key] for key in GOOD if key != "published_until"}).version == version
    assert load_calendar({**GOOD, "published_until": 2025}).version != version
    assert load_calendar({**GOOD, "zone": "Asia/Taipei"}).version != version


def day(**fields: object) -> dict[str, object]:
    return {"company_days": [{"date": "2026-10-14", "hours": "closed", "reason": {"en": "x"}, **fields}]}


# what is changed -> where the problem is and what is said
BAD: list[tuple[object, str, str]] = [
    ("text", "", "expected a calendar with the keys"),
    ({"calendar": "A calendar"}, "calendar", "expected a name such as insurer"),
    ({"title": "Title"}, "title", "expected a text in zh, en or both"),
    ({"title": {"fr": "Titre"}}, "title", "expected a text in zh, en or both"),
    ({"title": {"en": " "}}, "title", "expected a text in zh, en or both"),
    ({"zone": "Asia/Shanghia"}, "zone", "did you mean Asia/Shanghai?"),
    ({"zone": 8}, "zone", "expected an IANA time zone"),
    ({"houres": {}}, "houres", "did you mean hours?"),
    ({"hours": []}, "hours", "expected hours by weekday"),
    ({"hours": {}}, "hours", "at least one weekday"),
    ({"hours": {"mon-fri": []}}, "hours", "at least one weekday"),
    ({"hours": {"monday": ["09:00-12:00"]}}, "hours.monday", "expected a weekday or a range"),
    ({"hours": {"fri-mon": ["09:00-12:00"]}}, "hours.fri-mon", "expected a weekday or a range"),
    ({"hours": {"mon-fri": ["09:00-12:00"], "fri": ["10:00-12:00"]}}, "hours.fri", "each weekday once"),
    ({"hours": {"mon": "09:00-12:00"}}, "hours.mon", "expected a list of intervals"),
    ({"hours": {"mon": ["9:00-12:00"]}}, "hours.mon.0", "expected an interval such as 09:00-12:00"),
    ({"hours": {"mon": ["22:00-06:00"]}}, "hours.mon.0", "within one day"),
    ({"hours": {"mon": ["09:00-24:30"]}}, "hours.mon.0", "at most to 24:00"),
    ({"hours": {"mon": [540]}}, "hours.mon.0", "expected an interval"),
    ({"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "hours.mon.1", "after the one before it"),
    ({"hours": {"mon": ["09:00-12:00"], "tue": ["10:00-12:00"]}}, "", "expected the key 'make_up'"),
    ({"make_up": []}, "make_up", "at least one interval"),
    ({"holidays": "chin"}, "holidays", "did you mean china?"),
    ({"published_until": "2026"}, "published_until", "expected a year"),
    ({"published_until": True}, "published_until", "expected a year"),
    ({"published_until": 2100}, "published_until", "china is known from 2004 to"),
    ({"company_days": {}}, "company_days", "expected a list"),
    ({"company_days": ["2026-10-14"]}, "company_days.0", "expected a company day with the keys"),
    ({"company_days": [{"date": "2026-10-14"}]}, "company_days.0", "expected the key 'hours'"),
    (day(date="2026-02-30"), "company_days.0.date", "there is no day 2026-02-30"),
    (day(date="14.10.2026"), "company_days.0.date", "expected a date such as"),
    (day(date="9999-10-14"), "company_days.0.date", "expected a date such as"),
    (day(hours="half"), "company_days.0.hours", "expected closed, usual or a list"),
    (day(hours=[]), "company_days.0.hours", "expected closed, usual or a list"),
    (day(hours=["x"]), "company_days.0.hours.0", "expected an interval"),
    (day(reason=None), "company_days.0.reason", "expected a text"),
    (day(why="x"), "company_days.0.why", "there is no key 'why'"),
    ({"company_days": day()["company_days"] * 2}, "company_days.1.date", "each date once"),  # type: ignore[operator] # a list
]


@pytest.mark.parametrize(("change", "where", "said"), BAD)
def test_wrong_files(change: object, where: str, said: str) -> None:
    with pytest.raises(CalendarError) as refused:
        load_calendar({**GOOD, **change} if isinstance(change, dict) else change)
    found = {".".join(map(str, path)): text for path, text in refused.value.problems}
    assert said in found.get(where, ""), found
    assert len(found) == len(refused.value.problems), "one problem for each place"


@pytest.mark.parametrize("key", ["calendar", "title", "zone", "hours"])
def test_missing_keys(key: str) -> None:
    with pytest.raises(CalendarError) as refused:
        load_calendar({name: value for name, value in GOOD.items() if name != key})
    assert refused.value.problems == (((), f"expected the key {key!r}"),)


def test_all_problems_at_once() -> None:
    with pytest.raises(CalendarError) as refused:
        load_calendar({**GOOD, "zone": "x", "title": 1, "holidays": "x"})
    assert [path for path, _ in refused.value.problems] == [("title",), ("zone",), ("holidays",)]
    assert str(refused.value).count("\n") == 2


def test_usual_hours_of_a_closed_day_must_be_told_where_weekdays_differ() -> None:
    hours = {"mon": ["09:00-12:00"], "tue": ["10:00-12:00"]}
    file = {**GOOD, "hours": hours, "holidays": "none", **day(hours="usual")}
    with pytest.raises(CalendarError) as refused:
        load_calendar({**file, "published_until": 2026})
    assert [path for path, _ in refused.value.problems] == [("company_days", 0, "hours")]
