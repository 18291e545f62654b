"""`task` and `queue`: what handlers do."""

from typing import Annotated, Any

import typer

from console.options import (
    HERE,
    AsOption,
    Data,
    DatabaseOption,
    HomeOption,
    Language,
    Number,
    Reason,
    Set,
    TaskNumber,
    acting,
    ask,
    case_of,
    data_of,
    done,
    ground,
    opened,
    tell_where,
    zone_of,
)
from console.output import Json, Limit, known, print_json, say, show, stop
from engine.core import commands as core
from engine.runtime.tables import moment
from tasks import commands as work
from tasks import queries
from tasks.queries import Listed

task_commands = typer.Typer(help="Tasks: take, save, complete, hand on.", no_args_is_help=True)
queue_commands = typer.Typer(help="Queues: what is in them, who serves them.", no_args_is_help=True)

COLUMNS = ("number", "task", "step", "queue", "holder", "priority", "due", "opened")


def _listed(task: Listed) -> dict[str, Any]:
    return {
        "number": task.number, "task": task.task, "process": task.process, "step": task.step, "queue": task.queue,
        "holder": task.holder or task.assignee, "priority": task.priority,
        "due": None if task.due is None else moment(task.due), "opened": moment(task.opened_at), "case": task.case,
    }  # fmt: skip


@task_commands.command("list")
def my_tasks(
    user: AsOption = "",
    limit: Limit = 50,
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """What I hold, and what is meant for me."""
    with opened(home, database) as caseway:
        rows = [_listed(t) for t in queries.my_work(caseway.connection, acting(caseway, user), limit=limit)]
        show(rows, COLUMNS, as_json=as_json, title=f"work of {user}", zone=zone_of(caseway), limit=limit)


@task_commands.command("next")
def next_task(
    user: AsOption = "",
    queue: Annotated[list[str], typer.Option(help="Only from this queue. May be repeated.")] = [],  # noqa: B006  (Typer's own way)
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes the best task there is for me."""
    from tasks.next import claim_next

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        for name in queue:
            known(name, caseway.directory.serving(actor), f"queue served by {actor} named")

        def take(case: str, command: core.Command) -> Any:
            return caseway.ask(case, command, actor, ground=ground())

        found = claim_next(caseway.connection, caseway.directory, actor, take, caseway.clock.now(), tuple(queue))
        if found is None:
            stop("There is nothing for you to take.")
        if not isinstance(found, Listed):
            done(found)
            return
        row = _listed(found._replace(holder=actor))
        show([row], COLUMNS, as_json=as_json, title="yours now", zone=zone_of(caseway))
        if not as_json:
            say(f"Its form: caseway task form {found.number} {found.task}")


@task_commands.command()
def claim(
    number: Number, task: TaskNumber, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes a task."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.ClaimTask(task), user), as_json)


@task_commands.command()
def release(
    number: Number, task: TaskNumber, reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Gives a task back to its queue."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.ReleaseTask(task, reason), user), as_json)


@task_commands.command()
def form(
    number: Number, task: TaskNumber, language: Language = "zh",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """The fields that a task asks for, and how it can be completed."""
    from workbench.story import form_of

    with opened(home, database) as caseway:
        told = form_of(caseway, case_of(caseway, number), task, language)
        if told is None:
            stop(f"Task {task} of case {number} is not open.", f"See: caseway case show {number}")
        if as_json:
            print_json(told)
            return
        zone = zone_of(caseway)
        say(f"{number} · {told['title']}")
        for one in told["about"]:
            value = one["value"]
            parts = value.values() if isinstance(value, dict) else [value]
            say(f"{one['item']}: {', '.join(str(part) for part in parts)}")
        show(told["fields"], ("field", "title", "kind", "value"), as_json=False, title="form", zone=zone)
        if told["outcomes"]:
            show(told["outcomes"], ("outcome", "title", "reason"), as_json=False, title="outcomes")


@task_commands.command()
def complete(
    number: Number,
    task: TaskNumber,
    outcome: Annotated[str, typer.Option(help="How; see `caseway task form`.")] = "",
    given: Set = [],  # noqa: B006  (Typer's own way to say an empty list)
    data: Data = "",
    reason: Reason = "",
    user: AsOption = "",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Completes a task with its whole form, as `caseway task form` shows it; one that nobody holds is taken first."""
    with opened(home, database) as caseway:
        fields = _fields(caseway, number, given, data)
        tell_where(caseway, ask(caseway, number, core.CompleteTask(task, outcome, fields, reason), user), as_json)


@task_commands.command()
def save(
    number: Number, task: TaskNumber, given: Set = [], data: Data = "",  # noqa: B006  (Typer's own way)
    outcome: Annotated[str, typer.Option(help="The outcome chosen so far.")] = "", reason: Reason = "",
    user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Keeps what has been filled in so far, instead of what was kept before."""
    with opened(home, database) as caseway:
        fields = _fields(caseway, number, given, data)
        tell_where(caseway, ask(caseway, number, work.SaveDraft(task, fields, outcome, reason), user), as_json)


def _fields(caseway: Any, number: str, given: list[str], data: str) -> dict[str, Any]:
    from workbench.story import state_of

    _, process = state_of(caseway, case_of(caseway, number))
    return data_of(given, data, process.names, process.zone)


@task_commands.command()
def transfer(
    number: Number, task: TaskNumber,
    queue: Annotated[str, typer.Option(help="To this queue.")] = "",
    to: Annotated[str, typer.Option(help="To this user.")] = "",
    reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Hands a task to a queue or a person."""
    if bool(queue) == bool(to):
        stop("Hand it where? Give --queue QUEUE or --to USER.", code=2)
    with opened(home, database) as caseway:
        known(to, caseway.directory.users, "user", 1)
        command = work.TransferTask(task, queue=queue, user=to, reason=reason)
        tell_where(caseway, ask(caseway, number, command, user), as_json)


# --- queues -----------------------------------------------------------------------------------------


@queue_commands.command("list")
def list_queues(
    language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """Every queue: how much waits, since when, and how many serve it."""
    sql = (
        "SELECT queue, count(*), min(opened_at), sum(CASE WHEN holder <> '' THEN 1 ELSE 0 END) "
        "FROM tasks WHERE closed_at IS NULL GROUP BY queue"
    )
    with opened(home, database) as caseway:
        house, directory = caseway.definitions.house(), caseway.directory
        found = {row[0]: row for row in caseway.connection.all(sql)}
        rows = []
        for name in sorted({*house.queues, *found}):
            _, count, oldest, held = found.get(name, (name, 0, None, 0))
            title = house.queues.get(name, {})
            rows.append(
                {
                    "queue": name or "(a person)",
                    "title": title.get(language) or next(iter(title.values()), ""),
                    "open": count,
                    "held": held,
                    "oldest": None if oldest is None else moment(oldest),
                    "people": len(directory.members(name)) if name else "",
                }
            )
        columns = ("queue", "title", "open", "held", "oldest", "people")
        show(rows, columns, as_json=as_json, title="queues", zone=zone_of(caseway))


@queue_commands.command("show")
def show_queue(
    name: Annotated[str, typer.Argument(help="The queue, as intake.")],
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """What a queue offers, in the order of service."""
    with opened(home, database) as caseway:
        known(name, caseway.definitions.house().queues, "queue")
        rows = [_listed(t) for t in queries.queue(caseway.connection, name, limit=limit)]
        show(rows, COLUMNS, as_json=as_json, title=name, zone=zone_of(caseway), limit=limit)
