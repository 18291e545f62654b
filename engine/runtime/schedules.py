"""Cases that start by the clock: `start: {every: quarter}` (R10).

A row per process says when it starts next. Periods of the calendar begin at midnight in the zone of the
process's calendar. What was missed while nothing ran: `skip` lets it go, `once` starts one case for all of
it, `all` one for each.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.core.commands import Request, StartCase
from engine.core.durations import SECONDS, parse_duration
from engine.core.model import Process
from engine.runtime.answers import Accepted, Answer
from engine.runtime.batch import Item, Step
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.runner import Runner
from engine.runtime.tables import micros, moment

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
PERIODS = {"day", "week", *MONTHS}
LATE = timedelta(minutes=10)
"""Under `skip`, a start later than this was missed."""

MOST = 100
"""Starts that are made up for at a time, under `all`."""

ROWS = "SELECT process, due FROM schedules"
ADD = "INSERT INTO schedules (process, due) VALUES (?, ?) ON CONFLICT DO NOTHING"
DROP = "DELETE FROM schedules WHERE process = ?"
MOVE = "UPDATE schedules SET due = ? WHERE process = ? AND due = ?"


def start(
    runner: Runner,
    connection: Connection,
    processes: Iterable[Process],
    calendars: Mapping[str, Any],
    now: datetime,
) -> int:
    """Starts what is due, and keeps the rows in step with the processes in force; returns how many started."""
    periodic = {process.name: process for process in processes if process.start.every}
    rows = {name: moment(due) for name, due in connection.all(ROWS)}
    new = {
        name: following(p.start.every, now, calendars.get(p.calendar))
        for name, p in periodic.items()
        if name not in rows
    }
    gone = rows.keys() - periodic.keys()
    if new or gone:
        runner.write(lambda connection: _keep(connection, new, gone), machine=True)
    started = 0
    for name, due in rows.items():
        if name in periodic and due <= now:
            started += _start(runner, periodic[name], due, calendars, now)
    return started


def _keep(connection: Connection, new: Mapping[str, datetime], gone: Iterable[str]) -> None:
    for name, due in new.items():
        connection.run(ADD, (name, micros(due)))
    for name in gone:
        connection.run(DROP, (name,))


def following(every: str, after: datetime, calendar: Any) -> datetime:
    """The first moment after `after` at which the period starts anew. `every`: day, week, month, quarter,
    half, year (in the calendar's zone), or a duration from `after`."""
    if every not in PERIODS:
        length = parse_duration(every)
        return after + length.span if length.unit in SECONDS else calendar.due(after, length).at
    zone = calendar.zone if calendar is not None else UTC
    today = after.astimezone(zone).date()
    if every in MONTHS:
        count = MONTHS[every]
        month = today.year * 12 + (today.month - 1) // count * count + count
        first = today.replace(year=month // 12, month=month % 12 + 1, day=1)
    else:
        first = today + timedelta(days=1 if every == "day" else 7 - today.weekday())
    return datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


def _start(runner: Runner, process: Process, due: datetime, calendars: Mapping[str, Any], now: datetime) -> int:
    every, calendar = process.start.every, calendars.get(process.calendar)
    missed = [due]
    if every not in PERIODS and (length := parse_duration(every)).unit in SECONDS:
        late = 0 if process.start.missed == "all" else (now - due) // length.span
        missed = [due + late * length.span]  # of a short period there may be too many to go through
    while (after := following(every, missed[-1], calendar)) <= now and len(missed) < MOST:
        missed.append(after)
    starts = {"all": missed, "once": missed[-1:], "skip": missed[-1:] if now - missed[-1] <= LATE else []}
    chosen = starts[process.start.missed]
    if not chosen:
        runner.write(lambda connection: connection.run(MOVE, (micros(after), process.name, micros(due))))
        return 0
    items = [
        _item(process, at, old, new, now)
        for at, old, new in zip(chosen, [due, *chosen[1:]], [*chosen[1:], after], strict=True)
    ]
    return sum(isinstance(answer, Accepted) for answer in runner.submit_items(items, machine=True))


def _item(process: Process, at: datetime, old: datetime, new: datetime, now: datetime) -> Item:
    case = derived_id(at, 0, "schedule", process.name)
    ident = derived_id(at, 1, "schedule", process.name)
    request = Request(ident, case, StartCase(process.name, by="schedule"), "system", now, "schedule")

    def also(answer: Answer) -> Iterable[Step]:
        return [(MOVE, (micros(new), process.name, micros(old)))]

    return Item(request, also)
