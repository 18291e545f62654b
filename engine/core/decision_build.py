"""Builds a decision table out of its columns and rows, whatever they were written in, and collects the problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.core.cells import CellProblem, Test, compile_cell, foresees_null, is_any, literal
from engine.core.decisions import AGGREGATES, HITS, DecisionTable, Input, Output, Rule
from engine.core.kinds import ANY, DATE, NUMBERS, Type, Value
from engine.core.naming import IDENTIFIER, did_you_mean, listed
from engine.core.types import SchemaProblem, type_of_schema

Position = tuple[int, int]
Locate = Callable[[tuple[str | int, ...]], Position | None]
MAX_RULES = 10_000


@dataclass(frozen=True, slots=True)
class TableProblem:
    """Something wrong in a table: where (line and column, from 1, if known), what, and a hint."""

    position: Position | None
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.position[0]}:{self.position[1]}: " if self.position else ""
        return place + self.message + (f" ({self.hint})" if self.hint else "")


class TableError(ValueError):
    """A table was refused; `problems` says everything that was found."""

    def __init__(self, name: str, problems: list[TableProblem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


@dataclass(slots=True)
class Row:
    when: Mapping[str, Any]
    then: Mapping[str, Any]
    valid_from: Any
    valid_to: Any
    note: Any
    locate: Locate  # of ("when", column), ("then", column), ("valid_from",)


class Builder:
    """Collects the columns, the rows and every problem of one table."""

    def __init__(self, name: str, types: Mapping[str, Type]) -> None:
        self.name = name
        self.types = types
        self.hit = ""
        self.aggregate = ""
        self.inputs: dict[str, Input] = {}
        self.outputs: dict[str, Output] = {}
        self.rules: list[Rule] = []
        self.problems: list[TableProblem] = []

    def wrong(self, position: Position | None, message: str, hint: str | None = None) -> None:
        self.problems.append(TableProblem(position, message, hint))

    def head(self, words: Mapping[str, Any], locate: Locate) -> None:
        self.name = str(words.get("decision") or self.name)
        self.hit, self.aggregate = str(words.get("hit", "")), str(words.get("aggregate") or "")
        if self.hit not in HITS:
            hint = did_you_mean(self.hit, HITS)
            self.wrong(locate(("hit",)) or locate(()), f"hit: expected one of {listed(HITS)}", hint)
        if self.aggregate and self.aggregate not in AGGREGATES:
            hint = did_you_mean(self.aggregate, AGGREGATES)
            self.wrong(locate(("aggregate",)), f"aggregate: expected one of {listed(AGGREGATES)}", hint)
        elif self.aggregate and self.hit != "collect":
            self.wrong(locate(("aggregate",)), f"aggregate goes with hit: collect, not with {self.hit}")

    def input(self, name: str, schema: Any, position: Position | None) -> None:
        expression = schema.get("expression", "") if isinstance(schema, Mapping) else ""
        type = self.column(name, schema, position, self.inputs)
        if type.kind == "any" and not expression:
            type = self.types.get(name, ANY)
        if type.kind == "any" and (expression or name in self.types):
            self.wrong(position, f"input {name} needs a type")
        elif type.kind == "any":
            hint = did_you_mean(name, self.types) or f"write {name}: {{type: …}}, or {name}:… in a sheet"
            self.wrong(position, f"input {name} is no field of the data, and has no type of its own", hint)
        self.inputs[name] = Input(name, replace(type, secret=False), str(expression), position=position)

    def output(self, name: str, schema: Any, position: Position | None) -> None:
        type = self.column(name, schema, position, self.outputs)
        if type.kind == "any":
            self.wrong(position, f"output {name} needs a type")
        self.outputs[name] = Output(name, type, position)

    def column(self, name: str, schema: Any, position: Position | None, known: Mapping[str, Any]) -> Type:
        if not IDENTIFIER.match(name):
            self.wrong(position, f"{name!r} is no name: small letters, digits and _ only")
        if name in known:
            self.wrong(position, f"the column {name} is there twice")
        if not isinstance(schema, Mapping | None.__class__):
            self.wrong(position, f"{name}: expected a type such as {{type: number}}")
            return ANY
        try:
            type = type_of_schema({key: value for key, value in (schema or {}).items() if key != "expression"})
        except SchemaProblem as problem:
            self.wrong(position, f"{name}: {problem.message}", problem.hint)
            return ANY
        if type.kind in ("list", "object"):
            self.wrong(position, f"{name}: a column cannot be of type {type}", "use an expression that gives one value")
            return ANY
        return type

    def rule(self, number: int, row: Row) -> None:
        if number > MAX_RULES:
            self.wrong(row.locate(()), f"the table has more than {MAX_RULES} rows")
            return
        for side, cells, columns in (("when", row.when, self.inputs), ("then", row.then, self.outputs)):
            for name in cells:
                if name not in columns:
                    known = "input" if side == "when" else "output"
                    hint = did_you_mean(str(name), columns)
                    self.wrong(row.locate((side, name)), f"row {number}: there is no {known} {name!r}", hint)
        tests = tuple(self.test(column, row, number) for column in self.inputs.values())
        outputs = tuple(self.result(column, row, number) for column in self.outputs.values())
        first, last = self.day(row, "valid_from", number), self.day(row, "valid_to", number)
        if first and last and first > last:
            self.wrong(row.locate(("valid_to",)), f"row {number}: it ends before it begins")
        written = tuple(row.when.get(column) for column in self.inputs)
        self.rules.append(Rule(number, tests, outputs, first, last, str(row.note or ""), row.locate(()), written))

    def test(self, column: Input, row: Row, number: int) -> Test | None:
        cell = row.when.get(column.name)
        if is_any(cell) or column.type.kind == "any":
            return None
        try:
            test = compile_cell(cell, column.type)
        except CellProblem as problem:
            self.wrong(
                row.locate(("when", column.name)),
                f"row {number}, column {column.name}: {problem.message}",
                problem.hint,
            )
            return None
        if foresees_null(cell):
            self.inputs[column.name] = replace(self.inputs[column.name], expects_null=True)
        return test

    def result(self, column: Output, row: Row, number: int) -> Value:
        if column.type.kind == "any":
            return None
        try:
            if column.name not in row.then:
                raise CellProblem("the row gives no result (write null if there is none)")
            return literal(row.then[column.name], column.type)
        except CellProblem as problem:
            at = row.locate(("then", column.name))
            self.wrong(at, f"row {number}, column {column.name}: {problem.message}", problem.hint)
            return None

    def day(self, row: Row, key: str, number: int) -> date | None:
        written = getattr(row, key)
        try:
            day: date | None = literal(written, DATE)
        except CellProblem as problem:
            self.wrong(row.locate((key,)), f"row {number}, {key}: {problem.message}")
            return None
        return day

    def table(self) -> DecisionTable:
        outputs = tuple(self.outputs.values())
        if self.aggregate and len(outputs) != 1:
            self.wrong(None, "an aggregate needs exactly one output")
        for output in outputs if self.aggregate in ("sum", "min", "max") else ():
            if output.type.kind not in NUMBERS:
                self.wrong(None, f"{self.aggregate} needs numbers, output {output.name} is {output.type}")
        if self.hit in ("priority", "output_order") and not any(output.type.enum for output in outputs):
            self.wrong(None, f"hit: {self.hit} needs an output with an enum, whose order is the priority")
        if not self.rules:
            self.wrong(None, "the table has no rows")
        if self.problems:
            raise TableError(self.name, self.problems)
        return DecisionTable(
            self.name, self.hit, tuple(self.inputs.values()), outputs, tuple(self.rules), self.aggregate
        )
