"""Measuring: interleaved rounds, so that whatever slows the machine down slows all contestants down."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Figures = dict[str, list[float]]
"""What each contestant reached, round by round."""


def interleaved(contestants: Mapping[str, Callable[[], float]], rounds: int) -> Figures:
    """What each contestant returns (actions a second, say) over rounds taken in turn, after one to warm up."""
    seen: Figures = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, run in contestants.items():
            gc.collect()  # nobody pays for what another left behind
            figure = run()
            if turn:
                seen[name].append(figure)
    return seen


def ratio(figures: Figures, ours: str, theirs: str) -> float:
    """The median over the rounds of one contestant's figure divided by the other's in the same round."""
    return statistics.median(a / b for a, b in zip(figures[ours], figures[theirs], strict=True))


def rate(count: int, run: Callable[[], Any]) -> float:
    """How many a second, when `run` does so many."""
    return count / seconds(run)


def seconds(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def percentile(values: list[float], share: float) -> float:
    """The value below which so much of the sample lies (0.99: p99)."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
