"""`lint`: what can be said of process files before a case runs by them."""

import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import Annotated, Any

import typer

from console.design import Files, processes_of, there
from console.options import DatabaseOption, opened, placed, tell_problems
from console.output import Json, print_json, say, stop

LOOK = 0.5
"""Seconds between two looks at the files that are watched."""
LOOKING = "looking …"


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def lint(
    paths: Files = [],  # noqa: B006  (Typer's own way to say an empty list)
    format: Annotated[
        Format, typer.Option(help="text for people, json for programs, sarif for reviews.")
    ] = Format.TEXT,
    organisation: Annotated[
        Path | None, typer.Option(help="The people, as a file that `caseway user load` takes.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="An installation: its people, and how long steps took there.")
    ] = None,
    database: DatabaseOption = "",
    watch: Annotated[bool, typer.Option("--watch", help="Look again whenever a file changes, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Checks process files: every problem with its file, line and column, what was expected, what mends it."""
    format = Format.JSON if as_json else format
    if organisation is not None and home is not None:
        stop("--organisation and --home both name people.", "Give one of them.", 2)
    if not watch:
        _one_look(paths, format, organisation, home, database)
        return
    if format is not Format.TEXT:
        stop("--watch prints for people.", "Leave out --format.", 2)
    from workbench.watching import changes

    try:
        for _ in changes(processes_of(paths), lambda: sleep(LOOK)):
            say(LOOKING)  # by which an editor knows that what was found before is void
            try:
                _one_look(paths, format, organisation, home, database)
            except typer.Exit as ended:
                if ended.exit_code == 2:
                    raise
            say("")
    except KeyboardInterrupt:
        return


def _one_look(paths: list[Path], format: Format, organisation: Path | None, home: Path | None, database: str) -> None:
    with _around(organisation, home, database) as around:
        found = linted(paths, around)
    _TELL[format](found)
    if found.errors:
        raise typer.Exit(1)


@contextmanager
def _around(organisation: Path | None, home: Path | None, database: str) -> Iterator[Any]:
    """The people and the measured times that were named; nothing where none were."""
    from engine.runtime.clock import SystemClock
    from workbench.linting import Around

    if home is not None:
        from workbench.measured import around_of

        with opened(home, database) as caseway:
            yield around_of(caseway)
    elif organisation is not None:
        yield Around(_people(there(organisation)), SystemClock().now().date())
    else:
        yield Around()


def _people(file: Path) -> Any:
    """The organisation in a file; the command ends with what is wrong in it."""
    from engine.language.problems import DefinitionError
    from organisation.load import build, load

    try:
        document, _ = load(file.read_bytes(), str(file))
    except DefinitionError as error:
        tell_problems(error.problems)
        raise typer.Exit(1) from None
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}", code=2)
    value: Any = document.value  # the check has seen to it that it is a mapping
    return build(value, 0)


def linted(paths: list[Path], around: Any) -> Any:
    """What was found in all these files and folders, the files as one would open them from here."""
    from bootstrap import compiler
    from engine.language.problems import Problems
    from workbench.linting import Accepted, Linted, lint_folder

    gc.freeze()  # what is loaded by now stays: nobody need look at it again while the checks run
    language, whole, problems = compiler(), Linted(), Problems()
    for folder, names in processes_of(paths).items():
        try:
            found = lint_folder(language, folder, names, around)
        except OSError as error:
            stop(f"{error.filename}: {error.strerror}")
        problems.extend(placed(found.problems, folder))
        accepted = (Accepted(placed([each.problem], folder)[0], each.reason) for each in found.accepted)
        whole = replace(
            whole, compiled=(*whole.compiled, *found.compiled), accepted=(*whole.accepted, *accepted)
        )  # fmt: skip
    gc.unfreeze()
    return replace(whole, problems=tuple(problems))


def _text(found: Any) -> None:
    for problem in found.problems:
        say(str(problem))
    faults = len(found.errors)
    counts = [(len(found.compiled), "process in order", "processes in order"), (faults, "error", "errors"),
              (len(found.problems) - faults, "warning", "warnings")]  # fmt: skip
    if found.accepted:
        counts.append((len(found.accepted), "accepted", "accepted"))
    say(", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts))


def _json(found: Any) -> None:
    names = ("code", "severity", "file", "line", "column", "message", "expected", "hint")
    print_json([{name: getattr(problem, name) for name in names} for problem in found.problems])


def _sarif(found: Any) -> None:
    from console.operate import program_version
    from workbench.sarif import sarif

    sys.stdout.write(json.dumps(sarif(found, program_version()), ensure_ascii=False, indent=2) + "\n")


_TELL = {Format.TEXT: _text, Format.JSON: _json, Format.SARIF: _sarif}
