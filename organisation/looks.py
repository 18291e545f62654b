"""What was looked at: every opening of secrets, every broken glass and its review. All SQL of both.

Both are only ever added to, in the order of time; of a broken glass the review is filled in once. Neither holds
what was seen. Lists are read along an index, newest first, a page beginning after the last row of the one before.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment

VERDICTS = ("justified", "unjustified")
MOST_REASON = 1_000
"""Characters of a reason, and of a note."""

_LOOK = "id, case_id, number, user_id, at, fields, ground, via, reason"
_GLASS = "id, case_id, number, user_id, at, until, reason, via, due, reviewed_at, reviewed_by, verdict, note"
NOTE = f"INSERT INTO looks ({_LOOK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
BREAK = f"INSERT INTO glass ({_GLASS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)"
REVIEW = (
    "UPDATE glass SET reviewed_at = ?, reviewed_by = ?, verdict = ?, note = ? "
    "WHERE id = ? AND reviewed_at IS NULL AND user_id <> ?"
)
OPEN = "SELECT case_id FROM glass WHERE user_id = ? AND until > ?"
ONE = f"SELECT {_GLASS} FROM glass WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Look:
    id: str
    case: str
    number: str
    user: str
    at: datetime
    fields: tuple[str, ...]
    ground: str
    via: str
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken glass. `due`: when it is overdue for review."""

    id: str
    case: str
    number: str
    user: str
    at: datetime
    until: datetime
    reason: str
    via: str
    due: datetime
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    verdict: str = ""
    note: str = ""


# --- looks --------------------------------------------------------------------------------------------


def note(
    connection: Connection, case: str, number: str, user: str, fields: Collection[str], ground: str, via: str,
    reason: str, at: datetime,
) -> None:  # fmt: skip
    """Keeps a look, within the caller's transaction."""
    listed = msgspec.json.encode(sorted(fields)).decode()
    connection.run(NOTE, (new_id(at), case, number, user, micros(at), listed, ground, via, reason[:MOST_REASON]))


def looks(connection: Connection, *, case: str = "", user: str = "", after: str = "", limit: int = 50) -> list[Look]:
    """Looks at a case, by a user, or all of them, newest first.

    Read along ix_looks_case_id, ix_looks_user_id or the primary key; with both, the other is held against each row.
    """
    where, given = _where((("case_id = ?", case), ("user_id = ?", user), ("id < ?", after)))
    sql = f"SELECT {_LOOK} FROM looks{where} ORDER BY id DESC LIMIT ?"
    return [_look(row) for row in connection.all(sql, (*given, limit))]


# --- glass --------------------------------------------------------------------------------------------


def break_glass(connection: Connection, broken: Broken) -> None:
    """Keeps that somebody has broken the glass, within the caller's transaction."""
    connection.run(
        BREAK,
        (broken.id, broken.case, broken.number, broken.user, micros(broken.at), micros(broken.until),
         broken.reason[:MOST_REASON], broken.via, micros(broken.due)),
    )  # fmt: skip


def opened(connection: Connection, user: str, now: datetime) -> frozenset[str]:
    """The cases that lie open to the user now, by glass that they broke. Along ix_glass_user_id."""
    return frozenset(row[0] for row in connection.all(OPEN, (user, micros(now))))


def open_until(connection: Connection, user: str, case: str, now: datetime) -> datetime | None:
    """Until when the case lies open to the user; None if it does not."""
    sql = "SELECT max(until) FROM glass WHERE user_id = ? AND case_id = ? AND until > ?"
    found = connection.one(sql, (user, case, micros(now)))[0]
    return None if found is None else moment(found)


def unreviewed(connection: Connection, after: tuple[int, str] | None = None, limit: int = 50) -> list[Broken]:
    """What waits for its review, the most pressing first. Along ix_glass_due."""
    where, given = ("", ()) if after is None else (" AND (due, id) > (?, ?)", after)
    sql = f"SELECT {_GLASS} FROM glass WHERE reviewed_at IS NULL{where} ORDER BY due, id LIMIT ?"
    return [_broken(row) for row in connection.all(sql, (*given, limit))]


def broken(connection: Connection, *, case: str = "", user: str = "", after: str = "", limit: int = 50) -> list[Broken]:
    """All of a case or of a user, or of everybody, reviewed or not, newest first."""
    where, given = _where((("case_id = ?", case), ("user_id = ?", user), ("id < ?", after)))
    sql = f"SELECT {_GLASS} FROM glass{where} ORDER BY id DESC LIMIT ?"
    return [_broken(row) for row in connection.all(sql, (*given, limit))]


def one(connection: Connection, id: str) -> Broken | None:
    row = connection.one(ONE, (id,))
    return None if row is None else _broken(row)


def review(connection: Connection, id: str, by: str, verdict: str, note: str, at: datetime) -> bool:
    """Fills the review in, within the caller's transaction; False where there is nothing to review, or nothing that
    this person may: nobody reviews their own."""
    return connection.run(REVIEW, (micros(at), by, verdict, note[:MOST_REASON], id, by)) == 1


def _where(conditions: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    asked = [(condition, value) for condition, value in conditions if value]
    text = " AND ".join(condition for condition, _ in asked)
    return (f" WHERE {text}" if text else "", [value for _, value in asked])


def _look(row: Sequence[Any]) -> Look:
    id, case, number, user, at, fields, ground, via, reason = row
    return Look(id, case, number, user, moment(at), tuple(msgspec.json.decode(fields)), ground, via, reason)


def _broken(row: Sequence[Any]) -> Broken:
    id, case, number, user, at, until, reason, via, due, reviewed, by, verdict, note = row
    seen = None if reviewed is None else moment(reviewed)
    return Broken(id, case, number, user, moment(at), moment(until), reason, via, moment(due), seen, by or "",
                  verdict or "", note or "")  # fmt: skip
