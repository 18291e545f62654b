"""`caseway table`: decision tables for those whose business they are: an empty one, a check, what differs, another kind
of file."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console.options import Language
from console.output import Json, print_json, say, stop

table_commands = typer.Typer(
    help="Decision tables in YAML, CSV and XLSX: an empty one, a check, differences in words, another kind of file.",
    no_args_is_help=True,
)
Table = Annotated[Path, typer.Argument(help="A table: a file that ends in .yaml, .csv or .xlsx.")]
Out = Annotated[Path, typer.Argument(help="The file to write: it ends in .yaml, .csv or .xlsx.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Hit = Literal["unique", "any", "first", "priority", "rule_order", "output_order", "collect"]


@table_commands.command()
def template(
    process: Annotated[Path, typer.Argument(help="The process's file.")],
    step: Annotated[str, typer.Argument(help="The step that decides.")],
    out: Out,
    given: Annotated[list[str], typer.Option("--input", help="A field it decides by. May be repeated.")] = [],  # noqa: B006  (Typer's own way to say an empty list)
    hit: Annotated[Hit, typer.Option(help="Which rows count.")] = "first",
    force: Force = False,
) -> None:
    """Writes an empty table for a step: its columns, their types, and a first row for each case."""
    from engine.language.files import Folder
    from engine.language.problems import DefinitionError
    from workbench.table_design import NoTemplate
    from workbench.table_design import template as made

    try:
        sheet = made(Folder(process.parent), process.name, step, given, hit)
    except NoTemplate as why:
        stop(f"{process}: {why}", why.cure)
    except DefinitionError as error:
        stop("\n".join(map(str, error.problems)))
    except OSError as error:
        stop(f"{process}: {error.strerror}", code=2)
    _write(sheet, out, force)


@table_commands.command()
def check(file: Table, as_json: Json = False) -> None:
    """Tells what is wrong or doubtful with a table: held against the data of the processes that use it."""
    from bootstrap import compiler
    from engine.runtime.clock import SystemClock
    from workbench.table_design import checked

    try:
        found, users = checked(compiler(), file, SystemClock().now().date())
    except OSError as error:
        stop(f"{file}: {error.strerror}", code=2)
    problems = [replace(each, file=str(file)) if each.file.endswith(file.name) else each for each in found]
    if as_json:
        names = ("code", "severity", "file", "line", "column", "message", "expected", "hint")
        print_json([{name: getattr(each, name) for name in names} for each in problems])
    else:
        for each in problems:
            say(str(each))
        used = f"used by {', '.join(users)}" if users else "looked at by itself: no process beside it uses it"
        say(f"{file}: {'in order' if not problems else _counted(problems)}; {used}")
    if any(each.severity == "error" for each in problems):
        raise typer.Exit(1)


def _counted(problems: list[Any]) -> str:
    errors = sum(each.severity == "error" for each in problems)
    doubts = len(problems) - errors
    parts = [(errors, "error"), (doubts, "warning")]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count)


@table_commands.command()
def diff(old: Table, new: Table, language: Language = "zh", as_json: Json = False) -> None:
    """Tells in words what changes from one table to the other."""
    from workbench.table_files import differences

    found = differences(_read(old), _read(new))
    if as_json:
        print_json([{"zh": zh, "en": en} for zh, en in found])
        return
    for zh, en in found:
        say(zh if language == "zh" else en)
    if not found:
        say("没有不同。" if language == "zh" else "They decide alike: nothing differs.")


@table_commands.command()
def convert(file: Table, out: Out, force: Force = False) -> None:
    """Writes a table as another kind of file: CSV, XLSX or YAML."""
    _write(_read(file), out, force)


def _read(file: Path) -> Any:
    """The table as it is written; where it cannot be read the command ends and says so."""
    from engine.core.decision_source import TableError
    from engine.language.sheets import cell_name
    from workbench.table_sheets import load

    try:
        return load(file.read_bytes(), file.name)
    except OSError as error:
        stop(f"{file}: {error.strerror}", code=2)
    except TableError as error:
        lines = []
        for each in error.problems:
            row, column = each.position or (1, 1)
            cell = f"{cell_name(row, column)}: " if file.suffix == ".xlsx" and each.position else ""
            lines.append(f"{file}:{row}:{column}: {cell}{each.message}" + (f" ({each.hint})" if each.hint else ""))
        stop("\n".join(lines))


def _write(sheet: Any, out: Path, force: bool) -> None:
    from workbench.table_sheets import ENDINGS
    from workbench.table_writing import written

    if out.suffix not in ENDINGS:
        stop(f"{out}: a table is a file that ends in {', '.join(ENDINGS)}.", code=2)
    if out.exists() and not force:
        stop(f"{out} is there already.", "Write over it with --force, or name another file.", 2)
    try:
        out.write_bytes(written(sheet, out.suffix))
    except OSError as error:
        stop(f"{out}: {error.strerror}")
    sides = [column.side for column in sheet.columns]
    counts = (sides.count("in"), "condition"), (sides.count("out"), "result"), (len(sheet.rows), "row")
    say(f"{out}: " + ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts))
