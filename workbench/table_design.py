"""A designer's help with decision tables: an empty one for a step, and what is wrong or doubtful with one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from engine.core.decision_source import TableError, table_from_data, table_from_rows
from engine.core.decisions import DecisionTable
from engine.core.expressions import ExpressionError, compile_expression
from engine.core.kinds import ANY, Type
from engine.core.types import NameProblem, SchemaProblem, names_of_schema, target_type
from engine.language.compile import Compiled, Compiler
from engine.language.decision_checks import check as check_uses
from engine.language.decision_checks import look
from engine.language.decision_space import Domain
from engine.language.fields import read_schema
from engine.language.files import Files, Folder
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.project import Project
from engine.language.sheets import cell_name, sheet_rows
from engine.language.source import read
from workbench.table_sheets import Column, Sheet, type_word

HOUSE = "house.yaml"


class NoTemplate(Exception):
    """Why there is no table for this step; `str()` says it, `cure` what to do."""

    def __init__(self, message: str, cure: str = "") -> None:
        self.cure = cure
        super().__init__(message)


# --- an empty table ---------------------------------------------------------------------------------


def template(files: Files, process: str, step: str, inputs: Sequence[str] = (), hit: str = "first") -> Sheet:
    """An empty table for a `decide` step of the process in that file: its columns, with their types, and a row for each
    value of the first condition that has values, and one for all else. `inputs` are fields or expressions, where the
    step names none. Raises NoTemplate, DefinitionError and OSError."""
    value = read(files.read(process), process).value
    written = _step(value, step)
    schema = read_schema(value, files.read)
    try:
        names = names_of_schema(schema) if schema else {}
    except SchemaProblem as problem:
        raise NoTemplate(f"the data schema cannot be read: {problem.message}") from None
    columns = (*_conditions(written, names, inputs, step), *_results(written, names, step))
    table = written.get("table")
    name = PurePosixPath(table).stem if isinstance(table, str) else step
    return Sheet(name, hit, columns, tuple(_rows(columns)))


def _step(value: Any, step: str) -> Mapping[str, Any]:
    """What the `decide` step of that name says, wherever it stands."""
    found = next(_decides(value, step), None)
    if found is None:
        raise NoTemplate(f"there is no step {step!r} that decides", "Write it first: decide: {table: …, into: …}")
    return found


def _decides(value: Any, step: str) -> Iterator[Mapping[str, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        if key == step and isinstance(inner, dict) and isinstance(inner.get("decide"), dict):
            yield inner["decide"]
        yield from _decides(inner, step)


def _conditions(
    written: Mapping[str, Any], names: Mapping[str, Type], inputs: Sequence[str], step: str
) -> Iterator[Column]:
    given = written.get("inputs") or {}
    asked = {**given, **{source.rpartition(".")[2]: source for source in inputs}}
    if not asked:
        cure = "Name the fields it decides by: --input kind --input amount"
        raise NoTemplate(f"the step {step} does not say what it decides by", cure)
    for name, source in asked.items():
        try:
            type = compile_expression(str(source), names).type
        except ExpressionError as error:
            if source in inputs:
                raise NoTemplate(f"{source}: {error}") from None
            type = ANY  # it reads what only the whole process knows
        yield Column("in", name, type_word(type) or "text")


def _results(written: Mapping[str, Any], names: Mapping[str, Type], step: str) -> Iterator[Column]:
    into = written.get("into") or {}
    places = {into: into.rpartition(".")[2]} if isinstance(into, str) else into
    if not places:
        raise NoTemplate(f"the step {step} does not say where its answer goes", "Write it: into: {place: result}")
    for place, name in places.items():
        try:
            word = type_word(target_type(names, str(place)))
        except NameProblem as problem:
            raise NoTemplate(problem.message, problem.hint or "") from None
        yield Column("out", str(name), word or "text")


def _rows(columns: Sequence[Column]) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """A row for each value of the first condition that has values; one for all else."""
    chosen = next((place for place, c in enumerate(columns) if c.side == "in" and c.values), None)
    empty = tuple("-" if c.side == "in" else "" for c in columns)
    if chosen is not None:
        for value in columns[chosen].values:
            yield tuple(value if place == chosen else cell for place, cell in enumerate(empty)), {}
    yield empty, {}


# --- what is wrong with a table ---------------------------------------------------------------------


def checked(compiler: Compiler, path: Path, today: date | None = None) -> tuple[list[Problem], list[str]]:
    """What is wrong or doubtful with the table in a file, and the processes that use it: it is held against their data.
    One that none uses is looked at by itself. Raises OSError."""
    root = next((folder for folder in path.resolve().parents if (folder / HOUSE).exists()), None)
    content = path.read_bytes()
    if root is not None:
        file = path.resolve().relative_to(root).as_posix()
        beside = [each for each in sorted(root.glob("*.yaml")) if each.name != HOUSE]
        users = [each for each in beside if file.encode() in each.read_bytes()]
        if users:
            return _used(compiler, Folder(root), [each.name for each in users], file, today)
    return _alone(content, path.name, today), []


def _used(
    compiler: Compiler, files: Folder, names: Sequence[str], file: str, today: date | None
) -> tuple[list[Problem], list[str]]:
    found, compiled = Problems(), dict[str, Compiled]()
    try:
        house = compiler.house(files)
    except DefinitionError as error:
        return list(error.problems), []
    for name in names:
        try:
            one = compiler.compile(files, name, house)
        except DefinitionError as error:
            own = [each for each in error.problems if each.file == file]
            found.extend(own or error.problems)
        else:
            compiled[one.process.name] = one
    found.extend(each for each in check_uses(Project(house, compiled, False, today=today)) if each.file == file)
    return list(found), sorted(compiled)


def _alone(content: bytes, file: str, today: date | None) -> list[Problem]:
    try:
        table = _table(content, file)
    except TableError as error:
        return [_problem(file, each.position, each.message, each.hint) for each in error.problems]
    except DefinitionError as error:
        return list(error.problems)
    domains = {each.name: Domain(each.name, each.type, computed=bool(each.expression)) for each in table.inputs}
    return list(look(table, domains, today, file))


def _table(content: bytes, file: str) -> DecisionTable:
    name = PurePosixPath(file).stem
    if file.endswith(".yaml"):
        document = read(content, file)
        return table_from_data(document.value, name, {}, document.at)
    return table_from_rows(sheet_rows(content, file), name)


def _problem(file: str, position: tuple[int, int] | None, message: str, hint: str | None) -> Problem:
    if position is not None and file.endswith(".xlsx"):
        message = f"{cell_name(*position)}: {message}"
    return Problem("CW146", "error", file, *(position or (1, 1)), message, hint=hint)
