"""Pieces of schema that many keywords share. A piece's `title` is how a problem names what was expected."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

NAME_PATTERN = "^[a-z][a-z0-9_]*$"
_PATH_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"

NAME: Schema = {"title": "a name: a-z, 0-9 and _ after a letter", "type": "string", "pattern": NAME_PATTERN}
PATH: Schema = {
    "title": "a place in the data, as payee.account",
    "type": "string",
    "pattern": _PATH_PATTERN,
}
TEXT: Schema = {
    "title": "a text, or one for each language: {zh: …, en: …}",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"title": "a language, as zh or en", "pattern": "^[a-z]{2}(-[A-Za-z]{2,4})?$"},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
    ],
}
EXPRESSION: Schema = {
    "title": "an expression, as amount > 1000 or kind == 'claim'",
    "type": ["string", "number", "boolean", "null"],
}
CONDITION: Schema = {
    "title": "a condition, as amount > 1000",
    "type": ["string", "boolean"],
}
LENGTH: Schema = {
    "title": "a length of time, as 90min, 24h, 4wh, 15d, 30wd, or {{ an expression }} that yields one",
    "type": "string",
    "minLength": 1,
}
NAMED: Schema = {"title": "a name, or {{ an expression }} that yields one", "type": "string", "minLength": 1}
FILE: Schema = {"title": "a file beside the process, as schemas/claim.yaml", "type": "string", "minLength": 1}
CLAUSES: Schema = {
    "title": "a list of clauses, as [A-4.4, E-2.4]",
    "description": "The clauses of the manuals or the law that this enforces.",
    "type": "array",
    "items": {"title": "a clause, as A-4.4", "type": "string", "minLength": 1},
    "uniqueItems": True,
}


def described(schema: Schema, description: str, *examples: Any) -> Schema:
    """The schema with what an editor shows beside the keyword."""
    return {**schema, "description": description, **({"examples": list(examples)} if examples else {})}


def mapping(
    properties: Mapping[str, Schema], *required: str, title: str = "a mapping", description: str = ""
) -> dict[str, Any]:
    """A mapping with these keys and no others."""
    return {
        "title": title,
        **({"description": description} if description else {}),
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        "required": list(required),
    }


def named(entry: Schema, title: str = "a mapping from names") -> dict[str, Any]:
    """A mapping from names to entries of one kind."""
    return {"title": title, "type": "object", "propertyNames": NAME, "additionalProperties": entry}


def listing(entry: Schema, title: str, least: int = 1) -> dict[str, Any]:
    return {"title": title, "type": "array", "items": entry, "minItems": least}


SETS: Schema = {
    "title": "a mapping from places in the data to expressions",
    "type": "object",
    "minProperties": 1,
    "propertyNames": PATH,
    "additionalProperties": EXPRESSION,
}
ARGS: Schema = {
    "title": "a mapping from names to expressions",
    "type": "object",
    "propertyNames": NAME,
    "additionalProperties": EXPRESSION,
}
INTO: Schema = {
    "title": "a place in the data, or a mapping from places to fields of the result",
    "type": ["string", "object"],
    "pattern": _PATH_PATTERN,
    "minProperties": 1,
    "propertyNames": PATH,
    "additionalProperties": {"title": "a field of the result", "type": "string", "minLength": 1},
}
STEPS: Schema = {"$ref": "#/$defs/steps"}
BODY: Schema = {"$ref": "#/$defs/body"}
MEANWHILE: Schema = {"$ref": "#/$defs/meanwhile"}
"""What nests: `engine.language.schema` says what they are, for editors whole and for checking one level deep."""
