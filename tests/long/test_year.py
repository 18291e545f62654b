"""A year of the whole house: all its procedures, staffed, with what starts by the calendar, and killed now and then. It
ends with every case explained, everything verified, and a report."""

import random
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bootstrap import Caseway, Home
from engine.runtime.clock import VirtualClock
from tasks.stranded import KIND
from tests.support.judge import faults
from workbench.open_cases import still_open

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
KILLED = ("2026-02", "2026-05", "2026-08", "2026-11")
"""The year is killed after it has said that this month is done, some lines of virtual days later."""


def test_a_year_of_the_whole_house(tmp_path: Path) -> None:
    chance = random.Random(7)
    for month in (*KILLED, ""):
        run = subprocess.Popen(
            [sys.executable, "-u", "-m", "cli", "year", str(tmp_path / "house"), "--of", "2026", "--each", "6"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert run.stdout is not None
        said = []
        for line in run.stdout:
            said.append(line)
            if month and line.startswith(f"{month} is done"):
                try:
                    run.wait(chance.random() * 3)  # some days into the next month
                except subprocess.TimeoutExpired:
                    run.send_signal(signal.SIGKILL)
                break
        run.stdout.close()
        code = run.wait()
        assert code == (-signal.SIGKILL if month else 0), "".join(said[-30:])
    report = "".join(said)
    assert "still open, and what they wait for" in report and "compliance by clause" in report
    with Caseway(Home(tmp_path / "house"), VirtualClock(datetime(2027, 1, 1, tzinfo=UTC))) as app:
        assert not faults(app, {})[:5]
        assert not [one for one in still_open(app) if one.lost]
        begun = {row[0] for row in app.connection.all("SELECT DISTINCT process FROM cases")}
        assert set(app.definitions.names()) - begun == set(), "procedures of which no case began"
        wrong = app.connection.all("SELECT step, text FROM incidents WHERE kind <> ?", (KIND,))
        assert not wrong, "only that somebody is wanted who had no part yet may hold a case up"
