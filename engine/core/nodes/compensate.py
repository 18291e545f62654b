"""`compensate`: what was completed and has an `undo` is undone, newest first, each at most once (R24).

It reaches what completed in its own scope and in the scopes within that; in a handler's body, in the scope
that the handler hangs on. What was done in a block that has since been cancelled can still be undone: it
did happen.
"""

from collections.abc import Callable
from functools import partial

from engine.core import events as e
from engine.core.machine import Turn
from engine.core.model import Compensate, Node
from engine.core.moves import enter, leave
from engine.core.state import FlowState


def enter_compensate(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Compensate)
    flow: FlowState = turn.state.flow
    scope = _scope(turn, number)
    chosen = [
        index
        for index, undo in enumerate(flow.undos)
        if _within(flow, undo.scope, scope) and spec.step in (None, undo.node)
    ]
    turn.emit(e.UndoTaken(number, chosen))
    _next(turn, number)


def undone(turn: Turn, number: int, node: Node, child: int) -> Callable[[], None]:
    return partial(_next, turn, number)


def _next(turn: Turn, number: int) -> None:
    todo = turn.state.flow.tokens[number].todo
    if not todo:
        leave(turn, number)
        return
    undo = todo[-1]
    turn.emit(e.UndoStarted(number))
    body = turn.process.nodes[undo.node].undo
    assert body is not None
    enter(turn, body, up=number, via=undo.node, local=dict(undo.local))


def _scope(turn: Turn, number: int) -> int:
    """The scope whose work is to be undone: climbs out of handler bodies and of the step they hang on."""
    flow: FlowState = turn.state.flow
    up = flow.tokens[number].up
    while up:
        token = flow.tokens[up]
        if token.body:
            up = token.up
            if up and turn.process.nodes[flow.tokens[up].at].kind not in _SCOPES:
                up = flow.tokens[up].up
        else:
            break
    return up


def _within(flow: FlowState, scope: int, around: int) -> bool:
    while scope != around and scope:
        scope = flow.tokens[scope].up
    return scope == around


_SCOPES = frozenset({"block", "parallel", "each", "adhoc"})
