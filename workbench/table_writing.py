"""Decision tables written as files for business people: CSV, XLSX, YAML.

In a workbook all cells are texts (a spreadsheet turns 1-2 into a date), there are lists to choose from where a column
of results has values, and a second sheet says how cells are written.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from engine.core.decision_source import TYPES
from workbench.table_sheets import Column, Sheet


def written(sheet: Sheet, ending: str) -> bytes:
    """The content of a file of that ending (.csv, .xlsx or .yaml)."""
    return {".csv": _csv, ".xlsx": _xlsx, ".yaml": _yaml}[ending](sheet)


def _csv(sheet: Sheet) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(sheet.lines())
    return stream.getvalue().encode("utf-8-sig")  # without its mark, spreadsheets garble Chinese


_HELP = (
    ("条件 / Condition", "含义 / Meaning"),
    ("-", "任意 / anything"),
    ("10000", "等于 / that value"),
    (">= 10000", "比较：< <= > >= != / compared with it"),
    ("[10000..50000)", "区间：方括号含端点，圆括号不含 / a range; [ and ] include the end, ( and ) do not"),
    ('"a", "b"', "其中之一 / one of several"),
    ('not("a", "b")', "都不是 / none of them"),
    ("null", "未填 / not set"),
    ("valid_from, valid_to", "生效日期，两日都含，如 2026-01-01 / days on which a row is valid, both included"),
    ("hit=", "命中方式：unique first any priority collect rule_order output_order / which rows count"),
)  # fmt: skip


def _xlsx(sheet: Sheet) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.title = sheet.name[:31] or "table"
    lines = sheet.lines()
    for number, line in enumerate(lines, 1):
        for place, text in enumerate(line, 1):
            cell = page.cell(number, place)
            cell.value, cell.data_type, cell.number_format = text, "s", "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number < 3:
                cell.font = Font(bold=True)
            if number == 2:
                shade = {"in": "DDEBF7", "out": "E2EFDA"}.get(text.split(":")[0], "EDEDED")
                cell.fill = PatternFill("solid", fgColor=shade)
    page.freeze_panes = "A3"
    for place, head in enumerate(lines[1], 1):
        widest = max(len(line[place - 1]) for line in lines[1:] if len(line) >= place)
        page.column_dimensions[get_column_letter(place)].width = min(max(widest + 4, 14, len(head) // 2), 50)
    for place, column in enumerate(sheet.columns, 1):
        formula = f'"{",".join(column.values)}"'
        if column.side == "out" and column.values and len(formula) < 255:
            choice = DataValidation(type="list", formula1=formula, allow_blank=True)
            page.add_data_validation(choice)
            letter = get_column_letter(place)
            choice.add(f"{letter}3:{letter}1000")
    told = workbook.create_sheet("说明 help")
    for row in _HELP:
        told.append(row)
    told.column_dimensions["A"].width, told.column_dimensions["B"].width = 28, 90
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _yaml(sheet: Sheet) -> bytes:
    found = [f"decision: {sheet.name}", f"hit: {sheet.hit}"]
    found += [f"{key}: {_quoted(value)}" for key, value in sheet.words.items()]
    for side, key in (("in", "inputs"), ("out", "outputs")):
        found.append(f"{key}:")
        for column in sheet.columns:
            if column.side == side:
                found.append(f"  {column.name}: {_schema(column.type)}")
    found.append("rules:")
    for cells, beside in sheet.rows:
        when = [f"{c.name}: {_quoted(text)}" for c, text in _pairs(sheet, cells, "in") if text not in ("", "-")]
        then = [f"{c.name}: {_result(c, text)}" for c, text in _pairs(sheet, cells, "out")]
        more = [f"{key}: {_quoted(text)}" for key, text in beside.items()]
        head = f"when: {{{', '.join(when)}}}, " if when else ""
        found.append(f"  - {{{head}then: {{{', '.join(then)}}}{''.join(', ' + one for one in more)}}}")
    return ("\n".join(found) + "\n").encode()


def _pairs(sheet: Sheet, cells: Sequence[str], side: str) -> Iterator[tuple[Column, str]]:
    return ((c, text) for c, text in zip(sheet.columns, cells, strict=True) if c.side == side)


def _schema(word: str) -> str:
    if "|" in word:
        return "{enum: [" + ", ".join(_quoted(value) for value in word.split("|")) + "]}"
    return "{" + ", ".join(f"{key}: {value}" for key, value in TYPES.get(word, {}).items()) + "}"


def _result(column: Column, text: str) -> str:
    if text in ("", "null"):
        return "null"
    return text if column.type in ("number", "money", "integer", "boolean") else _quoted(text)


def _quoted(text: str) -> str:
    """A text in double quotes, which YAML reads as nothing else."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{inner}"'
