"""Counting: at the borders of periods, by two at once, of what is destroyed, and in another zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bootstrap import Caseway, Home
from engine.core.commands import CompleteTask
from engine.core.model import Process
from engine.runtime.errors import StoreError
from reports import ask, lists
from reports.ask import Scope, Wanted
from reports.periods import period
from sla.events import AcknowledgeBreach, ExtendClock
from tests.support.bureau import Bureau

ZONE = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 6, 30, 16, 0, tzinfo=UTC)
"""The first moment of the third quarter in Shanghai."""


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    made = Bureau(Home(tmp_path), END - timedelta(days=9))
    yield made
    made.close()


def issue(bureau: Bureau, at: datetime) -> str:
    """A permit that was asked for days before, and is issued at a moment: late."""
    case = bureau.start("permit", urgent=True, asked_at=(bureau.clock.now() - timedelta(days=20)).isoformat())
    bureau.clock.set(at)
    task = next(row[1] for row in bureau.tasks() if row[0] == case)
    assert bureau.ask(case, CompleteTask(task), "li")
    return case


def late(app: Caseway, text: str, scope: Scope = ask.EVERYTHING) -> tuple[int, int]:
    """How many were late in a period, by the sums and by the list."""
    wanted = Wanted(period(text, END.date()), scope)
    rows = lists.missed(app.connection, wanted, "late", zone=ZONE)
    return ask.total(ask.compliance(app.connection, wanted, "process")).late, len(rows)


def test_what_closes_at_midnight_belongs_to_the_new_period(bureau: Bureau) -> None:
    issue(bureau, END - timedelta(microseconds=1))
    issue(bureau, END)
    bureau.app.collector.run(bureau.clock.now())
    for before, after in (("2026-Q2", "2026-Q3"), ("2026-06", "2026-07"), ("2026-06-30", "2026-07-01")):
        assert (late(bureau.app, before), late(bureau.app, after)) == ((1, 1), (1, 1))
    assert late(bureau.app, "2026-W27") == (2, 2)
    assert late(bureau.app, "2026-06-30..2026-07-01") == (2, 2)
    assert late(bureau.app, "2026", Scope(frozenset({"desk"}), frozenset())) == (0, 0)


def test_a_reason_that_is_given_afterwards_moves_the_run_to_it(bureau: Bureau) -> None:
    case, app = issue(bureau, END), bureau.app
    app.collector.run(bureau.clock.now())
    wanted = Wanted(period("2026-Q3", END.date()))
    assert [(one.value, one.late) for one in ask.compliance(app.connection, wanted, "reason")] == [("", 1)]
    assert bureau.ask(case, AcknowledgeBreach("issued", "staff"), "sun")
    app.collector.run(bureau.clock.now())
    assert [(one.value, one.late) for one in ask.compliance(app.connection, wanted, "reason")] == [("staff", 1)]
    rows = lists.missed(app.connection, wanted, "late", "reason", "staff", zone=ZONE)
    assert [(one.case, one.reason, one.person, one.lost) for one in rows] == [(case, "staff", "", ())]


def test_more_time_is_listed_with_who_gave_it_why_and_how_much_there_may_be(bureau: Bureau) -> None:
    app, begun = bureau.app, bureau.clock.now()
    case = bureau.start("permit", urgent=True, asked_at=begun.isoformat())
    bureau.clock.advance(timedelta(minutes=5))
    assert bureau.ask(case, ExtendClock("issued", "1wd", "the expert is ill"), "sun")
    assert not bureau.ask(case, ExtendClock("issued", "1wd", "once more"), "sun")
    app.collector.run(bureau.clock.now())
    wanted = Wanted(period("2026-Q2", END.date()))
    (found,) = lists.extensions(app.connection, wanted, zone=ZONE)
    assert (found.case, found.clock, found.clauses, found.origin) == (case, "issued", ("X-3",), "manual")
    assert (found.length, found.most, found.reason, found.approver) == ("1wd", "1wd", "the expert is ill", "sun")
    assert found.at == bureau.clock.now() and found.deadline - found.before >= timedelta(days=1)
    later = lists.extensions(app.connection, wanted, after=(0, "", 0), zone=ZONE)
    assert later == [] == lists.extensions(app.connection, Wanted(period("2026-Q3", END.date())), zone=ZONE)
    app.destroy(case)
    app.collector.run(bureau.clock.now())
    assert lists.extensions(app.connection, wanted, zone=ZONE) == []


def test_what_an_older_program_counted_is_counted_anew(bureau: Bureau) -> None:
    issue(bureau, END)
    bureau.app.collector.run(bureau.clock.now())
    bureau.app.connection.run("UPDATE meta SET value = replace(value, ',\"form\":1', '') WHERE key = 'reports'")
    bureau.app.connection.run("DELETE FROM report_runs")
    assert bureau.app.collector.due(bureau.clock.now())
    bureau.app.collector.run(bureau.clock.now())
    assert late(bureau.app, "2026-Q3") == (1, 1)


def test_two_who_count_at_once_count_everything_once(bureau: Bureau) -> None:
    issue(bureau, END)
    with Caseway(bureau.app.home, bureau.clock) as other:
        write = bureau.app.runner.write

        def after_the_other(run: object, machine: bool = False) -> object:
            bureau.app.runner.write = write  # type: ignore[method-assign]  # as it was
            other.collector.run(bureau.clock.now())
            return write(run, machine)  # type: ignore[arg-type]  # what came is passed on

        bureau.app.runner.write = after_the_other  # type: ignore[method-assign,assignment]  # once
        bureau.app.collector.run(bureau.clock.now())
    assert late(bureau.app, "2026-Q3") == (1, 1)


def test_what_was_counted_of_a_destroyed_case_stays_counted_and_names_it_no_more(bureau: Bureau) -> None:
    case, app = issue(bureau, END), bureau.app
    app.collector.run(bureau.clock.now())
    app.destroy(case)
    app.collector.run(bureau.clock.now())
    assert late(app, "2026-Q3") == (1, 0)
    app.connection.run("DELETE FROM meta WHERE key = 'reports'")
    app.collector.run(bureau.clock.now())
    assert late(app, "2026-Q3") == (1, 0)
    assert app.connection.one("SELECT count(*) FROM report_cases WHERE case_id = ?", (case,))[0] == 0


def test_figures_say_until_when_they_are_counted_and_are_counted_again_when_old(bureau: Bureau) -> None:
    app = bureau.app
    assert ask.as_of(app.connection) is None
    app.count()
    begun = bureau.clock.now()
    assert ask.as_of(app.connection) == begun
    bureau.clock.advance(timedelta(seconds=30))
    app.count()
    assert ask.as_of(app.connection) == begun
    bureau.clock.advance(timedelta(seconds=31))
    app.count()
    assert ask.as_of(app.connection) == bureau.clock.now()


def test_another_zone_counts_all_anew(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    issue(bureau, END)
    bureau.app.collector.run(bureau.clock.now())
    monkeypatch.setattr(Caseway, "zone", property(lambda self: "America/New_York"))
    bureau.app.collector.run(bureau.clock.now())
    wanted = Wanted(period("2026-06-30", END.date()))
    assert ask.total(ask.compliance(bureau.app.connection, wanted, "process")).late == 1


def test_a_version_that_is_not_to_be_had_any_more_keeps_nothing_else_up(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.start("plea", kind="plain")
    issue(bureau, END)
    known = bureau.app.definitions.process

    def process(name: str, version: str = "") -> Process | None:
        if name == "plea":
            raise StoreError("It does not compile any more.")
        return known(name, version)

    monkeypatch.setattr(bureau.app.definitions, "process", process)
    bureau.app.collector.run(bureau.clock.now())
    assert late(bureau.app, "2026-Q3") == (1, 1)
