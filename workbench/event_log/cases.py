"""Which cases a log is of, and each of them with its lines, its data and its people as they may leave the house."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from bootstrap import MACHINE, Caseway
from engine.core.kinds import ANY, Type
from engine.core.model import Process, Text
from engine.runtime.cipher import Destroyed
from engine.runtime.history import read
from engine.runtime.tables import micros, moment
from sla.model import clocks_of, limit_of
from workbench.event_log.lines import CASE, CLOCK, Change, Line, Related, Telling

_CASES = """SELECT id, number, process, version, CASE WHEN state LIKE '%"restricted":true%' THEN state END FROM cases
WHERE key IS NOT NULL AND started_at >= ? AND started_at < ? AND id > ? {process} ORDER BY id LIMIT {page}"""
_ENDLESS = 2**62
CLOCK_WORD = {"zh": "时限", "en": "clock"}
PAGE = 500
"""Cases read at a time."""
SHAPES = {"int": "integer", "decimal": "float", "bool": "boolean", "date": "time", "datetime": "time"}
"""Kind of field that may leave -> its type in OCEL 2.0. Text only leaves where it is one of an enum."""


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


READ: Mapping[str, Callable[[Any], Any]] = {
    "integer": _none(int), "float": _none(Decimal), "boolean": _none(bool), "time": _none(_moment),
    "string": _none(str),
}  # fmt: skip
"""Type in OCEL -> the value, from how the case keeps it."""

People = Literal["codes", "names", "none"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """processes: none for all; started from `since`, before `until`; data: with what of it may leave; people: under
    codes (one for each in this log), by their user names, or not at all; language: of titles."""

    processes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    data: bool = False
    people: People = "codes"
    language: str = "en"


@dataclass(slots=True)
class Traced:
    """A case as it leaves. Persons are codes already; `changes` hold only what may leave."""

    id: str
    number: str
    process: Process
    lines: list[Line] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)


class Chosen:
    """The cases that are wanted, read one after the other; and what stands in the log for steps, clocks and people."""

    def __init__(self, caseway: Caseway, wanted: Wanted) -> None:
        self._caseway = caseway
        self.wanted = wanted
        self._left_out: set[str] = set()
        self._people: dict[str, str] = {}
        self._kinds: dict[tuple[str, str], Mapping[str, str]] = {}
        self._activities: dict[tuple[str, str], Mapping[tuple[bool, str], str]] = {}

    @property
    def left_out(self) -> int:
        """How many were left out, because they are restricted."""
        return len(self._left_out)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Of all of them, so that no line points to a case that is not there."""
        return frozenset(row[0] for row in self._rows())

    def __iter__(self) -> Iterator[Traced]:
        for case, number, name, version in self._rows():
            process = self._caseway.definitions.process(name, version)
            assert process is not None, f"{name} {version} is not kept"  # what a case runs never goes
            with suppress(Destroyed):  # meanwhile
                yield self._traced(case, number or case, process)

    def activity(self, process: Process, line: Line) -> str:
        """What a line is called: the title of its step or clock, with its name where two bear the same title."""
        if line.kind == CASE:
            return self.told(process.title) or process.name
        key = process.name, process.version
        if key not in self._activities:
            self._activities[key] = self._named(process)
        return self._activities[key].get((line.kind == CLOCK, line.name), line.name)

    def told(self, text: Text | str | None) -> str:
        if isinstance(text, Mapping):
            return text.get(self.wanted.language) or next(iter(text.values()), "")
        return text or ""

    def shape(self, process: Process, name: str) -> str:
        """The type, in OCEL, of a field that may leave; "" of one that may not."""
        kind = _typed(process, name)
        if kind.secret or kind.attachment:
            return ""
        return SHAPES.get(kind.kind, "string" if kind.kind == "text" and kind.enum else "")

    def person(self, user: str) -> str:
        if not user or self.wanted.people == "none":
            return ""
        if self.wanted.people == "names":
            return user
        return self._people.setdefault(user, f"person {len(self._people) + 1}")

    def _rows(self) -> Iterator[tuple[str, str | None, str, str]]:
        wanted, after = self.wanted, ""
        since = 0 if wanted.since is None else micros(wanted.since)
        until = _ENDLESS if wanted.until is None else micros(wanted.until)
        names = wanted.processes
        sql = _CASES.format(process=f"AND process IN ({', '.join('?' * len(names))})" if names else "", page=PAGE)
        while True:
            rows = self._caseway.connection.all(sql, (since, until, after, *names))
            for *row, state in rows:
                if state is not None and MACHINE.decode(state).work.restricted:
                    self._left_out.add(row[0])
                else:
                    yield tuple(row)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def _traced(self, case: str, number: str, process: Process) -> Traced:
        telling, found = Telling(lambda version: self._steps(process.name, version)), Traced(case, number, process)
        for row in read(self._caseway.database, self._caseway.vault, case):
            for one in telling.tell(moment(row.at), row.actor, MACHINE.decode_events(row.events)):
                match one:
                    case Line():
                        one.by = self.person(one.by)
                        found.lines.append(one)
                    case Related():
                        if one.case in self.ids:
                            found.related.append(one)
                    case Change():
                        values = one.values if one.clock else self._leaving(process, one.values)
                        if values:
                            found.changes.append(Change(one.at, values, one.clock))
        return found

    def _leaving(self, process: Process, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those that may leave, as what they are."""
        found = {"version": values["version"]} if "version" in values and "version" not in process.names else {}
        if self.wanted.data:
            shapes = {name: self.shape(process, name) for name in values}
            found |= {name: READ[shape](values[name]) for name, shape in shapes.items() if shape}
        return found

    def _steps(self, name: str, version: str) -> Mapping[str, str]:
        if (name, version) not in self._kinds:
            process = self._caseway.definitions.process(name, version)
            self._kinds[name, version] = {} if process is None else {id: n.kind for id, n in process.nodes.items()}
        return self._kinds[name, version]

    def _named(self, process: Process) -> Mapping[tuple[bool, str], str]:
        """Whether it is a clock, and the name of it or of the step -> what it is called; none like another."""
        titles = {(False, id): self.told(node.title) or id for id, node in process.nodes.items()}
        limits = (limit_of(process, id) for id in process.nodes)
        for clock in (*clocks_of(process).by_name.values(), *filter(None, limits)):
            title = self.told(clock.title) or titles.get((False, clock.step)) or clock.name
            titles[True, clock.name] = f"{title} ({CLOCK_WORD[self.wanted.language]})"
        often = Counter(titles.values())
        return {key: title if often[title] == 1 else f"{title} ({key[1]})" for key, title in titles.items()}


def _typed(process: Process, path: str) -> Type:
    """The type of a field by its dotted path."""
    first, *rest = path.split(".")
    kind = process.names.get(first, ANY)
    for name in rest:
        if kind.secret:
            return kind
        kind = (kind.fields or {}).get(name, ANY)
    return kind


def chosen(caseway: Caseway, wanted: Wanted) -> Chosen:
    return Chosen(caseway, wanted)
