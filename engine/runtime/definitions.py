"""Versions of processes, the house and calendars: deployed together, immutable, compiled when first needed (R25).

Theory of operation. A *definition* is a bundle of files under the hash of their names and contents; it is never
changed, and deploying the same files again finds it there. A *deployment* says which definitions go together,
and from when they are in force; going back to an older version is one more deployment. Of what is in force at
a moment, the latest beginning counts, then the newest deployment.

A call binds to the version that was deployed with its caller, the last time that the caller was deployed; what
that deployment did not hold is taken from the ones before it.

A process is compiled against the house that is in force: a new queue or title takes effect at once. So a new
house is refused while a version that cases still run on would not compile with it; versions that only ended
cases know fall back to the house that they were deployed with.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from engine.core.model import Process
from engine.language.files import Bundle, Files
from engine.language.house import House
from engine.language.problems import DefinitionError
from engine.runtime.database import Connection, Database
from engine.runtime.errors import StoreError
from engine.runtime.sources import Sources, load
from engine.runtime.tables import moment

HOUSE = "house.yaml"
_ALL = sys.maxsize
"""Before this number are all deployments."""
SHELF = 256
"""Compiled definitions that are kept at most."""

Name = tuple[str, str]
"""Kind (process, house, calendar) and name."""


class Compiler(Protocol):
    """From files to what they mean. Raises DefinitionError with every problem."""

    def house(self, files: Files) -> House:
        """The house in `HOUSE`."""

    def process(self, files: Files, path: str, house: House) -> Process:
        """The process in the file at `path`, with all that it names."""


class Deployed(NamedTuple):
    """One definition in one deployment."""

    number: int
    kind: str
    name: str
    version: str
    at: datetime
    by: str
    in_force_from: datetime


class Span(NamedTuple):
    """From when until when (not included) a version is the one in force; "" is none."""

    since: datetime
    until: datetime
    version: str


_ROWS = "SELECT number, kind, name, version, deployed_at, deployed_by, in_force_from FROM deployments ORDER BY number"


class Shelf(dict[tuple[str, str, str, str], Any]):
    """What was compiled, by kind, name, version and version of the house: as a version never changes, installations
    of one program that compile alike may share it. Holds a bounded number; the oldest go."""

    def keep(self, key: tuple[str, str, str, str], compiled: Any) -> None:
        self[key] = compiled
        for old in list(self)[:-SHELF]:
            self.pop(old, None)


class Definitions:
    """The definitions in a database; implements `engine.core.env.Versions`. May be used from any thread.

    `refresh` takes in what other programs have deployed since; this one's own deployments show at once.
    """

    def __init__(
        self, database: Database, compiler: Compiler, clock: Callable[[], datetime], shelf: Shelf | None = None
    ) -> None:
        self._database = database
        self.compiler = compiler
        self._clock = clock
        self._lock = threading.RLock()
        self._connection = database.connect()
        self._deployed: dict[Name, list[Deployed]] = {}
        self._spans: dict[Name, Span] = {}  # what was found last: every command asks for it several times
        self._house_now: tuple[datetime, datetime, House] | None = None  # from when, until when
        self._shelf = Shelf() if shelf is None else shelf
        self._houses: dict[str, House] = {}
        self._processes: dict[tuple[str, str, str], Process] = {}
        self.refresh()

    def close(self) -> None:
        self._connection.close()

    def connect(self) -> Connection:
        """A connection of its own, for deploying."""
        return self._database.connect()

    def refresh(self) -> None:
        with self._lock:
            found: dict[Name, list[Deployed]] = {}
            for number, kind, name, version, at, by, start in self._connection.all(_ROWS):
                row = Deployed(number, kind, name, version, moment(at), by, moment(start))
                found.setdefault((kind, name), []).append(row)
            self._deployed = found
            self._spans = {}  # after the rows: whoever still looks at the old ones notes it in the old spans
            self._house_now = None

    # --- what is in force -------------------------------------------------------------------------

    def process(self, name: str, version: str = "") -> Process | None:
        """The process of a name, in a version or the one in force; None when there is none.

        Raises StoreError for a version that cannot be compiled any more.
        """
        return self._process(name, version, self._clock())

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        """The version that a call of `name` starts: the one deployed with the caller, or the one in force."""
        return self._called(caller, name, latest, self._clock())

    def house(self) -> House:
        """The house in force; an empty one before anything is deployed."""
        return self._house(self._clock())

    def bundle(self, kind: str, name: str, version: str = "") -> Bundle | None:
        """The files of a definition, of a version or of the one in force."""
        found = version or self._in_force((kind, name), self._clock())
        sources = self._load(kind, name, found) if found else None
        return None if sources is None else Bundle(sources.contents)

    def history(self, kind: str = "", name: str = "") -> list[Deployed]:
        """All deployments of all definitions, or of a kind, or of one, oldest first."""
        with_name = (rows for key, rows in self._deployed.items() if key[0] == (kind or key[0]))
        return sorted(row for rows in with_name for row in rows if row.name == (name or row.name))

    def names(self, kind: str = "process") -> dict[str, str]:
        """Every name of a kind that has a version in force, with that version."""
        now = self._clock()
        found = {key[1]: self._in_force(key, now) for key in self._deployed if key[0] == kind}
        return {name: version for name, version in sorted(found.items()) if version}

    def newest(self, kind: str, name: str) -> str:
        """The version that was deployed last, in force or not yet; "" for none."""
        rows = self._deployed.get((kind, name))
        return rows[-1].version if rows else ""

    def then(self, at: datetime) -> "Then":
        """The versions as they were at a moment, for deciding again what was decided then."""
        return Then(self, at)

    def thens(self, at: datetime) -> Iterator["Then"]:
        """As `then`; where something was deployed in that very moment, also as they were before each of those
        deployments, the last one first: a moment does not tell which of what fell into it came first."""
        yield Then(self, at)
        there = {row.number for rows in self._deployed.values() for row in rows if row.at == at}
        for number in sorted(there, reverse=True):
            yield Then(self, at, number)

    def _in_force(self, key: Name, at: datetime, before: int = _ALL) -> str:
        if before != _ALL:
            return _span([row for row in self._deployed.get(key, ()) if row.number < before], at).version
        spans = self._spans
        found = spans.get(key)
        if found is None or not found.since <= at < found.until:
            found = spans[key] = _span(self._deployed.get(key, ()), at)
        return found.version

    def _called(
        self, caller: Process, name: str, latest: bool, at: datetime, before: int = _ALL
    ) -> str | None:  # fmt: skip
        if latest:
            return self._in_force(("process", name), at, before) or None
        deployed = self._deployed.get(("process", caller.name), ())
        callers = (row for row in deployed if row.at <= at and row.number < before)
        number = max((row.number for row in callers if row.version == caller.version), default=0)
        rows = [row for row in self._deployed.get(("process", name), ()) if row.number <= number]
        return rows[-1].version if rows else None

    # --- compiling --------------------------------------------------------------------------------

    def _house(self, at: datetime, before: int = _ALL) -> House:
        if before != _ALL:
            return self._house_before(at, before)
        known = self._house_now
        if known is not None and known[0] <= at < known[1]:
            return known[2]
        deployed, since, until = self._deployed, _BEGINNING, _END
        for key in [key for key in deployed if key[0] == "house"]:
            version = self._in_force(key, at)
            span = _span(deployed[key], at)
            since, until = max(since, span.since), min(until, span.until)
            if version:
                house = self._compiled_house(key[1], version)
                with self._lock:
                    if deployed is self._deployed:
                        self._house_now = (since, until, house)
                return house
        return House()

    def _house_before(self, at: datetime, before: int) -> House:
        """The house at a moment, without the deployments from a number on."""
        names = [name for kind, name in self._deployed if kind == "house"]
        found = ((name, self._in_force(("house", name), at, before)) for name in names)
        return next((self._compiled_house(name, version) for name, version in found if version), House())

    def _compiled_house(self, name: str, version: str) -> House:
        found = self._houses.get(version)
        if found is None:
            with self._lock:
                sources = self._load("house", name, version)
                if sources is None:
                    raise StoreError(f"The house of version {version} is not in the database.", "Deploy it again.")
                key = ("house", name, version, "")
                found = self._shelf.get(key) or replace(self.compiler.house(Bundle(sources.contents)), version=version)
                self._shelf.keep(key, found)
                self._houses[version] = found
        return found

    def _process(self, name: str, version: str, at: datetime, before: int = _ALL) -> Process | None:
        version = version or self._in_force(("process", name), at, before)
        if not version:
            return None
        house = self._house(at, before)
        key = (name, version, house.version)
        found = self._processes.get(key)
        if found is None:
            with self._lock:
                found = self._processes.get(key) or self._compile_stored(name, version, house)
                if found is not None:
                    self._processes[key] = found
        return found

    def _compile_stored(self, name: str, version: str, house: House) -> Process | None:
        sources = self._load("process", name, version)
        if sources is None:
            return None
        files, faults = Bundle(sources.contents), list[DefinitionError]()
        for one in (house, self._own_house(name, version)):
            key = ("process", name, version, one.version)
            try:
                found = self._shelf.get(key) or replace(
                    self.compiler.process(files, sources.path, one), version=version
                )
            except DefinitionError as error:
                faults.append(error)
                continue
            self._shelf.keep(key, found)
            return found
        raise StoreError(
            f"Version {version} of {name} does not compile any more: {faults[0].problems[0]}.",
            "Deploy a house.yaml that still has what it names, or install the program that it was deployed with.",
        ) from faults[0]

    def _own_house(self, name: str, version: str) -> House:
        """The house that a version was last deployed with: for cases that ended long ago."""
        rows = [row for row in self._deployed.get(("process", name), ()) if row.version == version]
        for key, houses in self._deployed.items():
            found = [row for row in houses if rows and row.number == rows[-1].number]
            if key[0] == "house" and found:
                return self._compiled_house(found[0].name, found[0].version)
        return House()

    def _load(self, kind: str, name: str, version: str) -> Sources | None:
        with self._lock:
            return load(self._connection, (kind, name, version))


def _span(rows: Sequence[Deployed], at: datetime) -> Span:
    """What is in force at a moment, and between which of the moments at which that may change."""
    turns = [moment for row in rows for moment in (row.at, row.in_force_from)]
    since = max((turn for turn in turns if turn <= at), default=_BEGINNING)
    until = min((turn for turn in turns if turn > at), default=_END)
    found = (row for row in rows if row.at <= at and row.in_force_from <= at)
    newest = max(found, key=lambda row: (row.in_force_from, row.number), default=None)
    return Span(since, until, newest.version if newest else "")


_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Then:
    """The versions at a moment, without the deployments from a number on; see `Definitions.thens`."""

    def __init__(self, definitions: Definitions, at: datetime, before: int = _ALL) -> None:
        self._definitions = definitions
        self._at = at
        self._before = before

    def process(self, name: str, version: str = "") -> Process | None:
        return self._definitions._process(name, version, self._at, self._before)

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return self._definitions._called(caller, name, latest, self._at, self._before)

    def house(self) -> House:
        return self._definitions._house(self._at, self._before)
