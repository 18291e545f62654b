"""What becomes of clocks when a case goes over to another version (`engine.core.migration`).

A run keeps its limit and its deadline, unless a rule says that it is counted again from its start by the new version
(`rebase`), or anew from now (`restart`). A breach is never undone: a run whose deadline has passed keeps it (R29).
Rungs are known again by their points, so none fires twice; what the new ladder has beside them fires when its moment
comes, or has come. A clock that only the new version has starts with the marks to come; with `start`, also with one
that the case has passed.
"""

from collections.abc import Mapping
from datetime import datetime

from engine.core import events as core
from engine.core.commands import MigrateCase, Refuse
from engine.core.durations import parse_duration
from engine.core.expressions import Expression
from engine.core.machine import Turn
from engine.core.migration import Migration, migration_of
from engine.core.model import Process
from engine.core.state import CLOSING, FlowState
from sla import events as e
from sla.measure import metered
from sla.model import Clock, calendar_name, clocks_of, find_clock, limit_of
from sla.redate import dated
from sla.runs import CANNOT, aim, applies, begin, calendar_of, close, go_on, limit_text
from sla.state import ClocksState, Deferred, Run, place

MIGRATION = "migration"
"""By what a run is closed that the new version does not go on with."""


def authorise(turn: Turn, command: MigrateCase) -> None:
    """Notes which clocks stop the case."""
    if turn.state.flow.status not in ("open", "suspended"):
        return
    made, clocks = migration_of(turn), turn.state.clocks
    for run in clocks.open.values():
        if made.kept(run.token):
            _goes_on(made, run)
    for name, rule in command.rules.clocks.items():
        if rule.how == "start" and find_clock(made.new, rule.to or name) is None:
            zh, en = f"新版本没有时限 {rule.to or name}", f"the new version has no clock {rule.to or name}"
            made.stop(f"clock {name}", f"{zh}：请更正迁移文件", f"{en}: mend the migration")


def _name(made: Migration, run: Run) -> str:
    """What the new version calls the clock; a step's limit goes with its step."""
    rule = made.clock(run.clock)
    return made.fates[run.token].to if run.token and not rule.to else rule.to or run.clock


def _goes_on(made: Migration, run: Run) -> None:
    rule, name = made.clock(run.clock), _name(made, run)
    if rule.how == "drop":
        return
    old, new = find_clock(made.old, run.clock), find_clock(made.new, name)
    if new is None or bool(new.step) != bool(run.token):
        zh = f"新版本没有时限 {name}：请在 clocks 中写明 {{to: 其他时限}}，或 drop"
        en = f"the new version has no clock {name}: say under clocks which one it becomes, or drop it"
        made.stop(f"clock {run.clock}", zh, en)
    elif old is not None and rule.how in ("keep", "rebase") and _chooses(old) != _chooses(new) and _chooses(new):
        zh = f"时限 {run.clock} 在新版本中由数据选定日历：请写明 restart"
        en = f"in the new version the data choose the calendar of clock {run.clock}: say restart"
        made.stop(f"clock {run.clock}", zh, en)
    elif rule.how == "keep" and old is not None and _counts(made.old, old) != _counts(made.new, new):
        zh = f"时限 {run.clock} 在新版本中按别的日历或顺延规则计算：请写明 rebase 或 restart"
        en = f"clock {run.clock} counts on another calendar, or rolls otherwise: say rebase or restart"
        made.stop(f"clock {run.clock}", zh, en)


def _counts(process: Process, clock: Clock) -> tuple[str, bool]:
    return _chooses(clock) or calendar_name(process, clock), clock.roll


def _chooses(clock: Clock) -> str:
    """By what the data choose its calendar; "" where they do not."""
    return clock.calendar.source if isinstance(clock.calendar, Expression) else ""


# --- what is done ---------------------------------------------------------------------------------------


def migrated(turn: Turn, event: core.CaseMigrated) -> None:
    made, clocks = migration_of(turn), turn.state.clocks
    before = {n: (find_clock(made.old, run.clock), made.clock(run.clock).how) for n, run in clocks.open.items()}
    names = {
        number: _name(made, run)
        for number, run in clocks.open.items()
        if made.kept(run.token) and before[number][1] != "drop"
    }
    turn.emit(_renamed(made, clocks, names))
    for number, run in list(clocks.open.items()):
        old, how = before[number]
        if made.kept(run.token):
            _carry(turn, number, run, old, how)
    for name, rule in made.command.rules.clocks.items():
        if rule.how == "start":
            _start(turn, made, rule.to or name)


def _renamed(made: Migration, clocks: ClocksState, names: Mapping[int, str]) -> e.ClocksMigrated:
    """Runs, counts of runs and what waits to start, by the names of the new version."""
    counted = {
        name: made.clock(name).to or (name if find_clock(made.old, name) is None else _counted(made, name))
        for name in clocks.runs
    }
    waiting: dict[str, str] = {}
    for key, one in clocks.deferred.items():
        name = made.clock(one.clock).to or _counted(made, one.clock)
        stays = made.clock(one.clock).how != "drop" and find_clock(made.new, name) is not None
        waiting[key] = name if stays and made.kept(one.token) else ""
    return e.ClocksMigrated(
        {n: name for n, name in names.items() if clocks.open[n].clock != name},
        {name: now for name, now in counted.items() if now != name},
        {key: name for key, name in waiting.items() if key != place(name, clocks.deferred[key].token)},
    )


def _counted(made: Migration, name: str) -> str:
    """A limit is called as its step is."""
    limit = limit_of(made.old, name) is not None
    return (made.renamed(name) or name) if limit and name not in clocks_of(made.old).by_name else name


def _carry(turn: Turn, number: int, run: Run, old: Clock | None, how: str) -> None:
    """One run into the new version."""
    if how == "drop":
        close(turn, number, run, "void", MIGRATION)
        return
    clock = find_clock(turn.process, run.clock)
    assert clock is not None
    if how == "restart":
        token = run.token
        close(turn, number, run, "void", MIGRATION)
        begin(turn, clock, turn.now, token=token)
        return
    calendar = calendar_of(turn, clock, run)
    limit, deadline, version, provisional = run.limit, run.deadline, run.version, run.provisional
    if how == "rebase" and not run.passed(turn.now):
        try:
            limit = limit_text(turn, clock, run.token)
            due = metered(calendar, run.since, parse_duration(limit), clock.roll, run.more, run.breaks).due
        except CANNOT as error:
            zh = f"时限 {clock.name} 无法重新计算：{error}"
            raise Refuse("migration", zh, f"clock {clock.name} cannot be counted again: {error}") from error
        deadline, version, provisional = due.at, due.version, due.provisional
    rungs = _rungs(old, clock, run)
    fired = {new: run.fired[before] for before, new in rungs.items()}
    turn.emit(
        e.ClockMigrated(
            number, clock.name, turn.now, how, limit, version, run.deadline, deadline, provisional, fired, rungs
        )
    )  # fmt: skip
    if clock.when is not None and not applies(turn, clock, run.token):
        close(turn, number, run, "void", "when")
        turn.emit(e.ClockDeferred(clock.name, run.since, turn.now, run.token))
        return
    if run.paused is not None and clock.pause is None:
        go_on(turn, number, clock, run, calendar, turn.now)
    aim(turn, number, clock, calendar)


def _rungs(old: Clock | None, new: Clock, run: Run) -> dict[int, int]:
    """Which rung of the new ladder each is that has fired: those of one point are the same, in their order."""
    found: dict[int, int] = {}
    free = {number: rung.at for number, rung in enumerate(new.ladder)}
    for number in sorted(run.fired):
        at = old.ladder[number].at if old is not None and number < len(old.ladder) else ""
        same = next((n for n, other in free.items() if other == at), None)
        if same is not None:
            found[number] = same
            del free[same]
    return found


def _start(turn: Turn, made: Migration, name: str) -> None:
    """A clock that only the new version has, from the mark that the case has passed; a step's limit from now."""
    clocks: ClocksState = turn.state.clocks
    flow: FlowState = turn.state.flow
    clock = find_clock(turn.process, name)
    assert clock is not None
    if clock.step:
        counted = {run.token for run in clocks.open.values()} | {one.token for one in clocks.deferred.values()}
        for number, token in list(flow.tokens.items()):
            if token.at == clock.step and number not in counted and token.phase != CLOSING:
                begin(turn, clock, turn.now, token=number)
        return
    since = _passed(turn, clock)
    if since is not None and not clocks.begun(clock.name):
        begin(turn, clock, since, note=MIGRATION)


def _passed(turn: Turn, clock: Clock) -> datetime | None:
    """When the mark was passed that the clock starts with; None if it was not."""
    flow: FlowState = turn.state.flow
    kind, name = clock.start
    if kind == "case":
        return flow.started
    if kind == "date":
        return dated(turn, clock)[0]
    if kind == "milestone":
        return flow.milestones.get(name)
    return turn.now if any(token.at == name for token in flow.tokens.values()) else None


# --- how it is kept -------------------------------------------------------------------------------------


def renamed(clocks: ClocksState, event: e.ClocksMigrated) -> None:
    for number, name in event.open.items():
        clocks.open[number].clock = name
    counts: dict[str, int] = {}
    for name, count in clocks.runs.items():
        now = event.runs.get(name, name)
        counts[now] = max(count, counts.get(now, 0))
    clocks.runs = counts
    waiting: dict[str, Deferred] = {}
    for key, one in clocks.deferred.items():
        name = event.deferred.get(key, one.clock)
        if name:
            waiting[place(name, one.token)] = Deferred(name, one.since, one.token, one.why)
    clocks.deferred = waiting


def carried(clocks: ClocksState, event: e.ClockMigrated) -> None:
    run = clocks.open[event.id]
    run.limit, run.deadline, run.provisional = event.limit, event.deadline, event.provisional
    run.version, run.fired = event.version, dict(event.fired)


def left_behind(clocks: ClocksState, event: core.CaseMigrated) -> None:
    """Runs closed before have their rows, which speak of the version that they ran in."""
    clocks.closed = {}
