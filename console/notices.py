"""`notice`: what goes to people, what has not arrived, and another try."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from console.options import HERE, AsOption, DatabaseOption, HomeOption, Language, arranging, case_of, opened, zone_of
from console.output import Json, Limit, print_json, say, show, stop

notice_commands = typer.Typer(help="Notices to people: list those not delivered, retry.", no_args_is_help=True)

MOST = 10_000
"""Dead letters that are looked through for those of one recipient."""
COLUMNS = ("id", "number", "template", "recipient", "channel", "attempts", "tried_at", "error")


@notice_commands.command("list")
def list_notices(
    state: Annotated[Literal["dead", "pending", "sent"], typer.Option(help="dead: given up.")] = "dead",
    number: Annotated[str, typer.Option("--case", help="Only of this case: its number.")] = "",
    language: Language = "zh",
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Notices on their ways to people, the newest first: those that could not be delivered, unless said otherwise."""
    from notices.dispatches import listed, told

    with opened(home, database) as caseway:
        case = case_of(caseway, number) if number else ""
        rows = [
            {**asdict(one), "error": told(one.error, language) if one.error else ""}
            for one in listed(caseway.connection, state, limit=limit, case=case)
        ]
        show(rows, COLUMNS, as_json=as_json, title=f"notices, {state}", zone=zone_of(caseway), limit=limit)


@notice_commands.command("retry")
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="As `notice list` shows them.")] = None,
    recipient: Annotated[
        str, typer.Option("--recipient", help="All of theirs, as user.chen_wei: when an address has been mended.")
    ] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Has notices that were given up tried again, from the beginning."""
    from notices.dispatches import Dispatches, listed

    with opened(home, database) as caseway:
        arranging(caseway, user)
        found, chosen = Dispatches(caseway.runner), list(ids or [])
        if recipient:
            chosen += [one.id for one in listed(caseway.connection, "dead", limit=MOST) if one.recipient == recipient]
        done = [id for id in chosen if found.again(id, caseway.clock.now())]
        if as_json:
            print_json({"again": done})
        else:
            say(f"{len(done)} to be sent again; the worker sends them.")
        unknown = [id for id in ids or [] if id not in done]
        if unknown:
            stop(f"Not given up, or not there: {', '.join(unknown)}", "List them: caseway notice list")
