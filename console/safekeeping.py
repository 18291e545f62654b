"""`backup`, `restore`, `database move`: an installation's copy, and its database on another server."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from console.options import HERE, DatabaseOption, HomeOption, know_all_tables, opened
from console.output import Json, console, print_json, say, stop

database_commands = typer.Typer(help="The database of an installation: carry it over to another.", no_args_is_help=True)


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to: a folder that is not there yet, as /backup/2026-11-23.")],
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Copies the installation while it works: database, files, processes and anchors, but not the key file."""
    from bootstrap.backup import backup as make

    know_all_tables()
    with opened(home, database) as caseway:
        try:
            made = make(caseway, folder)
        except OSError as error:
            stop(f"{error.filename or folder}: {error.strerror}", "Nothing was left there.")
        if as_json:
            print_json({"folder": str(folder), "cases": made.cases, "rows": made.rows, "files": len(made.files),
                        "bytes": made.size, "key": made.key})  # fmt: skip
            return
        say(f"{folder}: {made.cases} cases with {made.rows} rows of history, {len(made.files)} files, "
            f"{made.size / 1_000_000:.1f} MB")  # fmt: skip
        say(f"Not in it: {caseway.home.key}, without which nobody can read it. Keep the two apart.")


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup made by `caseway backup`.")],
    key: Annotated[Path, typer.Option("--key", help="The key file that was in use when it was made.")],
    destroyed: Annotated[
        Path | None,
        typer.Option("--destroyed", help="The newest caseway.destroyed: what it names goes again."),
    ] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Restore into a temporary folder, prove it, and take it away again.")
    ] = False,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Makes an installation from a backup, in an empty folder (and an empty database), and verifies it."""
    from bootstrap import Home

    if rehearse:
        with TemporaryDirectory(prefix="caseway-rehearsal-") as place:
            _restore(folder, key, destroyed, Home(Path(place, "home"), database), as_json, "would be ready")
    else:
        _restore(folder, key, destroyed, Home(home, database), as_json, "ready")


def _restore(folder: Path, key: Path, destroyed: Path | None, home: Any, as_json: bool, ready: str) -> None:
    from bootstrap.backup import restore as make
    from engine.runtime.cipher import VaultError
    from engine.runtime.errors import StoreError

    know_all_tables()
    try:
        report = make(folder, key, home, gone=destroyed)
    except StoreError as error:
        stop(error.text, error.cure)
    except VaultError as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename or home.folder}: {error.strerror}")
    if as_json:
        print_json({"clean": report.clean, "cases": report.cases, "rows": report.rows})
    else:
        for finding in [*map(str, report.findings), *report.problems, *report.notes]:
            say(finding)
        say(f"{home.folder}: {ready}; {report.cases} cases, {report.rows} rows: {report.whole} whole, "
            f"{report.destroyed} destroyed, {report.tampered} tampered")  # fmt: skip
    if not report.clean:
        raise typer.Exit(1)


@database_commands.command()
def move(
    to: Annotated[str, typer.Argument(help="The URL of a database that nobody has used yet: postgresql://…")],
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Carries all cases over into another database, compares every row, and verifies them there. The old database stays
    as it is, out of service. Stop servers and workers first; one that still runs can write no more."""
    from rich.progress import Progress

    from bootstrap.backup import move as carry
    from bootstrap.backup import shown

    know_all_tables()
    err = console(stderr=True)
    with opened(home, database) as caseway:
        place = caseway.home
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)
        rows = _carried(carry, place, to, lambda table, rows: bar.update(task, description=f"{table}: {rows}"))
    with opened(home, to) as caseway:
        report = caseway.verify()
    if as_json:
        print_json({"rows": rows, "clean": report.clean, "cases": report.cases})
    else:
        for finding in [*map(str, report.findings), *report.problems, *report.notes]:
            say(finding)
        say(f"{rows} rows are in {shown(to)} now, each compared; {report.whole} of {report.cases} cases whole")
        say(f"From now on: --database {shown(to)}, or CASEWAY_DATABASE. The old one is out of service.")
    if not report.clean:
        raise typer.Exit(1)


@database_commands.command()
def downgrade(
    to: Annotated[str, typer.Option("--to", help="The schema version of the older program, as 0015.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be lost.")] = False,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Brings the database back to the form that an older program works with. What only newer programs keep is lost:
    look with --dry-run, back up, and stop servers and workers first."""
    from bootstrap import Home
    from engine.runtime import schema
    from engine.runtime.database import open_database
    from engine.runtime.errors import StoreError

    try:
        opened = open_database(Home(home, database).database, check=False)
        try:
            lost = schema.downgrade(opened.engine, to, dry_run)
        finally:
            opened.close()
    except StoreError as error:
        stop(error.text, error.cure)
    if as_json:
        print_json({"to": to, "done": not dry_run, "lost": [one._asdict() for one in lost]})
        return
    for one in lost:
        place, what = (f"{one.table}.{one.column}", "values") if one.column else (one.table, "rows")
        say(f"{place}: {one.values} {what} {'would be' if dry_run else 'are'} lost")
    say(f"It {'would have' if dry_run else 'has'} the form {to}{'' if dry_run else ' now: start the older program'}.")


def _carried(carry: Any, place: Any, to: str, told: Any) -> int:
    from engine.runtime.errors import StoreError

    try:
        rows: int = carry(place, to, told)
        return rows
    except StoreError as error:
        stop(error.text, error.cure or "Nothing was changed.")
