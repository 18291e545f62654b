"""Migrations proposed, approved and carried out, with their progress.

Theory of operation. A migration is proposed by one person and approved by another; approving notes every case that is
to go over. Cases are then asked one by one, each in a transaction of its own rows, in batches: what becomes of a case
and the note of it are written together, so a run that breaks off goes on where it stopped. A case that cannot go over
stays as it is, with why; once that is mended, or another file proposed, it is asked again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from bootstrap import Asked, Caseway
from engine.core.commands import Refusal, Rules
from engine.runtime.answers import Accepted, Answer
from engine.runtime.batch import Step
from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from workbench.migrating.file import Order
from workbench.migrating.trial import Trial, trial

BATCH = 50
MOST = 100
COLUMNS = (
    "id, process, target, source, given, reason, proposed_at, proposed_by, state, decided_at, decided_by"
)  # fmt: skip
INSERT = f"INSERT INTO migration_runs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed', NULL, NULL)"
ONE = f"SELECT {COLUMNS} FROM migration_runs WHERE id = ?"
OF = f"SELECT {COLUMNS} FROM migration_runs WHERE process = ? ORDER BY proposed_at DESC, id DESC LIMIT ?"
DECIDE = "UPDATE migration_runs SET state = ?, decided_at = ?, decided_by = ? WHERE id = ? AND state = 'proposed'"
NOTE = (
    "INSERT INTO migration_cases (run, case_id, state, at, why) SELECT ?, id, 'waiting', NULL, NULL FROM cases "
    "WHERE process = ? AND status IN ('open', 'suspended') AND version = ? AND NOT EXISTS "
    "(SELECT 1 FROM migration_cases m WHERE m.run = ? AND m.case_id = cases.id)"
)
AGAIN = "UPDATE migration_cases SET state = 'waiting' WHERE run = ? AND state = 'stopped'"
WAITING = (
    "SELECT case_id FROM migration_cases WHERE run = ? AND state = 'waiting' AND case_id > ? ORDER BY case_id LIMIT ?"
)
DONE = "UPDATE migration_cases SET state = ?, at = ?, why = ? WHERE run = ? AND case_id = ?"
COUNTS = "SELECT state, count(*) FROM migration_cases WHERE run = ? GROUP BY state"
CASES = (
    "SELECT m.case_id, c.number, m.state, m.at, m.why FROM migration_cases m JOIN cases c ON c.id = m.case_id "
    "WHERE m.run = ? AND m.state = ? AND m.case_id > ? ORDER BY m.case_id LIMIT ?"
)
OPEN = (
    "SELECT id FROM cases WHERE process = ? AND status IN ('open', 'suspended') AND version = ? AND id > ? "
    "ORDER BY id LIMIT ?"
)
COUNT_OPEN = (
    "SELECT version, count(*) FROM cases WHERE process = ? AND status IN ('open', 'suspended') GROUP BY version"
)


class MigrationRefused(Exception):
    """What cannot be done with a migration: `code` is a text of the pages, the words are for the command line."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Given(msgspec.Struct):
    leave: tuple[str, ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration as it was proposed."""

    id: str
    order: Order
    source: str
    at: datetime
    by: str
    state: str  # proposed | approved | withdrawn
    decided_at: datetime | None
    decided_by: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many cases wait, have moved, were stopped."""

    waiting: int = 0
    moved: int = 0
    stopped: int = 0

    @property
    def all(self) -> int:
        return self.waiting + self.moved + self.stopped


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case of a migration. `why` stops it: place -> text by language."""

    case: str
    number: str
    state: str
    at: datetime | None
    why: dict[str, dict[str, str]]


# --- before it is approved ------------------------------------------------------------------------------


def counted(caseway: Caseway, process: str) -> dict[str, int]:
    """How many open cases run on each version."""
    return {version: count for version, count in caseway.connection.all(COUNT_OPEN, (process,))}


def concerned(caseway: Caseway, order: Order, most: int | None = None) -> Iterator[str]:
    """The cases that would go over, at most so many."""
    left = most
    for version in order.leave:
        after = ""
        while rows := caseway.connection.all(OPEN, (order.process, version, after, BATCH)):
            for (case,) in rows:
                if left is not None:
                    if not left:
                        return
                    left -= 1
                yield case
            after = rows[-1][0]


def dry_run(caseway: Caseway, order: Order, most: int | None = None) -> Iterator[Trial]:
    """What would become of each case, one after the other."""
    command = order.command()
    return (trial(caseway, case, command) for case in concerned(caseway, order, most))


def propose(caseway: Caseway, order: Order, source: str, by: str) -> Migration:
    """Keeps a migration for a second person's approval."""
    now = caseway.clock.now()
    id = new_id(now)
    given = msgspec.json.encode(_Given(order.leave, order.rules)).decode()
    row = (id, order.process, order.to, source, given, order.reason, micros(now), by)
    caseway.runner.write(lambda connection: connection.run(INSERT, row))
    return Migration(id, order, source, now, by, "proposed", None, "")


# --- approval and run -----------------------------------------------------------------------------------


def approve(caseway: Caseway, id: str, by: str) -> Migration:
    """Approves it, and notes the cases that are to go over. Raises MigrationRefused."""
    found = _open(caseway, id)
    if found.by == by:
        raise MigrationRefused("migration.own", "Somebody other than who proposed a migration approves it.")
    _decide(caseway, found, "approved", by)
    return one(caseway.connection, id) or found


def withdraw(caseway: Caseway, id: str, by: str) -> None:
    """Takes it back, or turns it down. Raises MigrationRefused."""
    _decide(caseway, _open(caseway, id), "withdrawn", by)


def _decide(caseway: Caseway, found: Migration, state: str, by: str) -> None:
    now = micros(caseway.clock.now())

    def note(connection: Connection) -> None:
        if connection.run(DECIDE, (state, now, by, found.id)) != 1:
            raise MigrationRefused("migration.decided", "This migration has been decided already.")

    caseway.runner.write(note)


def carry_out(
    caseway: Caseway, id: str, by: str, *, again: bool = False, most: int | None = None,
    tell: Callable[[Progress], None] | None = None,
) -> Progress:  # fmt: skip
    """Asks every case that waits to go over, as the one who approves it; with `again` those too that were stopped.
    At most so many cases, if that is said. Raises MigrationRefused while it is not approved."""
    found = one(caseway.connection, id)
    if found is None or found.state != "approved":
        raise MigrationRefused("migration.not_approved", "A second person approves a migration before it is run.")
    caseway.runner.write(partial(_note, found=found, again=again))
    after, asked = "", 0
    while most is None or asked < most:
        room = BATCH if most is None else min(BATCH, most - asked)
        cases = [row[0] for row in caseway.connection.all(WAITING, (id, after, room))]
        if not cases:
            break
        _ask(caseway, found, cases, by)
        after, asked = cases[-1], asked + len(cases)
        if tell is not None:
            tell(progress(caseway.connection, id))
    return progress(caseway.connection, id)


def _note(connection: Connection, found: Migration, again: bool) -> None:
    """The cases that are to go over: those too that have begun on an old version since it was approved."""
    for version in found.order.leave:
        connection.run(NOTE, (found.id, found.order.process, version, found.id))
    if again:
        connection.run(AGAIN, (found.id,))


def _ask(caseway: Caseway, found: Migration, cases: list[str], by: str) -> None:
    command = found.order.command(found.by)
    at = micros(caseway.clock.now())
    asked = [
        Asked(case, command, f"migration {found.id}", f"{found.id}.{case}", partial(_noted, found.id, case, at))
        for case in cases
    ]
    answers = caseway.ask_many(asked, by)
    failed = [(case, answer) for case, answer in zip(cases, answers, strict=True) if not isinstance(answer, Accepted)]
    for case, answer in failed:
        if isinstance(answer, Refusal) and answer.code in _AT_THE_DOOR:
            steps = list(_noted(found.id, case, at, answer))
            caseway.runner.write(lambda connection, steps=steps: [connection.run(*one) for one in steps])  # type: ignore[misc]  # bound now


_AT_THE_DOOR = frozenset({"characters", "busy"})
"""Refusals of which nothing was noted in the transaction of the case."""


def _noted(run: str, case: str, at: int, answer: Answer) -> Iterable[Step]:
    if isinstance(answer, Accepted):
        return [(DONE, ("moved", at, None, run, case))]
    if isinstance(answer, Refusal):
        if answer.code == "current":
            return [(DONE, ("moved", at, None, run, case))]
        why = answer.fields or {answer.code: answer.told or {"en": answer.text}}
    else:
        why = {"failed": {"en": answer.text}}
    return [(DONE, ("stopped", at, msgspec.json.encode(why).decode(), run, case))]


# --- looking --------------------------------------------------------------------------------------------


def one(connection: Connection, id: str) -> Migration | None:
    row = connection.one(ONE, (id,))
    return None if row is None else _made(row)


def of_process(connection: Connection, process: str) -> list[Migration]:
    """The migrations of a process, newest first."""
    return [_made(row) for row in connection.all(OF, (process, MOST))]


def progress(connection: Connection, id: str) -> Progress:
    return Progress(**dict(connection.all(COUNTS, (id,))))


def cases(connection: Connection, id: str, state: str, after: str = "", most: int = MOST) -> list[CaseLine]:
    """The cases of a migration in a state (waiting, moved, stopped), by their ids, from after one on."""
    return [
        CaseLine(case, number or case, how, None if at is None else moment(at), msgspec.json.decode(why) if why else {})
        for case, number, how, at, why in connection.all(CASES, (id, state, after, most))
    ]


def _open(caseway: Caseway, id: str) -> Migration:
    found = one(caseway.connection, id)
    if found is None:
        raise MigrationRefused("migration.unknown", f"There is no migration {id}.")
    if found.state != "proposed":
        raise MigrationRefused("migration.decided", "This migration has been decided already.")
    return found


def _made(row: Any) -> Migration:
    id, process, target, source, given, reason, at, by, state, decided_at, decided_by = row
    kept = msgspec.json.decode(given, type=_Given)
    order = Order(process, kept.leave, target, reason, kept.rules)
    decided = None if decided_at is None else moment(decided_at)
    return Migration(id, order, source, moment(at), by, state, decided, decided_by or "")
