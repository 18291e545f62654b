"""A case goes over to another version of its process: the flow's part, all or nothing.

Theory of operation. `engine.core.migration` has worked out where everything goes and refuses what cannot. Here that
is carried out as events: what is dropped is taken away while the old version still counts; `CaseMigrated` names the
version from which on the turn's process is the new one; tokens are mapped, data changed, timers and waits numbered by
the new version's handlers, and its further handlers armed; last, what is placed anew runs. Timers keep their moments.
The slices of work and of clocks answer `CaseMigrated` with what becomes of theirs.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from engine.core import events as e
from engine.core.asked import given_reason, open_case
from engine.core.commands import MigrateCase, Refuse
from engine.core.data import names, opened, write
from engine.core.expressions import EvaluationError, Expression, ExpressionError, compile_expression
from engine.core.firing import trigger_at
from engine.core.kinds import TEXT
from engine.core.machine import Turn
from engine.core.migration import AGAIN, DROP, KEEP, Migration, migration_of
from engine.core.model import Catch, Handler, Json, Process, Race
from engine.core.moves import FAULTS, advance, cancel, children, follow
from engine.core.state import CLOSING, WAITING, FlowState
from engine.core.values import ValueProblem, normalise
from engine.core.waiting import Planned, arm, key_of, plan_one

_MICROSECOND = timedelta(microseconds=1)
_FURTHER = {"number": TEXT, "starter": TEXT, "owner": TEXT}
"""What an expression of a migration may read beside the data."""


def migrate(turn: Turn, command: MigrateCase) -> None:
    flow, reason = open_case(turn), given_reason(command.reason)
    if command.proposed_by == turn.request.actor:
        raise Refuse("four_eyes", "迁移须由提议人以外的人批准", "somebody other than who proposed it approves this")
    made = migration_of(turn)
    changes = _data(turn, made)
    if made.stops:
        where = "; ".join(made.stops)
        raise Refuse("migration", f"案件无法迁移：{where}", f"the case cannot be migrated: {where}", made.stops)
    watches, places = _watches(made), {n: _handlers_before(made, n) for n in made.hosts()}
    fired = [place for place in (made.place(0, index) for index in flow.fired) if place is not None]
    anew = [(flow.tokens[number], fate.to) for number, fate in made.fates.items() if fate.how == AGAIN]
    idle = _take_away(turn, made)
    turn.emit(
        e.CaseMigrated(
            flow.version, made.new.version, turn.request.actor, turn.now, reason, command.proposed_by,
            _steps(made), watches, fired,
        )
    )  # fmt: skip
    turn.process = made.new
    _place(turn, made, places)
    gone = [name for name in (*command.rules.data.rename, *command.rules.data.drop) if name in flow.data]
    if gone:
        turn.emit(e.DataDropped(gone))
    try:
        write(turn, 0, changes)
        _arm(turn, made, places)
    except FAULTS as fault:
        raise Refuse("migration", f"案件无法迁移：{fault}", f"the case cannot be migrated: {fault}") from fault
    for token, target in anew:
        follow(turn, token, target)
    turn.ready.extend(idle)
    advance(turn)


def _steps(made: Migration) -> dict[str, str]:
    found = {id: made.renamed(id) or "" for id in made.old.nodes}
    return {id: name for id, name in found.items() if name != id}


def _take_away(turn: Turn, made: Migration) -> list[int]:
    """Takes away what is dropped or placed anew. Returns hosts whose own work was done and that wait no longer."""
    flow: FlowState = turn.state.flow
    for number, fate in made.fates.items():
        if fate.how in (DROP, AGAIN):
            cancel(turn, number, cause="migration")
    closing = (n for n, t in flow.tokens.items() if t.phase == CLOSING and flow.status == "open")
    stuck = {incident.token for incident in flow.incidents.values()}
    return [n for n in closing if not children(flow, n) and n not in stuck]


# --- data -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def expression_of(process: Process, source: str) -> Expression:
    """An expression of a migration file, over the names of the version that is left. Raises ExpressionError."""
    return compile_expression(source, {**_FURTHER, **process.names})


def _data(turn: Turn, made: Migration) -> dict[str, Json]:
    """What is written into the data; what cannot be stops the case. Every value is read as it was before."""
    flow, rules, view = made.flow, made.command.rules.data, names(turn)
    changes: dict[str, Json] = {}
    for name, source in rules.set.items():
        try:
            changes[name] = expression_of(made.old, source).json(view)
        except (ExpressionError, EvaluationError) as error:
            zh = f"{source} 无法得出：{error}：请更正迁移文件或案件资料"
            made.stop(f"data {name}", zh, f"{source} cannot be told: {error}: mend the migration or the case's data")
    for before, after in rules.rename.items():
        if before in flow.data:
            changes[after] = view.get(before)
    leaving = {*rules.rename, *rules.drop}
    for name, value in flow.data.items():
        kept = name in made.new.names and name not in changes and name not in leaving
        if kept and made.old.names.get(name) != made.new.names[name]:
            changes[name] = opened(turn, name, value)
    return {name: _fitting(made, name, value) for name, value in changes.items()}


def _fitting(made: Migration, name: str, value: Json) -> Json:
    kind = made.new.names.get(name)
    if kind is None:
        zh, en = f"新版本没有资料项 {name}：请更正迁移文件", f"the new version has no field {name}: mend the migration"
        made.stop(f"data {name}", zh, en)
        return None
    try:
        return normalise(value, kind)
    except ValueProblem as problem:
        zh = f"{name} 的值不符合新版本：请在 data 中 set 或 drop"
        en = f"what {name} holds does not fit the new version ({problem.message}): set or drop it under data"
        made.stop(f"data {name}", zh, en)
        return None


# --- what tokens wait for -------------------------------------------------------------------------------

_Before = Mapping[int, int | None]
"""For each handler or own trigger of a host, as the old version numbers it: how the new one does."""


def _handlers_before(made: Migration, number: int) -> _Before:
    indexes = list(range(1, len(made.handlers(number)[0]) + 1))
    if number:
        own = len(made.options(number)[0])
        indexes += range(-own, 0) if made.racing(number) else range(-own + 1, 1)
    return {index: made.place(number, index) for index in indexes}


def _watches(made: Migration) -> dict[str, str]:
    found = {}
    for watch in made.flow.truths:
        host, index = map(int, watch.split("."))
        place = made.place(host, index) if made.kept(host) else None
        after = "" if place is None else f"{host}.{place}"
        if after != watch:
            found[watch] = after
    return found


def _place(turn: Turn, made: Migration, places: Mapping[int, _Before]) -> None:
    """Tokens at their steps of the new version, their timers under its numbers; those it has no handler for go."""
    flow: FlowState = turn.state.flow
    for number, fate in made.fates.items():
        token = flow.tokens.get(number)
        if token is not None and fate.how == KEEP and (token.at, token.body) != (fate.to, fate.body):
            turn.emit(e.TokenMapped(number, token.at, fate.to, fate.body))
    for number, timer in list(flow.timers.items()):
        place = places[timer.token].get(timer.handler)
        if place is None:
            turn.emit(e.TimerCleared(number))
        elif place != timer.handler:
            turn.emit(e.TimerSet(number, timer.token, timer.due, place, timer.fired))
            if timer.left is not None:
                turn.emit(e.TimerHeld(number, timer.left))


def _arm(turn: Turn, made: Migration, places: Mapping[int, _Before]) -> None:
    """Waits under their new numbers and keys, and the triggers that only the new version has. Raises Fault."""
    flow: FlowState = turn.state.flow
    for number, wait in list(flow.waits.items()):
        place = places[wait.token].get(wait.handler)
        if place is None:
            turn.emit(e.WaitClosed(number))
            continue
        trigger = trigger_at(turn, wait.token, place)
        key = "" if trigger.key is None else key_of(trigger.key, turn, wait.token)
        if place != wait.handler or key != wait.key:
            turn.emit(e.WaitClosed(number))
            turn.emit(e.WaitOpened(flow.seq + 1, wait.token, wait.kind, wait.name, key, place))
    before = set(flow.timers)
    for host, known in places.items():
        if host not in flow.tokens and host:
            continue
        armed = {place for place in known.values() if place is not None}
        arm(turn, _further(turn, made, host, armed))
    if flow.status == "suspended":
        for number in [n for n in flow.timers if n not in before]:
            turn.emit(e.TimerHeld(number, max(0, (flow.timers[number].due - turn.now) // _MICROSECOND)))


def _further(turn: Turn, made: Migration, host: int, armed: set[int]) -> Planned:
    """What arms the triggers of a host that are not armed yet; a host that has not run arms them when it does."""
    token = turn.state.flow.tokens[host] if host else None
    plans = []
    if token is None or token.phase == WAITING or (token.armed and token.phase != CLOSING):
        plans += [plan_one(turn, host, n, h.trigger) for n, h in _numbered(made, host) if n not in armed]
    if token is not None and token.phase == WAITING:
        spec = made.new.nodes[token.at].spec
        if isinstance(spec, Catch) and 0 not in armed:
            plans.append(plan_one(turn, host, 0, spec.trigger))
        elif isinstance(spec, Race):
            options = enumerate(spec.options, 1)
            plans += [plan_one(turn, host, -n, one.trigger) for n, one in options if -n not in armed]
    return tuple(plan for plan in plans if plan is not None)


def _numbered(made: Migration, host: int) -> list[tuple[int, Handler]]:
    handlers = made.new.nodes[made.fates[host].to].handlers if host else made.new.handlers
    return list(enumerate(handlers, 1))
