"""A process's data: the schema read from its file or from the process itself, typed, ready to check forms.

The schema is JSON Schema 2020-12 as far as `engine.core.types` reads it, with `grade: public|internal|secret` on
fields. Problems are told in the file where the schema stands.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.kinds import Type, holds_secret
from engine.core.model import Path
from engine.core.naming import IDENTIFIER, did_you_mean
from engine.core.types import GRADES, SchemaProblem, names_of_schema
from engine.language.document import Document, Place
from engine.language.files import Files
from engine.language.form_check import Validator, form_schema
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import TEXT, Schema, described, mapping

CODES = {
    "CW141": "a file that is not there",
    "CW142": "a data schema that cannot type data",
    "CW143": "a name that the data cannot have",
}

TYPES = ["string", "integer", "number", "boolean", "array", "object", "null"]
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_FIELD: Schema = {"$ref": "#/$defs/field"}
_FIELDS: Schema = {"title": "a mapping from names to fields", "type": "object", "additionalProperties": _FIELD}
_KEYWORDS: dict[str, Schema] = {
    "title": described(TEXT, "What people call it."),
    "description": described(TEXT, "What it means; for a pattern, how it is written."),
    "help": described(TEXT, "How to fill it in."),
    "grade": described({"enum": list(GRADES)}, "How confidential it is; secret is sealed wherever it is kept."),
    "ahead": described({"type": "boolean"}, "A date that is promised: customers are told it only while it lies ahead."),
    "type": {
        "title": "string, integer, number, boolean, array or object",
        "anyOf": [{"enum": TYPES, "type": "string"}, {"type": "array", "items": {"enum": TYPES}, "minItems": 1}],
    },
    "format": {"title": "date, date-time, money, attachment, or another", "type": "string"},
    "enum": {"title": "a list of values", "type": "array", "minItems": 1, "uniqueItems": True},
    "labels": {
        "title": "a title for each value, as {phone: {zh: 电话, en: Phone}}",
        "description": "What people read for the values of enum.",
        "type": "object",
        "additionalProperties": TEXT,
    },
    "const": {},
    "properties": _FIELDS,
    "required": {"title": "a list of fields", "type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "additionalProperties": {"title": "false, or a field", "anyOf": [{"type": "boolean"}, _FIELD]},
    "items": _FIELD,
    "pattern": {"title": "a regular expression", "type": "string"},
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _WHOLE),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    "uniqueItems": {"type": "boolean"},
    "examples": {"type": "array"},
    "$ref": {"title": "a reference within the schema, as #/$defs/address", "type": "string"},
    "$defs": _FIELDS,
    "$comment": {"type": "string"},
}
SCHEMA: Schema = {
    **mapping(
        {**_KEYWORDS, "$schema": {"type": "string"}, "$id": {"type": "string"}}, "properties", title="a data schema"
    ),
    "$defs": {"field": mapping(_KEYWORDS, title="a field: {type: string, title: …}")},
}
"""What a data schema may say: the part of JSON Schema 2020-12 that types data, with titles in each language and
grades. A keyword misspelt would be a keyword ignored, so no others are taken."""
_SHAPE = validator(SCHEMA)
FIELDS = validator({**_FIELDS, "$defs": SCHEMA["$defs"]})
"""The shape of the fields by themselves."""


@dataclass(frozen=True, slots=True)
class DataSchema:
    """Top-level names with their types, and the schema ready to check what comes from outside."""

    names: Mapping[str, Type] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})

    def form(self, fields: Collection[Path]) -> Validator:
        """The check of a form: its fields may come, and those that the schema requires must."""
        return Validator(form_schema(self.schema, fields))

    def unfinished(self, fields: Collection[Path]) -> Validator:
        """The check of a form that is handed on as it is: its fields may come, none at the top must."""
        return Validator({**form_schema(self.schema, fields), "required": []})

    def anything(self) -> Validator:
        """The check of what only other cases or the engine itself fill in: any field of the data may come."""
        return Validator({**self.schema, "required": []})

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(name for name, type in self.names.items() if holds_secret(type))


def load_schema(
    document: Document, where: Place, written: Any, files: Files, reserved: frozenset[str], problems: Problems
) -> DataSchema | None:
    """The schema that `data:` names or holds; None if it cannot be used."""
    if isinstance(written, str):
        source = named_file(document, where, written, files, problems)
        if source is None:
            return None
        document, where, written = source, (), source.value
    shape = list(misshapen(document, where, written, _SHAPE))
    problems.extend(shape)
    if shape:
        return None
    missing = list(_required(document, where, written))
    problems.extend(missing)
    named = _names(document, where, written["properties"], reserved)
    problems.extend(named)
    try:
        names = names_of_schema(written)
        Validator(written)
    except SchemaProblem as problem:
        problems.add(document.problem("CW142", (*where, *problem.where), problem.message, hint=problem.hint))
        return None
    return None if named or missing else DataSchema(names, written)


def _required(document: Document, where: Place, schema: Any) -> Iterator[Problem]:
    """What is required and is no field: it would be asked for nowhere, and nobody would be told."""
    if not isinstance(schema, dict):
        return
    fields = schema.get("properties", {})
    for index, name in enumerate(schema.get("required", ()) if "properties" in schema else ()):
        if name not in fields:
            message, hint = f"{name!r} is required, and there is no such field", did_you_mean(name, fields)
            yield document.problem("CW142", (*where, "required", index), message, hint=hint)
    for keyword in ("properties", "$defs"):
        for name, field_ in schema.get(keyword, {}).items():
            yield from _required(document, (*where, keyword, name), field_)
    yield from _required(document, (*where, "items"), schema.get("items"))


def _names(document: Document, where: Place, names: Collection[str], reserved: frozenset[str]) -> list[Problem]:
    found = []
    for name in names:
        at = (*where, "properties", name)
        if name in reserved:
            message = f"{name!r} is what the engine itself knows of a case"
            found.append(document.problem("CW143", at, message, hint="give the field another name", key=True))
        elif not IDENTIFIER.match(name):
            message = f"{name!r} cannot be read in expressions"
            expected = "a name: a-z, 0-9 and _ after a letter"
            found.append(document.problem("CW143", at, message, expected=expected, key=True))
    return found


def named_bytes(document: Document, where: Place, path: str, files: Files, problems: Problems) -> bytes | None:
    """The content of a file that the document names at `where`; None, with a problem, if it cannot be had."""
    try:
        return files.read(path)
    except (OSError, ValueError) as error:
        hint = did_you_mean(path, files.names())
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(document.problem("CW141", where, f"the file {path!r} cannot be read: {reason}", hint=hint))
        return None


def named_file(document: Document, where: Place, path: str, files: Files, problems: Problems) -> Document | None:
    """The same as a YAML document (JSON is YAML too)."""
    raw = named_bytes(document, where, path, files, problems)
    if raw is None:
        return None
    try:
        found = read(raw, path)
    except DefinitionError as error:
        problems.extend(error.problems)
        return None
    problems.extend(found.warnings)
    return found
