"""The net of a scope: its layers with a place in each for every bus that passes through, and what touches what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbench.drawing.layers import Layers, Vertex, Wire

BUS = 10.0
"""How wide a place a bus takes in a layer."""
MAIN, SIDE, LONG = 4, 1, 8
"""How much it counts that a line is straight: on to the step written next, elsewhere, within a bus."""


@dataclass(frozen=True, slots=True)
class Link:
    """A line between neighbouring layers, or, where both ends stand in one layer, a line that turns there."""

    upper: int
    up_at: float  # from the left side of the upper item
    lower: int
    low_at: float
    weight: int


@dataclass(slots=True)
class Net:
    """Items are vertices by their place in the list, and after them the places of buses."""

    vertices: Sequence[Vertex]
    layers: list[list[int]]
    widths: list[float]
    links: list[list[Link]]  # by the layer above them
    turns: list[tuple[int, float, int, float]]  # (place of a bus, at, vertex in the same layer, at)
    places: Mapping[tuple[int, bool, int], int]  # (target, whether back, layer) -> item
    up: list[list[Link]] = field(default_factory=list)  # by item
    down: list[list[Link]] = field(default_factory=list)

    def real(self, item: int) -> bool:
        return item < len(self.vertices)


def net(vertices: Sequence[Vertex], wires: Sequence[Wire], layers: Layers) -> Net:
    ranks = layers.ranks
    found = Net(vertices, [[] for _ in range(max(ranks, default=0) + 1)], [v.width for v in vertices], [], [], {})
    found.links = [[] for _ in found.layers]
    for index, rank in enumerate(ranks):
        found.layers[rank].append(index)
    places: dict[tuple[int, bool, int], int] = {}
    found.places = places
    spans: dict[tuple[int, bool], list[int]] = {}
    for wire in wires:
        span = spans.setdefault((wire.target, layers.leads_back(wire)), [ranks[wire.source]] * 2)
        span[:] = min(span[0], ranks[wire.source]), max(span[1], ranks[wire.source])
    for (goal, back), (high, low) in spans.items():
        for layer in range(ranks[goal], low + 1) if back else range(high + 1, ranks[goal]):
            places[goal, back, layer] = len(found.widths)
            found.layers[layer].append(len(found.widths))
            found.widths.append(BUS)
    middle, seen = BUS / 2, set()

    def link(channel: int, *ends: float, weight: int) -> None:
        if (channel, *ends) not in seen:
            seen.add((channel, *ends))
            found.links[channel].append(Link(int(ends[0]), ends[1], int(ends[2]), ends[3], weight))

    for wire in wires:
        source, target = vertices[wire.source], vertices[wire.target]
        back = layers.leads_back(wire)
        leave = (wire.source, source.exits[wire.exit])
        if back:
            found.turns.append((places[wire.target, True, ranks[wire.source]], middle, *leave))
            found.turns.append((places[wire.target, True, ranks[wire.target]], middle, wire.target, target.entry))
            for layer in range(ranks[wire.target], ranks[wire.source]):
                ends = places[wire.target, True, layer], middle, places[wire.target, True, layer + 1], middle
                link(layer, *ends, weight=LONG)
            continue
        here = leave
        for layer in range(ranks[wire.source], ranks[wire.target]):
            last = layer + 1 == ranks[wire.target]
            there = (wire.target, target.entry) if last else (places[wire.target, False, layer + 1], middle)
            both = not found.real(here[0]) and not last
            weight = LONG if both else MAIN if wire.target == wire.source + 1 else SIDE
            link(layer, *here, *there, weight=weight)
            here = there
    found.up = [[] for _ in found.widths]
    found.down = [[] for _ in found.widths]
    for links in found.links:
        for one in links:
            found.down[one.upper].append(one)
            found.up[one.lower].append(one)
    return found
