"""Who is away when, and what they leave behind: as its pages and the API show it.

What is meant for the absent is found by who stands in for them in any case (`tasks.rules`). Whoever notes an absence is
told besides what the person has in hand, and may move it at once: to the substitute, or back to the queues.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel

from organisation.edits import key_of
from tasks import queries
from tasks.lifecycle import SUSPENDED
from tasks.queries import Listed
from web.bulk import MOST, Chosen, Result, several
from web.desk import Desk
from web.lists import TaskLine, lines
from web.organisation import Changed, changed
from web.problems import Problem
from web.roles import EVERYTHING, arranges
from workbench.arranging import document, edit

Way = Literal["substitute", "queue", "leave"]
"""Where the work of somebody who is away goes."""


class AbsenceLine(BaseModel):
    key: str
    user: str
    name: str
    start: date
    end: date
    substitute: str
    substitute_name: str
    processes: list[str]
    past: bool


class Left(BaseModel):
    """An absence, and what the person has in hand or is meant to do in the processes that it is for: the first hundred,
    in the order of service. `ways`: where it may go."""

    absence: AbsenceLine
    tasks: list[TaskLine]
    more: bool
    ways: list[Way]


class Noted(Changed):
    """What came of noting an absence. key: what it is called. tasks: how many the person has in hand, counted no
    further than 101."""

    key: str = ""
    tasks: int = 0


def absences(desk: Desk, past: bool = False) -> list[AbsenceLine]:
    """Who is away when, the nearest first; of the past only when asked."""
    today = desk.caseway.directory.today(desk.now)
    found = [_line(desk, entry, today) for entry in _entries(desk)]
    return sorted((one for one in found if past or not one.past), key=lambda one: (one.start, one.user))


def note(desk: Desk, given: Mapping[str, Any], reason: str = "") -> Noted:
    """Notes that somebody is away. given: user, from, to, and any of substitute, processes. Raises Problem."""
    own(desk, str(given["user"]))
    made = changed(desk, lambda: edit(desk.caseway, "absence", given, desk.user, reason))
    same = [one for one in _entries(desk) if all(one.get(key) == given[key] for key in ("user", "from", "to"))]
    if not same or made.proposal is not None:
        return Noted(**made.model_dump())
    return Noted(**made.model_dump(), key=key_of(same[-1]), tasks=len(_has(desk, same[-1])))


def end(desk: Desk, key: str) -> Changed:
    """Takes an absence back. Raises Problem."""
    own(desk, str(_entry(desk, key).get("user", "")))
    return changed(desk, lambda: edit(desk.caseway, "absence_end", {"key": key}, desk.user, ""))


def left(desk: Desk, key: str) -> Left:
    """What stays behind. Raises Problem for an absence that there is not, or that is not the reader's affair."""
    entry = _entry(desk, key)
    own(desk, str(entry.get("user", "")), 404)
    rows = _has(desk, entry)
    ways: list[Way] = ["leave"]
    if any(row.queue for row in rows):
        ways.insert(0, "queue")
    if any(_stands_in(desk, entry, row) for row in rows):
        ways.insert(0, "substitute")
    today = desk.caseway.directory.today(desk.now)
    return Left(
        absence=_line(desk, entry, today), tasks=lines(desk, rows[:MOST]), more=len(rows) > MOST,
        ways=ways if rows else [],
    )  # fmt: skip


def move(desk: Desk, key: str, to: Way, chosen: Sequence[Chosen] | None = None) -> list[Result]:
    """Moves what stays behind, or of it what is chosen; what came of each. Raises Problem as `left` does."""
    entry = _entry(desk, key)
    own(desk, str(entry.get("user", "")), 404)
    if to == "leave":
        return []
    field, target = TARGETS[to]
    going, found = dict[str, list[Chosen]](), dict[Chosen, Result]()
    for row in _has(desk, entry)[:MOST]:
        one = Chosen(row.number, row.task)
        if chosen is not None and one not in chosen:
            continue
        found[one] = Result(one, 0, Problem(422, f"no_{to}", desk.say(f"absence.no_{to}")))
        going.setdefault(target(desk, entry, row), []).append(one)
    why = desk.say("absence.why", name=desk.person(entry["user"]), until=entry["to"])
    for name, several_of in going.items():
        if name:
            done = several(desk, "transfer", several_of, {"queue": "", "user": "", field: name, "reason": why})
            found.update({one.chosen: one for one in done})
    return list(found.values())


Target = Callable[[Desk, Mapping[str, Any], Listed], str]
TARGETS: Mapping[str, tuple[str, Target]] = {
    "substitute": ("user", lambda desk, entry, row: _stands_in(desk, entry, row)),
    "queue": ("queue", lambda desk, entry, row: row.queue),
}
"""What a way fills in of a transfer, and with what."""


def may_note(desk: Desk, user: str) -> bool:
    """Whether the user may say that somebody is away: their own line below, everybody for who sees everything."""
    everybody = arranges(desk) or bool(desk.roles & EVERYTHING)
    return everybody or user == desk.user or desk.caseway.directory.above(desk.user, user)


def own(desk: Desk, user: str, none: int = 0) -> None:
    """Raises Problem if the absences of that user are not the reader's affair; with the status `none` for no user."""
    if none and not user:
        raise Problem(none, "absence", desk.say("absence.unknown"))
    if not may_note(desk, user):
        raise Problem(403, "not_allowed", desk.say("only.line"))


def _entries(desk: Desk) -> list[Mapping[str, Any]]:
    return list(document(desk.caseway)[1].get("absences", ()))


def _entry(desk: Desk, key: str) -> Mapping[str, Any]:
    return next((entry for entry in _entries(desk) if key_of(entry) == key), {})


def _line(desk: Desk, entry: Mapping[str, Any], today: date) -> AbsenceLine:
    last = date.fromisoformat(entry["to"])
    return AbsenceLine(
        key=key_of(entry), user=entry["user"], name=desk.person(entry["user"]),
        start=date.fromisoformat(entry["from"]), end=last, substitute=entry.get("substitute", ""),
        substitute_name=desk.person(entry.get("substitute", "")),
        processes=[desk.process(one) for one in entry.get("processes", ())], past=last < today,
    )  # fmt: skip


def _has(desk: Desk, entry: Mapping[str, Any]) -> list[Listed]:
    """What the person has in hand and is meant to do, of the processes concerned; what is asked of them as a reviewer,
    and what stands still, is no work to be moved."""
    user, only = str(entry["user"]), entry.get("processes", ())
    rows = queries.held_or_meant(desk.caseway.connection, user, only, MOST + 1)
    return [row for row in rows if row.status != SUSPENDED]


def _stands_in(desk: Desk, entry: Mapping[str, Any], row: Listed) -> str:
    people = desk.caseway.directory
    on = max(date.fromisoformat(entry["from"]), people.today(desk.now))
    return people.stand_in(str(entry["user"]), on, row.process)
