"""`init`, `deploy`, `run`, `worker`, `verify`, `version`: what operators do."""

import threading
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from console.options import AsOption, DatabaseOption, HomeOption, opened
from console.output import Json, err, print_json, say, stop
from console.work import HERE


def init(
    folder: Annotated[Path, typer.Argument(help="Where the installation is to be.")] = HERE,
    database: DatabaseOption = "",
) -> None:
    """Makes an installation: key file, database, a copy of the shipped processes."""
    from bootstrap import Home, create
    from engine.runtime.cipher import VaultError
    from engine.runtime.errors import StoreError

    try:
        create(Home(folder, database))
    except (StoreError, VaultError) as error:
        stop(str(error), getattr(error, "cure", ""))
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")
    say(f"{folder}: ready. Keep {folder / 'caseway.key'} safe: without it no case can be read.")
    say(
        f"Next: cd {folder}; caseway user load processes/samples/organisation.yaml; "
        "caseway deploy processes; caseway start claims --file …"
    )


def deploy(
    folder: Annotated[Path, typer.Argument(help="A folder with house.yaml and processes.")] = Path("processes"),
    only: Annotated[list[str], typer.Option(help="Only these files.")] = [],  # noqa: B006  (Typer's own way)
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Stores the house, its calendars and processes as versions in force; what has not changed stays."""

    with opened(home, database) as caseway:
        if not (folder / "house.yaml").exists():
            stop(f"{folder} has no house.yaml.", "A folder of processes holds house.yaml.", 2)
        outcome = caseway.deploy(folder, user or "system", only)
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
    days: Annotated[int, typer.Option(help="Virtual days, ending today.")] = 90,
    seed: Annotated[int, typer.Option(help="The same seed gives the same quarter.")] = 7,
    claims: Annotated[int, typer.Option(help="Reported claims in the file to take in.")] = 420,
    complaints: Annotated[int, typer.Option(help="Complaints in the file to take in.")] = 160,
    fresh: Annotated[bool, typer.Option("--fresh/--keep", help="Begin anew if the folder is a former run's.")] = True,
) -> None:
    """The main job: takes in reported claims and complaints and works a quarter of them on a virtual clock."""
    from workbench.quarter import Quarter

    Quarter(folder, days=days, seed=seed, claims=claims, complaints=complaints, fresh=fresh).run()


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between looks.")] = 1.0,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Fires timers, delivers messages, does service work, until stopped (Ctrl-C finishes what is under way)."""
    import signal

    stopping = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    with opened(home, database) as caseway:
        err.print("working; stop with Ctrl-C", highlight=False)
        if once:
            caseway.sweep()
            caseway.work()
            caseway.sweep()
            return
        caseway.executor.start()
        anchored = caseway.clock.now().date()
        while not stopping.is_set():
            caseway.refresh()
            caseway.sweep()
            if caseway.clock.now().date() > anchored:
                caseway.anchor()
                anchored = caseway.clock.now().date()
            stopping.wait(every)


def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Decide every stored command again, too.")] = False,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Proves that history is whole and that state and rows follow from it."""
    from rich.progress import Progress

    with opened(home, database) as caseway, Progress(console=err, transient=True) as bar:
        task = bar.add_task("cases", total=None)
        report = caseway.verify(deep, lambda done, total: bar.update(task, completed=done, total=total))
        if as_json:
            print_json(
                {
                    "cases": report.cases, "whole": report.whole, "destroyed": report.destroyed,
                    "tampered": report.tampered, "findings": [str(f) for f in report.findings],
                    "problems": report.problems, "notes": report.notes,
                }
            )  # fmt: skip
        else:
            for text in [*map(str, report.findings), *report.problems, *report.notes]:
                say(text)
            say(f"{report.cases} cases, {report.rows} rows: {report.whole} whole, {report.destroyed} destroyed, "
                f"{report.tampered} tampered")  # fmt: skip
        if not report.clean:
            raise typer.Exit(1)


def version() -> None:
    """Prints the version."""
    try:
        say(f"caseway {version_of('caseway')}")
    except PackageNotFoundError:
        say("caseway (not installed)")
