"""`caseway forecast`: what was learnt, how good it was, and of one case what its chance is made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap import Home
from tests.cli.conftest import BEGAN, Said, call
from tests.support.bureau import Bureau
from tests.support.permits import season


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Permits of the last weeks, nearly all of them settled, and an urgent one that is open."""
    home = tmp_path_factory.mktemp("bureau")
    made = Bureau(Home(home), BEGAN - timedelta(days=53, hours=2))
    season(made)
    made.start("permit", urgent=True, asked_at=made.clock.now().isoformat())
    made.close()
    return home


def test_it_learns_shows_how_good_it_was_and_explains_a_case(bureau: Path) -> None:
    def ask(*args: str) -> Said:
        return call("forecast", *args, home=bureau)

    said = ask()
    assert said.code == 0, said.err
    assert "permit" in said.out and "Told of 1 open cases" in said.out
    (row,) = [one for one in ask("--json").json if one["process"] == "permit"]
    assert (row["clock"], row["refused"], row["says"]) == ("issued", "", "the chance")
    assert row["runs"] > 290 and row["held_out"] > 50 and float(row["brier"]) < float(row["base"])
    (number,) = [one["number"] for one in call("case", "list", "--json", home=bureau).json if one["status"] == "open"]
    (one,) = ask("--case", number, "--json").json
    assert (one["clock"], one["why"]) == ("issued", "") and 0.5 < float(one["chance"]) < 1
    assert "class true" in {part["words"] for part in one["traits"]}
    assert "that it is breached" in ask("--case", number).out
    (listed,) = call("sla", "likely", "--json", home=bureau).json
    assert (listed["number"], listed["why"]) == (number, "") and float(listed["chance"]) > 0.5
    (row,) = call("report", "forecast", "--format", "json", home=bureau).json["rows"]
    assert float(row["brier"]) < float(row["brier_base"]) and row["says"] == "says the chance"
    assert "says the chance" in call("report", "forecast", home=bureau).out
    assert "类别：true" in ask("--case", number, "--lang", "zh").out


def test_it_says_that_it_knows_too_little_and_of_what_is_not_there(bureau: Path, tmp_path: Path) -> None:
    few = Bureau(Home(tmp_path), BEGAN - timedelta(days=40))
    season(few, 20)
    few.wait(seconds=(BEGAN - timedelta(hours=2) - few.clock.now()).total_seconds())
    few.start("permit", urgent=True, asked_at=few.clock.now().isoformat())
    few.close()
    assert "knows too little: fewer than 200 runs" in " ".join(call("forecast", home=tmp_path).out.split())
    (number,) = [one["number"] for one in call("case", "list", "--json", home=tmp_path).json if one["status"] == "open"]
    assert "issued: knows too little: fewer than" in call("forecast", "--case", number, home=tmp_path).out
    assert "knows too little" in call("sla", "likely", home=tmp_path).out
    assert call("forecast", "--case", "nobody", home=bureau).code == 1
    assert "Did you mean permit?" in call("forecast", "--process", "permi", home=bureau).err
