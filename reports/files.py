"""Reports as files: CSV and JSON for programs, XLSX for people."""

import csv
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from reports.sheets import Column, Sheet

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula: such a text gets an apostrophe before it."""
WIDEST = 48


def plain(sheet: Sheet) -> list[dict[str, Any]]:
    """The rows by the names of their columns: seconds and counts as numbers, shares as decimal text, moments in UTC."""
    return [{column.name: _plain(row[column.name]) for column in sheet.columns} for row in sheet.rows]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def as_json(sheet: Sheet, zone: ZoneInfo, language: str) -> bytes:
    """An object with the rows and until when they are counted."""
    whole = {"report": sheet.report, "as_of": sheet.as_of, "rows": plain(sheet)}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def as_csv(sheet: Sheet, zone: ZoneInfo, language: str) -> bytes:
    """With a byte order mark, by which spreadsheets know that it is UTF-8; moments in the house's zone."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_title(column, language) for column in sheet.columns)
    for row in sheet.rows:
        writer.writerow(_cell(row[column.name], zone) for column in sheet.columns)
    return stream.getvalue().encode("utf-8-sig")


def _title(column: Column, language: str) -> str:
    title = column.title.get(language) or column.name
    return f"{title} (s)" if column.unit == "seconds" else title


def _cell(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else _plain(value)


_FORMATS = {"share": "0.0%", "score": "0.000", "seconds": "[h]:mm:ss", "moment": "yyyy-mm-dd hh:mm"}


def as_xlsx(sheet: Sheet, zone: ZoneInfo, language: str) -> bytes:
    """One sheet with its head fixed: times as lengths, shares as percent, moments in the house's zone."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet.report
    page.append([column.title.get(language) or column.name for column in sheet.columns])
    for cell in page[1]:
        cell.font = Font(bold=True)
    page.freeze_panes = "A2"
    for number, row in enumerate(sheet.rows, 2):
        for place, column in enumerate(sheet.columns, 1):
            value, cell = row[column.name], page.cell(number, place)
            if isinstance(value, str):
                cell.value, cell.data_type = value, "s"  # never a formula
                continue
            if isinstance(value, datetime):
                value = value.astimezone(zone).replace(tzinfo=None, microsecond=0)
            elif column.unit == "seconds" and value is not None:
                value = timedelta(seconds=value)
            cell.value = value
            cell.number_format = _FORMATS.get(column.unit, "General")
    for place, column in enumerate(sheet.columns, 1):
        longest = max((len(str(row[column.name])) for row in sheet.rows), default=0)
        title = len(column.title.get(language, "")) * (2 if language == "zh" else 1)
        page.column_dimensions[get_column_letter(place)].width = min(max(longest, title, 8) + 2, WIDEST)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


Writer = Callable[[Sheet, ZoneInfo, str], bytes]
FORMATS: Mapping[str, tuple[str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "json": ("application/json", as_json),
}
"""By the ending of the name: media type, and what writes it in a zone and language."""
