"""`report`: the figures of what was closed and of what is open, as a table or a file."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from console.options import HERE, DatabaseOption, HomeOption, Language, Process, opened, process_named
from console.output import Limit, known, say, show, stop

report_commands = typer.Typer(
    help="Figures: compliance, breaches, times, rework, ageing, trends.", no_args_is_help=True
)

By = Annotated[str, typer.Option(help="clause, origin, process, version, queue, person, class, clock, reason, lost.")]
When = Annotated[str, typer.Option("--period", help="2026-Q3, 2026-09, 2026-W36, 2026, a day, DAY..DAY, last-month.")]
Queue = Annotated[str, typer.Option(help="Only of this queue.")]
Value = Annotated[str, typer.Option(help="Only of this value of --by.")]
Form = Annotated[Literal["table", "csv", "xlsx", "json"], typer.Option("--format", help="What comes out.")]
Out = Annotated[Path | None, typer.Option("--out", help="Into this file, instead of the terminal.")]


_NONE = {"lost": "before the case", "clause": "(no clause)", "class": "(no class)", "reason": "(not said)",
         "queue": "(no queue)", "person": "(nobody)"}  # fmt: skip
"""What stands for a value that there is not; a clock may begin before there is a case."""


def _codes(dimension: str, value: str, process: str) -> str:
    """The command line speaks in names that its other commands take."""
    if dimension == "why":
        from reports.forecast.words import WHY

        return f"knows too little: {WHY[value]['en']}" if value else "says the chance"
    return value or _NONE.get(dimension, "")


def _report(
    name: str, by: str, period: str, process: str, queue: str, value: str, count: int, limit: int,
    format: str, out: Path | None, language: str, home: Path, database: str,
) -> None:  # fmt: skip
    from reports.ask import Wanted
    from reports.figures import DIMENSIONS
    from reports.files import FORMATS
    from reports.periods import day_of
    from reports.periods import period as period_of
    from reports.sheets import LISTS, REPORTS, Asked

    known(by, DIMENSIONS, "dimension")
    with opened(home, database) as caseway:
        process_named(caseway, process)
        known(queue, caseway.definitions.house().queues, "queue")
        zone, now = ZoneInfo(caseway.zone), caseway.clock.now()
        try:
            span = period_of(period, day_of(now, zone))
        except ValueError as error:
            stop(f"--period: {error}", code=2)
        caseway.collector.run(now)
        sheet = REPORTS[name](Asked(
            caseway.connection, Wanted(span, process=process, queue=queue), _codes, zone,
            tuple(caseway.definitions.names()), by, value, count, limit=limit,
        ))  # fmt: skip
        if format == "table":
            columns = [column.name for column in sheet.columns]
            rows = [{c.name: _cell(row[c.name], c.unit) for c in sheet.columns} for row in sheet.rows]
            show(rows, columns, as_json=False, title=f"{name}, {span.name}", zone=caseway.zone,
                 limit=limit if name in LISTS else 0)  # fmt: skip
            return
        content = FORMATS[format][1](sheet, zone, language)
        _give(content, format, out)


def _cell(value: Any, unit: str) -> Any:
    from datetime import timedelta

    if value is None:
        return None
    if unit == "share":
        return f"{value * 100:.1f} %"
    if unit == "score":
        return f"{value:.3f}"
    return timedelta(seconds=value) if unit == "seconds" else value


def _give(content: bytes, format: str, out: Path | None) -> None:
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            stop(f"{out}: {error.strerror}")
        say(f"written: {out}")
    elif format == "xlsx":
        stop("A spreadsheet goes into a file.", "Name one: --out report.xlsx", 2)
    else:
        sys.stdout.write(content.decode("utf-8-sig"))


@report_commands.command()
def compliance(
    by: By = "clause", period: When = "this-month", process: Process = "", queue: Queue = "", format: Form = "table",
    out: Out = None, language: Language = "en", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """How many runs of clocks closed in time, by clause, origin, queue or another dimension: the worst first."""
    _report("compliance", by, period, process, queue, "", 12, 0, format, out, language, home, database)


@report_commands.command()
def trend(
    period: When = "this-month", by: By = "clause", value: Value = "", process: Process = "", queue: Queue = "",
    count: Annotated[int, typer.Option(min=2, max=60, help="How many periods.")] = 12, format: Form = "table",
    out: Out = None, language: Language = "en", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Compliance over the last periods, up to the one named."""
    _report("trend", by, period, process, queue, value, count, 0, format, out, language, home, database)


@report_commands.command()
def breaches(
    period: When = "this-month", by: By = "clause", value: Value = "", process: Process = "", queue: Queue = "",
    limit: Limit = 50, format: Form = "table", out: Out = None, language: Language = "en", home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:  # fmt: skip
    """What closed late, where its time went, and why: the latest first."""
    _report("breaches", by, period, process, queue, value, 12, limit, format, out, language, home, database)


@report_commands.command()
def unmet(
    period: When = "this-month", by: By = "clause", value: Value = "", process: Process = "", queue: Queue = "",
    limit: Limit = 50, format: Form = "table", out: Out = None, language: Language = "en", home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Clocks that the end of their case left unmet, in time or not yet late: the latest first."""
    _report("unmet", by, period, process, queue, value, 12, limit, format, out, language, home, database)


@report_commands.command()
def extensions(
    period: When = "this-month", process: Process = "", queue: Queue = "", limit: Limit = 50, format: Form = "table",
    out: Out = None, language: Language = "en", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """More time that clocks were given, by whom and why, and how much is allowed in all: the latest first."""
    _report("extensions", "clause", period, process, queue, "", 12, limit, format, out, language, home, database)


@report_commands.command()
def steps(
    process: Annotated[str, typer.Argument(help="A process.")], period: When = "this-month", queue: Queue = "",
    format: Form = "table", out: Out = None, language: Language = "en", home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Cycle, touch and waiting time of each step, and how often it was done again: the longest first."""
    _report("steps", "clause", period, process, queue, "", 12, 0, format, out, language, home, database)


@report_commands.command()
def cases(
    period: When = "this-month", process: Process = "", queue: Queue = "", format: Form = "table", out: Out = None,
    language: Language = "en", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Cases that ended or were reopened, and how long they took."""
    _report("cases", "clause", period, process, queue, "", 12, 0, format, out, language, home, database)


@report_commands.command("open")
def open_now(
    process: Process = "", queue: Queue = "", format: Form = "table", out: Out = None, language: Language = "en",
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """What is open now: how old, what is late, what soon will be."""
    _report("open", "clause", "today", process, queue, "", 12, 0, format, out, language, home, database)


@report_commands.command()
def forecast(
    process: Process = "", format: Form = "table", out: Out = None, language: Language = "en",
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """How good the chance of a breach was on cases that it had not seen, by clock, as it was learnt last."""
    _report("forecast", "clause", "today", process, "", "", 12, 0, format, out, language, home, database)


@report_commands.command()
def figures(language: Language = "en") -> None:
    """What each figure means."""
    from reports.figures import FIGURES

    for name, figure in FIGURES.items():
        formula = f" [{figure.formula}]" if figure.formula else ""
        say(f"{name} ({figure.unit}){formula}\n    {figure.title[language]}: {figure.definition[language]}")
