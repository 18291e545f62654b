"""What the processes of policy administration call: a policy's terms, what falls due, renewal, endorsement.

They work on the same policy book as underwriting (`tasks/underwriting.py`); an insurer hands in its own.
"""

from datetime import date, timedelta
from typing import TypedDict

from tasks.insurance import Policy
from tasks.registry import BusinessError, Job, Money, Registry
from tasks.underwriting import PolicyBook, term_of


class Terms(TypedDict):
    line: str
    product: str
    insured: str
    starts: date
    ends: date
    due: date
    kind: str  # term: cover ends that day; premium: the next instalment falls due
    in_force: bool
    sum_insured: Money
    paid_out: Money


class DuePolicy(TypedDict):
    number: str
    due: date


class Due(TypedDict):
    policies: list[DuePolicy]


class Extended(TypedDict):
    until: date


def due_on(policy: Policy) -> date:
    """The day on which cover or what is paid for ends, whichever comes first."""
    return min(policy.end, policy.paid_until)


def terms_on(policy: Policy, on: date) -> Terms:
    return {
        "line": policy.line,
        "product": policy.product,
        "insured": policy.insured,
        "starts": policy.start,
        "ends": policy.end,
        "due": due_on(policy),
        "kind": "premium" if policy.paid_until < policy.end else "term",
        "in_force": policy.start <= on <= policy.end,
        "sum_insured": policy.sum_insured,
        "paid_out": policy.paid_out,
    }


def policy_functions(book: PolicyBook, registry: Registry) -> Registry:
    """Adds the worker functions of policy administration, on this book, to a registry."""

    @registry.worker()
    def policy_terms(job: Job, policy_number: str, on: date) -> Terms:
        """What a policy is and until when it is paid (A-1.4)."""
        policy = book.find(policy_number)
        if policy is None:
            raise BusinessError("policy_unknown", f"there is no policy {policy_number}")
        return terms_on(policy, on)

    @registry.worker()
    def policies_due(job: Job, first: date, last: date) -> Due:
        """The policies that end, or whose premium falls due, from the first to the last day (both count)."""
        found = book.due(first, last)
        return {"policies": [{"number": each.number, "due": due_on(each)} for each in found]}

    @registry.worker()
    def extend_policy(job: Job, policy_number: str, after: date, years: int) -> Extended:
        """Cover, and what it is paid for, goes on so many years after a day; once more changes nothing."""
        until = term_of(after + timedelta(1), years).end
        book.extend(policy_number, until)
        return {"until": until}

    @registry.worker()
    def endorse_policy(job: Job, policy_number: str, holder: str | None, beneficiaries: list[str] | None) -> None:
        """Names another holder or other beneficiaries; what is null stays as it is (A-1.4)."""
        book.endorse(policy_number, holder, beneficiaries)

    return registry
