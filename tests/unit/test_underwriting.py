"""Underwriting's functions and the embedded systems behind them."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bootstrap.home import Home, create
from bootstrap.language import shipped_functions
from tasks.insurance import PolicyTable
from tasks.registry import Job, Registry
from tasks.underwriting import AgentTable, IssuedPolicies, born_on, embedded_office, term_of, underwriting_functions

SAMPLES = Path(__file__).parents[2] / "processes" / "samples"
GOOD = "11010519491231002X"  # the example of GB 11643


def test_an_identity_number_tells_the_day_of_birth() -> None:
    assert born_on(GOOD) == date(1949, 12, 31) == born_on(GOOD.lower())


@pytest.mark.parametrize("number", ["", GOOD[:-1], "110105194912310021", "11010519491331002X", "１" * 18, GOOD + "1"])
def test_what_is_no_identity_number_tells_nothing(number: str) -> None:
    assert born_on(number) is None


def test_a_licence_counts_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    agents = AgentTable(SAMPLES / "agents.csv")
    assert agents.licensed("D10003", date(2023, 9, 1)) and agents.licensed("D10003", date(2025, 8, 31))
    assert not agents.licensed("D10003", date(2025, 9, 1)) and not agents.licensed("D10003", date(2023, 8, 31))
    assert not agents.licensed("", date(2026, 1, 1))
    assert not AgentTable(tmp_path / "none.csv").licensed("D10001", date(2026, 1, 1))


def test_a_term_ends_the_day_before_the_same_day() -> None:
    assert term_of(date(2026, 3, 3), 1).end == date(2027, 3, 2)
    assert term_of(date(2024, 2, 29), 1).end == date(2025, 2, 28)
    assert term_of(date(2024, 2, 29), 4).end == date(2028, 2, 28)


def test_a_policy_is_issued_once_counts_as_risk_and_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    office = embedded_office(SAMPLES, tmp_path / "register.db")
    workers = underwriting_functions(office, Registry()).workers

    def call(function: str, key: str, **args: Any) -> Any:
        return workers[function].serve(Job("c", "TB-1", "issue", args, key, 1))

    terms = {
        "line": "life", "product": "term_life", "insured": "赵某某", "holder": "钱某", "insured_id": GOOD,
        "beneficiaries": ["孙某"], "starts": "2026-03-03", "years": 20,
        "waiting_days": 90, "events": "death", "deductible": "0.00", "sum_insured": "400000.00",
    }  # fmt: skip
    first = call("issue_policy", "j1", **terms)
    assert first == call("issue_policy", "j1", **terms) and first["ends"] == "2046-03-02"
    second = call("issue_policy", "j2", **terms)["policy_number"]
    assert second != first["policy_number"]
    who = {"name": "赵某某", "identity_number": GOOD}
    assert Decimal(call("sum_at_risk", "k", **who, on="2026-03-02")["others"]) == 800_000
    for day in ("2026-03-10", "2026-04-10"):
        call("cancel_policy", "l", policy_number=second, on=day)
    found = office.book.find(second)
    assert found is not None and found.end == date(2026, 3, 9) and found.events == {"death"}
    assert call("sum_at_risk", "k", **who, on="2026-03-10")["policies"] == [first["policy_number"]]


def test_the_policies_of_the_table_are_found_beside_those_issued(tmp_path: Path) -> None:
    book = IssuedPolicies(PolicyTable(SAMPLES / "policies.csv"), tmp_path / "register.db")
    assert book.find("PM2026000001") is not None and book.find("PX") is None
    held = book.insured("王建国", GOOD, date(2026, 1, 1))
    assert "PM2026000001" in [policy.number for policy in held]
    assert not book.insured("王建国", GOOD, date(2099, 1, 1))


def test_a_claim_finds_the_policy_that_underwriting_issued(tmp_path: Path) -> None:
    home = Home(tmp_path)
    create(home)
    workers = shipped_functions(home).workers
    terms = {
        "line": "property", "product": "home_contents", "holder": "钱某", "insured": "钱某", "insured_id": GOOD,
        "beneficiaries": [], "starts": "2026-03-03", "years": 1, "waiting_days": 0, "events": "fire|theft",
        "deductible": "500.00", "sum_insured": "300000.00",
    }  # fmt: skip
    issued: Any = workers["issue_policy"].serve(Job("c", "TB-1", "issue", terms, "k", 1))
    asked = {"policy_number": issued["policy_number"], "loss_date": "2026-05-01", "event": "fire"}
    cover: Any = workers["policy_check"].serve(Job("c", "LP-1", "policy_check", asked, "k", 1))
    assert cover["in_force"] and cover["event_covered"] and Decimal(cover["remaining"]) == 300_000
