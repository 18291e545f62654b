"""Deadlines worked by hand (R27). Every row can be checked with a wall calendar; local times throughout.

China 2026 (State Council): New Year 1-3 January, working on Sunday 4 January; Spring Festival 15-23 February,
working on Saturdays 14 and 28 February; Mid-Autumn 25-27 September; National Day 1-7 October, working on
Sunday 20 September and Saturday 10 October.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.durations import parse_duration
from sla.calendar import WorkCalendar
from sla.calendar_files import load_calendar

T = {"zh": "日历", "en": "Calendar"}


def made(zone: str, hours: dict[str, list[str]], **more: object) -> WorkCalendar:
    return load_calendar({"calendar": "c", "title": T, "zone": zone, "hours": hours, **more})


def company(day: str, hours: object) -> dict[str, object]:
    return {"date": day, "hours": hours, "reason": {"en": "ours"}}


LUNCH = ["09:00-12:00", "13:00-17:30"]
CALENDARS = {
    "china": made("Asia/Shanghai", {"mon-fri": LUNCH}, holidays="china", published_until=2026),
    "company": made(
        "Asia/Shanghai",
        {"mon-fri": LUNCH},
        holidays="china",
        published_until=2026,
        company_days=[
            company("2026-02-14", ["09:00-12:00"]),  # a make-up day cut to a half
            company("2026-10-14", "closed"),
            company("2026-10-17", "usual"),  # a Saturday
            company("2026-10-08", ["10:00-11:00"]),
        ],
    ),
    "long": made("Asia/Shanghai", {"mon-fri": ["08:00-18:00"]}),
    "night": made("Asia/Shanghai", {"mon-fri": ["00:00-06:00", "22:00-24:00"]}),
    "berlin": made("Europe/Berlin", {"mon-fri": ["09:00-17:00"]}),
    "berlin_always": made("Europe/Berlin", {"mon-sun": ["00:00-24:00"]}),
    "berlin_sundays": made("Europe/Berlin", {"sun": ["01:00-05:00"]}),
    "berlin_gap": made("Europe/Berlin", {"sun": ["02:15-02:45", "03:00-04:00"]}),
    "berlin_only_gap": made("Europe/Berlin", {"sun": ["02:15-02:45"]}),
    "new_york": made("America/New_York", {"mon-fri": ["09:00-17:00"]}),
    "new_york_sundays": made("America/New_York", {"sun": ["01:30-02:30"]}),
    "havana": made("America/Havana", {"mon-sun": ["00:00-24:00"]}),
    "kathmandu": made("Asia/Kathmandu", {"mon-fri": ["10:00-16:00"]}),
}

END = "23:59:59.999999"

# calendar, start, limit, due
VECTORS = [
    # Spring Festival with its make-up days
    ("china", "2026-02-12 10:00", "1wd", "2026-02-13 17:30"),
    ("china", "2026-02-12 10:00", "2wd", "2026-02-14 17:30"),
    ("china", "2026-02-12 10:00", "3wd", "2026-02-24 17:30"),
    ("china", "2026-02-12 10:00", "7wd", "2026-02-28 17:30"),
    ("china", "2026-02-12 10:00", "8wd", "2026-03-02 17:30"),
    ("china", "2026-02-18 12:00", "1wd", "2026-02-24 17:30"),  # starts in the holiday
    ("china", "2026-02-14 10:00", "1wd", "2026-02-24 17:30"),  # starts on a make-up day, which never counts
    ("china", "2026-02-14 17:00", "1wh", "2026-02-24 09:30"),
    # Mid-Autumn and National Day
    ("china", "2026-09-18 09:00", "1wd", "2026-09-20 17:30"),
    ("china", "2026-09-18 09:00", "5wd", "2026-09-24 17:30"),
    ("china", "2026-09-18 09:00", "6wd", "2026-09-28 17:30"),
    ("china", "2026-09-18 09:00", "9wd", "2026-10-08 17:30"),
    ("china", "2026-09-18 09:00", "11wd", "2026-10-10 17:30"),
    ("china", "2026-09-18 09:00", "12wd", "2026-10-12 17:30"),
    ("china", "2026-09-24 17:00", "1wh", "2026-09-28 09:30"),
    ("china", "2026-10-03 15:00", "1wh", "2026-10-08 10:00"),
    # across year ends
    ("china", "2025-12-30 10:00", "1wd", "2025-12-31 17:30"),
    ("china", "2025-12-30 10:00", "2wd", "2026-01-04 17:30"),
    ("china", "2025-12-30 10:00", "3wd", "2026-01-05 17:30"),
    ("china", "2025-12-31 17:00", "1wh", "2026-01-04 09:30"),
    ("china", "2026-12-29 10:00", "2wd", "2026-12-31 17:30"),
    ("china", "2026-12-29 10:00", "3wd", "2027-01-01 17:30 provisional"),  # nobody knows that holiday yet
    ("china", "2026-12-31 17:00", "1wh", "2027-01-01 09:30 provisional"),
    ("china", "2026-12-29 10:00", "5d", f"2027-01-03 {END}"),  # calendar days are certain
    ("china", "2026-12-29 10:00", "100h", "2027-01-02 14:00"),
    ("china", "2003-12-30 10:00", "3wd", "2004-01-05 17:30"),  # out of a year not known: it will never be
    # the hour of the start does not matter to days
    ("china", "2026-10-12 00:00", "1wd", "2026-10-13 17:30"),
    ("china", "2026-10-12 23:59:59.999999", "1wd", "2026-10-13 17:30"),
    ("china", "2026-10-10 20:00", "1wd", "2026-10-12 17:30"),
    ("china", "2026-10-12 00:00", "1d", f"2026-10-13 {END}"),
    ("china", "2026-10-12 23:59", "1d", f"2026-10-13 {END}"),
    # calendar days, rolled or not
    ("china", "2026-09-20 11:00", "15d", f"2026-10-05 {END}"),
    ("china", "2026-09-20 11:00", "15d roll", f"2026-10-08 {END}"),
    ("china", "2026-09-15 11:00", "5d roll", f"2026-09-20 {END}"),  # a Sunday that is worked
    ("china", "2026-10-12 11:00", "5d roll", f"2026-10-19 {END}"),  # a plain Saturday
    ("china", "2026-12-20 11:00", "13d roll", f"2027-01-04 {END} provisional"),
    # months and years
    ("china", "2026-01-31 10:00", "1mo", f"2026-02-28 {END}"),
    ("china", "2026-01-31 10:00", "1mo roll", f"2026-02-28 {END}"),  # a Saturday that is worked
    ("china", "2026-01-16 10:00", "1mo roll", f"2026-02-24 {END}"),
    ("china", "2025-11-30 10:00", "3mo", f"2026-02-28 {END}"),
    ("china", "2025-12-15 10:00", "1mo", f"2026-01-15 {END}"),
    ("china", "2024-02-29 10:00", "1y", f"2025-02-28 {END}"),
    ("china", "2024-02-29 10:00", "4y", f"2028-02-29 {END}"),
    ("china", "2026-10-12 10:00", "10y", f"2036-10-12 {END}"),
    # working hours: lunch, nights, outside hours
    ("long", "2026-10-12 17:00", "4wh", "2026-10-13 11:00"),
    ("china", "2026-10-13 11:00", "1wh", "2026-10-13 12:00"),
    ("china", "2026-10-13 11:00", "2wh", "2026-10-13 14:00"),
    ("china", "2026-10-13 12:30", "1wh", "2026-10-13 14:00"),
    ("china", "2026-10-13 12:00", "1wh", "2026-10-13 14:00"),
    ("china", "2026-10-13 06:00", "1wh", "2026-10-13 10:00"),
    ("china", "2026-10-13 17:00", "1wh", "2026-10-14 09:30"),
    ("china", "2026-10-13 17:00", "0.5wh", "2026-10-13 17:30"),
    ("china", "2026-10-13 09:00", "15wh", "2026-10-14 17:30"),
    ("china", "2026-10-16 20:00", "1wh", "2026-10-19 10:00"),
    ("china", "2026-10-17 12:00", "0wh", "2026-10-17 12:00"),
    ("night", "2026-10-12 21:00", "4wh", "2026-10-13 02:00"),
    ("night", "2026-10-12 21:00", "2wh", "2026-10-13 00:00"),
    ("night", "2026-10-12 21:00", "1wd", f"2026-10-13 {END}"),  # open until 24:00
    ("night", "2026-10-16 23:00", "2wh", "2026-10-19 01:00"),
    # company days
    ("company", "2026-02-13 17:00", "2wh", "2026-02-14 10:30"),
    ("company", "2026-02-13 10:00", "1wd", "2026-02-14 12:00"),
    ("company", "2026-02-13 17:00", "4wh", "2026-02-24 09:30"),
    ("company", "2026-10-13 10:00", "1wd", "2026-10-15 17:30"),
    ("company", "2026-10-13 10:00", "3wd", "2026-10-17 17:30"),
    ("company", "2026-10-01 10:00", "1wd", "2026-10-08 11:00"),
    ("company", "2026-10-16 17:00", "1wh", "2026-10-17 09:30"),
    # elapsed
    ("china", "2026-02-16 10:00", "48h", "2026-02-18 10:00"),
    ("china", "2026-02-16 10:00", "90min", "2026-02-16 11:30"),
    ("china", "2026-02-16 23:59", "90s", "2026-02-17 00:00:30"),
    # daylight saving: 29 March and 25 October 2026 in Berlin, 8 March and 1 November in New York
    ("berlin", "2026-03-28 12:00", "24h", "2026-03-29 13:00"),
    ("berlin", "2026-10-24 12:00", "24h", "2026-10-25 11:00"),
    ("berlin", "2026-03-28 12:00", "1d", f"2026-03-29 {END}"),
    ("berlin", "2026-03-27 16:00", "2wh", "2026-03-30 10:00"),
    ("berlin", "2026-03-27 16:00", "1wd", "2026-03-30 17:00"),
    ("berlin", "2026-10-23 16:00", "1wd", "2026-10-26 17:00"),
    ("berlin_always", "2026-03-28 12:00", "24wh", "2026-03-29 13:00"),
    ("berlin_always", "2026-10-24 12:00", "24wh", "2026-10-25 11:00"),
    ("berlin_sundays", "2026-03-28 12:00", "3wh", "2026-03-29 05:00"),  # that night had three hours
    ("berlin_sundays", "2026-03-28 12:00", "4wh", "2026-04-05 02:00"),
    ("berlin_sundays", "2026-10-24 12:00", "5wh", "2026-10-25 05:00"),  # and this one five
    ("berlin_sundays", "2026-10-24 12:00", "6wh", "2026-11-01 02:00"),
    ("berlin_gap", "2026-03-28 12:00", "1wh", "2026-03-29 04:00"),  # 02:15-02:45 never came
    ("berlin_only_gap", "2026-03-28 12:00", "1wd", "2026-04-05 02:45"),  # nor did that working day
    ("new_york", "2026-03-06 16:00", "2wh", "2026-03-09 10:00"),
    ("new_york", "2026-10-30 16:00", "1wd", "2026-11-02 17:00"),
    ("new_york", "2026-10-31 12:00", "24h", "2026-11-01 11:00"),
    ("new_york_sundays", "2026-10-31 12:00", "2wh", "2026-11-01 02:30"),  # from the first 01:30 on
    ("havana", "2026-10-31 12:00", "1d", f"2026-11-01 {END}"),  # midnight itself came twice that night
    ("havana", "2026-03-06 12:00", "1d", f"2026-03-07 {END}"),  # and here it was jumped over
    ("havana", "2026-03-07 12:00", "1d", f"2026-03-08 {END}"),
    ("havana", "2026-03-07 12:00", "24wh", "2026-03-08 13:00"),
    ("kathmandu", "2026-10-12 15:30", "1wh", "2026-10-13 10:30"),
]


def local(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(("name", "start", "limit", "due"), VECTORS)
def test_due(name: str, start: str, limit: str, due: str) -> None:
    calendar = CALENDARS[name]
    length, _, roll = limit.partition(" ")
    instant = due.removesuffix(" provisional")
    found = calendar.due(local(calendar.zone, start).astimezone(UTC), parse_duration(length), roll == "roll")
    assert found.at.tzinfo is UTC
    assert str(found.at.astimezone(calendar.zone).replace(tzinfo=None)) == str(datetime.fromisoformat(instant))
    assert found.provisional == ("provisional" in due)
    assert found.version == calendar.version


def test_the_offset_after_a_jump_is_the_new_one() -> None:
    berlin, york = CALENDARS["berlin"], CALENDARS["new_york"]
    friday = datetime(2026, 3, 27, 15, tzinfo=UTC)
    assert berlin.due(friday, parse_duration("1wd")).at == datetime(2026, 3, 30, 15, tzinfo=UTC)
    friday = datetime(2026, 10, 30, 20, tzinfo=UTC)
    assert york.due(friday, parse_duration("1wd")).at == datetime(2026, 11, 2, 22, tzinfo=UTC)


def test_the_start_day_is_the_calendars_own() -> None:
    """23:30 UTC on Monday is Tuesday in Shanghai and still Monday in New York."""
    start = datetime(2026, 10, 12, 23, 30, tzinfo=UTC)
    shanghai, york = CALENDARS["long"], CALENDARS["new_york"]
    assert shanghai.due(start, parse_duration("1wd")).at == local(shanghai.zone, "2026-10-14 18:00")
    assert york.due(start, parse_duration("1wd")).at == local(york.zone, "2026-10-13 17:00")


# calendar, at, offset back, result
BACK = [
    ("china", "2026-10-16 17:30", "1wd", "2026-10-15 17:30"),
    ("china", "2026-10-12 17:30", "1wd", "2026-10-10 17:30"),  # a Saturday that is worked
    ("china", "2026-10-18 23:59", "1wd", "2026-10-16 17:30"),
    ("china", "2026-01-05 09:00", "2wd", "2025-12-31 17:30"),
    ("china", "2026-10-16 17:30", "2h", "2026-10-16 15:30"),
    ("china", "2026-10-16 14:00", "2wh", "2026-10-16 11:00"),
    (
        "china",
        "2026-10-13 10:00",
        "1wh",
        "2026-10-13 09:00",
    ),  # the latest such instant, not last night's close
    ("china", "2026-10-13 09:30", "1wh", "2026-10-12 17:00"),
    ("china", "2026-01-04 09:30", "1wh", "2025-12-31 17:00"),
    ("china", "2026-10-17 12:00", "0wh", "2026-10-17 12:00"),
    ("china", "2026-10-16 17:30", "3d", f"2026-10-13 {END}"),
    ("china", "2026-03-31 12:00", "1mo", f"2026-02-28 {END}"),
    ("china", "2026-01-31 12:00", "2mo", f"2025-11-30 {END}"),
]


@pytest.mark.parametrize(("name", "at", "offset", "result"), BACK)
def test_shift_back(name: str, at: str, offset: str, result: str) -> None:
    calendar = CALENDARS[name]
    found = calendar.shift(local(calendar.zone, at), parse_duration(offset), back=True)
    assert found.at == local(calendar.zone, result)


# calendar, from, to, unit, measure
MEASURES = [
    ("china", "2026-10-13 09:00", "2026-10-13 17:30", "wd", timedelta(days=1)),
    ("china", "2026-10-13 12:00", "2026-10-14 12:00", "wd", timedelta(days=1)),
    ("china", "2026-10-13 09:00", "2026-10-13 12:00", "wd", timedelta(days=0.4)),
    ("china", "2026-10-13 12:00", "2026-10-13 13:00", "wd", timedelta(0)),
    ("china", "2026-02-13 17:30", "2026-02-28 17:30", "wd", timedelta(days=6)),
    ("company", "2026-02-14 09:00", "2026-02-14 10:30", "wd", timedelta(days=0.5)),  # half of a half day
    ("company", "2026-02-14 00:00", "2026-02-15 00:00", "wh", timedelta(hours=3)),
    ("china", "2025-12-31 17:00", "2026-01-04 10:00", "wh", timedelta(hours=1.5)),
    ("china", "2026-10-14 10:00", "2026-10-13 10:00", "wh", timedelta(hours=-7.5)),
    ("berlin", "2026-03-28 12:00", "2026-03-30 12:00", "d", timedelta(days=2)),
    ("berlin", "2026-03-28 12:00", "2026-03-30 12:00", "h", timedelta(hours=47)),
]


@pytest.mark.parametrize(("name", "a", "b", "unit", "measure"), MEASURES)
def test_between(name: str, a: str, b: str, unit: str, measure: timedelta) -> None:
    calendar = CALENDARS[name]
    start, end = (local(calendar.zone, text).astimezone(UTC) for text in (a, b))
    assert calendar.between(start, end, unit) == measure
    if measure > timedelta(0):
        counted = [stretch.counted for stretch in calendar.stretches(start, end, unit)]
        assert sum(counted, timedelta(0)) == measure


def test_a_day_says_why_it_does_not_count() -> None:
    calendar = CALENDARS["company"]
    days = {
        "2026-10-13": ("weekday", True, ()),
        "2026-10-18": ("weekend", False, ()),
        "2026-02-17": ("holiday", False, (("en", "Spring Festival"), ("zh", "春节"))),
        "2026-10-10": ("make_up", True, (("en", "National Day"), ("zh", "国庆节"))),
        "2026-10-14": ("company", False, (("en", "ours"),)),
        "2026-10-17": ("company", True, (("en", "ours"),)),
    }
    for text, expected in days.items():
        day = calendar.day(date.fromisoformat(text))
        assert (day.kind, day.working, day.reason) == expected, text


def test_instants_without_a_zone_or_out_of_reason_are_refused() -> None:
    calendar = CALENDARS["china"]
    for unit in ("s", "h", "wh", "d", "wd", "mo", "y"):
        limit = parse_duration(f"1{unit}")
        with pytest.raises(ValueError, match="with a time zone"):
            calendar.due(datetime(2026, 1, 1), limit)  # noqa: DTZ001 - the refusal of it is what is tested
        for year in (1, 1899, 9998):
            with pytest.raises(ValueError, match="expected a year"):
                calendar.due(datetime(year, 6, 1, tzinfo=UTC), limit)


def test_a_calendar_is_a_value() -> None:
    again = made("Asia/Shanghai", {"mon-fri": LUNCH}, holidays="china", published_until=2026)
    china = CALENDARS["china"]
    assert again == china and hash(again) == hash(china) and again is not china
    earlier = made("Asia/Shanghai", {"mon-fri": LUNCH}, holidays="china", published_until=2025)
    assert earlier.version != china.version != CALENDARS["company"].version
    with pytest.raises(AttributeError):
        china.name = "other"  # type: ignore[misc] # what is tested is that it fails
