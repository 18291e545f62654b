"""Looks for a path on which a field is needed and nothing has written it.

Theory of operation. A search from the start, shortest paths first, over pairs of a position and what is known of the
data there (`known`). Ways that write the field are not gone. Before that a quick look without any knowledge tells which
positions lie on a path from the start to a need at all: most fields are written on all of them, and no more is asked.
Of the data only those names are kept that conditions further on, on such a path, ask for: knowledge stays small. A
search that would look at more than `MOST` pairs is given up, and nothing is said.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.expressions import Expression
from engine.language.dataflow.graph import Graph
from engine.language.dataflow.known import Known
from engine.language.dataflow.needs import NONE, Names, needs, tree_of
from engine.language.dataflow.reading import at_entry
from engine.language.dataflow.ways import Given, Way
from engine.language.document import Place

MOST = 1_500


@dataclass(frozen=True, slots=True)
class Found:
    """Where a field is needed that nothing has written: the step, the place in it, and the way there."""

    step: str
    where: Place
    expression: Expression
    path: tuple[tuple[str, str], ...]  # (step, by what it is left)


class Search:
    """The searches of one process. `unset`: the fields that a case begins without."""

    def __init__(self, graph: Graph, unset: Names) -> None:
        self.graph = graph
        self.unset = unset
        self.needed = self._all_needs()
        self.asked: dict[str, Names] = {}  # at each position by itself

    def _all_needs(self) -> Mapping[str, Names]:
        """The names that each position may need, there or on a way from it."""
        found: dict[str, Names] = {}
        todo = [self.graph.process.first]
        while todo:
            position = todo.pop()
            if position in found:
                continue
            here = NONE
            node = self.graph.process.nodes.get(position)
            for expression, _ in at_entry(node) if node else ():
                here |= needs(expression)
            for way in self.graph.ways(position):
                todo.append(way.to)
                for expression in (*(each for each, _ in way.reads), *(each.when for each in way.given if each.where)):
                    here |= needs(expression)
            found[position] = here
        return found

    def fields(self) -> Names:
        """The fields that are worth a search."""
        return frozenset().union(NONE, *self.needed.values()) & self.unset

    def find(self, name: str) -> Found | None:
        """The shortest way to a place that needs the field and has not got it."""
        first = self.graph.process.first
        useful = self._unwritten(name)
        if first not in useful:
            return None
        asked = self._asked_from(useful)
        begin = Known({each: None for each in self.unset & asked[first] | {name}})
        todo: deque[tuple[str, Known, object]] = deque([(first, begin, None)])
        seen = {(first, begin.key())}
        while todo and len(seen) <= MOST:
            position, known, came = todo.popleft()
            node = self.graph.process.nodes.get(position)
            for expression, where in at_entry(node) if node else ():
                if _needed(name, expression, known):
                    return Found(position, where, expression, _path(came))
            for way in self.graph.ways(position):
                after = self._go(name, position, way, known, came, asked.get(way.to, NONE) | {name})
                if isinstance(after, Found):
                    return after
                if after is None or way.to not in useful or (key := (way.to, after.key())) in seen:
                    continue
                seen.add(key)
                todo.append((way.to, after, (position, way.label, came)))
        return None

    def _unwritten(self, name: str) -> set[str]:
        """The positions on paths that do not write the field, whatever the conditions, to one that needs it."""
        before: dict[str, list[str]] = {}
        seen: set[str] = set()
        todo = [self.graph.process.first]
        while todo:
            position = todo.pop()
            if position not in seen:
                seen.add(position)
                for way in self.graph.ways(position):
                    if _open(way, name) is not None:
                        before.setdefault(way.to, []).append(position)
                        todo.append(way.to)
        useful: set[str] = set()
        todo = [position for position in seen if name in self.needed.get(position, NONE)]
        while todo:
            position = todo.pop()
            if position not in useful:
                useful.add(position)
                todo.extend(before.get(position, ()))
        return useful

    def _asked_from(self, positions: set[str]) -> Mapping[str, Names]:
        """The names that conditions ask for at each of these positions, or further on among them."""
        found = {position: self._asked(position) for position in positions}
        before: dict[str, set[str]] = {}
        for position in positions:
            for way in self.graph.ways(position):
                before.setdefault(way.to, set()).add(position)
        todo = [*positions]
        while todo:
            position = todo.pop()
            for each in before.get(position, ()):
                if not found[position] <= found[each]:
                    found[each] |= found[position]
                    todo.append(each)
        return found

    def _asked(self, position: str) -> Names:
        if position not in self.asked:
            ways = self.graph.ways(position)
            conditions = [given.when for way in ways for given in way.given]
            conditions += [side.when for way in ways for side in way.beside if side.when is not None]
            self.asked[position] = NONE.union(*(each.reads for each in conditions))
        return self.asked[position]

    def _go(self, name: str, position: str, way: Way, known: Known, came: object, asked: Names) -> Known | Found | None:
        """What is known behind a way; None if it cannot be gone without writing the field."""
        passed = _open(way, name)
        if passed is None:
            return None
        for each, where in way.reads:
            if _needed(name, each, known):
                return Found(position, where, each, _path(came))
        for given in (*way.given, *(Given(when, False) for when in passed)):
            if given.where is not None and _needed(name, given.when, known):
                return Found(position, given.where, given.when, _path(came))
            now = _assume(known, given.when, given.holds)
            if now is None:
                return None
            known = now
        written = way.writes.union(*(each.may for each in way.beside))
        return known.written(written - {name}, way.sets, asked).about(asked)


def _needed(name: str, expression: Expression, known: Known) -> bool:
    return name in expression.reads and name in needs(expression, known.truth)


def _assume(known: Known, when: Expression, holds: bool) -> Known | None:
    tree = tree_of(when.source)
    return known if tree is None else known.assuming(tree, holds)


def _open(way: Way, name: str) -> tuple[Expression, ...] | None:
    """The conditions that must be false for a way not to write the field; None if it writes it in any case, or may
    without a condition that tells."""
    if name in way.writes:
        return None
    found: list[Expression] = []
    for side in way.beside:
        if name in side.may:
            if side.when is None or name not in side.must:
                return None
            found.append(side.when)
    return tuple(found)


def _path(came: object) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    while isinstance(came, tuple):
        position, label, came = came
        found.append((position, label))
    return tuple(reversed(found))


def steps_of(path: tuple[tuple[str, str], ...], last: str, most: int = 7) -> str:
    """A path as designers read it: the steps that have names of their own, the middle of a long one left out."""
    named: list[str] = []
    for position, label in path:
        if position and "/" not in position and "|" not in position:
            named.append(f"{position} ({label})" if label else position)
    if len(named) > most:
        named = [*named[:2], "…", *named[-(most - 3) :]]
    return " → ".join(["start", *named, last])
