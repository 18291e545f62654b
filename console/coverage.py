"""`coverage`: which clause of the handbook is kept by what, and which scenario would tell if it were not."""

from pathlib import Path
from typing import Annotated, Any

import typer

from console.design import HOUSE, own, there
from console.options import placed, tell_problems
from console.output import Json, print_json, say, show, stop, warn


def coverage(
    processes: Annotated[Path | None, typer.Argument(help="A folder of processes; `processes` if left out.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the handbook into this file, as Markdown, with its pictures beside it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plays all scenarios, and tells of each clause what keeps it and which of them would fail without."""
    from bootstrap import compiler
    from engine.language.files import Folder
    from engine.language.problems import DefinitionError
    from workbench.enforcing import conflicts, kept
    from workbench.handbook import counts, enough
    from workbench.linting import lint_folder
    from workbench.scenarios import run_all

    folder = processes or own()
    if not (there(folder) / HOUSE).exists():
        stop(f"{folder} has no {HOUSE}.", f"A folder of processes holds {HOUSE}.", 2)
    try:
        linted = lint_folder(compiler(), folder)
        if linted.errors:
            tell_problems(placed(linted.errors, folder))
            raise typer.Exit(1)
        results = run_all([folder / "scenarios"], folder, cover=True)
    except DefinitionError as error:
        tell_problems(placed(error.problems, folder))
        raise typer.Exit(1) from None
    except OSError as error:
        stop(f"{error.filename or folder}: {error.strerror or error}")
    failed = [result for result in results if result.problems]
    found = kept(compiler().house(Folder(folder)), linted.compiled, results)
    conflicting = list(conflicts(one.process for one in linted.compiled))
    if write is not None:
        _write(write, linted, found, conflicting)
    if as_json:
        print_json([_plain(one) for one in found])
    else:
        _tell(found)
        every, proved, excused, open_ones = counts(found)
        say(f"{every} clauses: {proved} proved by scenarios, {excused} that none can break, {open_ones} open")
    for result in failed:
        warn(f"{result.file} fails, and proves nothing: {result.problems[0]}")
    if failed or not enough(found):
        raise typer.Exit(1)


def _tell(found: list[Any]) -> None:
    rows: list[dict[str, str]] = []
    for one in found:
        by = ", ".join(
            f"{each.process}.{each.name}" + (f" {each.number}" if each.number else "") if each.name else each.process
            for each in one.enforcers
        )
        why = next(iter(one.unbroken.values()), "")
        shown = ", ".join(one.scenarios) or why or "nothing yet"
        rows.append({"clause": one.clause, "kept_by": by or "nothing", "shown_by": shown})
    show(rows, ("clause", "kept_by", "shown_by"), as_json=False, title="clauses")


def _plain(one: Any) -> dict[str, Any]:
    return {
        "clause": one.clause, "text": dict(one.text), "kept_by": [each._asdict() for each in one.enforcers],
        "scenarios": list(one.scenarios), "unbroken": dict(one.unbroken), "open": one.open,
    }  # fmt: skip


def _write(file: Path, linted: Any, found: list[Any], conflicting: list[Any]) -> None:
    from workbench.handbook import PICTURES, handbook
    from workbench.picture import picture

    pictures = file.parent / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    processes = [one.process for one in linted.compiled]
    file.write_text(handbook(processes, found, conflicting), encoding="utf-8")
    for process in processes:
        (pictures / f"{process.name}.svg").write_text(picture(process, "en"), encoding="utf-8")
