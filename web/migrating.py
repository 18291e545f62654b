"""Migrations as pages and programs show them: what is ordered, the dry run case by case, progress, what stops cases."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from engine.language.problems import DefinitionError
from web.definitions import Told, told
from web.desk import Desk
from web.problems import Problem
from workbench.differing import GROUPS, differences
from workbench.migrating import run as runs
from workbench.migrating.file import Order, read_order
from workbench.migrating.run import Migration, MigrationRefused
from workbench.migrating.trial import Trial
from workbench.reading import sights

TRIED = 50
"""Cases that one dry run shows."""
AT_ONCE = 200
"""Cases that are moved by one request; the next goes on from there."""
MOST_TEXT = 100_000
FILE = "migration.yaml"


class ChangeLine(BaseModel):
    """One thing of a case before and after; "" where it is not there."""

    kind: str
    before: str
    after: str


class Stop(BaseModel):
    """What keeps a case where it is, and what to do about it."""

    place: str
    text: str


class TrialLine(BaseModel):
    """The dry run of one case. What it holds is for who may read the case; of a restricted one, its number too."""

    number: str
    version: str
    changes: list[ChangeLine]
    stops: list[Stop]


class Stopped(BaseModel):
    number: str
    at: datetime | None
    stops: list[Stop]


class MigrationView(BaseModel):
    """A migration and how far it has come; the first hundred of the cases that were stopped."""

    id: str
    process: str
    target: str
    leaves: list[str]
    reason: str
    source: str
    at: datetime
    by: str
    by_name: str
    state: str
    decided_at: datetime | None
    decided_by: str
    waiting: int
    moved: int
    stopped: int
    stops: list[Stopped]


class Said(BaseModel):
    """A difference between two versions, in the reader's language."""

    group: str
    title: str
    text: str
    step: str = ""


def words(desk: Desk, name: str, old: str, new: str) -> list[Said]:
    """What the version `new` of a process changes of `old`, in words; nothing where one compiles no more."""
    versions: list[Any] = [desk.caseway.definitions.process(name, one) for one in (old, new)]
    if any(one is None for one in versions):
        raise Problem(404, "version")
    place = 0 if desk.language == "zh" else 1
    return [
        Said(group=one.group, title=GROUPS[one.group][place], text=one.zh if place == 0 else one.en, step=one.step)
        for one in differences(*versions)
    ]


def order_of(desk: Desk, name: str, text: str) -> tuple[Order | None, list[Told]]:
    """What a file orders for this process, or its problems."""
    try:
        order = read_order(desk.caseway, text[:MOST_TEXT].encode("utf-8", "replace"), FILE)
    except DefinitionError as error:
        return None, told(error.problems)
    if name and order.process != name:
        raise Problem(422, "migration.other", desk.say("migration.other", process=name))
    return order, []


def trials(desk: Desk, order: Order, most: int = TRIED) -> list[TrialLine]:
    tried = list(runs.dry_run(desk.caseway, order, most))
    seen = sights(desk.caseway, desk.user, [one.case for one in tried], desk.now)
    return [_line(desk, one, seen[one.case].reads("internal"), seen[one.case].restricted) for one in tried]


def _line(desk: Desk, one: Trial, reads: bool, restricted: bool) -> TrialLine:
    changes = [ChangeLine(kind=c.kind, before=c.before, after=c.after) for c in one.changes] if reads else []
    number = one.number if reads or not restricted else "•••"
    return TrialLine(number=number, version=one.version, changes=changes, stops=stops(desk, one.stops))


def stops(desk: Desk, found: dict[str, dict[str, str]] | None) -> list[Stop]:
    return [Stop(place=place, text=desk.told(text, place)) for place, text in (found or {}).items()]


def view(desk: Desk, found: Migration) -> MigrationView:
    connection = desk.caseway.connection
    now = runs.progress(connection, found.id)
    lines = runs.cases(connection, found.id, "stopped")
    seen = sights(desk.caseway, desk.user, [line.case for line in lines], desk.now)
    hidden = {line.case for line in lines if seen[line.case].restricted and not seen[line.case].reads("internal")}
    return MigrationView(
        id=found.id, process=found.order.process, target=found.order.to, leaves=list(found.order.leave),
        reason=found.order.reason, source=found.source, at=found.at, by=found.by, by_name=desk.person(found.by),
        state=found.state, decided_at=found.decided_at, decided_by=found.decided_by, waiting=now.waiting,
        moved=now.moved, stopped=now.stopped,
        stops=[
            Stopped(number="•••" if line.case in hidden else line.number, at=line.at, stops=stops(desk, line.why))
            for line in lines
        ],
    )  # fmt: skip


def one(desk: Desk, id: str) -> Migration:
    found = runs.one(desk.caseway.connection, id[:64])
    if found is None:
        raise Problem(404, "migration.unknown", desk.say("migration.unknown"))
    return found


def act(desk: Desk, id: str, action: str) -> Migration:
    """approve (and move the first cases), run (go on), again (the stopped ones, too), withdraw. Raises Problem."""
    found = one(desk, id)
    try:
        if action == "withdraw":
            runs.withdraw(desk.caseway, found.id, desk.user)
        else:
            if action == "approve":
                runs.approve(desk.caseway, found.id, desk.user)
            runs.carry_out(desk.caseway, found.id, desk.user, again=action == "again", most=AT_ONCE)
    except MigrationRefused as refused:
        raise Problem(409, refused.code, desk.say(refused.code)) from None
    return one(desk, id)
