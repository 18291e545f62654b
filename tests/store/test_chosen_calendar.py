"""Cases whose data choose the calendar of a clock: rows, recount, explanation and rebuild go by the one chosen."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from bootstrap import Caseway, Home, create
from engine.core.commands import CompleteTask, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from tests.support import bureau
from workbench import recounting
from workbench.rebuilding import of_case
from workbench.story import accounts

CLOSED = [{"date": "2026-03-04", "hours": "closed", "reason": {"zh": "停业", "en": "Closed"}}]


def written(to: Path) -> Path:
    """The bureau, whose urgent permits are issued by its office in the west."""
    shutil.copytree(bureau.FOLDER, to, ignore=shutil.ignore_patterns("__*"))
    for name, change in (
        ("house.yaml", {"calendars": {"office": "calendars/office.yaml", "west": "calendars/west.yaml"}}),
        ("permit.yaml", {}),
    ):
        words = yaml.safe_load((to / name).read_text("utf-8")) | change
        if name == "permit.yaml":
            words["clocks"]["issued"]["calendar"] = "{{ 'west' if urgent else none }}"
        (to / name).write_text(yaml.safe_dump(words, allow_unicode=True, sort_keys=False), "utf-8")
    west(to)
    return to


def west(folder: Path, **more: object) -> None:
    words = yaml.safe_load((folder / "calendars/office.yaml").read_text("utf-8"))
    words |= {"calendar": "west", "hours": {"mon-fri": ["10:00-19:30"]}, **more}
    (folder / "calendars/west.yaml").write_text(yaml.safe_dump(words, allow_unicode=True, sort_keys=False), "utf-8")


@pytest.fixture
def place(home: Home, tmp_path: Path) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(bureau.MONDAY)) as app:
        app.deploy(written(tmp_path / "west"), "sun")
        app.load_organisation(bureau.FOLDER / "people" / "organisation.yaml", "sun")
        yield app


def deadlines(app: Caseway) -> dict[str, str]:
    rows = app.connection.all("SELECT calendar, deadline FROM clocks WHERE clock = 'issued'")
    return {calendar: f"{moment(at) + timedelta(hours=8):%m-%d %H:%M}" for calendar, at in rows}


def test_each_case_counts_on_its_own(place: Caseway, tmp_path: Path) -> None:
    started = []
    for urgent in (False, True):
        answer = place.start(StartCase("permit", {"urgent": urgent, "asked_at": "2026-03-02T09:00:00+08:00"}), "li")
        assert isinstance(answer, Accepted), answer
        started.append(answer.case)
    assert deadlines(place) == {"office": "03-04 17:30", "west": "03-04 19:30"}

    west(tmp_path / "west", company_days=CLOSED)
    place.deploy(tmp_path / "west", "sun")
    calendar = place.calendars["west"]
    assert list(recounting.older(place, calendar)) == [[started[1]]]
    assert [(move.clock, f"{move.after:%m-%d}") for move in recounting.moves(place, calendar)] == [("issued", "03-05")]
    assert recounting.recount(place, calendar, "sun", "closed on Wednesday").cases == 1
    assert deadlines(place) == {"office": "03-04 17:30", "west": "03-05 19:30"}

    for case in started:
        anew = of_case(place, case)
        assert not anew.differences and not anew.why, "what is counted anew is what the case keeps"
        (told,) = accounts(place, case)
        assert f"{told.deadline + timedelta(hours=8):%m-%d %H:%M}" in deadlines(place).values()
        (task,) = place.connection.one("SELECT id FROM tasks WHERE case_id = ?", (case,))
        assert isinstance(place.ask(case, CompleteTask(task), "wang"), Accepted)
    assert place.verify().clean
