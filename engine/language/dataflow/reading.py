"""Everything in a compiled process that reads data: expressions with their places, and whatever components name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from engine.core.expressions import Expression
from engine.core.model import (
    Act,
    Call,
    Catch,
    Compute,
    Decide,
    Each,
    Fail,
    Node,
    Notify,
    Process,
    Send,
    Service,
    Signal,
    Trigger,
)
from engine.language.document import Place

Read = tuple[Expression, Place]
"""An expression, and where it stands within its step."""

_DEEP = 12
"""How far values of components are looked into."""


def at_entry(node: Node) -> Iterator[Read]:
    """The expressions that are worked out when flow comes to the step, before it writes anything; those of `set`
    are not among them, for each sees the ones before it."""
    spec = node.spec
    match spec:
        case Compute() | Service():
            yield from _named(spec.args, (node.kind, "args"))
        case Decide():
            yield from _named(spec.inputs, ("decide", "inputs"))
        case Notify():
            yield from ((one, ("notify", place)) for place, one in enumerate(spec.to) if isinstance(one, Expression))
            yield from _named(spec.facts, ("facts",))
        case Send():
            yield spec.key, ("send", "key")
            yield from _named(spec.payload, ("send", "data"))
        case Call():
            yield from _named(spec.data, ("call", "data"))
        case Each():
            yield spec.over, ("each", "over")
        case Catch():
            yield from _of_trigger(spec.trigger, (node.kind,))
        case Signal() if spec.key is not None:
            yield spec.key, ("signal", "key")
        case Fail() if spec.message is not None:
            yield spec.message, ("fail", "message")
        case Act():
            yield from ((one, (spec.act, name)) for name, one in spec.args.items() if isinstance(one, Expression))
    for index, handler in enumerate(node.handlers):
        yield from _of_trigger(handler.trigger, ("meanwhile", index))


def _of_trigger(trigger: Trigger, where: Place) -> Iterator[Read]:
    """What a trigger reads when it is set up. Its condition is looked at later, and its `into` is a message's."""
    for one in (trigger.length, trigger.at, trigger.key, trigger.every):
        if isinstance(one, Expression):
            yield one, where


def _named(found: Mapping[str, Expression], where: Place) -> Iterator[Read]:
    yield from ((value, (*where, name)) for name, value in found.items())


def in_steps(process: Process) -> Iterator[tuple[str, Expression]]:
    """Every expression of every step and handler, with the step; "" is the process."""
    for handler in process.handlers:
        yield from (("", each) for each in expressions(handler))
    for node in process.nodes.values():
        yield from ((node.id, each) for each in expressions(node.spec))
        for handler in node.handlers:
            yield from ((node.id, each) for each in expressions(handler))


def of_components(process: Process) -> Iterator[tuple[str, str | Expression]]:
    """The expressions and texts in what components made of their keywords, with the step; a text may name a field."""
    for part in process.parts.values():
        yield from (("", each) for each in atoms(part))
    for node in process.nodes.values():
        for part in node.parts.values():
            yield from ((node.id, each) for each in atoms(part))


def expressions(value: Any) -> Iterator[Expression]:
    yield from (each for each in atoms(value) if isinstance(each, Expression))


def atoms(value: Any, depth: int = 0) -> Iterator[str | Expression]:
    """The expressions and texts in any value made of dataclasses, mappings and collections."""
    if isinstance(value, str | Expression):
        yield value
    elif depth < _DEEP:
        for each in _inside(value):
            yield from atoms(each, depth + 1)


def _inside(value: Any) -> Iterable[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name, None) for each in fields(value)]
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return value
    return ()
