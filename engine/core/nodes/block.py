"""Scopes with steps of their own: `block` (also handler bodies, instances, undo bodies) and ad-hoc blocks."""

from collections.abc import Callable
from functools import partial

from engine.core.data import names
from engine.core.machine import Turn
from engine.core.model import AdHoc, Block, Node
from engine.core.moves import children, enter, leave


def enter_block(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Block)
    enter(turn, spec.first, up=number)


def path_done(turn: Turn, number: int, node: Node, child: int) -> Callable[[], None]:
    """The block is left when nothing stands in it any more."""
    return partial(_leave_if_empty, turn, number)


def _leave_if_empty(turn: Turn, number: int) -> None:
    if not children(turn.state.flow, number, bodies=False):
        leave(turn, number)


def enter_adhoc(turn: Turn, number: int, node: Node) -> None:
    """Nothing starts by itself: a commander starts the steps at will. Already done if its condition holds."""
    adhoc_step_done(turn, number, node, number)()


def adhoc_step_done(turn: Turn, number: int, node: Node, child: int) -> Callable[[], None]:
    """Done when its condition holds and nothing stands in it."""
    spec = node.spec
    assert isinstance(spec, AdHoc)
    done = spec.until is not None and spec.until.test(names(turn, number))
    return partial(_leave_if_empty, turn, number) if done else _stay


def _stay() -> None:
    """Somebody starts another step, or finishes the block."""
