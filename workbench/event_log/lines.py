"""The history of one case as lines: what began, ended or changed hands, when, by whom, about what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.core import events as e
from engine.core.events import Event
from sla import events as s
from tasks import events as t

CASE, TASK, STEP, CLOCK = "case", "task", "step", "clock"
LASTING = frozenset({"service", "receive", "wait", "call"})
"""Kinds of step, beside people's, that begin at one moment and end at another."""
SHOWN = LASTING | {"decide", "notify", "send", "milestone"}
"""Kinds that are work or a mark, not only structure."""

Scalar = str | int | bool


@dataclass(slots=True)
class Line:
    """kind: what it is about; id: that object's number in its case (token or clock run), 0 for the case itself; name:
    the step or clock; change: a transition of XES' standard lifecycle; by: a user; queue: where a task is now."""

    at: datetime
    kind: str
    id: int
    name: str
    change: str
    by: str = ""
    queue: str = ""
    more: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """Values of the case's data, or of its object, from a moment on; None: no longer there. `clock`: the run that they
    are of, 0: the case."""

    at: datetime
    values: Mapping[str, Any]
    clock: int = 0


@dataclass(frozen=True, slots=True)
class Related:
    """The case belongs to another."""

    case: str
    how: str


Told = Line | Change | Related


DATED = s.ClockStarted | s.ClockResumed | s.ClockExtended | s.ClockRebased | s.ClockRedated
"""Events that say when a clock is due."""
PLAIN: Mapping[type[Event], tuple[str, str, str]] = {
    e.CaseSuspended: (CASE, "suspend", ""), e.CaseResumed: (CASE, "resume", ""),
    e.CaseReopened: (CASE, "reassign", "by"),
    t.TaskClaimed: (TASK, "assign", "by"), t.TaskStarted: (TASK, "start", "by"),
    t.TaskReleased: (TASK, "reassign", ""), t.TaskTransferred: (TASK, "reassign", "assignee"),
    t.TaskDelegated: (TASK, "reassign", "to"), t.TaskReturned: (TASK, "reassign", ""),
    t.TaskParked: (TASK, "suspend", "by"), t.TaskTakenUp: (TASK, "resume", "by"),
    t.TaskSuspended: (TASK, "suspend", "by"), t.TaskResumed: (TASK, "resume", "by"),
    s.ClockPaused: (CLOCK, "suspend", ""), s.ClockResumed: (CLOCK, "resume", ""),
    s.ClockExtended: (CLOCK, "reassign", "by"), s.ClockRebased: (CLOCK, "reassign", ""),
    s.ClockRedated: (CLOCK, "reassign", ""),
}  # fmt: skip
"""Events that are a line as they stand: what it is about, its transition, and the attribute that names a user."""


class Telling:
    """Reads a case's events in turn. kinds: version -> step -> kind."""

    def __init__(self, kinds: Callable[[str], Mapping[str, str]]) -> None:
        self._kinds = kinds
        self._version = ""
        self._steps: dict[int, str] = {}
        self._queues: dict[int, str] = {}
        self._begun: set[int] = set()  # tokens at which something has begun that has not ended

    def tell(self, at: datetime, actor: str, events: Iterable[Event]) -> Iterator[Told]:
        """What the events of one command tell; at: its moment."""
        for event in events:
            match event:
                case e.CaseStarted():
                    self._version = event.version
                    yield Line(event.at, CASE, 0, "", "start", event.starter, more={"channel": event.by})
                    if event.parent:
                        yield Related(event.parent, "called by")
                case e.CaseEnded():
                    change = "pi_abort" if event.cancelled else "complete"
                    yield Line(event.at, CASE, 0, "", change, actor, more={"end": event.end})
                case e.CaseMigrated():
                    self._version = event.version
                    yield Change(event.at, {"version": event.version})
                case e.CaseLinked():
                    yield Related(event.case, event.kind)
                case e.DataChanged(token=0):
                    yield Change(at, event.changes)
                case e.DataDropped():
                    yield Change(at, dict.fromkeys(event.names))
                case e.StepEntered() | e.StepLeft() | e.StepCancelled() | e.TokenMapped():
                    yield from self._step(event)
                case t.TaskOpened() | t.TaskClosed():
                    yield self._task(event)
                case s.ClockStarted() | s.ClockStopped() | s.ClockClosed() | s.RungFired():
                    yield _clock(event)
                case _ if type(event) in PLAIN:
                    yield self._plain(event, *PLAIN[type(event)])
            if isinstance(event, DATED):
                yield Change(event.at, {"deadline": event.deadline}, event.id)

    def _step(self, event: e.StepEntered | e.StepLeft | e.StepCancelled | e.TokenMapped) -> Iterator[Line]:
        """Steps of people are told by their tasks, those that are only structure not at all."""
        token, kind = event.token, self._kinds(self._version).get(event.step, "")
        match event:
            case e.TokenMapped():
                self._steps[token] = event.target
            case e.StepEntered():
                self._steps[token] = event.step
                if kind in LASTING:
                    self._begun.add(token)
                    yield Line(event.at, STEP, token, event.step, "start")
            case e.StepLeft() if kind in SHOWN:
                self._begun.discard(token)
                yield Line(event.at, STEP, token, event.step, "complete", more=_some(outcome=event.outcome))
            case e.StepCancelled() if kind in LASTING and token in self._begun:
                self._begun.discard(token)
                yield Line(event.at, STEP, token, event.step, "ate_abort")

    def _task(self, event: t.TaskOpened | t.TaskClosed) -> Line:
        token = event.token
        if isinstance(event, t.TaskOpened):
            self._steps[token], self._queues[token] = event.step, event.queue
            return Line(event.at, TASK, token, event.step, "schedule", event.assignee, event.queue)
        change = ENDS.get(event.how) or ("ate_abort" if token in self._begun else "withdraw")
        self._begun.discard(token)
        queue = self._queues.get(token, "")
        return Line(event.at, TASK, token, event.step, change, event.by, queue, _some(outcome=event.outcome))

    def _plain(self, event: Any, kind: str, change: str, user: str) -> Line:
        by = getattr(event, user) if user else ""
        if kind == CASE:
            return Line(event.at, kind, 0, "", change, by)
        if kind == CLOCK:
            return Line(event.at, kind, event.id, event.clock, change, by)
        if change in ("assign", "start"):
            self._begun.add(event.token)
        self._queues[event.token] = getattr(event, "queue", "") or self._queues.get(event.token, "")
        step = self._steps.get(event.token, "")
        return Line(event.at, kind, event.token, step, change, by, self._queues[event.token])


ENDS = {"completed": "complete", "skipped": "manualskip"}
"""How a task has closed, as a transition; else it was taken away."""


def _clock(event: s.ClockStarted | s.ClockStopped | s.ClockClosed | s.RungFired) -> Line:
    match event:
        case s.ClockStarted():
            change, more = "start", _some(limit=event.limit)
        case s.ClockStopped():
            change, more = "complete", _some(breached=event.breached)
        case s.ClockClosed():
            change, more = "ate_abort", _some(breached=event.breached, status=event.status)
        case s.RungFired():
            change, more = "unknown", _some(rung=event.rung + 1)
    return Line(event.at, CLOCK, event.id, event.clock, change, more=more)


def _some(**values: Scalar) -> dict[str, Scalar]:
    return {name: value for name, value in values.items() if value != ""}
