"""Data from outside held against the data schema: each field that cannot be taken is named, in every language.

Theory of operation. Types come first (`engine.core.values.normalise`: exact numbers, dates, closed objects), then
what the schema says beyond them (lengths, ranges, patterns, required fields of objects) is asked of jsonschema, one
prepared validator for each top-level field. A field that is absent or null passes unless it is required: a case
fills its data step by step (R20).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from engine.core.kinds import Json, Type, field_of
from engine.core.model import Path, Text
from engine.core.values import ValueProblem, normalise

ZH, EN = "zh", "en"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why one field cannot be taken: `path` as payee.account or items[2].amount, `message` by language."""

    path: str
    message: Text
    absent: bool = False  # it is missing


Check = Callable[[Mapping[str, Json]], list[FieldProblem]]


class Fields:
    """The fields of a data schema, ready to check what comes in."""

    def __init__(self, names: Mapping[str, Type], schema: Mapping[str, Any]) -> None:
        self.names = names
        self._schema = schema
        root = Draft202012Validator(schema)
        self._validators = {name: root.evolve(schema=field) for name, field in schema.get("properties", {}).items()}

    def door(self, form: Collection[Path]) -> Check:
        """The check for what starts a case: any field may come, those of the form that are required must."""
        asked = [path for path in form if self._requires(path)]
        return lambda data: list(self._problems(_nested(data), asked, self.names))

    def form(self, form: Collection[Path]) -> Check:
        """The check for a form: only its fields may come, and those that the schema requires must."""
        asked = [path for path in form if self._requires(path)]
        tops = frozenset(path[0] for path in form)
        parts = tuple(".".join(path) for path in form)

        def check(data: Mapping[str, Json]) -> list[FieldProblem]:
            # Of an object of which the form shows only parts, the other parts are not missing.
            found = self._problems(_nested(data), asked, tops)
            return [each for each in found if not each.absent or any(_within(each.path, part) for part in parts)]

        return check

    def _requires(self, path: Path) -> bool:
        schema: Any = self._schema
        for name in path:
            if not isinstance(schema, Mapping) or name not in schema.get("required", ()):
                return False
            schema = schema.get("properties", {}).get(name)
        return True

    def _problems(
        self, data: Mapping[str, Json], asked: Collection[Path], allowed: Collection[str]
    ) -> Iterator[FieldProblem]:
        seen = set()
        for path in asked:
            if _at(data, path) in (None, ""):
                seen.add(".".join(path))
                yield FieldProblem(".".join(path), _text("required", ""), absent=True)
        for name, value in data.items():
            if name not in allowed or name not in self.names:
                yield FieldProblem(name, {ZH: "没有这一项", EN: "There is no such field"})
            elif value is not None and name not in seen:
                yield from (each for each in self._field(name, value) if each.path not in seen)

    def _field(self, name: str, value: Json) -> Iterator[FieldProblem]:
        kind = self.names[name]
        try:
            state = normalise(value, kind)
        except ValueProblem as problem:
            joint = "" if problem.path.startswith("[") or not problem.path else "."
            zh = problem.message if problem.path else f"应为{_KINDS_ZH[kind.kind]}"
            yield FieldProblem(f"{name}{joint}{problem.path}", {ZH: zh, EN: problem.message})
            return
        for error in self._validators[name].iter_errors(_instance(state, kind)):
            yield from _told(name, error)


def _nested(data: Mapping[str, Json]) -> dict[str, Json]:
    """A field may also be given by its dotted path: payee.account."""
    found: dict[str, Json] = {name: value for name, value in data.items() if "." not in name}
    for path, value in data.items():
        *above, last = path.split(".")
        inner = found
        for name in above:
            held = inner.get(name)
            inner[name] = dict(held) if isinstance(held, Mapping) else {}
            inner = inner[name]
        if above:
            inner[last] = value
    return found


def _at(data: Mapping[str, Json], path: Path) -> Json:
    value: Json = data
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _within(path: str, part: str) -> bool:
    return path == part or path.startswith((part + ".", part + "["))


def _instance(state: Json, kind: Type) -> Any:
    """State form as the schema sees it: decimals are numbers, and what is not set is not there."""
    if kind.kind == "decimal" and isinstance(state, str):
        return Decimal(state)
    if isinstance(state, list):
        return [_instance(item, kind.item) if kind.item else item for item in state]
    if isinstance(state, dict):
        inner = {name: (value, field_of(kind, name)) for name, value in state.items() if value is not None}
        return {name: _instance(value, type) if type else value for name, (value, type) in inner.items()}
    return state


def _told(name: str, error: ValidationError) -> Iterator[FieldProblem]:
    path = name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield FieldProblem(f"{path}.{key}", _text("required", ""), absent=True)
    else:
        explained = error.schema.get("description") if isinstance(error.schema, Mapping) else None
        yield FieldProblem(path, _text(str(error.validator), error.validator_value, explained))


_KINDS_ZH = {
    "any": "任意值",
    "null": "空值",
    "bool": "是或否",
    "int": "整数",
    "decimal": "数字",
    "text": "文字",
    "date": "日期（如 2026-02-17）",
    "datetime": "带时区的日期时间",
    "list": "列表",
    "object": "一组字段",
}
_MESSAGES: Mapping[str, tuple[str, str]] = {
    "required": ("此项必填", "This field is required"),
    "enum": ("应为以下之一：{wanted}", "Expected one of: {wanted}"),
    "const": ("应为：{wanted}", "Expected: {wanted}"),
    "minLength": ("至少 {wanted} 个字", "At least {wanted} characters"),
    "maxLength": ("至多 {wanted} 个字", "At most {wanted} characters"),
    "pattern": ("格式不正确", "Not in the expected form"),
    "minimum": ("不得小于 {wanted}", "Not less than {wanted}"),
    "maximum": ("不得大于 {wanted}", "Not more than {wanted}"),
    "exclusiveMinimum": ("必须大于 {wanted}", "More than {wanted}"),
    "exclusiveMaximum": ("必须小于 {wanted}", "Less than {wanted}"),
    "multipleOf": ("应为 {wanted} 的整数倍", "A multiple of {wanted}"),
    "minItems": ("至少 {wanted} 项", "At least {wanted} items"),
    "maxItems": ("至多 {wanted} 项", "At most {wanted} items"),
    "uniqueItems": ("不得重复", "No item may stand twice"),
    "type": ("类型不正确", "Of the wrong kind"),
}


def _text(keyword: str, wanted: Any, explained: Any = None) -> Text:
    zh, en = _MESSAGES.get(keyword, ("不符合要求", "Not acceptable"))
    if keyword == "pattern" and isinstance(explained, str):
        return {ZH: f"{zh}：{explained}", EN: f"{en}: {explained}"}
    shown = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return {ZH: zh.format(wanted=shown), EN: en.format(wanted=shown)}
