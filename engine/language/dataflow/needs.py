"""What an expression needs to be set, and what follows from a condition that holds.

Theory of operation. Null is no fault by itself (R20): it is false in a condition and equals only none. It stops a case
where it is ordered, counted with, joined to a text or given to a function. `needs` are the names read in such a place,
unless what stands around them has asked before: `x is not none and x > 3`, `x if x else 0`, `coalesce(x, 0)`. What has
been asked is `settled`: the names that cannot be null where a condition came out true, or false.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from engine.core.expression_parse import ExpressionError, parse_expression
from engine.core.expressions import Expression

Names = frozenset[str]
NONE: Names = frozenset()
Truth = Callable[[nodes.Node], bool | None]
_ORDER = ("lt", "lteq", "gt", "gteq")
_ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)


@lru_cache(maxsize=4096)
def tree_of(source: str) -> nodes.Expr | None:
    """The tree of an expression that compiled; None for a text with expressions in it, where null leaves nothing."""
    try:
        return parse_expression(source)
    except ExpressionError:
        return None


def needs(expression: Expression, truth: Truth = lambda _: None) -> Names:
    """The top-level names that must be set, or evaluating fails. `truth` says of conditions how they come out, where
    that is known: what is not looked at then is not needed."""
    tree = tree_of(expression.source)
    if tree is None:
        return NONE
    return frozenset(_needs(tree, NONE, truth)) & expression.reads


def settled(tree: nodes.Node, holds: bool) -> Names:
    """The names that are set where this condition came out so."""
    if isinstance(tree, nodes.Not):
        return settled(tree.node, not holds)
    if isinstance(tree, nodes.And | nodes.Or):
        left, right = settled(tree.left, holds), settled(tree.right, holds)
        return left | right if holds is isinstance(tree, nodes.And) else left & right
    if isinstance(tree, nodes.Test):
        return NONE if holds else _direct(tree.node)
    if isinstance(tree, nodes.Compare):
        return _compared(tree, holds)
    return _direct(tree) if holds else NONE


def _compared(tree: nodes.Compare, holds: bool) -> Names:
    """`x == 'a'` tells that x is set; an ordering would have failed otherwise, however it came out."""
    found = NONE
    left: nodes.Node = tree.expr
    for operand in tree.ops:
        both = _direct(left) | _direct(operand.expr)
        same = operand.op == ("eq" if holds else "ne") and (_value(left) or _value(operand.expr))
        if same or operand.op in _ORDER:
            found |= both
        elif operand.op == ("in" if holds else "notin"):
            found |= _direct(left)
        left = operand.expr
    return found if len(tree.ops) == 1 or holds else NONE


def _value(tree: nodes.Node) -> bool:
    return isinstance(tree, nodes.Const) and tree.value is not None


def _direct(tree: nodes.Node) -> Names:
    """The name that this reads, if it is nothing but a read of the data."""
    while isinstance(tree, nodes.Getattr | nodes.Getitem):
        tree = tree.node
    return frozenset((tree.name,)) if isinstance(tree, nodes.Name) else NONE


def _needs(tree: nodes.Node, known: Names, truth: Truth) -> Iterator[str]:
    """The names that must be set, beyond those known to be."""
    special = _SPECIAL.get(type(tree))
    if special is not None:
        yield from special(tree, known, truth)
        return
    whole = isinstance(tree, nodes.Compare) and any(operand.op in _ORDER for operand in tree.ops)
    if whole or isinstance(tree, (*_ARITHMETIC, nodes.Concat, nodes.Neg)):
        for each in tree.iter_child_nodes():
            yield from _direct(each.expr if isinstance(each, nodes.Operand) else each) - known
    for each in tree.iter_child_nodes():
        yield from _needs(each, known, truth)


def _junction(tree: Any, known: Names, truth: Truth) -> Iterator[str]:
    """The right side is only looked at where the left side came out true (and), or false (or)."""
    goes_on = isinstance(tree, nodes.And)
    yield from _needs(tree.left, known, truth)
    if truth(tree.left) is not (not goes_on):
        yield from _needs(tree.right, known | settled(tree.left, goes_on), truth)


def _choice(tree: Any, known: Names, truth: Truth) -> Iterator[str]:
    yield from _needs(tree.test, known, truth)
    if truth(tree.test) is not False:
        yield from _needs(tree.expr1, known | settled(tree.test, True), truth)
    if tree.expr2 is not None and truth(tree.test) is not True:
        yield from _needs(tree.expr2, known | settled(tree.test, False), truth)


def _call(tree: Any, known: Names, truth: Truth) -> Iterator[str]:
    """A function is given no null; `coalesce` takes it, and what stands behind the first is for where it is null."""
    plain = tree.node.name != "coalesce"
    for each in tree.args if plain else tree.args[:1]:
        if plain:
            yield from _direct(each) - known
        yield from _needs(each, known, truth)


_SPECIAL: dict[type[nodes.Node], Callable[[Any, Names, Truth], Iterator[str]]] = {
    nodes.And: _junction, nodes.Or: _junction, nodes.CondExpr: _choice, nodes.Call: _call,
}  # fmt: skip
