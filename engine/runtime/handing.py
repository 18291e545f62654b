"""Jobs handed out in batches, for an executor elsewhere that begins them one by one (R15).

Theory of operation. Handing out leases jobs in the name of a *batch* for a short while, without counting a try. Who
has the batch begins each job when its turn comes: the lease passes from the batch to that worker, now for as long as
the work may take, and the try is counted. So a job that was never begun has lost nothing when its batch is lost,
cancelled or given back; and a batch that comes twice, or too late, finds nothing left that is its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.runtime.database import Connection
from engine.runtime.jobs import COLUMNS, LEASE, Leased, leased, until
from engine.runtime.runner import Runner
from engine.runtime.tables import micros

HELD = timedelta(seconds=60)
"""For how long jobs are handed out; who has them keeps them by saying so in time."""

SHOWN = "SELECT cases.process, jobs.step, jobs.function, cases.number FROM jobs JOIN cases ON cases.id = case_id "
DUE = (
    "SELECT case_id, jobs.id, leased_by FROM jobs WHERE due <= ? AND attempts < times "
    "ORDER BY due, case_id, jobs.id LIMIT ?"
)
HAND_OUT = "UPDATE jobs SET due = ?, leased_by = ? WHERE case_id = ? AND id = ?"
ONE = f"{SHOWN} WHERE case_id = ? AND jobs.id = ? AND leased_by = ?"
KEEP = "UPDATE jobs SET due = ? WHERE case_id = ? AND id = ? AND leased_by = ?"
HAND_BACK = "UPDATE jobs SET due = ?, leased_by = NULL WHERE case_id = ? AND id = ? AND leased_by = ?"
TAKE_UP = (
    f"SELECT {', '.join(f'jobs.{name}' for name in COLUMNS.split(', '))}, number "
    "FROM jobs JOIN cases ON cases.id = case_id WHERE case_id = ? AND jobs.id = ? AND leased_by = ?"
)

JobId = tuple[str, int]
"""The case and the job's number in it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A job of a batch that has not begun, as it is shown: nothing of the case's data."""

    case: str
    id: int
    process: str
    step: str
    function: str
    number: str  # of the case


@dataclass(frozen=True, slots=True)
class HandedOut:
    """jobs: of the batch. lapsed: who had some of them before, and has not come back."""

    jobs: list[Handed]
    lapsed: frozenset[str]


class Handing:
    """Hands jobs out, and takes them back. batch: a name that no other batch has had."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        postgresql = runner.database.dialect == "postgresql"
        self._skip = " FOR UPDATE OF jobs SKIP LOCKED" if postgresql else ""
        self._lock = " FOR UPDATE OF jobs" if postgresql else ""

    def hand_out(self, batch: str, now: datetime, limit: int) -> "HandedOut":
        """Up to `limit` jobs that are due, the longest due first."""

        def take(connection: Connection) -> HandedOut:
            rows = connection.all(DUE + self._skip, (micros(now), limit))
            for case, id, _ in rows:
                connection.run(HAND_OUT, (micros(now + HELD), batch, case, id))
            lapsed = frozenset(holder for _, _, holder in rows if holder is not None)
            return HandedOut(_waiting(connection, batch, [(case, id) for case, id, _ in rows]), lapsed)

        return self._runner.write(take, machine=True)

    def waiting(self, batch: str, ids: Sequence[JobId]) -> list[Handed]:
        """Those of the jobs that the batch still has and nobody has begun, in the order given."""
        return self._runner.write(lambda connection: _waiting(connection, batch, ids), machine=True)

    def keep(self, batch: str, ids: Iterable[JobId], now: datetime) -> int:
        """Holds those of the jobs longer that have not begun; returns how many they are."""
        return self._each(KEEP, now + HELD, batch, ids)

    def hand_back(self, batch: str, ids: Iterable[JobId], now: datetime) -> int:
        """Those of the jobs that have not begun are due for anybody, as if never handed out; how many they are."""
        return self._each(HAND_BACK, now, batch, ids)

    def take_up(self, batch: str, id: JobId, worker: str, now: datetime) -> Leased | None:
        """Begins a job: counts the try and leases it to the worker. None if it is not the batch's any more."""

        def take(connection: Connection) -> Leased | None:
            row = connection.one(TAKE_UP + self._lock, (*id, batch))
            if row is None:
                return None
            job = leased(row, worker)
            connection.run(LEASE, (until(job, now), worker, *id))
            return job

        return self._runner.write(take, machine=True)

    def _each(self, sql: str, due: datetime, batch: str, ids: Iterable[JobId]) -> int:
        rows = [(micros(due), case, id, batch) for case, id in ids]
        return self._runner.write(lambda connection: sum(connection.run(sql, row) for row in rows), machine=True)


def _waiting(connection: Connection, batch: str, ids: Sequence[JobId]) -> list[Handed]:
    found = ((id, connection.one(ONE, (*id, batch))) for id in ids)
    return [Handed(*id, row[0], row[1], row[2], row[3] or "") for id, row in found if row is not None]
