"""Forms from the data schema: fields to draw, what was posted as data, data as inputs show it.

Theory of operation. A form names places in the data; an object among them is opened into its fields. What a
browser posts is text; here it becomes data at the door as far as it reads as its type. What does not is passed on
as it came, so that there is one check, the schema's, and one place for its words (`engine.language`).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel
from starlette.datastructures import FormData

from engine.core.kinds import Type
from engine.core.model import Path, Process
from engine.core.values import ValueProblem, read_moment
from web.desk import Desk
from web.schema import Part, part
from web.show import worded

Kind = Literal[
    "text", "long", "int", "number", "money", "date", "datetime", "bool", "one", "many", "lines", "json", "file"
]
LONG = 200
"""Text that may be longer than this is written in several lines."""


class Choice(BaseModel):
    value: str
    title: str


class Field(BaseModel):
    """A field of a form, in the reader's language."""

    name: str
    title: str
    help: str = ""
    kind: Kind
    required: bool = False
    secret: bool = False
    choices: list[Choice] = []
    max_length: int | None = None
    least: str = ""
    most: str = ""


def fields(desk: Desk, process: Process, paths: Iterable[Path]) -> list[Field]:
    """The fields that a form with these places asks for."""
    return [_field(desk, one) for path in paths for one in _leaves(desk, process, path)]


def fields_of(desk: Desk, kinds: Mapping[str, Type]) -> list[Field]:
    """The fields of what has types only, and no data schema: what a message carries."""
    return [_field(desk, Part(name, {}, kind, required=False)) for name, kind in kinds.items()]


def _leaves(desk: Desk, process: Process, path: Path) -> Iterator[Part]:
    found = part(desk, process, path)
    if found.kind.kind == "object" and found.kind.fields:
        for name in found.kind.fields:
            yield from _leaves(desk, process, (*path, name))
    else:
        yield found


def _field(desk: Desk, found: Part) -> Field:
    schema, kind = found.schema, found.kind
    item = kind.item or Type("any")
    values = kind.enum if kind.enum is not None else item.enum if kind.kind == "list" else None
    bounds = {name: schema.get(name, "") for name in ("minimum", "maximum")}
    return Field(
        name=found.name,
        title=desk.told(schema.get("title"), worded(found.name.rpartition(".")[2])),
        help=desk.told(schema.get("help")) or desk.told(schema.get("description")),
        kind=_kind(kind, schema),
        required=found.required,
        secret=kind.secret,
        choices=[
            Choice(value=str(value), title=desk.told(found.labels.get(str(value)), worded(str(value))))
            for value in values or ()
            if value is not None
        ],
        max_length=schema.get("maxLength"),
        least=str(bounds["minimum"]),
        most=str(bounds["maximum"]),
    )


def _kind(kind: Type, schema: Mapping[str, Any]) -> Kind:
    if kind.enum is not None:
        return "one"
    if kind.kind == "list":
        item = kind.item or Type("any")
        return "many" if item.enum is not None else "lines" if item.kind == "text" else "json"
    if kind.attachment:
        return "file"
    if kind.kind == "text":
        return "long" if schema.get("maxLength", 0) > LONG else "text"
    if kind.kind == "decimal":
        return "money" if kind.money else "number"
    plain: dict[str, Kind] = {"int": "int", "date": "date", "datetime": "datetime", "bool": "bool"}
    return plain.get(kind.kind, "json")


# --- from what was posted -----------------------------------------------------------------------------


def data_of(desk: Desk, asked: Iterable[Field], form: FormData) -> dict[str, Any]:
    """What was filled in, as JSON at the door: nested, decimals as such; what was left empty is not there."""
    data: dict[str, Any] = {}
    for field in asked:
        given = [str(value).replace("\r\n", "\n") for value in form.getlist(f"data.{field.name}")]
        value = READ[field.kind](desk, field, given)
        if value is not None:
            place = data
            *above, last = field.name.split(".")
            for name in above:
                place = place.setdefault(name, {})
            place[last] = value
    return data


def _one(given: list[str]) -> str | None:
    text = given[-1].strip() if given else ""
    return text or None


def _text(desk: Desk, field: Field, given: list[str]) -> Any:
    return _one(given)


def _int(desk: Desk, field: Field, given: list[str]) -> Any:
    text = _one(given)
    plain = _plain(text)
    return int(plain) if plain is not None and re.fullmatch(r"-?[0-9]{1,19}", plain) else text


def _number(desk: Desk, field: Field, given: list[str]) -> Any:
    text = _one(given)
    try:
        number = Decimal(_plain(text) or "") if text else None
    except InvalidOperation:
        return text
    return text if number is None or not number.is_finite() else number


def _plain(text: str | None) -> str | None:
    """A number as people write it, as programs do: 1,234.50, ￥1,234.50, １２."""
    if text is None:
        return None
    halved = "".join(chr(ord(letter) - 0xFEE0) if "！" <= letter <= "～" else letter for letter in text)
    return re.sub(r"[\s,_¥￥]", "", halved)


def _moment(desk: Desk, field: Field, given: list[str]) -> Any:
    text = _one(given)
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return text
    return (found if found.tzinfo else found.replace(tzinfo=desk.zone)).isoformat()


def _bool(desk: Desk, field: Field, given: list[str]) -> Any:
    return {"true": True, "false": False}.get(_one(given) or "", _one(given))


def _many(desk: Desk, field: Field, given: list[str]) -> Any:
    """No mark at all is an empty list: "none of these" is an answer. A page always posts an empty one first."""
    return [value for value in given if value] if given else None


def _lines(desk: Desk, field: Field, given: list[str]) -> Any:
    found = [line.strip() for line in (given[-1] if given else "").split("\n")]
    return [line for line in found if line] or None


def _json(desk: Desk, field: Field, given: list[str]) -> Any:
    text = _one(given)
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=str) if text else None
    except ValueError:
        return text


READ: Mapping[Kind, Callable[[Desk, Field, list[str]], Any]] = {
    "text": _text, "long": _text, "int": _int, "number": _number, "money": _number, "date": _text,
    "datetime": _moment, "bool": _bool, "one": _text, "many": _many, "lines": _lines, "json": _json, "file": _int,
}  # fmt: skip


# --- to what inputs show ------------------------------------------------------------------------------


def shown(desk: Desk, field: Field, value: Any) -> str | list[str]:
    """A datum, in its state form or as it was posted, as the field's input has it."""
    if field.kind == "many":
        return [str(one) for one in value] if isinstance(value, list) else []
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.kind == "lines" and isinstance(value, list):
        return "\n".join(map(str, value))
    if field.kind == "datetime" and isinstance(value, str):
        try:
            return read_moment(value).astimezone(desk.zone).strftime("%Y-%m-%dT%H:%M")
        except ValueProblem:
            return value
    if field.kind == "json" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def at(data: Mapping[str, Any] | None, name: str) -> Any:
    """What stands at a dotted name; None if nothing does."""
    found: Any = data or {}
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
