"""Pauses, percent, extensions: the meter of a limit, worked by hand. Local times of Shanghai.

The calendar's days have 7.5 hours: 09:00-12:00 and 13:00-17:30. 12 October 2026 is a Monday, the Saturday
before it was worked; no holiday comes after it that year.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.core.durations import Meter, parse_duration
from sla.calendar_files import load_calendar

ZONE = ZoneInfo("Asia/Shanghai")
FILE = {
    "calendar": "c",
    "title": {"en": "Calendar"},
    "zone": "Asia/Shanghai",
    "hours": {"mon-fri": ["09:00-12:00", "13:00-17:30"]},
    "holidays": "china",
    "published_until": 2026,
}
CALENDAR = load_calendar(FILE)
END = "23:59:59.999999"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


def shown(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%m-%d %H:%M:%S.%f}".removesuffix(".000000").removesuffix(":00")


def run(start: str, limit: str, *changes: str) -> Meter:
    """`changes`: alternately when it pauses and when it resumes, or `+30d` for an extension."""
    length, _, roll = limit.partition(" ")
    meter = Meter.start(CALENDAR, at(start), parse_duration(length), roll == "roll")
    for change in changes:
        if change.startswith("+"):
            meter = meter.extend(CALENDAR, parse_duration(change[1:]))
        else:
            turn = meter.pause if meter.running else meter.resume
            meter = turn(CALENDAR, at(change))
    return meter


# start, limit, pauses and resumes, due
PAUSES = [
    ("10-12 10:00", "5wd", [], "10-19 17:30"),
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-15 12:00"], "10-21 17:30"),  # two whole days
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-14 09:00"], "10-20 14:30"),  # 4.5 of 7.5 hours: 0.6 day
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-13 12:00"], "10-19 17:30"),  # no time at all
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-13 13:00"], "10-19 17:30"),  # lunch
    ("10-12 10:00", "5wd", ["10-16 17:30", "10-19 09:00"], "10-19 17:30"),  # a weekend
    ("10-12 10:00", "5wd", ["10-12 11:00", "10-12 15:00"], "10-19 17:30"),  # the start day never counts
    ("10-12 10:00", "5wd", ["10-12 11:00", "10-13 12:00"], "10-20 12:00"),  # of it and the next, 0.4 day
    ("10-12 10:00", "5wd", ["10-13 09:00", "10-13 12:00", "10-14 13:00", "10-14 17:30"], "10-20 17:30"),
    ("09-28 10:00", "3wd", ["09-29 09:00", "09-30 17:30"], "10-10 17:30"),  # before National Day, two days
    ("09-28 10:00", "3wd", ["09-30 17:30", "10-08 09:00"], "10-08 17:30"),  # over National Day: nothing
    ("10-12 10:00", "15d", ["10-13 09:00", "10-15 15:00"], "10-30 06:00"),
    ("10-12 10:00", "15d", ["10-13 00:00", "10-15 00:00"], f"10-29 {END}"),
    ("10-12 10:00", "15d", ["10-12 11:00", "10-12 20:00"], f"10-27 {END}"),  # the start day
    ("10-12 10:00", "48h", ["10-12 12:00", "10-12 15:00"], "10-14 13:00"),
    ("10-12 10:00", "10wh", ["10-12 12:00", "10-12 14:00"], "10-13 14:30"),
    ("10-12 10:00", "10wh", ["10-12 20:00", "10-13 08:00"], "10-13 13:30"),
    ("10-12 10:00", "5d roll", [], f"10-19 {END}"),  # the 17th is a Saturday
    (
        "10-12 10:00",
        "4d roll",
        ["10-13 10:00", "10-14 10:00"],
        f"10-19 {END}",
    ),  # moved onto a Saturday, rolled
    ("10-12 10:00", "4d roll", ["10-13 10:00", "10-13 10:00"], f"10-16 {END}"),
    ("10-12 10:00", "5d roll", ["10-19 10:00", "10-21 10:00"], f"10-21 {END}"),  # paused on the day rolled to
]


@pytest.mark.parametrize(("start", "limit", "changes", "due"), PAUSES)
def test_pauses(start: str, limit: str, changes: list[str], due: str) -> None:
    meter = run(start, limit, *changes)
    assert shown(meter.due.at) == due
    assert meter.share_at(CALENDAR, meter.due.at) == 1


def test_a_paused_meter_keeps_what_is_left() -> None:
    meter = run("10-12 10:00", "5wd", "10-13 12:00")
    assert (meter.running, meter.used, meter.allowance) == (False, timedelta(days=0.4), timedelta(days=5))
    assert meter.used_at(CALENDAR, at("11-30 10:00")) == timedelta(days=0.4)
    assert meter.reach(CALENDAR, Decimal("0.8")) is None
    assert meter.pause(CALENDAR, at("10-20 10:00")) is meter


def test_a_pause_after_the_deadline_no_longer_moves_it() -> None:
    for limit, due in {"5wd": "10-19 17:30", "5d": f"10-17 {END}", "48h": "10-14 10:00"}.items():
        meter = run("10-12 10:00", limit, "10-20 12:00", "10-22 09:00")
        assert shown(meter.due.at) == due
        assert meter.share_at(CALENDAR, at("10-22 09:00")) > 1


# start, limit, pauses, share, when it is reached
SHARES = [
    ("10-12 10:00", "5wd", [], "0.8", "10-16 17:30"),
    ("10-12 10:00", "5wd", [], "1", "10-19 17:30"),
    ("10-12 10:00", "5wd", [], "1.2", "10-20 17:30"),
    ("10-12 10:00", "5wd", [], "0", "10-13 00:00"),
    ("10-12 10:00", "5wd", [], "0.5", "10-15 13:45"),  # 2.5 days: 3.75 h of the third
    ("10-12 10:00", "30wd", [], "0.8", "11-13 17:30"),  # the close of the 24th working day
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-15 12:00"], "0.8", "10-20 17:30"),
    ("10-12 10:00", "15d", [], "0.8", f"10-24 {END}"),
    ("10-12 10:00", "24h", [], "0.5", "10-12 22:00"),
    ("10-12 10:00", "10wh", [], "0.8", "10-13 10:30"),
    (
        "10-12 10:00",
        "5wd",
        ["10-19 12:00", "10-20 12:00"],
        "0.8",
        "10-20 12:00",
    ),  # passed before: since the resume
]


@pytest.mark.parametrize(("start", "limit", "changes", "share", "when"), SHARES)
def test_reaching_a_share(start: str, limit: str, changes: list[str], share: str, when: str) -> None:
    meter = run(start, limit, *changes)
    found = meter.reach(CALENDAR, Decimal(share))
    assert found is not None and shown(found.at) == when


def test_used_share() -> None:
    meter = run("10-12 10:00", "5wd")
    table = {
        "10-12 17:00": "0",
        "10-13 12:00": "0.08",
        "10-16 17:30": "0.8",
        "10-17 12:00": "0.8",
        "10-19 17:30": "1",
    }
    assert {when: meter.share_at(CALENDAR, at(when)) for when in table} == {
        when: Decimal(share) for when, share in table.items()
    }


# start, limit, changes, due
EXTENSIONS = [
    ("10-12 10:00", "5wd", ["+5wd"], "10-26 17:30"),
    ("10-12 10:00", "5wd", ["10-13 12:00", "+5wd", "10-15 12:00"], "10-28 17:30"),  # granted during a pause
    ("10-12 10:00", "5wd", ["10-13 12:00", "10-14 09:00", "+1wd"], "10-21 14:30"),
    ("10-12 10:00", "30d", ["+30d"], f"12-11 {END}"),
    ("10-12 10:00", "30d", ["+1mo"], f"12-11 {END}"),  # from 11 November
    ("10-12 10:00", "4d roll", ["+1d"], f"10-19 {END}"),
    ("10-12 10:00", "24h", ["+90min"], "10-13 11:30"),
    ("10-12 10:00", "24h", ["10-15 10:00", "+1h"], "10-13 11:00"),  # too late, and too little, to mend it
]


@pytest.mark.parametrize(("start", "limit", "changes", "due"), EXTENSIONS)
def test_extensions(start: str, limit: str, changes: list[str], due: str) -> None:
    assert shown(run(start, limit, *changes).due.at) == due


def test_an_extension_is_in_the_limits_own_measure() -> None:
    with pytest.raises(ValueError, match="expected an extension in s or min or h, like the limit, not 2d"):
        run("10-12 10:00", "48h", "+2d")
