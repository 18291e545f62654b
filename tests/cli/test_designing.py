"""`lint`, `show`, `schema`, `test`: what designers do, and what a wrong file is told."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Caseway, call

SHIPPED = Path(__file__).parents[2] / "processes"
SEVERAL = """\
scenario: a check of systems beside a day's backups
process: backup_verification
at: 2026-03-03T00:00+08:00
beside:
  - {process: system_incident, by: jin_tao, data: {system_name: x, detected_at: 2026-03-02T23:00+08:00, symptom: y}}
start: {by: schedule}
steps:
  - complete: {in: XT-2026-00001, step: classify, by: deng_fei, outcome: none, reason: no failure}
  - expect: {in: XT-2026-00001, end: not_a_failure}
expect: {end: verified}
"""
SCENARIO = """\
scenario: one
process: complaint
at: 2026-03-02T09:00+08:00
start: {by: lu_yao, data: {channel: phone}}
steps:
  - complete: {step: registr, by: lu_ya}
  - expect: {clocks: {outcom: running}}
"""


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped processes, beside which the test stands."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "processes", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "processes"


def test_what_is_shipped_is_in_order(processes: Path) -> None:
    said = call("lint")
    assert said.code == 0 and "0 errors" in said.out
    assert call("lint", "--json").json == []
    assert call("lint", "processes/claims.yaml").code == 0
    assert call("lint", "processes/house.yaml").out == said.out


def test_a_wrong_file_is_told_with_its_place_as_seen_from_here(processes: Path) -> None:
    file = processes / "complaint.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("queue: complaints_senior", "queue: complaints_seniar", 1), encoding="utf-8")
    said = call("lint")
    assert said.code == 1 and "1 error" in said.out
    assert "processes/complaint.yaml:" in said.out and "did you mean 'complaints_senior'" in said.out
    (problem,) = call("lint", "--json").json
    assert problem["file"] == "processes/complaint.yaml" and problem["line"] > 1
    deployed = call("show", "processes/complaint.yaml")
    assert deployed.code == 1 and "complaints_seniar" in deployed.err


def test_what_is_doubtful_is_shown_wherever_it_stands(processes: Path) -> None:
    """In the house and its calendars, in a process and in what it names; each once."""
    doubts = {
        "house.yaml": ("intake: {zh: 报案受理, en: Intake}", "intake: {zh: 报案受理}"),
        "calendars/insurer.yaml": ("en: Closing of the year's accounts", "en: “Accounts”"),
        "complaint.yaml": ("title: {zh: 投诉处理, en: ", "title: {zh: 投诉处理}  # en: "),
    }
    for name, (before, after) in doubts.items():
        text = (processes / name).read_text(encoding="utf-8")
        assert before in text, name
        (processes / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    found = call("lint", "--json").json
    assert {problem["severity"] for problem in found} == {"warning"}
    assert sorted(problem["file"] for problem in found) == sorted(f"processes/{name}" for name in doubts)
    said = call("lint")
    assert said.code == 0 and "3 warnings" in said.out and "processes/house.yaml:" in said.out


def test_a_house_is_checked_when_no_process_lies_beside_it(processes: Path) -> None:
    for file in processes.glob("*.yaml"):
        if file.name != "house.yaml":
            file.unlink()
    assert call("lint").code == 0
    (processes / "house.yaml").write_text("house: insurer\nqueus: {}\n", encoding="utf-8")
    said = call("lint")
    assert said.code == 1 and "processes/house.yaml:2:1" in said.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("lint", "nowhere.yaml"), "There is no file or folder nowhere.yaml"),
        (("lint", "processes/complain.yaml"), "Did you mean processes/complaint.yaml?"),
        (("lint", "alone.yaml"), "holds house.yaml"),
        (("lint", "empty"), "empty has no house.yaml"),
        (("lint", "notes.txt"), "those end in .yaml"),
        (("show", "processes"), "is no process file"),
        (("show", "processes/house.yaml"), "is no process file"),
        (("show", "processes/claims.yaml", "--lang", "fr"), "'zh', 'en'"),
        (("test", "nowhere"), "There is no file or folder nowhere"),
        (("test", "--processes", "empty"), "empty has no house.yaml"),
    ],
)
def test_misuse_is_told(processes: Path, args: tuple[str, ...], words: str) -> None:
    (processes.parent / "empty").mkdir()
    for name in ("alone.yaml", "notes.txt"):
        (processes.parent / name).write_text("process: alone\n")
    said = call(*args)
    assert said.code == 2 and words in said.err


def test_a_process_is_shown_as_text_and_drawn(processes: Path) -> None:
    text = call("show", "processes/complaint.yaml")
    assert text.code == 0 and "investigate · 调查 [human]" in text.out and "◷ outcome" in text.out
    assert "Investigate" in call("show", "processes/complaint.yaml", "--lang", "en").out
    said = call("show", "processes/complaint.yaml", "--svg", "complaint.svg")
    assert said.code == 0
    drawn = ElementTree.parse(processes.parent / "complaint.svg")
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "调查" in texts and "登记" in texts
    assert call("show", "processes/complaint.yaml", "--svg", "nowhere/x.svg").code == 1
    flowchart = call("show", "processes/complaint.yaml", "--mermaid", "--lang", "en")
    assert flowchart.code == 0 and flowchart.out.startswith('---\ntitle: "Complaint"\n---\nflowchart TD\n')


@pytest.mark.parametrize("options", [(), ("--house",), ("--scenario",)])
def test_schemas_are_schemas(options: tuple[str, ...]) -> None:
    schema = json.loads(call("schema", *options).out)
    assert schema["type"] == "object" and schema["properties"]


def test_scenarios_are_run(processes: Path) -> None:
    said = call("test", "processes/scenarios/complaint/simple.yaml", "processes/scenarios/complaint/withdrawn.yaml")
    assert said.code == 0 and "2 passed, 0 failed" in said.out


def test_a_process_stands_for_its_scenarios(processes: Path) -> None:
    kept = processes / "scenarios/inquiry"
    for file in sorted(kept.glob("*.yaml"))[1:]:
        file.unlink()
    said = call("test", "processes/inquiry.yaml")
    assert said.code == 0 and "1 passed, 0 failed" in said.out


def test_a_scenario_about_several_cases_names_the_other_by_its_number(processes: Path) -> None:
    (processes.parent / "two.yaml").write_text(SEVERAL, encoding="utf-8")
    (processes.parent / "lost.yaml").write_text(SEVERAL.replace("in: XT-2026-00001", "in: XT-2026-00002"), "utf-8")
    said = call("test", "two.yaml", "lost.yaml")
    assert said.code == 1 and "1 passed, 1 failed" in said.out
    assert "step 1 (complete): there is no case XT-2026-00002" in said.out


def test_names_that_a_scenario_gets_wrong_are_told_with_their_place(processes: Path) -> None:
    (processes.parent / "one.yaml").write_text(SCENARIO, encoding="utf-8")
    said = call("test", "one.yaml")
    assert said.code == 1
    assert "one.yaml:6:22: error CW951: there is no step 'registr'" in said.out
    assert "did you mean 'lu_yao'?" in said.out and "did you mean 'outcome'?" in said.out


def test_a_scenario_that_cannot_be_read_is_told(processes: Path) -> None:
    place = processes.parent
    (place / "shape.yaml").write_text(SCENARIO.replace("  - expect", "  - wait: soon\n  - dance"), encoding="utf-8")
    (place / "broken.yaml").write_text("scenario: [", encoding="utf-8")
    said = call("test", "shape.yaml", "broken.yaml", "--json")
    assert said.code == 1
    shape, broken = (result["problems"] for result in said.json)
    assert any("shape.yaml:7:11" in text and "as 90min, 4h, 2d" in text for text in shape)
    assert any("unknown key 'dance'" in text for text in shape)
    assert broken and "broken.yaml:" in broken[0]


def test_a_scenario_that_does_not_hold_says_what_was_found(processes: Path) -> None:
    simple = (processes / "scenarios/complaint/simple.yaml").read_text(encoding="utf-8")
    assert "end: closed" in simple
    (processes.parent / "not.yaml").write_text(simple.replace("end: closed", "end: withdrawn"), encoding="utf-8")
    said = call("test", "not.yaml")
    assert said.code == 1 and "end: expected withdrawn, found closed" in said.out


def test_a_start_that_is_refused_ends_the_scenario(processes: Path) -> None:
    (processes.parent / "refused.yaml").write_text(SCENARIO.split("steps:")[0], encoding="utf-8")
    said = call("test", "refused.yaml", "--json")
    (problem,) = said.json[0]["problems"]
    assert said.code == 1 and problem.startswith("refused.yaml:4:27: start refused (form)")


def test_a_store_that_scenarios_cannot_use_is_told(processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = "processes/scenarios/complaint/simple.yaml"
    with monkeypatch.context() as patch:
        patch.setattr("engine.runtime.database.SCHEMA", "0000")  # the program is older than its migrations
        said = call("test", one)
    assert said.code == 1 and "this program works with 0000" in said.err
    (processes.parent / "full").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(processes.parent / "full"))
    said = call("test", one)
    assert said.code == 1 and "full" in said.err


def test_the_installation_is_not_needed(processes: Path, caseway: Caseway) -> None:
    assert call("schema").code == 0


def test_coverage_is_told_drawn_and_held_to(processes: Path) -> None:
    one = "processes/scenarios/complaint/withdrawn.yaml"
    said = call("test", one, "--coverage", "--junit", "results.xml", "--pictures", "pictures", "--fail-under", "5")
    assert said.code == 0 and "complaint: " in said.out and "outcomes" in said.out and "claims: " not in said.out
    assert ElementTree.parse(processes.parent / "results.xml").getroot().get("tests") == "1"
    drawn = ElementTree.parse(processes.parent / "pictures" / "complaint.svg")
    assert any("missed" in element.get("class", "") for element in drawn.iter())
    less = call("test", one, "--fail-under", "90")
    assert less.code == 1 and "90% are asked for" in less.err
    told = call("test", "processes/scenarios/inquiry/withdrawn.yaml", "--coverage", "--json").json
    assert [scenario["problems"] for scenario in told["scenarios"]] == [[]]
    assert set(told["coverage"]["processes"]) == {"inquiry"}  # not the filing that it starts
    assert 5 < told["coverage"]["percent"] < 90 and told["coverage"]["processes"]["inquiry"]["missing"]
    assert isinstance(call("test", one, "--json").json, list)
