"""`caseway coverage`: what keeps each clause, and which scenario would tell."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Said, call

SHIPPED = Path(__file__).parents[2] / "processes"
HOUSE = """
house: small
queues: {desk: {zh: 柜台, en: Desk}}
calendars: {insurer: calendars/insurer.yaml}
clauses:
  X-1: {zh: 24 小时内答复, en: Answered within 24 hours}
  X-2: {zh: 登记, en: Registered}
  X-3: {zh: 记录, en: Recorded}
  X-4: {zh: 无人执行, en: Nobody keeps it}
"""
PROCESS = """
process: ask
title: {zh: 咨询, en: Inquiry}
number: ZX-{year}-{seq:06}
calendar: insurer
data: {type: object, properties: {text: {type: string}}}
start: {by: [staff], form: [text]}
clocks:
  answered:
    title: {zh: 答复, en: Answered}
    clauses: [X-1]
    origin: manual
    limit: 24h
    runs: {from: case, until: answer}
  answered_soon:
    title: {zh: 尽快答复, en: Answered soon}
    clauses: [X-2]
    origin: law
    limit: 30d
    runs: {from: case, until: answer}
steps:
  answer:
    human: {queue: desk}
    form: [text]
    outcomes: {done: {title: {zh: 办结, en: Done}}}
    title: {zh: 答复, en: Answer}
    clauses: [X-2]
  note:
    set: {text: "text"}
    title: {zh: 记录, en: Record}
    clauses: [X-3]
"""
PEOPLE = """
zone: Asia/Shanghai
users: {li: {name: {zh: 李, en: Li}, roles: [], from: 2020-01-01}}
queues: {desk: {members: [li], managers: [li]}}
"""
LATE = """
scenario: late
process: ask
at: 2026-03-02T09:00+08:00
start: {by: li, data: {text: 问}}
steps:
  - wait: 25h
  - complete: {step: answer, by: li, outcome: done}
"""


def covered(*args: object) -> Said:
    """The command, which finds something open in each of these folders."""
    told = call("coverage", *args)
    assert told.code == 1
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "processes"
    (made / "scenarios" / "ask").mkdir(parents=True)
    (made / "calendars").mkdir()
    (made / "samples").mkdir()
    (made / "samples" / "organisation.yaml").write_text(PEOPLE, encoding="utf-8")
    shutil.copy(SHIPPED / "calendars" / "insurer.yaml", made / "calendars")
    (made / "house.yaml").write_text(HOUSE, encoding="utf-8")
    (made / "ask.yaml").write_text(PROCESS, encoding="utf-8")
    (made / "scenarios" / "ask" / "late.yaml").write_text(LATE, encoding="utf-8")
    return made


def test_it_tells_what_keeps_each_clause_and_what_shows_it(folder: Path) -> None:
    told = covered(folder, "--json")
    found = {one["clause"]: one for one in json.loads(told.out)}
    assert found["X-1"]["scenarios"] == ["late"], "its clock is late there"
    assert found["X-2"]["scenarios"] == ["late"], "the scenario completes its step"
    assert found["X-3"]["kept_by"] and not found["X-3"]["scenarios"], "no scenario names the step"
    assert not found["X-4"]["kept_by"]
    assert [name for name, one in found.items() if one["open"]] == ["X-3", "X-4"]


def test_too_many_without_a_scenario_are_too_many(folder: Path) -> None:
    house = folder / "house.yaml"
    kept = HOUSE.replace("  X-4: {zh: 无人执行, en: Nobody keeps it}\n", "")
    house.write_text(kept + "unbroken: {X-3: {zh: 流程必经, en: always passed}}\n", encoding="utf-8")
    told = covered(folder)
    assert "3 clauses: 2 proved by scenarios, 1 that none can break, 0 open" in told.out


def test_the_handbook_has_pictures_and_the_limits_that_disagree(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "handbook.md"
    file.parent.mkdir()
    covered(folder, "--write", file)
    text = file.read_text(encoding="utf-8")
    assert "## 咨询 / Inquiry" in text and "**24h** (manual)" in text
    law, manual = text.index("- 30d law (X-2)"), text.index("- 24h manual (X-1)")
    assert law < manual, "the law first"
    assert (file.parent / "pictures" / "handbook" / "ask.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_reason_for_an_unknown_clause_is_refused(folder: Path) -> None:
    (folder / "house.yaml").write_text(HOUSE + "unbroken: {X-9: {zh: 无, en: none}}\n", encoding="utf-8")
    told = covered(folder)
    assert "X-9" in (told.out + told.err)
