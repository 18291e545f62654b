"""`retention`: closed cases whose time is over, the round that appraises them, and what destroying leaves behind."""

from datetime import datetime
from itertools import islice
from typing import Annotated

import typer

from console.options import HERE, AsOption, DatabaseOption, HomeOption, acting, know_all_tables, opened, refuse
from console.output import Json, print_json, say, stop

retention_commands = typer.Typer(help="Closed cases whose time is over: list, propose, destroy.", no_args_is_help=True)
PROCESS = "archive_destruction"


@retention_commands.command()
def due(
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; left out: today.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many to list.")] = 50,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Lists closed cases that the house keeps no longer, those of longest ago first. What is on hold, or belongs to a
    case that is open, is not among them."""
    with opened(home, database) as caseway:
        day = on.date() if on else caseway.filed.today
        found = list(islice(caseway.filed.over(day), most + 1))
        shown = found[:most]
        if as_json:
            listed = [{"number": one.number, "keep_until": one.keep_until.isoformat()} for one in shown]
            print_json({"on": day.isoformat(), "cases": listed, "more": len(found) > most})
            return
        for one in shown:
            say(f"{one.number}  kept until {one.keep_until}")
        say(f"{len(shown)}{'+' if len(found) > most else ''} cases whose time was over before {day}")


@retention_commands.command()
def propose(
    note: Annotated[str, typer.Argument(help="About this round: what for.")],
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Starts a round of appraisal now, beside the one that each year begins by itself."""
    from engine.core.commands import Refusal, StartCase

    with opened(home, database) as caseway:
        answer = caseway.start(StartCase(PROCESS, {"round_note": note}), acting(caseway, user))
        if isinstance(answer, Refusal):
            refuse(answer)
        (number,) = caseway.connection.one("SELECT number FROM cases WHERE id = ?", (answer.case,))
        if as_json:
            print_json({"case": answer.case, "number": number})
            return
        say(f"{number}: the worker lists whose time is over, archivists appraise each.")


@retention_commands.command()
def destroy(user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Finishes what was approved and carried out: destroys again what a backup brought back, and writes the database
    anew, so that its files hold nothing of it. Meanwhile nobody can work: stop servers and workers first."""
    from engine.runtime import traces
    from engine.runtime.errors import StoreError

    know_all_tables()
    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        if "admin" not in caseway.directory.roles(actor):
            stop(f"{actor} has not the role admin.")
        try:
            again = caseway.retain()
            traces.wipe(caseway.database)
        except StoreError as error:
            stop(error.text, error.cure)
        if as_json:
            print_json({"again": again})
            return
        say(f"{again} cases that were back are destroyed again; nothing is left of any in the files of the database.")
