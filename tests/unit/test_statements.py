"""The embedded bank statement: lines, applications named in them, and the bank's own total."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.registry import BusinessError, Job, Registry
from tasks.statements import Day, StatementTable, functions

SAMPLES = Path(__file__).parents[2] / "processes" / "samples"


def test_a_day_has_its_lines_and_the_total_that_the_bank_says() -> None:
    day = StatementTable(SAMPLES / "bank_statement.csv").of(date(2026, 3, 3))
    assert day is not None and [line["purpose"] for line in day.lines] == ["TB-2026-000007", "TB-2026-000008"]
    assert day.total - sum(line["amount"] for line in day.lines) == Decimal("0.01")


def test_a_day_without_a_total_adds_up_and_a_quiet_day_is_empty(tmp_path: Path) -> None:
    table = tmp_path / "bank_statement.csv"
    table.write_text("date,reference,payer,amount,purpose\n2026-03-04,L1,王丽,10.10,续期\n", "utf-8")
    day = StatementTable(table).of(date(2026, 3, 4))
    assert day is not None and day.total == Decimal("10.10") and day.lines[0]["purpose"] == ""
    assert StatementTable(table).of(date(2026, 3, 5)) == Day([], Decimal(0))
    table.write_text("date,reference,payer,amount,purpose\n2026-03-04,L1,王丽,ten,续期\n", "utf-8")
    with pytest.raises(ValueError, match=r"bank_statement\.csv:2"):
        StatementTable(table).of(date(2026, 3, 4))


def test_a_statement_that_has_not_come_is_told_by_its_code(tmp_path: Path) -> None:
    workers = functions(StatementTable(tmp_path / "none.csv"), Registry()).workers
    with pytest.raises(BusinessError) as refused:
        workers["bank_statement"].serve(Job("c", "DZ-1", "import_lines", {"day": "2026-03-02"}, "k", 1))
    assert refused.value.code == "statement_missing"
