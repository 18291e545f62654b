"""The clocks of a case derived anew from its history, and where that differs from what the case keeps.

Theory of operation. What happened in the flow (steps, milestones, data, ends) and what people decided of clocks (more
time, why one is late) is taken from history, command by command; what clocks made of it is left out, and counted again
by the same functions that count when a case runs, on the calendars in force. Acts of rungs are not carried out again:
which rungs ought to have fired is asked of each run. So a difference shows a calendar that has changed since, a way of
counting that has, or a fault; nothing is written. Where a case went over to another version, clocks go on as the
migration left them, for it was decided then what becomes of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from engine.core import events as core
from engine.core.commands import Request
from engine.core.env import Env
from engine.core.events import Event
from engine.core.machine import Machine, Turn
from engine.core.model import Process
from sla import events as e
from sla.amend import lengthen
from sla.clock import CLOCKS
from sla.measure import latest, meter_of, point
from sla.model import PART, Clock, Clocks, clocks_of, find_clock
from sla.runs import calendar_of
from sla.state import ClocksState, Closed, Run

LEEWAY = timedelta(minutes=5)
"""A rung that came so shortly before its run closed, or before now, may not have been seen to in time."""

_OWN = frozenset(kind for kind in CLOCKS.apply if kind.__module__ == e.__name__)
_NOBODY = Request("rebuild", "", e.RebaseClocks("", ""), "", datetime.min.replace(tzinfo=UTC))
Key = tuple[str, int]
"""A run: its clock, and which run of it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """what: since | limit | deadline | status | breached | rung, or run where only one of both has it. `kept` is what
    the case has, None for nothing; `anew` what follows from its history. why: `calendar`, where that has changed since
    the run was counted; else ""."""

    clock: str
    run: int
    what: str
    kept: Any
    anew: Any
    why: str = ""


@dataclass(slots=True)
class _Seen:
    """Every run there was, as it stood last."""

    runs: dict[Key, Closed | Run] = field(default_factory=dict)
    moved: set[Key] = field(default_factory=set)  # those whose calendar changed while they ran

    def look(self, clocks: ClocksState) -> None:
        for closed in clocks.closed.values():
            self.runs[closed.run.clock, closed.run.run] = closed
        for run in clocks.open.values():
            self.runs[run.clock, run.run] = run

    def note(self, event: Event, clocks: ClocksState) -> None:
        if isinstance(event, e.ClockRebased) and event.why == "calendar" and event.id in clocks.open:
            run = clocks.open[event.id]
            self.moved.add((run.clock, run.run))


class _Anew(Turn):
    """A turn in which only clocks decide: everything else has happened already."""

    __slots__ = ()

    def emit(self, event: Event) -> None:
        if type(event) in _OWN:
            super().emit(event)


def rebuild(
    machine: Machine, process: Process, history: Iterable[tuple[datetime, Iterable[Event]]], env: Env
) -> list[Difference]:
    """What is different, run by run in the order in which they began. process: the version that the case began with;
    history: the case's events, command by command, with the moment of each; env: with the calendars in force, now, and
    the versions. Raises LookupError where the case went over to a version that is not there."""
    kept, anew = machine.new(), machine.new()
    seen, derived = _Seen(), _Seen()
    silent, versions = _without_rungs(process), env.versions
    for at, events in history:
        row = list(events)
        machine.replay(row, kept)
        gone_over = next((one for one in row if isinstance(one, core.CaseMigrated)), None)
        if gone_over is None:
            _count(machine, silent, anew, structs.replace(env, now=at), row)
        else:
            found = versions.process(process.name, gone_over.version) if versions is not None else None
            if found is None:
                raise LookupError(f"version {gone_over.version} of {process.name} is not deployed here")
            process, silent = found, _without_rungs(found)
            anew, derived = machine.decode(machine.encode(kept)), _Seen(dict(seen.runs))
        seen.look(kept.clocks)
        for one in row:
            seen.note(one, kept.clocks)
        derived.look(anew.clocks)
    turn = Turn(machine, process, anew, _NOBODY, env)
    return [one for key in dict.fromkeys((*seen.runs, *derived.runs))
            for one in _held_against(turn, seen.runs.get(key), derived.runs.get(key), key in seen.moved)]  # fmt: skip


def _without_rungs(process: Process) -> Process:
    """The same with clocks that nobody is told of."""
    known = clocks_of(process)
    silent = Clocks.of((replace(one, ladder=()) for one in known.by_name.values()), known.oldest, known.breaches)
    nodes = {
        id: replace(node, parts={**node.parts, PART: replace(node.parts[PART], ladder=())})
        if node.parts.get(PART) is not None
        else node
        for id, node in process.nodes.items()
    }
    return replace(process, nodes=nodes, parts={**process.parts, PART: silent})


def _count(machine: Machine, process: Process, state: Any, env: Env, row: list[Event]) -> None:
    """One command: what happened, what people decided, what clocks make of it."""
    turn = _Anew(machine, process, state, _NOBODY, env)
    happened = [one for one in row if type(one) not in _OWN and not isinstance(one, core.TimePassed)]
    machine.replay(happened, state)
    for event in row:
        _decided(turn, event)
    for event in happened:
        if type(event) in CLOCKS.react:
            CLOCKS.react[type(event)](turn, event)
    assert CLOCKS.settle is not None
    CLOCKS.settle(turn)
    machine.replay([one for one in row if isinstance(one, core.TimePassed)], state)


def _decided(turn: Turn, event: Event) -> None:
    """What people decided of a run holds for the same run counted anew, if there is one."""
    clocks: ClocksState = turn.state.clocks
    match event:
        case e.ClockExtended(clock=name, by=by):
            number = _open(clocks, name, event)
            clock = find_clock(turn.process, name)
            if number and clock is not None:
                lengthen(turn, number, clock, by, event.reason, event.approver)
        case e.BreachAcknowledged(clock=name):
            number = _open(clocks, name, event)
            if number:
                turn.emit(structs.replace(event, id=number))
        case e.BreachExplained(clock=name, run=run):
            for number, late in clocks.late.items():
                if (late.clock, late.run) == (name, run):
                    turn.emit(structs.replace(event, id=number))
                    break


def _open(clocks: ClocksState, name: str, event: e.ClockExtended | e.BreachAcknowledged) -> int:
    """The open run that is meant; 0 for none. Ids go with the order of starts, so they are the same unless a start
    is not."""
    run = clocks.open.get(event.id)
    if run is not None and run.clock == name:
        return event.id
    return next((number for number, one in clocks.open.items() if one.clock == name), 0)


# --- held against each other ----------------------------------------------------------------------


def _held_against(
    turn: Turn, kept: Closed | Run | None, anew: Closed | Run | None, moved: bool
) -> Iterator[Difference]:
    one = kept or anew
    assert one is not None
    name, number = _run(one).clock, _run(one).run
    if kept is None or anew is None:
        had, has = (_told(turn, one)["status"] if one is not None else None for one in (kept, anew))
        yield Difference(name, number, "run", had, has)
        return
    why = "calendar" if moved or _run(kept).version != _run(anew).version else ""
    had, has = _told(turn, kept), _told(turn, anew)
    for what, value in had.items():
        if value != has[what]:
            yield Difference(name, number, what, value, has[what], why)
    clock = find_clock(turn.process, name)
    if clock is None:
        return  # of a version that the case has left
    until = (kept.at if isinstance(kept, Closed) else turn.now) - LEEWAY
    for index, times in _come(turn, clock, _run(anew), until).items():
        fired = _run(kept).fired.get(index, 0)
        if fired < times:
            yield Difference(name, number, "rung", f"{clock.ladder[index].at}: {fired}", f"{times}", why)


def _run(one: Closed | Run) -> Run:
    return one.run if isinstance(one, Closed) else one


def _told(turn: Turn, one: Closed | Run) -> Mapping[str, Any]:
    run = _run(one)
    status = one.status if isinstance(one, Closed) else "paused" if run.paused else "running"
    late = one.breached if isinstance(one, Closed) else run.passed(turn.now)
    return {"since": run.since, "limit": run.limit, "deadline": run.deadline, "status": status, "breached": late}


def _come(turn: Turn, clock: Clock, run: Run, until: datetime) -> dict[int, int]:
    """How often each rung ought to have fired by then."""
    calendar = calendar_of(turn, clock, run)
    fresh, meter = structs.replace(run, fired={}), meter_of(calendar, clock, run)
    found = {}
    for index, rung in enumerate(clock.ladder):
        first = point(calendar, clock, fresh, meter, index)
        if first is not None and first.due <= until:
            found[index] = latest(calendar, rung, first, until).repeat
    return found
