"""Sheets of rows as spreadsheets save them: CSV and XLSX, read into texts that a decision table is made of.

Theory of operation. A workbook comes from outside and may be hostile or merely surprising. Its size is bounded before
it is opened, packed and unpacked; macros, formulas and links are refused, for what a table says must stand in it; so
are merged cells and hidden rows and columns, for what a reader does not see must not decide. Its first sheet is the
table, others are for people. A value becomes the text that a designer would write in a CSV: a date 2026-01-31, a
number without grouping, true or false. A place in it is its row and column, told by the name of the cell (B4).
"""

import io
import warnings
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.core.decision_build import MAX_RULES, Position
from engine.core.decision_source import MAX_BYTES, TableError, TableProblem, rows_of_csv

MAX_UNPACKED = 30_000_000
"""Bytes of a workbook, unpacked."""
MAX_PARTS = 500
MAX_COLUMNS = 200
_MACROS = ("vbaproject.bin", "macrosheets/", "activex/")


def sheet_rows(content: bytes, file: str) -> list[tuple[int, list[str]]]:
    """The rows that say something, with their numbers, of a file that ends in .csv or .xlsx. Raises TableError."""
    if file.endswith(".xlsx"):
        return _Workbook(content, file).rows()
    return rows_of_csv(content, file)


def cell_name(row: int, column: int) -> str:
    """The name of a cell as spreadsheets show it, from its row and column, both from 1: "B4"."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


class _Workbook:
    """One workbook being read."""

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self.name = name
        self.problems: list[TableProblem] = []

    def wrong(self, position: Position | None, message: str, hint: str | None = None) -> TableError:
        self.problems.append(TableProblem(position, message, hint))
        return TableError(self.name, self.problems)

    def rows(self) -> list[tuple[int, list[str]]]:
        self._bounded()
        sheet = self._first()
        if (sheet.max_column or 0) > MAX_COLUMNS or (sheet.max_row or 0) > MAX_RULES * 2:
            raise self.wrong(None, f"the sheet is larger than {MAX_RULES * 2} rows of {MAX_COLUMNS} columns")
        self._unseen(sheet)
        found = []
        for cells in sheet.iter_rows():
            texts = [self._text(cell) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            if any(texts) and not texts[0].startswith("#"):
                found.append((cells[0].row, texts))
        if self.problems:
            raise TableError(self.name, self.problems)
        return found

    def _bounded(self) -> None:
        """Holds what the file says of itself against the bounds, before anything is unpacked."""
        if len(self.content) > MAX_BYTES:
            raise self.wrong(None, f"the file is larger than {MAX_BYTES} bytes")
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as parts:
                entries = parts.infolist()
        except (zipfile.BadZipFile, ValueError, OSError):
            hint = "save it as 'Excel workbook (.xlsx)', without a password"
            raise self.wrong(None, "this is no XLSX workbook", hint) from None
        if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise self.wrong(None, f"unpacked, the workbook is larger than {MAX_UNPACKED} bytes")
        names = [entry.filename.lower() for entry in entries]
        if any(macro in name for name in names for macro in _MACROS):
            raise self.wrong(None, "the workbook holds macros", "save it as 'Excel workbook (.xlsx)', without macros")

    def _first(self) -> Any:
        """The first sheet. What the library raises on a broken file is of many kinds."""
        from openpyxl import load_workbook

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and the like, which say nothing here
                workbook = load_workbook(io.BytesIO(self.content), keep_links=False)
            return workbook.worksheets[0]
        except Exception:
            raise self.wrong(None, "the workbook cannot be read", "save it again as 'Excel workbook (.xlsx)'") from None

    def _unseen(self, sheet: Any) -> None:
        """Tells what decides without being seen where it stands."""
        for merged in sheet.merged_cells.ranges:
            place = (merged.min_row, merged.min_col)
            self.wrong(place, f"the cells {merged.coord} are merged", "unmerge them, and write every cell out")
        for number, row in sheet.row_dimensions.items():
            if row.hidden and number <= (sheet.max_row or 0):
                self.wrong((number, 1), f"row {number} is hidden", "show it, or delete it")
        for letter, column in sheet.column_dimensions.items():
            if column.hidden and (column.min or 1) <= (sheet.max_column or 0):
                self.wrong((1, column.min or 1), f"column {letter} is hidden", "show it, or delete it")

    def _text(self, cell: Any) -> str:
        value = cell.value
        if cell.data_type == "f":
            self.wrong((cell.row, cell.column), "a formula", "write the value itself; for 'equals' write it without =")
        elif cell.data_type == "e":
            self.wrong((cell.row, cell.column), f"the error {value}")
        else:
            try:
                return _written(value)
            except ValueError as error:
                self.wrong((cell.row, cell.column), str(error))
        return ""


def _written(value: Any) -> str:
    """A value as a designer would write it. Raises ValueError for what cannot stand in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        if value.time() != time():
            raise ValueError("a moment without a time zone; write it as text: 2026-01-31T09:00:00+08:00")
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        number = Decimal(repr(value))
        if not number.is_finite():
            raise ValueError("no number")
        return f"{number.normalize():f}"
    if isinstance(value, str):
        return value.strip()
    raise ValueError(f"a value of this kind cannot stand in a table: {value}")
