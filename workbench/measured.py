"""What an installation knows around its process files: its people, and how long people's steps took."""

from decimal import Decimal
from statistics import median

from bootstrap import Caseway
from engine.core.durations import Duration
from workbench.linting import Around

CLOSED = "SELECT process, step, opened_at, closed_at FROM tasks WHERE closed_at IS NOT NULL AND outcome IS NOT NULL"
FEWEST = 10
"""Fewer tasks than these say nothing of a step."""
_HOUR = 3_600_000_000  # microseconds


def around_of(caseway: Caseway) -> Around:
    """The people in force, and the measured times of all completed tasks."""
    directory = caseway.directories.current
    today = directory.today(caseway.clock.now()) if directory else None
    return Around(directory, today, measured(caseway))


def measured(caseway: Caseway) -> dict[tuple[str, str], Duration]:
    """The median time from a task's opening to its completion, by process and step, in hours by the wall."""
    spent: dict[tuple[str, str], list[int]] = {}
    for process, step, opened, closed in caseway.connection.all(CLOSED):
        spent.setdefault((process, step), []).append(closed - opened)
    return {
        key: Duration(round(Decimal(median(each)) / _HOUR, 1), "h")
        for key, each in spent.items()
        if len(each) >= FEWEST
    }
