"""Expressions: what they mean, and what they are told to be."""

import threading
from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from engine.core.expressions import (
    EvaluationError,
    ExpressionError,
    Function,
    compile_expression,
    compile_template_string,
    computed_source,
)
from engine.core.types import ANY, BOOL, DATE, DATETIME, DECIMAL, INT, MONEY, TEXT, Type, list_of, object_of

PAPER = object_of({"name": TEXT, "state": Type("text", enum=("missing", "received")), "fee": MONEY})
NAMES = {
    "kind": Type("text", enum=("claim", "service")),
    "note": TEXT,
    "amount": MONEY,
    "rate": DECIMAL,
    "count": INT,
    "major": BOOL,
    "minor": BOOL,
    "loss": DATE,
    "received": DATETIME,
    "payee": object_of({"name": TEXT, "account": Type("text", secret=True)}),
    "papers": list_of(PAPER),
    "tags": list_of(TEXT),
    "free": ANY,
    "unset": INT,
    "unset_text": TEXT,
}
DATA = {
    "kind": "claim",
    "note": "客户",
    "amount": "12000.50",
    "rate": "0.3",
    "count": 12,
    "major": True,
    "loss": "2026-02-17",
    "received": "2026-02-16T23:30:00.000000Z",
    "payee": {"name": "Li", "account": "6222"},
    "papers": [
        {"name": "bill", "state": "missing", "fee": "1.50"},
        {"name": "form", "state": "received", "fee": "2.25"},
    ],
    "tags": ["a", "b"],
    "free": {"a": [1, {"b": "x"}]},
    "now": "2026-03-01T17:00:00.000000Z",
    "zone": "Asia/Shanghai",
}


def value(source: str, data: dict[str, Any] | None = None, **more: Function) -> Any:
    return compile_expression(source, NAMES, more).evaluate(DATA if data is None else data)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("kind == 'claim'", True),
        ("'claim' != kind", False),
        ("count > 10", True),
        ("10 < count <= 12", True),
        ("10 < count < 12", False),
        ("amount > 12000.4", True),
        ("amount == 12000.5", True),
        ("count == 12.0", True),
        ("loss == date_of('2026-02-17')", True),
        ("loss < date_of(received)", False),  # 17 February in Shanghai
        ("major and not minor", True),
        ("minor or unset is none", True),
        ("minor", None),
        ("count + 1", 13),
        ("count - 1 * 2", 10),
        ("-count", -12),
        ("count / 8", D("1.5")),
        ("1 / 3", D("0.3333333333333333333333333333")),
        ("-7 // 2", -4),
        ("-7.0 // 2", D(-4)),
        ("-7 % 2", 1),
        ("-7.5 % 2", D("0.5")),
        ("7 % -2", -1),
        ("2 ** 10", 1024),
        ("1.1 ** 2", D("1.21")),
        ("0.1 + 0.2", D("0.3")),
        ("amount * 2", D("24001.00")),
        ("'a' ~ 1 ~ amount", "a112000.50"),
        ("'' ~ -0.00 ~ 0.0 * -1", "0.000.0"),
        ("kind in ['claim', 'service']", True),
        ("'a' in tags", True),
        ("'c' not in tags", True),
        ("'客' in note", True),
        ("count in [1, 12.0]", True),
        ("payee.name", "Li"),
        ("payee['name']", "Li"),
        ("papers[0].state", "missing"),
        ("papers[-1].name", "form"),
        ("papers[9].name", None),
        ("papers[count - 12].fee", D("1.50")),
        ("free.a[1].b", "x"),
        ("free.nothing.at.all", None),
        ("count if major else 0", 12),
        ("count if minor", None),
        ("[1, 'a', [none]]", [1, "a", [None]]),
        ("{'a': count, 'b': {'c': 1}}.b.c", 1),
        ("tags + ['c']", ["a", "b", "c"]),
        ("unset is none", True),
        ("unset is not none", False),
        ("unset == none", True),
        ("unset == 3", False),
        ("unset_text != 'a'", True),
        ("len(tags) + len(note)", 4),
        ("min(1, 2.5, count)", 1),
        ("max([1, 2.5])", D("2.5")),
        ("max(loss, date_of(received))", date(2026, 2, 17)),
        ("max([])", None),
        ("sum(pluck(papers, 'fee'))", D("3.75")),
        ("sum([])", 0),
        ("len(where(papers, 'state', 'missing'))", 1),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.345, 2)", D("2.35")),
        ("round(amount * rate, 2)", D("3600.15")),
        ("floor(-1.5)", -2),
        ("ceil(1.2)", 2),
        ("abs(-3)", D(3)),
        ("upper('ab') ~ lower('CD') ~ trim(' e ')", "ABcde"),
        ("starts_with(note, '客')", True),
        ("ends_with(note, 'x')", False),
        ("text(1.50)", "1.50"),
        ("join(tags, '-')", "a-b"),
        ("any([minor, major]) and not all([minor, major])", True),
        ("coalesce(unset, count)", 12),
        ("coalesce(unset, none) is none", True),
        ("today()", date(2026, 3, 2)),
        ("add_days(loss, 30)", date(2026, 3, 19)),
        ("days_between(loss, today())", 13),
        ("years_between(date_of('2000-02-29'), date_of('2026-02-28'))", 25),
        ("hours_between(received, now)", D("305.5")),
    ],
)
def test_values(source: str, expected: Any) -> None:
    found = value(source)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "state"),
    [
        ("amount", "12000.50"),
        ("amount / 2", "6000.25"),
        ("rate * 10", "3"),
        ("loss", "2026-02-17"),
        ("received", "2026-02-16T23:30:00.000000Z"),
        ("{'a': rate, 'b': [loss]}", {"a": "0.3", "b": ["2026-02-17"]}),
        ("unset", None),
        ("count", 12),
    ],
)
def test_results_in_state_form(source: str, state: Any) -> None:
    assert compile_expression(source, NAMES).json(DATA) == state


def test_a_whole_number_too_large_for_the_state_is_refused() -> None:
    with pytest.raises(EvaluationError, match="64 bits"):
        compile_expression("10 ** 20", NAMES).json({})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("unset > 3", "unset is not set"),
        ("3 < unset", "unset is not set"),
        ("1 < unset < 3", "unset is not set"),
        ("unset + 1", "unset is not set"),
        ("-unset", "unset is not set"),
        ("payee.nick > 3", "payee.nick is not set"),
        ("amount / (count - 12)", "division by zero"),
        ("count // (count - 12)", "division by zero"),
        ("1.5 % (count - 12)", "division by zero"),
        ("'a' ~ unset_text", "unset_text is not set"),
        ("round(unset)", "unset is not set"),
        ("'a' in unset_tags", "unset_tags is not set"),
        ("free > 1", "expected a number, a date or a moment, got an object"),
        ("free + 1", "expected a number, got an object"),
        ("free and true", "expected true or false"),
        ("free.a.b", "free.a is a list, it has no field 'b'"),
        ("upper(free)", "expected text"),
        ("count ** free.a[0] ** 64 ** 64", "digits"),
        ("9999999999999999999999999999 + count", "more than 28 digits"),
        ("99999999999999999999999999.0 * 1000", "28 digits"),
        ("date_of(note)", "expected a date"),
        ("add_days(loss, 9999999999)", "add_days"),
        ("round(1.5, 99)", "0 to 12"),
        ("join(free.a, '-')", "expected text or a number"),
        ("sum(free.a)", "an item: expected a number"),
    ],
)
def test_evaluation_errors(source: str, message: str) -> None:
    names = {**NAMES, "payee": object_of({"nick": INT}), "unset_tags": list_of(TEXT)}
    with pytest.raises(EvaluationError, match=message.replace("(", r"\(")):
        compile_expression(source, names).evaluate(DATA)


def test_the_error_names_the_field() -> None:
    with pytest.raises(EvaluationError) as caught:
        value("amount > 1", {})
    assert caught.value.name == "amount"


@pytest.mark.parametrize(
    ("source", "offset", "message", "hint"),
    [
        ("amont > 1", 0, "unknown name 'amont'", "did you mean 'amount'?"),
        ("1 < cuont", 4, "unknown name 'cuont'", "did you mean 'count'?"),
        ("payee.nam", 6, "payee has no field 'nam'", "did you mean 'name'?"),
        ("papers[0].stat", 10, "papers[…] has no field 'stat'", "did you mean 'state'?"),
        ("kind == 'clam'", 8, "'clam' is not one of 'claim', 'service'", "did you mean 'claim'?"),
        ("kind in ['claim', 'servise']", 18, "'servise' is not one of", "did you mean 'service'?"),
        ("where(papers, 'state', 'mising')", 0, "'mising' is not one of", "did you mean 'missing'?"),
        ("pluck(papers, 'fe')", 0, "no field 'fe'", "did you mean 'fee'?"),
        ("'1' + 1", 0, "+ needs numbers", "join texts with ~"),
        ("loss + 1", 0, "+ needs numbers", "use add_days"),
        ("amount == '1'", 10, "money and text are never equal", None),
        ("loss == '2026-02-17'", 8, "never equal", "write dates as date_of"),
        ("loss < received", 7, "cannot be ordered", "date_of"),
        ("kind > 'a'", 0, "has no order", None),
        ("not count", 4, "expected a condition", None),
        ("count and major", 0, "expected a condition", None),
        ("1 if count else 2", 5, "expected a condition", None),
        ("count.a", 6, "count is a whole number, it has no field", None),
        ("tags['a']", 4, "tags is a list of text, it has no field 'a'", None),
        ("tags == 1", 8, "never equal", None),
        ("major in count", 9, "nothing can be in it", None),
        ("rnd(1.5)", 0, "unknown function 'rnd'", "did you mean 'round'?"),
        ("round('a')", 6, "expected a number, got text", None),
        ("round(1, 2, 3)", 0, "3 arguments", "round(a number, [a whole number])"),
        ("round(number=1)", 0, "by position", None),
        ("len", 0, "len is a function", "call it"),
        ("note|upper", 5, "filters", "call a function"),
        ("(1, 2)", 2, "square brackets", "[a, b]"),
        ("count is defined", 6, "unknown test", "is not none"),
        ("null", 0, "unknown name 'null'", "write none"),
        ("1 / 0", 4, "division by zero", None),
        ("count = 1", 6, "more than one expression", "compare with =="),
        ("note == 'a", 8, "never closed", None),
        ("", 0, "empty", None),
        ("{'a': 1, 'a': 2}", 9, "twice", None),
        ("coalesce(count, note)", 0, "different kinds", None),
        ("date_of('17.2.2026')", 0, "expected a date", None),
        ("tags ~ 'a'", 0, "cannot stand in a text", None),
    ],
)
def test_compile_problems(source: str, offset: int, message: str, hint: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, NAMES)
    problem = caught.value.problems[0]
    assert (problem.offset, message in problem.message) == (offset, True), problem
    assert hint is None or hint in (problem.hint or ""), problem


def test_all_problems_at_once() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("amont > 1 and kind == 'clam' and rund(x)", NAMES)
    assert [problem.offset for problem in caught.value.problems] == [0, 22, 33]


def test_static_types() -> None:
    def kind(source: str) -> str:
        return str(compile_expression(source, NAMES).type)

    assert kind("amount + amount") == kind("amount * 2") == kind("coalesce(amount, 0)") == "money"
    assert kind("amount * rate") == kind("count / 2") == "a number"
    assert kind("round(amount * rate, 2)") == "a number" and kind("round(amount, 1)") == "money"
    assert kind("count + 1") == kind("round(1.5)") == "a whole number"
    assert compile_expression("'a' if major else 'b'", NAMES).type.enum == ("a", "b")
    assert kind("free.a") == "anything"


def test_wants() -> None:
    assert compile_expression("count > 1", NAMES, wants=BOOL).test(DATA)
    assert compile_expression("minor", NAMES, wants=BOOL).test({}) is False
    with pytest.raises(ExpressionError, match="expected true or false, got a whole number"):
        compile_expression("count", NAMES, wants=BOOL)
    with pytest.raises(ExpressionError, match="did you mean 'service'"):
        compile_expression("'claim' if major else 'servce'", NAMES, wants=NAMES["kind"])


def test_reads() -> None:
    found = compile_expression("papers[count].fee > amount and payee.name == note and now > received", NAMES)
    assert found.reads == {"papers", "count", "amount", "payee", "note", "received"}
    assert found.reads_paths == {"papers", "count", "amount", "payee.name", "note", "received"}
    assert found.ambient == {"now"} and not found.secret
    assert compile_expression("today()", NAMES).ambient == {"now", "zone"}


@pytest.mark.parametrize(
    "source", ["payee.account == 'x'", "len(payee)", "[payee]", "1 if payee.account is none else 2"]
)
def test_what_reads_a_secret_is_secret(source: str) -> None:
    found = compile_expression(source, NAMES)
    assert found.secret and found.type.secret


def test_a_broken_secret_is_not_shown() -> None:
    names = {"code": Type("date", secret=True)}
    with pytest.raises(EvaluationError) as caught:
        compile_expression("code == date_of('2026-01-01')", names).evaluate({"code": "top-secret"})
    assert "top-secret" not in str(caught.value)


def test_state_that_breaks_its_schema_is_an_evaluation_error() -> None:
    broken: list[tuple[str, dict[str, Any]]] = [
        ("amount > 1", {"amount": "NaN"}),
        ("amount > 1", {"amount": "x"}),
        ("amount + 1", {"amount": 1.5}),
        ("count > 1", {"count": "1"}),
        ("count > 1", {"count": True}),
        ("note ~ ''", {"note": 3}),
        ("loss == today()", {**DATA, "loss": "soon"}),
        ("payee.name", {"payee": "x"}),
        ("len(free)", {"free": 1.5}),
    ]
    for source, data in broken:
        with pytest.raises(EvaluationError):
            compile_expression(source, NAMES).evaluate(data)


def test_kinds_never_mix() -> None:
    assert value("free == 1", {"free": True}) is False
    assert value("free in [1]", {"free": True}) is False
    assert value("free == '1'", {"free": 1}) is False
    assert value("free == [1]", {"free": [True]}) is False
    assert value("free == {'a': 1.0}", {"free": {"a": 1}}) is True


def test_functions_of_process_authors() -> None:
    score = Function("score", lambda amount, n=D(1): amount * n, (DECIMAL, DECIMAL), DECIMAL, "", optional=1)
    broken = Function("broken", lambda: dict[str, int]()["x"], (), INT)
    floats = Function("floats", lambda: 1.5, (), DECIMAL)
    wrong = Function("wrong", lambda: "a", (), INT)
    more = {"score": score, "broken": broken, "floats": floats, "wrong": wrong}
    assert value("score(count)", None, **more) == D(12)
    assert value("score(2, 1.5)", None, **more) == D("3.0")
    for name, message in {"broken": "broken", "floats": "no value", "wrong": "expected a whole number"}.items():
        with pytest.raises(EvaluationError, match=message):
            value(f"{name}()", None, **more)
    with pytest.raises(EvaluationError, match="unset is not set"):
        value("score(unset)", None, **more)


def test_an_expression_is_not_changed_by_its_users() -> None:
    given = {"free": {"a": [1]}}
    expression = compile_expression("free", NAMES)
    expression.evaluate(given)["a"].append(2)
    assert given == {"free": {"a": [1]}}


def test_threads_share_an_expression() -> None:
    expression = compile_expression("amount / 3 + count", NAMES)
    wanted = expression.evaluate(DATA)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(expression.evaluate(DATA))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 8


def test_texts_with_expressions() -> None:
    title = compile_template_string("Claim {{ amount }} of {{ payee.name }}{{ unset }}, {{ loss }}", NAMES)
    assert title.evaluate(DATA) == "Claim 12000.50 of Li, 2026-02-17"
    assert title.reads == {"amount", "payee", "unset", "loss"} and title.type.kind == "text"
    assert compile_template_string("just text }}", NAMES).evaluate({}) == "just text }}"
    for source, message in {
        "{{ amont }}": "did you mean 'amount'",
        "{% if x %}{% endif %}": "no {% statements %}",
        "{{ tags }}": "cannot stand in a text",
        "a {{ amount": "not complete",
    }.items():
        with pytest.raises(ExpressionError, match=message):
            compile_template_string(source, NAMES)


def test_offsets_in_texts() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template_string("客户 {{ note }} and {{- amont }}", NAMES)
    assert caught.value.problems[0].offset == len("客户 {{ note }} and {{- ")


def test_computed_source() -> None:
    assert computed_source("{{ queue_for(kind) }}") == (" queue_for(kind) ", 2)
    assert computed_source(" {{ a }}") == (" a ", 3)
    assert computed_source("complaints") is None
    assert computed_source("{{ a }}-{{ b }}") is None
    assert computed_source("{{ a b }}") == (" a b ", 2)
