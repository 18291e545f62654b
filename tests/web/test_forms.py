"""What browsers post becomes data, and data what inputs show; labels fit their values; where outcomes lead."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from bootstrap import SHIPPED
from engine.language.source import read
from tests.web.conftest import Town
from web.desk import Desk
from web.forms import Choice, Field, Kind, data_of, fields, shown
from web.leads import leads
from web.show import lasting, length, measure, money
from web.throttle import ADDRESSES, Throttle


@pytest.fixture
def desk(town: Town) -> Desk:
    return Desk(town.caseway, "chen_wei", "en")


def field(kind: Kind, **more: Any) -> Field:
    return Field(name="x", title="X", kind=kind, **more)


@pytest.mark.parametrize(
    ("kind", "posted", "expected"),
    [
        ("text", ["  a b "], "a b"),
        ("text", [""], None),
        ("long", ["one\r\ntwo"], "one\ntwo"),
        ("int", ["1,200"], 1200),
        ("int", ["１２"], 12),
        ("int", ["twelve"], "twelve"),
        ("money", ["￥1,234.50"], Decimal("1234.50")),
        ("money", ["1e400"], Decimal("1e400")),
        ("money", ["NaN"], "NaN"),
        ("money", ["lots"], "lots"),
        ("bool", ["true"], True),
        ("bool", ["false"], False),
        ("bool", [""], None),
        ("bool", ["maybe"], "maybe"),
        ("datetime", ["2026-03-03T09:30"], "2026-03-03T09:30:00+08:00"),
        ("datetime", ["2026-03-03T09:30+00:00"], "2026-03-03T09:30:00+00:00"),
        ("datetime", ["soon"], "soon"),
        ("many", ["", "a", "b"], ["a", "b"]),
        ("many", [""], []),
        ("many", [], None),
        ("lines", ["a\n\n b \n"], ["a", "b"]),
        ("json", ['{"a": 1.10}'], {"a": Decimal("1.10")}),
        ("json", ["{"], "{"),
    ],
)
def test_what_was_posted_reads_as_its_type_or_stays_as_it_came(
    desk: Desk, kind: Kind, posted: list[str], expected: Any
) -> None:
    form = FormData([("data.x", value) for value in posted])
    assert data_of(desk, [field(kind)], form) == ({} if expected is None else {"x": expected})


def test_dotted_fields_nest(desk: Desk) -> None:
    asked = [Field(name="payee.name", title="", kind="text"), Field(name="payee.account", title="", kind="text")]
    form = FormData([("data.payee.name", "A"), ("data.payee.account", "1"), ("data.other", "no")])
    assert data_of(desk, asked, form) == {"payee": {"name": "A", "account": "1"}}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("datetime", "2026-03-03T01:30:00.000000Z", "2026-03-03T09:30"),
        ("bool", True, "true"),
        ("many", ["a"], ["a"]),
        ("lines", ["a", "b"], "a\nb"),
        ("json", {"a": 1}, '{"a": 1}'),
        ("money", "12.50", "12.50"),
        ("text", None, ""),
    ],
)
def test_inputs_show_what_the_state_holds(desk: Desk, kind: Kind, value: Any, expected: Any) -> None:
    assert shown(desk, field(kind), value) == expected


@given(st.dictionaries(st.sampled_from(["data.x", "data.y", "outcome"]), st.text(max_size=40)))
def test_whatever_is_posted_becomes_data_and_never_a_fault(posted: dict[str, str]) -> None:
    desk: Any = type("Nowhere", (), {"zone": None})()
    for kind in ("text", "long", "int", "number", "money", "date", "bool", "one", "many", "lines", "json"):
        data_of(desk, [field(kind), Field(name="y", title="Y", kind="datetime")], FormData(posted))


def test_a_forms_fields_say_what_the_schema_says(desk: Desk) -> None:
    process = desk.caseway.definitions.process("claims")
    assert process is not None
    asked = {
        one.name: one for one in fields(desk, process, [("line",), ("missing_papers",), ("diagnosis",), ("cover",)])
    }
    assert asked["line"].kind == "one" and Choice(value="motor", title="Motor") in asked["line"].choices
    assert asked["missing_papers"].kind == "many" and asked["missing_papers"].required
    assert asked["diagnosis"].secret and asked["diagnosis"].kind == "long" and not asked["diagnosis"].required
    assert asked["cover.deductible"].kind == "money" and asked["cover.in_force"].title == "In force"


def test_outcomes_say_where_they_lead(desk: Desk) -> None:
    process = desk.caseway.definitions.process("claims")
    assert process is not None
    said = {}
    for step in ("survey", "payment_entry", "special_opinion"):
        spec: Any = process.nodes[step].spec
        said.update({f"{step}.{name}": leads(desk, process, step, way) for name, way in spec.outcomes.items()})
    assert said["survey.done"] == "Assessment"
    assert said["special_opinion.back"] == "First review"
    assert said["payment_entry.ask"] == "Waiting for the payee's details"
    assert said["payment_entry.enter"] == "Release the payment / Review of the sanctions hit"


def test_the_usual_way_stands_first_and_never_the_step_itself(desk: Desk) -> None:
    for name in ("claims", "complaint"):
        process = desk.caseway.definitions.process(name)
        assert process is not None
        for node in process.nodes.values():
            for way in getattr(node.spec, "outcomes", {}).values():
                told = leads(desk, process, node.id, way).removesuffix("…").split(" / ")
                if node.title:
                    assert node.title["en"] not in told, (node.id, way.name)
    claims: Any = desk.caseway.definitions.process("claims")
    intake = claims.nodes["intake"].spec.outcomes["accept"]
    assert leads(desk, claims, "intake", intake).startswith("Document review / ")
    assert leads(desk, claims, "assessment", None).startswith("First review / ")


@pytest.mark.parametrize("file", sorted((SHIPPED / "schemas").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_schemas_have_a_label_for_each_value_and_no_other(file: Path) -> None:
    wrong = []

    def look(place: Any, where: str) -> None:
        if isinstance(place, dict):
            if isinstance(place.get("enum"), list) and set(map(str, place["enum"])) != set(place.get("labels", {})):
                wrong.append(where)
            for name, inner in place.items():
                look(inner, f"{where}.{name}")

    look(read(file.read_bytes(), file.name).value, file.stem)
    assert wrong == []


def test_lengths_and_money_as_people_read_them(desk: Desk) -> None:
    from datetime import timedelta

    assert lasting(desk, timedelta(days=2, hours=3, minutes=4)) == "2 d 3 h"
    days = timedelta(days=3, hours=6)
    assert [length(desk, one) for one in ("30wd", "1d", "48h", "in 30wd")] == [
        "30 working days",
        "1 day",
        "48 hours",
        "in 30wd",
    ]
    assert measure(desk, days, "wd") == "3 wd 6 h" and measure(desk, timedelta(days=3), "wd") == "3 wd"
    assert (
        measure(desk, timedelta(hours=2, minutes=25), "wd")
        == "2 h 25 min"
        == measure(desk, timedelta(minutes=145), "d")
    )
    assert lasting(desk, timedelta(minutes=-5)) == "5 min" and lasting(desk, timedelta(seconds=4)) == "0 min"
    assert money("1234567.8") == "1,234,567.80" and money("x") == "x"


def test_the_throttle_forgets_in_time_and_is_bounded(town: Town) -> None:
    from datetime import timedelta

    throttle = Throttle(town.clock.now)
    for _ in range(40):
        throttle.failed("a")
    assert throttle.closed("a") and not throttle.closed("b")
    town.clock.advance(timedelta(minutes=6))
    assert not throttle.closed("a")
    for index in range(ADDRESSES + 10):
        throttle.failed(str(index))
    assert len(throttle._failures) == ADDRESSES
