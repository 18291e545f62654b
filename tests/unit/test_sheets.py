"""Workbooks as decision tables: what a spreadsheet holds, and what is refused with the name of its cell."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from engine.core.decision_source import TableError
from engine.core.model import Process
from engine.language import sheets
from engine.language.files import Bundle
from engine.language.problems import DefinitionError
from engine.language.sheets import cell_name, sheet_rows
from tools.examples import contents, the_compiler, the_house

HEAD = [["decision=t", "hit=first"], ["in:amount:money", "in:kind", "out:result:text", "valid_from"]]
PROCESS = """\
process: sorting
title: {zh: 分类, en: Sorting}
data: schemas/sorting.yaml
steps:
  sort:
    decide: {table: decisions/t.xlsx, into: {result: result}}
  done: {end: done}
"""
SCHEMA = """\
properties:
  kind: {enum: [service, claim]}
  amount: {type: number, format: money}
  result: {type: string}
"""

MIDNIGHT = datetime.fromisoformat("2026-02-01T00:00")  # as spreadsheets keep days: without a zone


def workbook(*rows: Sequence[Any], book: Workbook | None = None) -> Workbook:
    made = book or Workbook()
    page = made.active
    assert page is not None
    for row in (*HEAD, *rows):
        page.append([*row])
    return made


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def compiled(content: bytes) -> Process:
    """The process with this workbook for its table."""
    own = {"sorting.yaml": PROCESS.encode(), "schemas/sorting.yaml": SCHEMA.encode(), "decisions/t.xlsx": content}
    return the_compiler().process(Bundle({**contents(), **own}), "sorting.yaml", the_house())


def refused(content: bytes) -> list[str]:
    with pytest.raises(TableError) as error:
        sheet_rows(content, "t.xlsx")
    return [f"{cell_name(*each.position)}: {each.message}" if each.position else each.message
            for each in error.value.problems]  # fmt: skip


def test_values_become_the_texts_that_a_designer_would_write() -> None:
    rows: list[list[Any]] = [
        [10000, True, 0.1, date(2026, 1, 31)],
        [2.0, False, 1e21, MIDNIGHT],
        [" > 5 ", None, "是", None],
    ]
    assert sheet_rows(saved(workbook(*rows)), "t.xlsx")[2:] == [
        (3, ["10000", "true", "0.1", "2026-01-31"]),
        (4, ["2", "false", "1000000000000000000000", "2026-02-01"]),
        (5, ["> 5", "", "是"]),
    ]


def test_empty_rows_and_remarks_are_passed_over_and_rows_keep_their_numbers() -> None:
    rows = sheet_rows(saved(workbook([], ["# a remark"], ["-", "-", "x"])), "t.xlsx")
    assert [number for number, _ in rows] == [1, 2, 5]


def test_the_language_reads_a_workbook_wherever_a_csv_may_stand() -> None:
    content = saved(workbook(["<= 1000", "claim", "small"], ["-", "-", "large"]))
    spec: Any = compiled(content).nodes["sort"].spec
    answer = spec.table.evaluate({"amount": 500, "kind": "claim"}, date(2026, 6, 1))
    assert answer.outputs == {"result": "small"} and answer.rules == (1,)


def test_what_is_wrong_is_told_at_the_cell() -> None:
    content = saved(workbook(["<= 1000", "clain", "small"], ["-", "-", "large"]))
    with pytest.raises(DefinitionError) as error:
        compiled(content)
    (one,) = error.value.problems
    assert (one.code, one.file, one.line, one.column) == ("CW146", "decisions/t.xlsx", 3, 2)
    assert one.message == "B3: row 1, column kind: 'clain' is not one of 'service', 'claim'"
    assert one.hint == "did you mean 'claim'?"


def test_formulas_and_errors_are_refused() -> None:
    found = refused(saved(workbook(["=A1+1", "-", "x"], ["-", "#N/A", "y"])))
    assert found == ["A3: a formula", "B4: the error #N/A"]


def test_what_is_not_seen_does_not_decide() -> None:
    book = workbook(["-", "-", "x"], ["-", "-", "y"])
    page: Any = book.active
    page.row_dimensions[4].hidden = True
    page.column_dimensions["B"].hidden = True
    page.merge_cells("A3:B3")
    found = refused(saved(book))
    assert found == ["A3: the cells A3:B3 are merged", "A4: row 4 is hidden", "B1: column B is hidden"]


def test_a_moment_without_a_zone_is_refused() -> None:
    (one,) = refused(saved(workbook([MIDNIGHT.replace(hour=9), "-", "x"])))
    assert one.startswith("A3: a moment without a time zone")


def added(content: bytes, name: str, inner: bytes) -> bytes:
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, inner)
    return stream.getvalue()


def test_macros_are_refused() -> None:
    assert refused(added(saved(workbook()), "xl/vbaProject.bin", b"x")) == ["the workbook holds macros"]


@pytest.mark.parametrize("content", [b"", b"in:a,out:b", b"PK\x03\x04" + b"\0" * 40, b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    assert refused(content) == ["this is no XLSX workbook"]


def test_an_archive_that_is_no_workbook_or_a_broken_one_is_refused() -> None:
    assert refused(added(b"", "a.txt", b"x")) == ["the workbook cannot be read"]
    stream, whole = io.BytesIO(), zipfile.ZipFile(io.BytesIO(saved(workbook())))
    with zipfile.ZipFile(stream, "w") as archive:
        for entry in whole.infolist():
            inner = whole.read(entry)
            archive.writestr(entry.filename, inner[:100] if entry.filename.endswith("sheet1.xml") else inner)
    assert refused(stream.getvalue()) == ["the workbook cannot be read"]


def test_hostile_xml_is_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    stream, whole = io.BytesIO(), zipfile.ZipFile(io.BytesIO(saved(workbook())))
    with zipfile.ZipFile(stream, "w") as archive:
        for entry in whole.infolist():
            archive.writestr(entry.filename, bomb if entry.filename.endswith("workbook.xml") else whole.read(entry))
    assert refused(stream.getvalue()) == ["the workbook cannot be read"]


def test_size_is_bounded_packed_and_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    large = added(saved(workbook()), "xl/media/large.xml", b"0" * (sheets.MAX_UNPACKED + 1))
    assert len(large) < 100_000 and "unpacked" in refused(large)[0]
    monkeypatch.setattr(sheets, "MAX_BYTES", 100)
    assert "larger than 100 bytes" in refused(saved(workbook()))[0]


def test_a_sheet_of_too_many_columns_is_refused() -> None:
    assert "the sheet is larger" in refused(saved(workbook(["x"] * (sheets.MAX_COLUMNS + 1))))[0]


PLACES = [((1, 1), "A1"), ((4, 2), "B4"), ((9, 26), "Z9"), ((9, 27), "AA9"), ((1, 703), "AAA1")]


@pytest.mark.parametrize(("place", "name"), PLACES)
def test_cells_are_named_as_spreadsheets_do(place: tuple[int, int], name: str) -> None:
    assert cell_name(*place) == name
