"""Clocks derived anew from history are as the case has them; where they are not, it is said what differs and why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from msgspec import structs

from bootstrap import MACHINE, Home
from engine.core.events import Event
from sla import events as e
from sla.calendar import Day, WorkCalendar
from sla.events import ExtendClock
from sla.rebuild import Difference, rebuild
from tests.support.bureau import Bureau
from workbench.rebuilding import of_case, of_open
from workbench.story import events_of


@pytest.fixture
def bureau(home: Home) -> Iterator[Bureau]:
    made = Bureau(home)
    yield made
    made.close()


def test_after_weeks_of_work_nothing_differs(bureau: Bureau) -> None:
    bureau.bustle(40, 7)
    found = [of_case(bureau.app, row[0]) for row in bureau.app.connection.all("SELECT id FROM cases")]
    assert len(found) == 80
    assert [one for one in found if one.differences or one.why] == []
    kinds = {type(event) for case, in bureau.app.connection.all("SELECT id FROM cases")
             for _, row in events_of(bureau.app, case) for event in row}  # fmt: skip
    assert {e.ClockPaused, e.ClockResumed, e.ClockExtended, e.ClockStopped, e.ClockClosed, e.RungFired} <= kinds
    assert len(list(of_open(bureau.app))) < 80


def without(history: list[tuple[datetime, list[Event]]], kind: type[Event]) -> list[tuple[datetime, list[Event]]]:
    return [(at, [event for event in row if not isinstance(event, kind)]) for at, row in history]


def test_what_an_engine_left_out_is_found(bureau: Bureau) -> None:
    """The history of a case in which a rung did not fire, as a fault of an engine would leave it."""
    case, app = bureau.start("plea", kind="hard"), bureau.app
    bureau.wait(hours=40)
    process, env = app.definitions.process("plea"), app.env()
    assert process is not None
    whole = events_of(app, case)
    assert rebuild(MACHINE, process, whole, env) == []
    found = rebuild(MACHINE, process, without(whole, e.RungFired), env)
    assert Difference("answer", 1, "rung", "due: 0", "1") in found


def test_a_calendar_that_changed_is_named_as_the_reason(bureau: Bureau) -> None:
    case = bureau.start("permit", urgent=True, asked_at=bureau.clock.now().isoformat())
    assert bureau.ask(case, ExtendClock("issued", "1wd", "ill"), "sun")
    app, office = bureau.app, bureau.app.calendars["office"]
    process = app.definitions.process("permit")
    assert process is not None and isinstance(office, WorkCalendar)
    whole = events_of(app, case)
    assert rebuild(MACHINE, process, whole, app.env()) == []
    shut = (date(2026, 3, 4).toordinal(), Day("company", (), {"en": "Stocktaking"}))
    env = structs.replace(app.env(), calendars={"office": replace(office, special=(*office.special, shut))})
    (found,) = rebuild(MACHINE, process, whole, env)
    assert (found.clock, found.what, found.why) == ("issued", "deadline", "calendar")
    assert found.anew - found.kept == timedelta(days=1)
