"""Decision tables as designers write them, in YAML or CSV (and in sheets like it), checked cell by cell.

YAML, already read into plain data:

    decision: claim_class
    hit: first                      # unique any first priority rule_order output_order collect
    aggregate: sum                  # with collect: sum min max count
    inputs:
      amount: {type: number, format: money}            # a JSON Schema
      weight: {type: integer, expression: "len(papers)"}
    outputs:
      class: {enum: [urgent, complex, normal]}         # this order is the priority's
    rules:
      - when: {amount: ">= 10000"}                     # a column not named matches everything
        then: {class: complex}
        valid_from: 2026-01-01
        note: major claims

CSV (UTF-8, with or without BOM), as spreadsheets write it. First row: the table's own words. Second row: the
columns, `in:name:type` and `out:name:type` beside `valid_from`, `valid_to` and `note`; a type is text, number,
money, integer, boolean, date, date-time, or the allowed values with bars between. An input's third part may
be left out where the process's data says the type. Empty rows, and rows that begin with #, are skipped.

    decision=claim_class,hit=first
    in:amount:money,in:kind:illness|accident,out:class:urgent|complex|normal,valid_from,note
    >= 10000,-,complex,2026-01-01,major claims
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.decision_build import MAX_RULES, Builder, Locate, Position, Row, TableError, TableProblem
from engine.core.decisions import DecisionTable
from engine.core.kinds import Type
from engine.core.naming import did_you_mean

__all__ = ["TableError", "TableProblem", "rows_of_csv", "table_from_csv", "table_from_data", "table_from_rows"]

MAX_BYTES = 5_000_000
_KEYS = ("decision", "title", "hit", "aggregate", "inputs", "outputs", "rules", "clauses", "note")
_ROW_KEYS = ("when", "then", "valid_from", "valid_to", "note")
TYPES: dict[str, dict[str, str]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "money": {"type": "number", "format": "money"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
}
"""The words for types in the heads of columns."""


def table_from_data(
    data: Any, name: str, types: Mapping[str, Type] | None = None, locate: Locate = lambda where: None
) -> DecisionTable:
    """The table that YAML data describes. Raises TableError with all its problems.

    `name` is what the table is called if it does not say; `types` are the data's, for inputs that give no type
    of their own; `locate` gives the line and column of a place in the data: ("rules", 2, "when", "amount").
    """
    build = Builder(name, types or {})
    if not isinstance(data, Mapping):
        build.wrong(locate(()), "expected a decision table: a mapping with hit, inputs, outputs and rules")
        raise TableError(name, build.problems)
    for key in data:
        if key not in _KEYS:
            build.wrong(locate((key,)), f"unknown key {key!r}", did_you_mean(str(key), _KEYS))
    build.head(data, locate)
    for side, keep in (("inputs", build.input), ("outputs", build.output)):
        columns = data.get(side)
        if not isinstance(columns, Mapping) or not columns:
            build.wrong(locate((side,)) or locate(()), f"expected {side}: a mapping from name to type")
            continue
        for column, schema in columns.items():
            keep(str(column), schema, locate((side, column)))
    rules = data.get("rules")
    if not isinstance(rules, list):
        build.wrong(locate(("rules",)) or locate(()), "expected rules: a list of rows")
        rules = []
    for number, rule in enumerate(rules[: MAX_RULES + 1], 1):
        build.rule(number, _yaml_row(build, rule, number, locate))
    return build.table()


def _yaml_row(build: Builder, rule: Any, number: int, locate: Locate) -> Row:
    at = ("rules", number - 1)
    row: Mapping[str, Any] = rule if isinstance(rule, Mapping) else {}
    if not isinstance(rule, Mapping):
        build.wrong(locate(at), f"row {number}: expected a mapping with when and then")
    for key in row:
        if key not in _ROW_KEYS:
            build.wrong(locate((*at, key)), f"row {number}: unknown key {key!r}", did_you_mean(str(key), _ROW_KEYS))
    sides = {side: row.get(side, {}) for side in ("when", "then")}
    for side, cells in sides.items():
        if not isinstance(cells, Mapping):
            build.wrong(locate((*at, side)), f"row {number}: {side} is a mapping from column to cell")
            sides[side] = {}
    return Row(
        sides["when"],
        sides["then"],
        row.get("valid_from"),
        row.get("valid_to"),
        row.get("note"),
        lambda where: locate((*at, *where)) or locate(at),
    )


def table_from_csv(content: bytes | str, name: str, types: Mapping[str, Type] | None = None) -> DecisionTable:
    """The table that a CSV file describes. Raises TableError with all its problems, encoding included."""
    return table_from_rows(rows_of_csv(content, name), name, types)


def table_from_rows(
    lines: Sequence[tuple[int, list[str]]], name: str, types: Mapping[str, Type] | None = None
) -> DecisionTable:
    """The table that rows of texts describe, each with its number in the file, as CSV and sheets have them. Raises
    TableError with all its problems."""
    build = Builder(name, types or {})
    words = dict(cell.partition("=")[::2] for cell in lines[0][1] if "=" in cell) if lines else {}
    if len(lines) < 2 or "hit" not in words:
        build.wrong((1, 1), "the first row says how the table decides: hit=first; the second names the columns")
        raise TableError(name, build.problems)
    for key in words:
        if key not in ("decision", "hit", "aggregate", "title"):
            hint = did_you_mean(key, ("decision", "hit", "aggregate", "title"))
            build.wrong((lines[0][0], 1), f"unknown word {key!r}", hint)
    build.head(words, lambda where: (lines[0][0], 1))
    columns = [_csv_column(build, cell, (lines[1][0], at)) for at, cell in enumerate(lines[1][1], 1)]
    for number, (line, cells) in enumerate(lines[2 : MAX_RULES + 3], 1):
        build.rule(number, _csv_row(build, columns, cells, line, number))
    return build.table()


def rows_of_csv(content: bytes | str, name: str) -> list[tuple[int, list[str]]]:
    """The rows that say something, with their line numbers. Raises TableError."""
    if len(content) > MAX_BYTES:
        raise _unreadable(name, None, f"the file is larger than {MAX_BYTES} bytes")
    if isinstance(content, bytes):
        raw = content
        try:
            content = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise _unreadable(name, (line, 1), "the file is not UTF-8", "save it as 'CSV UTF-8'") from None
    rows = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True)
    found = []
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                found.append((rows.line_num, cells))
    except csv.Error as error:
        raise _unreadable(name, (rows.line_num, 1), f"not CSV: {error}") from None
    return found


def _unreadable(name: str, position: Position | None, message: str, hint: str | None = None) -> TableError:
    return TableError(name, [TableProblem(position, message, hint)])


def _csv_column(build: Builder, cell: str, position: Position) -> tuple[str, str]:
    side, _, rest = cell.partition(":")
    name, _, kind = rest.partition(":")
    if side in ("in", "out") and name:
        schema: Any = TYPES.get(kind) or ({"enum": kind.split("|")} if "|" in kind else {})
        if kind and not schema:
            build.wrong(position, f"unknown type {kind!r}", did_you_mean(kind, TYPES) or "or values: a|b|c")
        (build.input if side == "in" else build.output)(name, schema, position)
        return ("when" if side == "in" else "then"), name
    if cell not in ("valid_from", "valid_to", "note", ""):
        build.wrong(position, f"unknown column {cell!r}", "in:name:type, out:name:type, valid_from, valid_to, note")
    return cell, ""


def _csv_row(build: Builder, columns: list[tuple[str, str]], cells: list[str], line: int, number: int) -> Row:
    if any(cells[len(columns) :]):
        build.wrong((line, len(columns) + 1), f"row {number} has more cells than there are columns")
    places: dict[tuple[str | int, ...], int] = {
        (side, name) if name else (side,): at for at, (side, name) in enumerate(columns, 1)
    }
    sides: dict[str, dict[str, str]] = {"when": {}, "then": {}}
    more: dict[str, str] = {}
    for (side, name), cell in zip(columns, cells, strict=False):
        if name:
            sides[side][name] = cell
        elif cell:
            more[side] = cell
    return Row(
        sides["when"],
        {name: None if cell in ("", "null") else cell for name, cell in sides["then"].items()},
        more.get("valid_from"),
        more.get("valid_to"),
        more.get("note"),
        lambda where: (line, places.get(where, 1)),
    )
