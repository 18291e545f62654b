"""Measuring: interleaved rounds, so that whatever slows the machine down slows all contestants down."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def interleaved(contestants: Mapping[str, Callable[[], float]], rounds: int = 5) -> dict[str, float]:
    """Median of what each contestant returns (actions a second, say) over rounds taken in turn."""
    seen: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            seen[name].append(run())
    return {name: statistics.median(values) for name, values in seen.items()}


def rate(count: int, run: Callable[[], Any]) -> float:
    """How many a second, when `run` does so many."""
    begin = time.perf_counter()
    run()
    return count / (time.perf_counter() - begin)


def percentile(values: list[float], share: float) -> float:
    """The value below which so much of the sample lies (0.99: p99)."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
