"""Searching cases."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel

from engine.runtime.tables import moment
from web import show
from web.desk import Desk
from web.problems import Problem
from workbench.reading import sights
from workbench.story import MASK

PAGE = 25
Status = Literal["", "open", "suspended", "ended"]


class CaseLine(BaseModel):
    """A case in a list."""

    case: str
    number: str
    process: str
    process_title: str
    status: str
    end: str
    owner: str
    owner_name: str
    subject: str
    started_at: datetime
    ended_at: datetime | None


class CaseList(BaseModel):
    cases: list[CaseLine]
    next: str | None


_COLUMNS = 'id, number, process, status, "end", owner, search, started_at, ended_at'


def search(
    desk: Desk, words: str = "", process: str = "", status: Status = "", after: str = "", limit: int = PAGE
) -> CaseList:
    """Cases with these words in their number, customer or policy, newest first; a page after that place."""
    where, given = ["1 = 1"], list[Any]()
    for condition, value in (
        ("process = ?", process), ("status = ?", status),
        *(("search LIKE ? ESCAPE '!'", f"%{_literal(word)}%") for word in words.split()[:5]),
    ):  # fmt: skip
        if value:
            where.append(condition)
            given.append(value)
    if after:
        where.append("(started_at, id) < (?, ?)")
        given += _place(after)
    sql = f"SELECT {_COLUMNS} FROM cases WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT ?"
    rows = desk.caseway.connection.all(sql, (*given, limit + 1))
    more = [rows[limit - 1][7], rows[limit - 1][0]] if len(rows) > limit else None
    return CaseList(
        cases=_lines(desk, rows[:limit]),
        next=base64.urlsafe_b64encode(msgspec.json.encode(more)).decode().rstrip("=") if more else None,
    )


def _literal(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _place(text: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=tuple[int, str])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}") from error


def line_of(desk: Desk, case: str) -> CaseLine:
    """The line of one case, masked or not."""
    row = desk.caseway.connection.one(f"SELECT {_COLUMNS} FROM cases WHERE id = ?", (case,))
    seen = sights(desk.caseway, desk.user, [case], desk.now).get(case)
    return _line(desk, row, seen is not None and seen.reads("internal"))


def _lines(desk: Desk, rows: Sequence[Any]) -> list[CaseLine]:
    """The lines of these cases, without those that are restricted and not for the user."""
    seen = sights(desk.caseway, desk.user, [row[0] for row in rows], desk.now)
    readable = {
        case: one.reads("internal") for case, one in seen.items() if not one.restricted or one.reads("internal")
    }
    return [_line(desk, row, readable[row[0]]) for row in rows if row[0] in readable]


def _line(desk: Desk, row: Any, readable: bool) -> CaseLine:
    id, number, process, status, end, owner, words, started, ended = row
    return CaseLine(
        case=id, number=number or id, process=process, process_title=desk.process(process), status=status,
        end=show.worded(end or ""), owner=owner or "" if readable else "",
        owner_name=(desk.person(owner) if readable else MASK) if owner else "",
        subject=(words or "").replace(number or "", "", 1).strip() if readable else MASK, started_at=moment(started),
        ended_at=moment(ended) if ended is not None else None,
    )  # fmt: skip
