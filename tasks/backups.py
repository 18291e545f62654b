"""What the process of checking backups asks of the system that makes them, and an embedded one.

`Backups` is the seam: an insurer hands in what reads its own backup system. The embedded one goes by a plan in CSV: it
takes every copy when the plan says, but on the days named there as failed; so every run gives the same.
"""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from tasks.registry import Job, Registry

EVERY = {"day": frozenset(range(7)), "week": frozenset({6})}
"""On which days of the week a copy is taken: all of them, or Sundays."""


class Copy(NamedTuple):
    """One copy that was to be taken on a day."""

    system: str
    kind: str  # full | incremental | remote
    taken: bool


class Backups(Protocol):
    def due_on(self, day: date) -> Iterator[Copy]: ...


class BackupTable:
    """The embedded system, by a table with the columns system, kind, every (day, week), failed (days between bars).
    Without the file there is no plan. Raises ValueError naming the line of a row that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._plan: list[tuple[str, str, str, frozenset[date]]] = []
        if not path.exists():
            return
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                try:
                    failed = frozenset(date.fromisoformat(day) for day in row["failed"].split("|") if day)
                    self._plan.append((row["system"], row["kind"], row["every"], failed))
                    EVERY[row["every"]]
                except (KeyError, ValueError, AttributeError) as error:
                    raise ValueError(f"{path.name}:{reader.line_num}: {error}") from error

    def due_on(self, day: date) -> Iterator[Copy]:
        for system, kind, every, failed in self._plan:
            if day.weekday() in EVERY[every]:
                yield Copy(system, kind, day not in failed)


class Checked(TypedDict):
    checked: int
    missing: list[str]


def functions(backups: Backups, registry: Registry) -> Registry:
    """The registry, with the worker functions of this module added."""

    @registry.worker()
    def check_backups(job: Job, day: date) -> Checked:
        """How many copies were to be taken on a day, and which are not there, as `system/kind` (A-5.3)."""
        due = list(backups.due_on(day))
        return {"checked": len(due), "missing": [f"{one.system}/{one.kind}" for one in due if not one.taken]}

    return registry
