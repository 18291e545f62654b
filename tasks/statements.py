"""What the bank says came in on a day: the statement that premium is reconciled with, to the cent.

`Statements` is the outside system; the embedded one reads a CSV file with `date`, `reference`, `payer`, `amount` and
`purpose` (what the payer wrote: the number of an application). The row of a day without a reference is the bank's own
total of that day, which need not be the sum of the lines: that is what reconciliation finds out.
"""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from tasks.insurance import table_rows
from tasks.registry import BusinessError, Job, Money, Registry

NUMBER = re.compile(r"TB-\d{4}-\d{6}")


class Line(TypedDict):
    reference: str
    payer: str
    amount: Money
    purpose: str  # the number of an application, "" where the payer named none


class Day(NamedTuple):
    lines: list[Line]
    total: Decimal


class Statements(Protocol):
    def of(self, day: date) -> Day | None:
        """The statement of a day, empty if nothing came; None if the bank has not sent it yet."""


class StatementTable:
    """Statements from a CSV file; without it no statement has come. Raises ValueError naming a bad row's line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, day: date) -> Day | None:
        if not self._path.exists():
            return None
        lines: list[Line] = []
        total: Decimal | None = None
        for number, row in table_rows(self._path):
            if row["date"] != day.isoformat():
                continue
            try:
                amount = Decimal(row["amount"])
            except ArithmeticError:
                raise ValueError(f"{self._path.name}:{number}: {row['amount']} is no amount") from None
            if not row["reference"]:
                total = amount
                continue
            found = NUMBER.search(row["purpose"])
            lines.append(
                {
                    "reference": row["reference"],
                    "payer": row["payer"],
                    "amount": amount,
                    "purpose": found[0] if found else "",
                }
            )
        return Day(lines, sum((line["amount"] for line in lines), Decimal(0)) if total is None else total)


class Statement(TypedDict):
    lines: list[Line]
    total: Money


def functions(statements: Statements, registry: Registry) -> Registry:
    """Adds the worker function, on this bank's statements, to a registry."""

    @registry.worker()
    def bank_statement(job: Job, day: date) -> Statement:
        """The lines of a day and the bank's own total (A-1.3)."""
        found = statements.of(day)
        if found is None:
            raise BusinessError("statement_missing", f"no statement of {day.isoformat()}")
        return {"lines": found.lines, "total": found.total}

    return registry
