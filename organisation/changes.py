"""Changes of the organisation: what touches authority needs a second person.

Whoever changes the document changes a revision that they have seen: if another came between, the change is refused
instead of undoing it. A change that leaves authority as it was (who is away, who sits where) takes effect at once.
One that touches it becomes a proposal, and takes effect when somebody else approves it, who stands above the
proposer or is an administrator. Every proposal stays in the database, with who decided it and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from organisation.directory import Directory
from organisation.load import build
from organisation.store import NEWEST, encode, save

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


class ChangeRefused(Exception):
    """A change that cannot be made, in words for who asked. Nothing was changed."""


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

    base: the revision that was changed. In the caller's transaction. Raises ChangeRefused.
    """
    revision, before = _newest(connection)
    _unmoved(base, revision)
    if before is None or authority(before) == authority(value):
        return save(connection, value, by, at)
    if not reason.strip():
        raise ChangeRefused("a change of authority needs a reason")
    id = new_id(at)
    document = encode(value).decode()
    connection.run(INSERT, (id, base, micros(at), by, reason, document))
    return Proposal(id, base, at, by, reason, msgspec.json.decode(document), "proposed")


def approve(connection: Connection, id: str, by: str, at: datetime, why: str = "") -> int:
    """Puts a proposal into force and returns its revision. In the caller's transaction. Raises ChangeRefused."""
    proposal = _open(connection, id)
    revision, before = _newest(connection)
    assert before is not None  # a proposal changes something
    _unmoved(proposal.base, revision)
    _second(build(before, revision), proposal, by, at)
    made = save(connection, proposal.document, f"{proposal.by}, {by}", at)
    connection.run(DECIDE, ("approved", micros(at), by, why, made, id))
    return made


def reject(connection: Connection, id: str, by: str, at: datetime, why: str) -> None:
    """Turns a proposal down; who made it may take it back so. In the caller's transaction. Raises ChangeRefused."""
    proposal = _open(connection, id)
    revision, before = _newest(connection)
    if by != proposal.by and before is not None:
        _second(build(before, revision), proposal, by, at)
    if not why.strip():
        raise ChangeRefused("say why")
    connection.run(DECIDE, ("rejected", micros(at), by, why, None, id))


def proposals(connection: Connection) -> list[Proposal]:
    """Those that wait for a second person, oldest first."""
    return [_proposal(row) for row in connection.all(OPEN)]


def authority(document: Mapping[str, Any]) -> Any:
    """What of a document says who may decide what: the grants, who has which role, who manages whom and what."""
    grants = sorted(encode(grant) for grant in document.get("grants", ()))
    roles = {user: sorted(entry.get("roles", ())) for user, entry in document["users"].items() if entry.get("roles")}
    managers = {queue: sorted(entry.get("managers", ())) for queue, entry in document.get("queues", {}).items()}
    lines = {group: (entry.get("manager"), entry.get("part_of")) for group, entry in document.get("groups", {}).items()}
    return grants, roles, {queue: who for queue, who in managers.items() if who}, lines


def _second(directory: Directory, proposal: Proposal, by: str, at: datetime) -> None:
    """The second person is another, in service, and stands above the first or is an administrator."""
    if by == proposal.by:
        raise ChangeRefused(f"{by} proposed this: a second person must decide it")
    if not directory.active(by, directory.today(at)):
        raise ChangeRefused(f"{by} is not a user in service")
    if not directory.above(by, proposal.by) and ADMIN not in directory.roles(by):
        raise ChangeRefused(f"{by} neither stands above {proposal.by} nor is an administrator")


def _unmoved(base: int, revision: int) -> None:
    if base != revision:
        raise ChangeRefused(f"this changes revision {base}, but {revision} is in force: change that one")


def _newest(connection: Connection) -> tuple[int, Mapping[str, Any] | None]:
    row = connection.one(NEWEST)
    return (0, None) if row is None else (int(row[0]), msgspec.json.decode(row[1]))


def _open(connection: Connection, id: str) -> Proposal:
    row = connection.one(ONE, (id,))
    if row is None:
        raise ChangeRefused(f"there is no proposal {id}")
    found = _proposal(row)
    if found.state != "proposed":
        raise ChangeRefused(f"proposal {id} has already been {found.state}")
    return found


def _proposal(row: Any) -> Proposal:
    id, base, at, by, reason, document, state = row
    return Proposal(id, base, moment(at), by, reason, msgspec.json.decode(document), state)
