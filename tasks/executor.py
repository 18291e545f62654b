"""The local executor: serves jobs with worker functions, in threads of this process.

Theory of operation. One thread looks for jobs that are due, leases as many as it has room for and gives each a
thread of its own; a thread that ends wakes it. A worker function that outlasts its time is reported as failed,
but keeps its place until it returns. When the process dies, its leases lapse and others take the jobs over. How a
single job is done stands in `tasks/serving.py`.

`drain` does the same in the calling thread, job after job, at a moment that is given: under a virtual clock
nothing waits, and what failed comes due at its next try.
"""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime

from engine.runtime.clock import Clock, new_id
from engine.runtime.errors import StoreError
from engine.runtime.jobs import Leased
from engine.runtime.runner import Runner
from engine.runtime.vault import Vault
from tasks.registry import Registered
from tasks.serving import Serving, Try, late, note

log = logging.getLogger(__name__)

AFTER_TROUBLE = 5.0
"""Seconds without looking for jobs after the database has failed."""


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
        self._serving = Serving(runner, workers, vault, clock)
        self._jobs = self._serving.jobs
        self._clock = clock
        self._threads = threads
        self._poll = poll
        self._name = name or f"local-{new_id(clock.now())}"
        self._running: dict[tuple[str, int, int], Try] = {}
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
                    done.append((job, self._serving.call(job)))
                except Exception as error:
                    self._serving.failed(job, error, now)
            for (job, _), answer in zip(done, self._jobs.succeed_all(done, now), strict=True):
                note(job, answer)
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
        self._serving.close()

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
        trying = self._serving.begin(job)
        with self._lock:
            self._running[job.case, job.id, job.attempt] = trying
        threading.Thread(target=self._work, args=(trying,), name=f"job {job.function}", daemon=True).start()

    def _work(self, trying: Try) -> None:
        job = trying.job
        try:
            self._serving.serve(trying)
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
            overdue = [one for one in self._running.values() if not one.given_up and one.until < now]
        for one in overdue:
            self._serving.give_up(one, late(one.job))
