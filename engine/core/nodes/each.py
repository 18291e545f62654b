"""`each`: its body once for each item, one after another or side by side (BPMN multi-instance).

The items are those of the moment of entry; more may be added while it runs. What an instance writes stays
with it (R19); `collect` gathers from the instances that completed, in the order of the items.
"""

from engine.core import events as e
from engine.core.commands import Refuse
from engine.core.data import Fault, fit, names, write
from engine.core.machine import Turn
from engine.core.model import Each, Json, Node
from engine.core.moves import cancel_children, enter, leave
from engine.core.state import FlowState, Token

MOST = 1000
"""Items of one `each`: state rows stay small enough to load at every action."""


def enter_each(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Each)
    items = spec.over.json(names(turn, number))
    items = [] if items is None else items
    if not isinstance(items, list):
        raise Fault(f"{node.id} goes over {spec.over.source}, which is to be a list, not {items!r:.80}")
    if len(items) > MOST:
        raise Fault(f"{node.id} goes over {len(items)} items; at most {MOST} can be handled in one case")
    turn.emit(e.ItemsTaken(number, items))
    if not items:
        _leave(turn, number, spec)
    for index in range(min(1, len(items)) if spec.sequential else len(items)):
        _begin(turn, number, spec, index)


def _begin(turn: Turn, number: int, spec: Each, index: int) -> None:
    items = turn.state.flow.tokens[number].items
    enter(turn, spec.body, up=number, item=index, local={spec.item: items[index]})


def add(turn: Turn, number: int, spec: Each, item: Json) -> None:
    """One more item while it runs. Raises Refuse if there are too many."""
    items = turn.state.flow.tokens[number].items
    if len(items) >= MOST:
        raise Refuse("items", f"at most {MOST} items can be handled in one case")
    turn.emit(e.ItemAdded(number, item))
    if not spec.sequential:
        _begin(turn, number, spec, len(items) - 1)


def instance_done(turn: Turn, number: int, node: Node, child: Token) -> None:
    spec = node.spec
    assert isinstance(spec, Each)
    flow: FlowState = turn.state.flow
    view = names(turn, number, child.local)
    values = [fit_item(turn, path, value.json(view)) for path, value in spec.collect]
    turn.emit(e.ItemDone(number, child.item, values))
    token = flow.tokens[number]
    assert token.items is not None
    if spec.until is not None:
        counts = {"done": token.count, "total": len(token.items)}
        if spec.until.test(names(turn, number, {**(child.local or {}), **counts})):
            cancel_children(turn, number, cause=node.id, bodies=False)
            _leave(turn, number, spec)
            return
    if token.count == len(token.items):
        _leave(turn, number, spec)
    elif spec.sequential:
        _begin(turn, number, spec, child.item + 1)


def fit_item(turn: Turn, path: tuple[str, ...], value: Json) -> Json:
    """One collected value, in the form of an item of the list it will go to."""
    fitted = fit(turn, path, [value], "collect")
    return fitted[0]


def _leave(turn: Turn, number: int, spec: Each) -> None:
    results = [r for r in turn.state.flow.tokens[number].results or () if r is not None]
    write(turn, number, {".".join(path): [r[i] for r in results] for i, (path, _) in enumerate(spec.collect)})
    leave(turn, number)
