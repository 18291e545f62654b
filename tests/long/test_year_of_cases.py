"""A year of 20,000 cases, killed again and again, with a calendar that changes on the way: each rung of each clock came
once, when it was due, and reports say what is reckoned once more from the raw history."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bootstrap import Caseway, Home
from engine.runtime.clock import VirtualClock
from engine.runtime.history import read
from tests.reports.test_recount import agree, told
from tests.support import almanac, twelvemonth
from tests.support.almanac import Almanac
from tests.support.twelvemonth import CHANGED, CLOSED, LADDERS, LAPSE, RECOUNTED

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
CASES = 20_000
KILLED = 8
"""How often at any moment; once more in the recount."""


class Year:
    """The year as it is lived: by one process after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.chance = folder, random.Random(7)
        self.begun: list[datetime] = []
        self.killed: list[datetime] = []

    def live(self) -> None:
        moments = [at for at in twelvemonth.moments() if at not in (CHANGED, RECOUNTED)]
        stops = [at.isoformat() for at in sorted(self.chance.sample(moments, KILLED))]
        stops = sorted([*stops, RECOUNTED.isoformat()])
        for stop in [*("lot" if one == RECOUNTED.isoformat() else one for one in stops), ""]:
            assert self._process(stop) == (-signal.SIGKILL if stop else 0)

    def _process(self, stop: str) -> int:
        """The year goes on until that is said and a moment has passed; to its end if that is nothing."""
        since = [self.begun[-1].isoformat()] if self.begun else []
        command = [sys.executable, "-m", "tests.long.year_child", str(self.folder), str(CASES), *since]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
            assert one.stdout is not None
            for line in one.stdout:
                self._hear(line.strip())
                if stop and line.strip() == stop:
                    threading.Event().wait(self.chance.random() * 0.05)
                    one.send_signal(signal.SIGKILL)
                    stop = ""
        if one.returncode:
            self.killed.append(self.begun[-1])
        return one.returncode

    def _hear(self, line: str) -> None:
        if line.startswith(str(twelvemonth.YEAR)) or line.startswith(str(twelvemonth.YEAR - 1)):
            at = datetime.fromisoformat(line)
            if not self.begun or at != self.begun[-1]:
                self.begun.append(at)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    made = Year(tmp_path_factory.mktemp("year") / "house")
    made.live()
    return made


@pytest.fixture
def app(year: Year) -> Iterator[Caseway]:
    with Caseway(Home(year.folder), VirtualClock(datetime(2027, 1, 1, tzinfo=UTC))) as app:
        yield app


def test_the_year_was_lived_and_killed(year: Year, app: Caseway) -> None:
    assert year.begun == list(twelvemonth.moments())
    assert len(year.killed) == KILLED + 1 and RECOUNTED in year.killed
    assert app.connection.one("SELECT count(*) FROM cases") == (CASES,)
    ended, late = app.connection.one(
        "SELECT (SELECT count(*) FROM cases WHERE status = 'ended'), (SELECT count(*) FROM clocks WHERE breached = 1)"
    )
    assert ended > 0.95 * CASES and late > 0.1 * CASES
    assert app.connection.all("SELECT * FROM incidents") == []
    report = app.verify()
    assert report.clean and report.whole == CASES, report.findings[:3]


def test_each_rung_came_once_when_it_was_due(year: Year, app: Caseway) -> None:
    almanacs, again = (Almanac(CLOSED[False]), Almanac(CLOSED[True])), {at + LAPSE: at for at in year.killed}
    came, wrong, moved = 0, list[str](), {"sooner": 0, "later": 0}
    for (case,) in app.connection.all("SELECT id FROM cases ORDER BY id"):
        for run in almanac.told(case, (row.events for row in read(app.database, app.vault, case)), again):
            ladder = LADDERS[run.process].get(run.clock, [])
            wrong += almanac.faults(run, ladder, almanacs, CHANGED, RECOUNTED, year.begun)
            came += len(run.fired)
            for kind, _, event in run.changes:
                if kind == "ClockRebased" and event["old"] != event["deadline"]:
                    moved["later" if event["old"] < event["deadline"] else "sooner"] += 1
    assert not wrong, f"{len(wrong)} wrong: {wrong[:5]}"
    assert came > 30_000 and min(moved.values()) > 5


def test_reports_are_what_the_raw_history_gives(app: Caseway) -> None:
    place: Any = SimpleNamespace(app=app)  # for a bureau, of which no more is asked
    agree(place)
    runs, _ = told(place)
    assert {key[5] for key in runs} == {"met", "late", "unmet", "void"}
