"""What an installation knows around its process files: its people, and how long people's steps took.

Times are reckoned from the newest cases only, so that they take no longer with a million of them.
"""

from decimal import Decimal
from statistics import median

from bootstrap import Caseway
from engine.core.durations import Duration
from engine.runtime.database import Connection
from workbench.linting import Around

CASES = 500
"""How many cases of a process, open or ended, give times: the newest."""
# The tasks of a case stand together, so that this reads as many places as there are cases.
_SPANS = (
    "SELECT tasks.step, tasks.closed_at - tasks.opened_at FROM "
    "(SELECT id, version FROM cases WHERE process = ? AND status IN ('open', 'suspended', 'ended') "
    "ORDER BY started_at DESC, id LIMIT ?) AS recent JOIN tasks ON tasks.case_id = recent.id "
    "WHERE ? IN ('', recent.version) AND tasks.closed_at IS NOT NULL AND tasks.outcome IS NOT NULL"
)
FEWEST = 10
"""Fewer tasks than these say nothing of a step."""
_HOUR = 3_600_000_000  # microseconds


def around_of(caseway: Caseway) -> Around:
    """The people in force, and the measured times of completed tasks."""
    directory = caseway.directories.current
    today = directory.today(caseway.clock.now()) if directory else None
    return Around(directory, today, measured(caseway))


def measured(caseway: Caseway) -> dict[tuple[str, str], Duration]:
    """The median time from a task's opening to its completion, by process and step, in hours by the wall."""
    return {
        (process, step): Duration(round(Decimal(median(each)) / _HOUR, 1), "h")
        for process in caseway.definitions.names()
        for step, each in spans(caseway.connection, process).items()
        if len(each) >= FEWEST
    }


def spans(connection: Connection, process: str, version: str = "") -> dict[str, list[int]]:
    """How long each completed task of a step was open, in microseconds; of one version of the process, or of all."""
    found: dict[str, list[int]] = {}
    for step, span in connection.all(_SPANS, (process, CASES, version)):
        found.setdefault(step, []).append(span)
    return found
