"""The only place where the flow slice's state changes: one small function per event.

Nothing here decides, looks anything up or reads a clock. Every event that touches a token, a timer or a wait
is explicit, so that replaying them gives the same state and projections know which rows were touched.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as e
from engine.core.state import (
    CLOSING,
    READY,
    WAITING,
    FlowState,
    Hold,
    Incident,
    Job,
    Link,
    Proposal,
    Timer,
    Token,
    Undo,
    Wait,
)


def _case_started(flow: FlowState, event: e.CaseStarted) -> None:
    flow.case, flow.process, flow.version, flow.number = (
        event.case,
        event.process,
        event.version,
        event.number,
    )
    flow.started = flow.last = event.at
    flow.starter, flow.parent, flow.parent_token = event.starter, event.parent, event.parent_token
    flow.status = "open"


def _case_suspended(flow: FlowState, event: e.CaseSuspended) -> None:
    flow.status = "suspended"


def _case_resumed(flow: FlowState, event: e.CaseResumed) -> None:
    flow.status = "open"


def _case_ended(flow: FlowState, event: e.CaseEnded) -> None:
    flow.status, flow.end = "ended", event.end
    flow.undos, flow.joins, flow.truths, flow.fired = [], {}, {}, []
    flow.proposal = None


def _time_passed(flow: FlowState, event: e.TimePassed) -> None:
    flow.last = event.at


def _step_entered(flow: FlowState, event: e.StepEntered) -> None:
    flow.seq = event.token
    local = None if event.local is None else dict(event.local)
    flow.tokens[event.token] = Token(event.step, event.up, event.via, WAITING, event.body, local, 0, event.item)


def _step_held(flow: FlowState, event: e.StepHeld) -> None:
    flow.tokens[event.token].phase = READY


def _step_ran(flow: FlowState, event: e.StepRan) -> None:
    flow.tokens[event.token].phase = WAITING


def _step_closing(flow: FlowState, event: e.StepClosing) -> None:
    token = flow.tokens[event.token]
    token.phase, token.next, token.outcome = CLOSING, event.next, event.outcome
    _unwatch(flow, event.token)


def _step_left(flow: FlowState, event: e.StepLeft) -> None:
    token = flow.tokens.pop(event.token)
    if event.undo is not None and flow.undos:  # a block's own undo stands for all that was done within
        flow.undos = [undo for undo in flow.undos if undo.scope != event.token]
    _forget(flow, event.token, token)
    if event.undo is not None:
        flow.undos.append(Undo(event.step, token.up, dict(event.undo)))


def _step_cancelled(flow: FlowState, event: e.StepCancelled) -> None:
    token = flow.tokens.pop(event.token)
    if token.todo:  # a compensation that is cancelled leaves what it has not begun to undo
        flow.undos[:0] = [Undo(undo.node, token.up, undo.local) for undo in token.todo]
    _forget(flow, event.token, token)


def _forget(flow: FlowState, number: int, token: Token) -> None:
    """What hung on the token goes with it; what can be undone within is kept for the scope around it."""
    _unwatch(flow, number)
    if flow.joins:
        mine = f"{number}."
        for join in [j for j in flow.joins if j.startswith(mine)]:
            del flow.joins[join]
    for undo in flow.undos:
        if undo.scope == number:
            undo.scope = token.up


def _unwatch(flow: FlowState, number: int) -> None:
    if flow.truths:
        mine = f"{number}."
        for watch in [w for w in flow.truths if w.startswith(mine)]:
            del flow.truths[watch]


def _data_changed(flow: FlowState, event: e.DataChanged) -> None:
    token = flow.tokens[event.token] if event.token else None
    data = flow.data if token is None else token.local
    assert data is not None
    for path, value in event.changes.items():
        if "." not in path:
            data[path] = value
            continue
        *way, last = path.split(".")
        place = data
        for name in way:  # copied on the way: an event, or another field, may hold the same object
            inner = place.get(name)
            inner = place[name] = dict(inner) if isinstance(inner, dict) else {}
            place = inner
        place[last] = value


def _branch_done(flow: FlowState, event: e.BranchDone) -> None:
    flow.tokens[event.token].count += 1


def _items_taken(flow: FlowState, event: e.ItemsTaken) -> None:
    token = flow.tokens[event.token]
    token.items, token.results = list(event.items), [None] * len(event.items)


def _item_added(flow: FlowState, event: e.ItemAdded) -> None:
    token = flow.tokens[event.token]
    assert token.items is not None and token.results is not None
    token.items.append(event.item)
    token.results.append(None)


def _item_done(flow: FlowState, event: e.ItemDone) -> None:
    token = flow.tokens[event.token]
    assert token.results is not None
    token.count += 1
    token.results[event.item] = list(event.values)


def _join_counted(flow: FlowState, event: e.JoinCounted) -> None:
    if event.arrived:
        flow.joins[event.join] = list(event.arrived)
    else:
        flow.joins.pop(event.join, None)


def _end_reached(flow: FlowState, event: e.EndReached) -> None:
    flow.end = event.name


def _timer_set(flow: FlowState, event: e.TimerSet) -> None:
    flow.seq = max(flow.seq, event.timer)
    flow.timers[event.timer] = Timer(event.token, event.due, event.handler, event.fired)
    _armed(flow, event.token, event.handler)


def _timer_held(flow: FlowState, event: e.TimerHeld) -> None:
    flow.timers[event.timer].left = event.left


def _timer_gone(flow: FlowState, event: e.TimerCleared | e.TimerFired) -> None:
    del flow.timers[event.timer]


def _wait_opened(flow: FlowState, event: e.WaitOpened) -> None:
    flow.seq = event.wait
    flow.waits[event.wait] = Wait(event.token, event.kind, event.name, event.key, event.handler)
    _armed(flow, event.token, event.handler)


def _wait_closed(flow: FlowState, event: e.WaitClosed) -> None:
    del flow.waits[event.wait]


def _condition_seen(flow: FlowState, event: e.ConditionSeen) -> None:
    if event.watch not in flow.truths:
        token, handler = map(int, event.watch.split("."))
        _armed(flow, token, handler)
    flow.truths[event.watch] = event.value


def _armed(flow: FlowState, token: int, handler: int) -> None:
    if token and handler > 0:
        flow.tokens[token].armed = True


def _handler_fired(flow: FlowState, event: e.HandlerFired) -> None:
    if event.leaves and not event.token:
        flow.fired.append(event.handler)
        flow.truths.pop(f"0.{event.handler}", None)  # it fires once: nothing more to watch


def _job_created(flow: FlowState, event: e.JobCreated) -> None:
    flow.seq = event.job
    flow.jobs[event.job] = Job(event.token, event.function, dict(event.args))


def _job_closed(flow: FlowState, event: e.JobClosed) -> None:
    del flow.jobs[event.job]


def _case_called(flow: FlowState, event: e.CaseCalled) -> None:
    flow.calls[event.token] = event.case


def _call_closed(flow: FlowState, event: e.CallClosed) -> None:
    del flow.calls[event.token]


def _incident_raised(flow: FlowState, event: e.IncidentRaised) -> None:
    flow.seq = event.incident
    flow.incidents[event.incident] = Incident(event.token, event.kind, event.text, event.at)


def _incident_closed(flow: FlowState, event: e.IncidentClosed) -> None:
    del flow.incidents[event.incident]


def _milestone_reached(flow: FlowState, event: e.MilestoneReached) -> None:
    flow.milestones[event.name] = event.at


def _undo_taken(flow: FlowState, event: e.UndoTaken) -> None:
    chosen = set(event.indexes)
    flow.tokens[event.token].todo = [u for i, u in enumerate(flow.undos) if i in chosen]
    flow.undos = [u for i, u in enumerate(flow.undos) if i not in chosen]


def _undo_started(flow: FlowState, event: e.UndoStarted) -> None:
    todo = flow.tokens[event.token].todo
    assert todo
    todo.pop()


def _case_reopened(flow: FlowState, event: e.CaseReopened) -> None:
    flow.status, flow.end = "open", ""


def _move_proposed(flow: FlowState, event: e.MoveProposed) -> None:
    flow.seq = event.proposal
    flow.proposal = Proposal(
        event.proposal, event.token, event.target, event.by, event.at, event.reason, event.seen
    )  # fmt: skip


def _proposal_gone(flow: FlowState, event: e.MoveWithdrawn | e.TokenMoved) -> None:
    flow.proposal = None


def _hold_placed(flow: FlowState, event: e.HoldPlaced) -> None:
    flow.seq = event.hold
    flow.holds[event.hold] = Hold(event.by, event.at, event.reason)


def _hold_lifted(flow: FlowState, event: e.HoldLifted) -> None:
    del flow.holds[event.hold]


def _case_linked(flow: FlowState, event: e.CaseLinked) -> None:
    flow.links[event.case] = Link(event.kind, event.by, event.at, event.merged)


def _case_unlinked(flow: FlowState, event: e.CaseUnlinked) -> None:
    del flow.links[event.case]


def _decision_noted(flow: FlowState, event: e.DecisionNoted) -> None:
    flow.links[event.case].end = event.end


def _case_migrated(flow: FlowState, event: e.CaseMigrated) -> None:
    """Whatever names a step goes by its new id; the tokens themselves are told one by one."""
    flow.version, flow.fired = event.version, list(event.fired)
    flow.truths = {event.watches.get(watch, watch): seen for watch, seen in flow.truths.items()}
    flow.truths.pop("", None)
    steps = event.steps
    flow.undos = _kept(flow.undos, steps)
    for token in flow.tokens.values():
        token.via = steps.get(token.via) or token.via
        token.next = steps.get(token.next, token.next) if token.next else token.next
        token.todo = None if token.todo is None else _kept(token.todo, steps)
    flow.joins = {
        f"{scope}.{steps.get(join) or join}": [steps.get(way) or way for way in ways]
        for (scope, _, join), ways in ((name.partition("."), ways) for name, ways in flow.joins.items())
    }


def _kept(undos: list[Undo], steps: Mapping[str, str]) -> list[Undo]:
    named = ((steps.get(undo.node, undo.node), undo) for undo in undos)
    return [Undo(node, undo.scope, undo.local) for node, undo in named if node]


def _token_mapped(flow: FlowState, event: e.TokenMapped) -> None:
    token = flow.tokens[event.token]
    token.at, token.body = event.target, event.body


def _data_dropped(flow: FlowState, event: e.DataDropped) -> None:
    for name in event.names:
        flow.data.pop(name, None)


def _nothing(flow: FlowState, event: e.Event) -> None:
    """Events that the flow only reports: others react to them, or the shell sends them out."""


APPLY: Mapping[type[e.Event], Callable[[FlowState, Any], None]] = {
    e.CaseStarted: _case_started,
    e.CaseSuspended: _case_suspended,
    e.CaseResumed: _case_resumed,
    e.CaseEnded: _case_ended,
    e.TimePassed: _time_passed,
    e.StepEntered: _step_entered,
    e.StepHeld: _step_held,
    e.StepRan: _step_ran,
    e.StepClosing: _step_closing,
    e.StepLeft: _step_left,
    e.StepCancelled: _step_cancelled,
    e.DataChanged: _data_changed,
    e.BranchDone: _branch_done,
    e.ItemsTaken: _items_taken,
    e.ItemAdded: _item_added,
    e.ItemDone: _item_done,
    e.JoinCounted: _join_counted,
    e.EndReached: _end_reached,
    e.TimerSet: _timer_set,
    e.TimerHeld: _timer_held,
    e.TimerCleared: _timer_gone,
    e.TimerFired: _timer_gone,
    e.WaitOpened: _wait_opened,
    e.WaitClosed: _wait_closed,
    e.ConditionSeen: _condition_seen,
    e.HandlerFired: _handler_fired,
    e.JobCreated: _job_created,
    e.JobClosed: _job_closed,
    e.CaseCalled: _case_called,
    e.CallClosed: _call_closed,
    e.IncidentRaised: _incident_raised,
    e.IncidentClosed: _incident_closed,
    e.MilestoneReached: _milestone_reached,
    e.UndoTaken: _undo_taken,
    e.UndoStarted: _undo_started,
    e.CaseReopened: _case_reopened,
    e.MoveProposed: _move_proposed,
    e.MoveWithdrawn: _proposal_gone,
    e.TokenMoved: _proposal_gone,
    e.CaseMigrated: _case_migrated,
    e.TokenMapped: _token_mapped,
    e.DataDropped: _data_dropped,
    e.HoldPlaced: _hold_placed,
    e.HoldLifted: _hold_lifted,
    e.CaseLinked: _case_linked,
    e.CaseUnlinked: _case_unlinked,
    e.DecisionNoted: _decision_noted,
    e.DataCorrected: _nothing,
    e.LinkTold: _nothing,
    e.DecisionTold: _nothing,
    e.MessageCaught: _nothing,
    e.CaseReturned: _nothing,
    e.EscalatedToParent: _nothing,
    e.MessageSent: _nothing,
    e.SignalSent: _nothing,
    e.NoticeRequested: _nothing,
    e.Escalated: _nothing,
    e.ErrorRaised: _nothing,
    e.Decided: _nothing,
    e.ActRequested: _nothing,
}
