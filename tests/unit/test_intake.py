"""Intake files: cells as people write them, columns by name or title, and what is wrong with a row or a file."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bootstrap import compiler, shipped
from engine.core.kinds import BOOL, DATE, DATETIME, INT, MONEY, TEXT, list_of
from engine.core.model import Process
from workbench.intake import MOST_BYTES, IntakeError, Row, rows_of, take_in, value_of, write_refused

SHANGHAI = "Asia/Shanghai"
HEAD = "报案渠道,报案时间,policy_number,Insured,联系电话,出险原因,出险日期,出险经过,索赔金额"
GOOD = 'phone,2026-03-02 09:30,PM2026000001,王伟,13800000001,collision,2026/3/1,追尾,"¥3,000.50"'


@pytest.fixture(scope="module")
def claims() -> Process:
    files, language = shipped(), compiler()
    return language.process(files, "claims.yaml", language.house(files))


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("是", BOOL, True),
        ("No", BOOL, False),
        ("0012", INT, 12),
        ("-5", INT, -5),
        ("¥1,234.50", MONEY, Decimal("1234.50")),
        ("8，000元", MONEY, Decimal("8000")),
        ("2026年3月2日", DATE, "2026-03-02"),
        ("2026/3/2", DATE, "2026-03-02"),
        ("2026.03.02 9:05", DATETIME, "2026-03-02T09:05:00+08:00"),
        ("2026-03-02T09:05:07+01:00", DATETIME, "2026-03-02T09:05:07+01:00"),
        ("甲；乙、丙", list_of(TEXT), ["甲", "乙", "丙"]),
        ("1;2", list_of(INT), [1, 2]),
        ("013800", TEXT, "013800"),
    ],
)
def test_cells_are_read_as_people_write_them(cell: str, kind: Any, value: Any) -> None:
    found = value_of(cell, kind, SHANGHAI)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        ("也许", BOOL, "expected 是 or 否"),
        ("1.5", INT, "expected a whole number"),
        ("９", INT, "expected a whole number"),
        ("1" * 40, INT, "expected a whole number"),
        ("NaN", MONEY, "expected an amount"),
        ("Infinity", MONEY, "expected an amount"),
        ("三千", MONEY, "expected an amount"),
        ("2026-02-30", DATE, "there is no day"),
        ("03/02/2026", DATE, "expected a date such as"),
        ("2026-03-02", DATETIME, "expected a date and time such as"),
        ("2026-03-02 25:00", DATETIME, "there is no such moment"),
        ("yesterdayZ", DATETIME, "expected a date and time such as"),
    ],
)
def test_cells_that_cannot_be_read_say_what_was_expected(cell: str, kind: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        value_of(cell, kind, SHANGHAI)


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_columns_by_name_or_title_in_any_encoding(tmp_path: Path, claims: Process, encoding: str) -> None:
    header, rows = rows_of(written(tmp_path / "a.csv", HEAD, GOOD, encoding=encoding), claims)
    (row,) = rows
    assert header[0] == "报案渠道" and not row.problems
    assert row.line == 2 and row.data["customer_name"] == "王伟" and row.data["claimed_amount"] == Decimal("3000.50")


def test_every_wrong_row_is_told_with_its_line_and_the_rest_is_read(tmp_path: Path, claims: Process) -> None:
    lines = [HEAD, GOOD, "x,y", "", GOOD.replace("phone", "信鸽"), GOOD.replace("2026/3/1", "2026/2/30"), GOOD]
    _, found = rows_of(written(tmp_path / "a.csv", *lines), claims)
    rows = list(found)
    assert [row.line for row in rows] == [2, 3, 5, 6, 7]
    assert [bool(row.problems) for row in rows] == [False, True, True, True, False]
    assert rows[1].problems == ("expected 9 cells, found 2",)
    assert "channel" in rows[2].problems[0] and "loss_date: there is no day" in rows[3].problems[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "expected a first row"),
        ("保单,日期\n".encode(), "did you mean 保单号"),
        ("报案渠道,channel\n".encode(), "two columns for channel"),
        (b"PK\x03\x04\x00\x00", "UTF-8 or GB 18030"),
        (b"channel\n\xff\xff\xff", "UTF-8 or GB 18030"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(tmp_path: Path, claims: Process, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(IntakeError, match=words):
        list(rows_of(path, claims)[1])


def test_a_file_that_is_too_large_or_gone(tmp_path: Path, claims: Process) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    for path, words in ((large, "at most"), (tmp_path / "gone.csv", "No such file")):
        with pytest.raises(IntakeError, match=words):
            rows_of(path, claims)


def test_a_batch_is_answered_row_by_row(tmp_path: Path, claims: Process) -> None:
    path = written(tmp_path / "a.csv", HEAD, *[GOOD] * 5, "x", GOOD)
    batches: list[int] = []

    def start(rows: list[Row]) -> Iterable[str | Exception]:
        batches.append(len(rows))
        return [ValueError("full") if row.line == 4 else f"N-{row.line}" for row in rows]

    taken = take_in(path, claims, start, batch=4)
    assert batches == [4, 2]
    assert taken.started == ["N-2", "N-3", "N-5", "N-6", "N-8"]
    assert sorted((row.line, why) for row, why in taken.refused) == [(4, "full"), (7, "expected 9 cells, found 1")]
    write_refused(tmp_path / "a.refused.csv", taken)
    lines = (tmp_path / "a.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == HEAD + ",#line,#reason" and len(lines) == 3


def test_a_refused_file_mended_can_be_taken_in_again(tmp_path: Path, claims: Process) -> None:
    path = written(tmp_path / "a.csv", HEAD, GOOD.replace("phone", "信鸽"))
    taken = take_in(path, claims, lambda rows: [])
    write_refused(tmp_path / "b.csv", taken)
    mended = (tmp_path / "b.csv").read_text(encoding="utf-8-sig").replace("信鸽", "web")
    again = take_in(written(tmp_path / "c.csv", mended), claims, lambda rows: [str(row.line) for row in rows])
    assert len(again.started) == 1 and not again.refused
