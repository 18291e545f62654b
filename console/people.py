"""`user`, `calendar`: the organisation and the days it works."""

from typing import Annotated

import typer

from console.options import (
    HERE,
    DatabaseOption,
    HomeOption,
    Language,
    moment_of,
    opened,
)
from console.output import Json, cell, known, print_json, say, show, stop
from engine.core.durations import parse_duration

user_commands = typer.Typer(help="People, roles and authority: look, change, load, export.", no_args_is_help=True)
calendar_commands = typer.Typer(help="Working calendars: list, look up a deadline.", no_args_is_help=True)


@user_commands.command("list")
def list_users(
    role: Annotated[str, typer.Option(help="Only who has this role.")] = "",
    queue: Annotated[str, typer.Option(help="Only who serves this queue.")] = "",
    language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """People with their roles and queues."""
    with opened(home, database) as caseway:
        directory, house = caseway.directory, caseway.definitions.house()
        today = directory.today(caseway.clock.now())
        roles = {user: sorted(directory.roles(user)) for user in directory.users}
        known(role, {*house.roles, *(name for those in roles.values() for name in those)}, "role")
        known(queue, {*house.queues, *directory.queues}, "queue")
        rows = [
            {
                "user": user.id,
                "name": user.name.get(language) or next(iter(user.name.values()), ""),
                "roles": roles[user.id],
                "queues": list(directory.serving(user.id)),
                "manager": directory.manager(user.id),
                "active": user.active(today),
            }
            for user in directory.users.values()
            if (not role or role in roles[user.id]) and (not queue or queue in directory.serving(user.id))
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
