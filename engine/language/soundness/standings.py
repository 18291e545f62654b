"""The standings of one region with the ways between them, and what can be asked of such a graph."""

from collections import deque
from dataclasses import dataclass, field

from engine.language.soundness.world import Label, World

OVERRUN = "overrun"
"""The result of a standing from which automatic steps go on for ever."""


@dataclass(slots=True)
class Graph:
    worlds: list[World] = field(default_factory=list)
    ways: list[list[tuple[tuple[Label, ...], int]]] = field(default_factory=list)
    came: list[tuple[int, tuple[Label, ...]]] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)  # standings that were not followed

    def trail(self, index: int) -> tuple[Label, ...]:
        parts = []
        while index >= 0:
            index, labels = self.came[index]
            parts.append(labels)
        return tuple(label for labels in reversed(parts) for label in labels)


def good(graph: Graph) -> set[int]:
    """The standings from which some way leads to a result, or to what was not followed."""
    results = [i for i, world in enumerate(graph.worlds) if world.result not in (None, OVERRUN)]
    return leading(graph, [*results, *graph.unknown])


def leading(graph: Graph, to: list[int]) -> set[int]:
    before: list[list[int]] = [[] for _ in graph.worlds]
    for index, ways in enumerate(graph.ways):
        for _, after in ways:
            before[after].append(index)
    found: set[int] = set()
    todo = list(to)
    while todo:
        index = todo.pop()
        if index not in found:
            found.add(index)
            todo.extend(before[index])
    return found


def circle(graph: Graph, first: int) -> tuple[Label, ...]:
    """A shortest way round, of those that can be reached from there."""
    seen, todo = {first}, deque([first])
    best: tuple[Label, ...] | None = None
    while todo:
        index = todo.popleft()
        around = _back(graph, index)
        moves = around is not None and any(label.what == "enter" for label in around)
        if around is not None and moves and (best is None or len(around) < len(best)):
            best = around
        for _, after in graph.ways[index]:
            if after not in seen and len(seen) < 60:
                seen.add(after)
                todo.append(after)
    return best or ()


def _back(graph: Graph, index: int) -> tuple[Label, ...] | None:
    todo: deque[tuple[int, tuple[Label, ...]]] = deque([(index, ())])
    seen: set[int] = set()
    while todo:
        one, labels = todo.popleft()
        for more, after in graph.ways[one]:
            if after == index:
                return labels + more
            if after not in seen:
                seen.add(after)
                todo.append((after, labels + more))
    return None
