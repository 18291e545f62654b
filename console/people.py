"""`user`: the people of the organisation."""

from typing import Annotated

import typer

from console.options import HERE, DatabaseOption, HomeOption, Language, opened
from console.output import Json, known, show

user_commands = typer.Typer(help="People, roles and authority: look, change, load, export.", no_args_is_help=True)


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
