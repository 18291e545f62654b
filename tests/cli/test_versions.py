"""`diff`, `version stats` and `migrate`: from a plan to moved cases, by two persons."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import call

MOVE = "migration: claims\nto: in_force\nreason: new rules\n"


@pytest.fixture
def renewed(house: Path) -> Path:
    """The claims' 30 days are 20 now, and the registering step has another title."""
    claims = house / "processes" / "claims.yaml"
    text = claims.read_text()
    (house / "old").mkdir()
    changed = re.sub(r"limit: 30d", "limit: 20d", text, count=1)
    changed = changed.replace("en: Claims}", "en: Claims of all kinds}", 1)
    assert changed != text
    claims.write_text(changed)
    assert call("deploy", "--as", "gu_mingyuan", home=house).code == 0
    (house / "move.yaml").write_text(MOVE)
    return house


def test_two_versions_are_compared_in_words(renewed: Path) -> None:
    known = call("version", "stats", "claims", "--json", home=renewed).json
    said = call("diff", f"claims@{known[0]['version']}", "claims@in_force", "--lang", "en", home=renewed)
    assert said.code == 0 and "title" in said.out and "Claims of all kinds" in said.out
    same = call("diff", "claims@in_force", renewed / "processes" / "claims.yaml", "--lang", "en", home=renewed)
    assert same.out.strip() == "both say the same"
    assert call("diff", "claims@zzzz", "claims@in_force", home=renewed).code != 0


def test_cases_go_over_by_two_persons(renewed: Path) -> None:
    move = renewed / "move.yaml"
    plan = call("migrate", "plan", move, "--json", home=renewed).json
    assert [one["cases"] for one in plan["from"]] == [3]
    tried = call("migrate", "dry-run", move, "--json", home=renewed).json
    assert len(tried) == 3 and not any(one["stops"] for one in tried)
    assert "3 can go over, 0 are stopped" in call("migrate", "dry-run", move, home=renewed).out
    assert "has not been proposed" in call("migrate", "status", move, home=renewed).err
    proposed = call("migrate", "run", move, "--as", "dong_lei", home=renewed)
    assert "Somebody else approves" in proposed.out
    assert call("migrate", "run", move, "--as", "dong_lei", home=renewed).code == 1
    done = call("migrate", "run", move, "--as", "gu_mingyuan", home=renewed)
    assert done.code == 0 and "3 moved, 0 waiting, 0 stopped" in done.out, done.err
    status = call("migrate", "status", move, "--json", home=renewed).json
    assert (status["state"], status["moved"]) == ("approved", 3)
    figures = call("version", "stats", "claims", "--json", home=renewed).json
    assert [(one["open"], one["closed"]) for one in figures] == [(3, 0)]
    assert call("verify", home=renewed).code == 0


def test_a_wrong_file_is_told_with_its_place(renewed: Path) -> None:
    (renewed / "bad.yaml").write_text(f"{MOVE}steps: {{nowhere: drop}}\n")
    said = call("migrate", "plan", renewed / "bad.yaml", home=renewed)
    assert said.code == 1 and "bad.yaml:4:" in said.err and "CW961" in said.err
    assert call("migrate", "plan", renewed / "none.yaml", home=renewed).code == 2
