"""Everything in a compiled process that reads data: expressions with their places, and whatever components name."""

from collections.abc import Iterator, Mapping
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
from engine.language.within import within

Read = tuple[Expression, Place]
"""An expression, and where it stands within its step."""


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


def in_steps(process: Process) -> list[tuple[str, Expression]]:
    """Every expression of every step and handler, with the step; "" is the process. Ask `Project.once` for it."""
    found = [("", each) for handler in process.handlers for each in expressions(handler)]
    for node in process.nodes.values():
        found += [(node.id, each) for each in expressions((node.spec, node.handlers))]
    return found


def of_components(process: Process) -> list[tuple[str, Any]]:
    """Every value in what components made of their keywords, with the step. Ask `Project.once` for it. Where these are
    not understood, a text among them may name a field."""
    found = [("", each) for each in within((*process.parts.values(),))]
    for node in process.nodes.values():
        found += [(node.id, each) for each in within((*node.parts.values(),))]
    return found


def expressions(value: Any) -> Iterator[Expression]:
    """The expressions in any value."""
    return (each for each in within(value) if isinstance(each, Expression))
