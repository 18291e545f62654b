"""A process at work on a pool, until it is stopped: it hands out jobs, takes flow runs and runs them."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import httpx
from prefect.client.orchestration import PrefectClient

from tasks.prefect_flows.batch import HERE, Site
from tasks.prefect_flows.pool import (
    ANCHOR,
    FORECAST,
    JOBS,
    REPORTS,
    RETENTION,
    TICK,
    TROUBLE,
    Feeder,
    PoolWorker,
    Ticker,
    deployment,
)

log = logging.getLogger(__name__)

BEAT = 30.0
"""Seconds between two signs of life of a worker."""
POLL, SOONEST = 1.0, 0.5
"""Seconds between two looks for jobs and for flow runs, at most and at least."""
DAY = 86_400.0
SLOW: Mapping[str, float] = {REPORTS: 60.0, FORECAST: 600.0, RETENTION: DAY, ANCHOR: DAY}
"""Seconds between two times of what may take longer: one worker does them, after each other."""


@dataclass(frozen=True, slots=True)
class Settings:
    """pool, name: of the work pool, and of the worker on Prefect's page. runs: flow runs with jobs at once; size: jobs
    of each, at most; threads: jobs at once in this process; every: seconds between two ticks of the pool."""

    pool: str
    runs: int = 3
    size: int = 100
    threads: int = 4
    every: float = 10.0
    name: str = ""


class Working(threading.Thread):
    """Works on a pool in a thread of its own: Prefect takes over the signals of the main thread.

    refresh: takes in what other programs have changed. told: hears what goes wrong and may be over the next time.
    fault: what it ended with, if it was not stopped.
    """

    def __init__(
        self, site: Site, settings: Settings, refresh: Callable[[], None], told: Callable[[str], None]
    ) -> None:
        super().__init__(name="prefect", daemon=True)
        self.fault: BaseException | None = None
        self._site = site
        self._settings = settings
        self._refresh = refresh
        self._told = told
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()

    def run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._work())
        except BaseException as error:
            self.fault = error

    def wake(self) -> None:
        """There may be jobs: look now."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Begins nothing more, and waits a while for jobs that have begun; what has not begun is given back."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._site.leaving.set)
        self.wake()
        self.join()

    async def _work(self) -> None:
        settings, said, beat = self._settings, "", time.monotonic()
        name = settings.name or HERE.replace(":", "-")
        every = {TICK: settings.every, **SLOW}
        tickers = [Ticker(self._site, settings.pool, duty, seconds) for duty, seconds in every.items()]
        feeder = Feeder(self._site, settings.pool, settings.runs, settings.size)
        async with AsyncExitStack() as stack:
            workers = [
                await stack.enter_async_context(self._worker(f"{name}-{queues[0]}", queues, limit))
                for queues, limit in (([JOBS], settings.runs), ([TICK], 1), (list(SLOW), 1))
            ]
            with suppress(httpx.HTTPError):  # a server that is away may come back; a pool that is not there does not
                await deployment(workers[0].client, JOBS, settings.pool)
            asking = asyncio.create_task(self._ask(tickers, workers[0].client))
            stack.callback(asking.cancel)
            while not self._site.leaving.is_set():
                self._wake.clear()
                try:
                    await asyncio.to_thread(self._refresh)
                    if time.monotonic() - beat >= BEAT:
                        for worker in workers:
                            await worker.sync_with_backend()
                        beat = time.monotonic()
                    await feeder.feed(workers[0].client)
                    for worker in workers:
                        await worker.get_and_submit_flow_runs()
                    said = ""
                except TROUBLE as error:
                    if str(error) != said:
                        said = str(error)
                        self._told(said or type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL - SOONEST)
                await asyncio.sleep(SOONEST)  # what comes close together is done together

    async def _ask(self, tickers: list[Ticker], client: PrefectClient) -> None:
        """Apart from the jobs: a server under load may take seconds for it."""
        while True:
            for ticker in tickers:
                try:
                    await ticker.ask(client)
                except TROUBLE as error:
                    log.info("nothing could be asked for: %s", error)
            await asyncio.sleep(POLL)

    def _worker(self, name: str, queues: list[str], limit: int) -> PoolWorker:
        worker = PoolWorker(
            self._settings.pool, queues, name, prefetch_seconds=0, create_pool_if_not_found=False, limit=limit
        )
        worker.at_work(self._site, self._wake.set)
        return worker
