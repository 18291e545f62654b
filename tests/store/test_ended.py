"""What a quality sample is drawn from: ended cases with whoever had a part in them, on both databases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import CancelCase, Command, CompleteTask, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tasks.commands import RestrictCase
from tasks.registry import Job
from tests.support.branch import MONDAY, settle_in

MONTH = "2026-03"
LAST_HOUR = datetime.fromisoformat("2026-03-31T23:30+08:00")


@pytest.fixture
def place(home: Home) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as caseway:
        settle_in(caseway)
        yield caseway


def set_clock(place: Caseway, at: datetime) -> None:
    assert isinstance(place.clock, VirtualClock)
    place.clock.set(at)


def ask(place: Caseway, case: str, command: Command, actor: str) -> None:
    answer = place.ask(case, command, actor)
    assert isinstance(answer, Accepted), answer


def begin(place: Caseway) -> str:
    answer = place.start(StartCase("visit", {"who": "老王"}), "ann")
    assert isinstance(answer, Accepted), answer
    return answer.case


def visit(place: Caseway) -> str:
    case = begin(place)
    do(place, case, "go", "chen", "met")
    return case


def do(place: Caseway, case: str, step: str, by: str, outcome: str = "", data: Any = None) -> None:
    (number,) = place.connection.one(
        "SELECT id FROM tasks WHERE case_id = ? AND step = ? AND closed_at IS NULL", (case, step)
    )
    ask(place, case, CompleteTask(number, outcome, data or {}), by)


def draw(place: Caseway, month: str = MONTH, **more: Any) -> Any:
    plan = [
        {"process": name, "percent": 100, "least": 0, "most": 50, "second": 0, **more} for name in ("order", "visit")
    ]
    job = Job("seed", "ZJ-1", "draw", {"month": month, "plan": plan}, "k", 1)
    return place.registry.workers["draw_sample"].serve(job)


def test_who_had_a_part_in_a_case_or_in_what_it_called_is_told(place: Caseway) -> None:
    given = {"who": "老王", "kind": "double", "policy": "none", "loss_date": "2026-03-01"}
    started = place.start(StartCase("order", given), "ann")
    assert isinstance(started, Accepted), started
    assert draw(place)["count"] == 0, "it has not ended"
    do(place, started.case, "check", "chen", "ok", {"amount": "10.00", "score": 1, "note": "好"})
    place.work()
    do(place, started.case, "left", "li", data={"note": "左"})
    do(place, started.case, "right", "sun", data={"other_note": "右"})
    set_clock(place, MONDAY + timedelta(hours=5))
    place.sweep()  # and the limit is missed
    (called,) = place.connection.one("SELECT id FROM cases WHERE parent = ?", (started.case,))
    do(place, called, "go", "wang", "met")
    place.sweep()
    do(place, started.case, "approve", "gu", "approve")
    place.work()
    order, inner = draw(place)["cases"]
    assert order["end"] == "done" and order["breached"] and order["people"] == ["chen", "li", "sun", "gu", "wang"]
    assert inner["people"] == ["wang"] and not inner["breached"] and inner["end"] == "met"
    assert draw(place, breached=False)["count"] == 1 and draw(place, end="away")["count"] == 0


def test_a_month_begins_and_ends_where_the_house_is(place: Caseway) -> None:
    set_clock(place, LAST_HOUR)
    visit(place)
    set_clock(place, LAST_HOUR + timedelta(hours=1))
    visit(place)
    for month, count in (("2026-02", 0), (MONTH, 1), ("2026-04", 1)):
        assert draw(place, month)["count"] == count


def test_what_is_cancelled_restricted_or_destroyed_is_not_drawn(place: Caseway) -> None:
    plain, restricted, destroyed, cancelled = visit(place), begin(place), visit(place), begin(place)
    ask(place, restricted, RestrictCase("a colleague's", ()), "sun")
    do(place, restricted, "go", "sun", "met")
    ask(place, cancelled, CancelCase("entered twice"), "sun")
    place.destroy(destroyed)
    found = draw(place)
    assert [case["number"] for case in found["cases"]] == [plain]
    assert found["strata"][1]["ended"] == 2, "that there was one more is no secret"
    assert draw(place) == found


def test_a_long_month_is_read_by_the_page(place: Caseway, monkeypatch: pytest.MonkeyPatch) -> None:
    from bootstrap import ended

    monkeypatch.setattr(ended, "_ENDED", ended._ENDED.replace(f"LIMIT {ended.PAGE}", "LIMIT 2"))
    made = {visit(place) for _ in range(5)}
    assert {case["number"] for case in draw(place)["cases"]} == made
