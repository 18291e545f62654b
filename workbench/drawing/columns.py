"""Where each item of a net stands from left to right: straight lines, in the order of its layer."""

from collections.abc import Sequence
from math import inf

from workbench.drawing.buses import Net

APART, NARROW = 26.0, 8.0
"""Room between two boxes, and where one of the two is a bus."""
ROUNDS, PASSES = 10, 3

Wish = tuple[float, float]
"""A left side that is wished for, and how much."""


def placed(net: Net) -> list[float]:
    """The left side of every item."""
    lefts = [0.0] * len(net.widths)
    for layer in net.layers:
        x = 0.0
        for item, gap in zip(layer, _gaps(net, layer), strict=True):
            x += gap
            lefts[item] = x
            x += net.widths[item]
    best, least = list(lefts), None
    for turn in range(ROUNDS):
        for sides in ((True, False), (False, True)) if turn < ROUNDS - 3 else ((True, True), (True, True)):
            order = range(len(net.layers)) if sides[0] else reversed(range(len(net.layers)))
            for row in order:
                _settle(net, net.layers[row], lefts, *sides)
        cost = _cost(net, lefts)
        if least is None or cost < least:
            best, least = list(lefts), cost
    lefts = [float(round(x)) for x in best]
    for _ in range(PASSES):
        _straighten(net, lefts)
    smallest = min(lefts, default=0.0)
    return [x - smallest for x in lefts]


def _straighten(net: Net, lefts: list[float]) -> None:
    """Moves the places of each bus into as few upright lines as the order leaves room for."""
    chains: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    for (target, back, layer), item in sorted(net.places.items()):
        chains.setdefault((target, back), []).append((layer, item))
    at = {item: place for layer in net.layers for place, item in enumerate(layer)}
    middle = sum(lefts) / len(lefts) if lefts else 0.0
    outside = sorted(chains.values(), key=lambda chain: -abs(max(lefts[i] for _, i in chain) - middle))
    for chain in outside:
        run, low, high = list[int](), -inf, inf
        for layer, item in [*chain, (-1, -1)]:
            least, most = _room(net, lefts, layer, at[item]) if item >= 0 else (inf, -inf)
            if run and (max(low, least) > min(high, most)):
                wish = sorted(lefts[one] for one in run)[len(run) // 2]
                for one in run:
                    lefts[one] = min(max(wish, low), high)
                run, low, high = [], -inf, inf
                if item >= 0:
                    least, most = _room(net, lefts, layer, at[item])
            run.append(item)
            low, high = max(low, least), min(high, most)


def _room(net: Net, lefts: Sequence[float], layer: int, place: int) -> tuple[float, float]:
    """Between which left sides an item may stand without its neighbours moving."""
    items, gaps = net.layers[layer], _gaps(net, net.layers[layer])
    least, most = -inf, inf
    if place:
        before = items[place - 1]
        least = lefts[before] + net.widths[before] + gaps[place]
    if place + 1 < len(items):
        most = lefts[items[place + 1]] - gaps[place + 1] - net.widths[items[place]]
    return least, most


def _gaps(net: Net, layer: Sequence[int]) -> list[float]:
    """The room before each item of a layer."""
    return [
        0.0 if place == 0 else APART if net.real(item) and net.real(layer[place - 1]) else
        NARROW if not net.real(item) and not net.real(layer[place - 1]) else 2 * NARROW
        for place, item in enumerate(layer)
    ]  # fmt: skip


def _cost(net: Net, lefts: Sequence[float]) -> float:
    return sum(
        one.weight * abs(lefts[one.upper] + one.up_at - lefts[one.lower] - one.low_at)
        for links in net.links
        for one in links
    )


def _settle(net: Net, layer: Sequence[int], lefts: list[float], above: bool, below: bool) -> None:
    turning: dict[int, list[Wish]] = {}
    for place, middle, vertex, at in net.turns:
        turning.setdefault(place, []).append((lefts[vertex] + at - middle, 0.5))
    offsets, wishes, x = [], [], 0.0
    for item, gap in zip(layer, _gaps(net, layer), strict=True):
        x += gap
        wish: list[Wish] = []
        if above:
            wish += [(lefts[one.upper] + one.up_at - one.low_at, one.weight) for one in net.up[item]]
        if below:
            wish += [(lefts[one.lower] + one.low_at - one.up_at, one.weight) for one in net.down[item]]
        wish += turning.get(item, ())
        wishes.append([(at - x, weight) for at, weight in wish] or [(lefts[item] - x, 0.01)])
        offsets.append(x)
        x += net.widths[item]
    for item, offset, at in zip(layer, offsets, isotonic(wishes), strict=True):
        lefts[item] = at + offset


def isotonic(wishes: Sequence[Sequence[Wish]]) -> list[float]:
    """Values that never fall and lie together nearest to what is wished for each, by weighted distance
    (pool adjacent violators: Ayer and others, 1955)."""
    pools: list[tuple[float, list[Wish], int]] = []
    for one in wishes:
        pool, size = sorted(one), 1
        value = median(pool)
        while pools and pools[-1][0] > value:
            _, before, more = pools.pop()
            pool, size = sorted([*before, *pool]), size + more
            value = median(pool)
        pools.append((value, pool, size))
    return [value for value, _, size in pools for _ in range(size)]


def median(wishes: Sequence[Wish]) -> float:
    """The weighted median of sorted wishes; between the two of an even number, their middle."""
    half, seen = sum(weight for _, weight in wishes) / 2, 0.0
    for place, (value, weight) in enumerate(wishes):
        seen += weight
        if abs(seen - half) < 1e-9:
            return (value + wishes[place + 1][0]) / 2
        if seen > half:
            return value
    return wishes[-1][0]
