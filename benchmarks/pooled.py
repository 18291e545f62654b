"""Service work on a pool of a real Prefect server: the jobs of reference cases, by one worker with four threads.

All jobs of a round come due at one moment, at which the worker waits for them; the time runs until the last result
is in its case.
"""

import asyncio
import os
import statistics
import threading
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.installation import Installation
from benchmarks.rounds import Figures, seconds
from engine.runtime.clock import SystemClock
from engine.runtime.handing import Handing
from tasks.serving import Serving
from tools.prefect_server import running

JOBS = "SELECT count(*) FROM jobs"
SETTINGS = {"PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false"}
"""The server keeps no feed of events: on SQLite its long writes hold up all else for seconds (docs/prefect.md)."""
PATIENCE = 600.0
"""Seconds for the jobs of a round."""


class HeldClock(SystemClock):
    """An hour slow until it is set right: to whom it tells the time, nothing is due."""

    def __init__(self) -> None:
        self.slow = True

    def now(self) -> datetime:
        return super().now() - timedelta(hours=self.slow)


def pooled(folder: Path, jobs: int, rounds: int) -> tuple[float, Figures]:
    """The median of jobs a second, and what each round reached; one to warm up comes first."""
    with running(folder, more=SETTINGS) as server:
        os.environ.update(server.environment)  # before Prefect is imported
        from tasks.prefect_flows.batch import Site
        from tasks.prefect_flows.pool import TICK, deploy
        from tasks.prefect_flows.serving import Settings, Working

        installation, clock, rates = Installation(folder / "installation"), HeldClock(), []
        app = installation.caseway
        asyncio.run(deploy("bench", {}))
        serving = Serving(app.runner, app.registry.workers, app.vault, app.clock)
        site = Site(serving, Handing(app.runner), clock, {TICK: app.sweep})
        working = Working(site, Settings("bench"), app.refresh, print)
        working.start()
        for turn in range(rounds + 1):
            count, clock.slow = jobs if turn else max(10, jobs // 10), True
            for _ in range(count):
                installation.case()
            clock.slow = False
            rates.append(count / seconds(lambda: _done(installation)))
        working.stop()
        serving.close()
        installation.close()
    return statistics.median(rates[1:]), {"jobs": rates[1:]}


def _done(installation: Installation) -> None:
    """Waits until no job is left."""
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if not installation.caseway.connection.one(JOBS)[0]:
            return
        tick.wait(0.01)
    raise AssertionError(f"jobs are not done after {PATIENCE:g} s")
