"""Changes of the organisation: what touches authority needs a second person.

Whoever changes the document changes a revision that they have seen: if another came between, the change is refused
instead of undoing it; a proposal that waited is brought up to date where others have not changed the same. A change
that leaves authority as it was (who is away, who sits where) takes effect at once. One that touches it becomes a
proposal, and takes effect when somebody else approves it, who stands above the proposer or is an administrator.
Leaving touches none, whatever one was: what a leaver had moves at once; coming back does. Every proposal stays in the
database, with who decided it and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from organisation.directory import Directory, User
from organisation.export import export
from organisation.load import build, load
from organisation.merge import Conflict, merged
from organisation.store import NEWEST, encode, save
from organisation.store import ONE as REVISION

ADMIN = "admin"

INSERT = (
    "INSERT INTO proposals (id, base, proposed_at, proposed_by, reason, document, state) "
    "VALUES (?, ?, ?, ?, ?, ?, 'proposed')"
)
ONE = "SELECT id, base, proposed_at, proposed_by, reason, document, state FROM proposals WHERE id = ?"
OPEN = (
    "SELECT id, base, proposed_at, proposed_by, reason, document, state FROM proposals "
    "WHERE state = 'proposed' ORDER BY proposed_at, id"
)
DECIDE = (
    "UPDATE proposals SET state = ?, decided_at = ?, decided_by = ?, why = ?, revision = ? "
    "WHERE id = ? AND state = 'proposed'"
)


TEXTS: Mapping[str, tuple[str, str]] = {
    "change_reason": ("涉及权限的修改须说明理由", "a change of authority needs a reason"),
    "change_why": ("请说明理由", "say why"),
    "change_own": ("由你提交，须由另一人处理", "you proposed this: a second person must decide it"),
    "change_inactive": ("{by} 不在职", "{by} is not a user in service"),
    "change_not_above": (
        "只有提交人 {proposer} 的上级或管理员可以处理",
        "{by} neither stands above {proposer} nor is an administrator",
    ),
    "change_moved": (
        "修改基于第 {base} 版，现行的是第 {revision} 版：请在现行版本上重新修改",
        "this changes revision {base}, but {revision} is in force: change that one",
    ),
    "change_unknown": ("没有 {what}", "there is no {what}"),
    "change_no_proposal": ("没有申请 {id}", "there is no proposal {id}"),
    "change_decided": ("该申请已经处理", "it has been decided already"),
}
"""Why a change is refused, in Chinese and English."""


def refuse(code: str, **facts: object) -> Refuse:
    """A change that cannot be made. Nothing was changed."""
    zh, en = (text.format(**facts) for text in TEXTS[code])
    return Refuse(code, zh, en)


@dataclass(frozen=True, slots=True)
class Proposal:
    id: str
    base: int
    at: datetime
    by: str
    reason: str
    document: Mapping[str, Any]
    state: str


def change(
    connection: Connection, value: Mapping[str, Any], base: int, by: str, at: datetime, reason: str
) -> int | Proposal:
    """Makes a checked document (`load`) the next revision, or a proposal where it touches authority.

    base: the revision that was changed. In the caller's transaction. Raises Refuse.
    """
    revision, before = _newest(connection)
    _unmoved(base, revision)
    if before is None or not touches_authority(before, value):
        return save(connection, value, by, at)
    if not reason.strip():
        raise refuse("change_reason")
    id = new_id(at)
    document = encode(value).decode()
    connection.run(INSERT, (id, base, micros(at), by, reason, document))
    return Proposal(id, base, at, by, reason, msgspec.json.decode(document), "proposed")


def approve(connection: Connection, id: str, by: str, at: datetime, why: str = "") -> int:
    """Puts a proposal into force and returns its revision. In the caller's transaction. Raises Refuse."""
    proposal = _open(connection, id)
    revision, before = _newest(connection)
    assert before is not None  # a proposal changes something
    document = proposal.document
    if proposal.base != revision:
        document = _brought_up(connection, proposal, revision, before)
    _second(build(before, revision), proposal, by, at)
    made = save(connection, document, f"{proposal.by}, {by}", at)
    connection.run(DECIDE, ("approved", micros(at), by, why, made, id))
    return made


def reject(connection: Connection, id: str, by: str, at: datetime, why: str) -> None:
    """Turns a proposal down; who made it may take it back so. In the caller's transaction. Raises Refuse."""
    proposal = _open(connection, id)
    revision, before = _newest(connection)
    if by != proposal.by and before is not None:
        _second(build(before, revision), proposal, by, at)
    if not why.strip():
        raise refuse("change_why")
    connection.run(DECIDE, ("rejected", micros(at), by, why, None, id))


def proposals(connection: Connection) -> list[Proposal]:
    """Those that wait for a second person, oldest first."""
    return [_proposal(row) for row in connection.all(OPEN)]


def touches_authority(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a document says otherwise than the one before who may decide what, or who answers to whom."""
    old, new = build(before, 0), build(after, 0)
    both = old.users.keys() & new.users.keys()
    return (
        _granted(before, old) != _granted(after, new)
        or {user: old.manager(user) for user in both} != {user: new.manager(user) for user in both}
        or any(_longer(old.users[user], new.users[user]) for user in both if _counts(new, user))
    )


def _granted(document: Mapping[str, Any], directory: Directory) -> Any:
    """The grants, who has which role, who manages which queue and which group, and what groups are part of."""
    grants = sorted(encode(grant) for grant in document.get("grants", ()))
    roles = {user.id: user.roles for user in directory.users.values() if user.roles}
    queues = {queue.id: queue.managers for queue in directory.queues.values() if queue.managers}
    groups = {group.id: (group.manager, group.part_of) for group in directory.groups.values()}
    return grants, roles, queues, groups


def _counts(directory: Directory, user: str) -> bool:
    """Whether it matters to authority that the user is in service."""
    leads = any(group.manager == user for group in directory.groups.values())
    granted = any(f"user.{user}" == grant.holder for grant in directory.all_grants())
    return bool(directory.roles(user)) or leads or granted


def _longer(old: User, new: User) -> bool:
    """Whether the user is in service on days on which they were not."""
    return (new.start or date.min) < (old.start or date.min) or (new.end or date.max) > (old.end or date.max)


def _brought_up(
    connection: Connection, proposal: Proposal, revision: int, newest: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What a proposal changes, done to the revision in force. Raises Refuse where others changed the same."""
    base = connection.one(REVISION, (proposal.base,))
    try:
        found = merged(msgspec.json.decode(base[1]) if base else {"users": {}}, newest, proposal.document)
        load(export(found), "organisation.yaml")
    except (Conflict, DefinitionError):
        raise _moved(proposal.base, revision) from None
    return found


def _second(directory: Directory, proposal: Proposal, by: str, at: datetime) -> None:
    """The second person is another, in service, and stands above the first or is an administrator."""
    if by == proposal.by:
        raise refuse("change_own")
    if not directory.active(by, directory.today(at)):
        raise refuse("change_inactive", by=by)
    if not directory.above(by, proposal.by) and ADMIN not in directory.roles(by):
        raise refuse("change_not_above", by=by, proposer=proposal.by)


def _unmoved(base: int, revision: int) -> None:
    if base != revision:
        raise _moved(base, revision)


def _moved(base: int, revision: int) -> Refuse:
    return refuse("change_moved", base=base, revision=revision)


def _newest(connection: Connection) -> tuple[int, Mapping[str, Any] | None]:
    row = connection.one(NEWEST)
    return (0, None) if row is None else (int(row[0]), msgspec.json.decode(row[1]))


def _open(connection: Connection, id: str) -> Proposal:
    row = connection.one(ONE, (id,))
    if row is None:
        raise refuse("change_no_proposal", id=id)
    found = _proposal(row)
    if found.state != "proposed":
        raise refuse("change_decided")
    return found


def _proposal(row: Any) -> Proposal:
    id, base, at, by, reason, document, state = row
    return Proposal(id, base, moment(at), by, reason, msgspec.json.decode(document), state)
