"""What a forecast is once it has been learnt: plain numbers, which can be stored as JSON and read by anybody.

The chance of a breach is the logistic function of a sum: the weights of all traits that hold (see
`reports.forecast.moments`), set right by two numbers that were learnt from later runs than the weights were (Platt's
calibration).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from math import exp

import msgspec

BINS = 10
"""Classes of chance in which what was foreseen is held against what came."""


class Model(msgspec.Struct, frozen=True):
    """`steps`: those at which enough runs were seen to say anything of a case that stands there."""

    bias: float
    weights: dict[str, float]
    slope: float
    shift: float
    steps: list[str]

    def sum(self, traits: Iterable[str]) -> float:
        """In order, so that the same traits give the same sum to the last digit."""
        return self.bias + sum(self.weights.get(trait, 0.0) for trait in sorted(traits))

    def chance(self, traits: Iterable[str]) -> float:
        """From 0 to 1."""
        return logistic(self.slope * self.sum(traits) + self.shift)

    def unseen(self, steps: Collection[str]) -> list[str]:
        """Those of the steps of which nothing was learnt."""
        return sorted(set(steps) - set(self.steps))


class Bin(msgspec.Struct, frozen=True):
    """Moments of held-out runs with a chance of one class: how many, what was said on the mean, and what share of their
    runs came to be late."""

    count: int
    said: float
    came: float


def pooled(bins: Sequence[Bin]) -> Bin:
    """One class of chance of several forecasts together."""
    count = sum(one.count for one in bins)
    said, came = (sum(getattr(one, name) * one.count for one in bins) / (count or 1) for name in ("said", "came"))
    return Bin(count, said, came)


class Measured(msgspec.Struct, frozen=True):
    """How good a model was on held-out runs, later ones than it has learnt from. `brier`: the mean square of what was
    said less what came; `base`: the same for who always says the share that was late before. `ranks`: how often, of a
    moment whose run came to be late and one whose did not, the former was given the higher chance (AUC); None where
    all were alike. `off`: by how much the chance of a class was off, on the mean."""

    runs: int
    late: int
    brier: float
    base: float
    margin: float  # by how much `brier` must lie below `base`, so that it is not luck
    ranks: float | None
    off: float
    bins: list[Bin]


class Forecast(msgspec.Struct, frozen=True):
    """What was learnt of one clock of a process. `refused`: why nothing can be said, a code of
    `reports.forecast.words`; `model` is None then. `runs`, `late`: of those that it could learn from; `first`, `last`:
    between which deadlines they lay."""

    runs: int
    late: int
    refused: str = ""
    model: Model | None = None
    measured: Measured | None = None
    first: datetime | None = None
    last: datetime | None = None


def logistic(value: float) -> float:
    return 1 / (1 + exp(-value)) if value >= 0 else exp(value) / (1 + exp(value))
