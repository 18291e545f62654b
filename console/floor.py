"""`sla`, `message`, `incident`, `job`: what supervisors and operators do."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

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
    opened,
    process_named,
    refuse,
    tell_where,
    zone_of,
)
from console.output import Json, Limit, known, print_json, say, show, stop, tell
from engine.core.commands import RetryIncident
from engine.core.durations import parse_duration
from engine.runtime.clock import new_id
from engine.runtime.tables import moment
from sla import reports
from sla.events import AcknowledgeBreach, ExtendClock

sla_commands = typer.Typer(
    help="Clocks: breaches, what is at risk, why a deadline is when it is.", no_args_is_help=True
)
message_commands = typer.Typer(help="Messages from outside: send, list.", no_args_is_help=True)
incident_commands = typer.Typer(help="What went wrong and waits for a person: list, retry.", no_args_is_help=True)
job_commands = typer.Typer(help="Service work: list.", no_args_is_help=True)

Clause = Annotated[str, typer.Option(help="Only this clause, as A-4.4.")]
Origin = Annotated[Literal["law", "manual", "target"] | None, typer.Option(help="Only these.")]
Since = Annotated[str, typer.Option(help="Due on this day or later: 2026-03-02, today, yesterday.")]
Until = Annotated[str, typer.Option(help="Due before this day: 2026-03-02, today, yesterday.")]

BREACH_COLUMNS = ("number", "clock", "clauses", "origin", "deadline", "late", "reason", "time_lost")
_AGO = {"today": 0, "yesterday": 1}


def day(text: str, caseway: Any, zone: str) -> datetime | None:
    """The beginning of a day where the calendar is."""
    if not text:
        return None
    if text in _AGO:
        text = (caseway.clock.now().astimezone(ZoneInfo(zone)).date() - timedelta(_AGO[text])).isoformat()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        stop(f"expected a day such as 2026-03-02, today or yesterday, not {text!r}", code=2)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _filters(caseway: Any, process: str, clause: str, origin: str | None) -> dict[str, str]:
    """The filters of a list, each a name that there is."""
    process_named(caseway, process)
    known(clause, caseway.definitions.house().clauses, "clause")
    return {"process": process, "clause": clause, "origin": origin or ""}


def listed(row: reports.Listed) -> dict[str, Any]:
    """A run as lists show it."""
    where = ", ".join(row.lost_at) or "before the case"  # a clock may begin before there is a case
    lost = " ".join((where, *row.lost.split()[:2])) if row.lost else ""  # in its two largest units
    return {
        **asdict(row), "late": abs(row.late), "lost_at": list(row.lost_at), "clauses": list(row.clauses),
        "time_lost": lost,
    }  # fmt: skip


@sla_commands.command()
def breaches(
    process: Process = "", clause: Clause = "", origin: Origin = None, since: Since = "", until: Until = "",
    why: Annotated[bool, typer.Option(help="Say at which step most of the time was lost.")] = True,
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Deadlines that passed unmet: the law's first, then the longest late."""
    from workbench.report import reasons_told
    from workbench.story import accounts

    with opened(home, database) as caseway:
        zone = zone_of(caseway)
        connection, now = caseway.connection, caseway.clock.now()
        filters: dict[str, Any] = {
            "since": day(since, caseway, zone), "until": day(until, caseway, zone),
            **_filters(caseway, process, clause, origin),
        }  # fmt: skip
        rows = reports.breaches(connection, now, limit=limit, **filters)
        if why:
            rows = reports.lost(rows, lambda case: accounts(caseway, case))
        told = [listed(row) for row in rows]
        columns = BREACH_COLUMNS if why else BREACH_COLUMNS[:-1]
        show(told, columns, as_json=as_json, title="breaches", zone=zone, limit=limit)
        if told and not as_json:
            counted = reasons_told(caseway, reports.reasons(connection, now, **filters))
            say(f"Said of them: {'; '.join(f'{title}: {count}' for title, count in counted)}")
            say("How it came: caseway sla explain NUMBER. Why, in your word: caseway sla acknowledge NUMBER CLOCK")


@sla_commands.command()
def risk(
    within: Annotated[str, typer.Option(help="How soon: 90min, 24h, 2wd.")] = "24h",
    process: Process = "", clause: Clause = "", origin: Origin = None,
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Deadlines that come soon."""
    try:
        length = parse_duration(within)
    except ValueError as error:
        stop(f"--within: {error}", code=2)
    with opened(home, database) as caseway:
        now = caseway.clock.now()
        calendar = next(iter(caseway.calendars.values()), None)
        span = calendar.due(now, length).at - now if calendar is not None else timedelta(0)
        rows = reports.at_risk(caseway.connection, now, span, limit=limit, **_filters(caseway, process, clause, origin))
        told = [{**listed(row), "left": row.deadline - now} for row in rows]
        columns = ("number", "clock", "clauses", "origin", "deadline", "left", "provisional")
        show(told, columns, as_json=as_json, title="at risk", zone=zone_of(caseway), limit=limit)


@sla_commands.command()
def explain(
    number: Number,
    clock: Annotated[str, typer.Option(help="Only this clock.")] = "",
    language: Language = "zh",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
    as_json: Json = False,
) -> None:
    """Every stretch of a case's clocks that counted, every one that did not, and why."""
    from sla import telling
    from workbench.story import accounts, state_of

    with opened(home, database) as caseway:
        case = case_of(caseway, number)
        told = accounts(caseway, case)
        known(clock, {account.clock.name for account in told}, f"clock of {number} that has run, named", 1)
        told = [account for account in told if clock in ("", account.clock.name)]
        if as_json:
            print_json([telling.plain(account) for account in told])
        elif told:
            tell(telling.tables(told, state_of(caseway, case)[1], language))
        else:
            say(f"No clock of {number} has begun.")


@sla_commands.command()
def extend(
    number: Number,
    clock: Annotated[str, typer.Argument(help="The clock: its name, as outcome.")],
    by: Annotated[str, typer.Argument(help="By how much: 10d, 5wd.")],
    reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Lengthens a running clock, within what its definition allows."""
    from workbench.late import in_charge

    with opened(home, database) as caseway:
        actor, case = acting(caseway, user), case_of(caseway, number)
        if not in_charge(caseway.connection, caseway.directory, actor, case):
            stop(f"{number} is not on {actor}'s floor.", "Whoever looks after one of its queues gives it more time.")
        tell_where(caseway, ask(caseway, number, ExtendClock(clock, by, reason), user), as_json)


@sla_commands.command()
def acknowledge(
    number: Number,
    clock: Annotated[str, typer.Argument(help="The clock that is late, or was: its name, as outcome.")],
    reason: Annotated[str, typer.Option("--reason", help="Why: one of the codes in house.yaml, as staff.")],
    note: Annotated[str, typer.Option(help="More about it, in your words.")] = "",
    run: Annotated[int, typer.Option(min=0, help="Which run of it, where there were several.")] = 0,
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Says why a clock is late, or closed late; once for each run."""
    from workbench.late import in_charge

    with opened(home, database) as caseway:
        actor, case = acting(caseway, user), case_of(caseway, number)
        if not in_charge(caseway.connection, caseway.directory, actor, case):
            stop(f"{number} is not on {actor}'s floor.", "Whoever looks after one of its queues says why it is late.")
        tell_where(caseway, ask(caseway, number, AcknowledgeBreach(clock, reason, note, run), user), as_json)


# --- messages, incidents, jobs ------------------------------------------------------------------------


@message_commands.command("send")
def send_message(
    name: Annotated[str, typer.Argument(help="The message: a name that house.yaml has.")],
    key: Annotated[str, typer.Argument(help="What the case waits for it under: mostly its number.")],
    given: Set = [], data: Data = "",  # noqa: B006  (Typer's own way to say an empty list)
    id: Annotated[str, typer.Option(help="Its id: the same id is taken in once.")] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes in a message for whichever case waits for it with that key."""
    with opened(home, database) as caseway:
        sender = acting(caseway, user)
        house = caseway.definitions.house()
        known(name, house.messages, "message")
        fields = data_of(given, data, house.messages[name].data, zone_of(caseway))
        taken = id or new_id(caseway.clock.now())
        refused = caseway.receive(taken, name, key, fields, sender)
        if refused is not None:
            refuse(refused)
        caseway.sweep()
        row = caseway.connection.one("SELECT state FROM messages WHERE id = ?", (taken,))
        state = row[0] if row else "taken in"
        if as_json:
            print_json({"id": taken, "name": name, "key": key, "state": state})
        else:
            waits = " (no case waits for it under this key yet)" if state == "pending" else ""
            say(f"{name} {key}: {state}{waits}")


@message_commands.command("list")
def list_messages(
    state: Annotated[Literal["pending", "delivered", "undelivered"] | None, typer.Option(help="Only these.")] = None,
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Messages and what became of them, newest first."""
    where, values = ("WHERE state = ?", [state]) if state else ("", [])
    sql = f"SELECT name, key, state, sender, arrived, expires FROM messages {where} ORDER BY arrived DESC LIMIT ?"
    with opened(home, database) as caseway:
        rows = [
            {"name": r[0], "key": r[1], "state": r[2], "sender": r[3], "arrived": moment(r[4]), "expires": moment(r[5])}
            for r in caseway.connection.all(sql, (*values, limit))
        ]
        columns = ("name", "key", "state", "sender", "arrived", "expires")
        show(rows, columns, as_json=as_json, title="messages", zone=zone_of(caseway), limit=limit)


@incident_commands.command("list")
def list_incidents(
    limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """Open incidents, oldest first."""
    sql = (
        "SELECT c.number, i.id, i.step, i.kind, i.text, i.since FROM incidents i JOIN cases c ON c.id = i.case_id "
        "ORDER BY i.since LIMIT ?"
    )
    with opened(home, database) as caseway:
        rows = [
            {"number": r[0], "incident": r[1], "step": r[2], "kind": r[3], "text": r[4], "since": moment(r[5])}
            for r in caseway.connection.all(sql, (limit,))
        ]
        columns = ("number", "incident", "step", "kind", "text", "since")
        show(rows, columns, as_json=as_json, title="incidents", zone=zone_of(caseway), limit=limit)


@incident_commands.command("retry")
def retry_incident(
    number: Number,
    incident: Annotated[int, typer.Argument(help="The incident: its number in the case.")],
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Runs the step again, after what was wrong has been mended."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, RetryIncident(incident), user), as_json)


@job_commands.command("list")
def list_jobs(limit: Limit = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Open service work, the longest due first."""
    sql = (
        "SELECT c.number, j.id, j.step, j.function, j.attempts, j.times, j.due, j.leased_by, j.error "
        "FROM jobs j JOIN cases c ON c.id = j.case_id ORDER BY j.due LIMIT ?"
    )
    with opened(home, database) as caseway:
        rows = [
            {"number": r[0], "job": r[1], "step": r[2], "function": r[3], "attempts": f"{r[4]}/{r[5]}",
             "due": moment(r[6]), "worker": r[7], "error": r[8]}
            for r in caseway.connection.all(sql, (limit,))
        ]  # fmt: skip
        columns = ("number", "job", "step", "function", "attempts", "due", "worker", "error")
        show(rows, columns, as_json=as_json, title="jobs", zone=zone_of(caseway), limit=limit)
