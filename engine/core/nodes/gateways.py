"""`switch`: the first flow whose condition holds. `fork` (plain graphs): every flow whose condition holds."""

from engine.core import events as e
from engine.core.data import Fault, names
from engine.core.machine import Turn
from engine.core.model import Fork, Node, Switch
from engine.core.moves import follow, leave, path_end


def switch(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Switch)
    view = names(turn, number)
    for flow in spec.flows:
        if flow.when is None or flow.when.test(view):
            leave(turn, number, flow.next)
            return
    raise Fault(f"no condition of {node.id} holds and it has no else")


def fork(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Fork)
    view = names(turn, number)
    chosen = [f.next for f in spec.flows if f.when is None or f.when.test(view)]
    if not chosen:
        if spec.otherwise is None:
            raise Fault(f"no condition of {node.id} holds and it has no else")
        chosen = [spec.otherwise]
    token = turn.state.flow.tokens[number]
    after = None if any(chosen) else path_end(turn, number, token)
    turn.emit(e.StepLeft(number, node.id, turn.now))
    for step in chosen:
        if step is not None:
            follow(turn, token, step)
    if after is not None:
        after()
