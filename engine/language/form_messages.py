"""What is wrong with a field, in plain words: one entry for each keyword of JSON Schema, Chinese and English."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.naming import nearest

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `path` as in `payee.account` or `items[2].amount`, the message per language."""

    path: str
    message: Message


_WANTED = {
    "string": ("文字", "text"),
    "integer": ("整数", "a whole number"),
    "number": ("数字", "a number"),
    "boolean": ("是或否", "yes or no"),
    "array": ("列表", "a list"),
    "object": ("一组字段", "a group of fields"),
    "null": ("空", "nothing"),
}


def _wrong_type(error: Any) -> tuple[str, str]:
    types = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    zh, en = _WANTED[next((name for name in types if name != "null"), "null")]
    return f"应为{zh}", f"should be {en}"


def _not_one_of(error: Any) -> tuple[str, str]:
    known = [value for value in error.validator_value if value is not None]
    close = nearest(error.instance, known) if isinstance(error.instance, str) else None
    shown = "、".join(map(str, known[:12])), ", ".join(map(str, known[:12]))
    more = (f"；是否应为 {close}？", f"; did you mean {close}?") if close else ("", "")
    return f"应为下列之一：{shown[0]}{more[0]}", f"should be one of {shown[1]}{more[1]}"


def _extra(error: Any) -> tuple[str, str]:
    close = nearest(str(error.path[-1]), error.schema.get("properties", {}))
    more = (f"，是否应为 {close}？", f"; did you mean {close}?") if close else ("", "")
    return f"没有这个字段{more[0]}", f"there is no such field{more[1]}"


def _places(error: Any) -> tuple[str, str]:
    exponent = int(Decimal(error.validator_value).normalize().as_tuple().exponent)
    if Decimal(error.validator_value) == Decimal(1).scaleb(exponent) and exponent <= 0:
        return f"最多 {-exponent} 位小数", f"has at most {-exponent} decimal places"
    return f"应为 {error.validator_value} 的倍数", f"should be a multiple of {error.validator_value}"


def _bad_format(error: Any) -> tuple[str, str]:
    if error.validator_value == "date":
        return "应为日期，例如 2026-02-17", "should be a date such as 2026-02-17"
    return (
        "应为带时区的日期时间，例如 2026-02-17T09:30:00+08:00",
        "should be a date and time with an offset, such as 2026-02-17T09:30:00+08:00",
    )


def _bound(zh: str, en: str) -> Callable[[Any], tuple[str, str]]:
    return lambda error: (zh.format(error.validator_value), en.format(error.validator_value))


_WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "required": lambda error: ("必填", "is required"),
    "type": _wrong_type,
    "enum": _not_one_of,
    "const": _bound("应为 {}", "should be {}"),
    "additionalProperties": _extra,
    "minimum": _bound("不能小于 {}", "should be at least {}"),
    "maximum": _bound("不能大于 {}", "should be at most {}"),
    "exclusiveMinimum": _bound("应大于 {}", "should be more than {}"),
    "exclusiveMaximum": _bound("应小于 {}", "should be less than {}"),
    "multipleOf": _places,
    "minLength": _bound("至少 {} 个字", "should have at least {} characters"),
    "maxLength": _bound("最多 {} 个字", "should have at most {} characters"),
    "pattern": lambda error: ("格式不符", "does not have the expected form"),
    "format": _bad_format,
    "minItems": _bound("至少 {} 项", "should have at least {} items"),
    "maxItems": _bound("最多 {} 项", "should have at most {} items"),
    "uniqueItems": lambda error: ("有重复项", "has the same item twice"),
}


def told(error: Any) -> FieldError:
    """A ValidationError of the library, for the person who filled in the form."""
    path = ""
    for step in error.absolute_path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    words = _WORDS.get(error.validator)
    zh, en = words(error) if words else ("填写有误", "does not fit the schema")
    return FieldError(path.removeprefix("."), {"zh": zh, "en": en})
