"""Figures of several replications as means with confidence, and two plans side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, mean, stdev

from workbench.rehearsal.figures import Figures, Key
from workbench.rehearsal.plan import Plan
from workbench.rehearsal.running import replication

T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5th percentile of Student's t, by degrees of freedom from 1; beyond, the normal distribution's serves."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure: its mean over the replications, and the 95 % confidence interval of that mean. None: it takes more than
    one replication."""

    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a plan came to. lengths: mean over the replications."""

    plan: Plan
    values: Mapping[Key, Value]
    each: Mapping[Key, Sequence[float]]
    lengths: Mapping[str, Sequence[float]]
    refused: Mapping[str, int]
    actions: int
    rate: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two plans; differences: the second less the first, over pairs of replications with the same luck."""

    first: Result
    second: Result
    differences: Mapping[Key, Value]


def rehearse(plan: Plan, told: Callable[[int], None] = lambda number: None) -> Result:
    """Works a plan as often as it says; `told` after each. Raises DefinitionError, StoreError."""
    found: list[Figures] = []
    for number in range(1, plan.replications + 1):
        found.append(replication(plan, number))
        told(number)
    each = {
        key: [one.values.get(key, 0.0) for one in found] for key in sorted({k for one in found for k in one.values})
    }
    values = {key: interval(numbers) for key, numbers in each.items()}
    if len(found) == 1:
        values |= {key: wilson(late, of) for key, (late, of) in found[0].counted.items()}
    queues = sorted({queue for one in found for queue in one.lengths})
    refused: dict[str, int] = {}
    for one in found:
        for what, count in one.refused.items():
            refused[what] = refused.get(what, 0) + count
    return Result(
        plan, values, each, {queue: _mean_days([one.lengths.get(queue, ()) for one in found]) for queue in queues},
        refused, sum(one.actions for one in found), mean(one.rate for one in found),
    )  # fmt: skip


def compare(first: Result, second: Result) -> Compared:
    """Both have as many replications; each pair had the same luck."""
    differences = {
        key: interval([b - a for a, b in zip(_of(first, key), _of(second, key), strict=False)])
        for key in sorted(first.each.keys() | second.each.keys())
    }
    return Compared(first, second, differences)


def _of(result: Result, key: Key) -> Sequence[float]:
    return result.each.get(key, [0.0] * result.plan.replications)


def interval(numbers: Sequence[float]) -> Value:
    """The mean of independent numbers, with Student's interval."""
    if len(numbers) < 2:
        return Value(numbers[0])
    freedom = len(numbers) - 1
    t = T_95[freedom - 1] if freedom <= len(T_95) else NormalDist().inv_cdf(0.975)
    half = t * stdev(numbers) / sqrt(len(numbers))
    return Value(mean(numbers), mean(numbers) - half, mean(numbers) + half)


def wilson(late: int, of: int) -> Value:
    """A share of so many, with Wilson's score interval (E. B. Wilson, 1927)."""
    z = NormalDist().inv_cdf(0.975)
    share = late / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return Value(share, middle - half, middle + half)


def _mean_days(found: Sequence[Sequence[int]]) -> list[float]:
    return [mean(days) for days in zip(*found, strict=False)] if found else []
