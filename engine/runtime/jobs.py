"""Service work as rows that workers lease (R14, R15).

Theory of operation. The row is committed with the command that asks for the work. A worker leases it: `due`
moves to the moment at which the lease lapses, and the attempt is counted. Its result comes back as the command
`FinishJob`, which deletes the row; a failure sets the next try. A worker that never comes back lets its lease
lapse, and the row is due again. When all tries are used up, `FailJob` hands the case an incident. Both
commands have ids of their own, so that reporting twice is harmless.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.core.commands import FailJob, FinishJob, Request
from engine.runtime.answers import Accepted, Answer
from engine.runtime.backoff import backoff
from engine.runtime.batch import Item, Step
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.errors import storable
from engine.runtime.runner import Runner
from engine.runtime.tables import micros, moment

COLUMNS = "case_id, id, token, step, function, args, times, first, factor, longest, timeout, since, attempts"
DUE = (
    f"SELECT {', '.join(f'jobs.{name}' for name in COLUMNS.split(', '))}, number "
    "FROM jobs JOIN cases ON cases.id = case_id "
    "WHERE due <= ? AND attempts < times ORDER BY due, case_id, jobs.id LIMIT ?"
)
LEASE = "UPDATE jobs SET due = ?, leased_by = ?, attempts = attempts + 1 WHERE case_id = ? AND id = ?"
EXTEND = "UPDATE jobs SET due = ? WHERE case_id = ? AND id = ? AND leased_by = ? AND attempts = ?"
RETRY = (
    "UPDATE jobs SET due = ?, error = ?, leased_by = NULL "
    "WHERE case_id = ? AND id = ? AND leased_by = ? AND attempts = ?"
)
SPENT = "SELECT case_id, id, since, attempts, error FROM jobs WHERE due <= ? AND attempts >= times LIMIT 256"
LATER = "UPDATE jobs SET due = ? WHERE case_id = ? AND id = ?"
HELD = timedelta(hours=1)
MARGIN = timedelta(seconds=10)
"""What a lease leaves for reporting, beyond the time that the work may take."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A job in the hands of a worker. `attempt` counts from 1; `key` is the same for every attempt at this visit
    of the step, also after an incident and its retry, for services that take an idempotency key."""

    case: str
    id: int
    token: int
    step: str
    function: str
    args: dict[str, Any]
    times: int
    first: int  # seconds, as the next three
    factor: int
    longest: int
    timeout: int
    since: datetime
    attempt: int
    number: str  # of the case
    worker: str

    @property
    def key(self) -> str:
        return f"{self.case}/{self.token}"


class Jobs:
    """What an executor needs of the store."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._skip = " FOR UPDATE OF jobs SKIP LOCKED" if runner.database.dialect == "postgresql" else ""

    def lease(self, now: datetime, worker: str, limit: int = 10, seconds: int = 0) -> list[Leased]:
        """Takes up to `limit` jobs that are due, the longest due first. A lease lasts as long as the job's
        timeout and a margin, or `seconds` if that is more."""

        def take(connection: Connection) -> list[Leased]:
            rows = connection.all(DUE + self._skip, (micros(now), limit))
            taken = [leased(row, worker) for row in rows]
            for job in taken:
                connection.run(LEASE, (until(job, now, seconds), worker, job.case, job.id))
            return taken

        return self._runner.write(take, machine=True)

    def extend(self, job: Leased, now: datetime, seconds: int) -> bool:
        """The heartbeat of long work: the lease lasts `seconds` from now. False when it is no longer ours."""
        return self._touch(EXTEND, (micros(now + timedelta(seconds=seconds)),), job)

    def succeed(self, job: Leased, result: Any, now: datetime) -> Answer:
        """Hands the result, in state form, to the case. A result that comes after the lease has lapsed counts
        too: the first one wins."""
        return self.succeed_all([(job, result)], now)[0]

    def succeed_all(self, done: Iterable[tuple[Leased, Any]], now: datetime) -> list[Answer]:
        """The same for several, in one transaction; each stands alone."""
        return self._runner.submit_many(
            _request(job.case, 0, FinishJob(job.id, result), job.since, now) for job, result in done
        )

    def fail(self, job: Leased, error: str, now: datetime, code: str = "") -> Answer | None:
        """A failed attempt. With a `code` it is that error in the flow at once; otherwise it is tried again
        later (None), or after the last try given up."""
        error = storable(error)
        if code or job.attempt >= job.times:
            return self._runner.submit(_request(job.case, 1, FailJob(job.id, error, code), job.since, now))
        later = now + timedelta(seconds=backoff(job.attempt, job.first, job.factor, job.longest))
        self._touch(RETRY, (micros(later), error), job)
        return None

    def give_up(self, connection: Connection, now: datetime) -> int:
        """Gives up the jobs whose last attempt never came back; returns how many."""
        items = [_given_up(row, now) for row in connection.all(SPENT, (micros(now),))]
        answers = self._runner.submit_items(items, machine=True)
        return sum(isinstance(answer, Accepted) and not answer.repeated for answer in answers)

    def _touch(self, sql: str, values: tuple[Any, ...], job: Leased) -> bool:
        parameters = (*values, job.case, job.id, job.worker, job.attempt)
        return bool(self._runner.write(lambda connection: connection.run(sql, parameters), machine=True))


def _request(case: str, index: int, command: FinishJob | FailJob, since: datetime, now: datetime) -> Request:
    return Request(derived_id(since, index, case, command.job), case, command, "system", now, "job")


def _given_up(row: Any, now: datetime) -> Item:
    case, job, since, attempts, error = row
    text = f"attempt {attempts}, the last, did not come back" + (f"; before: {error}" if error else "")

    def also(answer: Answer) -> Iterable[Step]:
        """What cannot be given up is not tried again at once."""
        taken = isinstance(answer, Accepted) and not answer.repeated
        return [] if taken else [(LATER, (micros(now + HELD), case, job))]

    return Item(_request(case, 1, FailJob(job, text), moment(since), now), also)


def until(job: Leased, now: datetime, seconds: int = 0) -> int:
    """When a lease that begins now lapses, in microseconds."""
    return micros(now + max(timedelta(seconds=job.timeout) + MARGIN, timedelta(seconds=seconds)))


def leased(row: Any, worker: str) -> Leased:
    """The job of a row of `COLUMNS` and the case's number, once its try is counted."""
    case, job, token, step, function, args, times, first, factor, longest, timeout, since, attempts, number = row
    given = msgspec.json.decode(args)
    return Leased(
        case, job, token, step, function, given, times, first, factor, longest, timeout, moment(since), attempts + 1,
        number or "", worker,
    )  # fmt: skip
