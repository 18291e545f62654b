"""Types from schemas, and the three forms of a datum."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal as D

import pytest

from engine.core.types import (
    ANY,
    BOOL,
    DATE,
    DATETIME,
    DECIMAL,
    INT,
    MONEY,
    TEXT,
    NameProblem,
    SchemaProblem,
    Type,
    ValueProblem,
    join,
    list_of,
    names_of_schema,
    normalise,
    not_assignable,
    object_of,
    target_type,
    to_json,
    to_value,
    type_of_schema,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["illness", "accident"], "title": {"zh": "类型", "en": "Kind"}},
        "amount": {"type": "number", "format": "money"},
        "yen": {"format": "money", "multipleOf": 1},
        "rate": {"type": ["number", "null"]},
        "count": {"type": "integer"},
        "major": {"type": "boolean"},
        "loss": {"type": "string", "format": "date"},
        "received": {"type": "string", "format": "date-time"},
        "payee": {"$ref": "#/$defs/payee"},
        "papers": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "extra": {"type": "object", "additionalProperties": {"type": "integer"}},
        "free": {},
    },
    "$defs": {
        "payee": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "account": {"type": "string", "grade": "secret"}},
        }
    },
}
NAMES = names_of_schema(SCHEMA)
DATA = type_of_schema(SCHEMA)


def test_types_of_a_schema() -> None:
    kinds = {name: type.kind for name, type in NAMES.items()}
    assert kinds == {
        "kind": "text", "amount": "decimal", "yen": "decimal", "rate": "decimal", "count": "int", "major": "bool",
        "loss": "date", "received": "datetime", "payee": "object", "papers": "list", "extra": "object",
        "free": "any",
    }  # fmt: skip
    assert NAMES["kind"].enum == ("illness", "accident") and NAMES["kind"].title["zh"] == "类型"
    assert NAMES["amount"].money and NAMES["amount"].scale == 2 and NAMES["yen"].scale == 0
    assert NAMES["payee"].fields is not None and NAMES["payee"].fields["account"].secret


@pytest.mark.parametrize(
    ("schema", "where", "message"),
    [
        ({"type": "objekt"}, ("type",), "unknown type"),
        ({"properties": {"a": {"anyOf": []}}}, ("properties", "a", "anyOf"), "no place"),
        ({"properties": {"a": {"type": ["string", "integer"]}}}, ("properties", "a", "type"), "one type"),
        ({"type": "string", "format": "money"}, None, ""),
        ({"type": "boolean", "format": "money"}, ("format",), "goes with"),
        ({"format": "datetime"}, ("format",), "unknown format"),
        ({"grade": "hidden"}, ("grade",), "expected one of"),
        ({"enum": ["a", 1]}, ("enum",), "must be all"),
        ({"enum": []}, ("enum",), "list of values"),
        ({"$ref": "#/$defs/b", "$defs": {"a": {}}}, ("$ref",), "not defined"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, ("$defs", "a", "$ref"), "itself"),
        ({"$ref": "http://x/y"}, ("$ref",), "within the schema"),
        ({"format": "money", "multipleOf": 0}, ("multipleOf",), "decimal"),
        ({"items": 3}, ("items",), "a schema"),
    ],
)
def test_schemas_outside_the_subset_are_refused(
    schema: dict[str, object], where: tuple[str, ...] | None, message: str
) -> None:
    if where is None:
        assert type_of_schema(schema).money
        return
    with pytest.raises(SchemaProblem, match=message) as caught:
        type_of_schema(schema)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("type", "door", "state", "value"),
    [
        (DECIMAL, D("1.50"), "1.5", D("1.5")),
        (DECIMAL, D("1E+3"), "1000", D(1000)),
        (DECIMAL, 7, "7", D(7)),
        (DECIMAL, D("-0"), "0", D(0)),
        (MONEY, D("1.50"), "1.50", D("1.50")),
        (MONEY, D("100.000"), "100", D(100)),
        (MONEY, 12000, "12000", D(12000)),
        (INT, 7, 7, 7),
        (BOOL, True, True, True),
        (TEXT, "客户", "客户", "客户"),
        (DATE, "2026-02-17", "2026-02-17", date(2026, 2, 17)),
        (
            DATETIME, "2026-02-17T09:30:00+08:00", "2026-02-17T01:30:00.000000Z",
            datetime(2026, 2, 17, 1, 30, tzinfo=UTC),
        ),
        (list_of(MONEY), [1, D("2.5")], ["1", "2.5"], [D(1), D("2.5")]),
        (object_of({"a": DECIMAL}), {"a": D("0.10")}, {"a": "0.1"}, {"a": D("0.1")}),
        (ANY, {"a": [None, True, "x", 1]}, {"a": [None, True, "x", 1]}, {"a": [None, True, "x", 1]}),
        (MONEY, None, None, None),
    ],
)  # fmt: skip
def test_door_state_value_and_back(type: Type, door: object, state: object, value: object) -> None:
    assert normalise(door, type) == state
    assert normalise(state, type) == state  # once more changes nothing
    assert to_value(state, type) == value
    assert to_value(value, type) == value
    assert to_json(value, type) == state or type.money


@pytest.mark.parametrize(
    ("type", "given", "path"),
    [
        (DECIMAL, 1.5, ""),
        (DECIMAL, D("NaN"), ""),
        (DECIMAL, D("Infinity"), ""),
        (DECIMAL, True, ""),
        (DECIMAL, "1e5", ""),
        (DECIMAL, D("1e28"), ""),
        (DECIMAL, D("1e-999999"), ""),
        (MONEY, D("1.005"), ""),
        (INT, D("1"), ""),
        (INT, True, ""),
        (INT, 2**63, ""),
        (BOOL, 1, ""),
        (TEXT, 1, ""),
        (TEXT, "a\x00", ""),
        (TEXT, "\ud800", ""),
        (DATE, "2026-2-17", ""),
        (DATE, "20260217", ""),
        (DATE, "2026-02-30", ""),
        (DATE, datetime(2026, 1, 1, tzinfo=UTC), ""),
        (DATETIME, "2026-02-17T09:30:00", ""),
        (DATETIME, "2026-02-17", ""),
        (DATETIME, "0001-01-01T00:00:00+14:00", ""),
        (DATETIME, datetime(2026, 1, 1), ""),  # noqa: DTZ001  a datetime without zone is the very case
        (ANY, 1.5, ""),
        (ANY, {"a": [1, {"b": 0.1}]}, "a[1].b"),
        (ANY, {1: 2}, ""),
        (ANY, {"a": {3}}, "a"),
        (list_of(INT), [1, "x"], "[1]"),
        (list_of(INT), {"a": 1}, ""),
        (object_of({"a": object_of({"b": INT})}), {"a": {"b": "x"}}, "a.b"),
        (object_of({"a": INT}), {"z": 1}, "z"),
    ],
)
def test_what_a_type_refuses_names_the_path(type: Type, given: object, path: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        normalise(given, type)
    assert caught.value.path == path


def test_an_unknown_field_that_is_null_is_not_there() -> None:
    assert normalise({"a": None, "z": None}, object_of({"a": INT})) == {"a": None}


def test_depth_is_bounded() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueProblem, match="deeper"):
        normalise(deep)


def test_moments_sort_as_texts() -> None:
    at = datetime(2026, 2, 17, 8, tzinfo=timezone(timedelta(hours=8)))
    moments = [to_json(at + timedelta(microseconds=step)) for step in (0, 1, 999_999, 1_000_000)]
    assert moments == sorted(moments)


def test_targets_know_their_type_and_the_nearest_name() -> None:
    assert target_type(NAMES, "payee.account").secret
    assert target_type(NAMES, ("extra", "whatever")) == INT
    assert target_type(NAMES, "free.a.b") == ANY
    for path, message in {
        "amont": "did you mean 'amount'",
        "payee.acount": "did you mean 'account'",
        "kind.a": "kind is text",
        "payee.name.x": "payee.name is text",
    }.items():
        with pytest.raises(NameProblem, match=message):
            target_type(NAMES, path)


def test_join_and_assignment() -> None:
    assert join(INT, DECIMAL) == DECIMAL and join(INT, MONEY).money
    assert join(TEXT, INT).kind == "any" and join(NAMES["free"], TEXT).kind == "any"
    assert not_assignable(INT, DECIMAL) is None
    assert not_assignable(DECIMAL, INT) == ("expected a whole number, got a number", None)
    wrong = not_assignable(Type("text", enum=("ilness",)), NAMES["kind"])
    assert wrong is not None and wrong[1] == "did you mean 'illness'?"
    inner = not_assignable(object_of({"nam": TEXT}), NAMES["payee"])
    assert inner is not None and inner[1] == "did you mean 'name'?"
