"""Reports equal what an independent script reckons from the raw history."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bootstrap import Home
from engine.runtime.history import read
from engine.runtime.tables import moment
from reports import histogram
from reports.sums import JUDGED
from sla.calendar import WorkCalendar
from tests.support.bureau import FOLDER, Bureau
from tests.support.recount import Case, definitions, recount


@pytest.fixture
def bureau(home: Home) -> Iterator[Bureau]:
    made = Bureau(home)
    yield made
    made.close()


def told(bureau: Bureau) -> tuple[dict[Any, int], dict[Any, Any]]:
    """What the sums say, day by day, in the form of `recount`."""
    connection = bureau.app.connection
    rows = connection.all("SELECT dim, day, process, queue, value, met, late, unmet, void FROM report_runs "
                          "WHERE span = 'day'")  # fmt: skip
    runs = {(*row[:5], judged): n for row in rows for judged, n in zip(JUDGED, row[5:], strict=True) if n}
    rows = connection.all("SELECT process, day, step, queue, done, again, cycle, touch, waiting FROM report_times "
                          "WHERE span = 'day'")  # fmt: skip
    times = {
        tuple(row[:4]): {
            "done": row[4], "again": row[5],
            **{name: histogram.read(text) for name, text in zip(("cycle", "touch", "waiting"), row[6:], strict=True)},
        }
        for row in rows
    }  # fmt: skip
    return runs, times


def reckoned(bureau: Bureau) -> tuple[dict[Any, int], dict[Any, Any]]:
    """What the script says, its lists of seconds as counts by class."""
    app, known = bureau.app, definitions(FOLDER)
    calendar: Any = app.calendars["office"]
    assert isinstance(calendar, WorkCalendar)
    ids = [row[0] for row in app.connection.all("SELECT id FROM cases")]
    cases = [Case([(moment(row.at), row.events) for row in read(app.database, app.vault, case)], known) for case in ids]
    runs, times = recount(cases, ZoneInfo("Asia/Shanghai"), calendar.between)
    for one in times.values():
        for name in ("cycle", "touch", "waiting"):
            classes = [histogram.class_of(seconds) for seconds in one[name]]
            one[name] = {number: classes.count(number) for number in set(classes)}
    return dict(runs), times


def agree(bureau: Bureau) -> None:
    (runs, times), (again, others) = told(bureau), reckoned(bureau)
    assert {key: n for key, n in again.items() if runs.get(key) != n} == {}
    assert runs == again
    assert times == others
    months_are_their_days(bureau)


def months_are_their_days(bureau: Bureau) -> None:
    month, connection = "substr(day, 1, 7) || '-01'", bureau.app.connection
    for columns, table in (
        ("dim, process, queue, value, sum(met), sum(late), sum(unmet), sum(void)", "report_runs"),
        ("process, step, queue, sum(done), sum(again)", "report_times"),
    ):
        key = columns[: columns.index(", sum")]
        asked = (
            "SELECT {day} AS month, {columns} FROM {table} WHERE span = ? GROUP BY {day}, {key} ORDER BY month, {key}"
        )
        days, months = (
            [
                tuple(row)
                for row in connection.all(asked.format(day=day, columns=columns, table=table, key=key), (span,))
            ]
            for day, span in ((month, "day"), ("day", "month"))
        )
        assert days == months


def lively(bureau: Bureau, rounds: int, seed: int) -> None:
    """Works, counting now and then, so that cases are counted in the middle of their lives."""
    for part in range(rounds // 5):
        bureau.bustle(5, seed + part)
        bureau.app.count()
    bureau.app.collector.run(bureau.clock.now())


def test_reports_equal_a_recomputation_from_raw_history(bureau: Bureau) -> None:
    lively(bureau, 20, 7)
    agree(bureau)
    runs, _ = told(bureau)
    assert {key[5] for key in runs} >= {"met", "late"}


@pytest.mark.long
def test_reports_of_hundreds_of_cases_equal_a_recomputation(bureau: Bureau) -> None:
    lively(bureau, 150, 11)
    bureau.wait(days=20)
    lively(bureau, 20, 500)
    agree(bureau)
    runs, times = told(bureau)
    assert {key[5] for key in runs} == set(JUDGED)
    assert {key[4] for key in runs if key[0] == "reason"} == {"", "staff", "complex"}
    assert any(one["again"] for key, one in times.items() if not key[2]), "no case was opened again"
    assert any(one["again"] for key, one in times.items() if key[2] == "work"), "nothing was done again"


def test_counting_twice_changes_nothing(bureau: Bureau) -> None:
    lively(bureau, 5, 3)
    before = told(bureau)
    bureau.clock.advance(timedelta(minutes=10))
    bureau.app.count()
    bureau.app.connection.run("DELETE FROM meta WHERE key = 'reports'")  # followed from the beginning
    bureau.app.collector.run(bureau.clock.now())
    assert told(bureau) == before
