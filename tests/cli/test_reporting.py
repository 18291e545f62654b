"""`report`: figures as tables and files."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.cli.conftest import Caseway, task_of


def test_a_report_is_counted_to_the_end_and_comes_in_every_form(caseway: Caseway, number: str, house: Path) -> None:
    assert caseway("case", "cancel", number, "--reason", "a mistake", "--as", "gu_mingyuan").code == 0
    said = caseway("report", "compliance", "--by", "process", "--period", "this-year")
    assert said.code == 0
    assert "claims" in said.out
    rows = list(csv.DictReader(StringIO(caseway("report", "breaches", "--period", "this-year", "--format", "csv").out)))
    assert {row["Case"] for row in rows} == {number}
    assert {row["Reason"] for row in rows} == {"(not said)"}
    found = caseway("report", "breaches", "--period", "this-year", "--format", "json").json
    assert len(found["rows"]) == len(rows)
    assert found["as_of"]
    file = house / "late.xlsx"
    assert caseway("report", "breaches", "--period", "this-year", "--format", "xlsx", "--out", file).code == 0
    sheet = load_workbook(file).active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1
    assert task_of(caseway, caseway("case", "list", "--json").json[0]["number"])  # the others are as they were
    assert "claims" in caseway("report", "open").out
    assert "again_share" in caseway("report", "figures").out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("compliance", "--period", "2026-13"), "expected a period such as 2026"),
        (("compliance", "--by", "claus"), "Did you mean clause?"),
        (("steps", "claim"), "Did you mean claims?"),
        (("compliance", "--queue", "intak"), "Did you mean intake?"),
        (("compliance", "--format", "xlsx"), "--out report.xlsx"),
        (("compliance", "--format", "csv", "--out", "/nowhere/at/all.csv"), "No such file"),
    ],
)
def test_what_cannot_be_reported_is_said_in_words(caseway: Caseway, args: tuple[str, ...], words: str) -> None:
    answer = caseway("report", *args)
    assert answer.code in (1, 2)
    assert words in answer.err
