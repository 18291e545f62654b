"""What the task of one of many sees that the case does not: its item, and what was written for that alone."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.core.kinds import ANY, Type, holds_secret
from engine.core.model import Each
from engine.core.types import dereferenced
from web.opened import Opened
from web.schema import part, schema_of
from web.show import worded
from workbench.story import MASK


class Item(NamedTuple):
    """The item of an `each` that a task is about. `schema`: what the data schema says of it, where it says anything."""

    name: str
    title: str
    value: Any
    kind: Type
    schema: Mapping[str, Any]


def seen(opened: Opened, task: int) -> dict[str, Any]:
    """The data as a task sees it: the case's, and over it what is known around the task alone. Secrets stay sealed."""
    flow, found, number = opened.state.flow, dict[str, Any](), task
    while number:
        token = flow.tokens[number]
        found = {**(token.local or {}), **found}
        number = token.up
    return {**flow.data, **found}


def items(opened: Opened, task: int) -> list[Item]:
    """The items that a task is about, of the outermost `each` first; none for a task of the case as a whole."""
    return list(_items(opened, task))[::-1]


def _items(opened: Opened, task: int) -> Iterator[Item]:
    flow, process, desk = opened.state.flow, opened.process, opened.desk
    number = task
    while number:
        token = flow.tokens[number]
        above = flow.tokens.get(token.up)
        spec = process.nodes[above.at].spec if above is not None else None
        if isinstance(spec, Each) and spec.item in (token.local or {}):
            # The list has a title if the items are those of one field; otherwise the item's own name must do.
            over = part(desk, process, (next(iter(spec.over.reads)),)) if len(spec.over.reads) == 1 else None
            root = schema_of(desk, process)
            schema = dereferenced(over.schema.get("items", {}), root) if over is not None else {}
            title = desk.told(over.schema.get("title"), worded(spec.item)) if over is not None else worded(spec.item)
            kind, value = spec.over.type.item or ANY, (token.local or {})[spec.item]
            hidden = spec.over.secret and not holds_secret(kind)  # a list that is a secret as a whole
            yield Item(spec.item, title, MASK if hidden else value, kind, schema)
        number = token.up
