"""Types of process data: what a data schema says, and where in the data something may be written.

The schema is JSON Schema 2020-12, of which process data uses a subset: `type` (with "null" beside it),
`properties`, `additionalProperties`, `items`, `enum`, `const`, `format` (date, date-time, money, attachment),
`multipleOf` (the decimal places of money), `title`, local `$ref`, and our own grades (`grade: secret`).
Whatever else would change the type (anyOf, patternProperties ...) is refused. Keywords that only narrow
values (minLength, maximum, required ...) are the validator's business (`engine.language.form_check`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.core.kinds import (
    ANY,
    BOOL,
    DATE,
    DATETIME,
    DECIMAL,
    INT,
    LIST,
    MONEY,
    NULL,
    OBJECT,
    TEXT,
    Json,
    Type,
    Value,
    field_of,
    holds_secret,
    join,
    list_of,
    not_assignable,
    object_of,
)
from engine.core.naming import did_you_mean, listed, nearest
from engine.core.values import ValueProblem, moment, normalise, read_date, read_moment, to_json, to_value

__all__ = [
    "ANY",
    "BOOL",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "INT",
    "LIST",
    "MONEY",
    "NULL",
    "OBJECT",
    "TEXT",
    "Json",
    "NameProblem",
    "SchemaProblem",
    "Type",
    "Value",
    "ValueProblem",
    "dereferenced",
    "holds_secret",
    "join",
    "list_of",
    "moment",
    "names_of_schema",
    "normalise",
    "not_assignable",
    "object_of",
    "read_date",
    "read_moment",
    "target_type",
    "to_json",
    "to_value",
    "type_of_schema",
]

GRADES = ("public", "internal", "secret")
_KINDS = {
    "null": "null",
    "boolean": "bool",
    "integer": "int",
    "number": "decimal",
    "string": "text",
    "array": "list",
    "object": "object",
}
_FORMATS = {"date": "date", "date-time": "datetime", "money": "decimal", "attachment": "int"}
_FORMAT_TYPES = {
    "date": ("string",), "date-time": ("string",), "money": ("number", "string"), "attachment": ("integer",),
}  # fmt: skip
_REFUSED = (
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "prefixItems",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$dynamicRef",
)


class SchemaProblem(ValueError):
    """A schema that cannot type process data. `where` is the place in it: ("properties", "kind", "enum")."""

    def __init__(self, where: tuple[str | int, ...], message: str, hint: str | None = None) -> None:
        self.where = where
        self.message = message
        self.hint = hint
        super().__init__(f"{'/'.join(map(str, where)) or 'schema'}: {message}" + (f" ({hint})" if hint else ""))


class NameProblem(ValueError):
    """A name that the data does not have; `hint` proposes the nearest one."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)


def type_of_schema(schema: Mapping[str, Any]) -> Type:
    """The type that a data schema describes. Raises SchemaProblem, which says where in the schema."""
    return _type(schema, schema, (), ())


def names_of_schema(schema: Mapping[str, Any]) -> dict[str, Type]:
    """The top-level names of a process's data schema. Raises SchemaProblem."""
    return dict(type_of_schema(schema).fields or {})


def _type(schema: Any, root: Mapping[str, Any], where: tuple[str | int, ...], refs: tuple[str, ...]) -> Type:
    if schema is True:
        return ANY
    if not isinstance(schema, Mapping):
        raise SchemaProblem(where, "expected a schema (a mapping)")
    for keyword in _REFUSED:
        if keyword in schema:
            raise SchemaProblem((*where, keyword), f"{keyword} has no place in the schema of process data")
    if "$ref" in schema:
        target, path = _resolve(schema["$ref"], root, where, refs)
        rest = {key: value for key, value in schema.items() if key not in ("$ref", "$defs")}
        return _type({**target, **rest}, root, path if not rest else where, (*refs, schema["$ref"]))
    kind, money = _kind(schema, where)
    grade = schema.get("grade", "internal")
    if grade not in GRADES:
        raise SchemaProblem((*where, "grade"), f"expected one of {listed(GRADES)}", did_you_mean(str(grade), GRADES))
    item, fields = _inner(kind, schema, root, where, refs)
    return Type(
        kind,
        item=item,
        fields=fields,
        enum=_enum(kind, schema, where),
        money=money,
        scale=_scale(schema, where) if money else 2,
        secret=grade == "secret",
        title=schema.get("title"),
        attachment=schema.get("format") == "attachment",
    )


def _kind(schema: Mapping[str, Any], where: tuple[str | int, ...]) -> tuple[str, bool]:
    written = schema.get("type")
    types = [written] if isinstance(written, str) else list(written or ())
    for name in types:
        if name not in _KINDS:
            raise SchemaProblem((*where, "type"), f"unknown type {name!r}", did_you_mean(str(name), _KINDS))
    named = [name for name in types if name != "null"]
    if len(named) > 1:
        raise SchemaProblem((*where, "type"), "a field has one type (and may be null without saying so)")
    format = schema.get("format")
    if format in _FORMATS:
        if named and named[0] not in _FORMAT_TYPES[format]:
            fitting = " or ".join(_FORMAT_TYPES[format])
            raise SchemaProblem((*where, "format"), f"format {format} goes with type {fitting}, not {named[0]}")
        return _FORMATS[format], format == "money"
    if format is not None and (close := nearest(str(format), _FORMATS)):
        raise SchemaProblem((*where, "format"), f"unknown format {format!r}", f"did you mean {close!r}?")
    if named:
        return _KINDS[named[0]], False
    if types:
        return "null", False
    implied = [kind for keyword, kind in (("properties", "object"), ("items", "list")) if keyword in schema]
    return (implied[0] if implied else _kind_of_enum(schema)), False


def _kind_of_enum(schema: Mapping[str, Any]) -> str:
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    classes = {value.__class__ for value in values if value is not None}
    return {str: "text", int: "int"}.get(classes.pop(), "any") if len(classes) == 1 else "any"


def _enum(kind: str, schema: Mapping[str, Any], where: tuple[str | int, ...]) -> tuple[Any, ...] | None:
    if "enum" not in schema and "const" not in schema:
        return None
    keyword = "const" if "const" in schema else "enum"
    values = [schema["const"]] if keyword == "const" else schema["enum"]
    if not isinstance(values, list | tuple) or not values:
        raise SchemaProblem((*where, keyword), "expected a list of values")
    wanted = {"text": str, "int": int, "bool": bool}.get(kind)
    named = tuple(value for value in values if value is not None)
    if wanted is None or any(value.__class__ is not wanted for value in named):
        raise SchemaProblem((*where, keyword), "the values must be all text, all whole numbers or true and false")
    return named


def _scale(schema: Mapping[str, Any], where: tuple[str | int, ...]) -> int:
    if "multipleOf" not in schema:
        return 2
    step = schema["multipleOf"]
    if step.__class__ not in (int, Decimal) or step <= 0:
        raise SchemaProblem((*where, "multipleOf"), "expected a decimal such as 0.01")
    return max(0, -int(Decimal(step).normalize().as_tuple().exponent))


def _inner(
    kind: str,
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    where: tuple[str | int, ...],
    refs: tuple[str, ...],
) -> tuple[Type | None, dict[str, Type] | None]:
    if kind == "list":
        return (_type(schema["items"], root, (*where, "items"), refs) if "items" in schema else None), None
    if kind != "object" or not {"properties", "additionalProperties"} & set(schema):
        return None, None
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        raise SchemaProblem((*where, "properties"), "expected a mapping of fields")
    fields = {name: _type(field, root, (*where, "properties", name), refs) for name, field in properties.items()}
    more = schema.get("additionalProperties", False)
    return (None if more is False else _type(more, root, (*where, "additionalProperties"), refs)), fields


def _resolve(
    ref: Any, root: Mapping[str, Any], where: tuple[str | int, ...], refs: tuple[str, ...]
) -> tuple[Mapping[str, Any], tuple[str | int, ...]]:
    if not isinstance(ref, str) or not ref.startswith("#/$defs/"):
        raise SchemaProblem((*where, "$ref"), "only references within the schema: #/$defs/name")
    if ref in refs:
        raise SchemaProblem((*where, "$ref"), f"{ref} refers to itself")
    found: Any = root
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in ref[2:].split("/"))
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            known = found if isinstance(found, Mapping) else ()
            raise SchemaProblem((*where, "$ref"), f"{ref} is not defined", did_you_mean(part, known))
        found = found[part]
    if not isinstance(found, Mapping):
        raise SchemaProblem((*where, "$ref"), f"{ref} is not a schema")
    return found, path


def dereferenced(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with what it refers to taken in. Raises SchemaProblem for a reference that leads nowhere."""
    refs: tuple[str, ...] = ()
    while "$ref" in schema:
        ref = schema["$ref"]
        target, _ = _resolve(ref, root, (), refs)
        schema = {**target, **{key: value for key, value in schema.items() if key not in ("$ref", "$defs")}}
        refs = (*refs, ref)
    return schema


def target_type(names: Mapping[str, Type], path: str | tuple[str, ...]) -> Type:
    """The type of a place in the data that something is written to: "payee.account" or ("payee", "account").

    Raises NameProblem with the nearest name.
    """
    parts = tuple(path.split(".")) if isinstance(path, str) else path
    type = names.get(parts[0])
    if type is None:
        raise NameProblem(f"there is no {parts[0]!r} in the data", did_you_mean(parts[0], names))
    for depth, part in enumerate(parts[1:], 1):
        above = ".".join(parts[:depth])
        if type.kind not in ("object", "any"):
            raise NameProblem(f"{above} is {type}, it has no fields")
        field = field_of(type, part)
        if field is None:
            raise NameProblem(f"{above} has no field {part!r}", did_you_mean(part, type.fields or ()))
        type = field
    return type
