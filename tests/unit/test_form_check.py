"""The data schema at the door: every wrong field is named, in plain words."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.types import SchemaProblem, normalise
from engine.language.form_check import validator

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "phone", "amount"],
    "properties": {
        "kind": {"enum": ["illness", "accident", "property"]},
        "phone": {"type": "string", "pattern": "^1[0-9]{10}$"},
        "amount": {"type": "number", "format": "money", "minimum": D("0.01")},
        "rate": {"type": "number", "maximum": 1, "multipleOf": D("0.0001")},
        "count": {"type": "integer", "minimum": 0},
        "ok": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "note": {"type": "string", "maxLength": 10},
        "long": {"type": "string"},
        "papers": {"type": "array", "maxItems": 2, "uniqueItems": True, "items": {"$ref": "#/$defs/paper"}},
        "payee": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "minLength": 2}, "bank": {"type": "string"}},
        },
        "free": {},
    },
    "$defs": {"paper": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
CHECK = validator(SCHEMA)
GOOD = {"kind": "illness", "phone": "13800000000", "amount": D("10.50")}


def errors(**fields: Any) -> dict[str, str]:
    return {error.path: error.message["en"] for error in CHECK({**GOOD, **fields})}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"amount": 12},
        {"amount": "12.50"},
        {"amount": D("12.500")},
        {"rate": D("0.25"), "count": 0, "ok": False},
        {"day": "2026-02-17", "at": "2026-02-17T09:30:00+08:00"},
        {"note": None, "papers": [{"name": "a"}, {"name": "b"}]},
        {"payee": {"name": "Li", "bank": None}},
        {"free": [1, "a", {"b": D("1.5")}]},
        {"long": "长" * 10_000},
    ],
)
def test_what_fits(fields: dict[str, Any]) -> None:
    assert errors(**fields) == {}
    state = normalise({**GOOD, **fields}, CHECK.type)
    assert CHECK(state) == []  # the state form fits too


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"kind": "ilness"}, "kind", "should be one of illness, accident, property; did you mean illness?"),
        ({"phone": None}, "phone", "is required"),
        ({"phone": "12"}, "phone", "does not have the expected form"),
        ({"phone": 13800000000}, "phone", "should be text"),
        ({"amount": 1.5}, "amount", "should be a number"),
        ({"amount": True}, "amount", "should be a number"),
        ({"amount": D("NaN")}, "amount", "should be a number"),
        ({"amount": "1e3"}, "amount", "should be a number"),
        ({"amount": D("1.234")}, "amount", "has at most 2 decimal places"),
        ({"amount": "-1"}, "amount", "should be at least 0.01"),
        ({"amount": D("1e30")}, "amount", "the number has more than 28 digits"),
        ({"rate": D("1.5")}, "rate", "should be at most 1"),
        ({"rate": D("0.12345")}, "rate", "has at most 4 decimal places"),
        ({"count": D("3.0")}, "count", "should be a whole number"),
        ({"count": "3"}, "count", "should be a whole number"),
        ({"count": 2**70}, "count", "should be at most 9223372036854775807"),
        ({"ok": "yes"}, "ok", "should be yes or no"),
        ({"day": "2026-02-30"}, "day", "should be a date such as 2026-02-17"),
        (
            {"at": "2026-02-17T09:30:00"},
            "at",
            "should be a date and time with an offset, such as 2026-02-17T09:30:00+08:00",
        ),
        ({"note": "x" * 11}, "note", "should have at most 10 characters"),
        ({"note": "a\x00"}, "note", "the text holds a NUL character"),
        ({"note": "\ud800"}, "note", "the text holds half a character (a lone surrogate)"),
        ({"long": "x" * 10_001}, "long", "should have at most 10000 characters"),
        ({"papers": [{"name": "a"}] * 2}, "papers", "has the same item twice"),
        ({"papers": [{"name": "a"}, {}]}, "papers[1].name", "is required"),
        ({"papers": [{"nme": "a", "name": "b"}]}, "papers[0].nme", "there is no such field; did you mean name?"),
        ({"papers": {"name": "a"}}, "papers", "should be a list"),
        ({"payee": {"name": "x"}}, "payee.name", "should have at least 2 characters"),
        ({"payee": []}, "payee", "should be a group of fields"),
        ({"cuont": 1}, "cuont", "there is no such field; did you mean count?"),
        ({"free": {"a": [1.5]}}, "free.a[0]", "1.5 is no value; numbers are whole numbers and decimals"),
    ],
)
def test_what_does_not_fit(fields: dict[str, Any], path: str, message: str) -> None:
    assert errors(**fields) == {path: message}


def test_every_wrong_field_at_once_in_both_languages() -> None:
    found = CHECK({"kind": "x", "count": -1})
    assert [error.path for error in found] == ["phone", "amount", "kind", "count"]
    assert found[0].message == {"zh": "必填", "en": "is required"}
    assert all(error.message["zh"] != error.message["en"] for error in found)


@pytest.mark.parametrize("data", [None, [], "x", 1, True])
def test_data_that_is_no_object(data: Any) -> None:
    assert [(error.path, error.message["en"]) for error in CHECK(data)] == [("", "should be a group of fields")]


def test_deep_data() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert errors(free=deep) == {"": "nested deeper than 32 levels"}


def test_a_form_asks_for_some_fields() -> None:
    form = validator(SCHEMA, [("kind",), ("note",), ("payee", "bank")])
    assert form({"kind": "illness", "payee": {"bank": "x"}}) == []
    found = {error.path: error.message["en"] for error in form({"phone": "1", "payee": {"name": "Li"}})}
    assert found == {
        "kind": "is required",
        "phone": "there is no such field",
        "payee.name": "there is no such field",
    }
    with pytest.raises(SchemaProblem, match="did you mean 'kind'"):
        validator(SCHEMA, [("kin",)])


def test_a_form_asks_for_parts_of_what_is_defined_elsewhere() -> None:
    schema: dict[str, Any] = {
        "properties": {"payee": {"$ref": "#/$defs/party"}, "loop": {"$ref": "#/$defs/loop"}},
        "$defs": {
            "party": {"type": "object", "properties": {"name": {"type": "string"}, "bank": {"$ref": "#/$defs/bank"}}},
            "bank": {"type": "string", "minLength": 2},
            "loop": {"$ref": "#/$defs/loop"},
        },
    }
    form = validator(schema, [("payee", "bank")])
    assert form({"payee": {"bank": "ICBC"}}) == []
    found = {error.path: error.message["en"] for error in form({"payee": {"bank": "x", "name": "Li"}})}
    assert found == {
        "payee.bank": "should have at least 2 characters",
        "payee.name": "there is no such field",
    }
    for fields in ([("loop", "a")], [("loop",)]):
        with pytest.raises(SchemaProblem, match="refers to itself"):
            validator(schema, fields)
    with pytest.raises(SchemaProblem, match="only references within"):
        validator({"properties": {"a": {}, "b": {"$ref": "#/properties/a"}}}, [("b",)])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objct"},
        {"properties": {"a": {"type": "number", "minimum": "x"}}},
        {"properties": {"a": {"type": "string", "pattern": "("}}},
        {"properties": {"a": {"type": "string", "required": True}}},
        {"properties": []},
        {"properties": {"a": {"oneOf": []}}},
    ],
)
def test_schemas_that_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaProblem):
        validator(schema)


def test_what_is_no_number_can_stand_in_a_list_without_doubles() -> None:
    assert errors(papers=[0, D("NaN")]) == dict.fromkeys(("papers[0]", "papers[1]"), "should be a group of fields")


@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA["properties"], "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text()
            | st.sampled_from(["illness", "13800000000", "2026-02-17", "2026-02-17T00:00:00Z", "1.50", "name"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "bank"]), inner),
            max_leaves=6,
        ),
    )
)  # fmt: skip
def test_what_passes_can_be_stored(data: dict[str, Any]) -> None:
    """Never an exception; and what passes is normalised, and passes again."""
    if not CHECK({**GOOD, **data}):
        state = normalise({**GOOD, **data}, CHECK.type)
        assert CHECK(state) == [] and normalise(state, CHECK.type) == state
