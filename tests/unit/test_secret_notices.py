"""Nothing of grade secret leaves in a notice: no fact, no addressee, nothing that is worked out of it."""

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notices.delivery import open_data
from tools.examples import problems

LEAVES = ("payee.account", "payee['account']", "[payee.account][0]")
WRAPS = (
    "coalesce({0}, 'none')", "({0}) if major else 'none'", "'yes' if ({0}) == 'x' else 'no'", "[{0}]",
    "({0}) is none", "'yes' if ({0}) in ['1', '2'] else 'no'",
)  # fmt: skip
expressions = st.recursive(
    st.sampled_from(LEAVES), lambda inner: st.builds(str.format, st.sampled_from(WRAPS), inner), max_leaves=3
)
STEP = """tell: {{notify: [{to}], with: still_open, facts: {{days: {fact}}}, next: done}}
done: {{end: done}}
"""
LADDER = """clocks:
  slow:
    runs: {{from: case, until: answered}}
    limit: 5wd
    ladder:
      - {{at: due, notify: [{to}], with: still_open, facts: {{days: {fact}}}}}
"""


def codes(kind: str, text: str) -> set[str]:
    return {one.code for one in problems(kind, text)}


def quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


@settings(max_examples=12)
@given(expressions)
def test_whatever_reads_a_secret_is_refused_as_a_fact(expression: str) -> None:
    for kind, text in (("steps", STEP), ("top", LADDER)):
        found = codes(kind, text.format(to="owner", fact=quoted(expression)))
        assert found & {"CW133", "CW131"}, (kind, expression, found)  # CW131: it makes no sense at all


@pytest.mark.parametrize("expression", ["payee", *LEAVES, *(wrap.format(LEAVES[0]) for wrap in WRAPS)])
def test_what_makes_sense_is_refused_for_the_secret(expression: str) -> None:
    assert "CW133" in codes("steps", STEP.format(to="owner", fact=quoted(expression)))


@pytest.mark.parametrize(("kind", "text"), [("steps", STEP), ("top", LADDER)])
def test_a_secret_is_no_addressee_and_what_is_open_is_a_fact(kind: str, text: str) -> None:
    assert "CW133" in codes(kind, text.format(to=quoted("{{ 'user.' ~ payee.account }}"), fact="1"))
    assert "CW133" not in codes(kind, text.format(to="owner", fact=quoted("payee.name")))


def test_an_address_is_never_looked_for_in_what_holds_a_secret() -> None:
    data = {"phone": "138", "payee": {"name": "王", "account": "sealed"}, "account": "sealed"}
    state = msgspec.json.encode({"flow": {"data": data}}).decode()
    assert open_data(state, SimpleNamespace(secrets=frozenset({"payee", "account"}))) == {"phone": "138"}
    assert open_data(state, None) == {}
