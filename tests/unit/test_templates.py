"""Templates of notices: what they show, what they refuse, what they can never do."""

from datetime import UTC, date, datetime
from decimal import Decimal as D
from typing import Any

import pytest

from engine.core.templates import TemplateError, compile_template

FACTS = {
    "name": "A&B <客户>",
    "amount": "12345.6",
    "fee": D("-1234567.895"),
    "at": "2026-02-16T23:30:00.000000Z",
    "day": "2026-02-17",
    "papers": ["bill", "form"],
    "payee": {"name": "Li", "items": "own", "since": None},
    "nothing": None,
    "many": list(range(5000)),
}


def render(source: str, facts: dict[str, Any] | None = None, zone: str = "Asia/Shanghai") -> str:
    return compile_template(source).render(FACTS if facts is None else facts, zone)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ name }}", "A&amp;B &lt;客户&gt;"),
        ("{{ amount|money }} {{ amount|money('¥') }} {{ fee|money('$') }}", "12,345.60 ¥12,345.60 -$1,234,567.90"),
        ("{{ amount|number }} {{ 7|number }}", "12,345.6 7"),
        ("{{ at|date }} {{ at|date('zh') }} {{ day|date('en') }}", "2026-02-17 2026年2月17日 17 February 2026"),
        ("{{ at|datetime }} {{ at|datetime('zh') }}", "2026-02-17 07:30 2026年2月17日07:30"),
        ("{{ '30wd'|span('zh') }} {{ '1wd'|span }} {{ '2h'|span('en') }}", "30 个工作日 1 working day 2 hours"),
        ("{{ papers|join('、') }} {{ papers|length }}", "bill、form 2"),
        ("{{ payee.name }} {{ payee['name'] }} {{ payee.items }}", "Li Li own"),
        (
            "{% for p in papers %}{{ loop.index }}.{{ p }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "1.bill, 2.form",
        ),
        ("{% for x in missing %}{{ x }}{% else %}none{% endfor %}", "none"),
        ("{% if nothing %}a{% elif nothing is none %}b{% endif %}", "b"),
        ("{{ nothing|default('-') }}{{ payee.since|default('?') }}", "-?"),
        ("{{ 'yes' if payee.since is defined else 'no' }}", "no"),
        ("{% if name == 'x' or nothing == 'x' %}a{% else %}b{% endif %}", "b"),
        ("{{ name|upper|lower|trim }}", "a&amp;b &lt;客户&gt;"),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
    ],
)
def test_what_a_template_shows(source: str, text: str) -> None:
    assert render(source) == text


def test_zones_and_values() -> None:
    assert render("{{ at|datetime }}", zone="America/New_York") == "2026-02-16 18:30"
    facts = {"at": datetime(2026, 2, 16, 23, 30, tzinfo=UTC), "day": date(2026, 2, 17), "n": D("1.50"), "b": True}
    assert render("{{ at|date }} {{ day|date }} {{ n }} {{ b }}", facts) == "2026-02-17 2026-02-17 1.50 true"
    with pytest.raises(TemplateError, match="unknown time zone"):
        render("x", zone="Mars/Base")


def test_reads() -> None:
    found = compile_template("{{ a.b }}{% for x in c %}{{ x.d }}{{ loop.index }}{% endfor %}{% if e %}{% endif %}")
    assert found.reads == {"a", "c", "e"}


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("Dear\n{{ nam }}\n{{ amuont|mony }}", {"name": 1, "amount": 2})
    assert [str(problem) for problem in caught.value.problems] == [
        "line 3: unknown filter 'mony' (did you mean 'money'?)",
    ]
    with pytest.raises(TemplateError) as caught:
        compile_template("Dear\n{{ nam }}\n{{ amuont }}", {"name": 1, "amount": 2})
    assert [str(problem) for problem in caught.value.problems] == [
        "line 2: unknown name 'nam' (did you mean 'name'?)",
        "line 3: unknown name 'amuont' (did you mean 'amount'?)",
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ unknown }}", "unknown is not set"),
        ("{{ nothing }}", "nothing is not set"),
        ("{{ payee.since }}", "since is not set"),
        ("{{ nothing|money }}", "nothing is not set"),
        ("{{ nothing|date }}", "nothing is not set"),
        ("{{ nothing|upper }}", "nothing is not set"),
        ("{{ nothing|join }}", "nothing is not set"),
        ("{% if nothing > 3 %}{% endif %}", "nothing is not set"),
        ("{{ name|money }}", "expected a number, got text"),
        ("{{ 'NaN'|money }}", "expected a number, got text"),
        ("{{ name|date }}", "expected a date and time"),
        ("{{ day|datetime }}", "expected a date and time"),
        ("{{ at|date('fr') }}", "unknown style 'fr'"),
        ("{{ nothing|span }}", "nothing is not set"),
        ("{{ name|span }}", "expected a length of time, got text"),
        ("{{ '2h'|span('fr') }}", "unknown style 'fr'"),
        ("{{ papers }}", "a list or an object cannot be written"),
        ("{{ papers|join(payee) }}", "argument must be text"),
        ("{% for c in name %}{% endfor %}", "goes through a list"),
        ("{% if name > 3 %}{% endif %}", "cannot be rendered"),
        ("{% for a in many %}{% for b in many %}{% endfor %}{% endfor %}", "more than 10000 rounds"),
        ("{% for a in many %}" + "x" * 100 + "{% endfor %}", "longer than 200000 characters"),
        ("{{ many|join('" + "x" * 100 + "') }}", "longer than 200000 characters"),
    ],
)
def test_what_cannot_be_rendered(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(source)


def test_errors_do_not_show_values() -> None:
    for source in ("{{ secret|money }}", "{{ secret|date }}", "{{ secret|datetime }}", "{{ [secret]|join(1) }}"):
        with pytest.raises(TemplateError) as caught:
            render(source, {"secret": "top-secret"})
        assert "top-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ x.__init__.__globals__ }}",
        "{{ _rounds }}",
        "{{ self }}",
        "{{ x.y() }}",
        "{{ cycler('a') }}",
        "{{ lipsum() }}",
        "{{ namespace() }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ 'x' * 10**8 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ x ~ x }}",
        "{{ x + 1 }}",
        "{% set x = 1 %}",
        "{% set x %}a{% endset %}",
        "{% macro m() %}{% endmacro %}",
        "{% call x() %}{% endcall %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}{% endfilter %}",
        "{% with x = 1 %}{% endwith %}",
        "{% autoescape false %}{{ x }}{% endautoescape %}",
        "{{ x|attr('a') }}",
        "{{ x|safe }}",
        "{{ x|format(1) }}",
        "{{ x|replace('a', 'b') }}",
        "{{ x|map('upper')|list }}",
        "{{ x is sameas 1 }}",
        "{{ x[1:2] }}",
        "{{ {'a': 1} }}",
        "{{ x if y }}",
        "{% for a in x recursive %}{% endfor %}",
        "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
        "{% if %}",
        "{{ x",
        "{{ " + "(" * 400 + "x" + ")" * 400 + " }}",
        "{{ x" + ".a" * 100 + " }}",
        "{% if x %}" * 60 + "{% endif %}" * 60,
        "x" * 50_001,
    ],
    ids=lambda source: source[:30],
)
def test_refused_when_compiled(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(source)
    assert caught.value.problems and all(problem.line >= 1 for problem in caught.value.problems)


def test_python_objects_show_nothing_of_themselves() -> None:
    class Thing:
        secret = "x"

    for source in (
        "{{ thing.secret }}",
        "{{ thing }}",
        "{{ d.keys }}",
        "{{ l.append }}",
        "{% for x in l %}{{ loop.cycle }}{% endfor %}",
    ):
        with pytest.raises(TemplateError):
            render(source, {"thing": Thing(), "d": {}, "l": [1]})
