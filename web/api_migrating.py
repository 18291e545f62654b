"""Running cases to another version, under the API; what versions differ in, in words; figures by version."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from web import migrating
from web.api import ANSWERS
from web.definitions import Told
from web.desk import Desk
from web.gates import DesignerCaller, ReaderCaller
from web.migrating import MigrationView, Said, TrialLine, view
from web.once import Once
from web.problems import Problem
from workbench.migrating import run as runs
from workbench.migrating.file import Order
from workbench.version_stats import version_stats

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["processes"])
Name = Annotated[str, Path(description="The process, as claims.", max_length=80)]
Version = Annotated[str, Path(description="The version: a hash of its files.", max_length=64)]
Id = Annotated[str, Path(description="The migration.", max_length=64)]


class MigrationFile(BaseModel):
    """A migration file."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=migrating.MOST_TEXT)


class VersionFigures(BaseModel):
    """How a version does, by the newest cases of its process. `median_seconds` of those that have ended."""

    version: str
    open: int
    closed: int
    median_seconds: int | None
    breaches: int
    incidents: int


def _order(desk: Desk, text: str) -> Order:
    order, found = migrating.order_of(desk, "", text)
    if order is None:
        fields = {f"{one.file}:{one.line}:{one.column}": one.message for one in found}
        problems = [Told.model_dump(one) for one in found]
        raise Problem(422, "definition", desk.say("refused.help", count=len(found)), fields, problems=problems)
    return order


@router.get("/versions/{name}/figures")
def get_version_figures(desk: ReaderCaller, name: Name) -> list[VersionFigures]:
    """Cases open and closed, median duration, breaches and incidents, by version: all versions at once."""
    if not desk.caseway.definitions.history("process", name):
        raise Problem(404, "definition")
    found = version_stats(desk.caseway.connection, name, desk.now)
    return [
        VersionFigures(
            version=one.version, open=one.open, closed=one.closed, breaches=one.breaches, incidents=one.incidents,
            median_seconds=None if one.median is None else int(one.median.total_seconds()),
        )
        for one in found.values()
    ]  # fmt: skip


@router.get("/versions/{name}/{version}/differences/{other}")
def get_differences(desk: ReaderCaller, name: Name, version: Version, other: Version) -> list[Said]:
    """What the version changes of the other, earlier one, in words: all of it."""
    return migrating.words(desk, name, other, version)


@router.post("/migrations/dry-run")
def try_migration(desk: DesignerCaller, given: MigrationFile) -> list[TrialLine]:
    """What a file would make of each case, of the first fifty; nothing is written."""
    return migrating.trials(desk, _order(desk, given.text))


@router.post("/migrations", status_code=201)
def propose_migration(desk: DesignerCaller, given: MigrationFile) -> MigrationView:
    """Keeps a migration for another person's approval."""
    return view(desk, runs.propose(desk.caseway, _order(desk, given.text), given.text, desk.user))


@router.get("/migrations/{id}")
def get_migration(desk: ReaderCaller, id: Id) -> MigrationView:
    return view(desk, migrating.one(desk, id))


@router.post("/migrations/{id}/{action}")
def act_on_migration(
    desk: DesignerCaller, id: Id, action: Literal["approve", "run", "again", "withdraw"]
) -> MigrationView:
    """Approves a migration and moves the first two hundred cases; `run` goes on, `again` with those too that were
    stopped."""
    return view(desk, migrating.act(desk, id, action))
