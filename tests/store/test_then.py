"""Deciding again with what was in force at the moment of the command: calendars, too."""

import shutil
from datetime import timedelta
from pathlib import Path

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.support.branch import FOLDER, MONDAY, settle_in


def test_a_calendar_that_has_changed_since_makes_no_finding(tmp_path: Path) -> None:
    create(Home(tmp_path / "home"))
    shutil.copytree(FOLDER, tmp_path / "branch", ignore=shutil.ignore_patterns("__pycache__"))
    clock = VirtualClock(MONDAY)
    with Caseway(Home(tmp_path / "home"), clock) as app:
        settle_in(app)

        def started() -> str:
            answer = app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
            assert isinstance(answer, Accepted), answer
            clock.set(clock.now() + timedelta(days=1))
            return str(app.connection.one("SELECT max(deadline) FROM clocks WHERE case_id = ?", (answer.case,))[0])

        before = started()
        assert app.verify(deep=True).clean
        calendar = tmp_path / "branch" / "calendars" / "office.yaml"
        text = calendar.read_text(encoding="utf-8")
        assert "00:00-12:00" in text
        calendar.write_text(text.replace("00:00-12:00", "00:00-10:00"), encoding="utf-8")
        app.deploy(tmp_path / "branch", "ann")
        after = started()
        assert int(after) - int(before) != timedelta(days=1) // timedelta(microseconds=1), "the new calendar is used"
        report = app.verify(deep=True)
        assert report.clean, report.findings
