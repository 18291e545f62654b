"""What renewal and changes of policies call, on the embedded policy book."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasks.insurance import Policy, PolicyTable
from tasks.policies import policy_functions
from tasks.registry import BusinessError, Job, Registry
from tasks.underwriting import IssuedPolicies, Parties

SAMPLES = Path(__file__).parents[2] / "processes" / "samples"
HOME = Policy(
    "", "property", "home_contents", "赵某", date(2026, 3, 3), date(2027, 3, 2), date(2027, 3, 2), 0,
    frozenset({"fire"}), {}, Decimal(500), Decimal(100000), Decimal(0),
)  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> IssuedPolicies:
    return IssuedPolicies(PolicyTable(SAMPLES / "policies.csv"), tmp_path / "register.db")


def _call(book: IssuedPolicies, function: str, **args: Any) -> Any:
    workers = policy_functions(book, Registry()).workers
    return workers[function].serve(Job("c", "XB-1", "step", args, "key", 1))


def test_a_premium_falls_due_before_the_term_ends(book: IssuedPolicies) -> None:
    terms = _call(book, "policy_terms", policy_number="PM2026000003", on="2026-03-02")
    assert (terms["kind"], terms["due"], terms["ends"]) == ("premium", "2025-12-31", "2030-12-31")
    assert terms["in_force"]
    ended = _call(book, "policy_terms", policy_number="PM2026000002", on="2026-03-02")
    assert (ended["kind"], ended["in_force"]) == ("term", False)
    with pytest.raises(BusinessError):
        _call(book, "policy_terms", policy_number="PX", on="2026-03-02")


def test_what_falls_due_is_listed_from_the_first_to_the_last_day(book: IssuedPolicies) -> None:
    issued = book.issue("k", HOME, Parties("钱某", "", []))
    due = _call(book, "policies_due", first="2027-03-02", last="2027-03-02")["policies"]
    assert due == [{"number": issued, "due": "2027-03-02"}]
    assert not _call(book, "policies_due", first="2027-03-03", last="2027-04-02")["policies"]
    table = _call(book, "policies_due", first="2025-12-31", last="2025-12-31")["policies"]
    assert {"number": "PM2026000003", "due": "2025-12-31"} in table


def test_an_extension_is_a_day_not_so_much_more(book: IssuedPolicies) -> None:
    issued = book.issue("k", HOME, Parties("钱某", "", []))
    for _ in range(2):
        found = _call(book, "extend_policy", policy_number=issued, after="2027-03-02", years=1)
        assert found == {"until": "2028-03-02"}
    policy = book.find(issued)
    assert policy is not None and policy.end == policy.paid_until == date(2028, 3, 2)


def test_an_endorsement_leaves_what_it_does_not_name(book: IssuedPolicies) -> None:
    issued = book.issue("k", HOME, Parties("钱某", "", ["孙某"]))
    _call(book, "endorse_policy", policy_number=issued, holder="李某", beneficiaries=None)
    assert book.parties(issued) == ("李某", ["孙某"])
    _call(book, "endorse_policy", policy_number=issued, holder=None, beneficiaries=["周某", "吴某"])
    assert book.parties(issued) == ("李某", ["周某", "吴某"])
