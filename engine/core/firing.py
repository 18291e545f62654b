"""What happens when a trigger goes off: a timer, a message, a condition, an error (R16, R23).

A handler of the process that leaves by `next` fires at most once in a case, so that the steps it leads to
cannot be swept away by their own cause; all others stay armed as long as their host is active.
"""

from datetime import datetime

from engine.core import events as e
from engine.core.data import assigned, names, write
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.model import Catch, Handler, Json, Race, Trigger
from engine.core.moves import ON, cancel, cancel_children, end_case, enter, hold, leave
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
        enter(turn, handler.body, up=host, body=index)
        return
    flow: FlowState = turn.state.flow
    up, via = 0, ""
    if host:
        up, via = flow.tokens[host].up, flow.tokens[host].at
        cancel(turn, host, cause=f"{via}/{index}")
    else:
        cancel_children(turn, 0, cause=f"/{index}")
    assert handler.next is not None
    enter(turn, handler.next, up=up, via=via)


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
    leaves = timer.handler > 0 and handlers_of(turn, timer.token)[timer.handler - 1].body is None
    if every is not None and not leaves and (trigger.times is None or again < trigger.times):
        beat = due_at(turn, timer.token, due, every)
        while beat <= turn.now:
            beat = due_at(turn, timer.token, beat, every)
        turn.emit(e.TimerSet(turn.state.flow.seq + 1, timer.token, beat, timer.handler, again))
    fire(turn, timer.token, timer.handler)


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
        after = _holds(turn, host, trigger) if trigger.kind == "when" else value_at(turn, trigger)
        if after == before:
            continue
        turn.emit(e.ConditionSeen(watch, after))
        spent = not host and index in flow.fired
        if (trigger.kind == "changed" or after) and not spent:
            fire(turn, host, index)
            return True
    return False


def _holds(turn: Turn, host: int, trigger: Trigger) -> bool:
    assert trigger.when is not None
    try:
        return trigger.when.test(names(turn, host))
    except EvaluationError:
        return False


def throw(turn: Turn, number: int, name: str, text: str) -> None:
    """Raises an error at a token: the nearest handler around it catches it; if none does, the calling case
    gets it, and without one it is an incident (BPMN 2.0, 10.5.6: error propagation)."""
    flow: FlowState = turn.state.flow
    turn.emit(e.ErrorRaised(name, number, text))
    if caught(turn, number, "error", name):
        return
    if flow.parent:
        cancel_children(turn, 0, cause=f"error {name}")
        end_case(turn, error=name)
    else:
        hold(
            turn,
            number,
            "error",
            f"error {name} is caught nowhere: {text}" if text else f"error {name} is caught nowhere",
        )
