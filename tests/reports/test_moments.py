"""What is known of a run at a moment: what had happened by then, and nothing of what came later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bootstrap import Home
from engine.core.events import Event
from reports.forecast.moments import Watch, watch
from tests.support.bureau import Bureau
from workbench.story import events_of


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    made = Bureau(Home(tmp_path))
    yield made
    made.close()


def read(bureau: Bureau, history: list[tuple[datetime, list[Event]]]) -> Watch:
    return watch(bureau.app.definitions, bureau.app.calendars, history)


def test_no_moment_changes_by_what_comes_later(bureau: Bureau) -> None:
    bureau.bustle(40, 7)
    seen = 0
    for (case,) in bureau.app.connection.all("SELECT id FROM cases"):
        history = events_of(bureau.app, case)
        whole = read(bureau, history).found
        for rows in range(len(history) + 1):
            before = read(bureau, history[:rows]).found
            assert before == whole[: len(before)]
            assert all(moment.at <= history[rows - 1][0] for moment in before)
        assert sorted(whole, key=lambda moment: moment.at) == whole
        seen += len(whole)
    assert seen > 200


def test_a_run_is_looked_at_when_its_case_moves_and_as_its_time_goes_by(bureau: Bureau) -> None:
    case = bureau.start("permit", urgent=True, asked_at=bureau.clock.now().isoformat())
    bureau.wait(days=20)
    bureau.complete("issue", "li")
    found = read(bureau, events_of(bureau.app, case))
    assert found.clocks.open == {}
    used = [max(int(trait[6:]) for trait in ["used>=0", *moment.traits] if trait.startswith("used>="))
            for moment in found.found]  # fmt: skip
    assert used == [0, 10, 25, 50, 70, 90]  # three quarters lie between two bounds
    first, *_, last = found.found
    assert {"step:issue", "queue:back", "class:true", "waiting"} <= first.traits
    assert "step:issue used>=90" in last.traits and "here>=75" in last.traits
    assert "open>=16" in first.traits and "open>=16" not in last.traits
    assert last.steps == ["issue"] and (last.process, last.clock) == ("permit", "issued")


def test_what_is_open_is_looked_at_now_and_what_is_late_no_more(bureau: Bureau) -> None:
    begun = bureau.clock.now()
    case = bureau.start("permit", urgent=True, asked_at=begun.isoformat())
    found = read(bureau, events_of(bureau.app, case))
    (now,) = found.now(begun + timedelta(hours=1))
    assert now.at == begun + timedelta(hours=1) and now.steps == ["issue"]
    assert found.now(begun + timedelta(days=20)) == []


def test_a_calendar_that_is_gone_leaves_its_clocks_out(bureau: Bureau) -> None:
    case = bureau.start("permit", urgent=True, asked_at=bureau.clock.now().isoformat())
    gone = watch(bureau.app.definitions, {}, events_of(bureau.app, case))
    assert (gone.found, gone.now(bureau.clock.now())) == ([], [])
