"""`user`, `calendar`: the organisation and the days it works."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Language,
    arranging,
    opened,
    placed,
    tell_problems,
)
from console.output import Json, cell, known, print_json, say, show, stop
from engine.core.durations import parse_duration
from engine.language.problems import DefinitionError

user_commands = typer.Typer(help="People, roles, queues and authority: load, list.", no_args_is_help=True)
calendar_commands = typer.Typer(help="Working calendars: list, look up a deadline.", no_args_is_help=True)


@user_commands.command()
def load(
    file: Annotated[Path, typer.Argument(help="As processes/samples/organisation.yaml.")],
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes in the organisation from a YAML file, as its next revision."""
    with opened(home, database) as caseway:
        try:
            revision = caseway.load_organisation(file, arranging(caseway, user))
        except DefinitionError as error:
            tell_problems(placed(error.problems, file.parent))
            raise typer.Exit(1) from None
        except OSError as error:
            stop(f"{file}: {error.strerror}", code=2)
        people, queues = len(caseway.directory.users), len(caseway.directory.queues)
        if as_json:
            print_json({"revision": revision, "people": people, "queues": queues})
        else:
            say(f"revision {revision}: {people} people, {queues} queues")


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
        try:
            begin = datetime.fromisoformat(start) if start else caseway.clock.now()
        except ValueError:
            stop(f"--from: expected a moment such as 2026-03-02T09:00, not {start!r}", code=2)
        if begin.tzinfo is None:
            begin = begin.replace(tzinfo=found.zone)
        try:
            answer = found.due(begin, duration)
        except (ValueError, OverflowError) as error:
            stop(f"{limit} from {begin:%Y-%m-%d %H:%M}: {error}", code=2)
        if as_json:
            print_json({"due": answer.at, "from": begin, "calendar": name, "provisional": answer.provisional})
        else:
            doubt = " (provisional: the holidays of that year are not published yet)" if answer.provisional else ""
            say(cell(answer.at, str(found.zone)) + doubt)
