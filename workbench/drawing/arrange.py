"""The layout of one scope: boxes and lines in, places out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.drawing.buses import BUS, Net, net
from workbench.drawing.columns import placed
from workbench.drawing.crossings import crossings, ordered
from workbench.drawing.layers import Layers, Vertex, Wire, layered
from workbench.drawing.tracks import Bus, tracked

Point = tuple[float, float]

CLEAR, TRACK, TIP = 14.0, 11.0, 18.0
"""Room below a layer, between tracks, and above the next layer for the tip of an arrow."""
CROSSING = 40.0
"""How much wider a picture may be that has one crossing less."""
SNAP = 3.0
"""A wire may begin so far beside the middle of its exit, to be straight."""
WIDEST, ASIDE, BENEATH = 1800.0, 40.0, 40.0
"""What hangs together by no wire stands side by side up to this width, with so much room between."""


@dataclass(slots=True)
class Arranged:
    """Where each vertex's upper left corner lies, each wire's corners from its source on, and the size of it all."""

    places: list[Point] = field(default_factory=list)
    paths: list[list[Point]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def arranged(vertices: Sequence[Vertex], wires: Sequence[Wire], widest: float = WIDEST) -> Arranged:
    """Lays the vertices out, which come in the order in which they are read."""
    whole = Arranged([(0.0, 0.0)] * len(vertices), [[] for _ in wires])
    shelves = _Shelves(widest)
    for members in _parts(len(vertices), wires):
        place = {member: index for index, member in enumerate(members)}
        inner = [index for index, wire in enumerate(wires) if wire.source in place]
        own = [Wire(place[wires[i].source], wires[i].exit, place[wires[i].target]) for i in inner]
        one = _arranged([vertices[member] for member in members], own)
        x, y = shelves.put(one.width, one.height)
        for member, (left, top) in zip(members, one.places, strict=True):
            whole.places[member] = (x + left, y + top)
        for index, path in zip(inner, one.paths, strict=True):
            whole.paths[index] = [(x + left, y + top) for left, top in path]
        whole.width, whole.height = max(whole.width, x + one.width), max(whole.height, y + one.height)
    return whole


@dataclass(slots=True)
class _Shelves:
    """Columns side by side, on shelves one below the other: beneath the last thing if there is room, else beside it."""

    widest: float
    x: float = 0.0  # of the column
    across: float = 0.0  # how wide the column is
    top: float = 0.0  # of the shelf
    tall: float = 0.0  # the shelf
    y: float = 0.0  # where the column goes on

    def put(self, width: float, height: float) -> Point:
        under = self.y + height <= self.top + self.tall and self.x + width <= max(self.widest, self.x + self.across)
        if self.across and under:
            pass
        elif self.across and self.x + self.across + ASIDE + width <= max(self.widest, 1.3 * self.across):
            self.x, self.y, self.across = self.x + self.across + ASIDE, self.top, 0.0
        elif self.across:
            self.top += self.tall + BENEATH
            self.x, self.y, self.across, self.tall = 0.0, self.top, 0.0, 0.0
        place = (self.x, self.y)
        self.y += height + BENEATH
        self.across, self.tall = max(self.across, width), max(self.tall, self.y - BENEATH - self.top)
        return place


def _parts(count: int, wires: Sequence[Wire]) -> list[list[int]]:
    """What hangs together, each in the order of reading."""
    head = list(range(count))

    def find(vertex: int) -> int:
        while head[vertex] != vertex:
            vertex = head[vertex]
        return vertex

    for wire in wires:
        one, other = sorted((find(wire.source), find(wire.target)))
        head[other] = one
    found: dict[int, list[int]] = {}
    for vertex in range(count):
        found.setdefault(find(vertex), []).append(vertex)
    return list(found.values())


def _arranged(vertices: Sequence[Vertex], wires: Sequence[Wire]) -> Arranged:
    layers = layered(vertices, wires)
    tried = [_placed(net(vertices, wires, layers), buses_first) for buses_first in (False, True)]
    _, lattice, lefts = min(tried, key=lambda one: one[0])
    routes = [_route(lattice, layers, wire, lefts) for wire in wires]
    begins = [route[0][1][0][1] for route in routes]
    channels: list[dict[int, Bus]] = [{} for _ in range(len(lattice.layers) + 1)]  # [0] lies above the first layer
    for wire, route in zip(wires, routes, strict=True):
        for channel, ends in route:
            bus = channels[channel].setdefault(wire.target, Bus())
            for above, x in ends:
                (bus.tops if above else bus.bottoms).add(x)
    tops, y = [], 0.0
    tracks: list[float] = []  # where the first track of each channel lies
    for index, buses in enumerate(channels):
        count = tracked(list(buses.values()))
        last = index == len(lattice.layers)
        tracks.append(y + CLEAR)
        if buses:
            y += CLEAR + TRACK * max(count - 1, 0) + (CLEAR if last else TIP)
        elif index and not last:
            y += CLEAR + TIP
        if not last:
            tops.append(y)
            y += max((vertices[item].height for item in lattice.layers[index] if lattice.real(item)), default=0.0)
    made = Arranged(height=y, width=max((lefts[i] + width for i, width in enumerate(lattice.widths)), default=0.0))
    made.places = [(lefts[index], tops[layers.ranks[index]]) for index in range(len(vertices))]
    for wire, route, x in zip(wires, routes, begins, strict=True):
        path = [(x, tops[layers.ranks[wire.source]] + vertices[wire.source].floor)]
        for channel, ends in route:
            over = ends[1][1]
            if over != x:
                track = tracks[channel] + TRACK * channels[channel][wire.target].track
                path += [(x, track), (over, track)]
            x = over
        path.append((x, tops[layers.ranks[wire.target]]))
        made.paths.append(path)
    return made


def _placed(lattice: Net, buses_first: bool) -> tuple[float, Net, list[float]]:
    """The net put in order and in place, and what is to be said against it. Where the search for an order begins from
    decides which of many good ones it finds."""
    for layer in lattice.layers:
        layer.sort(key=lambda item: (lattice.real(item) == buses_first, item))
    ordered(lattice)
    lefts = placed(lattice)
    across = max(left + width for left, width in zip(lefts, lattice.widths, strict=True))
    return across + CROSSING * crossings(lattice), lattice, lefts


def _route(
    lattice: Net, layers: Layers, wire: Wire, lefts: Sequence[float]
) -> list[tuple[int, tuple[tuple[bool, float], tuple[bool, float]]]]:
    """The channels that a wire passes, in order, with where it comes in and leaves: (from or to above, x)."""
    source, target = lattice.vertices[wire.source], lattice.vertices[wire.target]
    begin, end = layers.ranks[wire.source], layers.ranks[wire.target]
    x, last = lefts[wire.source] + source.exits[wire.exit], lefts[wire.target] + target.entry

    def at(back: bool, layer: int) -> float:
        return lefts[lattice.places[wire.target, back, layer]] + BUS / 2

    found = []
    if layers.leads_back(wire):
        over = at(True, begin)
        found.append((begin + 1, ((True, x), (True, over))))
        for layer in range(begin, end, -1):
            found.append((layer, ((False, over), (True, at(True, layer - 1)))))
            over = at(True, layer - 1)
        found.append((end, ((False, over), (False, last))))
        return found
    for layer in range(begin, end):
        over = last if layer + 1 == end else at(False, layer + 1)
        x = over if layer == begin and abs(over - x) <= SNAP else x
        found.append((layer + 1, ((True, x), (False, over))))
        x = over
    return found
