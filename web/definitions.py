"""Processes, the house and calendars as designers look at them: versions, files with their problems, differences."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from engine.language.files import Bundle
from engine.language.problems import DefinitionError
from engine.language.problems import Problem as Finding
from engine.runtime.definitions import Deployed
from engine.runtime.errors import StoreError
from engine.runtime.sources import Sources, load
from engine.runtime.tables import micros
from web import show
from web.comparing import FileChange, change, lines_of
from web.desk import Desk
from web.paging import after_of, place
from web.problems import Problem
from workbench.linting import Around, lint
from workbench.proposals import FIRST, Made, Proposed, in_force, listed
from workbench.version_stats import version_stats

Kind = Literal["process", "house", "calendar"]
MOST = 1000
"""Open cases are counted no further."""

OPEN = (
    "SELECT count(*) FROM (SELECT 1 FROM cases WHERE process = ? AND status IN ('open', 'suspended') LIMIT ?) AS found"
)
# The newest of the open cases, so that it takes no longer with a million of them.
RECENT = (
    "SELECT version, count(*) FROM (SELECT version FROM cases WHERE process = ? AND status IN ('open', 'suspended') "
    "ORDER BY started_at DESC LIMIT ?) AS recent GROUP BY version"
)


Which = Literal["open", "decided"]
"""The lists of proposals: those that wait, and those that somebody has decided."""


class Told(BaseModel):
    """What a check found: where, what, what was expected there, and the nearest name or the cure."""

    code: str
    severity: str
    file: str
    line: int
    column: int
    message: str
    expected: str = ""
    hint: str = ""

    @property
    def anchor(self) -> str:
        return f"L{self.line}"


class VersionLine(BaseModel):
    """A deployment of a version."""

    number: int
    version: str
    at: datetime
    by: list[str]
    by_names: str
    start: datetime
    in_force: bool
    later: bool  # not in force yet
    cases: int = 0
    closed: int = 0  # of the newest cases, as are the figures after it
    median: str = ""  # how long they took
    breaches: int = 0
    incidents: int = 0


class DefinitionLine(BaseModel):
    """A definition with its version in force; open cases are counted up to a thousand."""

    kind: str
    name: str
    title: str
    version: str
    at: datetime
    start: datetime
    by_names: str
    cases: int | None = None
    startable: bool = False

    @property
    def cases_text(self) -> str:
        return "" if self.cases is None else f"{MOST}+" if self.cases > MOST else str(self.cases)


class FileText(BaseModel):
    """A file of a version; `lines` is empty for what is no text."""

    path: str
    size: int
    lines: list[str]
    faults: int = 0


class VersionView(BaseModel):
    """One version of a definition, whole."""

    kind: str
    name: str
    title: str
    version: str
    path: str
    in_force: bool
    files: list[FileText]
    problems: list[Told]


def definitions(desk: Desk) -> list[DefinitionLine]:
    """Everything that has a version in force: processes first, by title."""
    found = []
    for kind in ("process", "calendar", "house"):
        for name, version in desk.caseway.definitions.names(kind).items():
            row = _since(desk.caseway.definitions.history(kind, name), version, desk.now)
            found.append(
                DefinitionLine(
                    kind=kind,
                    name=name,
                    title=title(desk, kind, name),
                    version=version,
                    at=row.at,
                    start=row.in_force_from,
                    by_names=_names(desk, row.by),
                    cases=desk.caseway.connection.one(OPEN, (name, MOST + 1))[0] if kind == "process" else None,
                )
            )
    order = {"process": 0, "house": 1, "calendar": 2}
    return sorted(found, key=lambda line: (order[line.kind], line.title))


def versions(desk: Desk, kind: Kind, name: str) -> list[VersionLine]:
    """Every deployment of a definition that brought another version, newest first. Raises Problem for no such."""
    definitions = desk.caseway.definitions
    history = definitions.history(kind, name)
    if not history:
        raise Problem(404, "definition")
    current = definitions.names(kind).get(name, "")
    recent = dict(desk.caseway.connection.all(RECENT, (name, 10 * MOST))) if kind == "process" else {}
    known = version_stats(desk.caseway.connection, name, desk.now) if kind == "process" else {}
    found: list[VersionLine] = []
    before = ""
    for row in history:
        if row.version != before:
            found.append(
                VersionLine(
                    number=row.number,
                    version=row.version,
                    at=row.at,
                    by=row.by.split(", "),
                    by_names=_names(desk, row.by),
                    start=row.in_force_from,
                    in_force=False,
                    later=row.in_force_from > desk.now,
                )
            )
        before = row.version
    for line in reversed(found):
        if line.version == current and not line.later:
            line.in_force = True
            break
    for line in reversed(found):  # a version's cases stand at its last deployment
        line.cases = recent.pop(line.version, 0)
        figures = known.pop(line.version, None)
        if figures is not None:
            line.closed, line.breaches, line.incidents = figures.closed, figures.breaches, figures.incidents
            line.median = show.lasting(desk, figures.median) if figures.median is not None else ""
    return found[::-1]


def version_view(desk: Desk, kind: Kind, name: str, version: str) -> VersionView:
    """A stored version with its files and what the checks say of it today. Raises Problem for no such."""
    sources = sources_of(desk, kind, name, version)
    problems = findings(desk, kind, sources)
    return VersionView(
        kind=kind, name=name, title=title(desk, kind, name), version=version, path=sources.path,
        in_force=desk.caseway.definitions.names(kind).get(name) == version,
        files=texts(sources.contents, sources.path, problems), problems=problems,
    )  # fmt: skip


def sources_of(desk: Desk, kind: str, name: str, version: str) -> Sources:
    found = load(desk.caseway.connection, (kind, name, version))
    if found is None:
        raise Problem(404, "version")
    return found


def findings(desk: Desk, kind: str, sources: Sources) -> list[Told]:
    """What the checks, deep ones included, say of stored files with the house and the people in force: errors, and
    what is doubtful."""
    compiler: Any = desk.caseway.definitions.compiler
    files = Bundle(sources.contents)
    try:
        if kind == "process":
            directory = desk.caseway.directories.current
            around = Around(directory, directory.today(desk.now) if directory else None)
            return told(lint(compiler, files, [sources.path], around, whole=False, house=desk.house).problems)
        if kind == "house":
            calendars = (desk.caseway.definitions.bundle("calendar", name) for name in desk.house.calendars)
            beside = {path: text for one in calendars if one is not None for path, text in one.contents.items()}
            return told(compiler.checked_house(Bundle({**beside, **sources.contents}))[1])
    except DefinitionError as error:
        return told(error.problems)
    return []


def told(found: Iterable[Finding]) -> list[Told]:
    return [
        Told(
            code=one.code, severity=one.severity, file=one.file, line=one.line, column=one.column,
            message=one.message, expected=one.expected or "", hint=one.hint or "",
        )
        for one in found
    ]  # fmt: skip


def texts(contents: Mapping[str, bytes], main: str, problems: Sequence[Told]) -> list[FileText]:
    """The files of a version, its main file first."""
    return [_text(path, contents[path], problems) for path in sorted(contents, key=lambda path: (path != main, path))]


def _text(path: str, content: bytes, problems: Sequence[Told]) -> FileText:
    lines, found = lines_of(content) or [], [one for one in problems if one.file == path]
    if lines:  # what is missing is missed behind the end
        lines += [""] * (max((one.line for one in found), default=0) - len(lines))
    return FileText(path=path, size=len(content), lines=lines, faults=len(found))


def changes(desk: Desk, made: Iterable[Made], files: Mapping[str, bytes]) -> list[FileChange]:
    """What the files of a proposal change of the versions that it replaces."""
    before: dict[str, bytes] = {}
    for one in made:
        if one.before:
            contents = sources_of(desk, one.kind, one.name, one.before).contents
            before.update({path: contents[path] for path in files if path in contents})
    found = [change(path, before.get(path), content) for path, content in sorted(files.items())]
    return [one for one in found if one is not None]


def _since(history: Sequence[Deployed], version: str, now: datetime) -> Deployed:
    """The deployment that the version in force came with: the first of the last unbroken row of them."""
    begun = [row for row in history if row.in_force_from <= now]
    found = next(row for row in reversed(begun) if row.version == version)
    for row in reversed(begun[: begun.index(found)]):
        if row.version != version:
            break
        found = row
    return found


def title(desk: Desk, kind: str, name: str) -> str:
    if kind == "process":
        return desk.process(name)
    if kind == "house":
        return desk.told(desk.house.title, name)
    try:
        calendar = desk.caseway.calendars.get(name)
    except StoreError:
        return name
    return desk.told(dict(calendar.title), name) if calendar else name


def _names(desk: Desk, by: str) -> str:
    """Who deployed: one, or the two of a proposal."""
    return ", ".join(desk.person(one) for one in by.split(", "))


def titled(desk: Desk, proposal: Proposed) -> list[tuple[Made, str]]:
    """What a proposal changes, each with its title."""
    return [(one, title(desk, one.kind, one.name)) for one in proposal.made if one.changes]


def doubts(desk: Desk, proposal: Proposed) -> list[Told]:
    """What the checks say of the processes that a proposal changes."""
    tree = {**in_force(desk.caseway.definitions), **proposal.files}
    made = (one for one in proposal.made if one.kind == "process" and one.changes)
    return [told for one in made for told in findings(desk, "process", Sources.of(one.path, tree))]


def proposed(desk: Desk, which: Which, after: str, limit: int) -> tuple[list[Proposed], str | None]:
    """A page of proposals, the newest first, and where the next begins. Raises Problem for a place that is none."""
    found = listed(desk.caseway.connection, which, place(after) or FIRST, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], after_of((micros(last.at), last.id)) if last else None
