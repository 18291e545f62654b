"""What the task of one of many sees that the case does not: its item, and what was written for that alone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.core.kinds import ANY, Type
from engine.core.types import dereferenced
from web.opened import Opened
from web.schema import part, schema_of
from web.show import worded
from workbench.story import items_around


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
    desk, process = opened.desk, opened.process
    found = []
    for spec, value in items_around(opened.state.flow, process, task):
        # The list has a title if the items are those of one field; otherwise the item's own name must do.
        over = part(desk, process, (next(iter(spec.over.reads)),)) if len(spec.over.reads) == 1 else None
        schema = dereferenced(over.schema.get("items", {}), schema_of(desk, process)) if over is not None else {}
        title = desk.told(over.schema.get("title"), worded(spec.item)) if over is not None else worded(spec.item)
        found.append(Item(spec.item, title, value, spec.over.type.item or ANY, schema))
    return found
