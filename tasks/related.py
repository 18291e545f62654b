"""Other cases: those that one is related to, those it may be one and the same with, and the commands that name them.

All SQL about links and likenesses is here. A command names another case by its id; people name it by its number:
`naming` is the one way from there to the command, for pages, API and command line.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from engine.core import commands as core
from engine.core.commands import Command
from engine.core.linking import MERGED, OPPOSITE
from engine.runtime.database import Connection
from engine.runtime.tables import moment
from tasks.reasons import Reason, reason

MOST = 50
"""Cases in an answer at most, the newest first."""


class Other(NamedTuple):
    """Another case. rules: those by which it is alike. kind, merged, since: of the link, "" where there is none."""

    case: str
    number: str
    process: str
    status: str
    end: str
    owner: str
    started_at: datetime
    rules: tuple[str, ...] = ()
    kind: str = ""
    merged: bool = False
    since: datetime | None = None


_CASE = 'c.id, c.number, c.process, c.status, c."end", c.owner, c.started_at'
LINKS = (
    f"SELECT {_CASE}, l.kind, l.merged, l.since FROM links l JOIN cases c ON c.id = l.other "
    "WHERE l.case_id = ? ORDER BY l.since, c.id"
)
ALIKE = (
    f"SELECT {_CASE}, l.rule FROM likenesses m JOIN likenesses l ON l.key = m.key AND l.case_id <> m.case_id "
    "JOIN cases c ON c.id = l.case_id WHERE m.case_id = ? ORDER BY c.started_at DESC, c.id, l.rule LIMIT ?"
)
LIKE = (
    f"SELECT {_CASE}, l.rule FROM likenesses l JOIN cases c ON c.id = l.case_id WHERE l.key IN ({{keys}}) "
    "ORDER BY c.started_at DESC, c.id, l.rule LIMIT ?"
)
NAMED = 'SELECT id, process, status, "end" FROM cases WHERE number = ? OR id = ?'
MAIN = "SELECT c.number FROM links l JOIN cases c ON c.id = l.other WHERE l.case_id = ? AND l.kind = ? AND l.merged = 1"


def links(connection: Connection, case: str) -> list[Other]:
    """The cases that this one is related to, in the order in which they were."""
    rows = connection.all(LINKS, (case,))
    return [
        Other(*_case(row), kind=row[7], merged=bool(row[8]), since=moment(row[9])) for row in rows
    ]  # fmt: skip


def alike(connection: Connection, case: str) -> list[Other]:
    """The cases that may be one and the same with this one, by which rules."""
    return _by_case(connection.all(ALIKE, (case, MOST)))


def like(connection: Connection, keys: Mapping[str, str]) -> list[Other]:
    """The cases that have one of these keys (`tasks.likeness`): before a case is started with them."""
    if not keys:
        return []
    sql = LIKE.format(keys=", ".join("?" * len(keys)))
    return _by_case(connection.all(sql, (*keys.values(), MOST)))


def _by_case(rows: Iterable[tuple[object, ...]]) -> list[Other]:
    found: dict[object, Other] = {}
    for row in rows:
        before = found.get(row[0])
        rules = (*(before.rules if before else ()), str(row[7]))
        found[row[0]] = Other(*_case(row), rules=rules)
    return list(found.values())


def _case(row: Iterable[object]) -> tuple[str, str, str, str, str, str, datetime]:
    id, number, process, status, end, owner, started = (*row,)[:7]
    assert isinstance(started, int)
    return str(id), str(number or id), str(process), str(status), str(end or ""), str(owner or ""), moment(started)


# --- commands that name another case ------------------------------------------------------------------


def naming(connection: Connection, action: str, case: str, number: str, why: str, kind: str = "") -> Command | Reason:
    """The command for `link`, `unlink` or `merge` with the case of that number; or why there is none."""
    row = connection.one(NAMED, (number.strip(), number.strip()))
    if row is None:
        return reason("no_case", number=number.strip()[:80])
    other, process, status, end = row
    if action == "unlink":
        return core.UnlinkCases(other, why)
    if action == "link":
        return core.LinkCases(other, kind, why) if kind in OPPOSITE else reason("kind", kinds=", ".join(OPPOSITE))
    own = connection.one(NAMED, (case, case))
    if own is not None and own[1] != process:
        return reason("other_process", number=number)
    if status == "ended" and end == MERGED:
        main = connection.one(MAIN, (other, "duplicate_of"))
        return reason("merged", number=number, main=main[0] if main else "-")
    return core.MergeCase(other, why)
