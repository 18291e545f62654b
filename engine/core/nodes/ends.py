"""Where paths end, and what is thrown: `end`, `terminate`, `fail`, `escalate`."""

from engine.core import events as e
from engine.core.data import names
from engine.core.firing import escalated, throw
from engine.core.machine import Turn
from engine.core.model import End, Escalate, Fail, Node
from engine.core.moves import cancel_children, end_case, leave
from engine.core.state import FlowState


def end(turn: Turn, number: int, node: Node) -> None:
    """Ends this path of its scope; the last end that is reached in the process names the case's end."""
    spec = node.spec
    assert isinstance(spec, End)
    turn.emit(e.EndReached(spec.name, turn.now))
    leave(turn, number, None)


def terminate(turn: Turn, number: int, node: Node) -> None:
    """Ends the whole case at once, whatever else stands (BPMN terminate end event)."""
    spec = node.spec
    assert isinstance(spec, End)
    turn.emit(e.EndReached(spec.name, turn.now))
    cancel_children(turn, 0, cause=node.id)
    end_case(turn)


def fail(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Fail)
    text = "" if spec.message is None else str(spec.message.evaluate(names(turn, number)))
    throw(turn, number, spec.name, text)


def escalate(turn: Turn, number: int, node: Node) -> None:
    """Tells the handlers around it, or the calling case, and goes on (unless a handler has taken it away)."""
    spec = node.spec
    assert isinstance(spec, Escalate)
    escalated(turn, number, spec.name)
    flow: FlowState = turn.state.flow
    if number in flow.tokens:
        leave(turn, number)
