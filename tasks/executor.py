"""The local executor: serves jobs with worker functions, in threads of this process.

Theory of operation. One thread looks for jobs that are due, leases as many as it has room for and gives each a
thread of its own; a thread that ends wakes it. A worker function that outlasts its time is reported as failed,
so that it is tried again, but it cannot be stopped: it keeps its place until it returns, and should it succeed
after all, the first result counts. When the process dies, its leases lapse and others take the jobs over.

`drain` does the same in the calling thread, job after job, at a moment that is given: under a virtual clock
nothing waits, and what failed comes due at its next try.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.runtime.answers import Answer, Failed
from engine.runtime.cipher import CaseSealer, is_sealed
from engine.runtime.clock import Clock, new_id
from engine.runtime.errors import StoreError
from engine.runtime.jobs import Jobs, Leased
from engine.runtime.runner import Runner
from engine.runtime.vault import Vault
from tasks.registry import BusinessError, Job, Registered

log = logging.getLogger(__name__)

KEY = "SELECT key FROM cases WHERE id = ?"
MOST_ERROR = 1_000
"""Characters of an error that are kept."""
AFTER_TROUBLE = 5.0
"""Seconds without looking for jobs after the database has failed."""


@dataclass(slots=True)
class _Running:
    job: Leased
    until: float  # on the machine's steady clock
    given_up: bool = False


class Executor:
    """Serves the jobs of one store.

    workers: the registered worker functions. threads: how many jobs at once. poll: seconds between two looks
    for jobs when nothing else happens.
    """

    def __init__(
        self,
        runner: Runner,
        workers: Mapping[str, Registered],
        vault: Vault,
        clock: Clock,
        *,
        threads: int = 4,
        poll: float = 1.0,
        name: str = "",
    ) -> None:
        self._jobs = Jobs(runner)
        self._workers = workers
        self._vault = vault
        self._clock = clock
        self._threads = threads
        self._poll = poll
        self._name = name or f"local-{new_id(clock.now())}"
        self._reading = runner.database.connect()
        self._read_lock = threading.Lock()
        self._running: dict[tuple[str, int, int], _Running] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._loop: threading.Thread | None = None

    # --- in step ------------------------------------------------------------------------------------

    def drain(self, now: datetime) -> int:
        """Serves everything that is due at that moment, and what comes due by it; returns how many tries."""
        served = 0
        while leased := self._jobs.lease(now, self._name, limit=50):
            done = []
            for job in leased:
                try:
                    done.append((job, self._call(job)))
                except Exception as error:
                    self._failed(job, error, now)
            for (job, _), answer in zip(done, self._jobs.succeed_all(done, now), strict=True):
                _note(job, answer)
            served += len(leased)
        return served

    # --- in threads ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to look for jobs, in a thread of its own."""
        self._stopped = False
        self._loop = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._loop.start()

    def wake(self) -> None:
        """There may be jobs: look now."""
        self._wake.set()

    def stop(self, wait: float = 10.0) -> bool:
        """Takes no more jobs and waits so many seconds for those at work; whether all have come back."""
        self._stopped = True
        self._wake.set()
        if self._loop is not None:
            self._loop.join()
        end = time.monotonic() + wait
        while self._running and (left := end - time.monotonic()) > 0:
            self._wake.clear()
            if self._running:
                self._wake.wait(left)
        return not self._running

    def close(self) -> None:
        self.stop()
        self._reading.close()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()
            pause = self._poll
            try:
                self._give_up()
                room = self._threads - len(self._running)
                leased = self._jobs.lease(self._clock.now(), self._name, limit=room) if room > 0 else []
                for job in leased:
                    self._begin(job)
                if room > 0 and len(leased) == room:
                    continue
            except StoreError as error:
                log.error("jobs cannot be leased: %s", error)
                pause = AFTER_TROUBLE
            self._wake.wait(pause)

    def _begin(self, job: Leased) -> None:
        running = _Running(job, time.monotonic() + job.timeout)
        with self._lock:
            self._running[job.case, job.id, job.attempt] = running
        threading.Thread(target=self._work, args=(running,), name=f"job {job.function}", daemon=True).start()

    def _work(self, running: _Running) -> None:
        job = running.job
        try:
            self._serve(running)
        except StoreError as error:
            log.error("the result of job %s could not be stored, it will be tried again: %s", job.key, error)
        finally:
            with self._lock:
                del self._running[job.case, job.id, job.attempt]
            self._wake.set()

    def _give_up(self) -> None:
        """Reports those that have outlasted their time."""
        now = time.monotonic()
        with self._lock:
            late = [one for one in self._running.values() if not one.given_up and one.until < now]
        for one in late:
            one.given_up = True
            log.warning("job %s (%s) has not come back in %s s", one.job.key, one.job.function, one.job.timeout)
            self._jobs.fail(one.job, f"no result within {one.job.timeout} s", self._clock.now())

    # --- one job ------------------------------------------------------------------------------------

    def _serve(self, running: _Running) -> None:
        """Calls the worker function and reports at the moment at which it comes back."""
        job = running.job
        try:
            result = self._call(job, running)
        except Exception as error:
            if running.given_up and not isinstance(error, BusinessError):
                log.info("job %s (%s), try %d: %r", job.key, job.function, job.attempt, error)
                return  # that it failed has been said
            self._failed(job, error, self._clock.now())
        else:
            _note(job, self._jobs.succeed(job, result, self._clock.now()))

    def _call(self, leased: Leased, running: _Running | None = None) -> Any:
        """The worker function's result, in state form. Raises what it raises."""
        registered = self._workers.get(leased.function)
        if registered is None:
            raise LookupError(f"no worker function {leased.function} is registered here")
        return registered.serve(self._job(leased, running))

    def _failed(self, leased: Leased, error: Exception, at: datetime) -> None:
        if isinstance(error, BusinessError):
            answer = self._jobs.fail(leased, _bounded(error.text), at, error.code)
        else:
            log.info("job %s (%s), try %d: %r", leased.key, leased.function, leased.attempt, error)
            answer = self._jobs.fail(leased, _bounded(f"{type(error).__name__}: {error}"), at)
        _note(leased, answer)

    def _job(self, leased: Leased, running: _Running | None) -> Job:
        sealer = self._sealer(leased.case) if any(map(is_sealed, leased.args.values())) else None
        args = {name: _opened(sealer, name, value) for name, value in leased.args.items()}

        def more_time(seconds: int) -> bool:
            ours = self._jobs.extend(leased, self._clock.now(), seconds)
            if running is not None and ours:
                running.until = time.monotonic() + seconds
            return ours

        return Job(leased.case, leased.number, leased.step, args, leased.key, leased.attempt, more_time)

    def _sealer(self, case: str) -> CaseSealer:
        with self._read_lock:
            (key,) = self._reading.one(KEY, (case,))
        return self._vault.cipher(case, key).sealer


def _note(leased: Leased, answer: Answer | None) -> None:
    if isinstance(answer, Failed):
        log.error("the result of job %s was not taken: %s", leased.key, answer.text)


def _opened(sealer: CaseSealer | None, name: str, value: Any) -> Any:
    """An argument as the worker function gets it: a secret travels sealed in the row (R13)."""
    return sealer.open(f"args.{name}", value) if sealer is not None and is_sealed(value) else value


def _bounded(text: str) -> str:
    return text if len(text) <= MOST_ERROR else text[:MOST_ERROR] + " …"
