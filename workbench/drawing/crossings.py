"""The order within each layer, so that few lines cross: barycentres, then exchanging neighbours."""

from bisect import bisect_left, insort
from collections.abc import Sequence

from workbench.drawing.buses import Link, Net

SWEEPS, EXCHANGES = 16, 6


def ordered(net: Net) -> None:
    """Puts the items of each layer of the net into their order, from left to right."""
    best = [list(layer) for layer in net.layers]
    fewest: int | None = None
    for sweep in range(SWEEPS):
        for layer in range(len(net.layers)) if sweep % 2 == 0 else reversed(range(len(net.layers))):
            _sort(net, layer, downwards=sweep % 2 == 0)
        if sweep % 4 >= 2:
            _exchange(net)
        count = crossings(net)
        if fewest is None or count < fewest:
            fewest, best = count, [list(layer) for layer in net.layers]
        if not fewest:
            break
    net.layers[:] = best
    for _ in range(EXCHANGES):
        if not _exchange(net):
            break


def crossings(net: Net) -> int:
    """How often lines between layers cross."""
    at = _places(net)
    found = 0
    for links in net.links:
        ends = sorted((at[one.upper] + _part(net, one.upper, one.up_at),
                       at[one.lower] + _part(net, one.lower, one.low_at)) for one in links)  # fmt: skip
        seen: list[float] = []
        for _, low in ends:
            found += len(seen) - bisect_left(seen, low + 1e-9)
            insort(seen, low)
    return found


def _places(net: Net) -> list[int]:
    at = [0] * len(net.widths)
    for layer in net.layers:
        for place, item in enumerate(layer):
            at[item] = place
    return at


def _part(net: Net, item: int, x: float) -> float:
    return 0.9 * x / max(net.widths[item], 1)


def _sort(net: Net, layer: int, downwards: bool) -> None:
    """Orders a layer by where its lines come from (downwards) or lead to."""
    at = _places(net)
    items = net.layers[layer]
    wish: dict[int, float] = {}
    for item in items:
        ends = [
            (at[one.upper] + _part(net, one.upper, one.up_at) if downwards
             else at[one.lower] + _part(net, one.lower, one.low_at), one.weight)
            for one in (net.up[item] if downwards else net.down[item])
        ]  # fmt: skip
        if ends:
            wish[item] = sum(end * weight for end, weight in ends) / sum(weight for _, weight in ends)
    near: dict[int, list[float]] = {}
    for place, _, vertex, _ in net.turns:  # a bus that turns here stands beside what it comes from
        if place in items and place not in wish and vertex in wish:
            near.setdefault(place, []).append(wish[vertex] + 0.01)
    for place, wishes in near.items():
        wish[place] = sum(wishes) / len(wishes)
    free = [item for item in items if item in wish]
    moved = iter(sorted(free, key=lambda item: (wish[item], at[item])))
    net.layers[layer] = [next(moved) if item in wish else item for item in items]


def _exchange(net: Net) -> bool:
    """Exchanges neighbours where that crosses less; whether any were."""
    at = _places(net)
    changed = False
    for items in net.layers:
        for place in range(len(items) - 1):
            left, right = items[place], items[place + 1]
            if _cost(net, at, left, right) > _cost(net, at, right, left):
                items[place], items[place + 1] = right, left
                at[left], at[right] = place + 1, place
                changed = True
    return changed


def _cost(net: Net, at: Sequence[int], left: int, right: int) -> int:
    return _between(net, at, net.up[left], net.up[right], True) + _between(
        net, at, net.down[left], net.down[right], False
    )


def _between(net: Net, at: Sequence[int], lefts: Sequence[Link], rights: Sequence[Link], above: bool) -> int:
    """How many lines of the left item cross lines of the right one on one side."""
    if not lefts or not rights:
        return 0

    def ends(links: Sequence[Link]) -> list[float]:
        if above:
            return sorted(at[link.upper] + _part(net, link.upper, link.up_at) for link in links)
        return sorted(at[link.lower] + _part(net, link.lower, link.low_at) for link in links)

    one, other = ends(lefts), ends(rights)
    return sum(bisect_left(other, end - 1e-9) for end in one)
