"""The quick half of the form's check never vouches for what the long way would refuse."""

from decimal import Decimal
from typing import Any

from hypothesis import given, reject
from hypothesis import strategies as st

from engine.core.types import SchemaProblem, normalise
from engine.language.form_check import Validator

TEXTS = [
    "",
    "a",
    "abcd",
    "a\x00",
    "\ud800",
    "赔",
    "12",
    "12.345",
    "-3",
    "1e5",
    "2026-02-30",
    "2026-02-17",
    "2026-02-17T08:00:00+08:00",
]
NUMBERS = [0, 7, -3, 10**20, 10**30, *map(Decimal, ("12.34", "0.001", "1E+30", "1E-30", "NaN")), 1.5]
VALUES = st.recursive(
    st.sampled_from([*TEXTS, True, False, *NUMBERS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def leaf(kind: str | list[str], **keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=keywords)


LEAVES = st.one_of(
    leaf(
        "string",
        enum=st.just(["a", "12"]),
        minLength=st.just(1),
        maxLength=st.just(4),
        pattern=st.just("^[0-9a]"),
        format=st.sampled_from(["date", "date-time", "none of ours"]),
        const=st.just("a"),
    ),
    leaf("number", minimum=st.just(1), exclusiveMaximum=st.just(100), multipleOf=st.just(5), format=st.just("money")),
    leaf("integer", enum=st.just([7])),
    st.just({"enum": ["a", "12"]}),
    leaf("integer", maximum=st.just(5), exclusiveMinimum=st.just(-3)),
    leaf("boolean", const=st.just(True)),
    leaf(["string", "null"]),
    st.just({}),
    st.just({"$ref": "#/$defs/word"}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3)},
            optional={
                "required": st.just(["a"]),
                "additionalProperties": st.just(True) | inner,
                "minProperties": st.just(1),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner},
            optional={"minItems": st.just(1), "maxItems": st.just(2), "uniqueItems": st.just(True)},
        ),
    ),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
def test_what_surely_fits_has_no_errors(schema: dict[str, Any], value: Any) -> None:
    try:
        check = Validator({**schema, "$defs": {"word": {"type": "string", "maxLength": 2}}})
    except SchemaProblem:
        reject()
    if check._surely(value):
        assert check._errors(value) == []
        normalise(value, check.type)  # which raises for what it does not take


def test_an_ordinary_form_goes_the_quick_way() -> None:
    schema = {
        "type": "object",
        "title": {"zh": "表单", "en": "Form"},
        "required": ["name", "amount"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "pattern": "^[a-z]+$", "grade": "secret"},
            "amount": {"type": "number", "format": "money", "minimum": 0},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "papers": {"type": "array", "items": {"type": "string"}},
            "at": {"type": "string", "format": "date-time"},
            "urgent": {"type": "boolean"},
            "count": {"type": "integer", "maximum": 9},
        },
    }
    data = {
        "name": "li", "amount": "12.30", "kind": "a", "papers": ["x"], "at": "2026-02-17T08:00:00Z",
        "urgent": True, "count": 3,
    }  # fmt: skip
    check = Validator(schema)
    assert check._surely(data) and check(data) == []
    for wrong in ({"name": "LI"}, {"amount": "12.345"}, {"kind": "c"}, {"papers": [1]}, {"count": 10}, {"more": 1}):
        assert not check._surely({**data, **wrong}) and check({**data, **wrong})
