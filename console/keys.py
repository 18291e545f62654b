"""`key`: new keys for the installation, and the end of the old ones."""

from typing import Any

import typer

from console.options import HERE, AsOption, DatabaseOption, HomeOption, acting, know_all_tables, opened
from console.output import Json, print_json, say, stop

key_commands = typer.Typer(help="The installation's keys: rotate them, forget old ones.", no_args_is_help=True)


@key_commands.command()
def rotate(user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Makes a new key, and wraps again all that the old one wraps. Sessions and customers' links end.

    Programs that run take it in by themselves. A minute later `caseway key forget` drops the old one.
    """
    from engine.runtime import keys

    with opened(home, database) as caseway:
        _trusted(caseway, user)
        count = keys.rotate(caseway.database, caseway.vault)
        if as_json:
            print_json({"wrapped": count, "key": caseway.vault.current})
            return
        say(f"{count} keys are wrapped by {caseway.vault.current} now.")
        say(f"Copy {caseway.home.key} to where its copy is kept. In a minute: caseway key forget")


@key_commands.command()
def forget(user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Drops the keys from before the last rotation. What only backups still hold under them is lost with them."""
    from engine.runtime import keys

    with opened(home, database) as caseway:
        _trusted(caseway, user)
        gone = keys.forget(caseway.database, caseway.vault, caseway.clock.now())
        if as_json:
            print_json({"forgotten": gone, "key": caseway.vault.current})
            return
        say(f"forgotten: {', '.join(gone)}" if gone else "there is only the current key")


def _trusted(caseway: Any, user: str) -> None:
    """All tables are known, and who asks is an administrator."""
    know_all_tables()
    actor = acting(caseway, user)
    if "admin" not in caseway.directory.roles(actor):
        stop(f"{actor} has not the role admin.")
