"""Forecasts in the store: learnt from settled runs, told of open ones, gone with the run and with its case."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from bootstrap import Home
from engine.runtime.tables import micros
from reports.forecast import keep
from reports.forecast.forecaster import EVERY, FRESH
from tests.support.bureau import Bureau
from tests.support.permits import season
from workbench import late


@pytest.fixture
def bureau(home: Home) -> Iterator[Bureau]:
    made = Bureau(home)
    yield made
    made.close()


def permit(bureau: Bureau, urgent: bool) -> str:
    return bureau.start("permit", urgent=urgent, asked_at=bureau.clock.now().isoformat())


def likely(bureau: Bureau, case: str) -> keep.Likely:
    (run,) = bureau.app.connection.one("SELECT id FROM clocks WHERE case_id = ?", (case,))
    return keep.likely(bureau.app.connection, [(case, run)])[case, run]


def run(bureau: Bureau) -> int:
    return bureau.app.forecaster.run(bureau.clock.now())


def test_open_cases_are_told_of_from_the_history_of_like_ones(bureau: Bureau) -> None:
    season(bureau)
    urgent, other = permit(bureau, True), permit(bureau, False)
    assert likely(bureau, urgent) == keep.UNKNOWN
    assert run(bureau) == 2
    (found,) = [one for one in keep.learnt(bureau.app.connection) if one.forecast.model is not None]
    assert (found.process, found.clock, found.at) == ("permit", "issued", bureau.clock.now())
    assert found.forecast.runs == 300 and found.forecast.measured is not None
    assert found.forecast.measured.brier < found.forecast.measured.base
    more, less = likely(bureau, urgent), likely(bureau, other)
    assert more.chance is not None and less.chance is not None
    assert more.chance > Decimal("0.5") > Decimal("0.3") > less.chance
    # Nothing has changed: nothing is told anew, until it is old.
    assert run(bureau) == 0
    bureau.clock.advance(FRESH + timedelta(hours=20))
    assert run(bureau) == 2
    later = likely(bureau, other)
    assert later.chance is not None and later.chance > less.chance  # those that were quick are done by now
    bureau.complete("issue", "li")
    run(bureau)
    assert bureau.app.connection.one("SELECT count(*) FROM forecast_chances")[0] == 1
    bureau.app.destroy(other)
    assert bureau.app.connection.one("SELECT count(*) FROM forecast_chances")[0] == 0


def test_it_says_that_it_knows_too_little(bureau: Bureau) -> None:
    season(bureau, 30)
    case = permit(bureau, True)
    run(bureau)
    assert likely(bureau, case) == keep.Likely(None, "few", bureau.clock.now())
    (found,) = keep.learnt(bureau.app.connection, "permit")
    assert (found.forecast.runs, found.forecast.refused, found.forecast.model) == (30, "few", None)


def test_a_step_of_which_nothing_was_learnt_is_not_told_of(bureau: Bureau) -> None:
    season(bureau)
    run(bureau)
    writing = bureau.app.connection
    writing.run('UPDATE forecasts SET content = replace(content, \'"steps":["issue"]\', \'"steps":["other"]\')')
    case = permit(bureau, True)
    run(bureau)
    assert likely(bureau, case).why == "unseen"


def test_it_learns_anew_once_a_day_and_stops_when_it_is_told_to(bureau: Bureau) -> None:
    permit(bureau, True)
    first = bureau.clock.now()
    assert bureau.app.forecaster.run(first, lambda: False) == 0
    assert keep.looked(bureau.app.connection) == {}
    run(bureau)
    bureau.clock.advance(EVERY - timedelta(minutes=1))
    run(bureau)
    assert set(keep.looked(bureau.app.connection).values()) == {first}
    bureau.clock.advance(timedelta(minutes=1))
    run(bureau)
    assert set(keep.looked(bureau.app.connection).values()) == {bureau.clock.now()}


def test_runs_that_have_still_time_are_not_learnt_from(bureau: Bureau) -> None:
    """They would make all seem quicker: of them only the quick are closed."""
    season(bureau, 20)
    for _ in range(20):
        permit(bureau, False)
        bureau.complete("issue", "li")
    bureau.app.forecaster.learn("permit", bureau.clock.now())
    (found,) = keep.learnt(bureau.app.connection, "permit")
    assert found.forecast.runs == 20


def test_of_many_cases_some_are_drawn(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    season(bureau, 40)
    monkeypatch.setattr("reports.forecast.forecaster.CASES", 10)
    bureau.app.forecaster.learn("permit", bureau.clock.now())
    (found,) = keep.learnt(bureau.app.connection, "permit")
    assert 0 < found.forecast.runs < 30
    old = bureau.clock.now() + timedelta(days=400)
    bureau.app.forecaster.learn("permit", old)
    assert keep.learnt(bureau.app.connection, "permit") == []
    assert micros(keep.looked(bureau.app.connection)["permit"]) == micros(old)


def test_the_list_by_chance_goes_from_the_likeliest_to_those_of_unknown_chance_page_by_page(bureau: Bureau) -> None:
    cases = [permit(bureau, True) for _ in range(7)]
    run(bureau)
    connection, now = bureau.app.connection, bureau.clock.now()
    for case, chance in zip(cases, (500, 9000, 500, None, 20, None, 7000), strict=True):
        connection.run("UPDATE forecast_chances SET chance = ? WHERE case_id = ?", (chance, case))
    whole = [row.case for _, row in late.likely(connection, now, {"back"})]
    assert whole[:2] == [cases[1], cases[6]] and set(whole[2:4]) == {cases[0], cases[2]} and whole[4] == cases[4]
    assert whole[5:] == [cases[3], cases[5]]  # the soonest due first
    paged, after = list[str](), None
    while some := late.likely(connection, now, {"back"}, after=after, limit=2):
        paged, after = [*paged, *(row.case for _, row in some)], some[-1][0]
    assert paged == whole
    assert late.likely(connection, now, {"desk"}) == []
    assert late.likely(connection, now + timedelta(days=30), {"back"}) == []  # late by then
