"""What comes due: timers, messages, commands between cases, periodic starts (R2, R10, R22)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.commands import CompleteTask, FireTimer, Refusal, ResumeCase, SuspendCase
from engine.runtime import messages, schedules, timers
from engine.runtime.answers import Answer
from engine.runtime.batch import Item
from engine.runtime.clock import new_id
from engine.runtime.sweeper import Sweeper, Swept
from engine.runtime.tables import micros
from tests.store.conftest import BEGIN, Town

HOUR = timedelta(hours=1)


class Shanghai:
    zone = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def sweeper(town: Town) -> Iterator[Sweeper]:
    periodic = ("daily", "by_message")
    made = Sweeper(
        town.runner,
        lambda: [town.deployed.processes[name] for name in periodic if name in town.deployed.processes],
        lambda: {"": Shanghai()},
    )
    assert made.run_once(BEGIN) == Swept()
    yield made
    made.close()


def send(town: Town, name: str = "reply", key: str = "li", ident: str = "", **payload: object) -> object:
    now = town.clock.now()
    return messages.receive(town.runner, ident or new_id(now), name, key, payload, "anna", now)


def standing(town: Town) -> dict[str, int]:
    rows = town.rows("SELECT state, count(*) FROM messages GROUP BY state")
    return {state: count for state, count in rows}


# --- timers ---------------------------------------------------------------------------------------


def test_a_timer_fires_when_it_is_due(town: Town, sweeper: Sweeper) -> None:
    case = town.start("limited")
    due = BEGIN + 2 * HOUR
    assert sweeper.earliest() == due
    assert not sweeper.run_once(town.clock.set(due - timedelta(microseconds=1)))
    swept = sweeper.run_once(town.clock.set(due))
    assert swept is not None and swept.timers == 1
    assert (town.state(case).status, town.state(case).end) == ("ended", "late")
    assert town.rows("SELECT count(*) FROM timers")[0][0] == 0


def test_timers_fire_in_the_order_in_which_they_are_due(town: Town, sweeper: Sweeper) -> None:
    town.clock.advance(HOUR)
    later = town.start("limited")
    town.clock.advance(timedelta(minutes=1))
    same = sorted(town.start("limited") for _ in range(3))
    fired: list[str] = []
    plain = town.runner.submit_items

    def listening(items: Iterable[Item], machine: bool = False) -> list[Answer]:
        given = list(items)
        fired.extend(item.request.case for item in given if isinstance(item.request.command, FireTimer))
        return plain(given, machine)

    town.runner.submit_items = listening  # type: ignore[method-assign]  # listens in
    sweeper.run_once(town.clock.advance(5 * HOUR))
    assert fired == [later, *same]


def test_a_timer_of_a_suspended_case_has_no_row(town: Town, sweeper: Sweeper) -> None:
    case = town.start("limited")
    town.do(case, SuspendCase("waits for the court"))
    assert town.rows("SELECT count(*) FROM timers")[0][0] == 0
    assert not sweeper.run_once(town.clock.advance(5 * HOUR))
    town.do(case, ResumeCase())
    assert sweeper.earliest() is not None
    sweeper.run_once(town.clock.advance(2 * HOUR))
    assert town.state(case).end == "late"


def test_a_timer_that_cannot_fire_stands_in_nobodys_way(town: Town, sweeper: Sweeper) -> None:
    town.start("limited")
    process = town.deployed.processes.pop("limited")
    town.start("two")
    swept = sweeper.run_once(town.clock.advance(3 * HOUR))
    assert swept is not None and not swept.timers
    assert sweeper.earliest() == town.clock.now() + timers.HELD
    town.deployed.processes["limited"] = process
    swept = sweeper.run_once(town.clock.advance(timers.HELD))
    assert swept is not None and swept.timers == 1


def test_only_one_sweeper_works(town: Town, sweeper: Sweeper) -> None:
    other = Sweeper(town.runner, list, name="other")
    assert other.run_once(town.clock.now()) is None
    assert other.run_once(town.clock.advance(timedelta(minutes=1))) == Swept()
    assert sweeper.run_once(town.clock.now()) is None
    other.close()
    assert sweeper.run_once(town.clock.now()) == Swept()


# --- messages -------------------------------------------------------------------------------------


def test_a_message_reaches_the_case_that_waits(town: Town, sweeper: Sweeper) -> None:
    case, other = town.start("waits", who="li"), town.start("waits", who="wang")
    assert send(town, key="li") is None
    swept = sweeper.run_once(town.clock.now())
    assert swept is not None and swept.messages == 1
    assert not town.state(case).waits and town.state(other).waits
    assert standing(town) == {"delivered": 1}


UNWRITABLE = [
    ("key", {"key": "a\0b"}),
    ("key", {"key": "\udcff"}),
    ("key", {"key": "x" * 201}),
    ("id", {"ident": "\0"}),
    ("id", {"ident": "x" * 201}),
    ("payload", {"text": "x" * 200_000}),
]


@pytest.mark.parametrize(("code", "wrong"), UNWRITABLE)
def test_a_message_that_no_store_can_hold(town: Town, sweeper: Sweeper, code: str, wrong: dict[str, str]) -> None:
    refused = send(town, **wrong)
    assert isinstance(refused, Refusal) and refused.code == code
    assert standing(town) == {}


def test_a_message_may_come_early(town: Town, sweeper: Sweeper) -> None:
    send(town)
    sweeper.run_once(town.clock.now())
    assert standing(town) == {"pending": 1}
    sweeper.run_once(town.clock.advance(26 * HOUR))
    case = town.start("waits", who="li")
    sweeper.run_once(town.clock.now())
    assert not town.state(case).waits and standing(town) == {"delivered": 1}


def test_a_message_comes_too_early(town: Town, sweeper: Sweeper) -> None:
    send(town)
    sweeper.run_once(town.clock.now())
    assert sweeper.earliest() is not None
    sweeper.run_once(town.clock.advance(timedelta(days=7)))
    assert standing(town) == {"undelivered": 1}
    case = town.start("waits", who="li")
    sweeper.run_once(town.clock.now())
    assert town.state(case).waits


def test_an_unknown_message_is_refused(town: Town) -> None:
    refusal = send(town, "replly")
    assert "did you mean reply" in getattr(refusal, "text", "")
    assert standing(town) == {}


def test_a_message_is_taken_in_once(town: Town, sweeper: Sweeper) -> None:
    case, other = town.start("waits", who="li"), town.start("waits", who="li")
    for _ in range(2):
        assert send(town, ident="m1", text="hello") is None
        sweeper.run_once(town.clock.now())
    assert getattr(send(town, ident="m1", text="something else"), "code", "") == "repeated"
    assert [bool(town.state(c).waits) for c in (case, other)] == [False, True]


def test_one_case_of_each_process_gets_it_the_longest_waiting(town: Town, sweeper: Sweeper) -> None:
    first = town.start("waits", who="li")
    town.clock.advance(HOUR)
    second, elsewhere = town.start("waits", who="li"), town.start("also_waits", who="li")
    send(town)
    sweeper.run_once(town.clock.now())
    assert [bool(town.state(c).waits) for c in (first, second, elsewhere)] == [False, True, False]
    send(town)
    sweeper.run_once(town.clock.now())
    assert not town.state(second).waits


def test_a_message_starts_a_case_when_nobody_waits(town: Town, sweeper: Sweeper) -> None:
    send(town, "claim_reported", "anything", who="li")
    sweeper.run_once(town.clock.now())
    sweeper.run_once(town.clock.advance(2 * HOUR))
    rows = town.rows("SELECT number, status, state FROM cases")
    assert [(row[0], row[1]) for row in rows] == [("M-1", "open")]
    assert '"who":"li"' in rows[0][2]


def test_what_a_case_sends_goes_out_with_it(town: Town, sweeper: Sweeper) -> None:
    hears, waits = [town.start("alert") for _ in range(2)], town.start("waits", who="li")
    town.start("sends", who="li", note="see you")
    assert town.rows("SELECT count(*) FROM inbox")[0][0] == 2
    sweeper.run_once(town.clock.now())
    assert {town.state(case).status for case in hears} == {"ended"}
    assert not town.state(waits).waits
    notice = town.rows('SELECT "to", template, facts, sent_at FROM outbox')[0]
    assert tuple(notice) == ('["role.boss"]', "told", '{"who":"li"}', None)


# --- between cases --------------------------------------------------------------------------------


def test_a_called_case_runs_and_answers(town: Town, sweeper: Sweeper) -> None:
    parent = town.start("calls", who="li")
    sweeper.run_once(town.clock.now())
    child = town.rows("SELECT id FROM cases WHERE parent = ?", parent)[0][0]
    for note in ("", "done"):
        town.do(child, CompleteTask(town.task(child), data={"note": note}))
    swept = sweeper.run_once(town.clock.now())
    assert swept is not None and swept.inbox == 1
    assert (town.state(parent).status, town.state(parent).data["note"]) == ("ended", "done")


def test_a_command_in_the_inbox_is_run_once(town: Town, sweeper: Sweeper) -> None:
    """Also by two who have both read it."""
    town.start("calls", who="li")
    rows = town.rows("SELECT * FROM inbox")
    other = Sweeper(town.new_runner(), list, name="sweeper")
    assert [sweeper.run_once(town.clock.now()), other.run_once(town.clock.now())] == [Swept(inbox=1), Swept()]
    names = "id, case_id, command, ground, created, due, attempts, error"
    town.runner.write(lambda c: c.run(f"INSERT INTO inbox ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(rows[0])))
    other.run_once(town.clock.now())
    assert town.rows("SELECT count(*) FROM cases WHERE process = 'two'")[0][0] == 1
    assert town.rows("SELECT count(*) FROM inbox")[0][0] == 0
    other.close()
    other._runner.close()


def test_a_call_that_cannot_start_comes_back_as_an_error(town: Town, sweeper: Sweeper) -> None:
    parent = town.start("calls", who="li")
    town.deployed.processes.pop("two")
    sweeper.run_once(town.clock.now())
    [incident] = town.state(parent).incidents.values()
    assert incident.kind == "error" and "process" in incident.text
    assert town.rows("SELECT count(*) FROM inbox")[0][0] == 0


def test_a_fault_keeps_the_command_for_later(town: Town, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch) -> None:
    town.start("calls", who="li")

    def fault(*args: object) -> None:
        raise ZeroDivisionError("made to fail")

    with monkeypatch.context() as patch:
        patch.setattr(town.machine, "decide", fault)
        assert sweeper.run_once(town.clock.now()) == Swept()
    row = town.rows("SELECT attempts, due, error FROM inbox")[0]
    assert row[0] == 1 and row[1] > micros(town.clock.now()) and "made to fail" in row[2]
    assert sweeper.run_once(town.clock.advance(HOUR)) == Swept(inbox=1)


# --- by the clock ---------------------------------------------------------------------------------


def starts_of(town: Town) -> int:
    count: int = town.rows("SELECT count(*) FROM cases WHERE process = 'daily'")[0][0]
    return count


@pytest.mark.parametrize(("missed", "late", "expected"), [("once", 3, 1), ("all", 3, 4), ("skip", 3, 0)])
def test_what_was_missed(town: Town, sweeper: Sweeper, missed: str, late: int, expected: int) -> None:
    daily = town.deployed.processes["daily"]
    town.deployed.processes["daily"] = replace(daily, start=replace(daily.start, missed=missed))
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # of the third, in Shanghai
    assert sweeper.earliest() == midnight
    town.clock.set(midnight + timedelta(days=late, hours=1))
    sweeper.run_once(town.clock.now())
    assert starts_of(town) == expected
    assert sweeper.earliest() == midnight + timedelta(days=late + 1)
    sweeper.run_once(town.clock.set(midnight + timedelta(days=late + 1, minutes=1)))
    assert starts_of(town) == expected + 1


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("day", "2026-11-16T16:00"),
        ("week", "2026-11-22T16:00"),
        ("month", "2026-11-30T16:00"),
        ("quarter", "2026-12-31T16:00"),
        ("half", "2026-12-31T16:00"),
        ("year", "2026-12-31T16:00"),
        ("90min", "2026-11-16T05:30"),
    ],
)
def test_when_a_period_begins_anew(every: str, expected: str) -> None:
    after = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)  # a Monday, noon in Shanghai
    assert schedules.following(every, after, Shanghai()).isoformat()[:16] == expected
