"""Decision tables as they are written, whatever kind of file holds them.

Theory of operation. A `Sheet` is a table as it was written: the words of its head, its columns with their types, its
rows of texts. Every kind of file can be read into one (here) and written from one (`table_writing`); what cannot be
carried over is refused, never dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.core.decision_source import TYPES, TableError, TableProblem
from engine.core.decisions import DecisionTable
from engine.core.kinds import Type
from engine.language.problems import DefinitionError
from engine.language.sheets import sheet_rows
from engine.language.source import read

ENDINGS = (".yaml", ".csv", ".xlsx")
BESIDE = ("valid_from", "valid_to", "note")
"""What a row may have beside its cells."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `in` or `out`, its name, and the word for its type; "" where the process's data says it."""

    side: str
    name: str
    type: str = ""

    @property
    def head(self) -> str:
        return ":".join(part for part in (self.side, self.name, self.type) if part)

    @property
    def values(self) -> tuple[str, ...]:
        """The values that a cell of results is chosen from."""
        return ("true", "false") if self.type == "boolean" else tuple(self.type.split("|")) if "|" in self.type else ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it was written. A row is a text for each column, and what stands beside: `valid_from`, `note`."""

    name: str
    hit: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...]
    words: Mapping[str, str] = field(default_factory=dict)  # aggregate, title

    def lines(self) -> list[list[str]]:
        """The lines of a CSV file, or of a sheet."""
        more = [key for key in BESIDE if any(key in beside for _, beside in self.rows)]
        head = {"decision": self.name, "hit": self.hit, **self.words}
        found = [[f"{key}={value}" for key, value in head.items() if value]]
        found.append([*(column.head for column in self.columns), *more])
        return found + [[*cells, *(beside.get(key, "") for key in more)] for cells, beside in self.rows]


# --- reading ----------------------------------------------------------------------------------------


def load(content: bytes, file: str) -> Sheet:
    """The table in a file, by the ending of its name, as it was written: nothing is held against types. Raises
    TableError."""
    name = file.rpartition("/")[2].partition(".")[0]
    if file.endswith(".yaml"):
        return _of_yaml(content, file, name)
    if not file.endswith((".csv", ".xlsx")):
        raise _wrong(name, "a table is a file that ends in .yaml, .csv or .xlsx")
    lines = [cells for _, cells in sheet_rows(content, file)]
    if len(lines) < 2:
        raise _wrong(name, "the first row says how the table decides: hit=first; the second names the columns")
    words = dict(cell.partition("=")[::2] for cell in lines[0] if "=" in cell)
    heads = [cell.split(":", 2) for cell in lines[1]]
    columns = tuple(Column(*head) for head in heads if head[0] in ("in", "out") and len(head) > 1)
    rows = []
    for cells in lines[2:]:
        told = dict(zip(("\0".join(head) for head in heads), cells, strict=False))
        main = tuple(
            _text(told.get("\0".join(head), ""), head[0])
            for head in heads
            if head[0] in ("in", "out") and len(head) > 1
        )
        rows.append((main, {key: told[key] for key in BESIDE if told.get(key)}))
    more = {key: words[key] for key in ("aggregate", "title") if words.get(key)}
    return Sheet(words.get("decision") or name, words.get("hit", ""), columns, tuple(rows), more)


def _of_yaml(content: bytes, file: str, name: str) -> Sheet:
    try:
        value: Any = read(content, file).value
    except DefinitionError as error:
        raise TableError(name, [TableProblem((p.line, p.column), p.message, p.hint) for p in error.problems]) from None
    if not isinstance(value, dict) or not isinstance(value.get("rules"), list):
        raise _wrong(name, "expected a decision table: a mapping with hit, inputs, outputs and rules")
    columns = []
    for side, key in (("in", "inputs"), ("out", "outputs")):
        for column, schema in (value.get(key) or {}).items():
            if isinstance(schema, dict) and "expression" in schema:
                message = f"{column} is computed by the table: {schema['expression']}"
                raise _wrong(name, message, "compute it in the step instead: inputs: {" + f"{column}: …" + "}")
            columns.append(Column(side, str(column), _word(schema or {})))
    rows = []
    for rule in value["rules"]:
        sides = {"in": rule.get("when") or {}, "out": rule.get("then") or {}}
        cells = tuple(_text(sides[c.side].get(c.name), c.side) for c in columns)
        rows.append((cells, {key: _text(rule[key], "") for key in BESIDE if rule.get(key)}))
    words = {key: str(value[key]) for key in ("aggregate", "title") if isinstance(value.get(key), str)}
    return Sheet(str(value.get("decision") or name), str(value.get("hit", "")), tuple(columns), tuple(rows), words)


def sheet_of(table: DecisionTable) -> Sheet:
    """A table that has been compiled, as it would be written."""
    columns = [Column("in", each.name, type_word(each.type)) for each in table.inputs]
    columns += [Column("out", each.name, type_word(each.type)) for each in table.outputs]
    rows = []
    for rule in table.rules:
        cells = (*(_text(cell, "in") for cell in rule.cells), *(_text(value, "out") for value in rule.outputs))
        beside = {"valid_from": rule.valid_from, "valid_to": rule.valid_to, "note": rule.note}
        rows.append((cells, {key: _text(value, "") for key, value in beside.items() if value}))
    words = {"aggregate": table.aggregate} if table.aggregate else {}
    return Sheet(table.name, table.hit, tuple(columns), tuple(rows), words)


def type_word(type: Type) -> str:
    """The word for a type in the head of a column; "" for one that has none."""
    if type.enum is not None and all(isinstance(value, str) for value in type.enum):
        return "|".join(type.enum)
    if type.money:
        return "money"
    words = {"text": "text", "decimal": "number", "int": "integer", "bool": "boolean", "date": "date"}
    return words.get(type.kind, "date-time" if type.kind == "datetime" else "")


def _word(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(str(value) for value in schema["enum"])
    wanted = {key: schema[key] for key in ("type", "format") if key in schema}
    return next((word for word, meant in TYPES.items() if meant == wanted), str(schema.get("type", "")))


def _text(value: Any, side: str) -> str:
    """A value as a cell: nothing is `-` among conditions and `null` among results."""
    if value is None or value == "":
        return {"in": "-", "out": "null"}.get(side, "")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value).strip()


def _wrong(name: str, message: str, hint: str | None = None) -> TableError:
    return TableError(name, [TableProblem(None, message, hint)])
