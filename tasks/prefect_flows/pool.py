"""The pool: its deployments, the worker that takes flow runs from it, and the feeder that fills it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect import Flow, State, get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterIdempotencyKey
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, ObjectAlreadyExists, ObjectNotFound
from prefect.flow_engine import run_flow_async
from prefect.states import Completed, Crashed, Failed
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from engine.runtime.clock import new_id
from engine.runtime.errors import StoreError
from engine.runtime.handing import Handed, JobId
from tasks.prefect_flows.batch import HERE, KEEP, QUIET, Batch, Site, batch_of, label, read_id, tags, written_id

log = logging.getLogger(__name__)

TYPE = "caseway"
JOBS, TICK = "caseway-jobs", "caseway-tick"
REPORTS, FORECAST, RETENTION, ANCHOR = "caseway-reports", "caseway-forecast", "caseway-retention", "caseway-anchor"
"""The flows. Each has a queue of its own in the pool, so that long jobs keep no tick waiting."""
DUTIES: Mapping[str, str] = {
    TICK: "Does what is due: timers, messages, commands between cases, starts by the calendar, work to be given out.",
    REPORTS: "Counts for reports what has come since.",
    FORECAST: "Learns how clocks came to be late, and tells the chance of those that are open.",
    RETENTION: "Destroys again what a backup has brought back of what was destroyed.",
    ANCHOR: "Notes the heads of all cases outside the database.",
}
"""What is done besides jobs, from time to time: each is a flow."""
TROUBLE = (httpx.HTTPError, ObjectNotFound, StoreError, OSError)
"""What may be over the next time."""


def flows(site: Site | None = None) -> dict[str, Flow[..., Any]]:
    """The flows by their names, at work on an installation; without one they can only be deployed."""

    async def jobs(batch: str, jobs: list[str]) -> State[Any]:
        """Service work: a task for each job of the batch."""
        assert site is not None
        try:
            return await Batch(site, batch, [read_id(text) for text in jobs]).run()
        except Exception as error:
            return _failed(error)

    def duty(name: str) -> Flow[..., Any]:
        async def do() -> State[Any]:
            assert site is not None
            try:
                await asyncio.to_thread(site.duties[name])
            except Exception as error:
                return _failed(error)
            return Completed()

        return Flow(do, name=name, description=DUTIES[name], validate_parameters=False, **QUIET)

    return {JOBS: Flow(jobs, name=JOBS, validate_parameters=False, **QUIET), **{name: duty(name) for name in DUTIES}}


def _failed(error: Exception) -> State[Any]:
    """Prefect would show an error's words, and those may hold data."""
    log.error("a flow run failed: %s", error, exc_info=not isinstance(error, (StoreError, OSError)))
    return Failed(message=type(error).__name__)


async def deploy(pool: str, limits: Mapping[str, int]) -> None:
    """Makes the pool and its deployments at Prefect's server, or brings them up to date.

    limits: how many jobs of a function run at once, over all machines; what is not named stays as it is. Raises
    httpx.HTTPError.
    """
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):
            template = PoolWorker.get_default_base_job_template()
            await client.create_work_pool(WorkPoolCreate(name=pool, type=TYPE, base_job_template=template))
        for name, flow in flows().items():
            await client.create_deployment(
                await client.create_flow(flow), pool, work_pool_name=pool, work_queue_name=name,
                description=flow.description, tags=["caseway"], enforce_parameter_schema=False,
            )  # fmt: skip
        for function, most in limits.items():
            await client.create_concurrency_limit(tag=f"function:{function}", concurrency_limit=most)


async def deployment(client: PrefectClient, flow: str, pool: str) -> UUID:
    """Raises httpx.HTTPError; ObjectNotFound if it is not there."""
    return (await client.read_deployment_by_name(f"{flow}/{pool}")).id


class PoolWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Runs the flow runs of a queue in this process. site, flows: set before it is entered."""

    type = TYPE
    _description = "Runs service work and ticks in the process that has the installation open."

    def at_work(self, site: Site, ended: Callable[[], None]) -> "PoolWorker":
        """ended: called whenever a flow run has ended."""
        self._site = site
        self._flows = flows(site)
        self._by_id: dict[UUID, Flow[..., Any]] = {}
        self._ended = ended
        self._did: dict[str, datetime] = {}
        return self

    async def run(
        self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: Any = None
    ) -> BaseWorkerResult:
        """One flow run, until it has ended. What goes wrong in it is said; the worker goes on."""
        if task_status is not None:
            task_status.started(HERE)
        try:
            flow = await self._flow(flow_run.flow_id)
            due, did = flow_run.expected_start_time, self._did.get(flow.name)
            if flow.name in DUTIES and did is not None and due is not None and did > due:
                skipped: State[Any] = Completed(name="Skipped", message="a later one has done it")
                await self.client.set_flow_run_state(flow_run.id, skipped, force=True)
            else:
                at = self._site.clock.now()
                await run_flow_async(flow, flow_run=flow_run, parameters=flow_run.parameters, return_type="state")
                self._did[flow.name] = at
        except Abort as error:
            log.info("flow run %s: %s", flow_run.id, error)
        except TROUBLE as error:
            log.error("flow run %s: %r", flow_run.id, error)
        finally:
            self._ended()
        return BaseWorkerResult(status_code=0, identifier=HERE)

    async def _flow(self, id: UUID) -> Flow[..., Any]:
        if not self._by_id:
            self._by_id = {await self.client.create_flow(flow): flow for flow in self._flows.values()}
        return self._by_id[id]


@dataclass(slots=True)
class _Out:
    """A batch that is out."""

    batch: str
    ids: list[JobId]
    kept: float  # on the machine's steady clock


class Feeder:
    """Hands due jobs to the pool, a batch for each flow run. runs: so many are out at once; size: jobs of each."""

    def __init__(self, site: Site, pool: str, runs: int, size: int) -> None:
        self._site = site
        self._pool = pool
        self._runs = runs
        self._size = size
        self._out: dict[UUID, _Out] = {}
        self._deployment: UUID | None = None

    async def feed(self, client: PrefectClient) -> int:
        """Looks after what is out, and hands out what is due; how many flow runs it made.

        Raises StoreError, httpx.HTTPError, ObjectNotFound.
        """
        if self._out:
            await self._look_after(client)
        made = 0
        while len(self._out) < self._runs:
            batch = f"prefect-{new_id(self._site.clock.now())}"
            out = await asyncio.to_thread(self._site.handing.hand_out, batch, self._site.clock.now(), self._size)
            if not out.jobs:
                break
            ids = [(job.case, job.id) for job in out.jobs]
            try:
                run = await self._flow_run(client, batch, out.jobs)
            except BaseException:
                self._deployment = None  # it may have been made anew
                await asyncio.to_thread(self._site.handing.hand_back, batch, ids, self._site.clock.now())
                raise
            self._out[run.id] = _Out(batch, ids, time.monotonic())
            await _lost(client, out.lapsed)
            made += 1
        return made

    async def _flow_run(self, client: PrefectClient, batch: str, jobs: list[Handed]) -> FlowRun:
        if self._deployment is None:
            self._deployment = await deployment(client, JOBS, self._pool)
        name = label(jobs[0]) + (f" + {len(jobs) - 1}" if len(jobs) > 1 else "")
        parameters = {"batch": batch, "jobs": [written_id(job) for job in jobs]}
        return await client.create_flow_run_from_deployment(
            self._deployment, parameters=parameters, name=name, tags=tags(jobs), idempotency_key=batch
        )

    async def _look_after(self, client: PrefectClient) -> None:
        """Keeps the jobs of flow runs that wait for a worker, and takes back those of runs that have ended or gone."""
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=list(self._out)))
        found = {run.id: run for run in await client.read_flow_runs(flow_run_filter=wanted)}
        handing, now = self._site.handing, self._site.clock.now()
        for id, out in list(self._out.items()):
            state = found[id].state if id in found else None
            if state is None or state.is_final():
                await asyncio.to_thread(handing.hand_back, out.batch, out.ids, now)
                del self._out[id]
            elif time.monotonic() - out.kept >= KEEP:
                await asyncio.to_thread(handing.keep, out.batch, out.ids, now)
                out.kept = time.monotonic()


async def _lost(client: PrefectClient, lapsed: Iterable[str]) -> None:
    """Says of flow runs whose leases have lapsed that they crashed: nobody else would."""
    batches = sorted({batch_of(holder) for holder in lapsed})
    if batches:
        wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=batches))
        for run in await client.read_flow_runs(flow_run_filter=wanted):
            if run.state is not None and not run.state.is_final():
                crashed: State[Any] = Crashed(message="its leases have lapsed")
                await client.set_flow_run_state(run.id, crashed, force=True)


class Ticker:
    """Asks for a duty from time to time: once for all workers of the pool, whoever asks first. every: seconds."""

    def __init__(self, site: Site, pool: str, duty: str, every: float) -> None:
        self._site = site
        self._pool = pool
        self._duty = duty
        self._every = every
        self._asked = 0

    async def ask(self, client: PrefectClient) -> None:
        """Makes a flow run for the present stretch of time, unless there is one. Raises as `Feeder.feed`."""
        stretch = int(self._site.clock.now().timestamp() // self._every)
        if stretch == self._asked:
            return
        await client.create_flow_run_from_deployment(
            await deployment(client, self._duty, self._pool),
            name=self._duty.removeprefix("caseway-"),
            idempotency_key=f"{self._pool} {self._duty} {self._every:g} {stretch}",
        )
        self._asked = stretch
