"""Where the cases of a version stand, and how long its steps take: what a picture shows as heat.

Both are reckoned from the newest cases only, so that they take no longer with a million of them.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from math import log1p
from statistics import median
from typing import Any, Literal

from bootstrap import MACHINE
from engine.core.model import Process
from reports.reader import STANDS
from workbench.drawing.svg import Overlay
from workbench.measured import spans
from workbench.tables import rounded

Heat = Literal["count", "time"]
HEATS: tuple[Heat, ...] = ("count", "time")
OPEN_CASES = 2_000
"""How many open cases are counted: the newest."""

_STATES = (
    "SELECT version, state FROM cases WHERE process = ? AND status IN ('open', 'suspended') "
    "ORDER BY started_at DESC, id LIMIT ?"
)
_CAPTIONS: Mapping[Heat, tuple[str, str]] = {
    "count": ("停留案件数", "cases standing there"),
    "time": ("办理时长中位数", "median time of its tasks"),
}


def standing(connection: Any, process: Process) -> Counter[str]:
    """How many tokens of open cases of this version stand at each step that waits."""
    found: Counter[str] = Counter()
    for version, state in connection.all(_STATES, (process.name, OPEN_CASES)):
        if version == process.version:
            tokens = MACHINE.decode(state).flow.tokens.values()
            found.update(t.at for t in tokens if t.at in process.nodes and process.nodes[t.at].kind in STANDS)
    return found


def lengths(connection: Any, process: Process) -> dict[str, timedelta]:
    """The median time from the opening of a step's task to its completion."""
    found = spans(connection, process.name, process.version)
    return {step: timedelta(microseconds=median(each)) for step, each in found.items()}


def heat(connection: Any, process: Process, kind: Heat, language: str) -> Overlay:
    """What the picture of a version shows of its cases."""
    caption = _CAPTIONS[kind][0 if language == "zh" else 1]
    if kind == "count":
        counts = standing(connection, process)
        return Overlay(warmth=_warmth(counts), right={step: str(n) for step, n in counts.items()}, caption=caption)
    times = lengths(connection, process)
    seconds = {step: span.total_seconds() for step, span in times.items()}
    return Overlay(warmth=_warmth(seconds), right={s: rounded(span) for s, span in times.items()}, caption=caption)


def _warmth(amounts: Mapping[str, float]) -> dict[str, float]:
    """From 0 to 1 by size, so that one step that stands out does not leave all others cold."""
    most = max(amounts.values(), default=0)
    return {step: log1p(amount) / log1p(most) for step, amount in amounts.items()} if most > 0 else {}
