"""`decide`: a decision table, in a file of its own or written in the step."""

from collections.abc import Mapping
from typing import Any

from engine.core.decision_source import TableError, TableProblem, table_from_data, table_from_rows
from engine.core.decisions import DecisionTable
from engine.core.kinds import Type
from engine.core.model import Decide
from engine.language.context import Scope
from engine.language.data_schema import named_bytes, named_file
from engine.language.document import Document, Place
from engine.language.kinds.kind import Kind
from engine.language.outline import Step
from engine.language.problems import Problem
from engine.language.sheets import cell_name, sheet_rows
from engine.language.words import ARGS, INTO, described, mapping

CODES = {"CW146": "a decision table that cannot be used"}


def _decide(scope: Scope, step: Step) -> Decide | None:
    where, written = (*step.where, "decide"), step.value["decide"]
    table = _table(scope, (*where, "table"), written["table"])
    if table is None:
        return None
    inputs = {}
    given: Mapping[str, Any] = written.get("inputs", {})
    for name in given:
        scope.name(
            (*where, "inputs", name), name, [each.name for each in table.inputs], f"input of {table.name}", key=True
        )
    for column in table.inputs:
        at = (*where, "inputs", column.name) if column.name in given else (*where, "table")
        text = given.get(column.name, column.expression or column.name)
        inputs[column.name] = scope.expression(at, text, wants=column.type)
    secret = any(value.secret for value in inputs.values() if value)
    into, result = written.get("into"), table.type
    if isinstance(into, str) and result.fields is not None and len(result.fields) == 1:
        into = {into: next(iter(result.fields))}  # the only output is meant, not an object of one field
    taken = scope.into((*where, "into"), into, result, f"the answer of {table.name}", secret)
    return Decide(table, {name: value for name, value in inputs.items() if value}, taken)


def _table(scope: Scope, where: Place, written: Any) -> DecisionTable | None:
    build = scope.build
    types = dict(scope.names)
    if isinstance(written, dict):
        return _from_data(scope, build.document, where, written, scope.step, types)
    name = written.rpartition("/")[2].partition(".")[0]
    if not written.endswith((".csv", ".xlsx")):
        document = named_file(build.document, where, written, build.files, build.problems)
        return None if document is None else _from_data(scope, document, (), document.value, name, types)
    raw = named_bytes(build.document, where, written, build.files, build.problems)
    if raw is None:
        return None
    try:
        return table_from_rows(sheet_rows(raw, written), name, types)
    except TableError as error:
        for each in error.problems:
            build.problems.add(
                Problem("CW146", "error", written, *(each.position or (1, 1)), _placed(written, each), hint=each.hint)
            )
        return None


def _placed(file: str, problem: TableProblem) -> str:
    """The message; of a sheet with the name that its cell has there."""
    if not file.endswith(".xlsx") or problem.position is None:
        return problem.message
    return f"{cell_name(*problem.position)}: {problem.message}"


def _from_data(
    scope: Scope, document: Document, where: Place, value: Any, name: str, types: Mapping[str, Type]
) -> DecisionTable | None:
    try:
        return table_from_data(value, name, types, lambda place: document.at((*where, *place)))
    except TableError as error:
        for each in error.problems:
            line, column = each.position or document.at(where)
            problem = Problem("CW146", "error", document.file, line, column, each.message, hint=each.hint)
            scope.build.problems.add(problem)
        return None


_TABLE = {
    "title": "a file, as decisions/claim_class.csv, or the table itself",
    "type": ["string", "object"],
    "minLength": 1,
}

KINDS = (
    Kind(
        "decide",
        "Asks a decision table, and writes its answer into the data.",
        mapping(
            {
                "table": described(_TABLE, "The table: YAML, CSV or XLSX."),
                "inputs": described(ARGS, "What its inputs are given, where that is not the field of their name."),
                "into": described(INTO, "Where the answer goes: one place, or {place: output}."),
            },
            "table",
            "into",
        ),
        _decide,
    ),
)
