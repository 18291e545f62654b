"""`sla`, `message`, `incident`, `job`: what supervisors and operators do."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from console.options import (
    AsOption,
    DatabaseOption,
    HomeOption,
    Language,
    acting,
    ask,
    case_of,
    data_of,
    ground,
    opened,
)
from console.output import Json, out, print_json, say, show, stop
from console.work import HERE, Data, Reason, Set, _zone
from engine.core.commands import Refusal, RetryIncident
from engine.core.durations import parse_duration
from engine.runtime.clock import new_id
from engine.runtime.tables import moment
from sla import reports
from sla.events import ExtendClock
from sla.explain import lasting

sla_commands = typer.Typer(
    help="Clocks: breaches, what is at risk, compliance, why a deadline is when it is.", no_args_is_help=True
)
message_commands = typer.Typer(help="Messages from outside: send, list.", no_args_is_help=True)
incident_commands = typer.Typer(help="What went wrong and waits for a person.", no_args_is_help=True)
job_commands = typer.Typer(help="Service work: list.", no_args_is_help=True)

Process = Annotated[str, typer.Option(help="Only this process.")]
Clause = Annotated[str, typer.Option(help="Only this clause.")]
Origin = Annotated[str, typer.Option(help="Only law, manual or target.")]
Since = Annotated[str, typer.Option(help="From this day on: 2026-03-02.")]

BREACH_COLUMNS = ("number", "clock", "clauses", "origin", "deadline", "late", "lost_at", "lost", "status")


def _day(text: str, zone: str) -> datetime | None:
    from zoneinfo import ZoneInfo

    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        stop(f"expected a day such as 2026-03-02, not {text!r}", code=2)


def listed(row: reports.Listed) -> dict[str, Any]:
    """A run as lists show it."""
    return {**asdict(row), "late": lasting(abs(row.late)), "lost_at": list(row.lost_at), "clauses": list(row.clauses)}


@sla_commands.command()
def breaches(
    process: Process = "", clause: Clause = "", origin: Origin = "", since: Since = "", until: Since = "",
    why: Annotated[bool, typer.Option(help="Say at which step most of the time was lost.")] = True,
    limit: int = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Deadlines that passed unmet: the law's first, then the longest late."""
    from workbench.story import accounts

    with opened(home, database) as caseway:
        zone = _zone(caseway)
        rows = reports.breaches(
            caseway.connection, caseway.clock.now(), since=_day(since, zone), until=_day(until, zone),
            process=process, clause=clause, origin=origin, limit=limit,
        )  # fmt: skip
        if why:
            rows = reports.lost(rows, lambda case: accounts(caseway, case))
        show(map(listed, rows), BREACH_COLUMNS, as_json=as_json, title="breaches", zone=zone)


@sla_commands.command()
def risk(
    within: Annotated[str, typer.Option(help="How soon: 24h, 90min.")] = "24h",
    process: Process = "", clause: Clause = "", origin: Origin = "", limit: int = 50,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Deadlines that come soon."""
    try:
        span = parse_duration(within).span
    except (ValueError, KeyError):
        stop(f"--within: expected hours or minutes such as 24h, not {within!r}", code=2)
    with opened(home, database) as caseway:
        now = caseway.clock.now()
        rows = reports.at_risk(
            caseway.connection, now, span, process=process, clause=clause, origin=origin, limit=limit
        )
        columns = ("number", "clock", "clauses", "origin", "deadline", "provisional")
        show(map(listed, rows), columns, as_json=as_json, title="at risk", zone=_zone(caseway))


@sla_commands.command()
def report(
    process: Process = "", since: Since = "", until: Since = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Compliance by clause: the law first."""
    with opened(home, database) as caseway:
        zone = _zone(caseway)
        rows = reports.compliance(
            caseway.connection, caseway.clock.now(), since=_day(since, zone), until=_day(until, zone), process=process
        )
        show(map(clause_row, rows), CLAUSE_COLUMNS, as_json=as_json, title="compliance by clause")


CLAUSE_COLUMNS = ("clause", "origin", "met", "late", "open", "ended", "void", "share")


def clause_row(row: reports.Compliance) -> dict[str, Any]:
    """A clause as lists show it."""
    return {**asdict(row), "share": "" if row.share is None else f"{row.share * 100:.1f} %", "clocks": list(row.clocks)}


@sla_commands.command()
def explain(
    number: str,
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
        told = accounts(caseway, case, clock)
        if as_json:
            print_json([telling.plain(account) for account in told])
        else:
            out.print(telling.tables(told, state_of(caseway, case)[1], language))


@sla_commands.command()
def extend(
    number: str, clock: str, by: str, reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Lengthens a running clock, within what its definition allows."""
    with opened(home, database) as caseway:
        ask(caseway, number, ExtendClock(clock, by, reason), user)


# --- messages, incidents, jobs ------------------------------------------------------------------------


@message_commands.command("send")
def send_message(
    name: str, key: str, given: Set = [], data: Data = "",  # noqa: B006  (Typer's own way to say an empty list)
    id: Annotated[str, typer.Option(help="Its id: the same id is taken in once.")] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Takes in a message for whichever case waits for it with that key."""
    with opened(home, database) as caseway:
        sender = acting(caseway, user)
        now = caseway.clock.now()
        refused = caseway.receive(id or new_id(now), name, key, data_of(given, data), f"staff:{sender}")
        if isinstance(refused, Refusal):
            stop(refused.text)
        caseway.sweep()
        row = caseway.connection.one(
            "SELECT state FROM messages WHERE name = ? AND key = ? ORDER BY arrived DESC", (name, key)
        )
        say(f"{name} {key}: {row[0] if row else 'taken in'}")


@message_commands.command("list")
def list_messages(
    state: Annotated[str, typer.Option(help="pending, delivered or undelivered.")] = "",
    limit: int = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
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
        show(rows, columns, as_json=as_json, title="messages", zone=_zone(caseway))


@incident_commands.command("list")
def list_incidents(
    limit: int = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
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
        show(rows, columns, as_json=as_json, title="incidents", zone=_zone(caseway))


@incident_commands.command("retry")
def retry_incident(
    number: str, incident: int, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = ""
) -> None:
    """Runs the step again, after what was wrong has been mended."""
    with opened(home, database) as caseway:
        ask(caseway, number, RetryIncident(incident), user, ground())


@job_commands.command("list")
def list_jobs(limit: int = 50, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
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
        show(rows, columns, as_json=as_json, title="jobs", zone=_zone(caseway))
