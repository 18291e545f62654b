"""`export`: what happened, for tools of process mining."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console.floor import day
from console.options import HERE, AsOption, DatabaseOption, HomeOption, Language, acting, opened, process_named, zone_of
from console.output import say, stop, warn


def export(
    form: Annotated[Literal["ocel", "xes", "csv"], typer.Argument(help="OCEL 2.0 (JSON), XES (XML), or CSV.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; left out: where output goes.")] = None,
    process: Annotated[list[str], typer.Option(help="Only this process. May be repeated.")] = [],  # noqa: B006  (Typer's own way)
    since: Annotated[str, typer.Option(help="Started on this day or later: 2026-03-02, today, yesterday.")] = "",
    until: Annotated[str, typer.Option(help="Started before this day.")] = "",
    data: Annotated[
        bool, typer.Option("--data", help="With numbers, dates, yes or no and enums of the cases, never a secret.")
    ] = False,
    people: Annotated[
        Literal["codes", "names", "none"],
        typer.Option(help="People under codes of this log, under their user names, or not at all."),
    ] = "codes",
    language: Language = "zh",
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Writes what happened in cases as an event log, for tools of process mining."""
    from workbench.event_log import FORMS, Wanted, chosen
    from workbench.late import LEADS

    with opened(home, database) as caseway:
        actor, zone = acting(caseway, user), zone_of(caseway)
        if caseway.directory.roles(actor).isdisjoint(LEADS):
            stop(
                f"{actor} may not take a log of all cases with them.",
                f"One of these roles may: {', '.join(sorted(LEADS))}",
            )
        names = tuple(process_named(caseway, name) for name in process)
        wanted = Wanted(names, day(since, caseway, zone), day(until, caseway, zone), data, people, language)
        log = chosen(caseway, wanted)
        try:
            file: Any = nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8", newline="")
        except OSError as error:
            stop(f"{out} cannot be written: {error.strerror}")
        with file as to:
            cases, lines = FORMS[form](log, to)
        if out is not None:
            say(f"{out}: {cases} cases, {lines} events")
        if log.left_out:
            warn(f"{log.left_out} restricted cases are not in it.")
