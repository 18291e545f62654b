"""`start`, `case`, `task`, `queue`: what handlers do."""

from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import AsOption, DatabaseOption, HomeOption, acting, ask, case_of, data_of, done, ground, opened
from console.output import Json, print_json, say, show, stop
from engine.core import commands as core
from engine.runtime.answers import Accepted
from engine.runtime.tables import moment
from tasks import commands as work
from tasks import queries
from tasks.queries import Listed

case_commands = typer.Typer(help="Cases: list, look at, suspend, resume, cancel.", no_args_is_help=True)
task_commands = typer.Typer(help="Tasks: take, save, complete, hand on.", no_args_is_help=True)
queue_commands = typer.Typer(help="Queues: what is in them, who serves them.", no_args_is_help=True)

HERE = Path()
Set = Annotated[list[str], typer.Option("--set", help="A field: path=value. May be repeated.")]
Data = Annotated[str, typer.Option("--data", help="The fields as a JSON object.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]

TASK_COLUMNS = ("number", "task", "step", "queue", "holder", "priority", "due", "opened")


def start(
    process: str,
    user: AsOption = "",
    given: Set = [],  # noqa: B006  (Typer's own way to say an empty list)
    data: Data = "",
    file: Annotated[Path | None, typer.Option("--file", help="A CSV file: a case for each row.")] = None,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Starts a case, or one for each row of a CSV file; wrong rows go to FILE.refused.csv with their reasons."""
    with opened(home, database) as caseway:
        found = caseway.definitions.process(process)
        if found is None:
            names = ", ".join(caseway.definitions.names()) or "none is deployed"
            stop(f"There is no process {process}.", f"Known: {names}")
        actor = acting(caseway, user)
        if file is None:
            answer = done(caseway.start(core.StartCase(process, data_of(given, data)), actor, ground=ground()))
            print_json({"case": answer.case, "number": answer.number}) if as_json else say(answer.number)
            return
        _start_file(caseway, found, file, actor, as_json)


def _start_file(caseway: Any, process: Any, file: Path, actor: str, as_json: bool) -> None:
    from workbench.intake import IntakeError, take_in, write_refused
    from workbench.rows import starter

    try:
        taken = take_in(file, process, starter(caseway, process.name, actor, file))
    except IntakeError as error:
        stop(str(error))
    refused = file.with_suffix(".refused.csv")
    if taken.refused:
        write_refused(refused, taken)
    if as_json:
        print_json({"started": taken.started, "refused": len(taken.refused)})
    else:
        say(f"{len(taken.started)} started, {len(taken.refused)} refused" + (f": {refused}" if taken.refused else ""))
    if taken.refused:
        raise typer.Exit(1)


# --- cases ------------------------------------------------------------------------------------------


@case_commands.command("list")
def list_cases(
    process: str = "",
    status: Annotated[str, typer.Option(help="open, suspended or ended.")] = "",
    search: Annotated[str, typer.Option(help="Number, customer or policy.")] = "",
    limit: int = 50,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Cases, newest first."""
    where, values = ["1 = 1"], []
    for condition, value in (
        ("process = ?", process),
        ("status = ?", status),
        ("search LIKE ?", search and f"%{search}%"),
    ):
        if value:
            where.append(condition)
            values.append(value)
    sql = (
        'SELECT number, process, status, "end", owner, started_at, id FROM cases '
        f"WHERE {' AND '.join(where)} ORDER BY started_at DESC LIMIT ?"
    )
    with opened(home, database) as caseway:
        rows = [
            {
                "number": r[0],
                "process": r[1],
                "status": r[2],
                "end": r[3],
                "owner": r[4],
                "started": moment(r[5]),
                "id": r[6],
            }
            for r in caseway.connection.all(sql, (*values, limit))
        ]
        columns = ("number", "process", "status", "end", "owner", "started")
        show(rows, columns, as_json=as_json, title="cases", zone=_zone(caseway))


@case_commands.command("show")
def show_case(number: str, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Where a case stands: its data, open tasks, clocks and history."""
    from workbench.story import story

    with opened(home, database) as caseway:
        told = story(caseway, case_of(caseway, number))
        if as_json:
            print_json(told)
            return
        zone = _zone(caseway)
        say(f"{told['number']} · {told['process']} · {told['status']} {told['end']}".rstrip())
        show(
            [{"field": k, "value": v} for k, v in told["data"].items()], ("field", "value"), as_json=False, title="data"
        )
        show(told["tasks"], ("task", "step", "queue", "holder", "due"), as_json=False, title="open tasks", zone=zone)
        columns = ("clock", "origin", "clauses", "status", "deadline", "breached")
        show(told["clocks"], columns, as_json=False, title="clocks", zone=zone)
        show(told["incidents"], ("incident", "step", "text"), as_json=False, title="incidents", zone=zone)
        show(told["history"], ("at", "actor", "command", "events"), as_json=False, title="history", zone=zone)


@case_commands.command()
def suspend(
    number: str, reason: Reason, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = ""
) -> None:
    """Stops a case where it stands; timers keep what they have left."""
    with opened(home, database) as caseway:
        ask(caseway, number, core.SuspendCase(reason), user)


@case_commands.command()
def resume(
    number: str, reason: Reason = "", user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = ""
) -> None:
    """Lets a suspended case go on."""
    with opened(home, database) as caseway:
        ask(caseway, number, core.ResumeCase(reason), user)


@case_commands.command()
def cancel(
    number: str, reason: Reason, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = ""
) -> None:
    """Ends a case at once."""
    with opened(home, database) as caseway:
        ask(caseway, number, core.CancelCase(reason), user)


# --- tasks ------------------------------------------------------------------------------------------


def _listed(task: Listed) -> dict[str, Any]:
    return {
        "number": task.number, "task": task.task, "process": task.process, "step": task.step, "queue": task.queue,
        "holder": task.holder or task.assignee, "priority": task.priority,
        "due": None if task.due is None else moment(task.due), "opened": moment(task.opened_at), "case": task.case,
    }  # fmt: skip


@task_commands.command("list")
def my_tasks(
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """What I hold, and what is meant for me."""
    with opened(home, database) as caseway:
        rows = [_listed(t) for t in queries.my_work(caseway.connection, acting(caseway, user))]
        show(rows, TASK_COLUMNS, as_json=as_json, title=f"work of {user}", zone=_zone(caseway))


@task_commands.command("next")
def next_task(
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """Takes the best task there is for me."""
    from tasks.next import claim_next

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        found = claim_next(
            caseway.connection,
            caseway.directory,
            actor,
            lambda c, command: caseway.ask(c, command, actor, ground=ground()),
        )
        if found is None:
            stop("There is nothing for you to take.")
        if not isinstance(found, Listed):
            stop(found.text)
        show([_listed(found)], TASK_COLUMNS, as_json=as_json, title="yours now", zone=_zone(caseway))


@task_commands.command()
def claim(number: str, task: int, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "") -> None:
    """Takes a task."""
    with opened(home, database) as caseway:
        ask(caseway, number, work.ClaimTask(task), user)


@task_commands.command()
def release(
    number: str, task: int, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = ""
) -> None:
    """Gives a task back to its queue."""
    with opened(home, database) as caseway:
        ask(caseway, number, work.ReleaseTask(task), user)


@task_commands.command()
def form(number: str, task: int, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """The fields that a task asks for, and how it can be completed."""
    from workbench.story import form_of

    with opened(home, database) as caseway:
        told = form_of(caseway, case_of(caseway, number), task)
        if told is None:
            stop(f"Task {task} of case {number} is not open.")
        if as_json:
            print_json(told)
            return
        show(told["fields"], ("field", "title", "kind", "value"), as_json=False, title=told["title"])
        show(told["outcomes"], ("outcome", "title", "reason"), as_json=False, title="outcomes")


@task_commands.command()
def complete(
    number: str,
    task: int,
    outcome: Annotated[str, typer.Option(help="How; see `caseway task form`.")] = "",
    given: Set = [],  # noqa: B006  (Typer's own way to say an empty list)
    data: Data = "",
    reason: Reason = "",
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Completes a task with its form; one that nobody holds is taken first."""
    with opened(home, database) as caseway:
        answer = ask(caseway, number, core.CompleteTask(task, outcome, data_of(given, data), reason), user)
        _where_now(caseway, answer)


def _where_now(caseway: Any, answer: Accepted) -> None:
    now = [t.step for t in queries.of_case(caseway.connection, answer.case)]
    say(f"{answer.number}: " + (f"now at {', '.join(now)}" if now else "nothing open for people"))


@task_commands.command()
def save(
    number: str, task: int, given: Set = [], data: Data = "", user: AsOption = "",  # noqa: B006  (Typer's own way)
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Keeps what has been filled in so far."""
    with opened(home, database) as caseway:
        ask(caseway, number, work.SaveDraft(task, data_of(given, data)), user)


@task_commands.command()
def transfer(
    number: str, task: int, queue: str = "", to: str = "", reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Hands a task to a queue or a person."""
    with opened(home, database) as caseway:
        ask(caseway, number, work.TransferTask(task, queue=queue, user=to, reason=reason), user)


# --- queues -----------------------------------------------------------------------------------------


@queue_commands.command("list")
def list_queues(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Every queue: how much waits, since when, and how many serve it."""
    sql = (
        "SELECT queue, count(*), min(opened_at), min(due), sum(CASE WHEN holder <> '' THEN 1 ELSE 0 END) "
        "FROM tasks WHERE closed_at IS NULL GROUP BY queue"
    )
    with opened(home, database) as caseway:
        house, directory = caseway.definitions.house(), caseway.directory
        found = {row[0]: row for row in caseway.connection.all(sql)}
        rows = []
        for name in sorted({*house.queues, *found}):
            row = found.get(name)
            rows.append(
                {
                    "queue": name,
                    "title": house.queues.get(name, {}).get("zh", ""),
                    "open": row[1] if row else 0,
                    "held": row[4] if row else 0,
                    "oldest": moment(row[2]) if row else None,
                    "people": len(directory.members(name)) if name else None,
                }
            )
        columns = ("queue", "title", "open", "held", "oldest", "people")
        show(rows, columns, as_json=as_json, title="queues", zone=_zone(caseway))


@queue_commands.command("show")
def show_queue(
    name: str, limit: int = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """What a queue offers, in the order of service."""
    with opened(home, database) as caseway:
        known = caseway.definitions.house().queues
        if name not in known:
            stop(f"There is no queue {name}.", f"Known: {', '.join(sorted(known))}")
        rows = [_listed(t) for t in queries.queue(caseway.connection, name, limit=limit)]
        show(rows, TASK_COLUMNS, as_json=as_json, title=name, zone=_zone(caseway))


def _zone(caseway: Any) -> str:
    """The time zone in which moments are shown: that of the first calendar."""
    calendar = next(iter(caseway.calendars.values()), None)
    return "UTC" if calendar is None else str(calendar.zone)
