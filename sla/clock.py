"""The clocks slice: when runs start, pause, go on, stop, and how they are extended and counted again (R27-R30).

Theory of operation
-------------------
Marks in the flow (a milestone, a step entered or left, an end, the case itself) start, stop and restart runs
as the events come. A start by a date in the data, `when` and a computed limit follow the data. What depends
on where tokens stand, pauses, is looked at when the command has settled (R28), and so is time: a run whose
`next` has come fires its rungs then. So a command of a person, coming first, sees to them as well, and the
timer that comes after it finds nothing left to do.

`next` is the run's one timer: the next rung, or the next of the dates between which it is held. The row of
the timer is a projection of it; `FireTimer` with slice "clocks" only checks that it is still the one awaited.

Once its deadline has passed a run is breached for good: it no longer pauses, cannot be extended, and keeps its
limit whatever becomes of the data.

A clock whose `when` comes to hold late counts from its start all the same. Where the case stood until then was
not watched for it, so pauses by steps from before are not taken off (those by dates are): the strict side. For
the same reason a pause that has ended is not shortened when the date of its end is corrected, only lengthened.
"""

from datetime import datetime

from engine.core import commands as c
from engine.core import events as core
from engine.core.commands import Refuse
from engine.core.expressions import Expression
from engine.core.machine import Slice, Turn
from engine.core.state import FAILED, FlowState
from sla import events as e
from sla import migrating
from sla.amend import acknowledge, extend, rebase
from sla.model import CASE, Clock, Mark, clock_of, clocks_of, limit_of
from sla.redate import corrected, dated
from sla.runs import (
    CANNOT,
    aim,
    applies,
    attend,
    begin,
    calendar_of,
    close,
    limit_text,
    recount,
    report,
    stop,
)  # fmt: skip
from sla.state import APPLY, ClocksState, Run

# --- marks ----------------------------------------------------------------------------------------


def _case_started(turn: Turn, event: core.CaseStarted) -> None:
    _start(turn, CASE, event.at)


def _milestone(turn: Turn, event: core.MilestoneReached) -> None:
    _reached(turn, ("milestone", event.name), event.at)


def _end_reached(turn: Turn, event: core.EndReached) -> None:
    _reached(turn, ("end", event.name), event.at)


def _step_entered(turn: Turn, event: core.StepEntered) -> None:
    """A clock that starts from a step starts when it is entered; one that restarts on it, likewise."""
    own = limit_of(turn.process, event.step)
    if own is not None:
        begin(turn, own, event.at, token=event.token)
    known = clocks_of(turn.process)
    if known.starts or known.restarts:
        _start(turn, ("step", event.step), event.at)


def _step_done(turn: Turn, event: core.StepLeft | core.StepClosing) -> None:
    """A clock until a step runs until its work is done, whatever its handlers still do beside it. A step that
    an error has ended was not done."""
    clocks: ClocksState = turn.state.clocks
    if not clocks.open and not clocks.deferred:
        return
    if event.outcome == FAILED:
        for number, run in _open(clocks, token=event.token):
            close(turn, number, run, "unmet", event.step)
        return
    for number, run in _open(clocks, token=event.token):
        stop(turn, number, run, f"step.{event.step}")
    _stop(turn, ("step", event.step))


def _step_cancelled(turn: Turn, event: core.StepCancelled) -> None:
    clocks: ClocksState = turn.state.clocks
    for number, run in _open(clocks, token=event.token):
        close(turn, number, run, "unmet", event.cause or event.step)


def _case_ended(turn: Turn, event: core.CaseEnded) -> None:
    clocks: ClocksState = turn.state.clocks
    end = e.CANCELLED if event.cancelled else event.end
    for number, run in list(clocks.open.items()):
        void = end in clock_of(turn.process, run.clock).void_on
        close(turn, number, run, "void" if void else "unmet", end)


def _reached(turn: Turn, mark: Mark, at: datetime) -> None:
    _stop(turn, mark)
    _start(turn, mark, at)


def _stop(turn: Turn, mark: Mark) -> None:
    clocks: ClocksState = turn.state.clocks
    for clock in clocks_of(turn.process).stops.get(mark, ()):
        for number, run in _open(clocks, clock=clock.name):
            stop(turn, number, run, ".".join(mark))
        if clock.name in clocks.deferred:
            turn.emit(e.ClockDropped(clock.name, turn.now, ".".join(mark)))


def _start(turn: Turn, mark: Mark, at: datetime) -> None:
    """A clock starts once; after that only what it `restarts_on` starts a run again, if none is open."""
    clocks: ClocksState = turn.state.clocks
    known = clocks_of(turn.process)
    for clock in known.restarts.get(mark, ()):
        if clock.name in clocks.runs and not any(_open(clocks, clock=clock.name)):
            begin(turn, clock, at)
    for clock in known.starts.get(mark, ()):
        if not clocks.begun(clock.name):
            begin(turn, clock, at)


def _open(clocks: ClocksState, *, clock: str = "", token: int = 0) -> list[tuple[int, Run]]:
    """The open runs of a clock of the case, or of an activation."""
    return [(n, r) for n, r in clocks.open.items() if (r.token == token if token else r.clock == clock)]


# --- data -----------------------------------------------------------------------------------------


def _data_changed(turn: Turn, event: core.DataChanged) -> None:
    """Starts by a date, `when` that comes or ceases to hold, limits that become another."""
    clocks: ClocksState = turn.state.clocks
    dated = clocks_of(turn.process).dated
    if not dated and not clocks.open and not clocks.deferred:
        return
    changed = {path.partition(".")[0] for path in event.changes}
    for clock in dated:
        if clock.start_path[0] in changed and not clocks.begun(clock.name):
            _start_by_date(turn, clock)
    for number, run in list(clocks.open.items()):
        clock = clock_of(turn.process, run.clock)
        if clock.when is not None and clock.when.reads & changed and not applies(turn, clock, run.token):
            close(turn, number, run, "void", "when")
            turn.emit(e.ClockDeferred(clock.name, run.since, turn.now, run.token))
        elif isinstance(clock.limit, Expression) and clock.limit.reads & changed:
            _limit_changed(turn, number, clock, run)
    _try_again(turn)


def _start_by_date(turn: Turn, clock: Clock) -> None:
    since, note = dated(turn, clock)
    if since is not None:
        begin(turn, clock, since, note=note)


def _limit_changed(turn: Turn, number: int, clock: Clock, run: Run) -> None:
    """A limit that can no longer be told stays as it was, and an incident says so. So does one that has passed:
    a limit that becomes longer afterwards does not undo the breach (R29)."""
    if run.passed(turn.now):
        return
    try:
        limit = limit_text(turn, clock, run.token)
    except CANNOT as error:
        report(turn, clock, run.token, f"clock {clock.name} keeps its {run.limit}: {error}")
        return
    calendar = calendar_of(turn, clock, run)
    recount(turn, number, clock, run, calendar, "limit", limit)
    aim(turn, number, clock, calendar)


def _try_again(turn: Turn) -> None:
    clocks: ClocksState = turn.state.clocks
    for deferred in list(clocks.deferred.values()):
        begin(turn, clock_of(turn.process, deferred.clock), deferred.since, token=deferred.token)


def _incident_closed(turn: Turn, event: core.IncidentClosed) -> None:
    """Somebody has mended something: deferred clocks get another try."""
    if event.how == "retried":
        _try_again(turn)


# --- time -----------------------------------------------------------------------------------------


def _fire_timer(turn: Turn, command: c.FireTimer) -> None:
    """Its rungs fire when the command settles. Raises Refuse if the clock awaits another time by now."""
    if command.slice != CLOCKS.name:
        return
    flow: FlowState = turn.state.flow
    run = turn.state.clocks.open.get(command.timer)
    if run is None or run.next != command.due:
        en = f"clock timer {command.timer} of case {flow.number} is no longer set for {command.due}"
        raise Refuse("stale", f"案件 {flow.number} 的时限 {command.timer} 已不再等待这一时刻", en)


def _settle(turn: Turn) -> None:
    clocks: ClocksState = turn.state.clocks
    for number, run in list(clocks.open.items()):
        attend(turn, number, run)


CLOCKS = Slice(
    name="clocks",
    state=ClocksState,
    apply={
        **APPLY,
        core.CaseMigrated: migrating.left_behind,
        e.ClocksMigrated: migrating.renamed,
        e.ClockMigrated: migrating.carried,
    },
    authorise={c.MigrateCase: migrating.authorise},
    decide={
        c.FireTimer: _fire_timer,
        e.ExtendClock: extend,
        e.RebaseClocks: rebase,
        e.AcknowledgeBreach: acknowledge,
    },
    react={
        core.CaseStarted: _case_started,
        core.MilestoneReached: _milestone,
        core.EndReached: _end_reached,
        core.StepEntered: _step_entered,
        core.StepClosing: _step_done,
        core.StepLeft: _step_done,
        core.StepCancelled: _step_cancelled,
        core.CaseEnded: _case_ended,
        core.DataChanged: _data_changed,
        core.DataCorrected: corrected,
        core.IncidentClosed: _incident_closed,
        core.CaseMigrated: migrating.migrated,
    },
    settle=_settle,
)
