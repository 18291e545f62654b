"""`caseway new`: what it writes is in order, and the scenario beside it plays through."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from tests.cli.conftest import call

SHIPPED = Path(__file__).parents[2] / "processes"
VISITORS = (
    "new", "visitor_log", "--title", "来访登记 / Log of visitors", "--queue", "complaints", "--limit", "5wd", "--step",
    "register: 登记 / Register", "--step", 'check_papers: 核对：证件 / "Papers", checked', "--step", "see_off",
)  # fmt: skip


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped house, beside which the test stands."""
    monkeypatch.chdir(tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "scenarios")
    shutil.copytree(SHIPPED, tmp_path / "processes", ignore=ignored)
    return tmp_path / "processes"


def test_what_is_written_is_in_order_and_its_scenario_passes(processes: Path) -> None:
    said = call(*VISITORS)
    assert said.code == 0, said.err
    assert "written: processes/visitor_log.yaml" in said.out and "caseway test" in said.out
    assert "CW" not in said.out
    people = processes / "samples" / "organisation.yaml"
    linted = call("lint", "processes/visitor_log.yaml", "--organisation", people)
    assert linted.code == 0 and linted.out.strip() == "1 process in order, 0 errors, 0 warnings"
    played = call("test", "processes/scenarios/visitor_log", "--processes", "processes")
    assert played.code == 0 and "1 passed, 0 failed" in played.out
    shown = call("show", "processes/visitor_log.yaml").out
    assert (
        "check_papers · 核对：证件 [human]" in shown
        and "See off" in call("show", "processes/visitor_log.yaml", "--lang", "en").out
    )


def test_what_is_there_stays(processes: Path) -> None:
    assert call(*VISITORS).code == 0
    again = call(*VISITORS)
    assert again.code == 2 and "is there already" in again.err


@pytest.mark.parametrize(
    ("changed", "to", "says"),
    [
        ("visitor_log", "Visitor Log", "is no name"),
        ("complaints", "complains", "There is no queue complains"),
        ("see_off", "closed", "closed is taken"),
        ("see_off", "register", "Two steps have the same name"),
        ("5wd", "5 weeks", "The limit: expected a duration"),
    ],
)
def test_answers_that_cannot_be_are_told(processes: Path, changed: str, to: str, says: str) -> None:
    said = call(*(to if each == changed else each for each in VISITORS))
    assert said.code == 2 and says in said.err
    assert not list(processes.glob("*isitor*"))


def test_a_folder_without_a_house_and_missing_answers_are_told(processes: Path, tmp_path: Path) -> None:
    assert "holds house.yaml" in call(*VISITORS, "--folder", tmp_path).err
    said = call("new", "visitor_log", "--queue", "complaints")
    assert said.code == 2 and "--step is missing" in said.err


def test_questions_are_asked_where_somebody_sits(processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.beginning.attended", lambda: True)
    answers = "visitor_log\n来访登记 / Log of visitors\ncomplaints\nregister: 登记 / Register\n\n5wd\n"
    result = CliRunner().invoke(app, ["new"], input=answers)
    assert result.exit_code == 0, result.output
    assert "Which queue does the work" in result.output and (processes / "visitor_log.yaml").exists()


def test_an_answer_that_cannot_be_is_asked_for_again(processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.beginning.attended", lambda: True)
    answers = ("Visitor Log", "claims", "guests", "来访 / Guests", "complain", "complaints", "", "登记", "register",
               "register", "", "3 weeks", "5wd")  # fmt: skip
    result = CliRunner().invoke(app, ["new"], input="".join(f"{each}\n" for each in answers))
    assert result.exit_code == 0, result.output
    for told in ("is no name", "claims.yaml is there already", "Did you mean 'complaints'?", "same name", "The limit:"):
        assert told in result.output
    assert (processes / "guests.yaml").exists()


def test_without_people_there_is_no_scenario(processes: Path) -> None:
    (processes / "samples" / "organisation.yaml").unlink()
    said = call(*VISITORS)
    assert said.code == 0 and "no scenario was written" in said.out and not (processes / "scenarios").exists()
