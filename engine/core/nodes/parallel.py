"""`parallel`: branches side by side; all of them, those whose condition holds, or the first n (R19).

A branch's `when` is looked at once, on entry. With `merge`, what branches write to a shared key stays with
the branch until it ends, and is then folded into the case's data in the way that `merge` says.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from engine.core import events as e
from engine.core.data import Fault, fit, names, type_of, write
from engine.core.machine import Turn
from engine.core.model import Json, Node, Parallel
from engine.core.moves import cancel_children, children, enter, leave
from engine.core.state import FlowState
from engine.core.values import to_value


def enter_parallel(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Parallel)
    view = names(turn, number)
    chosen = [b.first for b in spec.branches if b.when is None or b.when.test(view)]
    if not chosen:
        if spec.otherwise is None:
            raise Fault(f"no branch of {node.id} is to be taken and it has no else")
        chosen = [spec.otherwise]
    for index, first in enumerate(chosen):
        local = dict.fromkeys(spec.merge) if spec.merge else None
        enter(turn, first, up=number, via=node.id, item=index if spec.merge else -1, local=local)


def branch_done(turn: Turn, number: int, node: Node, child: int) -> Callable[[], None]:
    spec = node.spec
    assert isinstance(spec, Parallel)
    changes = _merged(turn, number, spec, child) if spec.merge else {}
    return partial(_done, turn, number, spec, changes)


def _done(turn: Turn, number: int, spec: Parallel, changes: dict[str, Json]) -> None:
    flow: FlowState = turn.state.flow
    turn.emit(e.BranchDone(number))
    write(turn, number, changes)
    if not children(flow, number, bodies=False):
        leave(turn, number)
    elif spec.needs is not None and flow.tokens[number].count >= spec.needs:
        cancel_children(turn, number, cause=flow.tokens[number].at, bodies=False)
        leave(turn, number)


def _merged(turn: Turn, number: int, spec: Parallel, child: int) -> dict[str, Json]:
    """What a branch wrote, folded into the names around the block."""
    view, local = names(turn, number), names(turn, child)
    changes: dict[str, Json] = {}
    for name, how in spec.merge.items():
        mine = local.get(name)
        if mine is None:
            continue
        kind = type_of(turn.process.names, (name,))
        before = to_value(view.get(name), kind)
        after = to_value(mine, kind)
        try:
            folded = after if before is None else MERGES[how](before, after)
        except TypeError as error:
            raise Fault(f"merging {name}: there is no {how} of {before!r:.40} and {after!r:.40}") from error
        changes[name] = fit(turn, (name,), folded, f"merging {name}")
    return changes


def _sum(before: Any, after: Any) -> Any:
    return before + after if isinstance(before, int | Decimal) else after


MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "sum": _sum,
    "concat": lambda before, after: [*before, *after],
    "any": lambda before, after: before or after,
    "all": lambda before, after: before and after,
    "min": min,
    "max": max,
    "last": lambda before, after: after,
}
"""How the writes of several branches to one key meet."""
