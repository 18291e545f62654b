"""What the data schema of a process that has compiled says of one field: its bounds, its values, its pattern."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.types import SchemaProblem, dereferenced
from engine.language.compile import Compiled
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
