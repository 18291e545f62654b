"""Chance: streams of it by purpose, and distributions as a plan writes them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any


def streams(seed: int, replication: int) -> Callable[[str], random.Random]:
    """A new stream each time one is asked for a purpose: of the n-th time for it, whatever else was asked meanwhile."""
    asked: dict[str, int] = {}

    def stream(purpose: str) -> random.Random:
        asked[purpose] = asked.get(purpose, 0) + 1
        return random.Random(f"{seed} {replication} {purpose} {asked[purpose]}")

    return stream


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of lengths; never below zero. kind: a key of DRAWN; numbers: its parameters, in minutes."""

    kind: str
    numbers: tuple[float, ...]

    def draw(self, chance: random.Random) -> float:
        return max(0.0, DRAWN[self.kind](chance, self.numbers))

    @classmethod
    def of(cls, written: Any) -> "Spread":
        """From a plan: 12; [5, 20]; {exponential: 12}; {lognormal: [mean, deviation]}; {sample: [...]}."""
        if isinstance(written, Mapping):
            ((kind, given),) = written.items()
            return cls(kind, tuple(map(float, given)) if isinstance(given, Sequence) else (float(given),))
        if isinstance(written, Sequence):
            return cls("uniform", tuple(map(float, written)))
        return cls("fixed", (float(written),))


def _lognormal(chance: random.Random, numbers: Sequence[float]) -> float:
    """By the mean and standard deviation of the lengths themselves, as people know them."""
    mean, deviation = numbers
    spread = log(1 + (deviation / mean) ** 2)
    return chance.lognormvariate(log(mean) - spread / 2, sqrt(spread))


def _sample(chance: random.Random, numbers: Sequence[float]) -> float:
    """Between neighbours of a sorted sample: its own distribution, with lengths in between."""
    if len(numbers) == 1:
        return numbers[0]
    place = chance.random() * (len(numbers) - 1)
    low = int(place)
    return numbers[low] + (numbers[low + 1] - numbers[low]) * (place - low)


DRAWN: Mapping[str, Callable[[random.Random, Sequence[float]], float]] = {
    "fixed": lambda chance, n: n[0],
    "uniform": lambda chance, n: chance.uniform(n[0], n[1]),
    "exponential": lambda chance, n: chance.expovariate(1 / n[0]),
    "triangular": lambda chance, n: chance.triangular(n[0], n[2], n[1]),
    "normal": lambda chance, n: chance.gauss(n[0], n[1]),
    "lognormal": _lognormal,
    "sample": _sample,
}
"""Kind of distribution -> a length, in minutes: fixed, uniform (least, most), exponential (mean), triangular (least,
most often, most), normal and lognormal (mean, standard deviation), sample (sorted)."""
