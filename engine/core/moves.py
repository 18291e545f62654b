"""How tokens move: entering, running, leaving, cancelling, and what a scope does when a path within it ends.

Theory of operation. Entering a step places a token and puts it into `turn.ready`; `advance` runs the ready
ones until all wait for something outside (R11: at most 1,000 steps in a command, then an incident). Running a
step calls its kind; a kind first evaluates everything it needs and only then emits, so a fault leaves the
token whole: it is held, an incident tells why, and a retry runs the step again. A worklist instead of
recursion: a flow of any length needs no deep stack.

R16: handler bodies (`do`) are children of the activation they hang on. When that activation's own work is
done but a body is not, it waits in the phase `closing`; it is left when its last body has ended.
"""

from collections.abc import Callable
from typing import Final

from engine.core import events as e
from engine.core import waiting
from engine.core.data import Fault, names
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.model import Json, Node
from engine.core.state import CLOSING, READY, FlowState, Token

ON: Final = object()
"""To `leave`: go where the node itself leads."""

FAULTS = (Fault, EvaluationError)

ENTER: dict[str, Callable[[Turn, int, Node], None]] = {}
"""What each kind of step does when a token runs on it; filled by `engine.core.nodes`."""

CHILD_DONE: dict[str, Callable[[Turn, int, Node, Token], None]] = {}
"""For kinds that are scopes: a path within has ended; its token is gone, and handed in. Filled likewise."""


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


def advance(turn: Turn) -> None:
    """Runs what is ready until nothing is. In a suspended case nothing runs: tokens are kept ready."""
    flow: FlowState = turn.state.flow
    while turn.ready:
        number = turn.ready.popleft()
        token = flow.tokens.get(number)
        if token is None:
            continue
        if flow.status == "suspended":
            if token.phase != READY:
                turn.emit(e.StepHeld(number))
        elif turn.budget:
            turn.budget -= 1
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
    if token.phase == READY:
        turn.emit(e.StepRan(number))
    try:
        armed = waiting.planned(turn, number, node.handlers) if node.handlers else ()
        ENTER[node.kind](turn, number, node)
    except FAULTS as fault:
        hold(turn, number, getattr(fault, "kind", "expression"), str(fault))
        return
    if armed and number in turn.state.flow.tokens and token.phase != CLOSING:
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
    if node.handlers and any(t.up == number and t.body for t in flow.tokens.values()):
        turn.emit(e.StepClosing(number, token.at, goal, outcome, actor))
        return
    _finish(turn, number, token, node, goal, outcome, actor)


def _finish(turn: Turn, number: int, token: Token, node: Node, goal: str | None, outcome: str, actor: str) -> None:
    undo = {n: names(turn, number).get(n) for n in node.undo_reads} if node.undo else None
    turn.emit(e.StepLeft(number, node.id, turn.now, outcome, actor, undo))
    for step in node.cancels:
        cancel_step(turn, step, cause=node.id)
    if goal is not None:
        enter(turn, goal, up=token.up, via=node.id)
    else:
        path_ended(turn, number, token)


def path_ended(turn: Turn, number: int, token: Token) -> None:
    """A token has come to the end of its path: its scope goes on, or the case ends (R18)."""
    flow: FlowState = turn.state.flow
    if not token.up:
        if not flow.tokens:
            end_case(turn)
        return
    around = flow.tokens[token.up]
    node = turn.process.nodes[around.at]
    if not token.body:
        CHILD_DONE[node.kind](turn, token.up, node, token)
    elif around.phase == CLOSING and not children(flow, token.up):
        _finish(turn, token.up, around, node, around.next, around.outcome, "")


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


def cancel_step(turn: Turn, step: str, *, cause: str) -> None:
    """Takes away every token on a step, and scopes that are left empty by it."""
    flow: FlowState = turn.state.flow
    for number in [n for n, t in flow.tokens.items() if t.at == step]:
        if number not in flow.tokens:
            continue
        while True:
            up = flow.tokens[number].up
            cancel(turn, number, cause=cause)
            if not up or children(flow, up) or turn.process.nodes[flow.tokens[up].at].kind not in CHILD_DONE:
                break
            number = up


def end_case(turn: Turn, *, cancelled: bool = False, reason: str = "", error: str = "") -> None:
    """Nothing stands any more: the case has ended, and a calling case hears of it."""
    flow: FlowState = turn.state.flow
    waiting.disarm(turn, 0)
    end = error or flow.end
    turn.emit(e.CaseEnded(turn.now, end, cancelled, reason))
    if flow.parent and not cancelled:
        open_data = {} if error else {k: v for k, v in flow.data.items() if k not in turn.process.secrets}
        turn.emit(e.CaseReturned(flow.parent, flow.parent_token, end, open_data, error))
