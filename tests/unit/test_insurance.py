"""The insurer's functions and the embedded systems behind them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.insurance import (
    ClaimRegister,
    PaperBank,
    Policy,
    PolicyTable,
    Rejected,
    Report,
    SanctionsTable,
    cover_on,
    embedded,
    functions,
    opening_reserve,
    payable_amount,
)
from tasks.registry import BusinessError, Job

SAMPLES = Path(__file__).parents[2] / "processes" / "samples"
POLICY = Policy(
    "PH20260001", "health", "住院医疗保险", "刘洋", date(2026, 1, 1), date(2026, 12, 31), date(2026, 6, 30), 30,
    frozenset(("illness", "injury")), {"injury": "高风险运动"}, Decimal(500), Decimal(10_000), Decimal(9_000),
)  # fmt: skip


def test_cover_is_told_for_the_day_of_the_loss() -> None:
    cover = cover_on(POLICY, date(2026, 3, 1), "illness")
    assert cover["in_force"] and cover["premium_paid"] and cover["waiting_over"] and cover["event_covered"]
    assert cover["remaining"] == 1000 and cover["exclusion"] is None


@pytest.mark.parametrize(
    ("day", "event", "failing"),
    [
        (date(2025, 12, 31), "illness", {"in_force", "waiting_over"}),
        (date(2027, 1, 1), "illness", {"in_force", "premium_paid"}),
        (date(2026, 7, 1), "illness", {"premium_paid"}),
        (date(2026, 1, 30), "illness", {"waiting_over"}),
        (date(2026, 1, 30), "injury", {"event_covered"}),  # an accident waits for nothing, but this one is excluded
        (date(2026, 3, 1), "theft", {"event_covered"}),
    ],
)
def test_each_condition_of_cover_fails_by_itself(day: date, event: str, failing: set[str]) -> None:
    cover = cover_on(POLICY, day, event)
    conditions = {name: value for name, value in cover.items() if isinstance(value, bool)}
    assert {name for name, held in conditions.items() if not held} == failing


def test_the_waiting_period_ends_on_its_last_day() -> None:
    assert not cover_on(POLICY, date(2026, 1, 30), "illness")["waiting_over"]
    assert cover_on(POLICY, date(2026, 1, 31), "illness")["waiting_over"]


def test_more_paid_out_than_insured_leaves_nothing() -> None:
    assert cover_on(replace(POLICY, paid_out=Decimal(20_000)), date(2026, 3, 1), "illness")["remaining"] == 0


def test_amounts_stay_within_what_the_policy_has_left() -> None:
    assert opening_reserve(Decimal(8000), Decimal(1000), Decimal(500_000)) == 7000
    assert opening_reserve(Decimal(300), Decimal(1000), Decimal(500_000)) == 0
    assert payable_amount(Decimal(9000), 70, Decimal(1000), Decimal(500_000)) == 5300
    assert payable_amount(Decimal("0.05"), 50, None, Decimal(10)) == Decimal("0.03")  # half a fen rounds up
    assert payable_amount(Decimal(9000), 100, None, Decimal(2500)) == 2500


def test_the_register_tells_earlier_claims_of_the_event_and_enters_each_once(tmp_path: Path) -> None:
    register = ClaimRegister(tmp_path / "register.db")
    event = Report("PM1", "王建国", date(2026, 3, 1), "collision")
    assert register.enter("LP-1", event) == []
    assert register.enter("LP-2", event) == ["LP-1"]
    assert register.enter("LP-2", event) == ["LP-1"]
    assert register.enter("LP-3", event._replace(event="theft")) == []
    assert ClaimRegister(tmp_path / "register.db").enter("LP-4", event) == ["LP-1", "LP-2"]


def test_a_claim_that_was_none_is_taken_out_of_the_register(tmp_path: Path) -> None:
    register = ClaimRegister(tmp_path / "register.db")
    event = Report("PM1", "王建国", date(2026, 3, 1), "collision")
    register.leave("LP-1")  # before it was entered: nothing to take out
    assert [register.enter(number, event) for number in ("LP-1", "LP-2")] == [[], ["LP-1"]]
    register.leave("LP-1")
    register.leave("LP-1")
    assert register.enter("LP-3", event) == ["LP-2"]
    assert register.enter("LP-1", event) == ["LP-2", "LP-3"]  # and in again, as the latest


def test_the_bank_answers_by_the_account_and_the_same_to_the_same_key() -> None:
    bank = PaperBank()
    first = bank.order("job-1", "王建国", "6222020200011122", Decimal(10))
    assert first == bank.order("job-1", "王建国", "6222020200011122", Decimal(10)) and first["state"] == "settled"
    assert bank.order("job-2", "王建国", "6222020200011122", Decimal(10))["reference"] != first["reference"]
    assert bank.order("job-1", "王建国", "6222020200019999", Decimal(10))["state"] == "pending"
    with pytest.raises(Rejected):
        bank.order("job-1", "王建国", "6222020200010000", Decimal(10))


def test_business_refusals_reach_the_flow_by_their_code(tmp_path: Path) -> None:
    workers = functions(embedded(SAMPLES, tmp_path / "register.db")).workers
    unknown = {"policy_number": "PM0", "loss_date": "2026-03-01", "event": "theft"}
    with pytest.raises(BusinessError) as refused:
        workers["policy_check"].serve(Job("c", "LP-1", "policy_check", unknown, "k", 1))
    assert refused.value.code == "policy_unknown"
    closed = {"payee": "王建国", "account": "6222020200010000", "amount": "10.00"}
    with pytest.raises(BusinessError) as refused:
        workers["pay"].serve(Job("c", "LP-1", "pay", closed, "k", 1))
    assert refused.value.code == "payment_rejected"


def test_names_on_the_sanctions_list_are_found_however_they_are_spaced(tmp_path: Path) -> None:
    table = SanctionsTable(SAMPLES / "sanctions.csv")
    assert table.listed("ivan  nemo") and table.listed("查无此人") and not table.listed("王建国")


def test_a_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    lines = (SAMPLES / "policies.csv").read_text("utf-8").splitlines()[:3]
    (tmp_path / "policies.csv").write_text("\n".join([*lines, lines[1].replace("2025-06-01", "1.6.2025")]), "utf-8")
    with pytest.raises(ValueError, match=r"policies\.csv:4"):
        PolicyTable(tmp_path / "policies.csv")
