"""`show`, `schema`: what designers do, beside `lint` (console.checking) and `test` (console.testing), without a
database."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import Language, placed, tell_problems
from console.output import say, stop
from engine.core.naming import nearest

HOUSE = "house.yaml"
Files = Annotated[list[Path], typer.Argument(help="Process files, or folders of them; `processes` if left out.")]


def own() -> Path:
    """The processes of this folder, or those that are shipped."""
    from bootstrap import SHIPPED

    return Path("processes") if Path("processes", HOUSE).exists() else SHIPPED


def there(path: Path) -> Path:
    """The path, if something is there; otherwise the command ends."""
    if not path.exists():
        beside = path.parent if path.parent.is_dir() else Path()
        known = {str(found) for place in (beside, own()) for found in place.glob("*.yaml")}
        near = nearest(str(path), known) or nearest(path.name, (Path(name).name for name in known))
        stop(f"There is no file or folder {path}." + (f" Did you mean {near}?" if near else ""), code=2)
    return path


def processes_of(paths: list[Path]) -> dict[Path, dict[str, None]]:
    """Folder with house.yaml → the process files named in it; a folder, or its house, gives all of them."""
    found: dict[Path, dict[str, None]] = {}
    for path in paths or [own()]:
        if there(path).is_file() and path.suffix != ".yaml":
            stop(f"{path} is no process file: those end in .yaml", code=2)
        folder = path if path.is_dir() else path.parent
        if not (folder / HOUSE).exists():
            stop(f"{folder} has no {HOUSE}.", f"A folder of processes holds {HOUSE}, which they all share.", 2)
        if path.name == HOUSE:
            path = folder
        named = (f.name for f in sorted(folder.glob("*.yaml")) if f.name != HOUSE and path in (folder, f))
        found.setdefault(folder, {}).update(dict.fromkeys(named))
    return found


def compiled(paths: list[Path]) -> tuple[list[Any], list[Any]]:
    """Every process that compiles, and every problem of all files: errors, and what is doubtful."""
    from bootstrap import compiler
    from engine.language.files import Folder
    from engine.language.problems import DefinitionError, Problem

    language = compiler()
    processes: list[Any] = []
    problems: dict[Any, None] = {}
    for folder, names in processes_of(paths).items():
        files, found = Folder(folder), list[Problem]()
        try:
            house, doubts = language.checked_house(files)
            found += doubts
            for name in names:
                processes += _process(language, files, name, house, found)
        except DefinitionError as error:
            found += error.problems
        except OSError as error:
            stop(f"{error.filename}: {error.strerror}")
        problems |= dict.fromkeys(placed(found, folder))
    return processes, list(problems)


def _process(language: Any, files: Any, name: str, house: Any, problems: list[Any]) -> list[Any]:
    """The process in a file, if it compiles; `problems` takes what is wrong or doubtful with it."""
    from engine.language.problems import DefinitionError

    try:
        found = language.compile(files, name, house)
    except DefinitionError as error:
        problems += error.problems
        return []
    problems += found.warnings
    return [found.process]


def show(
    path: Annotated[Path, typer.Argument(help="A process file.")],
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.")] = None,
    flowchart: Annotated[bool, typer.Option("--mermaid", help="As a flowchart in Mermaid's words.")] = False,
    language: Language = "zh",
) -> None:
    """Prints a process as text, or draws it."""
    from workbench.outline import outline
    from workbench.picture import mermaid, picture

    if there(path).is_dir() or path.name == HOUSE:
        stop(f"{path} is no process file.", "Name one of the files beside house.yaml.", 2)
    processes, problems = compiled([path])
    if not processes:
        tell_problems(problems)
        raise typer.Exit(1)
    (process,) = processes
    if flowchart:
        sys.stdout.write(mermaid(process, language))
    if svg is None:
        if not flowchart:
            say(outline(process, language))
        return
    try:
        svg.write_text(picture(process, language), encoding="utf-8")
    except OSError as error:
        stop(f"{svg}: {error.strerror}")
    say(f"{process.name}: {svg}")


def schema(
    house: Annotated[bool, typer.Option("--house", help="That of house.yaml instead.")] = False,
    scenario: Annotated[bool, typer.Option("--scenario", help="That of scenario files instead.")] = False,
    snippets: Annotated[bool, typer.Option("--snippets", help="Snippets for VS Code instead.")] = False,
) -> None:
    """Prints the JSON Schema of the language, for editors."""
    from bootstrap import compiler
    from workbench import snippets as ready
    from workbench.scenario_file import SCHEMA

    grammar = compiler().grammar
    found = SCHEMA if scenario else grammar.house_schema if house else grammar.process_schema
    found = ready.snippets() if snippets else found
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
