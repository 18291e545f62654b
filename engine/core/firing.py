"""What happens when a trigger goes off: a timer, a message, a condition, an error (R16, R23).

Nothing can run beside what an error has ended: its `do` runs in place of what is left of the host, which then
goes on as if it had been done (BPMN 2.0, 13.5.4: an interrupting event sub-process).

A handler of the process that leaves by `next` fires at most once in a case, so that the steps it leads to
cannot be swept away by their own cause; all others stay armed as long as their host is active.
"""

from datetime import datetime

from engine.core import events as e
from engine.core.data import Fault, assigned, names, same, write
from engine.core.durations import Duration
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.model import Catch, Handler, Json, Length, Race, Trigger
from engine.core.moves import FAULTS, ON, cancel, cancel_children, end_case, enter, fail, follow, hold, leave
from engine.core.state import CLOSING, FlowState, Timer
from engine.core.waiting import due_at, value_at


def handlers_of(turn: Turn, host: int) -> tuple[Handler, ...]:
    """The handlers that hang on a host."""
    if not host:
        return turn.process.handlers
    return turn.process.nodes[turn.state.flow.tokens[host].at].handlers


def trigger_at(turn: Turn, host: int, index: int) -> Trigger:
    """The trigger that a timer or wait belongs to."""
    if index > 0:
        return handlers_of(turn, host)[index - 1].trigger
    spec = turn.process.nodes[turn.state.flow.tokens[host].at].spec
    if isinstance(spec, Race):
        return spec.options[-index - 1].trigger
    assert isinstance(spec, Catch)
    return spec.trigger


def fire(turn: Turn, host: int, index: int, payload: dict[str, Json] | None = None) -> None:
    """What a trigger leads to, after it has gone off; a message's payload is taken in first (R22).

    Raises Fault if the payload does not fit the data; then nothing has happened.
    """
    trigger = trigger_at(turn, host, index)
    if trigger.into:
        write(turn, host, assigned(turn, trigger.into, names(turn, host, payload or {})))
    if index <= 0:
        spec = turn.process.nodes[turn.state.flow.tokens[host].at].spec
        to = spec.options[-index - 1].next if isinstance(spec, Race) else None
        leave(turn, host, ON if to is None else to)
        return
    handler = handlers_of(turn, host)[index - 1]
    turn.emit(e.HandlerFired(host, index, handler.body is None))
    if handler.body is not None:
        if trigger.kind == "error" and host:
            fail(turn, host)
        elif trigger.kind == "error":
            cancel_children(turn, 0, cause=f"/{index}", bodies=False)
        enter(turn, handler.body, up=host, body=index)
        return
    assert handler.next is not None
    if host:
        token = turn.state.flow.tokens[host]
        cancel(turn, host, cause=f"{token.at}/{index}")
        follow(turn, token, handler.next)
    else:
        _spend(turn, index)
        cancel_children(turn, 0, cause=f"/{index}")
        enter(turn, handler.next, up=0)


def _spend(turn: Turn, index: int) -> None:
    """What a handler of the process that leaves still waits for is taken away: it fires once."""
    flow: FlowState = turn.state.flow
    for timer in [n for n, t in flow.timers.items() if (t.token, t.handler) == (0, index)]:
        turn.emit(e.TimerCleared(timer))
    for wait in [n for n, w in flow.waits.items() if (w.token, w.handler) == (0, index)]:
        turn.emit(e.WaitClosed(wait))


def caught(turn: Turn, number: int, kind: str, name: str) -> bool:
    """Fires the nearest handler for this error or escalation around a token; whether there was one.

    What happens in a handler's body is not caught by the handlers of its own host.
    """
    flow: FlowState = turn.state.flow
    host, skip = number, False
    while True:
        closing = host and flow.tokens[host].phase == CLOSING
        if not skip and not closing:
            for index, handler in enumerate(handlers_of(turn, host), 1):
                trigger = handler.trigger
                spent = not host and handler.body is None and index in flow.fired
                if trigger.kind == kind and trigger.name in ("", name) and not spent:
                    fire(turn, host, index)
                    return True
        if not host:
            return False
        token = flow.tokens[host]
        host, skip = token.up, bool(token.body)


def timer_fired(turn: Turn, number: int, timer: Timer, due: datetime) -> None:
    """A timer has come due: it repeats if it is to (R10: missed beats coalesce into one), and its trigger fires."""
    trigger = trigger_at(turn, timer.token, timer.handler)
    turn.emit(e.TimerFired(number, due, turn.now))
    every = trigger.every or (trigger.length if trigger.kind == "every" else None)
    again = timer.fired + 1
    beside = timer.handler > 0 and handlers_of(turn, timer.token)[timer.handler - 1].body is not None
    if every is not None and beside and (trigger.times is None or again < trigger.times):
        try:
            beat = _next_beat(turn, timer.token, due, every)
        except FAULTS as fault:
            report(turn, timer.token, fault)
        else:
            turn.emit(e.TimerSet(turn.state.flow.seq + 1, timer.token, beat, timer.handler, again))
    fire(turn, timer.token, timer.handler)


def _next_beat(turn: Turn, host: int, due: datetime, every: Length) -> datetime:
    """The first beat after now, counted on from the last one due. Raises Fault if the beats do not get on."""
    while True:
        beat = due_at(turn, host, due, every)
        if beat <= due:
            raise Fault(f"{getattr(every, 'source', every)} is no time to repeat something after")
        if beat > turn.now:
            return beat
        elapsed = isinstance(every, Duration) and every.measure == "elapsed"
        due = beat + (turn.now - beat) // (beat - due) * (beat - due) if elapsed else beat


def report(turn: Turn, host: int, fault: Exception) -> None:
    """A handler could not do its work: the operator sees it at the host; the host itself goes on."""
    flow: FlowState = turn.state.flow
    step = flow.tokens[host].at if host else ""
    kind = getattr(fault, "kind", "expression")
    turn.emit(e.IncidentRaised(flow.seq + 1, host, step, kind, str(fault), turn.now))


def conditions(turn: Turn) -> bool:
    """Tests every armed condition and watched field once (R23); whether one fired.

    A condition that reads a field not yet set does not hold yet: it is watched, nothing has failed.
    """
    flow: FlowState = turn.state.flow
    for watch, before in list(flow.truths.items()):
        host, index = map(int, watch.split("."))
        if watch not in flow.truths:
            continue
        trigger = trigger_at(turn, host, index)
        after = _holds(turn, host, trigger) if trigger.kind == "when" else value_at(turn, host, trigger)
        if same(before, after):
            continue
        fires = trigger.kind == "changed" or after
        if fires and not turn.budget:
            _exhausted(turn, host)
            continue
        turn.emit(e.ConditionSeen(watch, after))
        if fires:
            turn.budget -= 1
            fire(turn, host, index)
            return True
    return False


def _exhausted(turn: Turn, host: int) -> None:
    """A handler sets itself off again and again (R11): told once at its host; it goes on with the next command."""
    flow: FlowState = turn.state.flow
    if not any(i.kind == "steps" and i.token == host for i in flow.incidents.values()):
        report(turn, host, Fault("more than 1,000 automatic steps in one go: does a handler set itself off?", "steps"))


def _holds(turn: Turn, host: int, trigger: Trigger) -> bool:
    assert trigger.when is not None
    try:
        return trigger.when.test(names(turn, host))
    except EvaluationError:
        return False


def escalated(turn: Turn, number: int, name: str) -> None:
    """Tells the handlers around a token of an escalation, or the calling case if none takes it."""
    flow: FlowState = turn.state.flow
    turn.emit(e.Escalated(name, number))
    if not caught(turn, number, "escalation", name) and flow.parent:
        turn.emit(e.EscalatedToParent(flow.parent, flow.parent_token, name))


def throw(turn: Turn, number: int, name: str, text: str) -> None:
    """Raises an error at a token: the nearest handler around it catches it; if none does, the calling case
    gets it, and without one it is an incident (BPMN 2.0, 10.5.6: error propagation). A suspended case does not
    end: there it is an incident too, and the step is done again when that is retried."""
    flow: FlowState = turn.state.flow
    turn.emit(e.ErrorRaised(name, number, text))
    if caught(turn, number, "error", name):
        return
    if flow.parent and flow.status != "suspended":
        cancel_children(turn, 0, cause=f"error {name}")
        end_case(turn, error=name)
    else:
        hold(
            turn,
            number,
            "error",
            f"error {name} is caught nowhere: {text}" if text else f"error {name} is caught nowhere",
        )
