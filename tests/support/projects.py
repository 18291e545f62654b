"""Whole folders of processes for the deep checks: texts in the house of docs/example, or a folder on disk."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from engine.core.durations import Duration
from engine.language.files import Bundle, Files, Folder
from engine.language.project import Project
from engine.language.source import read
from organisation.directory import Directory
from organisation.load import build, load
from tools.examples import contents, the_compiler

TODAY = date(2026, 6, 1)
PROCESSES = Path(__file__).parents[2] / "processes"
PEOPLE = PROCESSES / "samples" / "organisation.yaml"


def project_of(
    source: str | Mapping[str, str] | Path,
    people: str | Path | Directory | None = None,
    *,
    today: date = TODAY,
    whole: bool = True,
    measured: Mapping[tuple[str, str], Duration] | None = None,
) -> Project:
    """The project that deep checks take. `source`: the text of one process, files by name (processes, and whatever
    replaces or stands beside what docs/example has: house.yaml, schemas/case.yaml), or a folder. `people`: the text or
    the file of an organisation. Raises DefinitionError for what does not compile."""
    if isinstance(source, str):
        source = {f"{_name(source)}.yaml": source}
    files: Files
    if isinstance(source, Path):
        files, names = Folder(source), [path.name for path in sorted(source.glob("*.yaml"))]
    else:
        files, names = Bundle({**contents(), **{file: text.encode() for file, text in source.items()}}), list(source)
    house = the_compiler().house(files)
    processes = [name for name in names if name.endswith(".yaml") and "/" not in name and name != "house.yaml"]
    compiled = [the_compiler().compile(files, name, house) for name in processes]
    by_name = {each.process.name: each for each in compiled}
    written = read(files.read("house.yaml"), "house.yaml")
    return Project(house, by_name, whole, _directory(people), today, measured or {}, written)


def _name(text: str) -> str:
    return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("process:"))


def _directory(people: str | Path | Directory | None) -> Directory | None:
    if people is None or isinstance(people, Directory):
        return people
    text = people.read_text(encoding="utf-8") if isinstance(people, Path) else people
    value = load(text, "organisation.yaml")[0].value
    assert isinstance(value, dict)
    return build(value, 1)
