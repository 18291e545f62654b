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


def test_what_was_deployed_and_loaded_in_the_very_moment_of_a_case_makes_no_finding(tmp_path: Path) -> None:
    """Only the order of what happened tells what the cases were decided by; the moment does not."""
    create(Home(tmp_path / "home"))
    branch = tmp_path / "branch"
    shutil.copytree(FOLDER, branch, ignore=shutil.ignore_patterns("__pycache__"))
    calendar, people = branch / "calendars" / "office.yaml", branch / "people" / "organisation.yaml"
    with Caseway(Home(tmp_path / "home"), VirtualClock(MONDAY)) as app:
        settle_in(app)
        deadlines, hours, who = set[int](), "00:00-12:00", people.read_text(encoding="utf-8")
        for close in ("11:00", "10:00", "09:00"):
            text = calendar.read_text(encoding="utf-8")
            assert hours in text
            calendar.write_text(text.replace(hours, hours := f"00:00-{close}"), encoding="utf-8")
            app.deploy(branch, "ann")
            for _ in range(2):
                answer = app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
                assert isinstance(answer, Accepted), answer
                row = app.connection.one("SELECT max(deadline) FROM clocks WHERE case_id = ?", (answer.case,))
                deadlines.add(row[0])
                people.write_text(who.replace("name: Wu", f"name: Wu {app.directory.revision}"), encoding="utf-8")
                app.load_organisation(people, "ann")
        assert len(deadlines) == 3 and app.directory.revision == 7, "each is used"
        report = app.verify(deep=True)
        assert report.clean, report.findings
