"""`user`, `calendar`: the organisation and the days it works."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from console.options import AsOption, DatabaseOption, HomeOption, opened
from console.output import Json, cell, say, show, stop
from console.work import HERE, _zone
from engine.core.durations import parse_duration

user_commands = typer.Typer(help="People, roles, queues and authority: load, list.", no_args_is_help=True)
calendar_commands = typer.Typer(help="Working calendars: list, look up a deadline.", no_args_is_help=True)


@user_commands.command()
def load(file: Path, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "") -> None:
    """Takes in the organisation from a YAML file, as its next revision."""
    with opened(home, database) as caseway:
        revision = caseway.load_organisation(file, user or "system")
        say(f"revision {revision}: {len(caseway.directory.users)} people, {len(caseway.directory.queues)} queues")


@user_commands.command("list")
def list_users(
    role: str = "", queue: str = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """People with their roles and queues."""
    with opened(home, database) as caseway:
        directory = caseway.directory
        today = directory.today(caseway.clock.now())
        rows = [
            {
                "user": user.id,
                "name": user.name.get("zh") or next(iter(user.name.values()), ""),
                "roles": sorted(directory.roles(user.id)),
                "queues": list(directory.serving(user.id)),
                "manager": directory.manager(user.id),
                "active": user.active(today),
            }
            for user in directory.users.values()
            if (not role or role in directory.roles(user.id)) and (not queue or queue in directory.serving(user.id))
        ]
        columns = ("user", "name", "roles", "queues", "manager", "active")
        show(rows, columns, as_json=as_json, title=f"people, revision {directory.revision}")


@calendar_commands.command("list")
def list_calendars(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """The calendars of the house in force."""
    with opened(home, database) as caseway:
        rows = [
            {"calendar": name, "zone": str(c.zone), "version": c.version, "published_until": c.published_until}
            for name, c in caseway.calendars.items()
        ]
        show(rows, ("calendar", "zone", "version", "published_until"), as_json=as_json, title="calendars")


@calendar_commands.command()
def due(
    limit: str,
    start: Annotated[str, typer.Option("--from", help="When it starts: 2026-03-02T09:00; now if left out.")] = "",
    calendar: str = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """When a limit such as 30wd that starts then is due."""
    try:
        duration = parse_duration(limit)
    except ValueError as error:
        stop(str(error), code=2)
    with opened(home, database) as caseway:
        found = caseway.calendars.get(calendar) if calendar else next(iter(caseway.calendars.values()), None)
        if found is None:
            stop(f"There is no calendar {calendar}.", f"Known: {', '.join(caseway.calendars) or 'none; deploy first'}")
        try:
            begin = datetime.fromisoformat(start) if start else caseway.clock.now()
        except ValueError:
            stop(f"--from: expected a moment such as 2026-03-02T09:00, not {start!r}", code=2)
        if begin.tzinfo is None:
            begin = begin.replace(tzinfo=found.zone)
        answer = found.due(begin, duration)
        say(
            cell(answer.at, _zone(caseway))
            + (" (provisional: the days are not published yet)" if answer.provisional else "")
        )
