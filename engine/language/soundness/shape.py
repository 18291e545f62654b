"""What can be said of a process's graph before any token moves: what stands in what, who catches what, which scopes can
be looked at by themselves.

Theory of operation. A scope is *closed* when nothing within it acts on a token outside or is acted on from outside,
beyond what its host sees anyway: it is done, it throws, it tells. Three things break that: a step that `cancels`
another, a message that only this process itself sends, and a plain graph's joins (which count tokens of their own
scope only, so they do no harm). A scope that is not closed is played together with what it is entangled with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.core.ahead import successors
from engine.core.expressions import Expression
from engine.core.model import Catch, Each, Handler, Human, Node, Parallel, Process, Race, Send, Set, Trigger

SCOPES = frozenset({"block", "parallel", "each", "adhoc", "compensate"})
HOLDERS = frozenset({"block", "parallel", "each", "adhoc"})
"""Kinds whose tokens hold others; `compensate` holds the bodies that undo."""
SPONTANEOUS = frozenset({"after", "at", "every", "message", "signal", "when", "changed"})


@dataclass(frozen=True, slots=True)
class Given:
    """What is known around a process.

    `called`: another process calls it, so that an error it does not catch ends it. `own`: messages that nobody but
    this process sends."""

    called: bool = False
    own: frozenset[str] = frozenset()


class Shape:
    """The static view of one process."""

    def __init__(self, process: Process, given: Given) -> None:
        self.process, self.nodes, self.given = process, process.nodes, given
        self.bodies: dict[str, tuple[str, int]] = {}
        for host, handlers in self.hosts():
            for index, handler in enumerate(handlers, 1):
                if handler.body is not None:
                    self.bodies[handler.body] = (host, index)
        self.undone = {node.undo: node.id for node in self.nodes.values() if node.undo}

    def hosts(self) -> Iterator[tuple[str, tuple[Handler, ...]]]:
        """Everything that handlers hang on; "" is the process."""
        yield "", self.process.handlers
        for node in self.nodes.values():
            if node.handlers:
                yield node.id, node.handlers

    def handlers(self, host: str) -> tuple[Handler, ...]:
        return self.nodes[host].handlers if host else self.process.handlers

    def above(self, node: str, compensate: str = "") -> Iterator[str]:
        """The steps around a step, from the inside out, and at last "". An undo body stands in `compensate`."""
        while node:
            node = compensate if node in self.undone and compensate else self._around(node)
            yield node

    def _around(self, node: str) -> str:
        return self.bodies[node][0] if node in self.bodies else self.nodes[node].scope

    def catcher(self, scope: str, kind: str, name: str, compensate: str = "") -> tuple[str, int] | None:
        """Host and number of the handler that takes what is thrown right within a scope and not caught there."""
        host, skip = scope, False
        around = self.above(scope, compensate)
        while True:
            if not skip:
                for index, handler in enumerate(self.handlers(host), 1):
                    if takes(handler, kind, name):
                        return host, index
            if not host:
                return None
            skip = host in self.bodies
            host = next(around)

    def caught_names(self, kind: str, chain: Iterator[str]) -> list[str]:
        """The names of errors (escalations) that make a difference there: those that handlers name, and any other."""
        names = {h.trigger.name for host in chain for h in self.handlers(host) if h.trigger.kind == kind}
        return sorted(names)

    # --- entanglement --------------------------------------------------------------------------------

    @cached_property
    def entangled(self) -> frozenset[str]:
        """The scopes that must be played together with what is around them."""
        found: set[str] = set()
        for node in self.nodes.values():
            pairs = [target for target in node.cancels if target in self.nodes]
            for target in pairs:
                found |= self._between(node.id, target) | self._undoing(node.id) | self._undoing(target)
            if self._own_message(node):
                found |= {scope for scope in self.above(node.id) if scope} | self._undoing(node.id)
        return frozenset(found)

    def _undoing(self, node: str) -> set[str]:
        """For what stands in an undo body: that, every step that may run it, and all around those."""
        bodies = {scope for scope in (node, *self.above(node)) if scope in self.undone}
        runs = [n.id for n in self.nodes.values() if n.kind == "compensate" and bodies & {*self.undoes(n.id)}]
        around = {scope for run in (*runs, *(node for _ in bodies)) for scope in (run, *self.above(run)) if scope}
        return {scope for scope in around if self.nodes[scope].kind in SCOPES}

    def _between(self, one: str, other: str) -> set[str]:
        """The scopes in which either stands, below the one that surely holds both at once in one activation."""
        first, second = list(self.above(one)), list(self.above(other))
        common = [scope for scope in first if scope in second]
        if one in self.nodes and one in second:
            common.insert(0, one)
        many = [i for i, scope in enumerate(common) if scope and self._many(scope)]
        meeting = common[many[-1]] if many else common[0]
        up = {*first[: first.index(meeting)]} if meeting in first else set()
        down = {*second[: second.index(meeting)]} if meeting in second else set()
        return {scope for scope in up | down if scope}

    def _many(self, scope: str) -> bool:
        """Whether what stands in it may stand there several times at once."""
        return self.nodes[scope].kind in ("each", "adhoc") or scope in self.bodies

    def _own_message(self, node: Node) -> bool:
        own = self.given.own
        if isinstance(node.spec, Send):
            return node.spec.message in own
        return any(t.kind == "message" and t.name in own for t in triggers(node))

    def within(self, scope: str) -> Iterator[str]:
        """Everything that stands in a scope, at any depth."""
        return (name for name in self.nodes if scope in self.above(name))

    def undoes(self, compensate: str) -> tuple[str, ...]:
        """The bodies that a `compensate` may run, whatever was done before."""
        spec = self.nodes[compensate].spec
        step = getattr(spec, "step", None)
        scope = self._undo_scope(compensate)
        return tuple(body for body, host in self.undone.items() if step in (None, host) and scope in self.above(host))

    def _undo_scope(self, node: str) -> str:
        """It climbs out of handlers' bodies and of the step that they hang on."""
        scope = self.nodes[node].scope
        while scope in self.bodies:
            host = self.bodies[scope][0]
            scope = host if not host or self.nodes[host].kind in HOLDERS else self.nodes[host].scope
        return scope

    # --- waits that nothing ends ---------------------------------------------------------------------

    def hopeless(self, node: Node, trigger: Trigger) -> bool:
        """Whether a step waits for a field to change that nothing writes while it stands there."""
        if trigger.kind != "changed":
            return False
        return not any(trigger.path[0] in writes(self.nodes[other]) for other in self._beside(node.id)) and not any(
            trigger.path[0] in {a.path[0] for a in handler.trigger.into}
            for host in (node.id, *self.above(node.id))
            for handler in self.handlers(host)
            if handler.body is not None
        )

    def _beside(self, node: str) -> Iterator[str]:
        """The steps on which a token may stand while one stands here."""
        mine = {node, *self.above(node)}
        for other in self.nodes:
            if other == node:
                continue
            chain = [other, *self.above(other)]
            at = next(i for i, scope in enumerate(chain) if scope in mine)
            meeting, way = chain[at], chain[at - 1] if at else ""
            kind = self.nodes[meeting].kind if meeting else ""
            if (
                way in self.bodies
                or kind in ("each", "adhoc")
                or self._forks(meeting)
                or (kind == "parallel" and not self._one_branch(meeting, way, node))
                or any(scope in self.bodies for scope in mine)
            ):
                yield other

    def _forks(self, scope: str) -> bool:
        return any(n.kind == "fork" and n.scope == scope for n in self.nodes.values())

    def _one_branch(self, parallel: str, one: str, other: str) -> bool:
        chain = [other, *self.above(other)]
        mine = chain[chain.index(parallel) - 1] if parallel in chain[1:] else other
        return any({one, mine} <= self.path(first) for first in branches(self.nodes[parallel]))

    def path(self, first: str) -> set[str]:
        """The steps of the same scope that flow may come to from here."""
        found: set[str] = set()
        todo = [first]
        while todo:
            step = todo.pop()
            if step not in found:
                found.add(step)
                todo.extend(successors(self.nodes[step]))
        return found


def takes(handler: Handler, kind: str, name: str) -> bool:
    return handler.trigger.kind == kind and handler.trigger.name in ("", name)


def branches(node: Node) -> list[str]:
    """The first steps of a `parallel`'s branches, `else` last."""
    spec = node.spec
    assert isinstance(spec, Parallel)
    return [branch.first for branch in spec.branches] + ([spec.otherwise] if spec.otherwise else [])


def triggers(node: Node) -> Iterator[Trigger]:
    """Every trigger of a step: its own, its options', its handlers'."""
    if isinstance(node.spec, Catch):
        yield node.spec.trigger
    if isinstance(node.spec, Race):
        yield from (option.trigger for option in node.spec.options)
    yield from (handler.trigger for handler in node.handlers)


def writes(node: Node) -> frozenset[str]:
    """The top-level names of the data that a step itself may write."""
    spec = node.spec
    found: set[str] = set()
    if isinstance(spec, Human):
        found |= {path[0] for path in spec.form}
        found |= {assign.path[0] for outcome in spec.outcomes.values() for assign in outcome.sets}
    elif isinstance(spec, Set):
        found |= {assign.path[0] for assign in spec.assigns}
    elif isinstance(spec, Each):
        found |= {path[0] for path, _ in spec.collect}
    else:
        found |= {path[0] for _, path in getattr(spec, "into", ())}
    for trigger in triggers(node):
        found |= {assign.path[0] for assign in trigger.into}
    return frozenset(found)


def asked(node: Node, chosen: tuple[int, ...]) -> list[tuple[Expression, bool]]:
    """The conditions that a choice of ways (by their numbers, -1 is `else`) stands for, and whether they held."""
    conditions: list[Expression | None] = [flow.when for flow in getattr(node.spec, "flows", ())]
    if isinstance(node.spec, Parallel):
        conditions = [branch.when for branch in node.spec.branches]
    last = max(chosen) if node.kind == "switch" else len(conditions)
    return [(when, n in chosen) for n, when in enumerate(conditions) if when is not None and n <= last]
