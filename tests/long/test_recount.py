"""A recount of open deadlines on a new calendar is killed again and again: called once more it does the rest, and every
clock is counted again once."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap import MACHINE, Asked, Caseway, Home
from engine.core.commands import StartCase
from engine.core.durations import parse_duration
from engine.runtime.answers import Accepted
from engine.runtime.history import read
from sla.events import ClockRebased
from sla.measure import metered
from sla.model import clock_of
from tests.cli.conftest import house as house
from tests.cli.conftest import made as made
from tests.long.test_ended import CLAIM, ROOT
from workbench.calendar_days import DayOff, with_days
from workbench.recounting import older
from workbench.story import state_of

pytestmark = pytest.mark.long

CALENDAR = Path("processes/calendars/insurer.yaml")
BOSS = "gu_mingyuan"
CASES = 800
KILLED = 6


def recounted(house: Path, after: int, app: Caseway, version: str) -> bool:
    """Has the clocks counted again by a process that is killed once so many are; whether it ended by itself."""
    command = [sys.executable, "-m", "cli", "calendar", "recount", "--as", BOSS, "--home", str(house)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=house, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        tick = threading.Event()
        while one.poll() is None and done(app, version) < after:
            tick.wait(0.005)
        one.send_signal(signal.SIGKILL)
        _, told = one.communicate(timeout=60)
    assert one.returncode in (0, -signal.SIGKILL), told
    return one.returncode == 0


def done(app: Caseway, version: str) -> int:
    sql = "SELECT count(*) FROM clocks WHERE calendar = 'insurer' AND version = ? AND status IN ('running', 'paused')"
    return int(app.connection.one(sql, (version,))[0])


def test_a_recount_that_is_killed_goes_on_where_it_was(house: Path) -> None:
    chance = random.Random(7)
    with Caseway(Home(house)) as app:
        for lot in range(CASES // 100):
            asked = [Asked(f"many{lot}x{each}", StartCase("claims", CLAIM)) for each in range(100)]
            for answer in app.ask_many(asked, "lu_yao"):
                assert isinstance(answer, Accepted), answer
        today = app.clock.now().date()
        days = [DayOff(today + timedelta(days=each), "closed", "away") for each in range(3, 9)]
        text, calendar, _ = with_days((house / CALENDAR).read_text(encoding="utf-8"), CALENDAR.name, days)
        (house / CALENDAR).write_text(text, encoding="utf-8")
        app.deploy(house / "processes", BOSS)
        version = calendar.version
        total = app.connection.one("SELECT count(*) FROM clocks WHERE calendar = 'insurer' AND status <> 'stopped'")[0]
        killed = 0
        while killed < KILLED and not recounted(
            house, done(app, version) + chance.randint(1, total // (KILLED + 1)), app, version
        ):
            killed += 1
        assert killed, "it was killed on the way"
        assert recounted(house, 10**9, app, version)
        assert not list(older(app, calendar))
        again: Counter[tuple[str, int]] = Counter()
        for (case,) in app.connection.all("SELECT id FROM cases"):
            for row in read(app.database, app.vault, case):
                for event in MACHINE.decode_events(row.events):
                    if isinstance(event, ClockRebased) and event.version == version:
                        again[case, event.id] += 1
            state, process = state_of(app, case)
            for run in state.clocks.open.values():
                clock = clock_of(process, run.clock)
                late = run.paused is None and run.deadline < app.clock.now()
                if run.version == version and run.paused is None and not late:
                    due = metered(calendar, run.since, parse_duration(run.limit), clock.roll, run.more, run.breaks).due
                    assert due.at == run.deadline, (case, run.clock)
        assert again and set(again.values()) == {1} and len(again) == done(app, version)
        report = app.verify()
        assert not report.tampered and not report.findings and report.whole == report.cases
