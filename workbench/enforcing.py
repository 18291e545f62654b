"""Which clause of the catalogue is kept by what, and which scenario would tell if it were not.

Theory of operation. Clocks, steps and processes cite clauses. A scenario proves a clause in one of three ways: a clock
that cites it is late in it; somebody is refused at a step that cites it; or it goes through such a step and says so (it
completes it, or expects it, its notice or its milestone), so that it would fail if the step were gone. Where several
clocks of a process end with the same thing, the clauses behind them set limits to the same work: the law counts
first, then the strictest, and all of them are measured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from engine.core.expressions import Expression
from engine.core.model import Compute, Decide, Milestone, Notify, Process, Service, Text
from engine.language.compile import Compiled
from engine.language.house import House
from engine.language.source import read
from sla.model import Clock
from workbench.covering.items import Item, clocks

EXCUSED = 10
"""At most so many clauses in a hundred may go without a scenario, with a reason."""


class Enforcer(NamedTuple):
    """What cites a clause. `name`: of the clock or step, "" for the process as a whole; `number`: the limit of a clock,
    as it is written; `origin`: whose limit it is."""

    process: str
    kind: Literal["clock", "step", "process"]
    name: str
    title: Text
    number: str = ""
    origin: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.process, self.kind, self.name


@dataclass(frozen=True, slots=True)
class Kept:
    """A clause, what enforces it, the scenarios that would tell if nothing did, or why there are none."""

    clause: str
    text: Text
    enforcers: tuple[Enforcer, ...] = ()
    scenarios: tuple[str, ...] = ()
    unbroken: Text = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        return bool(self.enforcers) and bool(self.scenarios)

    @property
    def open(self) -> bool:
        """Whether nothing keeps it, or nothing shows that it is kept and no reason is given."""
        return not self.enforcers or not (self.scenarios or self.unbroken)


class Conflict(NamedTuple):
    """Clocks on the same work, the one that counts first at the beginning."""

    process: str
    clocks: tuple[Clock, ...]


def kept(house: House, processes: Sequence[Compiled], results: Iterable[Any]) -> list[Kept]:
    """Every clause of the house with what keeps it. results: of scenarios that were played with coverage."""
    citing: dict[str, list[Enforcer]] = {}
    for compiled in processes:
        for clauses, enforcer in _citing(compiled):
            for clause in clauses:
                citing.setdefault(clause, []).append(enforcer)
    by_name = {compiled.process.name: compiled.process for compiled in processes}
    every = {one.key: one for some in citing.values() for one in some}
    telling: dict[tuple[str, str, str], set[str]] = {}
    for result in results:
        if result.problems:
            continue
        named = _named(result.file)
        for key, enforcer in every.items():
            if _tells(by_name[enforcer.process], enforcer, result.seen.get(enforcer.process, set()), named):
                telling.setdefault(key, set()).add(result.file.stem)
    return [
        Kept(
            clause, text, tuple(citing.get(clause, ())),
            tuple(sorted({name for one in citing.get(clause, ()) for name in telling.get(one.key, ())})),
            house.unbroken.get(clause, {}),
        )
        for clause, text in house.clauses.items()
    ]  # fmt: skip


def conflicts(processes: Iterable[Process]) -> Iterator[Conflict]:
    """Limits that several clauses set to the same work: clocks of a process that end with the same thing."""
    for process in processes:
        groups: dict[Any, list[Clock]] = {}
        for clock in clocks(process):
            if clock.clauses and clock.until:
                groups.setdefault(clock.until, []).append(clock)
        for group in groups.values():
            if len({clause for clock in group for clause in clock.clauses}) > 1:
                yield Conflict(process.name, tuple(sorted(group, key=_strictness)))


def limit(clock: Clock) -> str:
    """The limit as it is written; an expression in braces."""
    return f"{{{{ {clock.limit.source} }}}}" if isinstance(clock.limit, Expression) else str(clock.limit)


def _strictness(clock: Clock) -> tuple[int, float]:
    """Law before manual before target, then the shorter limit; one that is computed comes last."""
    length = clock.limit
    if isinstance(length, Expression):
        return clock.standing, float("inf")
    return clock.standing, float(length.amount) * _HOURS[length.unit]


_HOURS: Mapping[str, float] = {
    "s": 1 / 3600, "min": 1 / 60, "h": 1, "wh": 3, "d": 24, "wd": 34, "mo": 730, "y": 8766,
}  # fmt: skip
"""Elapsed hours, on average, of the units of length: enough to tell the stricter of two."""


def _citing(compiled: Compiled) -> Iterator[tuple[tuple[str, ...], Enforcer]]:
    process = compiled.process
    written: Any = compiled.document.value
    yield tuple(written.get("clauses", ())), Enforcer(process.name, "process", "", process.title)
    for clock in clocks(process):
        yield clock.clauses, Enforcer(process.name, "clock", clock.name, clock.title, limit(clock), clock.origin)
    for node in process.nodes.values():
        yield node.clauses, Enforcer(process.name, "step", node.id, node.title)


def _tells(process: Process, enforcer: Enforcer, seen: set[Item], named: frozenset[str]) -> bool:
    if enforcer.kind == "clock":
        return Item("breach", enforcer.name) in seen
    if enforcer.kind == "process":
        return Item("refused", "") in seen or any(item.kind == "step" for item in seen)
    words = {enforcer.name, *_makes(process.nodes[enforcer.name].spec)}
    return Item("refused", enforcer.name) in seen or (
        Item("step", enforcer.name) in seen and not words.isdisjoint(named)
    )


def _makes(spec: Any) -> Iterator[str]:
    """By what else a scenario may speak of a step: the notice it sends, the milestone it is, the function it has
    called, the data it writes."""
    match spec:
        case Notify(template=name) | Milestone(name=name):
            yield name
        case Service(function=name, into=into):
            yield from (name, *(path[0] for _, path in into))
        case Decide(into=into) | Compute(into=into):
            yield from (path[0] for _, path in into)


def _named(file: Path) -> frozenset[str]:
    """Every word that a scenario uses as a name or a value, but for what its case starts with."""
    written: Any = read(file.read_bytes(), str(file)).value
    return frozenset(_words({name: value for name, value in written.items() if name != "start"}))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield key
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
