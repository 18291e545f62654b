"""Clocks that start by a date in the data: from when they count, also after the date has been corrected (R29).

A run whose deadline has passed stays what it was, breached: no correction undoes that. A clock that runs again, on
something that it `restarts_on`, no longer counts from the date.
"""

from datetime import datetime

from engine.core import commands as c
from engine.core import events as core
from engine.core.commands import Refuse
from engine.core.data import Fault, Names, names
from engine.core.durations import parse_duration
from engine.core.machine import Turn
from engine.core.model import Json
from sla import events as e
from sla.measure import metered, moment_of
from sla.model import Clock, clock_of, clocks_of
from sla.runs import aim, calendar_for, calendar_of, report
from sla.state import ClocksState, Run


def dated(turn: Turn, clock: Clock) -> tuple[datetime | None, str]:
    """From when a clock counts that starts by a date, None while that is not set, and why it is not the date itself:
    never in the future, and not further back than the house allows. Raises Fault where there is no calendar, and
    Refuse if the command itself brought a date that lies too far back."""
    path = clock.start_path
    since = moment_of(_value(names(turn), path), calendar_for(turn, clock)[1])
    if since is None:
        return None, ""
    oldest = clocks_of(turn.process).oldest
    if since > turn.now:
        return turn.now, f"{'.'.join(path)} lies in the future: counted from now"
    if oldest is None or turn.now - since <= oldest:
        return since, ""
    if _given(turn, path):
        field, days = ".".join(path), oldest.days
        text = {
            "zh": f"日期早于可追溯的最长期限（{days} 天）",
            "en": f"The date lies further back than the {days} days allowed",
        }
        en = f"{field}: more than {days} days ago, so clock {clock.name} cannot start"
        raise Refuse("back_dated", f"{field}：早于 {days} 天前，时限 {clock.name} 不能由此起算", en, {field: text})
    return turn.now - oldest, f"{'.'.join(path)} lies further back than {oldest.days} days"


def _given(turn: Turn, path: tuple[str, ...]) -> bool:
    """Whether the command itself brought the date, so that whoever gave it can mend it."""
    match turn.command:
        case c.StartCase(data=data) | c.CompleteTask(data=data) | c.CorrectData(changes=data):
            return path[0] in data
        case _:
            return False


def _value(view: Names, path: tuple[str, ...]) -> Json:
    value: Json = view.get(path[0])
    for name in path[1:]:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def corrected(turn: Turn, event: core.DataCorrected) -> None:
    """Counts the first run of every clock again whose date has been corrected; one that waits to start, from there."""
    clocks: ClocksState = turn.state.clocks
    for clock in clocks_of(turn.process).dated:
        if clock.start_path[0] not in event.after:
            continue
        try:
            since, note = dated(turn, clock)
        except Fault as fault:
            report(turn, clock, 0, str(fault))
            continue
        waits = clocks.deferred.get(clock.name)
        if since is not None and waits is not None and waits.since != since:
            turn.emit(e.ClockDeferred(clock.name, since, turn.now, why=waits.why))
        for number, run in list(clocks.open.items()):
            first = run.clock == clock.name and run.run == 1 and not run.token
            if first and since is not None and since != run.since and not run.passed(turn.now):
                _count_from(turn, number, run, since, note)


def _count_from(turn: Turn, number: int, run: Run, since: datetime, note: str) -> None:
    clock = clock_of(turn.process, run.clock)
    calendar = calendar_of(turn, clock, run)
    due = metered(calendar, since, parse_duration(run.limit), clock.roll, run.more, run.breaks).due
    turn.emit(
        e.ClockRedated(number, clock.name, turn.now, run.since, since, run.deadline, due.at, due.provisional, note)
    )
    aim(turn, number, clock, calendar)
