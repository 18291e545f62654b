"""`lint`, `show`, `schema`, `test`: what designers do. None of it needs a database."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import Language
from console.output import Json, out, print_json, say, stop

Files = Annotated[list[Path], typer.Argument(help="Process files, or folders of them; the shipped ones if left out.")]


def _processes(paths: list[Path]) -> list[tuple[Path, str]]:
    """(folder with house.yaml, file in it) for every process file named; folders give all of theirs."""
    from bootstrap import SHIPPED

    found: list[tuple[Path, str]] = []
    for path in paths or [Path("processes") if Path("processes/house.yaml").exists() else SHIPPED]:
        if path.is_dir():
            found += [(path, file.name) for file in sorted(path.glob("*.yaml")) if file.name != "house.yaml"]
        elif path.is_file():
            found.append((path.parent, path.name))
        else:
            stop(f"There is no file or folder {path}.", code=2)
    return found


def compiled(paths: list[Path]) -> tuple[list[Any], list[Any]]:
    """Every process that compiles, and every problem of all files."""
    from bootstrap import compiler
    from engine.language.files import Folder
    from engine.language.problems import DefinitionError

    language = compiler()
    houses: dict[Path, Any] = {}
    processes: list[Any] = []
    problems: list[Any] = []
    for folder, file in _processes(paths):
        files = Folder(folder)
        try:
            if folder not in houses:
                houses[folder] = language.house(files)
            processes.append(language.process(files, file, houses[folder]))
        except DefinitionError as error:
            problems += error.problems
        except OSError as error:
            stop(f"{folder}: {error.strerror or error}: {error.filename}", "A folder of processes holds house.yaml.")
    return processes, problems


def lint(paths: Files = [], as_json: Json = False) -> None:  # noqa: B006  (Typer's own way to say an empty list)
    """Checks process files: every problem with its file, line and column, what was expected, the nearest name."""
    processes, problems = compiled(paths)
    if as_json:
        print_json([_plain(problem) for problem in problems])
    else:
        for problem in problems:
            out.print(str(problem), highlight=False, markup=False, soft_wrap=True)
        faults = sum(problem.severity == "error" for problem in problems)
        say(f"{len(processes)} processes in order, {faults} errors, {len(problems) - faults} warnings")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def _plain(problem: Any) -> dict[str, Any]:
    names = ("code", "severity", "file", "line", "column", "message", "expected", "hint")
    return {name: getattr(problem, name) for name in names}


def show(
    path: Annotated[Path, typer.Argument(help="A process file.")],
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.")] = None,
    language: Language = "zh",
) -> None:
    """Prints a process as text, or draws it."""
    from workbench.outline import outline
    from workbench.picture import picture

    processes, problems = compiled([path])
    if not processes:
        for problem in problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1)
    for process in processes:
        if svg is None:
            out.print(outline(process, language), highlight=False, markup=False, soft_wrap=True)
        else:
            svg.write_text(picture(process, language), encoding="utf-8")
            say(f"{process.name}: {svg}")


def schema(
    house: Annotated[bool, typer.Option("--house", help="That of house.yaml instead.")] = False,
) -> None:
    """Prints the JSON Schema of the language, for editors."""
    from bootstrap import compiler

    found = compiler().grammar.house_schema if house else compiler().grammar.process_schema
    import json

    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


def test(paths: Files = [], as_json: Json = False) -> None:  # noqa: B006  (Typer's own way to say an empty list)
    """Runs scenario files on the real engine with virtual time."""
    from bootstrap import SHIPPED
    from workbench.scenarios import run_all

    folder = Path("processes") if Path("processes/house.yaml").exists() else SHIPPED
    results = run_all(paths or [folder / "scenarios"], folder)
    if as_json:
        print_json([{"file": str(r.file), "scenario": r.name, "problems": r.problems} for r in results])
    else:
        for result in results:
            say(f"{'ok  ' if not result.problems else 'FAIL'} {result.file}: {result.name}")
            for problem in result.problems:
                say(f"     {problem}")
        failed = sum(bool(r.problems) for r in results)
        say(f"{len(results) - failed} passed, {failed} failed")
    if not results or any(r.problems for r in results):
        raise typer.Exit(1)
