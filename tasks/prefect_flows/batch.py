"""A flow run's work: a task for each job of its batch."""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import httpx
from prefect import State, Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Failed

from engine.runtime.clock import Clock
from engine.runtime.errors import StoreError
from engine.runtime.handing import HELD, Handed, Handing, JobId
from tasks.serving import Outcome, Serving, Try, late

log = logging.getLogger(__name__)

LOOK = 2.0
"""Seconds between two looks whether the flow run is to be cancelled."""
KEEP = HELD.total_seconds() / 3
LEAVING = 10.0
"""Seconds for which a worker that is stopped waits for jobs that have begun."""
QUIET: dict[str, Any] = {"retries": 0, "persist_result": False, "log_prints": False}
"""Prefect tries nothing again, and keeps nothing of what functions return or print."""


HERE = f"{socket.gethostname()}:{os.getpid()}"
"""This process, as Prefect's page and the list of jobs show it."""


@dataclass(slots=True)
class Site:
    """The open installation, as flows see it. duties: what is done besides jobs, by the name of its flow. threads: how
    many jobs at once, of all flow runs of this process; a worker function that outlasts its time keeps its place until
    it returns."""

    serving: Serving
    handing: Handing
    clock: Clock
    duties: Mapping[str, Callable[[], object]]
    threads: int = 4
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the worker is stopped: nothing more is begun."""
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.threads)


def label(job: Handed) -> str:
    """What Prefect's page calls a job: process, step, number of the case."""
    return f"{job.process} · {job.step} · {job.number or job.case}"


def written_id(job: Handed) -> str:
    """A job in the parameters of a flow run, `case/number`: text, for Prefect goes through lists again and again."""
    return f"{job.case}/{job.id}"


def read_id(text: str) -> JobId:
    case, _, id = text.partition("/")
    return case, int(id)


def batch_of(holder: str) -> str:
    """The batch from which a job was, by who has it: a batch, or who has begun it."""
    return holder.partition(" ")[0]


def kind(job: Handed) -> tuple[str, str]:
    return job.process, job.function


def tags(jobs: Iterable[Handed]) -> list[str]:
    return sorted({tag for job in jobs for tag in (f"process:{job.process}", f"function:{job.function}")})


class Batch:
    """The jobs of one flow run. ids: those that were handed out under the batch's name."""

    def __init__(self, site: Site, name: str, ids: Sequence[JobId]) -> None:
        self._site = site
        self._name = name
        self._ids = list(ids)
        self._worker = f"{name} {HERE}"
        self._ends = asyncio.Event()  # nothing more is to begin
        self._cancelled = False
        self._done = self._failed = 0

    async def run(self) -> State[Any]:
        """Does the jobs that the batch still has; the state in which the flow run ends. Raises StoreError."""
        jobs = await asyncio.to_thread(self._site.handing.waiting, self._name, self._ids)
        watching = [asyncio.create_task(watch) for watch in (self._look(), self._keep(), self._leave())]
        try:
            await self._all(jobs)
        finally:
            for watch in watching:
                watch.cancel()
            back = await asyncio.to_thread(self._site.handing.hand_back, self._name, self._ids, self._site.clock.now())
        said = f"{self._done} done, {self._failed} failed, {back} given back, of {len(self._ids)}"
        return Cancelled(message=said) if self._cancelled else Completed(message=said)

    async def _all(self, jobs: list[Handed]) -> None:
        """Until each job has been done or, once nothing more is to begin, those have that were under way."""
        lanes = [lane for _, group in groupby(sorted(jobs, key=kind), kind) for lane in self._lanes(list(group))]
        over = asyncio.create_task(_over(lanes))
        ends = asyncio.create_task(self._ends.wait())
        await asyncio.wait([over, ends], return_when=asyncio.FIRST_COMPLETED)
        ends.cancel()
        await asyncio.wait([over], timeout=LEAVING)
        for lane in lanes:
            lane.cancel()  # what waits for Prefect, or for a function that does not come back
        await over

    def _lanes(self, jobs: list[Handed]) -> list[asyncio.Task[None]]:
        """The jobs of one function, some side by side: those that a limit of Prefect's lets wait hold up no others."""
        made = Task(
            self._serve, name=jobs[0].function, tags=tags(jobs), task_run_name="{label}", cache_policy=NO_CACHE, **QUIET
        )
        queue = iter(jobs)
        return [asyncio.create_task(self._lane(queue, made)) for _ in range(min(self._site.threads, len(jobs)))]

    async def _lane(self, queue: Iterator[Handed], made: Task[..., Any]) -> None:
        for job in queue:
            if self._ends.is_set():
                return
            await made(label=label(job), case=job.case, id=job.id, return_state=True)

    # --- one job ----------------------------------------------------------------------------------------

    async def _serve(self, label: str, case: str, id: int) -> State[Any]:
        """The task: does the job in a thread of its own, and says how it went."""
        if not await self._place():
            return Cancelled(message="given back")
        loop, begun = asyncio.get_running_loop(), list[Try]()
        done: asyncio.Future[Outcome | Exception | None] = loop.create_future()

        def came_back(result: Outcome | Exception | None) -> None:
            self._site.places.release()
            if not done.done():
                done.set_result(result)

        def work() -> None:
            result = self._try((case, id), begun)
            with suppress(RuntimeError):  # the loop is closed: the worker has not waited for this function
                loop.call_soon_threadsafe(came_back, result)

        threading.Thread(target=work, name=f"job {label}", daemon=True).start()
        while not done.done():
            if begun and (self._cancelled or begun[0].until <= time.monotonic()):
                return await self._give_up(begun[0])
            await asyncio.wait([done], timeout=min(1.0, begun[0].until - time.monotonic()) if begun else 0.05)
        return self._state(done.result())

    async def _place(self) -> bool:
        """Waits for a place among the threads; False if nothing more is to begin."""
        waits = [asyncio.create_task(self._site.places.acquire()), asyncio.create_task(self._ends.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        waits[1].cancel()
        if not self._ends.is_set():
            return True
        if not waits[0].cancel():
            self._site.places.release()
        return False

    def _try(self, id: JobId, begun: list[Try]) -> Outcome | Exception | None:
        """In the job's thread: how it went; None if it is no longer the batch's."""
        try:
            job = self._site.handing.take_up(self._name, id, self._worker, self._site.clock.now())
            if job is None:
                return None
            begun.append(self._site.serving.begin(job))
            return self._site.serving.serve(begun[0])
        except Exception as error:
            log.error("job %s/%d could not be done, it will be tried again: %s", *id, error)
            return error

    async def _give_up(self, trying: Try) -> State[Any]:
        why = "cancelled on Prefect's page" if self._cancelled else late(trying.job)
        try:
            outcome = await asyncio.to_thread(self._site.serving.give_up, trying, why)
        except StoreError as error:
            return self._state(error)
        self._failed += 1
        return (Cancelled if self._cancelled else _timed_out)(message=_said(why, outcome.incident))

    def _state(self, result: Outcome | Exception | None) -> State[Any]:
        if result is None:
            return Completed(name="Skipped", message="no longer this batch's")
        outcome = result if isinstance(result, Outcome) else Outcome(type(result).__name__)
        if not outcome.error:
            self._done += 1
            return Completed()
        self._failed += 1
        return Failed(message=_said(outcome.error, outcome.incident))

    # --- meanwhile --------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Holds what waits for its turn."""
        while True:
            await asyncio.sleep(KEEP)
            try:
                await asyncio.to_thread(self._site.handing.keep, self._name, self._ids, self._site.clock.now())
            except StoreError as error:
                log.error("the jobs of batch %s could not be kept: %s", self._name, error)

    async def _look(self) -> None:
        """Ends it when the flow run is cancelled."""
        context = FlowRunContext.get()
        if context is None or context.flow_run is None:
            return
        while not self._cancelled:
            await asyncio.sleep(LOOK)
            try:
                found = context.client.read_flow_run(context.flow_run.id)
                state = (found if isinstance(found, FlowRun) else await found).state
            except ObjectNotFound:  # it was deleted there
                self._cancelled = True
            except httpx.HTTPError as error:
                log.info("whether a flow run is cancelled cannot be seen: %s", error)
            else:
                self._cancelled = state is not None and (state.is_cancelling() or state.is_cancelled())
        self._ends.set()

    async def _leave(self) -> None:
        await self._site.leaving.wait()
        self._ends.set()


async def _over(lanes: list[asyncio.Task[None]]) -> None:
    for fault in await asyncio.gather(*lanes, return_exceptions=True):
        if isinstance(fault, Exception):
            log.error("a job's task ended with %r", fault)


def _timed_out(message: str) -> State[Any]:
    return Failed(name="TimedOut", message=message)


def _said(what: str, incident: int) -> str:
    return what + (f", incident {incident}" if incident else "")
