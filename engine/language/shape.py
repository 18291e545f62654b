"""Whether data has the shape that a schema asks for, told with places and nearest names.

Every YAML file of the product is held against a schema through here: processes, house.yaml, data schemas,
organisations. A schema's `title` is how a problem names what was expected.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from engine.core.naming import did_you_mean
from engine.language.document import Document, Place
from engine.language.problems import Problem, one_of
from engine.language.source import trap_hint

CODES = {
    "CW101": "a value of the wrong form",
    "CW102": "an unknown key",
    "CW103": "a key is missing",
}

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_CLASSES: Mapping[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    int: "a whole number",
    Decimal: "a number",
    bool: "true or false",
    type(None): "nothing",
}


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A schema made ready for `misshapen`; keep it where it is used often."""
    return Draft202012Validator(schema)


def misshapen(document: Document, where: Place, value: Any, schema: Draft202012Validator) -> Iterator[Problem]:
    """Every problem of the value at `where` of the document."""
    for error in schema.iter_errors(value):
        yield from _told(document, where, error)


def _told(document: Document, where: Place, error: ValidationError) -> Iterator[Problem]:
    at: Place = (*where, *error.absolute_path)
    kind, given, schema = str(error.validator), _any(error.instance), _schema(error)
    if kind == "additionalProperties":
        known = schema.get("properties", {})
        expected = one_of(known, limit=20)
        for key in given:
            if key not in known:
                hint = did_you_mean(key, known)
                message = f"unknown key {key!r}"
                yield document.problem("CW102", (*at, key), message, expected=expected, hint=hint, key=True)
    elif kind == "required":
        for key in _any(error.validator_value):
            if key not in given:
                yield document.problem("CW103", at, f"the key {key!r} is missing", key=True)
    elif kind == "dependentRequired":
        for key, others in _any(error.validator_value).items():
            for other in others if key in given else ():
                if other not in given:
                    message = f"the key {other!r} is missing, which goes with {key!r}"
                    yield document.problem("CW103", (*at, key), message, key=True)
    elif kind in ("anyOf", "oneOf"):
        yield from _best(document, where, error)
    elif "propertyNames" in error.absolute_schema_path:
        message = f"{given!r} cannot be a key here"
        yield document.problem("CW101", (*at, given), message, expected=_expected(error), key=True)
    else:
        message = _SAYINGS.get(kind, "{error}").format(
            error=error.message, given=shown(given), wanted=error.validator_value
        )
        yield document.problem("CW101", at, message, expected=_expected(error), hint=_hint(error))


def _best(document: Document, where: Place, error: ValidationError) -> Iterator[Problem]:
    """Of several allowed forms, speak of the one that was meant: the only one of the value's own type."""
    branches: dict[str | int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(_any(inner.schema_path[0]), []).append(inner)
    meant = [errors for errors in branches.values() if not any(_of_other_type(each, error) for each in errors)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _told(document, where, inner)
    else:
        at = (*where, *error.absolute_path)
        message = f"got {shown(error.instance)}"
        yield document.problem("CW101", at, message, expected=_expected(error), hint=_hint(error))


def _of_other_type(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator == "type" and inner.instance is outer.instance


def _any(value: Any) -> Any:
    """What jsonschema declares as possibly unset is always set in an error that it yields."""
    return value


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def shown(value: Any) -> str:
    """A value for a message: its class, and itself if it is short."""
    name = _CLASSES.get(value.__class__, "something else")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | None.__class__):
        return name
    text = str(value)
    return f"{name} {text if len(text) <= 40 else text[:40] + '…'!r}"


def _expected(error: ValidationError) -> str | None:
    schema, wanted = _schema(error), _any(error.validator_value)
    if error.validator == "enum":
        return one_of(map(str, wanted), limit=20)
    if "title" in schema:
        return str(schema["title"])
    if error.validator == "type":
        return " or ".join(_TYPES[each] for each in ([wanted] if isinstance(wanted, str) else wanted))
    return None


def _hint(error: ValidationError) -> str | None:
    given = error.instance
    if not isinstance(given, str):
        return None
    if error.validator == "enum":
        return did_you_mean(given, map(str, _any(error.validator_value))) or trap_hint(given)
    takes_text = _schema(error).get("type") in ("object", "array")
    return trap_hint(given) if error.validator == "type" and not takes_text else None


_SAYINGS = {
    "type": "got {given}",
    "enum": "got {given}",
    "const": "got {given}",
    "pattern": "got {given}",
    "minProperties": "this is empty",
    "minItems": "this list is too short",
    "minLength": "this text is empty",
    "maxLength": "this text is longer than {wanted} characters",
    "uniqueItems": "an item stands twice",
    "minimum": "{given} is less than {wanted}",
    "maximum": "{given} is more than {wanted}",
}
