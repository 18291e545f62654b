"""What holds the rungs of a year against the raw history finds what is wrong with them."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.almanac import Almanac, Terms, Told, faults, told

LADDER: list[dict[str, Any]] = [
    {"at": "50%"}, {"at": "due - 2wh"}, {"at": "due"}, {"at": "due + 1wd", "every": "1wd", "times": 2},
]  # fmt: skip
PLAIN, CHANGED = Almanac(()), Almanac([date(2026, 3, 5)])
MOMENTS = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=30 * each) for each in range(48 * 12)]
NEVER = datetime(2027, 1, 1, tzinfo=UTC)
START = {
    "type": "ClockStarted", "id": 1, "clock": "issued", "at": "2026-03-02T02:00:00Z", "since": "2026-03-02T02:00:00Z",
    "limit": "2wd",
}  # fmt: skip
CAME = [("03T09:30", 0, 1), ("04T07:30", 1, 1), ("04T09:30", 2, 1), ("05T09:30", 3, 1), ("06T09:30", 3, 2)]
"""Local time less eight hours: of 2wd from Monday the half is over on Tuesday at half past five."""


def fired(came: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
    return [
        {"type": "RungFired", "id": 1, "rung": rung, "repeat": repeat, "at": f"2026-03-{at}:00Z"}
        for at, rung, repeat in came
    ]


def run(*events: Any) -> Told:
    (found,) = told("c", [json.dumps([{"type": "CaseStarted", "process": "permit"}, START, *events]).encode()], {})
    return found


def wrong(*events: Any, changed: datetime = NEVER, until: datetime = NEVER) -> list[str]:
    return list(faults(run(*events), LADDER, (PLAIN, CHANGED), changed, until, MOMENTS))


def test_a_ladder_climbed_in_time_is_right() -> None:
    assert wrong(*fired(CAME)) == []


def test_what_is_left_out_doubled_early_or_late_is_found() -> None:
    assert len(wrong(*fired(CAME[:-1]))) == 1
    assert "twice" in wrong(*fired([*CAME, CAME[-1]]))[0]
    for at in ("04T09:00", "04T10:00"):
        found = wrong(*fired([*CAME[:2], (at, 2, 1), *CAME[3:]]))
        assert len(found) == 1 and "rung (2, 1)" in found[0]
    stopped = {"type": "ClockStopped", "id": 1, "at": "2026-03-04T08:00:00Z"}
    assert wrong(*fired(CAME[:2]), stopped) == []
    assert len(wrong(*fired(CAME[:3]), stopped)) == 1, "it had stopped"


def test_more_time_and_pauses_move_what_has_not_come() -> None:
    more = {"type": "ClockExtended", "id": 1, "by": "1wd", "at": "2026-03-04T02:00:00Z"}
    moved = [("05T07:30", 1, 1), ("05T09:30", 2, 1), ("06T09:30", 3, 1), ("09T09:30", 3, 2)]
    assert wrong(*fired(CAME[:1]), more, *fired(moved)) == []
    assert wrong(*fired(CAME[:1]), more, *fired(CAME[1:]))


def test_a_run_follows_a_new_calendar_once_it_is_counted_again() -> None:
    changed, until = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 3, 13, tzinfo=UTC)
    again = {"type": "ClockRebased", "id": 1, "at": "2026-03-03T13:00:00Z"}
    after = [*CAME[1:3], ("06T09:30", 3, 1), ("09T09:30", 3, 2)]
    assert wrong(*fired(CAME[:1]), again, *fired(after), changed=changed, until=until) == []
    assert wrong(*fired(CAME[:1]), again, *fired(CAME[1:]), changed=changed, until=until)
    assert "counted again" in wrong(*fired(CAME[:1]), *fired(after), changed=changed, until=until)[0]


@pytest.mark.parametrize(
    ("since", "limit", "share", "at"),
    [
        ("2026-03-02T02:00", "6wh", 0.5, "2026-03-02T06:30"),
        ("2026-03-06T09:00", "6wh", 1, "2026-03-09T08:00"),
        ("2026-03-02T02:00", "3wd", 0.5, "2026-03-04T06:00"),
        ("2026-02-13T02:00", "2wd", 1, "2026-02-24T09:30"),
        ("2026-03-02T02:00", "30h", 0.5, "2026-03-02T17:00"),
    ],
)
def test_shares_of_limits_are_walked_through(since: str, limit: str, share: float, at: str) -> None:
    start, due = (datetime.fromisoformat(f"{one}:00+00:00") for one in (since, at))
    assert Terms(PLAIN, start, limit).used(share) == due
