"""Decision tables: the cells, the hit policies, validity, and what a designer is told."""

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from engine.core.cells import CellProblem, compile_cell
from engine.core.decision_source import TableError, table_from_csv, table_from_data
from engine.core.decisions import Decision, DecisionTable
from engine.core.operators import EvaluationError
from engine.core.types import BOOL, DATE, DATETIME, DECIMAL, INT, MONEY, TEXT, Type, to_value

TODAY = date(2026, 2, 17)
KIND = Type("text", enum=("illness", "accident", "property"))


@pytest.mark.parametrize(
    ("cell", "type", "hits", "misses"),
    [
        (">= 10000", MONEY, [10000, "10000.01"], ["9999.99"]),
        ("<-5", INT, [-6], [-5, 0]),
        ("[10..20)", DECIMAL, [10, "19.99"], ["9.99", 20]),
        ("(10..20]", INT, [11, 20], [10, 21]),
        ("]10..20[", INT, [11, 19], [10, 20]),
        ("[1.5..1.5]", DECIMAL, ["1.5"], ["1.6"]),
        ("10, 20, [30..40]", INT, [10, 20, 35], [15, 29]),
        ("not(10, 20)", INT, [15, None], [10, 20]),
        ("illness", KIND, ["illness"], ["accident", None]),
        ('"illness", "accident"', KIND, ["accident"], ["property"]),
        ('not("illness")', KIND, ["accident", None], ["illness"]),
        ("!= illness", KIND, ["accident", None], ["illness"]),
        ("= illness", KIND, ["illness"], ["accident"]),
        ('"a, b"', TEXT, ["a, b"], ["a"]),
        (r'"say \"hi\""', TEXT, ['say "hi"'], ["say"]),
        ("重大", TEXT, ["重大"], ["一般"]),
        ("true", BOOL, [True], [False, None]),
        (False, BOOL, [False], [True, None]),
        ("null", TEXT, [None], ["a"]),
        ("null, a", TEXT, [None, "a"], ["b"]),
        ("not(null)", INT, [0], [None]),
        (10000, MONEY, ["10000.00"], ["1"]),
        (D("1.5"), DECIMAL, ["1.5"], ["1.50001"]),
        ("2026-02-17", DATE, ["2026-02-17"], ["2026-02-18"]),
        ("[2026-01-01..2026-02-01)", DATE, ["2026-01-31"], ["2026-02-01"]),
        (">= 2026-02-17T00:00:00+08:00", DATETIME, ["2026-02-16T16:00:00Z"], ["2026-02-16T15:59:59Z"]),
    ],
)
def test_cells(cell: Any, type: Type, hits: list[Any], misses: list[Any]) -> None:
    test = compile_cell(cell, type)
    assert test is not None
    assert [test(to_value(value, type)) for value in hits] == [True] * len(hits)
    assert [test(to_value(value, type)) for value in misses] == [False] * len(misses)


@pytest.mark.parametrize("cell", ["-", "", " - ", None])
def test_cells_that_match_everything(cell: Any) -> None:
    assert compile_cell(cell, MONEY) is None


@pytest.mark.parametrize(
    ("cell", "type", "message", "hint"),
    [
        ("ilness", KIND, "'ilness' is not one of", "did you mean 'illness'?"),
        ('not("acident")', KIND, "is not one of", "did you mean 'accident'?"),
        ("x", MONEY, "expected money, got 'x'", None),
        ('"5"', MONEY, "expected money, got the text", None),
        ("1.234", MONEY, "at most 2 decimal places", None),
        ("10,500", MONEY, "a comma stands between alternatives", "10500"),
        ("1.5", INT, "expected a whole number", None),
        (D("1.5"), INT, "expected a whole number", None),
        (1.5, DECIMAL, "expected a number", None),
        (">= a", TEXT, "has no order", None),
        ("[a..b]", KIND, "has no order", None),
        ("[5..1]", INT, "nothing lies in this range", None),
        ("(5..5]", INT, "nothing lies in this range", None),
        ("[1,5]", INT, "a range is written", None),
        ("[1..5", INT, "never closed", None),
        ("[1..", INT, "not complete", None),
        ("not(1", INT, "never closed", None),
        (">= null", INT, "null has no order", None),
        ("1 2", INT, "not expected here", None),
        ("a b", TEXT, "double quotes", None),
        ("1,", INT, "not complete", None),
        (">=", INT, "not complete", None),
        ('"a', TEXT, "cannot be read", None),
        ("2026-02-30", DATE, "expected a date", None),
        ("yes", BOOL, "expected true or false", None),
        (1, BOOL, "expected true or false", None),
        (["a"], TEXT, "expected text", None),
        ("a" * 2001, TEXT, "longer than", None),
    ],
)
def test_cells_that_are_refused(cell: Any, type: Type, message: str, hint: str | None) -> None:
    with pytest.raises(CellProblem, match=message.replace("(", r"\(")) as caught:
        compile_cell(cell, type)
    assert hint is None or hint in (caught.value.hint or "")


def table(hit: str, aggregate: str = "", outputs: Any = None, rules: Any = None) -> DecisionTable:
    """Over amount: rows from 0, from 100, from 1000, the first of the last two valid from March on."""
    written = {
        "hit": hit,
        "aggregate": aggregate,
        "inputs": {"amount": {"type": "number", "format": "money"}},
        "outputs": outputs or {"class": {"enum": ["urgent", "complex", "normal"]}},
        "rules": rules
        or [
            {"when": {"amount": ">= 0"}, "then": {"class": "normal"}},
            {"when": {"amount": ">= 100"}, "then": {"class": "urgent"}, "valid_from": "2026-03-01"},
            {"when": {"amount": ">= 1000"}, "then": {"class": "complex"}},
        ],
    }
    return table_from_data(written, "claim_class")


def answers(hit: str, amount: str, on: date = date(2026, 3, 1)) -> Decision:
    return table(hit).evaluate({"amount": amount}, on)


def test_first() -> None:
    assert answers("first", "5000") == Decision({"class": "normal"}, (1,))
    assert answers("first", "-1") == Decision(None, ())


def test_unique() -> None:
    assert answers("unique", "50") == Decision({"class": "normal"}, (1,))
    with pytest.raises(EvaluationError, match="table claim_class: rows 1 and 2 and 3 match"):
        answers("unique", "5000")


def test_any() -> None:
    rules = [
        {"when": {"amount": ">= 0"}, "then": {"class": "normal"}},
        {"when": {"amount": "< 100"}, "then": {"class": "normal"}},
        {"when": {"amount": "> 50"}, "then": {"class": "urgent"}},
    ]
    same = table("any", rules=rules)
    assert same.evaluate({"amount": "7"}, TODAY) == Decision({"class": "normal"}, (1, 2))
    with pytest.raises(EvaluationError, match="rows 1 and 3 match and answer differently"):
        same.evaluate({"amount": "70"}, TODAY)
    assert same.evaluate({"amount": "-1"}, TODAY).rules == (2,)


def test_priority_and_the_orders() -> None:
    assert answers("priority", "5000") == Decision({"class": "urgent"}, (2,))
    assert answers("rule_order", "5000").rules == (1, 2, 3)
    ordered = answers("output_order", "5000")
    assert ordered == Decision([{"class": "urgent"}, {"class": "complex"}, {"class": "normal"}], (2, 3, 1))
    assert answers("output_order", "-1") == Decision(None, ())


def test_collect_and_its_aggregates() -> None:
    assert answers("collect", "200").outputs == [{"class": "normal"}, {"class": "urgent"}]
    rules = [
        {"when": {"amount": f">= {low}"}, "then": {"fee": fee}} for low, fee in ((0, D("1.50")), (100, 2), (200, 3))
    ]
    money = {"fee": {"type": "number", "format": "money"}}
    found = {
        aggregate: table("collect", aggregate, money, rules).evaluate({"amount": "150"}, TODAY).outputs
        for aggregate in ("sum", "min", "max", "count")
    }
    assert found == {"sum": {"fee": "3.50"}, "min": {"fee": "1.50"}, "max": {"fee": "2"}, "count": {"fee": 2}}
    assert table("collect", "sum", money, rules).evaluate({"amount": "-1"}, TODAY) == Decision(None, ())
    assert table("collect", "count", money, rules).evaluate({"amount": "-1"}, TODAY).outputs == {"fee": 0}


def test_rows_count_from_and_to_their_days() -> None:
    assert answers("rule_order", "500", date(2026, 2, 28)).rules == (1,)
    assert answers("rule_order", "500", date(2026, 3, 1)).rules == (1, 2)
    rules = [{"when": {}, "then": {"class": "normal"}, "valid_to": "2026-02-17"}]
    assert table("first", rules=rules).evaluate({}, TODAY).rules == (1,)
    assert table("first", rules=rules).evaluate({}, date(2026, 2, 18)).rules == ()


def test_a_value_not_set_is_named_unless_the_table_foresees_it() -> None:
    with pytest.raises(EvaluationError, match="table claim_class, row 1: amount is not set") as caught:
        table("first").evaluate({}, TODAY)
    assert caught.value.name == "amount"
    rules = [
        {"when": {"amount": ">= 0"}, "then": {"class": "normal"}},
        {"when": {"amount": "null"}, "then": {"class": "urgent"}},
    ]
    assert table("unique", rules=rules).evaluate({}, TODAY).outputs == {"class": "urgent"}


def test_values_of_the_wrong_type_are_named() -> None:
    with pytest.raises(EvaluationError, match="table claim_class, input amount: expected money"):
        table("first").evaluate({"amount": True}, TODAY)


def test_types_of_the_answer() -> None:
    answer = table("first").type
    assert answer.fields is not None and answer.fields["class"].enum == ("urgent", "complex", "normal")
    assert table("rule_order").type.kind == "list"
    rules = [{"when": {}, "then": {"class": "normal"}}]
    counted = table("collect", "count", rules=rules).type
    assert counted.fields is not None and counted.fields["class"] == INT


CSV = """decision=claim_class,hit=first,,
in:amount:money,in:kind:illness|accident,out:class:urgent|complex|normal,valid_from,note
# major claims first
">= 10000",-,complex,2026-01-01,大额
-,"not(""illness"")",urgent,,

-,,normal,,
"""


@pytest.mark.parametrize("content", [CSV, CSV.encode(), CSV.encode("utf-8-sig"), CSV.replace("\n", "\r\n").encode()])
def test_csv(content: bytes | str) -> None:
    found = table_from_csv(content, "other")
    assert found.name == "claim_class"
    assert [(rule.number, rule.position, rule.note) for rule in found.rules] == [
        (1, (4, 1), "大额"),
        (2, (5, 1), ""),
        (3, (7, 1), ""),
    ]
    assert found.evaluate({"amount": "20000", "kind": None}, TODAY) == Decision({"class": "complex"}, (1,))
    assert found.evaluate({"amount": "5", "kind": "accident"}, TODAY) == Decision({"class": "urgent"}, (2,))
    assert found.evaluate({"amount": "5", "kind": "illness"}, TODAY) == Decision({"class": "normal"}, (3,))


def problems(content: Any) -> list[str]:
    with pytest.raises(TableError) as caught:
        table_from_csv(content, "t")
    return [str(problem) for problem in caught.value.problems]


def test_csv_problems_name_row_and_column() -> None:
    found = problems(
        "hit=frist,agregate=sum\n"
        "in:amount:mony,in:kind:illness|accident,out:class:urgent|normal,when\n"
        "1,acident,urgnt,\n"
        "1,illness,normal,,7\n"
    )
    assert found == [
        "1:1: unknown word 'agregate' (did you mean 'aggregate'?)",
        "1:1: hit: expected one of 'unique', 'any', 'first', 'priority', 'rule_order', 'output_order', 'collect'"
        " (did you mean 'first'?)",
        "2:1: unknown type 'mony' (did you mean 'money'?)",
        "2:1: input amount is no field of the data, and has no type of its own "
        "(write amount: {type: …}, or amount:… in a sheet)",
        "2:4: unknown column 'when' (in:name:type, out:name:type, valid_from, valid_to, note)",
        "3:2: row 1, column kind: 'acident' is not one of 'illness', 'accident' (did you mean 'accident'?)",
        "3:3: row 1, column class: 'urgnt' is not one of 'urgent', 'normal' (did you mean 'urgent'?)",
        "4:5: row 2 has more cells than there are columns",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("hit=first\n大额".encode("gbk"), "2:1: the file is not UTF-8 (save it as 'CSV UTF-8')"),
        ("hit=first".encode("utf-16"), "1:1: the file is not UTF-8"),
        (b"", "the first row says how the table decides"),
        (b"in:a:text,out:b:text\n1,2\n3,4", "the first row says how the table decides"),
        (b'hit=first\n"in:a:text', "not CSV"),
        (b"hit=first\nin:a:text,out:b:text\n", "the table has no rows"),
        (b"hit=first\nin:a:text,in:a:text,out:b:text\n1,1,2\n", "the column a is there twice"),
        (b"hit=first\nin:A:text,out:b:text\n1,2\n", "'A' is no name"),
        (b"hit=priority\nin:a:text,out:b:text\n1,2\n", "needs an output with an enum"),
        (b"hit=first,aggregate=sum\nin:a:text,out:b:number\n1,2\n", "aggregate goes with hit: collect"),
        (b"hit=collect,aggregate=sum\nin:a:text,out:b:text\n1,2\n", "sum needs numbers"),
        (b"hit=first\nin:a:text,out:b:text,valid_from\n1,2,17.2.2026\n", "3:3: row 1, valid_from: expected a date"),
        (b"hit=first\nin:a:text,out:b:text,valid_from,valid_to\n1,2,2026-02-01,2026-01-01\n", "ends before"),
        (b"hit=first\nin:a:text,out:b:text\n1\n", "gives no result"),
        (b"x" * 5_000_001, "larger than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_csv_that_cannot_be_a_table(content: bytes, message: str) -> None:
    assert any(message in problem for problem in problems(content))


def test_yaml_problems_name_their_place() -> None:
    places = {("rules", 1, "when", "amont"): (9, 5), ("hits",): (2, 1)}
    with pytest.raises(TableError) as caught:
        table_from_data(
            {
                "hits": "first",
                "inputs": {"amount": {"type": "number"}, "all": {"type": "array"}, "odd": 3},
                "rules": [
                    5,
                    {"when": {"amont": 1}, "then": {"x": 1}},
                    {"wen": {}},
                    {"when": []},
                ],
            },
            "t",
            locate=lambda where: places.get(where),
        )
    found = [str(problem) for problem in caught.value.problems]
    for message in (
        "2:1: unknown key 'hits' (did you mean 'hit'?)",
        "expected outputs: a mapping from name to type",
        "all: a column cannot be of type a list (use an expression that gives one value)",
        "odd: expected a type such as {type: number}",
        "row 1: expected a mapping with when and then",
        "9:5: row 2: there is no input 'amont' (did you mean 'amount'?)",
        "row 3: unknown key 'wen' (did you mean 'when'?)",
        "row 4: when is a mapping from column to cell",
    ):
        assert message in found
    with pytest.raises(TableError, match="expected a decision table"):
        table_from_data([], "t")


def test_types_of_the_data_serve_untyped_inputs() -> None:
    written = "hit=first\nin:kind,out:b:text\nilness,x\n"
    with pytest.raises(TableError, match="did you mean 'illness'"):
        table_from_csv(written, "t", {"kind": KIND})
    found = table_from_data(
        {
            "hit": "first",
            "inputs": {"size": {"type": "integer", "expression": "len(papers)"}},
            "outputs": {"b": {"type": "boolean"}},
            "rules": [{"when": {"size": "> 3"}, "then": {"b": True}}, {"then": {"b": None}}],
        },
        "t",
    )
    assert found.inputs[0].expression == "len(papers)"
    assert found.evaluate({"size": 4}, TODAY).outputs == {"b": True}
    assert found.evaluate({"size": 3}, TODAY).outputs == {"b": None}
