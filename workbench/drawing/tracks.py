"""Which track each bus runs along between two layers, so that few lines cross and none lies on another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NEAR = 5.0
"""Upright lines nearer than this would be read as one."""
FREE = 8.0
ON_TOP = 1000


@dataclass(slots=True)
class Bus:
    """One target's line in one channel: where it comes in from above, and from below."""

    tops: set[float] = field(default_factory=set)
    bottoms: set[float] = field(default_factory=set)
    track: int = 0

    @property
    def low(self) -> float:
        return min(self.tops | self.bottoms)

    @property
    def high(self) -> float:
        return max(self.tops | self.bottoms)

    @property
    def straight(self) -> bool:
        return self.low == self.high


def tracked(buses: Sequence[Bus]) -> int:
    """Gives every bus of a channel that is not straight a track, 0 the highest; how many there are."""
    bent = sorted((bus for bus in buses if not bus.straight), key=lambda bus: (bus.low + bus.high, bus.low))
    costs = {(i, j): _cost(one, other) for i, one in enumerate(bent) for j, other in enumerate(bent) if i != j}
    order: list[int] = []
    for new in range(len(bent)):  # each where it costs least among those before it
        totals = [0]
        here = sum(costs[new, other] for other in order)
        best, least = 0, here
        for place, other in enumerate(order):
            here += costs[other, new] - costs[new, other]
            if here < least:
                best, least = place + 1, here
        totals.append(least)
        order.insert(best, new)
    for _ in range(len(order)):
        changed = False
        for place in range(len(order) - 1):
            a, b = order[place], order[place + 1]
            if costs[b, a] < costs[a, b]:
                order[place : place + 2] = b, a
                changed = True
        if not changed:
            break
    for place, index in enumerate(order):
        bus = bent[index]
        bus.track = max((bent[above].track + 1 for above in order[:place] if _meet(bent[above], bus)), default=0)
    return max((bus.track + 1 for bus in bent), default=0)


def _meet(one: Bus, other: Bus) -> bool:
    return one.low < other.high + FREE and other.low < one.high + FREE


def _cost(upper: Bus, lower: Bus) -> int:
    """What it costs if the one runs above the other: lines that cross, and far more those that lie on another."""
    return (
        sum(lower.low < x < lower.high for x in upper.bottoms)
        + sum(upper.low < x < upper.high for x in lower.tops)
        + ON_TOP * sum(abs(x - y) < NEAR for x in upper.bottoms for y in lower.tops)
    )
