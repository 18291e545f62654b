"""`caseway lint`: formats, people, acceptances, rules of one's own, watching."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Caseway, call
from workbench.watching import changes

SHIPPED = Path(__file__).parents[2] / "processes"
UNKNOWN = "queue: complaints_senior", "queue: complaints_seniar"


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped processes, beside which the test stands."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "processes", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "processes"


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


def _accept(file: Path, entry: str) -> None:
    """Adds one to what the process accepts."""
    if "\naccepted:\n" not in file.read_text(encoding="utf-8"):
        change(file, "\nsteps:", "\naccepted:\n\nsteps:")
    change(file, "\naccepted:\n", f"\naccepted:\n  - {entry}\n")


RULES = """\
def no_reports(project):
    for name, compiled in project.processes.items():
        for step, node in compiled.process.nodes.items():
            if step == "investigate":
                yield project.problem(name, step, (), "OUR1", "nobody investigates here", hint="ask", error=True)
"""


@pytest.fixture
def ruled(processes: Path) -> Path:
    (processes / "our_rules.py").write_text(RULES, encoding="utf-8")
    with (processes / "house.yaml").open("a", encoding="utf-8") as house:
        house.write("\nchecks: [our_rules:no_reports]\n")
    return processes


def test_formats_tell_the_same(ruled: Path) -> None:
    said = call("lint")
    assert said.code == 1 and "1 error" in said.out and "error OUR1: nobody investigates here (ask)" in said.out
    (plain,) = call("lint", "--format", "json").json
    assert call("lint", "--json").json == [plain]
    log = call("lint", "--format", "sarif").json
    _is_sarif(log)
    (result,) = [each for run in log["runs"] for each in run["results"] if "suppressions" not in each]
    place = result["locations"][0]["physicalLocation"]
    assert result["ruleId"] == plain["code"] == "OUR1" and result["level"] == "error"
    assert place["artifactLocation"]["uri"] == plain["file"] == "processes/complaint.yaml"
    assert place["region"] == {"startLine": plain["line"], "startColumn": plain["column"]}


def _is_sarif(log: dict[str, Any]) -> None:
    """What the standard requires of a log, a run, a driver, a rule and a result (SARIF 2.1.0, §3.13 to §3.27)."""
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json") and log["runs"]
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"] and isinstance(driver["version"], str)
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(ids) == len(set(ids)) and all(rule["shortDescription"]["text"] for rule in driver["rules"])
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        for result in run["results"]:
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
            for location in result["locations"]:
                region = location["physicalLocation"]["region"]
                assert min(region["startLine"], region["startColumn"]) >= 1
                uri = location["physicalLocation"]["artifactLocation"]["uri"]
                assert not uri.startswith("/") and "\\" not in uri
            for each in result.get("suppressions", ()):
                assert each["kind"] in ("inSource", "external") and each["justification"]


def test_what_is_accepted_is_counted_and_stands_in_the_log_with_its_reason(ruled: Path) -> None:
    _accept(ruled / "complaint.yaml", "{check: OUR1, step: investigate, reason: agreed with the audit}")
    said = call("lint")
    assert said.code == 0 and "0 errors, 0 warnings" in said.out and said.out.strip().endswith(" accepted")
    assert call("lint", "--json").json == []
    log = call("lint", "--format", "sarif").json
    _is_sarif(log)
    (result,) = [each for each in log["runs"][0]["results"] if each["ruleId"] == "OUR1"]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "agreed with the audit"}]


def test_what_the_compiler_refuses_cannot_be_accepted(processes: Path) -> None:
    change(processes / "complaint.yaml", *UNKNOWN)
    _accept(processes / "complaint.yaml", "{check: CW121, reason: soon}")
    said = call("lint")
    assert said.code == 1 and "CW121" in said.out


def test_one_file_by_itself_is_in_order(processes: Path) -> None:
    for name in ("claims", "complaint"):
        said = call("lint", f"processes/{name}.yaml")
        assert said.code == 0 and "0 errors, 0 warnings" in said.out, said.out


def test_the_people_come_from_a_file_or_an_installation(processes: Path, made: Path) -> None:
    people = processes / "samples" / "organisation.yaml"
    assert call("lint", "--organisation", people).code == 0
    assert call("lint", "--home", made).code == 0
    both = call("lint", "--organisation", people, "--home", made)
    assert both.code == 2 and "Give one of them" in both.err
    missing = call("lint", "--organisation", "nobody.yaml")
    assert missing.code == 2 and "There is no file" in missing.err
    people.write_text("users: 3\n", encoding="utf-8")
    wrong = call("lint", "--organisation", people)
    assert wrong.code == 1 and "organisation.yaml:1" in wrong.err


def test_watching_looks_again_when_a_file_changes(processes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: Iterator[None] = _edits(processes / "complaint.yaml")

    def wait(_: float) -> None:
        next(waits)

    monkeypatch.setattr("console.checking.sleep", wait)
    said = call("lint", "--watch")
    looks = [line for line in said.out.splitlines() if "processes in order" in line or "process in order" in line]
    assert [line.split(", ")[1] for line in looks] == ["0 errors", "1 error", "0 errors"] and said.code == 0


def _edits(file: Path) -> Iterator[None]:
    yield
    change(file, *UNKNOWN)
    yield
    yield
    change(file, *reversed(UNKNOWN))
    yield
    raise KeyboardInterrupt


def test_watching_prints_for_people(processes: Path) -> None:
    said = call("lint", "--watch", "--format", "sarif")
    assert said.code == 2 and "Leave out --format" in said.err


def test_a_watch_sees_files_come_and_go(tmp_path: Path) -> None:
    done: list[str] = []

    def wait() -> None:
        if len(done) > 4:
            raise StopWatching
        file = tmp_path / "a.yaml"
        (file.unlink if file.exists() else file.touch)()

    with pytest.raises(StopWatching):
        for _ in changes([tmp_path], wait):
            done.append("look")
    assert len(done) == 5


class StopWatching(Exception):
    pass


def test_a_deployment_is_refused_for_errors_alone(caseway: Caseway, house: Path) -> None:
    folder = house / "processes"
    (folder / "our_rules.py").write_text(RULES, encoding="utf-8")
    with (folder / "house.yaml").open("a", encoding="utf-8") as file:
        file.write("\nchecks: [our_rules:no_reports]\n")
    refused = caseway("deploy", "--as", "dong_lei")
    assert refused.code == 1 and "OUR1" in refused.err and "Nothing was deployed" in refused.err
    (folder / "our_rules.py").write_text(RULES.replace(", error=True", ""), encoding="utf-8")
    deployed = caseway("deploy", "--as", "dong_lei")
    assert deployed.code == 0 and "warning OUR1" in deployed.err and "house" in deployed.out
    assert json.loads(caseway("deploy", "--as", "dong_lei", "--json").out)
