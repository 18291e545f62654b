"""`calendar`: the days that are worked; what a change moves, and moving it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import HERE, AsOption, DatabaseOption, HomeOption, acting, ground, moment_of, opened, zone_of
from console.output import Json, Limit, cell, known, print_json, say, show, stop, warn
from engine.core.durations import parse_duration

calendar_commands = typer.Typer(
    help="Working calendars: list, look up a deadline, take in days, see what a change moves.", no_args_is_help=True
)

FileArgument = Annotated[Path, typer.Argument(help="A calendar file, as processes/calendars/insurer.yaml.")]
MOVES = ("number", "clock", "clauses", "origin", "before", "after", "by")


@calendar_commands.command("list")
def list_calendars(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """The calendars of the house in force."""
    from sla import reports

    with opened(home, database) as caseway:
        rows = [
            {
                "calendar": name, "zone": str(c.zone), "version": c.version, "published_until": c.published_until,
                **reports.standing(caseway.connection, name, c.version),
            }
            for name, c in caseway.calendars.items()
        ]  # fmt: skip
        columns = ("calendar", "zone", "version", "published_until", "clocks", "older", "provisional")
        show(rows, columns, as_json=as_json, title="calendars")
        if not as_json and any(row["older"] for row in rows):
            say("Open clocks that were reckoned on an older version: caseway calendar recount")


@calendar_commands.command()
def due(
    limit: Annotated[str, typer.Argument(help="A limit as clocks have them: 24h, 4wh, 15d, 30wd, 6mo.")],
    start: Annotated[
        str, typer.Option("--from", help="When it starts: 2026-03-02, or 2026-03-02T09:00; now if left out.")
    ] = "",
    calendar: Annotated[str, typer.Option(help="On this calendar; the house's first if left out.")] = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """When a limit such as 30wd that starts then is due."""
    try:
        duration = parse_duration(limit)
    except ValueError as error:
        stop(str(error), code=2)
    with opened(home, database) as caseway:
        if not caseway.calendars:
            stop("There is no calendar yet.", "Deploy the house first: caseway deploy")
        name = known(calendar, caseway.calendars, "calendar") or next(iter(caseway.calendars))
        found = caseway.calendars[name]
        begin = moment_of(start, str(found.zone), "--from") if start else caseway.clock.now()
        try:
            answer = found.due(begin, duration)
        except (ValueError, OverflowError) as error:
            stop(f"{limit} from {begin:%Y-%m-%d %H:%M}: {error}", code=2)
        if as_json:
            print_json({"due": answer.at, "from": begin, "calendar": name, "provisional": answer.provisional})
        else:
            doubt = " (provisional: the holidays of that year are not published yet)" if answer.provisional else ""
            say(cell(answer.at, str(found.zone)) + doubt)


@calendar_commands.command()
def preview(
    file: FileArgument, limit: Limit = 50,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Which open deadlines would move, and by how much, if this file were in force and all were counted again."""
    from workbench.recounting import moves

    with opened(home, database) as caseway:
        calendar = _calendar(file)
        known(calendar.name, caseway.calendars, "calendar")
        if calendar.version == caseway.calendars[calendar.name].version:
            warn("The file is the calendar in force: what is shown was reckoned on an older one.")
        _show_moves(list(moves(caseway, calendar)), limit, as_json, zone_of(caseway))


@calendar_commands.command()
def recount(
    name: Annotated[str, typer.Argument(help="The calendar; all of the house if left out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
    limit: Limit = 50, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Counts open deadlines again that were reckoned on an older version of a calendar in force."""
    from workbench.late import LEADS
    from workbench.recounting import moves
    from workbench.recounting import recount as again

    with opened(home, database) as caseway:
        known(name, caseway.calendars, "calendar")
        chosen = [one for one in caseway.calendars.values() if name in ("", one.name)]
        if dry_run:
            _show_moves([move for one in chosen for move in moves(caseway, one)], limit, as_json, zone_of(caseway))
            return
        actor = acting(caseway, user)
        if caseway.directory.roles(actor).isdisjoint(LEADS):
            stop(f"{actor} may not have deadlines counted again.", f"Who may: {', '.join(sorted(LEADS))}")
        rows = []
        for one in chosen:
            found = again(caseway, one, actor, ground())
            rows.append({"calendar": one.name, "cases": found.cases, "left": len(found.left)})
            for why in sorted(set(found.left.values())):
                warn(f"{sum(text == why for text in found.left.values())} cases were left: {why}")
        show(rows, ("calendar", "cases", "left"), as_json=as_json, title="counted again")


@calendar_commands.command("import")
def take_in(
    days: Annotated[Path, typer.Argument(help="An iCalendar file (.ics), as other calendar programs export it.")],
    into: Annotated[Path, typer.Option("--into", help="The calendar file that gets the days.")],
    hours: Annotated[
        str, typer.Option(help="closed, usual, or the hours of those days: 09:00-12:00,13:00-15:00.")
    ] = "closed",
    year: Annotated[int, typer.Option(min=0, help="Only days of this year; 0: all.")] = 0,
) -> None:
    """Takes days of another calendar program into a calendar file. Entries that say 班 or "working day" are worked."""
    from workbench.calendar_days import Wrong, from_ical

    told = hours if hours in ("closed", "usual") else [part.strip() for part in hours.split(",")]
    try:
        found = from_ical(_bytes(days), told, year)
    except Wrong as error:
        stop(f"{days}: {error}")
    _keep(into, found)


@calendar_commands.command("year")
def take_year(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="The year that was announced.")],
    into: Annotated[Path, typer.Option("--into", help="The calendar file that gets the year.")],
    ics: Annotated[
        Path | None, typer.Option(help="Its holidays and make-up days; left out: as this installation knows them.")
    ] = None,
) -> None:
    """Takes a year's holidays into a calendar file, once they are announced."""
    from workbench.calendar_days import Wrong, announced, from_ical

    if ics is None and not announced(year):
        stop(
            f"The holidays of {year} are not in this installation's data yet.",
            f"Take them from a calendar program: caseway calendar year {year} --into {into} --ics holidays.ics",
        )
    try:
        found = [] if ics is None else from_ical(_bytes(ics), "closed", year)
    except Wrong as error:
        stop(f"{ics}: {error}")
    _keep(into, found, year)


def _keep(into: Path, found: list[Any], published: int = 0) -> None:
    from engine.language.problems import DefinitionError
    from workbench.calendar_days import Wrong, with_days

    try:
        text, calendar, fresh = with_days(_bytes(into).decode(), into.name, found, published)
    except (Wrong, UnicodeDecodeError) as error:
        stop(f"{into}: {error}")
    except DefinitionError as error:
        stop(f"{into}: {'; '.join(str(one) for one in error.problems)}")
    into.write_text(text, encoding="utf-8")
    say(f"{into}: {fresh} days are new, {len(found) - fresh} were there; {calendar.name} is version {calendar.version}")
    say(f"See what moves: caseway calendar preview {into}")
    say("Put it in force: caseway deploy, then caseway calendar recount")


def _calendar(file: Path) -> Any:
    from engine.language.problems import DefinitionError
    from engine.language.source import read
    from sla.calendar_files import CalendarError, load_calendar

    try:
        return load_calendar(read(_bytes(file), file.name).value)
    except (CalendarError, DefinitionError) as error:
        stop(f"{file}: {error}")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}")


def _show_moves(found: list[Any], limit: int, as_json: bool, zone: str) -> None:
    rows = [
        {
            "number": one.number, "clock": one.clock, "clauses": list(one.clauses), "origin": one.origin,
            "before": one.before, "after": one.after, "by": _by(one.before, one.after),
        }
        for one in found
    ]  # fmt: skip
    show(rows if as_json else rows[:limit], MOVES, as_json=as_json, title="deadlines that move", zone=zone)
    if not as_json:
        say(f"{len(rows)} deadlines move" + (f"; the first {limit} are shown" if len(rows) > limit else ""))


def _by(before: datetime, after: datetime) -> str:
    """How much later, as +3d 0h or -1d 2h."""
    minutes = round((after - before).total_seconds() / 60)
    days, rest = divmod(abs(minutes), 1440)
    return f"{'-' if minutes < 0 else '+'}{days}d {rest // 60}h"
