"""`caseway table`: from an empty table over a check to its differences, as one who works with spreadsheets would."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.cli.conftest import call
from tools.examples import examples

SHIPPED = Path(__file__).parents[2] / "processes"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped processes, beside which the test stands."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "processes", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "processes"


def page_of(file: Path) -> Any:
    return load_workbook(file).worksheets[0]


def filled(file: Path, cells: dict[str, str]) -> None:
    """The workbook as somebody fills it in."""
    book = load_workbook(file)
    for name, value in cells.items():
        book.worksheets[0][name] = value
    book.save(file)


def test_an_empty_table_for_a_step_is_filled_in_checked_and_used(folder: Path) -> None:
    said = call("table", "template", "processes/complaint.yaml", "who_approves", "processes/decisions/approvals.xlsx",
                "--input", "remedy_amount", "--input", "major")  # fmt: skip
    assert (said.code, said.out) == (0, "processes/decisions/approvals.xlsx: 2 conditions, 1 result, 3 rows\n")
    page = page_of(folder / "decisions/approvals.xlsx")
    assert [cell.value for cell in page[2]] == ["in:remedy_amount:money", "in:major:boolean", "out:approval_queue:text"]
    assert [cell.value for cell in page["B"]][2:] == ["true", "false", "-"]
    filled(folder / "decisions/approvals.xlsx",
           {"A3": "> 3000", "C3": "complaints_senior", "C4": "complaints", "C5": "complaints"})  # fmt: skip
    process = folder / "complaint.yaml"
    text = process.read_text(encoding="utf-8")
    process.write_text(text.replace("decisions/remedy_approval.csv", "decisions/approvals.xlsx"), encoding="utf-8")
    said = call("table", "check", "processes/decisions/approvals.xlsx")
    assert (said.code, said.out) == (0, "processes/decisions/approvals.xlsx: in order; used by complaint\n")
    filled(folder / "decisions/approvals.xlsx", {"B5": "tru", "A3": "=1+1"})
    said = call("table", "check", "processes/decisions/approvals.xlsx")
    assert said.code == 1
    assert said.out.startswith("processes/decisions/approvals.xlsx:3:1: error CW146: A3: a formula")


def test_what_a_table_leaves_open_is_told_at_its_cell(folder: Path) -> None:
    call("table", "convert", "processes/decisions/complaint_grade.csv", "processes/decisions/grades.xlsx")
    process = folder / "complaint.yaml"
    text = process.read_text(encoding="utf-8").replace("decisions/complaint_grade.csv", "decisions/grades.xlsx")
    process.write_text(text, encoding="utf-8")
    assert call("table", "check", "processes/decisions/grades.xlsx").out.endswith("in order; used by complaint\n")
    filled(folder / "decisions/grades.xlsx", {"A12": "phone"})
    said = call("table", "check", "processes/decisions/grades.xlsx")
    question = "channel = web, severity = ordinary, joint = false, facts_clear = false, kind = product"
    question += ", customer_type = person"
    message = f"A2: table complaint_grade: no row answers {question}"
    assert said.code == 0 and f"grades.xlsx:2:1: warning CW641: {message}" in said.out
    (one,) = call("table", "check", "processes/decisions/grades.xlsx", "--json").json
    assert (one["code"], one["line"], one["column"]) == ("CW641", 2, 1)


def test_a_table_that_no_process_uses_is_looked_at_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("decision=points,hit=unique\nin:n:integer,out:p:integer\n<= 5,1\n>= 5,2\n", encoding="utf-8")
    said = call("table", "check", file)
    assert said.code == 0 and f"{file}:4:1: warning CW642: table points: rows 1 and 2 both answer n = 5" in said.out
    assert said.out.endswith(f"{file}: 1 warning; looked at by itself: no process beside it uses it\n")


def test_differences_are_told_in_either_language(tmp_path: Path, folder: Path) -> None:
    old, new = folder / "decisions/remedy_approval.csv", tmp_path / "new.csv"
    new.write_text(old.read_text(encoding="utf-8").replace("> 3000", "> 5000"), encoding="utf-8")
    assert call("table", "diff", old, new).out == "第 3 条：remedy_amount > 3000 → > 5000\n"
    assert call("table", "diff", old, new, "--lang", "en").out == "rule 3: remedy_amount > 3000 → > 5000\n"
    assert call("table", "diff", old, new, "--json").json == [
        {"zh": "第 3 条：remedy_amount > 3000 → > 5000", "en": "rule 3: remedy_amount > 3000 → > 5000"}
    ]
    assert call("table", "diff", old, old, "--lang", "en").out == "They decide alike: nothing differs.\n"


def test_a_table_goes_round_through_every_kind_of_file(tmp_path: Path, folder: Path) -> None:
    before = folder / "decisions/claim_class.csv"
    for source, target in ((before, "a.xlsx"), (tmp_path / "a.xlsx", "b.yaml"), (tmp_path / "b.yaml", "c.csv")):
        assert call("table", "convert", source, tmp_path / target).code == 0
    assert call("table", "diff", before, tmp_path / "c.csv", "--json").json == []


def test_the_page_shows_what_the_commands_say(folder: Path) -> None:
    told = list(examples(SHIPPED.parent / "docs" / "tables.md"))
    for each in told:
        for word in each.words:
            if word.startswith("file="):
                (folder.parent / word.removeprefix("file=")).write_text(each.text, encoding="utf-8")
    shown = [each for each in told if each.words == ("console",)]
    assert len(shown) == 3
    for each in shown:
        for command, said in re.findall(r"^\$ caseway (.*)\n((?:[^$].*\n)*)", each.text, re.MULTILINE):
            assert call(*command.split()).out == said, command


def test_nothing_is_written_over_unasked_and_misuse_is_told(tmp_path: Path, folder: Path) -> None:
    table = folder / "decisions/claim_class.csv"
    said = call("table", "convert", table, table)
    assert said.code == 2 and "is there already" in said.err
    assert call("table", "convert", table, table, "--force").code == 0
    assert call("table", "convert", table, tmp_path / "a.txt").code == 2
    assert call("table", "check", tmp_path / "none.csv").code == 2
    assert call("table", "diff", tmp_path / "none.csv", table).code == 2
    said = call("table", "template", folder / "complaint.yaml", "register", tmp_path / "t.csv")
    assert said.code == 1 and "there is no step 'register' that decides" in said.err
    said = call("table", "template", folder / "complaint.yaml", "grade", tmp_path / "t.csv")
    assert said.code == 1 and "--input" in said.err
    said = call("table", "template", folder / "complaint.yaml", "grade", tmp_path / "t.csv", "--input", "sevrity")
    assert said.code == 1 and "severity" in said.err
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no workbook")
    said = call("table", "convert", broken, tmp_path / "t.csv")
    assert said.code == 1 and "this is no XLSX workbook" in said.err
