"""`test`: scenarios played, how much of the processes they go through, and what would go through the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from console.design import HOUSE, compiled, own, there
from console.options import Language, placed, tell_problems
from console.output import Json, print_json, say, stop, warn


def test(
    paths: Annotated[
        list[Path], typer.Argument(help="Scenario files, folders of them, processes; processes/scenarios if left out.")
    ] = [],  # noqa: B006  (Typer's own way to say an empty list)
    processes: Annotated[Path | None, typer.Option(help="The processes to test; `processes` if left out.")] = None,
    as_json: Json = False,
    cover: Annotated[bool, typer.Option("--coverage", help="Tell what of the processes they go through.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=100, help="Fail if they go through less than so many in a hundred.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Draw each process into this folder, with what is left out.")
    ] = None,
    suggest: Annotated[
        Path | None, typer.Option(help="Write scenarios for what is left out into this folder, as far as found.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results into this file, as JUnit does.")] = None,
    language: Language = "zh",
) -> None:
    """Runs scenario files on the real engine with virtual time."""
    from engine.language.problems import DefinitionError
    from engine.runtime.errors import StoreError
    from workbench.scenarios import Result, run_all

    folder = processes or own()
    if not (there(folder) / HOUSE).exists():
        stop(f"{folder} has no {HOUSE}.", f"A folder of processes holds {HOUSE}.", 2)
    for path in paths or [folder / "scenarios"]:
        there(path)
    covers = cover or fail_under is not None or pictures is not None or suggest is not None

    def tell(result: Result) -> None:
        if not as_json:
            say(f"{'FAIL' if result.problems else 'ok  '} {result.file}: {result.name}")
            for problem in result.problems:
                say(f"     {problem}")

    try:
        results = run_all(paths or [folder / "scenarios"], folder, tell, cover=covers)
        failed = sum(bool(r.problems) for r in results)
        told: Any = [{"file": str(r.file), "scenario": r.name, "problems": r.problems} for r in results]
        if results and not as_json:
            say(f"{len(results) - failed} passed, {failed} failed")
        if junit is not None:
            _write_junit(junit, results)
        short = False
        if covers:
            found = _covered(folder, results, everything=not paths)
            short = _tell_coverage(found, results, told, as_json, fail_under)
            if pictures is not None:
                _draw(pictures, found, language)
            if suggest is not None:
                _suggest(suggest, folder, found, results, as_json)
        if as_json:
            print_json(_with_coverage(told, found) if covers else told)
    except DefinitionError as error:
        tell_problems(placed(error.problems, folder))
        raise typer.Exit(1) from None
    except StoreError as error:
        stop(error.text, error.cure)
    except OSError as error:
        stop(f"{error.filename or folder}: {error.strerror or error}")
    if not results:
        warn("There are no scenario files there.")
    if failed or short or not results:
        raise typer.Exit(1)


def _write_junit(file: Path, results: Sequence[Any]) -> None:
    from workbench.junit import junit

    file.write_bytes(junit(results))


def _covered(folder: Path, results: Sequence[Any], everything: bool) -> list[Any]:
    """The coverage of all processes of the folder, or of those that the scenarios are about."""
    from workbench.covering.report import coverage

    there_are, problems = compiled([folder])
    if not there_are:
        tell_problems(problems)
        raise typer.Exit(1)
    about = {result.process for result in results}
    chosen = [process for process in there_are if everything or process.name in about]
    return coverage(chosen, [result.seen for result in results])


def _tell_coverage(
    found: Sequence[Any], results: Sequence[Any], told: Any, as_json: bool, fail_under: float | None
) -> bool:
    """Whether less was gone through than there must be."""
    from workbench.covering.report import share, table

    if not as_json:
        say(table(found))
    percent = share(found)
    short = fail_under is not None and percent < fail_under
    if short:
        warn(f"The scenarios go through {percent:.1f}% of the processes; {fail_under:g}% are asked for.")
    return short


def _with_coverage(told: Any, found: Sequence[Any]) -> dict[str, Any]:
    from workbench.covering.report import plain

    return {"scenarios": told, "coverage": plain(found)}


def _draw(folder: Path, found: Sequence[Any], language: str) -> None:
    from workbench.covering.report import left_out

    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        (folder / f"{one.process.name}.svg").write_text(left_out(one, language), encoding="utf-8")


def _suggest(folder: Path, processes: Path, found: Sequence[Any], results: Sequence[Any], quiet: bool) -> None:
    from workbench.covering.suggest import suggest

    folder.mkdir(parents=True, exist_ok=True)
    for one in suggest(processes, found, results):
        (folder / one.file).write_text(one.text, encoding="utf-8")
        if not quiet:
            say(f"{'found' if one.holds else 'gap  '} {folder / one.file}: {one.words}")
