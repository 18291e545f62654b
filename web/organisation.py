"""The organisation as its pages and the API show it, and its changes as they ask for them."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from engine.language.problems import Problem as Finding
from organisation.changes import Proposal, proposals
from organisation.directory import User
from organisation.edits import key_of
from organisation.export import export
from organisation.store import ONE
from web.comparing import FileChange, change
from web.desk import Desk
from web.problems import Problem
from workbench.arranging import document, stored

PEOPLE = 300
"""People on one page."""


class Person(BaseModel):
    """A user in a list. `state`: there, away, left, coming."""

    user: str
    name: str
    roles: list[str]
    group: str
    queues: list[str]
    manager: str
    state: str


class GrantLine(BaseModel):
    """An authority; without an amount, line or decision it is not bounded there."""

    key: str
    holder: str
    kind: str
    kind_title: str
    line: str
    line_title: str
    decision: str
    decision_title: str
    amount: str
    start: str
    end: str

    @property
    def amount_text(self) -> str:
        return f"{Decimal(self.amount):,}" if self.amount else ""


class ChangeLine(BaseModel):
    """A change that waits for a second person, as lines of the organisation's file. `own`: the reader proposed it."""

    id: str
    at: datetime
    by: str
    by_name: str
    reason: str
    own: bool
    difference: FileChange | None


class Changed(BaseModel):
    """What came of a change: the revision that it made, or the proposal that it became."""

    revision: int | None
    proposal: str | None


STATUS = {"change_unknown": 404, "change_no_proposal": 404, "change_moved": 409, "change_decided": 409}
"""The status of a refused change by its code; 422 for the others."""


def changed(desk: Desk, run: Callable[[], int | Proposal | None]) -> Changed:
    """Makes a change. Raises Problem with why not, in the user's language."""
    try:
        made = run()
    except Refuse as refused:
        why = refused.refusal
        raise Problem(STATUS.get(why.code, 422), why.code, why.said(desk.language)) from None
    except DefinitionError as error:
        told = "; ".join(_said(desk, one) for one in error.problems if one.severity == "error")
        fields = {f"{one.file}:{one.line}:{one.column}": one.message for one in error.problems}
        raise Problem(422, "organisation", told, fields) from None
    if isinstance(made, Proposal):
        return Changed(revision=None, proposal=made.id)
    return Changed(revision=made, proposal=None)


def _said(desk: Desk, problem: Finding) -> str:
    expected = f"{desk.say('expected')} {problem.expected}" if problem.expected else ""
    more = "; ".join(part for part in (expected, problem.hint) if part)
    return f"{problem.message} ({more})" if more else problem.message


def people(desk: Desk, q: str = "", state: str = "", most: int | None = PEOPLE) -> list[Person]:
    """Users whose name, id, role or queue has these words, who is there first; at most so many."""
    words = q.lower().split()
    found = []
    for user in desk.caseway.directory.users.values():
        one = person(desk, user)
        text = " ".join([one.user, one.name, *user.name.values(), *one.roles, one.group, *one.queues]).lower()
        if all(word in text for word in words) and state in ("", one.state):
            found.append(one)
    return sorted(found, key=lambda one: (one.state == "left", one.user))[:most]


def person(desk: Desk, user: User) -> Person:
    directory, today = desk.caseway.directory, desk.caseway.directory.today(desk.now)
    left, coming = user.end is not None and user.end < today, user.start is not None and user.start > today
    away = any(one.start <= today <= one.end for one in user.absences)  # for some processes, or all
    groups = [desk.told(directory.groups[name].title, name) for name in user.groups[:1]]
    return Person(
        user=user.id, name=desk.person(user.id), roles=[desk.role(one) for one in sorted(user.roles)],
        group="".join(groups), queues=[desk.queue(one) for one in directory.serving(user.id)],
        manager=desk.person(directory.manager(user.id) or ""),
        state="left" if left else "coming" if coming else "away" if away else "there",
    )  # fmt: skip


def grants(desk: Desk) -> list[GrantLine]:
    """Who may decide what: by kind, then by holder."""
    house = desk.house
    found = []
    for entry in document(desk.caseway)[1].get("grants", ()):
        amount, kind = entry.get("amount"), house.authority.get(entry["kind"])
        line, decision = entry.get("line", ""), entry.get("decision", "")
        found.append(
            GrantLine(
                key=key_of(entry), holder=desk.role(entry["role"]) if "role" in entry else desk.person(entry["user"]),
                kind=entry["kind"], kind_title=desk.told(kind.title, entry["kind"]) if kind else entry["kind"],
                line=line, line_title=desk.line(entry["kind"], line),
                decision=decision, decision_title=desk.decision(entry["kind"], decision),
                amount="" if amount is None else str(amount), start=entry.get("from", ""), end=entry.get("to", ""),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.kind, one.holder, one.line, one.decision))


def waiting(desk: Desk) -> list[ChangeLine]:
    """Changes that wait for a second person, each with what it changes of the revision that it was made of."""
    found = []
    for one in proposals(desk.caseway.connection):
        row = desk.caseway.connection.one(ONE, (one.base,))
        before = export(stored(row[1])).encode() if row else b""
        found.append(
            ChangeLine(
                id=one.id, at=one.at, by=one.by, by_name=desk.person(one.by), reason=one.reason,
                own=one.by == desk.user,
                difference=change("organisation.yaml", before, export(one.document).encode()),
            )
        )  # fmt: skip
    return found
