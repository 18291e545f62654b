"""The life of a run: it starts (or waits until it can), is held and goes on, and closes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.core import events as core
from engine.core.data import Fault, names
from engine.core.durations import ELAPSED, Calendar, Due, Meter, parse_duration
from engine.core.expressions import EvaluationError, Expression
from engine.core.machine import Turn
from engine.core.state import FlowState
from sla import events as e
from sla.calendar import WHOLE_DAY, WorkCalendar
from sla.ladder import climb, next_point
from sla.measure import meter_of, metered
from sla.model import Clock, calendar_name, clock_of
from sla.pauses import boundary, holding
from sla.state import Break, ClocksState, Deferred, Run, place

PLAIN = WorkCalendar("plain", (), ZoneInfo("UTC"), (WHOLE_DAY,) * 7)
"""What elapsed time is counted on where a process names no calendar."""


def calendar_of(turn: Turn, clock: Clock, run: Run) -> Calendar:
    """The calendar a run counts on. Raises Fault if there is none of that name."""
    return _calendar(turn, calendar_name(turn.process, clock, run.calendar))


def calendar_for(turn: Turn, clock: Clock, token: int = 0) -> tuple[str, Calendar]:
    """The calendar on which a run would count that begins now, with its name. Raises EvaluationError, or Fault if there
    is none of that name."""
    name = calendar_name(turn.process, clock)
    if isinstance(clock.calendar, Expression):
        name = str(clock.calendar.evaluate(names(turn, token)) or name)
    return name, _calendar(turn, name)


def _calendar(turn: Turn, name: str) -> Calendar:
    if not name:
        return PLAIN
    calendar = turn.env.calendars.get(name)
    if calendar is None:
        raise Fault(f"there is no calendar {name!r}", "clock")
    return calendar


def limit_text(turn: Turn, clock: Clock, token: int) -> str:
    """The limit as it stands now. Raises ValueError (EvaluationError is one) or Fault if it cannot be told."""
    limit = clock.limit
    if isinstance(limit, Expression):
        value = limit.evaluate(names(turn, token))
        if value is None:
            raise Fault(f"the limit {limit.source!r} is not set", "clock")
        limit = parse_duration(value)
    if not (clock.calendar or turn.process.calendar) and limit.measure != ELAPSED:
        raise Fault(f"{limit} needs a calendar, and neither the clock nor the process names one", "clock")
    return str(limit)


CANNOT = (Fault, EvaluationError, ValueError)
"""What keeps a limit from being told."""


def applies(turn: Turn, clock: Clock, token: int = 0) -> bool:
    """Whether `when` holds; what reads a field not yet set does not hold yet."""
    if clock.when is None:
        return True
    try:
        return clock.when.test(names(turn, token))
    except EvaluationError:
        return False


def begin(turn: Turn, clock: Clock, since: datetime, *, token: int = 0, note: str = "") -> None:
    """Starts a run that counts from `since`; where it cannot start yet, its start is kept for later (and if
    that is because its limit cannot be told, an incident says so)."""
    clocks: ClocksState = turn.state.clocks
    before = clocks.deferred.get(place(clock.name, token))
    if not applies(turn, clock, token):
        _defer(turn, clock, since, token, before, "")
        return
    try:
        limit, (named, calendar) = limit_text(turn, clock, token), calendar_for(turn, clock, token)
    except CANNOT as error:
        _defer(turn, clock, since, token, before, f"clock {clock.name}: {error}")
        return
    meter = metered(calendar, since, parse_duration(limit), clock.roll, (), ())
    number, run = clocks.seq + 1, clocks.runs.get(clock.name, 0) + 1
    if before is not None and before.why:
        mended(turn, before.why)
    turn.emit(
        e.ClockStarted(
            id=number,
            clock=clock.name,
            run=run,
            at=turn.now,
            since=since,
            limit=limit,
            deadline=meter.due.at,
            calendar=named,
            version=meter.due.version,
            token=token,
            provisional=meter.due.provisional,
            note=note,
            chosen=isinstance(clock.calendar, Expression),
        )
    )
    aim(turn, number, clock, calendar, meter)


def _defer(turn: Turn, clock: Clock, since: datetime, token: int, before: Deferred | None, why: str) -> None:
    if before is None or before.why != why:
        turn.emit(e.ClockDeferred(clock.name, since, turn.now, token, why))
        if before is not None and before.why:
            mended(turn, before.why)
    flow: FlowState = turn.state.flow
    if why and not any(i.text == why for i in flow.incidents.values()):
        report(turn, clock, token, why)


def report(turn: Turn, clock: Clock, token: int, why: str) -> None:
    """Tells an operator what a clock lacks."""
    flow: FlowState = turn.state.flow
    turn.emit(core.IncidentRaised(flow.seq + 1, token, clock.step, "clock", why, turn.now))


def mended(turn: Turn, why: str) -> None:
    """Closes the incident that said so."""
    flow: FlowState = turn.state.flow
    for number in [n for n, i in flow.incidents.items() if i.kind == "clock" and i.text == why]:
        turn.emit(core.IncidentClosed(number, "retried"))


def attend(turn: Turn, number: int, run: Run) -> None:
    """Sees to a run when the command has settled: pauses, then the rungs whose time has come."""
    clock = clock_of(turn.process, run.clock)
    come = run.next is not None and run.next <= turn.now
    if not come and clock.pause is None:
        return
    calendar = calendar_of(turn, clock, run)
    if come:
        follow(turn, number, clock, run, calendar)
    changed = come
    if clock.pause is not None:
        hold = holding(turn, clock.pause, run, calendar)
        if run.paused is None and hold is not None:
            since = max(hold.begin, run.breaks[-1].end or run.since if run.breaks else run.since)
            if since <= run.deadline and (hold.end is None or hold.end > since):
                if come:
                    climb(turn, calendar, clock, number, run, since)
                turn.emit(e.ClockPaused(number, run.clock, since, turn.now, list(hold.by)))
                changed = True
        paused = run.paused
        if paused is not None and (hold is None or hold.end is not None):
            until = turn.now if hold is None or hold.end is None else max(hold.end, paused)
            go_on(turn, number, clock, run, calendar, until)
            changed = True
    if changed:
        climb(turn, calendar, clock, number, run, turn.now)
    if changed or (clock.pause is not None and clock.pause.kind == "dates"):
        aim(turn, number, clock, calendar)


def go_on(turn: Turn, number: int, clock: Clock, run: Run, calendar: Calendar, since: datetime) -> None:
    """Ends the pause; on a newer calendar the deadline is counted again first, as an event of its own (R30)."""
    recount(turn, number, clock, run, calendar, "calendar")
    breaks = [*run.breaks[:-1], Break(run.breaks[-1].begin, since)]
    due = metered(calendar, run.since, parse_duration(run.limit), clock.roll, run.more, breaks).due
    turn.emit(e.ClockResumed(number, run.clock, since, turn.now, due.at, due.provisional))


def recount(turn: Turn, number: int, clock: Clock, run: Run, calendar: Calendar, why: str, limit: str = "") -> None:
    """Counts a run again from its start, if the calendar or the limit is another (R30)."""
    limit = limit or run.limit
    if calendar.version == run.version and limit == run.limit:
        return
    due: Due = metered(calendar, run.since, parse_duration(limit), clock.roll, run.more, run.breaks).due
    turn.emit(
        e.ClockRebased(number, run.clock, turn.now, why, limit, due.version, run.deadline, due.at, due.provisional)
    )


def follow(turn: Turn, number: int, clock: Clock, run: Run, calendar: Calendar) -> None:
    """Has a run follow its calendar. One whose deadline has passed stays what it was, breached (R29): it is only noted
    that it has been held against this version."""
    if run.deadline >= (run.paused or turn.now):
        recount(turn, number, clock, run, calendar, "calendar")
    elif calendar.version != run.version:
        stays = run.deadline
        turn.emit(e.ClockRebased(number, run.clock, turn.now, "calendar", run.limit, calendar.version, stays, stays))


def aim(turn: Turn, number: int, clock: Clock, calendar: Calendar, meter: Meter | None = None) -> None:
    """Sets the run's timer to when it is to be looked at next. `meter` is the run's, if it is at hand."""
    run: Run = turn.state.clocks.open[number]
    rung = next_point(calendar, clock, run, meter or meter_of(calendar, clock, run)) if clock.ladder else None
    dated = boundary(turn, clock.pause, run, calendar)
    due = min((at for at in (rung, dated) if at is not None), default=None)
    if due != run.next:
        turn.emit(e.ClockTimerSet(number, due))


def stop(turn: Turn, number: int, run: Run, by: str) -> None:
    turn.emit(e.ClockStopped(number, run.clock, turn.now, by, run.passed(turn.now)))
    _leave(turn, number, run)


def close(turn: Turn, number: int, run: Run, status: str, by: str) -> None:
    turn.emit(e.ClockClosed(number, run.clock, turn.now, status, by, run.passed(turn.now)))
    if status != "void":
        _leave(turn, number, run)


def _leave(turn: Turn, number: int, run: Run) -> None:
    """What has closed late stays known until somebody has said why."""
    if run.known is None and run.passed(turn.now):
        turn.emit(e.BreachLeft(number, run.clock, run.run, turn.now))
