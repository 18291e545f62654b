"""The functions that underwriting calls, and the outside systems behind them.

As with claims (`tasks/insurance.py`), each outside system is a small protocol: `Identities`, `Agents`, `PolicyBook`.
The embedded ones check an identity number by its own check digit, read the licences of agents from a table, and keep
what is issued in an SQLite file beside the table of policies, so that a claim finds the policy that underwriting has
issued; an insurer hands in its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from tasks.insurance import Policy, PolicyTable, table_rows
from tasks.registry import Job, Money, Registry

# --- the outside systems ------------------------------------------------------------------------------


class Parties(NamedTuple):
    """Whom a policy names beside the insured (A-1.4), and the number by which the insured is known again."""

    holder: str
    insured_id: str
    beneficiaries: list[str]


class Identities(Protocol):
    def known(self, name: str, number: str) -> bool:
        """Whether such a person has this identity number."""


class Agents(Protocol):
    def licensed(self, code: str, on: date) -> bool:
        """Whether the agent of that code may sell on that day."""


class PolicyBook(Protocol):
    def find(self, number: str) -> Policy | None: ...

    def insured(self, name: str, identity_number: str, on: date) -> list[Policy]:
        """The person's policies in force on a day or still to begin."""

    def issue(self, key: str, policy: Policy, parties: Parties) -> str:
        """Issues a policy once for each key; its number. The number in `policy` is of no account."""

    def cancel(self, number: str, on: date) -> None:
        """Ends cover with the day before `on`; a policy of another book stays as it is."""

    def due(self, first: date, last: date) -> list[Policy]:
        """The policies that end, or are paid, until one of these days (both count), by number."""

    def extend(self, number: str, until: date) -> None:
        """Cover, and what it is paid for, lasts until a day at least; a policy of another book stays as it is."""

    def endorse(self, number: str, holder: str | None, beneficiaries: list[str] | None) -> None:
        """Names others than before; None changes nothing. A policy of another book stays as it is."""


@dataclass(frozen=True, slots=True)
class Office:
    identities: Identities
    agents: Agents
    book: PolicyBook


# --- embedded ones --------------------------------------------------------------------------------------

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"


def born_on(number: str) -> date | None:
    """The date of birth in a citizen's identity number (GB 11643: 17 digits and a check digit); None if it is none."""
    body, last = number[:17], number[17:].upper()
    if not (body.isdecimal() and body.isascii() and len(body) == 17):
        return None
    if last != CHECK[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]:
        return None
    try:
        return date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return None


class CheckDigits:
    """Takes every well-formed number for that of the person who names it."""

    def known(self, name: str, number: str) -> bool:
        return born_on(number) is not None


class AgentTable:
    """Licences from a CSV file with `code`, `from` and `to` (both days count). Without the file nobody has one."""

    def __init__(self, path: Path) -> None:
        rows = table_rows(path) if path.exists() else ()
        self._terms = {row["code"]: (date.fromisoformat(row["from"]), date.fromisoformat(row["to"])) for _, row in rows}

    def licensed(self, code: str, on: date) -> bool:
        first, last = self._terms.get(code, (date.max, date.min))
        return first <= on <= last


LETTERS = {"motor": "M", "health": "H", "accident": "A", "property": "P", "liability": "L", "life": "F"}
COLUMNS = (
    "number, line, product, insured, start, end, paid_until, waiting_days, events, deductible, sum_insured, key,"
    " holder, beneficiaries"
)


class IssuedPolicies:
    """The policies of the table, and those issued here, in an SQLite file; identity numbers are not in it."""

    def __init__(self, table: PolicyTable, path: Path) -> None:
        self._table, self._path = table, path

    def find(self, number: str) -> Policy | None:
        return self._table.find(number) or next(iter(self._read("number = ?", number)), None)

    def insured(self, name: str, identity_number: str, on: date) -> list[Policy]:
        found = [*self._table.insured(name), *self._read("insured = ? ORDER BY number", name)]
        return [policy for policy in found if policy.end >= on]

    def issue(self, key: str, policy: Policy, parties: Parties) -> str:
        with self._open() as book:
            book.execute("BEGIN IMMEDIATE")
            issued = book.execute("SELECT number FROM policies WHERE key = ?", (key,)).fetchone()
            if issued:
                return str(issued[0])
            head = f"P{LETTERS[policy.line]}{policy.start.year}"
            (many,) = book.execute("SELECT count(*) FROM policies WHERE number LIKE ? || '%'", (head,)).fetchone()
            number = f"{head}9{many + 1:06}"  # the table's own numbers have a digit less
            book.execute(
                f"INSERT INTO policies ({COLUMNS}) VALUES ({', '.join('?' * 14)})",
                (
                    number, policy.line, policy.product, policy.insured, policy.start.isoformat(),
                    policy.end.isoformat(), policy.paid_until.isoformat(), policy.waiting_days,
                    "|".join(sorted(policy.events)), str(policy.deductible), str(policy.sum_insured), key,
                    parties.holder, "|".join(parties.beneficiaries),
                ),
            )  # fmt: skip
            return number

    def cancel(self, number: str, on: date) -> None:
        with self._open() as book:
            last = (on - timedelta(1)).isoformat()
            book.execute("UPDATE policies SET end = min(end, ?) WHERE number = ?", (last, number))

    def due(self, first: date, last: date) -> list[Policy]:
        days = (first.isoformat(), last.isoformat())
        issued = self._read("min(end, paid_until) BETWEEN ? AND ?", *days)
        return sorted([*self._table.due(first, last), *issued], key=lambda policy: policy.number)

    def extend(self, number: str, until: date) -> None:
        with self._open() as book:
            last = until.isoformat()
            book.execute(
                "UPDATE policies SET end = max(end, ?), paid_until = max(paid_until, ?) WHERE number = ?",
                (last, last, number),
            )

    def endorse(self, number: str, holder: str | None, beneficiaries: list[str] | None) -> None:
        named = None if beneficiaries is None else "|".join(beneficiaries)
        with self._open() as book:
            book.execute(
                "UPDATE policies SET holder = coalesce(?, holder), beneficiaries = coalesce(?, beneficiaries)"
                " WHERE number = ?",
                (holder, named, number),
            )

    def parties(self, number: str) -> tuple[str, list[str]] | None:
        """The holder and the beneficiaries of a policy issued here; None if it is of another book."""
        with self._open() as book:
            row = book.execute("SELECT holder, beneficiaries FROM policies WHERE number = ?", (number,)).fetchone()
        return (row[0], [name for name in row[1].split("|") if name]) if row else None

    def _read(self, where: str, *values: str) -> list[Policy]:
        with self._open() as book:
            rows = book.execute(f"SELECT {COLUMNS} FROM policies WHERE {where}", values).fetchall()
        return [
            Policy(
                number, line, product, insured, date.fromisoformat(start), date.fromisoformat(end),
                date.fromisoformat(paid), waiting, frozenset(events.split("|")), {}, Decimal(deductible),
                Decimal(sum_insured), Decimal(0),
            )
            for number, line, product, insured, start, end, paid, waiting, events, deductible, sum_insured, *_ in rows
        ]  # fmt: skip

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10)) as book, book:
            book.execute(f"CREATE TABLE IF NOT EXISTS policies ({COLUMNS}, UNIQUE (key), UNIQUE (number))")
            yield book


def embedded_office(samples: Path, register: Path) -> Office:
    """The embedded systems: `samples` holds policies.csv and agents.csv, `register` is the file of what is issued.

    Raises OSError for a table that is not there, ValueError for a row that cannot be read.
    """
    book = IssuedPolicies(PolicyTable(samples / "policies.csv"), register)
    return Office(CheckDigits(), AgentTable(samples / "agents.csv"), book)


# --- what the processes call --------------------------------------------------------------------------------


class Identity(TypedDict):
    valid: bool
    born: date | None


class Licence(TypedDict):
    licensed: bool


class AtRisk(TypedDict):
    others: Money
    policies: list[str]


class Issued(TypedDict):
    policy_number: str
    ends: date


class Terms(NamedTuple):
    """A policy's term; both days count."""

    start: date
    end: date


def term_of(start: date, years: int) -> Terms:
    """So many whole years from a day; what begins on 29 February ends on the last of a February."""
    try:
        again = start.replace(year=start.year + years)
    except ValueError:
        again = date(start.year + years, 3, 1)
    return Terms(start, again - timedelta(1))


def underwriting_functions(office: Office, registry: Registry) -> Registry:
    """Adds underwriting's worker functions, on these outside systems, to a registry."""

    @registry.worker()
    def check_identity(job: Job, name: str, identity_number: str) -> Identity:
        """Whether the number is that person's, and when they were born (A-3.2)."""
        born = born_on(identity_number)
        return {"valid": office.identities.known(name, identity_number), "born": born}

    @registry.worker()
    def agent_licence(job: Job, code: str, on: date) -> Licence:
        """Whether the agent may sell (C-1.3)."""
        return {"licensed": office.agents.licensed(code, on)}

    @registry.worker()
    def sum_at_risk(job: Job, name: str, identity_number: str, on: date) -> AtRisk:
        """What we already carry on that person, over all policies."""
        held = office.book.insured(name, identity_number, on)
        return {"others": sum((each.sum_insured for each in held), Decimal(0)), "policies": [p.number for p in held]}

    @registry.worker()
    def issue_policy(
        job: Job,
        line: str,
        product: str,
        holder: str,
        insured: str,
        insured_id: str,
        beneficiaries: list[str],
        starts: date,
        years: int,
        waiting_days: int,
        events: str,
        deductible: Money,
        sum_insured: Money,
    ) -> Issued:
        """Issues the policy, once for each job. The whole premium has been paid (A-1.3)."""
        term = term_of(starts, years)
        policy = Policy(
            "", line, product, insured, term.start, term.end, term.end, waiting_days, frozenset(events.split("|")), {},
            deductible, sum_insured, Decimal(0),
        )  # fmt: skip
        number = office.book.issue(job.key, policy, Parties(holder, insured_id, beneficiaries))
        return {"policy_number": number, "ends": term.end}

    @registry.worker()
    def cancel_policy(job: Job, policy_number: str, on: date) -> None:
        """Ends cover before a day; once more changes nothing."""
        office.book.cancel(policy_number, on)

    return registry
