"""`prefect`: service work, the tick, reports and retention on a work pool of Prefect's: many machines share them."""

import os
import threading
from typing import Annotated, Any

import typer

from console.options import HERE, DatabaseOption, HomeOption, opened
from console.output import known, say, stop, warn
from console.serve import LevelOption, LogOption, MetricsOption, NetworkOption

prefect_commands = typer.Typer(
    help="Service work, the tick, reports and retention on a work pool of Prefect's: deploy them, work on them.",
    no_args_is_help=True,
)
PoolOption = Annotated[
    str, typer.Option("--pool", envvar="CASEWAY_POOL", help="The work pool: one for each installation.")
]
ApiOption = Annotated[
    str, typer.Option("--api", envvar="PREFECT_API_URL", help="Prefect's server: http://HOST:4200/api.")
]
STARTED = "Does it run? Start one: prefect server start"
UNSAID = {
    "PREFECT_LOGGING_LEVEL": "WARNING",  # a line for each job would be sent to Prefect's server, too
    "DO_NOT_TRACK": "1",  # Prefect's makers are told nothing of an insurer's work
}
"""Prefect's settings, where its environment does not set them."""


@prefect_commands.command()
def deploy(
    limit: Annotated[
        list[str],
        typer.Option(help="FUNCTION=N: so many jobs of a function at once, over all machines. May be repeated."),
    ] = [],  # noqa: B006  (Typer's own way)
    pool: PoolOption = "caseway",
    api: ApiOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Makes the work pool, its deployments and limits at Prefect's server, or brings them up to date."""
    import asyncio

    with opened(home, database) as caseway:
        limits = dict(_limit(caseway, text) for text in limit)
    _reach(api)
    from tasks.prefect_flows import pool as prefects

    try:
        asyncio.run(prefects.deploy(pool, limits))
    except prefects.TROUBLE as error:
        stop(f"Prefect's server at {api}: {type(error).__name__} {error}", STARTED)
    say(f"work pool {pool}: {', '.join((prefects.JOBS, *prefects.DUTIES))}")
    for function, most in limits.items():
        say(f"{function}: {most} at once")


@prefect_commands.command()
def serve(
    threads: Annotated[int, typer.Option(min=1, max=256, help="Jobs at once in this process.")] = 4,
    runs: Annotated[int, typer.Option(min=1, max=32, help="Flow runs with jobs at once.")] = 3,
    every: Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two ticks of the pool.")] = 10.0,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Jobs of one flow run, at most.")] = 100,
    name: Annotated[str, typer.Option(help="The worker's name on Prefect's page.")] = "",
    metrics: MetricsOption = "",
    log: LogOption = "text",
    log_level: LevelOption = "warning",
    network: NetworkOption = [],  # noqa: B006  (Typer's own way)
    pool: PoolOption = "caseway",
    api: ApiOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Works on the pool: hands out jobs, does them, ticks, counts for reports, calls webhooks, delivers notices, until
    stopped (Ctrl-C finishes what is under way). One on each machine; `caseway worker` is then not needed."""
    import signal

    from console import logs
    from console.attend import delivery_of
    from console.serve import observed, reach_of

    reach = reach_of(network)
    _reach(api)
    with opened(home, database) as caseway:
        from tasks.prefect_flows.serving import Settings

        logs.begin(log, log_level)
        observed(caseway, metrics)
        delivery_of(caseway)
        stopping = threading.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda *_: stopping.set())
        warn(f"working on the pool {pool}; stop with Ctrl-C")
        fault = work(caseway, Settings(pool, runs, batch, threads, every, name), reach, stopping)
    if fault is not None:
        stop(f"The pool {pool}: {fault}", "Is it there? Make it: caseway prefect deploy")
    warn("stopped")


def work(caseway: Any, settings: Any, reach: Any, stopping: threading.Event) -> BaseException | None:
    """Works on a pool until it is told to stop; what it ended with, if it was not."""
    from console.attend import courier_of
    from engine.runtime.handing import Handing
    from tasks.prefect_flows.batch import Site
    from tasks.prefect_flows.pool import ANCHOR, FORECAST, REPORTS, RETENTION, TICK
    from tasks.prefect_flows.serving import Working
    from tasks.serving import Serving

    serving = Serving(caseway.runner, caseway.registry.workers, caseway.vault, caseway.clock)
    duties = {
        TICK: caseway.sweep,
        REPORTS: lambda: caseway.collector.run(caseway.clock.now()),
        FORECAST: lambda: caseway.forecaster.run(caseway.clock.now()),
        RETENTION: caseway.retain,
        ANCHOR: caseway.anchor,
    }
    site = Site(serving, Handing(caseway.runner), caseway.clock, duties, settings.threads)
    working, courier = Working(site, settings, caseway.refresh, warn), courier_of(caseway, reach)
    caseway.bell.hear(working.wake)
    caseway.bell.connect(caseway.database)
    if caseway.delivery is not None:
        caseway.delivery.start()
    working.start()
    while working.is_alive() and not stopping.wait(1.0):
        pass
    working.stop()
    courier.close()
    serving.close()
    return working.fault


def _limit(caseway: Any, text: str) -> tuple[str, int]:
    function, _, most = text.partition("=")
    known(function, caseway.registry.workers, "worker function")
    if not function or not most.isdecimal() or int(most) < 1:
        stop(f"--limit {text}: expected FUNCTION=N, as pay_claim=2.", code=2)
    return function, int(most)


def _reach(api: str) -> None:
    """Prefect reads its settings from the environment, when it is imported."""
    if not api:
        stop("Where is Prefect's server? Give --api URL (or set PREFECT_API_URL).", STARTED, 2)
    os.environ["PREFECT_API_URL"] = api
    for name, value in UNSAID.items():
        os.environ.setdefault(name, value)
