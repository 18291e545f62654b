"""`start` and `case`: cases are started, looked for and looked at, held and ended."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console.options import (
    HERE,
    AsOption,
    Data,
    DatabaseOption,
    HomeOption,
    Language,
    Number,
    Process,
    Reason,
    Set,
    acting,
    ask,
    case_of,
    data_of,
    done,
    ground,
    opened,
    process_named,
    tell_where,
    zone_of,
)
from console.output import Json, Limit, cell, print_json, say, show, stop, warn
from engine.core import commands as core
from engine.runtime.tables import moment

case_commands = typer.Typer(help="Cases: list, look at, correct, move, relate, hold, end.", no_args_is_help=True)

Status = Annotated[Literal["open", "suspended", "ended"] | None, typer.Option(help="Only these.")]


def start(
    process: Annotated[str, typer.Argument(help="The process: its name, as claims.")],
    user: AsOption = "",
    given: Set = [],  # noqa: B006  (Typer's own way to say an empty list)
    data: Data = "",
    file: Annotated[Path | None, typer.Option("--file", help="A CSV file: a case for each row.")] = None,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Starts a case, or one for each row of a CSV file; wrong rows go to FILE.refused.csv with their reasons."""
    from tasks import related

    with opened(home, database) as caseway:
        found = caseway.definitions.process(process_named(caseway, process))
        actor = acting(caseway, user)
        if file is not None:
            if given or data:
                stop("--file brings its own data: leave out --set and --data.", code=2)
            _start_file(caseway, found, file, actor, as_json)
            return
        fields = data_of(given, data, found.names, found.zone)
        answer = done(caseway.start(core.StartCase(process, fields), actor, ground=ground()))
        tell_where(caseway, answer, as_json)
        alike = related.alike(caseway.connection, answer.case)
        if alike and not as_json:
            numbers = ", ".join(one.number for one in alike)
            warn(f"It may be the same matter as {numbers}: caseway case related {answer.number}")


def _start_file(caseway: Any, process: Any, file: Path, actor: str, as_json: bool) -> None:
    from workbench.intake import IntakeError, take_in, write_refused
    from workbench.rows import starter

    refused = file.with_suffix(".refused.csv")
    try:
        taken = take_in(file, process, starter(caseway, process.name, actor, file))
        if taken.refused:
            write_refused(refused, taken)
    except IntakeError as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename}: {error.strerror}")
    if as_json:
        rows = [{"line": row.line, "reason": reason} for row, reason in taken.refused]
        print_json({"started": taken.started, "refused": rows, "file": str(refused) if rows else None})
    else:
        say(f"{len(taken.started)} started, {len(taken.refused)} refused")
        for row, reason in taken.refused[:5]:
            warn(f"{file}:{row.line}: {reason}")
        if taken.refused:
            say(f"All refused rows, with their reasons: {refused}")
    if taken.refused:
        raise typer.Exit(1)


@case_commands.command("list")
def list_cases(
    process: Process = "", status: Status = None,
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Cases, newest first."""
    with opened(home, database) as caseway:
        _list(caseway, "", process, status or "", limit, as_json)


@case_commands.command("find")
def find_cases(
    words: Annotated[list[str], typer.Argument(help="Beginnings of the number, customer, policy, words of the text.")],
    process: Process = "", status: Status = None,
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Cases that have all these words, newest first."""
    with opened(home, database) as caseway:
        _list(caseway, " ".join(words), process, status or "", limit, as_json)


def _list(caseway: Any, words: str, process: str, status: str, limit: int, as_json: bool) -> None:
    from tasks import find
    from tasks.search import terms

    process_named(caseway, process)
    found, place = list[find.Found](), None
    while len(found) < limit and (terms(words) or not words):
        page = find.cases(
            caseway.connection, terms(words), (process,) if process else (), status, place, limit - len(found),
            caseway.definitions.names(),
        )  # fmt: skip
        found, place = [*found, *page.cases], page.next
        if place is None:
            break
    rows = [
        {"number": one.number, "process": one.process, "status": one.status, "end": one.end, "owner": one.owner,
         "started": moment(one.started_at), "about": one.about, "id": one.case}
        for one in found
    ]  # fmt: skip
    columns = ("number", "process", "status", "end", "owner", "started")
    show(rows, columns, as_json=as_json, title="cases", zone=zone_of(caseway), limit=limit)


@case_commands.command("documents")
def case_documents(
    number: Number,
    save: Annotated[Path | None, typer.Option("--save", help="A folder to write them to, as PDF.")] = None,
    html: Annotated[bool, typer.Option("--html", help="With --save: as pages instead of PDF.")] = False,
    language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """What went out of a case as documents: letters, forms, records, reports."""
    from console.documents import list_documents

    with opened(home, database) as caseway:
        list_documents(caseway, case_of(caseway, number), language, save, html, as_json)


@case_commands.command("show")
def show_case(
    number: Number, language: Language = "zh",
    reason: Annotated[str, typer.Option("--open", help="Show secrets too, for this reason, as --as: kept, and "
                                        "reviewed where it is not one's right.")] = "",
    user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Where a case stands: its data, open tasks, clocks and history."""
    from workbench.reading import Unread, open_case
    from workbench.story import story

    with opened(home, database) as caseway:
        case, secrets = case_of(caseway, number), None
        if reason:
            try:
                secrets = open_case(caseway, acting(caseway, user), case, reason, ground(), caseway.clock.now())
            except Unread as error:
                stop(f"Not opened: {error}.")
        told = story(caseway, case, language, secrets)
        if as_json:
            print_json(told)
            return
        zone = zone_of(caseway)
        words = (told["number"], told["process"], told["status"], told["end"], told["owner"])
        say(" · ".join(word for word in words if word))
        taken = [f"{what} {cell(told[what], zone)}" for what in ("received", "recorded") if told[what]]
        say(" · ".join(taken))
        if told["watchers"]:
            say(f"watched by {', '.join(told['watchers'])}")
        for part, title, columns in _PARTS:
            if told[part]:
                say("")
                show(told[part], columns, as_json=False, title=title, zone=zone)


_PARTS = (
    ("fields", "data", ("field", "title", "value")),
    ("tasks", "open tasks", ("task", "step", "title", "queue", "holder", "due")),
    ("waits", "waits at", ("step", "title")),
    ("awaits", "what may come", ("kind", "name", "key")),
    ("clocks", "clocks", ("clock", "origin", "clauses", "status", "deadline", "provisional", "breached")),
    ("incidents", "incidents", ("incident", "step", "text")),
    ("holds", "legal holds", ("hold", "reason", "by", "since")),
    ("links", "related", ("kind", "number", "status", "end", "decided")),
    ("alike", "possible duplicates", ("number", "rules", "status", "started")),
    ("moves", "a move waits for approval", ("proposal", "step", "target", "by", "reason", "stale")),
    ("comments", "comments", ("at", "by", "task", "text")),
    ("history", "history", ("at", "actor", "command", "about", "entered")),
)


@case_commands.command()
def suspend(
    number: Number, reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Stops a case where it stands; timers keep what they have left."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.SuspendCase(reason), user), as_json)


@case_commands.command()
def resume(
    number: Number, reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Lets a suspended case go on."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.ResumeCase(reason), user), as_json)


@case_commands.command()
def cancel(
    number: Number, reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Ends a case at once."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.CancelCase(reason), user), as_json)
