"""Rungs that have come: which they are, and their acts.

Each rung, and each repeat of it, fires once ever in a run: `fired` counts the times that are past, whether
each made its own event or several that were late were taken together. Of several rungs that come at once the
acts are carried out in order, but only the latest notice goes out (R29).
"""

from datetime import datetime

from engine.core import events as core
from engine.core.data import Names, names
from engine.core.durations import Calendar, Meter
from engine.core.expressions import EvaluationError, Expression
from engine.core.machine import Turn
from engine.core.model import Json
from engine.core.state import FlowState
from engine.core.values import moment
from sla.events import RungFired
from sla.measure import Point, latest, meter_of, point
from sla.model import Act, Clock, Message, Notice, OtherAct, Signal
from sla.state import Run


def next_point(calendar: Calendar, clock: Clock, run: Run, meter: Meter) -> datetime | None:
    """When the ladder comes next."""
    coming = (point(calendar, clock, run, meter, index) for index in range(len(clock.ladder)))
    return min((found.due for found in coming if found is not None), default=None)


def climb(turn: Turn, calendar: Calendar, clock: Clock, number: int, run: Run, until: datetime) -> None:
    """Fires every rung that has come by `until`, oldest first, and has its acts carried out."""
    meter = meter_of(calendar, clock, run)
    found = (point(calendar, clock, run, meter, index) for index in range(len(clock.ladder)))
    come = sorted((p for p in found if p is not None and p.due <= until), key=lambda p: (p.due, p.rung))
    notice: tuple[Point, Notice] | None = None
    for first in come:
        last = latest(calendar, clock.ladder[first.rung], first, until)
        missed = last.repeat - first.repeat
        turn.emit(RungFired(number, run.clock, first.rung, last.repeat, last.due, turn.now, missed))
        for act in clock.ladder[first.rung].acts:
            if isinstance(act, Notice):
                notice = (last, act)
            else:
                _carry_out(turn, clock, number, run, last, act)
    if notice is not None:
        _carry_out(turn, clock, number, run, *notice)


def _carry_out(turn: Turn, clock: Clock, number: int, run: Run, at: Point, act: Act) -> None:
    """One act; what cannot be worked out becomes an incident, and the other acts go on."""
    view = names(turn, run.token if run.token in turn.state.flow.tokens else 0)
    try:
        event = _event(turn, clock, run, at, act, view)
    except EvaluationError as error:
        flow: FlowState = turn.state.flow
        text = f"clock {clock.name}, rung {clock.ladder[at.rung].at}: {error}"
        event = core.IncidentRaised(flow.seq + 1, 0, clock.step, "clock", text, turn.now)
    turn.emit(event)


def _event(turn: Turn, clock: Clock, run: Run, at: Point, act: Act, view: Names) -> core.Event:
    source = f"{clock.name}/{at.rung}"
    id = f"{turn.request.id}.{len(turn.events)}"
    match act:
        case Notice():
            facts = _facts(turn, clock, run, at) | {n: x.json(view) for n, x in act.facts.items()}
            return core.NoticeRequested(id, _addressees(turn, run, act, view), act.template, facts, turn.now, source)
        case Message():
            payload = {name: value.json(view) for name, value in act.payload.items()}
            return core.MessageSent(id, act.message, _key(turn, act.key, view), payload)
        case Signal():
            return core.SignalSent(id, act.signal, _key(turn, act.key, view))
        case OtherAct():
            args = {n: v.json(view) if isinstance(v, Expression) else v for n, v in act.args.items()}
            return core.ActRequested(act.act, args, source)


def _key(turn: Turn, key: Expression | None, view: Names) -> str:
    if key is None:
        return str(turn.state.flow.number)
    value = key.evaluate(view)
    if value is None:
        raise EvaluationError(f"the key {key.source!r} is not set")
    return str(value)


def _facts(turn: Turn, clock: Clock, run: Run, at: Point) -> dict[str, Json]:
    """What every notice of a ladder can tell."""
    return {
        "clock": clock.name,
        "clock_title": dict(clock.title),
        "clauses": list(clock.clauses),
        "origin": clock.origin,
        "limit": run.limit,
        "since": moment(run.since),
        "deadline": moment(run.deadline),
        "provisional": run.provisional,
        "breached": run.passed(turn.now),
        "rung": clock.ladder[at.rung].at,
        "repeat": at.repeat,
        "number": turn.state.flow.number,
    }


def _addressees(turn: Turn, run: Run, notice: Notice, view: Names) -> list[str]:
    """Owner and holders become names. Where that leaves nobody, the words stay as written, so that delivery
    can report that nobody was reached."""
    to: list[str] = []
    for one in notice.to:
        if isinstance(one, Expression):
            found = one.json(view)
            to.extend(str(name) for name in (found if isinstance(found, list) else [found] if found else []))
        elif one == "owner":
            owner = view.get("owner")
            to.extend([f"user.{owner}"] if owner else [])
        elif one == "holder":
            to.extend(_holders(turn, run))
        else:
            to.append(one)
    return list(dict.fromkeys(to)) or [one for one in notice.to if isinstance(one, str)]


def _holders(turn: Turn, run: Run) -> list[str]:
    """Who has the task of the activation, or, for a clock of the case, the open tasks: who holds it or is meant
    to, else the queue it lies in."""
    tasks = getattr(getattr(turn.state, "work", None), "tasks", {})
    open_ = [tasks[run.token]] if run.token in tasks else [] if run.token else tasks.values()
    who = ((task.holder or task.assignee, task.queue) for task in open_)
    return [f"user.{user}" if user else f"queue.{queue}" for user, queue in who if user or queue]
