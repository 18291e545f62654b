"""The functions that the insurer's processes call, and the outside systems behind them.

Each outside system is a small protocol: `Policies`, `Claims`, `Bank`, `Sanctions`. The embedded ones here read
tables in CSV and keep a register in SQLite, so that claims run without any other system; an insurer hands in
its own. `functions(systems)` registers everything that `processes/claims.yaml` names.

The embedded bank answers by the account number alone, so that every run gives the same: an account that ends in
0000 is closed, one that ends in 9999 leaves the payment pending until the bank writes, all others settle.
"""

import csv
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from tasks.registry import BusinessError, Job, Money, Registry

# --- the outside systems ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as the policy system knows it. Amounts are in yuan; both days of the term count."""

    number: str
    line: str
    product: str
    insured: str
    start: date
    end: date
    paid_until: date
    waiting_days: int
    events: frozenset[str]
    exclusions: Mapping[str, str]  # event -> the clause that excludes it
    deductible: Decimal
    sum_insured: Decimal
    paid_out: Decimal


class Policies(Protocol):
    def find(self, number: str) -> Policy | None: ...


class Report(NamedTuple):
    """What makes two claims the same event."""

    policy: str
    insured: str
    loss_date: date
    event: str


class Claims(Protocol):
    def enter(self, number: str, report: Report) -> list[str]:
        """Enters a claim once; the numbers of the other claims of the event, the earliest first."""

    def leave(self, number: str) -> None:
        """Takes a claim out again that is none any more; one that is not there stays away."""


class Rejected(Exception):
    """The bank will not pay to this account; `str()` says why."""


class Payment(TypedDict):
    reference: str
    state: str  # settled | pending


class Bank(Protocol):
    def order(self, key: str, payee: str, account: str, amount: Decimal) -> Payment:
        """Orders a payment, once for each key. Raises Rejected; anything else that fails is tried again."""


class Sanctions(Protocol):
    def listed(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Systems:
    policies: Policies
    claims: Claims
    bank: Bank
    sanctions: Sanctions


# --- embedded ones --------------------------------------------------------------------------------------


class PolicyTable:
    """Policies from a CSV file in UTF-8. Raises ValueError naming the line of a row that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._policies: dict[str, Policy] = {}
        for line, row in table_rows(path):
            try:
                policy = _policy(row)
            except (ArithmeticError, KeyError, ValueError) as error:
                raise ValueError(f"{path.name}:{line}: {error}") from None
            self._policies[policy.number] = policy

    def find(self, number: str) -> Policy | None:
        return self._policies.get(number)

    def insured(self, name: str) -> list[Policy]:
        """All policies on a person of that name; the table has no identity numbers."""
        return [policy for policy in self._policies.values() if policy.insured == name]

    def due(self, first: date, last: date) -> list[Policy]:
        """The policies that end, or are paid, until one of these days; both count."""
        return [p for p in self._policies.values() if first <= min(p.end, p.paid_until) <= last]


def table_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file in UTF-8, each with the number of its line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row


def _policy(row: Mapping[str, str]) -> Policy:
    excluded = dict(pair.split("=", 1) for pair in row["exclusions"].split("|") if pair)
    return Policy(
        number=row["number"],
        line=row["line"],
        product=row["product"],
        insured=row["insured"],
        start=date.fromisoformat(row["start"]),
        end=date.fromisoformat(row["end"]),
        paid_until=date.fromisoformat(row["paid_until"]),
        waiting_days=int(row["waiting_days"]),
        events=frozenset(row["events"].split("|")),
        exclusions=excluded,
        deductible=Decimal(row["deductible"]),
        sum_insured=Decimal(row["sum_insured"]),
        paid_out=Decimal(row["paid_out"]),
    )


class ClaimRegister:
    """The register of reported claims, in an SQLite file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def enter(self, number: str, report: Report) -> list[str]:
        event = (report.policy, report.insured, report.loss_date.isoformat(), report.event)
        with self._open() as register:
            register.execute("INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)", (number, *event))
            found = register.execute(
                "SELECT number FROM claims WHERE (policy, insured, loss_date, event) = (?, ?, ?, ?)"
                " AND number <> ? ORDER BY rowid",
                (*event, number),
            ).fetchall()
        return [row[0] for row in found]

    def leave(self, number: str) -> None:
        with self._open() as register:
            register.execute("DELETE FROM claims WHERE number = ?", (number,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10)) as register, register:
            register.execute(
                "CREATE TABLE IF NOT EXISTS claims"
                " (number TEXT UNIQUE, policy TEXT, insured TEXT, loss_date TEXT, event TEXT)"
            )
            yield register


class PaperBank:
    """Answers by the account number (see above); the reference follows from the key, so a second try is the first."""

    def order(self, key: str, payee: str, account: str, amount: Decimal) -> Payment:
        if account.endswith("0000"):
            raise Rejected("the account is closed")
        reference = "PAY-" + sha256(key.encode()).hexdigest()[:12].upper()
        return {"reference": reference, "state": "pending" if account.endswith("9999") else "settled"}


class SanctionsTable:
    """Names from a CSV file with a column `name`."""

    def __init__(self, path: Path) -> None:
        self._names = frozenset(_plain(row["name"]) for _, row in table_rows(path))

    def listed(self, name: str) -> bool:
        return _plain(name) in self._names


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def embedded(samples: Path, register: Path) -> Systems:
    """The embedded systems: `samples` holds policies.csv and sanctions.csv, `register` is the file of the claims.

    Raises OSError for a table that is not there, ValueError for a row that cannot be read.
    """
    return Systems(
        PolicyTable(samples / "policies.csv"),
        ClaimRegister(register),
        PaperBank(),
        SanctionsTable(samples / "sanctions.csv"),
    )


# --- what the processes call --------------------------------------------------------------------------------

# Field names are those of the data schema; `from` is a word of Python's, hence the call form.
Cover = TypedDict(
    "Cover",
    {
        "line": str,
        "product": str,
        "insured": str,
        "from": date,
        "to": date,
        "in_force": bool,
        "premium_paid": bool,
        "paid_until": date,
        "waiting_over": bool,
        "event_covered": bool,
        "exclusion": str | None,
        "deductible": Money,
        "remaining": Money,
    },
)


class SameEvent(TypedDict):
    numbers: list[str]
    count: int
    first: str | None


class Screening(TypedDict):
    listed: bool


def cover_on(policy: Policy, loss_date: date, event: str) -> Cover:
    """What a policy gives for an event on a day. The waiting period is for illness: accidents have none."""
    waits = event in ("illness", "major_illness")
    return {
        "line": policy.line,
        "product": policy.product,
        "insured": policy.insured,
        "from": policy.start,
        "to": policy.end,
        "in_force": policy.start <= loss_date <= policy.end,
        "premium_paid": loss_date <= policy.paid_until,
        "paid_until": policy.paid_until,
        "waiting_over": not waits or loss_date >= policy.start + timedelta(policy.waiting_days),
        "event_covered": event in policy.events and event not in policy.exclusions,
        "exclusion": policy.exclusions.get(event),
        "deductible": policy.deductible,
        "remaining": max(policy.sum_insured - policy.paid_out, Decimal(0)),
    }


def opening_reserve(claimed: Money, deductible: Money | None, remaining: Money) -> Money:
    """What is set aside when a claim is entered: the amount claimed after the deductible, within what remains."""
    return _within(claimed - (deductible or Decimal(0)), remaining)


def payable_amount(assessed: Money, percent: int, deductible: Money | None, remaining: Money) -> Money:
    """What is owed: the loss by the share of liability, after the deductible, within what remains."""
    share = (assessed * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _within(share - (deductible or Decimal(0)), remaining)


def _within(amount: Decimal, most: Decimal) -> Decimal:
    return max(min(amount, most), Decimal(0))


def functions(systems: Systems, registry: Registry | None = None) -> Registry:
    """A registry with the insurer's pure functions and worker functions, on these outside systems."""
    registry = registry or Registry()
    registry.pure()(opening_reserve)
    registry.pure()(payable_amount)

    @registry.worker()
    def policy_check(job: Job, policy_number: str, loss_date: date, event: str) -> Cover:
        """What the policy gives on the day of the loss (E-6.1)."""
        policy = systems.policies.find(policy_number)
        if policy is None:
            raise BusinessError("policy_unknown", f"there is no policy {policy_number}")
        return cover_on(policy, loss_date, event)

    @registry.worker()
    def same_event(job: Job, policy_number: str, insured: str, loss_date: date, event: str) -> SameEvent:
        """Enters the claim in the register and looks for others of the same event (E-3.3)."""
        numbers = systems.claims.enter(job.number, Report(policy_number, insured, loss_date, event))
        return {"numbers": numbers, "count": len(numbers), "first": numbers[0] if numbers else None}

    @registry.worker()
    def leave_event(job: Job) -> None:
        """Takes the claim out of the register, so that it is no earlier claim of the event to the next."""
        systems.claims.leave(job.number)

    @registry.worker()
    def screen_payee(job: Job, name: str) -> Screening:
        """Looks a payee up on the sanctions list."""
        return {"listed": systems.sanctions.listed(name)}

    @registry.worker()
    def pay(job: Job, payee: str, account: str, amount: Money) -> Payment:
        """Orders the payment at the bank, once for each job."""
        try:
            return systems.bank.order(job.key, payee, account, amount)
        except Rejected as refusal:
            raise BusinessError("payment_rejected", str(refusal)) from refusal

    return registry
