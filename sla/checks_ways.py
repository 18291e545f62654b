"""The ways of tokens through a process, as checks of clocks follow them.

Theory of operation. A *way* leads from one node to the next: on, into a scope, out of it at the end of a path, or away
with a handler that has `next`. Some ways are free: a person chooses them, or something outside happens. Others hang on
the data, and nothing is known of it: those of a switch, and conditions. `None` is the end of the case. What handlers
do beside (`do`) is no way of the flow; nor is what undoes it.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from engine.core.durations import Duration
from engine.core.model import (
    AdHoc,
    Block,
    Catch,
    Each,
    End,
    Fail,
    Fork,
    Handler,
    Human,
    Node,
    Parallel,
    Process,
    Race,
    Switch,
)  # fmt: skip

HAPPENS = frozenset({"after", "at", "every", "message", "signal", "error", "escalation"})
"""Triggers that go off whatever the data says."""


class Way(NamedTuple):
    """A way on from a node. `by` is the outcome or the handler's trigger; `free` whether it may be taken whatever the
    data says; `exit` the handler that leads away."""

    to: str | None
    by: str = ""
    free: bool = True
    exit: Handler | None = None


class Ways:
    """The ways of one process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.nodes = process.nodes
        self._found: dict[str, list[Way]] = {}

    @cached_property
    def beside(self) -> frozenset[str]:
        """All that runs beside the flow: the bodies of handlers, what undoes a step, and all that stands in them."""
        return frozenset(id for id in self.nodes if any(scope in self._tops for scope in (id, *self.around(id))))

    def around(self, id: str) -> Iterator[str]:
        """The scopes around a node, the innermost first."""
        scope = self.nodes[id].scope
        while scope:
            yield scope
            scope = self.nodes[scope].scope

    def within(self, id: str) -> Iterator[str]:
        """A node, and all that stands in it."""
        return (each for each in self.nodes if each == id or id in self.around(each))

    def ends_case(self, node: Node) -> bool:
        """Whether a token that reaches this node ends the case, if it is the last."""
        return isinstance(node.spec, End) and (node.kind == "terminate" or not node.scope)

    def on(self, node: Node) -> str | None:
        """Where a token goes that leaves a node as the node itself leads; None at the end of the case, or of what
        runs beside it."""
        while node.next is None and node.scope and node.scope not in self._tops:
            node = self.nodes[node.scope]
        return node.next

    def of(self, node: Node) -> list[Way]:
        """All ways on from a node, those away from it and from the scopes around it included, but not those of the
        process's own handlers."""
        if node.id not in self._found:
            self._found[node.id] = [] if self.ends_case(node) else self._all(node)
        return self._found[node.id]

    def _all(self, node: Node) -> list[Way]:
        found = [*self._own(node)]
        for id in (node.id, *self.around(node.id)):
            found += [
                Way(each.next, said(each), each.trigger.kind in HAPPENS, each)
                for each in self.nodes[id].handlers
                if each.next
            ]
            if id in self._tops:
                break
        return found

    @cached_property
    def _tops(self) -> frozenset[str]:
        tops = {handler.body for handler in self.process.handlers}
        for node in self.nodes.values():
            tops |= {node.undo, *(handler.body for handler in node.handlers)}
        return frozenset(top for top in tops if top)

    def _own(self, node: Node) -> Iterator[Way]:
        on = self.on(node)
        match node.spec:
            case Human(outcomes=outcomes) if outcomes:
                yield from (Way(one.next or on, one.name) for one in outcomes.values())
            case Race(options=options):
                for each in options:
                    yield Way(each.next or on, said(each), each.trigger.kind in HAPPENS, each)
            case Catch(trigger=trigger):
                yield Way(on, free=trigger.kind in HAPPENS)
            case Switch(flows=flows):
                yield from (Way(flow.next or on, free=False) for flow in flows)
            case Fork(flows=flows, otherwise=otherwise):
                yield from (Way(flow.next or on, free=False) for flow in flows)
                yield from (Way(otherwise, free=False),) if otherwise else ()
            case Parallel(branches=branches, otherwise=otherwise, needs=needs):
                if needs is not None:
                    yield Way(on)
                yield from (Way(branch.first, branch.name, branch.when is None) for branch in branches)
                yield from (Way(otherwise, free=False),) if otherwise else ()
            case Each(body=body):
                yield Way(body, free=False)
                yield Way(on, free=False)
            case AdHoc(steps=steps):
                yield from (Way(step) for step in steps)
                yield Way(on)
            case Block(first=first):
                yield Way(first)
            case Fail():
                return  # what catches it leads on; where nothing does, the case stops
            case _:
                yield Way(on)


def said(handler: Handler) -> str:
    """What sets a handler off, in a word."""
    trigger = handler.trigger
    return trigger.name or (
        f"{trigger.kind} {trigger.length}" if isinstance(trigger.length, Duration) else trigger.kind
    )
