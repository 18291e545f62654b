"""Reading cases on behalf of people: how somebody sees a case, opening secrets, breaking the glass, reviewing that.

Theory of operation. Pages, API and command line all come here. `sight` works out what the user is to the case (from
its state, the rows of its closed tasks, the organisation, and glass that they broke) and holds the house's table
against it. Secrets lie sealed in the state and stay so; `reveal` is the only function that opens them for a person:
it asks the table, keeps the look, and only when that is durable gives out the values.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bootstrap import MACHINE, Caseway
from engine.core.data import unsealed
from engine.core.env import Env
from engine.core.kinds import ANY, Type
from engine.core.model import Process
from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.outbox import post
from organisation import looks
from organisation.looks import VERDICTS, Broken
from organisation.reading import GLASS, Reading, Sight, first
from organisation.reading_words import of_house
from tasks.ground import Look
from tasks.parties import parties
from workbench.story import state_of

Json = Any


BROKEN = "glass_broken"
"""The template of the notice to who reviews broken glass."""


class Unread(Exception):
    """What is not opened, not reviewed: `code` for programs and texts, the message in English."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Subject:
    """The case that is read: its state, and the key of its secrets (None once it is destroyed)."""

    case: str
    process: Process
    state: Any
    key: bytes | None


# --- how somebody sees a case ---------------------------------------------------------------------------


def reading(caseway: Caseway) -> Reading:
    """The table of the house in force."""
    return of_house(caseway.definitions.house())


def sight(caseway: Caseway, user: str, subject: Subject, now: datetime) -> Sight:
    """How the user sees the case now."""
    stood_in = _stood_in(caseway.connection, [subject.case]).get(subject.case, ())
    opened = looks.open_until(caseway.connection, user, subject.case, now) is not None
    return _sight(caseway, user, subject.case, subject.state, now, stood_in, opened)


def sights(caseway: Caseway, user: str, cases: Collection[str], now: datetime) -> dict[str, Sight]:
    """How the user sees each of these cases: three queries for all of them. Cases that are gone are left out."""
    wanted = list(dict.fromkeys(cases))
    if not wanted:
        return {}
    states = caseway.connection.all(f"SELECT id, state FROM cases WHERE id IN ({_marks(wanted)})", wanted)
    stood_in = _stood_in(caseway.connection, wanted)
    opened = looks.opened(caseway.connection, user, now)
    return {
        case: _sight(caseway, user, case, MACHINE.decode(text), now, stood_in.get(case, ()), case in opened)
        for case, text in states
        if text
    }


def _sight(
    caseway: Caseway, user: str, case: str, state: Any, now: datetime, stood_in: Collection[str], opened: bool
) -> Sight:
    theirs = parties(caseway.directory, user, state, now, stood_in)
    if opened and theirs:
        theirs |= {GLASS}
    return Sight(user, case, reading(caseway), theirs, state.work.restricted)


def _stood_in(connection: Connection, cases: Sequence[str]) -> dict[str, set[str]]:
    """The queues in which each case has or had a task. Along the primary key of tasks."""
    found: dict[str, set[str]] = {}
    sql = f"SELECT DISTINCT case_id, queue FROM tasks WHERE case_id IN ({_marks(cases)}) AND queue <> ''"
    for case, queue in connection.all(sql, list(cases)):
        found.setdefault(case, set()).add(queue)
    return found


def _marks(values: Collection[Any]) -> str:
    return ", ".join("?" * len(values))


# --- secrets --------------------------------------------------------------------------------------------


def reveal(
    caseway: Caseway, seen: Sight, subject: Subject, *, via: str, now: datetime, reason: str = "",
    data: Mapping[str, Json] | None = None, names: Collection[str] | None = None,
) -> dict[str, Json]:  # fmt: skip
    """The values of the names that hold secrets, opened, once the look is kept.

    via: by which way (web, api, os:name). data: where the values stand, if not in the case's data (a draft).
    names: only these; left out, all. Nothing is kept where nothing is secret. Raises Unread, VaultError.
    """
    ground = seen.ground("secret")
    if not ground:
        raise Unread("secret", "you may not open the secrets of this case")
    found = subject.state.flow.data if data is None else data
    kinds = {
        name: subject.process.names.get(name, ANY) for name in subject.process.secrets if found.get(name) is not None
    }
    places = {
        name: list(secrets(name, found[name], kind))
        for name, kind in kinds.items()
        if names is None or name in names
    }  # fmt: skip
    fields = [place for listed in places.values() for place in listed]
    if not fields:
        return {}
    sealer = caseway.vault.cipher(subject.case, subject.key).sealer
    turn: Any = Look(subject.process, subject.state, Env(now, sealer=sealer))
    opened = {name: unsealed(turn, name, found[name], kinds[name]) for name, listed in places.items() if listed}
    number = subject.state.flow.number

    def keep(connection: Connection) -> None:
        looks.note(connection, subject.case, number, seen.user, fields, ground, via, reason.strip(), now)

    caseway.runner.write(keep)
    return opened


def secrets(path: str, value: Json, kind: Type) -> Iterator[str]:
    """The places in a value at which a secret stands."""
    if value is None:
        return
    if kind.secret:
        yield path
    elif kind.fields and isinstance(value, dict):
        for name, inner in value.items():
            yield from secrets(f"{path}.{name}", inner, kind.fields.get(name, ANY))
    elif kind.item and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from secrets(f"{path}.{index}", inner, kind.item)


def open_case(caseway: Caseway, user: str, case: str, reason: str, via: str, now: datetime) -> dict[str, Json]:
    """The secrets of a case, opened for the user: by right, else by broken glass. Raises Unread, StoreError."""
    state, process = state_of(caseway, case)
    subject = Subject(case, process, state, caseway.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0])
    seen = sight(caseway, user, subject, now)
    if not reason.strip():
        raise Unread("reason", "say why: somebody will review it")
    if not seen.reads("secret"):
        break_glass(caseway, seen, state.flow.number or case, reason, via, now)
        seen = sight(caseway, user, subject, now)
    return reveal(caseway, seen, subject, via=via, now=now, reason=reason)


# --- breaking the glass ---------------------------------------------------------------------------------


def break_glass(caseway: Caseway, seen: Sight, number: str, reason: str, via: str, now: datetime) -> Broken:
    """Opens the case to the user for as long as the house says, and tells who reviews that. Raises Unread."""
    why, breaking = reason.strip(), seen.reading.breaking
    if not why:
        raise Unread("reason", "say why: somebody will review it")
    if seen.reads("secret"):
        raise Unread("open", "you may read this case already")
    if not seen.may_break:
        raise Unread("glass", "you may not open this case")
    until, due = caseway.later(now, breaking.lasts), caseway.later(now, breaking.within)
    made = Broken(new_id(now), seen.case, number, seen.user, now, until, why, via, due)
    people = caseway.directory
    to = [f"user.{one}" for one in sorted(people.users) if one != seen.user and reviews(caseway, one, now)]
    who = people.users[seen.user].name if seen.user in people.users else {}
    facts = {"number": number, "user": seen.user, "who": dict(who), "until": until.isoformat(), "due": due.isoformat()}

    def keep(connection: Connection) -> None:
        looks.break_glass(connection, made)
        if to:
            post(connection, to, BROKEN, facts, now)

    caseway.runner.write(keep)
    return made


def reviews(caseway: Caseway, user: str, now: datetime) -> bool:
    """Whether broken glass is the user's affair."""
    people = caseway.directory
    if not people.active(user, people.today(now)):
        return False
    theirs = {"staff", *(f"role.{role}" for role in people.roles(user)), *(f"queue.{q}" for q in people.serving(user))}
    return bool(first(reading(caseway).breaking.reviewed_by, theirs))


def review(caseway: Caseway, user: str, id: str, verdict: str, note: str, now: datetime) -> Broken:
    """Says whether it was justified, once and for all. Raises Unread."""
    if not reviews(caseway, user, now):
        raise Unread("review", "the review of broken glass is not your affair")
    if verdict not in VERDICTS:
        raise Unread("verdict", f"expected {' or '.join(VERDICTS)}")
    if verdict == "unjustified" and not note.strip():
        raise Unread("note", "say why it was not justified")
    before = looks.one(caseway.connection, id)
    if before is None:
        raise Unread("unknown", "there is no such thing to review")
    if before.user == user:
        raise Unread("own", "somebody else reviews what you have opened")
    if not caseway.runner.write(lambda connection: looks.review(connection, id, user, verdict, note.strip(), now)):
        raise Unread("reviewed", "somebody has reviewed it already")
    after = looks.one(caseway.connection, id)
    assert after is not None  # nothing is ever taken away
    return after
