"""What the data schema of a process that has compiled says of one field: its bounds, its values, its pattern."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from engine.core.types import SchemaProblem, dereferenced
from engine.language.compile import Compiled
from engine.language.dataflow.needs import tree_of
from engine.language.problems import DefinitionError
from engine.language.source import read

_FIELD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")


def schema_of(compiled: Compiled) -> Mapping[str, Any]:
    """The data schema as it was written, in the process's file or in one of its own."""
    return read_schema(compiled.document.value, compiled.files.__getitem__)


def read_schema(process: Any, load: Callable[[str], bytes]) -> Mapping[str, Any]:
    """The same of a process's file as data; `load` gives the content of a file. Empty where it cannot be had."""
    written = process.get("data", {}) if isinstance(process, dict) else {}
    if isinstance(written, str):
        try:
            written = read(load(written), written).value
        except (KeyError, OSError, DefinitionError):
            return {}
    return written if isinstance(written, dict) else {}


def field_schema(schema: Mapping[str, Any], source: str) -> Mapping[str, Any] | None:
    """What the schema says of the field that an expression is; None if it is no field by itself."""
    source = source.strip()
    if not _FIELD.match(source):
        return None
    found: Mapping[str, Any] = schema
    try:
        for name in source.split("."):
            found = dereferenced(dereferenced(found, schema).get("properties", {}).get(name, {}), schema)
    except SchemaProblem:
        return None
    return found or None


def largest(schema: Mapping[str, Any], source: str) -> Decimal | None:
    """The most that an expression can be by the bounds of the fields in it; None where there is no bound, or none that
    is seen: of a field, a number, and what `coalesce`, `min`, `max` and a choice make of these."""
    tree = tree_of(source)
    return None if tree is None else _largest(schema, tree)


def _largest(schema: Mapping[str, Any], tree: nodes.Node) -> Decimal | None:
    if isinstance(tree, nodes.Const):
        number = isinstance(tree.value, int | Decimal) and not isinstance(tree.value, bool)
        return Decimal(tree.value) if number else None
    if isinstance(tree, nodes.CondExpr) and tree.expr2 is not None:
        return _most([_largest(schema, tree.expr1), _largest(schema, tree.expr2)])
    if isinstance(tree, nodes.Call) and isinstance(tree.node, nodes.Name):
        found = [_largest(schema, each) for each in tree.args]
        if tree.node.name == "min":
            return min((each for each in found if each is not None), default=None)
        return _most(found) if tree.node.name in ("coalesce", "max") else None
    field = field_schema(schema, _dotted(tree)) or {}
    value = field.get("maximum", field.get("exclusiveMaximum"))
    return None if value is None else Decimal(value)


def _most(found: list[Decimal | None]) -> Decimal | None:
    bounds = [each for each in found if each is not None]
    return max(bounds) if bounds and len(bounds) == len(found) else None


def _dotted(tree: nodes.Node) -> str:
    """The path that a tree reads, if it is nothing but that; "" otherwise."""
    if isinstance(tree, nodes.Name):
        return tree.name
    if isinstance(tree, nodes.Getattr) and (before := _dotted(tree.node)):
        return f"{before}.{tree.attr}"
    return ""
