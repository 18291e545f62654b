"""`sla rebuild`: clocks counted anew from their history, and what differs."""

from typing import Annotated

import typer

from console.options import HERE, DatabaseOption, HomeOption, Process, case_of, opened, process_named, zone_of
from console.output import Json, Limit, say, show, warn


def rebuild(
    number: Annotated[
        str, typer.Argument(help="A case: its business number or its id; all open ones if left out.")
    ] = "",
    process: Process = "", limit: Limit = 50,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Counts clocks anew from the history of a case, on the calendars in force, and shows what differs."""
    from workbench.rebuilding import of_case, of_open

    with opened(home, database) as caseway:
        process_named(caseway, process)
        found = [of_case(caseway, case_of(caseway, number))] if number else list(of_open(caseway, process))
        rows = [
            {"number": one.number, "clock": other.clock, "run": other.run, "what": other.what, "kept": other.kept,
             "anew": other.anew, "why": other.why}
            for one in found for other in one.differences
        ]  # fmt: skip
        columns = ("number", "clock", "run", "what", "kept", "anew", "why")
        shown = rows if as_json else rows[:limit]
        show(shown, columns, as_json=as_json, title="clocks that differ", zone=zone_of(caseway))
        for one in found:
            if one.why:
                warn(f"{one.number} was not looked at: {one.why}")
        if not as_json:
            cases = sum(bool(one.differences) for one in found)
            more = f"; the first {limit} are shown" if len(rows) > limit else ""
            say(f"{len(rows)} differences in {cases} of {len(found)} cases{more}. Nothing was changed.")
            if any(row["why"] == "calendar" for row in rows):
                say("Where the calendar has changed since: caseway calendar recount")
