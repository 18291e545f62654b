"""How a job is done, whichever executor has it: its secrets opened, the worker function called, the result reported.

A worker function that outlasts its time cannot be stopped: the try is given up, so that the job is tried again, and
should the function come back with a result after all, the first result counts.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.core.events import IncidentRaised
from engine.runtime.answers import Accepted, Answer, Failed
from engine.runtime.cipher import CaseSealer, is_sealed
from engine.runtime.clock import Clock
from engine.runtime.jobs import Jobs, Leased
from engine.runtime.runner import Runner
from engine.runtime.vault import Vault
from tasks.registry import BusinessError, Job, Registered

log = logging.getLogger(__name__)

KEY = "SELECT key FROM cases WHERE id = ?"
MOST_ERROR = 1_000
"""Characters of an error that are kept."""


@dataclass(slots=True)
class Try:
    """A try at a job that is under way."""

    job: Leased
    until: float  # on the machine's steady clock; the worker function may ask for more
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try, without anything of the case's data (R15): the class of the error, "" for none, and the
    incident's number, 0 for none. A failure without an incident is tried again, or goes its way in the flow."""

    error: str = ""
    incident: int = 0


class Serving:
    """Does the jobs of one store. workers: the registered worker functions."""

    def __init__(self, runner: Runner, workers: Mapping[str, Registered], vault: Vault, clock: Clock) -> None:
        self.jobs = Jobs(runner)
        self._workers = workers
        self._vault = vault
        self._clock = clock
        self._reading = runner.database.connect()
        self._read_lock = threading.Lock()

    def begin(self, job: Leased) -> Try:
        """A try whose time begins now."""
        return Try(job, time.monotonic() + job.timeout)

    def serve(self, trying: Try) -> Outcome:
        """Calls the worker function and reports at the moment at which it comes back. Raises StoreError."""
        job = trying.job
        try:
            result = self.call(job, trying)
        except Exception as error:
            if trying.given_up and not isinstance(error, BusinessError):
                log.info("job %s (%s), try %d: %r", job.key, job.function, job.attempt, error)
                return Outcome(_name(error))  # that it failed has been said
            return self.failed(job, error, self._clock.now())
        note(job, self.jobs.succeed(job, result, self._clock.now()))
        return Outcome()

    def call(self, leased: Leased, trying: Try | None = None) -> Any:
        """The worker function's result, in state form. Raises what it raises."""
        registered = self._workers.get(leased.function)
        if registered is None:
            raise LookupError(f"no worker function {leased.function} is registered here")
        return registered.serve(self._job(leased, trying))

    def failed(self, leased: Leased, error: Exception, at: datetime) -> Outcome:
        """Reports an error that the worker function has raised. Raises StoreError."""
        if isinstance(error, BusinessError):
            answer = self.jobs.fail(leased, _bounded(error.text), at, error.code)
        else:
            log.info("job %s (%s), try %d: %r", leased.key, leased.function, leased.attempt, error)
            answer = self.jobs.fail(leased, _bounded(f"{_name(error)}: {error}"), at)
        note(leased, answer)
        return Outcome(_name(error), _incident(answer))

    def give_up(self, trying: Try, why: str) -> Outcome:
        """Reports a try as failed whose worker function has not come back. Raises StoreError."""
        trying.given_up = True
        log.warning("job %s (%s): %s", trying.job.key, trying.job.function, why)
        answer = self.jobs.fail(trying.job, why, self._clock.now())
        note(trying.job, answer)
        return Outcome("TimeoutError", _incident(answer))

    def close(self) -> None:
        self._reading.close()

    def _job(self, leased: Leased, trying: Try | None) -> Job:
        sealer = self._sealer(leased.case) if any(map(is_sealed, leased.args.values())) else None
        args = {name: _opened(sealer, name, value) for name, value in leased.args.items()}

        def more_time(seconds: int) -> bool:
            ours = self.jobs.extend(leased, self._clock.now(), seconds)
            if trying is not None and ours:
                trying.until = time.monotonic() + seconds
            return ours

        return Job(leased.case, leased.number, leased.step, args, leased.key, leased.attempt, more_time)

    def _sealer(self, case: str) -> CaseSealer:
        with self._read_lock:
            (key,) = self._reading.one(KEY, (case,))
        return self._vault.cipher(case, key).sealer


def note(leased: Leased, answer: Answer | None) -> None:
    """Says it where a result was not taken."""
    if isinstance(answer, Failed):
        log.error("the result of job %s was not taken (%s)", leased.key, answer.code)


def late(job: Leased) -> str:
    """What is said of a try that has outlasted its time."""
    return f"no result within {job.timeout} s"


def _incident(answer: Answer | None) -> int:
    events = answer.events if isinstance(answer, Accepted) else ()
    return next((event.incident for event in events if isinstance(event, IncidentRaised)), 0)


def _opened(sealer: CaseSealer | None, name: str, value: Any) -> Any:
    """An argument as the worker function gets it: a secret travels sealed in the row (R13)."""
    return sealer.open(f"args.{name}", value) if sealer is not None and is_sealed(value) else value


def _bounded(text: str) -> str:
    return text if len(text) <= MOST_ERROR else text[:MOST_ERROR] + " …"


def _name(error: Exception) -> str:
    return type(error).__name__
