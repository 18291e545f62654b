"""`init`, `deploy`, `run`, `worker`, `verify`, `version`: what operators do."""

import threading
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Reason,
    arranging,
    opened,
    placed,
    tell_problems,
)
from console.output import Json, console, known, print_json, say, stop, warn
from console.quarter import CLAIMS, COMPLAINTS, DAYS, EACH, SEED, YEAR, work_quarter, work_year
from console.serve import LevelOption, LogOption, MetricsOption, NetworkOption


def init(
    folder: Annotated[Path, typer.Argument(help="Where the installation is to be.")] = HERE,
    database: DatabaseOption = "",
) -> None:
    """Makes an installation: key file, database, a copy of the shipped processes."""
    from bootstrap import Home, create
    from engine.runtime.cipher import VaultError
    from engine.runtime.errors import StoreError

    home = Home(folder, database)
    there = home.key.exists()
    try:
        create(home)
    except StoreError as error:
        stop(error.text, error.cure)
    except VaultError as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")
    if there:
        say(f"{folder}: was an installation already; what is there stays")
        return
    say(f"{folder}: ready. Keep a copy of {home.key} elsewhere: without it no case can be read.")
    say("Next:" if not database else "Next, with --database or CASEWAY_DATABASE:")
    for line in _NEXT if folder == HERE else (f"cd {folder}", *_NEXT):
        say(f"  {line}")


_NEXT = (
    "caseway deploy",
    "caseway user load processes/samples/organisation.yaml",
    "caseway start claims --as lu_yao --file claims.csv",
    "caseway worker",
)


def deploy(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with house.yaml and processes; the installation's own if left out.")
    ] = None,
    only: Annotated[list[str], typer.Option(help="Only this file. May be repeated.")] = [],  # noqa: B006  (Typer's own way)
    propose: Annotated[
        bool, typer.Option("--propose", help="Put it up for a second person: see `caseway proposal`.")
    ] = False,
    reason: Reason = "",
    start: Annotated[str, typer.Option("--from", help="When a proposal is to be in force: 2026-03-02T09:00.")] = "",
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Stores the house, its calendars and processes as versions in force; what has not changed stays. What the deep
    checks call an error keeps them from it, as what does not compile does; what they doubt is shown."""
    from console.proposals import put_up, takes_two
    from engine.language.problems import DefinitionError
    from workbench.linting import lint_folder
    from workbench.measured import around_of

    with opened(home, database) as caseway:
        source = folder or caseway.home.processes
        if not (source / "house.yaml").exists():
            stop(f"{source} has no house.yaml.", "A folder of processes holds house.yaml.", 2)
        for name in only:
            known(name, [file.name for file in source.glob("*.yaml")], f"file in {source} named")
        by = arranging(caseway, user)
        if not propose:
            takes_two(caseway)
        try:
            found = lint_folder(caseway.definitions.compiler, source, only, around_of(caseway)).refuse()
            tell_problems(placed(found.problems, source))
            if propose:
                put_up(caseway, source, only, by, reason, start, as_json)
                return
            outcome = caseway.deploy(source, by, only)
        except DefinitionError as error:
            tell_problems(placed(error.problems, source))
            warn("Nothing was deployed.")
            raise typer.Exit(1) from None
        rows = [
            {"kind": d.kind, "name": d.name, "version": d.version, "new": (d.kind, d.name, d.version) in outcome.new}
            for d in outcome.deployed
        ]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            say(f"{row['kind']} {row['name']} {str(row['version'])[:12]}" + (" (new)" if row["new"] else ""))
        if not outcome.written:
            say("all of it was in force already")


def run(
    folder: Annotated[Path, typer.Argument(help="Where the installation is, or is to be.")] = Path("build/house"),
    days: Annotated[int, typer.Option(min=2, max=366, help="Virtual days, ending today.")] = DAYS,
    seed: Annotated[int, typer.Option(help="The same seed gives the same quarter.")] = SEED,
    claims: Annotated[int, typer.Option(min=1, max=20_000, help="Reported claims in the file to take in.")] = CLAIMS,
    complaints: Annotated[int, typer.Option(min=1, max=20_000, help="Complaints in the file to take in.")] = COMPLAINTS,
) -> None:
    """The main job: takes in reported claims and complaints and works a quarter of them on a virtual clock.

    The folder of a former run is made anew; any other that is not empty is left alone.
    """
    work_quarter(folder, days=days, seed=seed, claims=claims, complaints=complaints)


def year(
    folder: Annotated[Path, typer.Argument(help="Where the installation is, or is to be.")] = Path("build/year"),
    of: Annotated[int, typer.Option("--of", min=2021, max=2100, help="Which year.")] = YEAR,
    seed: Annotated[int, typer.Option(help="The same seed begins the same cases.")] = SEED,
    each: Annotated[int, typer.Option(min=1, max=1000, help="Cases of each procedure that somebody begins.")] = EACH,
) -> None:
    """A year of the whole house on a virtual clock: every procedure begun, worked and answered as its scenarios show,
    with what starts by the calendar; at the end every case has ended, or it is said what it waits for.

    A run that was cut off is taken up where its database stands.
    """
    work_year(folder, year=of, seed=seed, each=each)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, say what was done, and stop.")] = False,
    every: Annotated[float, typer.Option(min=0.05, max=3600, help="Seconds between looks.")] = 1.0,
    metrics: MetricsOption = "",
    log: LogOption = "text",
    log_level: LevelOption = "warning",
    network: NetworkOption = [],  # noqa: B006  (Typer's own way)
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Fires timers, delivers messages and notices, does service work, calls webhooks, until stopped (Ctrl-C finishes
    what is under way)."""
    import signal

    from console import logs
    from console.attend import attend, delivery_of
    from console.serve import observed, reach_of

    logs.begin(log, log_level)
    reach = reach_of(network)
    with opened(home, database) as caseway:
        if once:
            _once(caseway, reach)
            return
        observed(caseway, metrics)
        delivery_of(caseway)
        stopping = threading.Event()

        def end(*_: object) -> None:
            stopping.set()
            caseway.bell.ring()

        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, end)
        warn("working; stop with Ctrl-C")
        attend(caseway, stopping, reach, every)
    warn("stopped")


def _once(caseway: Any, reach: Any) -> None:
    """Until nothing is due any more: what a job yields may make a timer due, and so on."""
    from console.attend import delivery_of
    from web.webhooks import Courier

    jobs, delivery = 0, delivery_of(caseway)
    while True:
        caseway.sweep()
        served = caseway.work()
        jobs += served
        if not served:
            break
    courier = Courier(caseway, reach)
    while courier.run_once():
        pass
    courier.close()
    while delivery is not None and delivery.run_once():
        pass
    say(f"swept; {jobs} jobs tried")


def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Decide every stored command again, too.")] = False,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Proves that history is whole and that state and rows follow from it."""
    from rich.progress import Progress

    err = console(stderr=True)
    with opened(home, database) as caseway:
        with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("cases", total=None)
            report = caseway.verify(deep, lambda done, total: bar.update(task, completed=done, total=total))
        if as_json:
            print_json(
                {
                    "clean": report.clean, "cases": report.cases, "whole": report.whole,
                    "destroyed": report.destroyed, "tampered": report.tampered,
                    "findings": [str(f) for f in report.findings],
                    "more": report.more, "problems": report.problems, "notes": report.notes,
                    "anchor": report.anchor and report.anchor.digest,
                }
            )  # fmt: skip
        else:
            for text in [*map(str, report.findings), *report.problems, *report.notes]:
                say(text)
            if report.more:
                say(f"and {report.more} findings more")
            if report.anchor is not None:
                say(f"newest anchor: {report.anchor.number}, {report.anchor.digest}")
            say(f"{report.cases} cases, {report.rows} rows: {report.whole} whole, {report.destroyed} destroyed, "
                f"{report.tampered} tampered")  # fmt: skip
        if not report.clean:
            raise typer.Exit(1)


def version(as_json: Json = False) -> None:
    """Prints the version."""
    found = program_version() or "(not installed)"
    print_json({"caseway": found}) if as_json else say(f"caseway {found}")


def program_version() -> str:
    """The program's version; "" where it runs without being installed."""
    try:
        return version_of("caseway")
    except PackageNotFoundError:
        return ""
