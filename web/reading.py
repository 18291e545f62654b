"""Reading on the pages and in the API: what of a case is masked and why, opening it, and the reviewers' lists.

Who may read what is `organisation.reading`'s; opening and keeping the look is `workbench.reading`'s. Here it is put
into words and models. `Opened` (`web.tasks`) asks on opening a case, so that no page forgets to.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from engine.core.model import Process
from engine.runtime.tables import micros
from organisation import looks
from organisation.looks import Broken, Look
from organisation.reading import GLASS, GRADES, Sight
from web import turned_away
from web.desk import Desk
from web.problems import Problem
from web.roles import reviews
from web.schema import part
from web.texts import TEXTS
from workbench import reading
from workbench.reading import Subject, Unread

PAGE = 50

STATUS = {"secret": 403, "glass": 403, "review": 403, "own": 403, "reason": 422, "verdict": 422, "note": 422,
          "unknown": 404, "open": 409, "reviewed": 409}  # fmt: skip
"""Of what is not opened or not reviewed, by its code."""


class Reads(BaseModel):
    """How the user sees a case. `why`: what is masked, and how to ask; "" where nothing is."""

    grades: list[str]
    restricted: bool
    readers: list[str]  # whom the mark of a restricted case names, in words
    opened_until: datetime | None  # by broken glass
    may_break: bool
    may_restrict: bool
    why: str


class Looked(BaseModel):
    """A look at secrets, in words."""

    id: str
    number: str
    user: str
    user_name: str
    at: datetime
    fields: list[str]
    told: list[str]  # the same in words
    ground: str
    via: str
    reason: str


class BrokenGlass(BaseModel):
    """A case opened without the right, and the review of that. `mine`: the user's own, reviewed by somebody else."""

    id: str
    number: str
    user: str
    user_name: str
    at: datetime
    until: datetime
    reason: str
    due: datetime
    overdue: bool
    mine: bool
    reviewed_at: datetime | None
    reviewed_by_name: str
    verdict: str
    note: str


class Looks(BaseModel):
    looks: list[Looked]
    next: str | None


class Glass(BaseModel):
    glass: list[BrokenGlass]
    next: str | None


# --- one case -----------------------------------------------------------------------------------------


def reads(desk: Desk, seen: Sight, state: Any) -> Reads:
    until = looks.open_until(desk.caseway.connection, desk.user, seen.case, desk.now) if GLASS in seen.parties else None
    open_to = [grade for grade in GRADES if seen.reads(grade)]
    masked = "" if "internal" in open_to else "restricted_why" if seen.restricted else "masked_why"
    return Reads(
        grades=open_to, restricted=seen.restricted, opened_until=until, may_break=seen.may_break,
        readers=[named(desk, one) for one in state.work.readers] if seen.reads("internal") else [],
        may_restrict=seen.may_restrict, why=desk.say(masked) if masked else "",
    )  # fmt: skip


def need(desk: Desk, seen: Sight, grade: str) -> None:
    """Raises Problem unless the user reads that grade of the case; who is turned away is kept in the audit."""
    if not seen.reads(grade):
        turned_away.note(desk, seen.case, "restricted" if seen.restricted else "masked")
        raise Problem(403, "masked", desk.say("restricted_why" if seen.restricted else "masked_why"))


def revealed(
    desk: Desk, seen: Sight, subject: Subject, *, reason: str = "", data: Mapping[str, Any] | None = None,
    names: Collection[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The secrets of a case, opened for the user; the look is kept. Raises Problem."""
    try:
        return reading.reveal(
            desk.caseway, seen, subject, via=desk.ground, now=desk.now, reason=reason, data=data, names=names
        )
    except Unread as error:
        if error.code == "secret":
            turned_away.note(desk, seen.case, error.code)
        raise problem(desk, error) from error


def break_glass(desk: Desk, seen: Sight, number: str, reason: str) -> BrokenGlass:
    """Opens a case that the user has no right to read. Raises Problem."""
    try:
        made = reading.break_glass(desk.caseway, seen, number, reason, desk.ground, desk.now)
    except Unread as error:
        raise problem(desk, error) from error
    return _broken(desk, made)


def problem(desk: Desk, error: Unread) -> Problem:
    """Why something was not opened or not reviewed, in the user's language."""
    return Problem(STATUS[error.code], error.code, desk.say(f"unread.{error.code}"))


def named(desk: Desk, reader: str) -> str:
    """user.x and role.x in words."""
    kind, _, name = reader.partition(".")
    return {"user": desk.person, "role": desk.role, "queue": desk.queue}.get(kind, str)(name)


def party(desk: Desk, ground: str) -> str:
    """A party to a case in words."""
    key = f"party.{ground}"
    return desk.say(key) if key in TEXTS else named(desk, ground)


# --- the reviewers' lists -----------------------------------------------------------------------------


def looked(desk: Desk, case: str = "", user: str = "", after: str = "", limit: int = PAGE) -> Looks:
    """Looks at secrets, newest first: all of them to reviewers. Raises Problem."""
    _reviewer(desk)
    found = looks.looks(desk.caseway.connection, case=_case(desk, case), user=user, after=after, limit=limit + 1)
    processes = _processes(desk, {one.case for one in found[:limit]})
    rows = [_looked(desk, one, processes.get(one.case)) for one in found[:limit]]
    return Looks(looks=rows, next=rows[-1].id if len(found) > limit else None)


def unreviewed(desk: Desk, after: str = "", limit: int = PAGE) -> Glass:
    """What waits for its review, the most pressing first. Raises Problem."""
    _reviewer(desk)
    due, _, id = after.partition(".")
    if after and not (due.isdecimal() and len(due) < 18):
        raise Problem(400, "cursor", f"there is no such page: {after[:40]}")
    found = looks.unreviewed(desk.caseway.connection, (int(due), id) if after else None, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Glass(
        glass=[_broken(desk, one) for one in found[:limit]],
        next=f"{micros(last.due)}.{last.id}" if last else None,
    )


def broken(desk: Desk, case: str = "", user: str = "", after: str = "", limit: int = PAGE) -> Glass:
    """All broken glass, reviewed or not, newest first. Raises Problem."""
    _reviewer(desk)
    found = looks.broken(desk.caseway.connection, case=_case(desk, case), user=user, after=after, limit=limit + 1)
    rows = [_broken(desk, one) for one in found[:limit]]
    return Glass(glass=rows, next=rows[-1].id if len(found) > limit else None)


def reviewed(desk: Desk, id: str, verdict: str, note: str) -> BrokenGlass:
    """Says whether an opening was justified. Raises Problem."""
    try:
        return _broken(desk, reading.review(desk.caseway, desk.user, id, verdict, note, desk.now))
    except Unread as error:
        raise problem(desk, error) from error


def _reviewer(desk: Desk) -> None:
    if not reviews(desk):
        raise Problem(403, "review", desk.say("unread.review"))


def _case(desk: Desk, number: str) -> str:
    """The id of a case by its number; what is no case finds nothing."""
    if not number:
        return ""
    row = desk.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))
    return row[0] if row else number


def _processes(desk: Desk, cases: Collection[str]) -> dict[str, Process | None]:
    """The process of each of these cases."""
    if not cases:
        return {}
    marks = ", ".join("?" * len(cases))
    rows = desk.caseway.connection.all(f"SELECT id, process, version FROM cases WHERE id IN ({marks})", tuple(cases))
    return {case: desk.caseway.definitions.process(name, version) for case, name, version in rows}


def _in_words(desk: Desk, process: Process | None, place: str) -> str:
    """What was looked at: a field by its title, a file by its number."""
    what, _, number = place.partition(" ")
    if what == "attachment" and number:
        return desk.say("reading.file", number=number)
    found = part(desk, process, tuple(place.split("."))) if process is not None else None
    return desk.told(found.schema.get("title") if found is not None else None, place)


def _looked(desk: Desk, one: Look, process: Process | None) -> Looked:
    return Looked(
        id=one.id, number=one.number, user=one.user, user_name=desk.person(one.user), at=one.at,
        fields=list(one.fields), told=[_in_words(desk, process, field) for field in one.fields],
        ground=party(desk, one.ground), via=one.via, reason=one.reason,
    )  # fmt: skip


def _broken(desk: Desk, one: Broken) -> BrokenGlass:
    return BrokenGlass(
        id=one.id, number=one.number, user=one.user, user_name=desk.person(one.user), at=one.at, until=one.until,
        reason=one.reason, due=one.due, overdue=one.reviewed_at is None and one.due < desk.now,
        mine=one.user == desk.user, reviewed_at=one.reviewed_at,
        reviewed_by_name=desk.person(one.reviewed_by) if one.reviewed_by else "", verdict=one.verdict, note=one.note,
    )  # fmt: skip
