"""What is known of the data on one path: values that were written, and conditions that came out so.

A path is only told of if it can be gone: one on which `kind == 'claim'` was false and is true later, with nothing
written to `kind` in between, cannot. Knowledge is kept of single names (a constant, or null) and of conditions as they
are written; what is not understood is not known, and both ways are open.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from engine.core.operators import EvaluationError, same

_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Known:
    """Immutable; equal knowledge is equal."""

    values: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, tuple[bool, frozenset[str]]] = field(default_factory=dict)  # as written → (so, reads)

    def key(self) -> tuple[frozenset[Any], frozenset[Any]]:
        values = frozenset((name, repr(value)) for name, value in self.values.items())
        return values, frozenset((text, so) for text, (so, _) in self.conditions.items())

    def written(self, names: Collection[str], sets: Iterable[tuple[str, Any]], of: Collection[str]) -> "Known":
        """After these were written; of the constants among them those that somebody asks for (`of`)."""
        constants = {name: value for name, value in sets if name in of}
        if not constants and self.values.keys().isdisjoint(names) and not self.conditions:
            return self
        values = {name: value for name, value in self.values.items() if name not in names}
        conditions = {text: each for text, each in self.conditions.items() if each[1].isdisjoint(names)}
        return Known({**values, **constants}, conditions)

    def about(self, names: frozenset[str]) -> "Known":
        """What of it may still be asked for."""
        values = {name: value for name, value in self.values.items() if name in names}
        conditions = {text: each for text, each in self.conditions.items() if each[1] <= names}
        if len(values) == len(self.values) and len(conditions) == len(self.conditions):
            return self
        return Known(values, conditions)

    # --- conditions --------------------------------------------------------------------------------------

    def truth(self, tree: nodes.Node) -> bool | None:
        """How a condition comes out; None if that is open."""
        if isinstance(tree, nodes.Not):
            inner = self.truth(tree.node)
            return None if inner is None else not inner
        if isinstance(tree, nodes.And | nodes.Or):
            decides = isinstance(tree, nodes.Or)  # one that is true decides an `or`, one that is false an `and`
            both = (self.truth(tree.left), self.truth(tree.right))
            return decides if decides in both else None if None in both else not decides
        if isinstance(tree, nodes.Test):
            value = self._value(tree.node)
            return self._recalled(tree) if value is _UNKNOWN else value is None
        if isinstance(tree, nodes.Compare) and len(tree.ops) == 1:
            found = self._compared(tree.ops[0].op, self._value(tree.expr), self._value(tree.ops[0].expr))
            return self._recalled(tree) if found is None else found
        value = self._value(tree)
        return self._recalled(tree) if value is _UNKNOWN else value is True

    def _recalled(self, tree: nodes.Node) -> bool | None:
        return self.conditions.get(repr(tree), (None,))[0]

    def _value(self, tree: nodes.Node) -> Any:
        if isinstance(tree, nodes.Const):
            return tree.value
        if isinstance(tree, nodes.Name):
            return self.values.get(tree.name, _UNKNOWN)
        if isinstance(tree, nodes.List):
            items = [self._value(each) for each in tree.items]
            return _UNKNOWN if _UNKNOWN in items else items
        return _UNKNOWN

    @staticmethod
    def _compared(op: str, left: Any, right: Any) -> bool | None:
        """Equality and membership alone; an ordering is open even of values that are known."""
        if left is _UNKNOWN or right is _UNKNOWN:
            return None
        try:
            if op in ("eq", "ne"):
                return same(left, right) is (op == "eq")
            if op in ("in", "notin") and isinstance(right, list):
                return any(same(left, each) for each in right) is (op == "in")
        except EvaluationError:
            pass
        return None

    def assuming(self, tree: nodes.Node, holds: bool) -> "Known | None":
        """With this condition come out so; None if it cannot."""
        known = self.truth(tree)
        if known is not None:
            return self if known is holds else None
        if isinstance(tree, nodes.Not):
            return self.assuming(tree.node, not holds)
        if isinstance(tree, nodes.And | nodes.Or):
            return self._junction(tree, holds)
        name, value = _equation(tree, holds)
        if name:
            return Known({**self.values, name: value}, self.conditions)
        reads = frozenset(each.name for each in (tree, *tree.find_all(nodes.Name)) if isinstance(each, nodes.Name))
        return Known(self.values, {**self.conditions, repr(tree): (holds, reads)})

    def _junction(self, tree: Any, holds: bool) -> "Known | None":
        if isinstance(tree, nodes.And) is holds:  # both sides came out so
            left = self.assuming(tree.left, holds)
            return None if left is None else left.assuming(tree.right, holds)
        for one, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if self.truth(one) is not holds and self.truth(one) is not None:
                return self.assuming(other, holds)
        return self  # one of the two, and it is open which


def _equation(tree: nodes.Node, holds: bool) -> tuple[str, Any]:
    """The name that a condition gives a value, and the value; "" where it gives none."""
    if isinstance(tree, nodes.Test) and isinstance(tree.node, nodes.Name) and holds:
        return tree.node.name, None
    if isinstance(tree, nodes.Name) and holds:
        return tree.name, True
    if isinstance(tree, nodes.Compare) and len(tree.ops) == 1 and tree.ops[0].op == ("eq" if holds else "ne"):
        sides = (tree.expr, tree.ops[0].expr)
        for one, other in (sides, sides[::-1]):
            if isinstance(one, nodes.Name) and isinstance(other, nodes.Const):
                return one.name, other.value
    return "", None
