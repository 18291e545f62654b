"""How the versions of a process do: cases open and closed, how long they take, breaches, incidents.

Each figure is one query on an index, and looks at the newest cases only: what is said of versions is about today, and
takes no longer with a million cases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import micros

NEWEST = 10_000
"""Cases in each state (open, suspended, ended) that are looked at."""
STATES = ("open", "suspended", "ended")

_SOME = (
    "SELECT * FROM (SELECT {} FROM cases WHERE process = ? AND status = '{}' ORDER BY started_at DESC LIMIT ?) AS {}"
)
_RECENT = " UNION ALL ".join(
    _SOME.format("id, version, status, started_at, ended_at", state, state) for state in STATES
)
_RUNNING = " UNION ALL ".join(_SOME.format("id, version", state, state) for state in STATES[:2])
CASES = f"SELECT version, status, ended_at - started_at FROM ({_RECENT}) AS recent"
BREACHES = (
    f"SELECT k.process_version, count(*) FROM ({_RECENT}) AS recent JOIN clocks k ON k.case_id = recent.id "
    "WHERE k.breached = 1 OR (k.status = 'running' AND k.deadline < ?) GROUP BY k.process_version"
)
INCIDENTS = (
    f"SELECT recent.version, count(*) FROM ({_RUNNING}) AS recent JOIN incidents i ON i.case_id = recent.id "
    "GROUP BY recent.version"
)


@dataclass(slots=True)
class VersionStats:
    """One version. `median`: how long its ended cases took; `breaches`: clocks that ran out; `incidents`: open ones."""

    version: str
    open: int = 0
    closed: int = 0
    median: timedelta | None = None
    breaches: int = 0
    incidents: int = 0


def version_stats(connection: Connection, process: str, now: datetime, newest: int = NEWEST) -> dict[str, VersionStats]:
    """The figures of each version on which there are cases, by the newest cases of the process."""
    found: dict[str, VersionStats] = {}
    spans: dict[str, list[int]] = {}

    def of(version: str) -> VersionStats:
        return found.setdefault(version, VersionStats(version))

    three = (process, newest) * 3
    for version, status, span in connection.all(CASES, three):
        if status == "ended":
            of(version).closed += 1
            spans.setdefault(version, []).append(span)
        else:
            of(version).open += 1
    for version, each in spans.items():
        found[version].median = timedelta(microseconds=int(median(each)))
    counts: tuple[tuple[str, Callable[[], list[Any]]], ...] = (
        ("breaches", lambda: connection.all(BREACHES, (*three, micros(now)))),
        ("incidents", lambda: connection.all(INCIDENTS, three[:4])),
    )
    for name, ask in counts:
        for version, count in ask():
            setattr(of(version), name, count)
    return found
