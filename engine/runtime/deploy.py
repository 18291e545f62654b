"""Deploying: files are compiled, all problems told at once, and what is right is stored (R25; see `definitions`)."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.language.files import Bundle, Files, Recorded, version_of
from engine.language.house import House
from engine.language.problems import DefinitionError, Problem, Problems
from engine.runtime.database import Connection
from engine.runtime.definitions import HOUSE, Definitions, Deployed
from engine.runtime.errors import StoreError, Violation
from engine.runtime.sources import Key, Sources, load, save
from engine.runtime.tables import micros

_USED = "SELECT DISTINCT process, version FROM cases WHERE status <> 'ended' ORDER BY process, version"
_NEXT = "SELECT coalesce(max(number), 0) + 1 FROM deployments"
_INSERT = (
    "INSERT INTO deployments (number, kind, name, version, deployed_at, deployed_by, in_force_from) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)

CODES = {"CW151": "two processes of one name"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What deploying came to. `written`: False when all of it was deployed already; `new`: the versions that had
    not been stored before."""

    deployed: tuple[Deployed, ...]
    new: frozenset[Key]
    written: bool


def deploy(
    definitions: Definitions,
    files: Files,
    at: datetime,
    by: str,
    *,
    only: Collection[str] = (),
    in_force_from: datetime | None = None,
    also: Callable[[Connection], None] | None = None,
) -> Outcome:
    """Compiles and stores the house, its calendars, and the processes that lie beside it (or `only` these).

    also: what is written in the same transaction, or, by raising, forbids it. Raises DefinitionError with the
    problems of all files; nothing is stored then. Raises StoreError when somebody else deploys at the same moment.
    """
    start = in_force_from or at
    if start < at:
        raise StoreError("A deployment cannot be in force before it is made.", "Give a moment from now on.")
    connection = definitions.connect()
    try:
        made = _compile(definitions, connection, files, only)
        outcome = _write(definitions, connection, made, at, by, start, also)
    finally:
        connection.close()
    definitions.refresh()
    return outcome


def compiled(definitions: Definitions, files: Files, only: Collection[str] = ()) -> Mapping[Key, Sources]:
    """What `deploy` would store of these files. Raises DefinitionError with the problems of all of them."""
    connection = definitions.connect()
    try:
        return _compile(definitions, connection, files, only)
    finally:
        connection.close()


@dataclass(slots=True)
class _Made:
    """What a deployment holds."""

    sources: dict[Key, Sources] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)

    def take(self, kind: str, name: str, path: str, used: Mapping[str, bytes]) -> str:
        version = version_of(used)
        self.sources[kind, name, version] = Sources.of(path, used)
        return version


def _compile(
    definitions: Definitions, connection: Connection, files: Files, only: Collection[str]
) -> dict[Key, Sources]:
    made, compiler = _Made(), definitions.compiler
    read = Recorded(files)
    house = compiler.house(read)
    house = replace(house, version=made.take("house", house.name, HOUSE, read.used))
    for name, calendar in house.calendars.items():
        made.take("calendar", name, calendar.file, {calendar.file: files.read(calendar.file)})
    paths: dict[str, str] = {}
    for path in only or _beside(files):
        read = Recorded(files)
        try:
            process = compiler.process(read, path, house)
        except DefinitionError as error:
            made.problems.extend(error.problems)
            continue
        if process.name in paths:
            made.problems.add(_twice(path, process.name, paths[process.name]))
        paths[process.name] = path
        made.take("process", process.name, path, read.used)
    made.problems.extend(_stranded(definitions, connection, house))
    made.problems.refuse()
    return made.sources


def _stranded(definitions: Definitions, connection: Connection, house: House) -> Iterator[Problem]:
    """What keeps versions that cases run on from compiling with a new house."""
    if house.version == definitions.house().version:
        return
    for name, version in connection.all(_USED):
        sources = load(connection, ("process", name, version))
        if sources is None:
            continue
        try:
            definitions.compiler.process(Bundle(sources.contents), sources.path, house)
        except DefinitionError as error:
            where = f"{sources.path} (version {version[:8]}, which cases still run on)"
            yield from (replace(problem, file=where) for problem in error.problems)


def _write(
    definitions: Definitions,
    connection: Connection,
    made: Mapping[Key, Sources],
    at: datetime,
    by: str,
    start: datetime,
    also: Callable[[Connection], None] | None,
) -> Outcome:
    connection.begin()
    try:
        if also is not None:
            also(connection)
        number = connection.one(_NEXT)[0]
        rows = tuple(Deployed(number, *key, at, by, start) for key in made)
        definitions.refresh()
        if all(definitions.newest(row.kind, row.name) == row.version for row in rows):
            connection.commit()
            return Outcome(rows, frozenset(), False)
        new = frozenset(key for key, sources in made.items() if save(connection, key, sources))
        for row in rows:
            connection.run(_INSERT, (*row[:4], micros(row.at), row.by, micros(row.in_force_from)))
        connection.commit()
    except Violation as error:
        connection.rollback()
        raise StoreError("Somebody else has deployed at the same moment.", "Deploy again.") from error
    except BaseException:
        connection.rollback()
        raise
    return Outcome(rows, new, True)


def _beside(files: Files) -> list[str]:
    """The processes: the YAML files that lie beside house.yaml, not in folders."""
    return [name for name in files.names() if "/" not in name and name.endswith(".yaml") and name != HOUSE]


def _twice(path: str, name: str, first: str) -> Problem:
    return Problem(
        "CW151", "error", path, 1, 1, f"a second process named {name!r}; the first is in {first}", "a name of its own"
    )
