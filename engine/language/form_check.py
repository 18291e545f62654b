"""The data schema as a check at the door: whoever fills in a form learns, field by field, what is wrong.

Validation is JSON Schema 2020-12 (by the jsonschema library) with what process data needs beside it:

- a number may come as a whole number, a Decimal or plain decimal text (which is its state form), never a float;
- null is "not set": it is taken away before anything is checked, so a required field may not be null;
- an object with `properties` has no others, unless `additionalProperties` says so;
- text without `maxLength` holds 10,000 characters, a list without `maxItems` 1,000 items;
- the formats date, date-time (with an offset) and money (two decimal places, or as `multipleOf` says) bind.

What passes here, `normalise` takes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from engine.core.naming import nearest
from engine.core.types import (
    SchemaProblem,
    Type,
    ValueProblem,
    dereferenced,
    normalise,
    read_date,
    read_moment,
    type_of_schema,
)
from engine.core.values import MAX_DEPTH, MAX_INT
from engine.language.form_fits import Number, Rules, number_of, surely_fits
from engine.language.form_messages import FieldError, told

__all__ = ["FieldError", "Validator", "form_schema", "validator"]

MAX_TEXT = 10_000
MAX_ITEMS = 1_000
MAX_ERRORS = 100


class Validator:
    """Checks data against one schema; made once per schema by `validator`."""

    __slots__ = ("_checker", "_surely", "type")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.type: Type = type_of_schema(schema)
        ready = _prepared(schema, ())
        self._checker = _Checker(ready)
        self._surely = surely_fits(ready, _RULES)

    def __call__(self, data: Any) -> list[FieldError]:
        """The errors of door JSON (non-integers as Decimals) or state, in the schema's order; none if it fits."""
        try:
            given = _without_nulls(data, 0)
            if self._surely(given):
                return []
            errors = self._errors(given)
            if not errors:
                normalise(given, self.type)
        except ValueProblem as problem:
            return [
                FieldError(problem.path, {"zh": "内容无法接受：含无效字符、数字过长或层次过深", "en": problem.message})
            ]
        return errors

    def _errors(self, given: Any) -> list[FieldError]:
        errors = self._checker.iter_errors(given)
        return [told(error) for error, _ in zip(errors, range(MAX_ERRORS), strict=False)]


def validator(schema: Mapping[str, Any], fields: Iterable[tuple[str, ...]] | None = None) -> Validator:
    """The check that a schema stands for. Raises SchemaProblem.

    `fields`, if given, are the paths that a form asks for: only these may then be there, and of these only
    what the schema requires must be.
    """
    try:
        wrong = best_match(_Checker(_Checker.META_SCHEMA).iter_errors(schema))
    except RecursionError:
        raise SchemaProblem((), "the schema is nested too deeply") from None
    if wrong is not None:
        raise SchemaProblem(tuple(wrong.absolute_path), wrong.message)
    return Validator(schema if fields is None else form_schema(schema, fields))


def form_schema(schema: Mapping[str, Any], fields: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """The part of a schema that a form with these fields asks for. Raises SchemaProblem for an unknown field."""
    return {**_part(schema, schema, list(fields), ()), "$defs": schema.get("$defs", {})}


def _part(
    schema: Mapping[str, Any], root: Mapping[str, Any], fields: list[tuple[str, ...]], where: tuple[str, ...]
) -> dict[str, Any]:
    inner: dict[str, list[tuple[str, ...]]] = {}
    for path in fields:
        inner.setdefault(path[0], []).append(path[1:])
    properties: Mapping[str, Any] = schema.get("properties", {})
    chosen = {}
    for name, rests in inner.items():
        if name not in properties:
            close = nearest(name, properties)
            hint = f"did you mean {close!r}?" if close else None
            raise SchemaProblem(where, f"there is no field {name!r}", hint)
        part = properties[name]
        if all(rests):
            part = _part(dereferenced(part, root), root, rests, (*where, name))
        chosen[name] = part
    required = [name for name in schema.get("required", ()) if name in chosen]
    return {**schema, "properties": chosen, "required": required, "additionalProperties": False}


# --- the schema, made ready -----------------------------------------------------------------------------


def _prepared(schema: Any, where: tuple[str | int, ...]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    ready = dict(schema)
    for keyword in ("properties", "$defs"):
        if keyword in ready:
            ready[keyword] = {name: _prepared(part, (*where, keyword, name)) for name, part in ready[keyword].items()}
    for keyword in ("items", "additionalProperties"):
        if keyword in ready:
            ready[keyword] = _prepared(ready[keyword], (*where, keyword))
    for keyword in _BOUNDS:
        if keyword in ready and ready[keyword].__class__ not in (int, Decimal):
            raise SchemaProblem((*where, keyword), "expected a number")
    if "pattern" in ready:
        try:
            re.compile(ready["pattern"])
        except re.error as error:
            raise SchemaProblem((*where, "pattern"), f"not a regular expression: {error}") from None
    kind = _type_of(ready)
    if kind in _DEFAULTS:
        _DEFAULTS[kind](ready)
    return ready


def _type_of(schema: Mapping[str, Any]) -> str:
    written = schema.get("type", "")
    named = [written] if isinstance(written, str) else [name for name in written if name != "null"]
    if schema.get("format") == "money":
        return "money"
    return named[0] if named and named[0] else "object" if "properties" in schema else ""


def _money(schema: dict[str, Any]) -> None:
    schema["type"] = "number"
    schema.setdefault("multipleOf", Decimal("0.01"))


def _integer(schema: dict[str, Any]) -> None:
    schema.setdefault("maximum", MAX_INT)
    schema.setdefault("minimum", -MAX_INT)


def _object(schema: dict[str, Any]) -> None:
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)


_DEFAULTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "money": _money,
    "integer": _integer,
    "object": _object,
    "string": lambda schema: schema.setdefault("maxLength", MAX_TEXT),
    "array": lambda schema: schema.setdefault("maxItems", MAX_ITEMS),
}


def _without_nulls(data: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueProblem("", f"nested deeper than {MAX_DEPTH} levels")
    if data.__class__ is dict:
        return {name: _without_nulls(value, depth + 1) for name, value in data.items() if value is not None}
    return [_without_nulls(value, depth + 1) for value in data] if data.__class__ is list else data


# --- keywords that mean a little more than in the library -----------------------------------------------


def _is_number(checker: Any, instance: Any) -> bool:
    return number_of(instance) is not None


def _is_integer(checker: Any, instance: Any) -> bool:
    return instance.__class__ is int


Errors = Iterator[ValidationError]


def _numeric(holds: Callable[[Number, Number], bool]) -> Callable[..., Errors]:
    def check(checker: Any, bound: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
        if schema.get("type") != "string" and (number := number_of(instance)) is not None and not holds(number, bound):
            yield ValidationError("out of bounds")

    return check


def _multiple(number: Decimal | int, step: Decimal | int) -> bool:
    """Whether the number has no more decimal places than the step, or is a multiple of it."""
    try:
        return Decimal(number) % Decimal(step) == 0
    except ArithmeticError:  # more digits than a number may have: the type says so
        return True


_BOUNDS: Mapping[str, Callable[[Number, Number], bool]] = {
    "minimum": lambda number, bound: number >= bound,
    "maximum": lambda number, bound: number <= bound,
    "exclusiveMinimum": lambda number, bound: number > bound,
    "exclusiveMaximum": lambda number, bound: number < bound,
    "multipleOf": _multiple,
}


def _required(checker: Any, required: Any, instance: Any, schema: Any) -> Errors:
    for name in required if isinstance(instance, dict) else ():
        if name not in instance:
            yield ValidationError("required", path=[name])


def _additional(checker: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    known = schema.get("properties", {})
    for name in instance if isinstance(instance, dict) else ():
        if name not in known:
            if allowed is False:
                yield ValidationError("additional", path=[name])
            else:
                yield from checker.descend(instance[name], allowed, path=name)


_FORMATS: dict[str, Callable[[str], object]] = {"date": read_date, "date-time": read_moment}


def _format(checker: Any, format: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, str) and format in _FORMATS:
        try:
            _FORMATS[format](instance)
        except ValueProblem:
            yield ValidationError("format")


def _unique(checker: Any, wanted: bool, instance: Any, schema: Mapping[str, Any]) -> Errors:
    """The library sorts the items, and what is no number cannot be: the items' own type refuses it."""
    with suppress(InvalidOperation):
        yield from Draft202012Validator.VALIDATORS["uniqueItems"](checker, wanted, instance, schema)


_Checker: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it open
    Draft202012Validator,
    {
        **{keyword: _numeric(holds) for keyword, holds in _BOUNDS.items()},
        "required": _required,
        "additionalProperties": _additional,
        "format": _format,
        "uniqueItems": _unique,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer}),
)

_RULES = Rules(frozenset(_Checker.VALIDATORS), _BOUNDS, _FORMATS)
