"""What programs outside are told: written with the command, taken once, tried again, given up; on both databases."""

import json
from datetime import timedelta

from engine.core import events as core
from engine.core.commands import CancelCase
from engine.runtime.hooks import TRIES, Calls, Listeners, Tried
from engine.runtime.tables import micros
from tests.store.conftest import BEGIN, Town
from web.live import CHANGED

KINDS = {core.CaseStarted: lambda event: "case.started", core.CaseEnded: lambda event: "case.cancelled"}


def listening(town: Town, *events: str) -> Listeners:
    """A webhook for these events, and a runner that tells it."""
    row = ("hook", "https://example.org", json.dumps(events), "", b"key", micros(BEGIN), "anna")
    sql = "INSERT INTO webhooks (id, url, events, title, key, made_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?)"
    town.runner.write(lambda connection: connection.run(sql, row))
    found = Listeners(town.database, KINDS)
    town.runner.close()
    town.runner = town.new_runner(listeners=found)
    return found


def test_a_call_is_written_with_its_command_and_not_for_a_refused_one(town: Town) -> None:
    found = listening(town, "case.started", "case.cancelled")
    case = town.start("two")
    town.do(case, CancelCase("twice"))
    town.do(case, CancelCase("thrice"))
    rows = town.rows("SELECT case_id, revision, events, state FROM webhook_calls ORDER BY revision")
    assert [tuple(row[:2]) for row in rows] == [(case, 1), (case, 2)] and {row[3] for row in rows} == {"pending"}
    assert json.loads(rows[0][2]) == [{"type": "case.started"}]
    found.close()


def test_a_repeated_command_tells_nothing_again(town: Town) -> None:
    found = listening(town, "case.cancelled")
    case = town.start("two")
    for _ in range(2):
        town.do(case, CancelCase("twice"), "same")
    assert town.rows("SELECT count(*) FROM webhook_calls") == [(1,)]
    found.close()


def test_calls_are_taken_once_tried_again_and_given_up(town: Town) -> None:
    found, calls, now = listening(town, "case.started"), Calls(town.runner), BEGIN
    town.start("two")
    for attempt in range(TRIES):
        (call,) = calls.take(now)
        assert call.attempts == attempt and calls.take(now) == []
        calls.report([Tried(call, 500, "answered 500")], now)
        now += timedelta(hours=6)
    assert calls.take(now) == [] and town.rows("SELECT state, attempts FROM webhook_calls") == [("dead", TRIES)]
    assert calls.again("hook", call.id, now) and not calls.again("other", call.id, now)
    (call,) = calls.take(now)
    calls.report([Tried(call, 204)], now)
    assert calls.tidy(now + timedelta(days=6)) == 0 and calls.tidy(now + timedelta(days=8)) == 1
    found.close()


def test_a_call_that_nobody_reports_on_is_due_again(town: Town) -> None:
    found, calls = listening(town, "case.started"), Calls(town.runner)
    town.start("two")
    (call,) = calls.take(BEGIN, seconds=60)
    assert calls.take(BEGIN + timedelta(seconds=59)) == []
    assert [one.id for one in calls.take(BEGIN + timedelta(seconds=61))] == [call.id]
    found.close()


def test_that_something_was_written_shows_at_once(town: Town) -> None:
    """What the poller of the live pages asks first."""
    watching = town.database.connect()
    seen = [watching.one(CHANGED[town.database.dialect])[0] for _ in range(2)]
    town.start("two")
    seen.append(watching.one(CHANGED[town.database.dialect])[0])
    assert seen[0] == seen[1] != seen[2]
    watching.close()
