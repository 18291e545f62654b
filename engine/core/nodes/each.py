"""`each`: its body once for each item, one after another or side by side (BPMN multi-instance).

The items are those of the moment of entry; more may be added while it runs. What an instance writes stays
with it (R19); `collect` gathers from the instances that completed, in the order of the items.
"""

from collections.abc import Callable
from functools import partial

from engine.core import events as e
from engine.core.commands import Refuse
from engine.core.data import Fault, fit, names, sealed, type_of, unsealed, write
from engine.core.kinds import ANY, Type
from engine.core.machine import Turn
from engine.core.model import Each, Json, Node, Path
from engine.core.moves import cancel_children, children, enter, leave
from engine.core.state import FlowState
from engine.core.values import ValueProblem, normalise

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
    """One more item while it runs. Raises Refuse if there are too many, or if it is not such an item."""
    items = turn.state.flow.tokens[number].items
    if len(items) >= MOST:
        raise Refuse("items", f"一案至多处理 {MOST} 项", f"at most {MOST} items can be handled in one case")
    try:
        item = normalise(item, spec.over.type.item or ANY)
    except ValueProblem as problem:
        raise Refuse("item", f"此项有误：{problem}", str(problem)) from problem
    turn.emit(e.ItemAdded(number, item))
    if not spec.sequential:
        _begin(turn, number, spec, len(items) - 1)


def instance_done(turn: Turn, number: int, node: Node, child: int) -> Callable[[], None]:
    spec = node.spec
    assert isinstance(spec, Each)
    flow: FlowState = turn.state.flow
    token, instance = flow.tokens[number], flow.tokens[child]
    assert token.items is not None
    view = names(turn, child)
    values = [_kept(turn, path, instance.item, value.json(view)) for path, value in spec.collect]
    counts = {"done": token.count + 1, "total": len(token.items)}
    enough = spec.until is not None and spec.until.test(names(turn, child, counts))
    return partial(_done, turn, number, spec, instance.item, values, enough)


def _done(turn: Turn, number: int, spec: Each, item: int, values: list[Json], enough: bool) -> None:
    turn.emit(e.ItemDone(number, item, values))
    token = turn.state.flow.tokens[number]
    assert token.items is not None
    if enough:
        cancel_children(turn, number, cause=token.at, bodies=False)
        _leave(turn, number, spec)
    elif spec.sequential and item + 1 < len(token.items):
        _begin(turn, number, spec, item + 1)
    elif not children(turn.state.flow, number, bodies=False):
        _leave(turn, number, spec)


def _kept(turn: Turn, path: Path, item: int, value: Json) -> Json:
    """One collected value, in the form of an item of the list it will go to; secrets sealed until then."""
    fitted = fit(turn, path, [value], "collect")[0]
    return sealed(turn, _place(path, item), fitted, _kind(turn, path))


def _gathered(turn: Turn, path: Path, which: int, results: list[Json]) -> list[Json]:
    """What the instances have left for one list, in the order of the items (R19)."""
    found = ((item, values[which]) for item, values in enumerate(results) if values is not None)
    return [unsealed(turn, _place(path, item), value, _kind(turn, path)) for item, value in found]


def _place(path: Path, item: int) -> str:
    return f"{'.'.join(path)}.collected.{item}"


def _kind(turn: Turn, path: Path) -> Type:
    return type_of(turn.process.names, path).item or ANY


def _leave(turn: Turn, number: int, spec: Each) -> None:
    results = turn.state.flow.tokens[number].results or []
    lists = {".".join(path): _gathered(turn, path, i, results) for i, (path, _) in enumerate(spec.collect)}
    write(turn, number, lists)
    leave(turn, number)
