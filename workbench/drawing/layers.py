"""Which layer each vertex of a scope stands in, and which wires lead back up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vertex:
    """Something with a size that wires come into at its top and leave at its bottom; lengths in pixels."""

    width: float
    height: float
    entry: float  # from its left side
    exits: tuple[float, ...] = ()  # from its left side
    depth: float | None = None  # where wires leave it, from its top; its height if left out

    @property
    def floor(self) -> float:
        return self.height if self.depth is None else self.depth


@dataclass(frozen=True, slots=True)
class Wire:
    """From an exit of a vertex to the entry of another, each by its place in the list."""

    source: int
    exit: int
    target: int


@dataclass(slots=True)
class Layers:
    ranks: list[int]
    back: frozenset[tuple[int, int]] = field(default_factory=frozenset)  # (source, target) of wires that lead up

    def leads_back(self, wire: Wire) -> bool:
        return (wire.source, wire.target) in self.back


TALL = 420.0
"""A box higher than this has its layer for itself, so that nothing beside it waits for its end."""


def layered(vertices: Sequence[Vertex], wires: Sequence[Wire]) -> Layers:
    """The layers of the vertices, whose order is that in which they are read."""
    count = len(vertices)
    ways: list[list[int]] = [[] for _ in range(count)]
    for wire in wires:
        ways[wire.source].append(wire.target)
    group = {member: index for index, one in enumerate(_strong(ways)) for member in one}
    back = {(w.source, w.target) for w in wires if group[w.source] == group[w.target] and w.target <= w.source}
    down = {(t, s) if (s, t) in back else (s, t) for s, t in {(w.source, w.target) for w in wires} if s != t}
    below: list[set[int]] = [set() for _ in range(count)]
    above: list[set[int]] = [set() for _ in range(count)]
    for upper, lower in down:
        below[upper].add(lower)
        above[lower].add(upper)
    for vertex, one in enumerate(vertices):
        if one.height > TALL:
            _alone(vertex, below, above)
    order = _sorted(below, above)
    ranks = [0] * count
    for vertex in order:
        ranks[vertex] = max((ranks[one] + 1 for one in above[vertex]), default=0)
    begun = _reached(0, below) | {0} if count else set()
    for vertex in reversed(order):  # what the first does not lead to, or what leads to more than leads to it, stands
        if below[vertex] and (vertex not in begun or len(below[vertex]) > len(above[vertex])):  # close to its goals
            ranks[vertex] = min(ranks[one] for one in below[vertex]) - 1
    return Layers(ranks, frozenset(back))


def _alone(vertex: int, below: Sequence[set[int]], above: Sequence[set[int]]) -> None:
    """Has all that is written before the vertex stand above it, and all behind it below, where flow lets them."""
    after = _reached(vertex, below)
    for one in range(vertex):
        if one not in after:
            below[one].add(vertex)
            above[vertex].add(one)
    before = _reached(vertex, above)
    for one in range(vertex + 1, len(below)):
        if one not in before:
            below[vertex].add(one)
            above[one].add(vertex)


def _reached(vertex: int, ways: Sequence[set[int]]) -> set[int]:
    found, left = set[int](), [vertex]
    while left:
        new = ways[left.pop()] - found
        found |= new
        left += new
    return found


def _sorted(below: Sequence[set[int]], above: Sequence[set[int]]) -> list[int]:
    """Every vertex after all that stand above it."""
    open_to = [len(one) for one in above]
    ready = [vertex for vertex, left in enumerate(open_to) if not left]
    found = []
    while ready:
        vertex = ready.pop()
        found.append(vertex)
        for one in below[vertex]:
            open_to[one] -= 1
            if not open_to[one]:
                ready.append(one)
    return found


def _strong(ways: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The sets of vertices that can reach each other (Tarjan 1972), without recursion."""
    numbers: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    done: set[int] = set()
    for root in range(len(ways)):
        if root in numbers:
            continue
        work = [(root, iter(ways[root]))]
        numbers[root] = low[root] = len(numbers)
        stack.append(root)
        while work:
            vertex, left = work[-1]
            for one in left:
                if one not in numbers:
                    numbers[one] = low[one] = len(numbers)
                    stack.append(one)
                    work.append((one, iter(ways[one])))
                    break
                if one not in done:
                    low[vertex] = min(low[vertex], numbers[one])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[vertex])
                if low[vertex] == numbers[vertex]:
                    cut = stack.index(vertex)
                    done.update(stack[cut:])
                    yield stack[cut:]
                    del stack[cut:]
