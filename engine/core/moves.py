"""How tokens move: entering, running, leaving, cancelling, and what a scope does when a path within it ends.

Theory of operation. Entering a step places a token and puts it into `turn.ready`; `advance` runs the ready
ones until all wait for something outside (R11: at most 1,000 steps that go on by themselves in a command, then
an incident). Running a step calls its kind; a kind first evaluates everything it needs and only then emits, so
a fault leaves the token whole: it is held, an incident tells why, and a retry runs the step again. A worklist
instead of recursion: a flow of any length needs no deep stack.

A token whose own work is done but which may not go yet waits in the phase `closing`, for one of three reasons:
a handler's body (`do`, a child of the activation that it hangs on, R16) is not done; the case is suspended; or
what its scope works out at the end of a path has failed (the `collect` of an `each`), which is an incident, and
a retry goes on from there instead of doing the step's work twice.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from engine.core import events as e
from engine.core import waiting
from engine.core.data import Fault, remembered
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.model import Json, Node
from engine.core.state import CLOSING, FAILED, READY, SKIPPED, WAITING, FlowState, Token

ON: Final = object()
"""To `leave`: go where the node itself leads."""

FAULTS = (Fault, EvaluationError)

ENTER: dict[str, Callable[[Turn, int, Node], None]] = {}
"""What each kind of step does when a token runs on it; filled by `engine.core.nodes`."""

CHILD_DONE: dict[str, Callable[[Turn, int, Node, int], Callable[[], None]]] = {}
"""For kinds that are scopes: a path within is about to end with this token. Evaluates what can fail, and returns
what is to happen once the token is gone. Filled likewise."""


def enter(
    turn: Turn,
    step: str,
    *,
    up: int,
    via: str = "",
    body: int = 0,
    item: int = -1,
    local: dict[str, Json] | None = None,
) -> int:
    """Places a token on a step; it runs at the next `advance`. Returns the token."""
    number: int = turn.state.flow.seq + 1
    turn.emit(e.StepEntered(number, step, turn.now, up, via, body, item, local))
    turn.ready.append(number)
    return number


def follow(turn: Turn, token: Token, step: str) -> int:
    """Places a token where another one goes on to: the same path, with the names that are its own (R19)."""
    return enter(turn, step, up=token.up, via=token.at, body=token.body, item=token.item, local=token.local)


def advance(turn: Turn) -> None:
    """Runs what is ready until nothing is. In a suspended case nothing runs: tokens are kept ready."""
    flow: FlowState = turn.state.flow
    while turn.ready:
        number = turn.ready.popleft()
        token = flow.tokens.get(number)
        if token is None:
            continue
        if flow.status == "suspended":
            if token.phase == WAITING:
                turn.emit(e.StepHeld(number))
        elif turn.budget or token.phase == CLOSING:
            _run(turn, number, token)
        else:
            hold(
                turn,
                number,
                "steps",
                "more than 1,000 automatic steps in one go: is there a cycle without a wait?",
            )


def _run(turn: Turn, number: int, token: Token) -> None:
    node = turn.process.nodes[token.at]
    if token.phase == CLOSING:
        _go(turn, number, token.next, token.outcome, "")
        return
    if token.phase == READY:
        turn.emit(e.StepRan(number))
    try:
        armed = waiting.planned(turn, number, node.handlers) if node.handlers and not token.armed else ()
        ENTER[node.kind](turn, number, node)
    except FAULTS as fault:
        hold(turn, number, getattr(fault, "kind", "expression"), str(fault))
        return
    if number not in turn.state.flow.tokens or token.phase == CLOSING:
        turn.budget -= 1
    elif armed:
        waiting.arm(turn, armed)


def hold(turn: Turn, number: int, kind: str, text: str) -> None:
    """Keeps the token ready for a retry and raises the incident that says why."""
    flow: FlowState = turn.state.flow
    token = flow.tokens[number]
    if token.phase != READY:
        turn.emit(e.StepHeld(number))
    turn.emit(e.IncidentRaised(flow.seq + 1, number, token.at, kind, text, turn.now))


def leave(turn: Turn, number: int, to: object = ON, *, outcome: str = "", actor: str = "") -> None:
    """The step's own work is done: on to `to` (None: the end of its scope's path), or wait for its bodies."""
    flow: FlowState = turn.state.flow
    token = flow.tokens[number]
    node = turn.process.nodes[token.at]
    goal = node.next if to is ON else to
    assert goal is None or isinstance(goal, str)
    waiting.disarm(turn, number)
    bodies = node.handlers and any(t.up == number and t.body for t in flow.tokens.values())
    if bodies or flow.status == "suspended":
        turn.emit(e.StepClosing(number, token.at, goal, outcome, actor))
    else:
        _go(turn, number, goal, outcome, actor)


def _go(turn: Turn, number: int, goal: str | None, outcome: str, actor: str) -> None:
    """The token goes on, with all that its step brings about; or it is kept closing, and an incident says why."""
    flow: FlowState = turn.state.flow
    token = flow.tokens[number]
    node = turn.process.nodes[token.at]
    try:
        after = None if goal is not None else path_end(turn, number, token)
    except FAULTS as fault:
        if token.phase != CLOSING:
            turn.emit(e.StepClosing(number, node.id, goal, outcome, actor))
        kind = getattr(fault, "kind", "expression")
        turn.emit(e.IncidentRaised(flow.seq + 1, number, node.id, kind, str(fault), turn.now))
        return
    done = outcome not in (FAILED, SKIPPED)
    undo = remembered(turn, number, node.undo_reads) if node.undo and done else None
    for step in node.cancels:
        cancel_step(turn, step, by=number)
    turn.emit(e.StepLeft(number, node.id, turn.now, outcome, actor, undo))
    if goal is not None:
        follow(turn, token, goal)
    elif after is not None:
        after()


def path_end(turn: Turn, number: int, token: Token) -> Callable[[], None]:
    """A token has come to the end of its path: what its scope, or the case, does when it is gone (R18).

    Raises Fault or EvaluationError, and then nothing has happened.
    """
    if token.up and not token.body:
        node = turn.process.nodes[turn.state.flow.tokens[token.up].at]
        return CHILD_DONE[node.kind](turn, token.up, node, number)
    return partial(_body_done if token.up else _all_done, turn, token.up)


def fail(turn: Turn, number: int) -> None:
    """An error has ended the host's own work; it goes on when the body that takes care of the error has ended."""
    token = turn.state.flow.tokens[number]
    cancel_children(turn, number, cause=token.at, bodies=False)
    waiting.disarm(turn, number)
    turn.emit(e.StepClosing(number, token.at, turn.process.nodes[token.at].next, FAILED))


def _all_done(turn: Turn, _: int) -> None:
    if not turn.state.flow.tokens:
        end_case(turn)


def _body_done(turn: Turn, host: int) -> None:
    flow: FlowState = turn.state.flow
    around = flow.tokens[host]
    if around.phase == CLOSING and not children(flow, host):
        _go(turn, host, around.next, around.outcome, "")


def children(flow: FlowState, number: int, *, bodies: bool = True) -> list[int]:
    """The tokens right within a scope (0: the process), oldest first; without handler bodies if so asked."""
    return [n for n, t in flow.tokens.items() if t.up == number and (bodies or not t.body)]


def cancel(turn: Turn, number: int, *, cause: str) -> None:
    """Takes a token away, with everything within it and everything it waits for."""
    flow: FlowState = turn.state.flow
    for child in children(flow, number):
        cancel(turn, child, cause=cause)
    waiting.disarm(turn, number)
    turn.emit(e.StepCancelled(number, flow.tokens[number].at, turn.now, cause))


def cancel_children(turn: Turn, number: int, *, cause: str, bodies: bool = True) -> None:
    for child in children(turn.state.flow, number, bodies=bodies):
        cancel(turn, child, cause=cause)


def cancel_step(turn: Turn, step: str, *, by: int) -> None:
    """Takes away every token on a step, and scopes that are left empty by it; never the token that asks for it,
    nor what that stands in: a scope emptied by one of its own handlers is left when the handler is done. An ad-hoc
    block may be empty, and a host whose own work is done is so by nature."""
    flow: FlowState = turn.state.flow
    cause = flow.tokens[by].at
    spared = {by, *_around(flow, by)}
    for number in [n for n, t in flow.tokens.items() if t.at == step]:
        while number in flow.tokens and number not in spared:
            up, body = flow.tokens[number].up, flow.tokens[number].body
            cancel(turn, number, cause=cause)
            if not up:
                break
            around = flow.tokens[up]
            if around.phase == CLOSING:
                if not children(flow, up):
                    turn.ready.append(up)
                break
            if body or children(flow, up, bodies=False) or turn.process.nodes[around.at].kind not in _EMPTIED:
                break
            if up in spared:  # emptied from within a body that hangs on it
                leave(turn, up)
            number = up


def _around(flow: FlowState, number: int) -> Iterator[int]:
    while number := flow.tokens[number].up:
        yield number


_EMPTIED = frozenset({"block", "parallel", "each", "compensate"})
"""Scopes that cannot go on when all that stood in them has been taken away."""


def end_case(turn: Turn, *, cancelled: bool = False, reason: str = "", error: str = "") -> None:
    """Nothing stands any more: the case has ended, and a calling case hears of it."""
    flow: FlowState = turn.state.flow
    waiting.disarm(turn, 0)
    end = error or flow.end
    turn.emit(e.CaseEnded(turn.now, end, cancelled, reason))
    if flow.parent:
        error = "cancelled" if cancelled else error
        open_data = {} if error else {k: v for k, v in flow.data.items() if k not in turn.process.secrets}
        turn.emit(e.CaseReturned(flow.parent, flow.parent_token, end, open_data, error))
