"""Searching cases: by number, customer, policy and what else processes are searched by, newest first.

What is found obeys reading: a case that is masked to the user is found by its number alone, as its words are not
theirs to try out, and a restricted one not at all. Nothing in an answer may tell how many of those there are: a page
is full as long as there are cases for the user to fill it, it says that there is more only where they will find more,
and where it goes on is the place of a case that it shows. If too many are in between, a page ends where a walk over all
cases does, whatever they are (`tasks.find`): a place that depends on nothing that is hidden.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from pydantic import BaseModel

from engine.runtime.tables import moment
from tasks import find
from tasks.find import COLUMNS, WALK, Found, Place
from tasks.search import Term, terms
from web.desk import Desk
from web.lists import Whole
from web.problems import Problem
from workbench.reading import sights
from workbench.story import MASK

PAGE = 25
CHUNK = 100
"""Cases that are held against the user's reading at once, where a page has lost some."""
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


def search(
    desk: Desk, words: str = "", process: str = "", status: Status = "", after: str = "", limit: int = PAGE,
    watched: bool = False,
) -> CaseList:  # fmt: skip
    """Cases in which each of these begins the number or a word that they are found by, newest first; a page after
    that place. `watched`: only those that the user watches. Raises Problem for a place that is none."""
    wanted, place = terms(words), _place(after)
    if words.strip() and not wanted:
        return CaseList(cases=[], next=None)
    asked = (process,) if process else ()
    known = desk.caseway.definitions.names()
    for most in (limit + 1, WALK):
        if watched:
            page = find.watched(desk.caseway.connection, desk.user, wanted, asked, status, place, most)
        else:
            page = find.cases(desk.caseway.connection, wanted, asked, status, place, most, known)
        found = _open(desk, page.cases, wanted, limit + 1)
        if len(found) > limit:
            return CaseList(cases=[line for _, line in found[:limit]], next=_written(found[limit - 1][0].place))
        if page.next is None or page.walked:
            break
    return CaseList(cases=[line for _, line in found], next=_written(page.next))


def _open(desk: Desk, cases: Sequence[Found], wanted: Sequence[Term], most: int) -> list[tuple[Found, CaseLine]]:
    """Those of the cases that the user finds so, as many as are asked for."""
    found: list[tuple[Found, CaseLine]] = []
    for start in range(0, len(cases), CHUNK):
        some = cases[start : start + CHUNK]
        lines = zip(some, _lines(desk, some, wanted), strict=True)
        found += [(case, line) for case, line in lines if line is not None]
        if len(found) >= most:
            break
    return found[:most]


def line_of(desk: Desk, case: str) -> CaseLine:
    """The line of one case, masked or not."""
    (row,) = _rows(desk, [case])
    seen = sights(desk.caseway, desk.user, [case], desk.now).get(case)
    return _line(desk, row, seen is not None and seen.reads("internal"))


def lines_of(desk: Desk, cases: Sequence[str]) -> dict[str, CaseLine]:
    """The lines of these cases by id, masked or not; without those that are restricted and not for the user."""
    rows = _rows(desk, list(dict.fromkeys(cases)))
    return {row.case: line for row, line in zip(rows, _lines(desk, rows, ()), strict=True) if line is not None}


def _rows(desk: Desk, cases: Sequence[str]) -> list[Found]:
    if not cases:
        return []
    sql = f"SELECT {COLUMNS} FROM cases c WHERE c.id IN ({', '.join('?' * len(cases))})"
    return [Found._make(row) for row in desk.caseway.connection.all(sql, cases)]


def _lines(desk: Desk, cases: Sequence[Found], wanted: Sequence[Term]) -> list[CaseLine | None]:
    """The lines of these cases; None for one that the user does not find so."""
    seen = sights(desk.caseway, desk.user, [one.case for one in cases], desk.now)
    told: list[CaseLine | None] = []
    for one in cases:
        sight = seen.get(one.case)
        readable = sight is not None and sight.reads("internal")
        hidden = sight is None or (not readable and (sight.restricted or not one.by_number(wanted)))
        told.append(None if hidden else _line(desk, one, readable))
    return told


def _line(desk: Desk, row: Found, readable: bool) -> CaseLine:
    owner = row.owner or ""
    return CaseLine(
        case=row.case, number=row.number or row.case, process=row.process, process_title=desk.process(row.process),
        status=row.status, end=desk.ending(row.process, row.end) if row.end else "", owner=owner if readable else "",
        owner_name=(desk.person(owner) if readable else MASK) if owner else "",
        subject=(row.about or "") if readable else MASK, started_at=moment(row.started_at),
        ended_at=moment(row.ended_at) if row.ended_at is not None else None,
    )  # fmt: skip


def _written(place: Place | None) -> str | None:
    return base64.urlsafe_b64encode(msgspec.json.encode(list(place))).decode().rstrip("=") if place else None


def _place(text: str) -> Place | None:
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return Place(*msgspec.json.decode(raw, type=tuple[Whole, str]))
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}") from error
