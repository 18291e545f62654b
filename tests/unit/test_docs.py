"""What the documentation says exists."""

import re
from pathlib import Path

import pytest

from engine.language.kinds import KINDS
from engine.language.triggers import TRIGGERS
from tests.support.spec import specs

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:tests|docs|engine|sla|tasks|processes)/[\w./-]+)`")


@pytest.mark.parametrize("name", ["semantics.md", "patterns.md", "adding-a-step-kind.md", "architecture.md"])
def test_every_file_named_is_there(name: str) -> None:
    made_up = {"tests/spec/kinds/pause.yaml"}
    named = set(NAMED.findall((ROOT / "docs" / name).read_text("utf-8"))) - made_up
    assert named
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]


def test_every_rule_and_pattern_is_told_and_proved() -> None:
    semantics = (ROOT / "docs" / "semantics.md").read_text("utf-8")
    rows = re.findall(r"^\| (R\d+) \|.*\| (.*) \|$", semantics, re.MULTILINE)
    assert [rule for rule, _ in rows] == [f"R{number}" for number in range(1, 31)]
    assert all(NAMED.search(proof) for _, proof in rows)
    patterns = (ROOT / "docs" / "patterns.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \|", patterns, re.MULTILINE) == [str(number) for number in range(1, 44)]


def test_every_pattern_s_spec_stands_in_the_table() -> None:
    patterns = (ROOT / "docs" / "patterns.md").read_text("utf-8")
    written = {path.relative_to(ROOT).as_posix() for path in specs() if path.parent.name == "patterns"}
    assert {name for name in NAMED.findall(patterns) if name.startswith("tests/spec/patterns/")} == written


def test_every_kind_of_step_and_every_trigger_has_a_spec() -> None:
    shown = {f"{path.parent.name}/{path.stem}" for path in specs()}
    assert {f"kinds/{kind}" for kind in KINDS} <= shown
    assert {f"handlers/{trigger}" for trigger in TRIGGERS} <= shown
