"""What scenarios go through, told from the history of the real engine; and scenarios for what they leave out."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bootstrap import compiler
from engine.core.model import Process
from engine.language.files import Folder
from tools.examples import contents
from workbench.covering.items import Item, items
from workbench.covering.report import Coverage, coverage, left_out, plain, share, table
from workbench.covering.suggest import Suggestion, suggest
from workbench.junit import junit
from workbench.scenarios import Result, run_all

VISIT = """
process: visit
title: {zh: 走访, en: Visit}
number: V-{seq}
calendar: insurer
data: schemas/case.yaml
start: {by: [staff], form: [kind, count, amount]}
clocks:
  whole:
    origin: target
    runs: {from: case, until: told}
    limit: 4d
    ladder: [{at: 50%, priority: "+5"}, {at: due, priority: "+20"}]
meanwhile:
  - {signal: catastrophe, do: {note: {set: {result: "'storm'"}}}}
steps:
  look:
    human: {queue: intake}
    form: [finding, amount]
    outcomes:
      done: {title: {zh: 完成, en: Done}, next: way}
      again: {title: {zh: 重来, en: Again}, reason: required, next: look}
    meanwhile:
      - {after: 2d, do: {remind: {set: {reason: "'late'"}}}}
      - {message: withdrawn, key: number, next: gone}
  way:
    switch:
      - {when: "count > 5", next: grade}
      - {when: "kind == 'claim' and amount >= 1000", next: grade}
      - {else: hear}
  grade:
    decide:
      table:
        hit: first
        inputs: {amount: {type: number, format: money}, kind: {type: string}}
        outputs: {result: {type: string}}
        rules:
          - {when: {amount: ">= 50000"}, then: {result: high}}
          - {when: {kind: service}, then: {result: low}}
          - {then: {result: middle}}
      into: result
    next: hear
  hear:
    race:
      - {message: customer_reply, key: number, into: {reply: text}, next: told}
      - {after: 1d, next: told}
  told: {milestone: told, next: visited}
  visited: {end: visited}
  gone: {end: gone}
"""
PEOPLE = """
roles: {officer: {zh: 经办, en: Officer}}
groups: {all: {title: {zh: 全体, en: All}}}
users: {chen: {name: Chen, roles: [officer], groups: [all], from: 2000-01-01}}
queues: {intake: {members: [group.all]}}
"""
SCENARIOS = {
    "many.yaml": """
scenario: many, and never answered
process: visit
at: 2026-03-02T09:00+08:00
start: {by: chen, data: {kind: service, count: 6, amount: 20}}
steps:
  - complete: {step: look, by: chen, outcome: done, data: {finding: fine, amount: 30}}
  - expect: {open: [hear], data: {result: low}, path: [look, grade, hear], never: [gone]}
  - wait: 2d
expect: {end: visited}
""",
    "claim.yaml": """
scenario: a claim, answered late
process: visit
at: 2026-03-02T09:00+08:00
start: {by: chen, data: {kind: claim, count: 1, amount: 20}}
steps:
  - wait: 70h
  - complete: {step: look, by: chen, outcome: done, data: {finding: fine, amount: 1500}}
  - message: {name: customer_reply, payload: {text: thanks}}
expect: {end: visited, data: {result: middle}}
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("visit")
    for name, content in {**contents(), "visit.yaml": VISIT.encode()}.items():
        if name.startswith(("example", "payment_order")):
            continue
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "samples").mkdir()
    (place / "samples" / "organisation.yaml").write_text(PEOPLE, "utf-8")
    for name, text in SCENARIOS.items():
        (place / "scenarios").mkdir(exist_ok=True)
        (place / "scenarios" / name).write_text(text, "utf-8")
    return place


@pytest.fixture(scope="module")
def process(folder: Path) -> Process:
    language = compiler()
    return language.process(Folder(folder), "visit.yaml", language.house(Folder(folder)))


@pytest.fixture(scope="module")
def results(folder: Path) -> list[Result]:
    return run_all([folder / "scenarios"], folder, cover=True)


@pytest.fixture(scope="module")
def covered(process: Process, results: list[Result]) -> Coverage:
    (found,) = coverage([process], [result.seen for result in results])
    return found


def test_everything_of_a_process_that_can_be_gone_through_is_listed(process: Process) -> None:
    found = items(process)
    assert {item.place for item in found if item.kind == "step"} == {
        "look", "way", "grade", "hear", "told", "visited", "gone", "note", "remind",
    }  # fmt: skip
    assert found[Item("branch", "way", "1")] == "way: kind == 'claim' and amount >= 1000"
    assert found[Item("handler", "", "/1")] == "the process: signal catastrophe"
    assert found[Item("rung", "whole", "0")] == "whole: 50%"
    assert sum(item.kind == "row" for item in found) == 3
    assert sum(item.kind == "outcome" for item in found) == 2


def test_what_scenarios_went_through_is_told_from_their_histories(results: list[Result], covered: Coverage) -> None:
    assert [result.problems for result in results] == [[], []]
    assert set(covered.missing) == {
        Item("step", "gone"), Item("step", "note"), Item("branch", "way", "2"), Item("outcome", "look", "again"),
        Item("handler", "", "/1"), Item("handler", "look", "/2"), Item("row", "grade", "1"),
        Item("rung", "whole", "1"),
    }  # fmt: skip


def test_two_ways_to_one_step_are_told_apart_by_their_conditions(results: list[Result]) -> None:
    seen = {result.name: result.seen["visit"] for result in results}
    first, second = Item("branch", "way", "0"), Item("branch", "way", "1")
    assert first in seen["many, and never answered"] and second not in seen["many, and never answered"]
    assert second in seen["a claim, answered late"] and first not in seen["a claim, answered late"]


def test_a_race_is_told_by_what_won_it(results: list[Result]) -> None:
    seen = {result.name: result.seen["visit"] for result in results}
    message, time = Item("branch", "hear", "0"), Item("branch", "hear", "1")
    assert time in seen["many, and never answered"] and message not in seen["many, and never answered"]
    assert message in seen["a claim, answered late"] and time not in seen["a claim, answered late"]


def test_the_report_counts_and_names_what_is_left_out(covered: Coverage) -> None:
    text = table([covered])
    assert text.startswith(f"visit: {covered.percent:.1f}%\n") and "outcomes" in text and "look: again" in text
    data = plain([covered])
    assert data["percent"] == round(share([covered]), 2) == round(100 * len(covered.seen) / len(covered.words), 2)
    visit = data["processes"]["visit"]
    assert visit["outcomes"] == {"covered": 1, "of": 2} and visit["rows_of_tables"] == {"covered": 2, "of": 3}
    assert {"kind": "branch", "place": "way", "name": "2", "words": "way: else"} in visit["missing"]
    assert share([]) == 100


def test_the_picture_shows_what_is_left_out(covered: Coverage) -> None:
    drawn = ElementTree.fromstring(left_out(covered, "en"))
    missed = [element for element in drawn.iter() if "missed" in element.get("class", "").split()]
    assert len(missed) == 1 + 6  # the legend; gone, note with its frame, way's else, again, withdrawn
    assert any(element.text == "2/3" for element in drawn.iter("{http://www.w3.org/2000/svg}text"))


def test_results_are_written_as_junit_writes_them(results: list[Result], tmp_path: Path) -> None:
    bad = Result(tmp_path / "bad.yaml", "bad <&\x00", ["one\x1b", "two"])
    root = ElementTree.fromstring(junit([*results, bad]))
    assert root.get("tests") == "3" and root.get("failures") == "1"
    suites = root.findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["0", "1"]
    (case,) = suites[1]
    assert case.get("name") == "bad <&?" and case.findtext("failure") == "one?\ntwo"
    assert all(float(str(case.get("time"))) > 0 for case in suites[0])


@pytest.fixture(scope="module")
def suggested(folder: Path, covered: Coverage, results: list[Result]) -> dict[str, Suggestion]:
    return {one.file: one for one in suggest(folder, [covered], results)}


def test_scenarios_are_suggested_that_go_through_what_is_left_out(
    folder: Path, process: Process, results: list[Result], suggested: dict[str, Suggestion]
) -> None:
    held = {name for name, one in suggested.items() if one.holds}
    assert held == {
        "visit_branch_way_2.yaml", "visit_outcome_look_again.yaml", "visit_handler_look_2.yaml",
        "visit_row_grade_1.yaml", "visit_rung_whole_1.yaml",
    }  # fmt: skip
    place = folder / "more"
    place.mkdir()
    for name in held:
        (place / name).write_text(suggested[name].text, "utf-8")
    again = run_all([place], folder, cover=True)
    assert [result.problems for result in again] == [[]] * len(held)
    (found,) = coverage([process], [result.seen for result in (*results, *again)])
    assert set(found.missing) == {Item("step", "note"), Item("handler", "", "/1")}


def test_what_cannot_be_found_is_left_as_a_marked_gap(suggested: dict[str, Suggestion]) -> None:
    signal = suggested["visit_handler_process_1.yaml"]
    assert not signal.holds
    assert signal.text.startswith("# Suggested, with a gap. Still to be said: what sets off `signal catastrophe`.\n")
