"""A scenario that is not so: where in its file, what was expected, what was found, and the nearest name."""

from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from bootstrap import SHIPPED
from workbench.scenarios import run_all

GOOD = """\
scenario: a complaint is looked at
process: complaint
at: 2026-03-02T09:00+08:00
start:
  by: lu_yao
  data:
    {channel: phone, received_at: "2026-03-02T08:50:00+08:00", customer_name: ZM, customer_phone: "139000000", text: no}
steps:
  - complete: {step: register, by: lu_yao, outcome: accept, data: {kind: service, severity: ordinary, joint: false}}
  - wait: 2h
  - expect: {open: [first_look], clocks: {outcome: running}, notices: [complaint_received]}
  - complete: {step: first_look, by: lu_yao, outcome: done, data: {progress_note: ok}}
expect: {open: [investigate], milestones: [accepted, progress_told]}
"""
FAULTS = (
    ("by: lu_yao\n", "by: lu_yaoo\n", "5:7", "there is no user 'lu_yaoo'", "did you mean 'lu_yao'?"),
    ('"139000000"', '"139"', "7:99", "start refused (form)", "customer_phone: does not have the expected form"),
    ("start:\n", "start:\n  refused: form\n", "5:12", "start was to be refused (form), but was accepted", ""),
    ("kind: service", "kind: servise", "9:74", "refused (form)", "did you mean service?"),
    ("by: lu_yao, outcome: accept", "refused: form, by: lu_yao, outcome: accept", "9:41", "to be refused (form)", ""),
    ("- wait: 2h", "- services: {policy_chek: {}}", "10:16", "no worker function", "did you mean 'policy_check'?"),
    ("open: [first_look]", "open: [answer]", "11:20", "open: expected answer, found first_look", ""),
    ("outcome: running", "outcome: met", "11:52", "clock outcome: expected met, found running", ""),
    ("[complaint_received]", "[complaint_receved]", "11:72", "is not there", "did you mean 'complaint_received'?"),
    ("open: [investigate]", "data: {text: fast}", "13:23", "text: expected fast, found no", ""),
    ("steps:\n", "steps:\n  - expect: {holder: {register: jin_tao}}\n", "9:33", "is meant for lu_yao, who has not", ""),
    ("steps:\n", "steps:\n  - expect: {meant: {register: jin_tao}}\n", "9:32", "expected jin_tao, found lu_yao", ""),
    ("open: [investigate]", "data: {measures[-1].what: x}", "13:17", "a [ within { }", "quote it"),
    ("by: lu_yao\n", "by: customer\n", "5:7", "a customer starts a case on the web", "say web"),
    ("open: [investigate]", "path: [register, answer]", "13:27", "answer was not entered after register", "→ grade →"),
    ("process: complaint\n", "process: complain\n", "2:10", "there is no process 'complain'", "'complaint'?"),
)  # fmt: skip
"""What is changed, where that stands then, what is told, and what helps."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The problems of the scenario as it is, and of each of its faults."""
    folder, processes = tmp_path_factory.mktemp("scenarios"), tmp_path_factory.mktemp("kept") / "processes"
    others = {file.name for file in SHIPPED.glob("*.yaml")} - {"complaint.yaml", "house.yaml"}
    copytree(SHIPPED, processes, ignore=ignore_patterns("*.py", "__pycache__", "scenarios", *others))
    for number, text in enumerate([GOOD, *(GOOD.replace(old, new, 1) for old, new, *_ in FAULTS)]):
        (folder / f"{number:02}.yaml").write_text(text, encoding="utf-8")
    return [one.problems for one in run_all([folder], processes)]


def test_what_is_right_has_no_problem(told: list[list[str]]) -> None:
    assert told[0] == []


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[f"{new}".strip() for _, new, *_ in FAULTS])
def test_a_fault_is_told_with_its_place_and_what_would_help(told: list[list[str]], number: int) -> None:
    _, _, place, text, help = FAULTS[number]
    (problem,) = told[number + 1]
    file, line, column, rest = problem.split(":", 3)
    assert Path(file).name == f"{number + 1:02}.yaml" and f"{line}:{column}" == place, problem
    assert text in rest and help in rest
