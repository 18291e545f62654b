"""Processes under the API: what is in force, versions with their files and problems, proposals and their approval."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from web import definitions as view
from web.api import ANSWERS, Cursor, Limit
from web.comparing import FileChange, compared
from web.definitions import DefinitionLine, Kind, Told, VersionLine, VersionView, Which, sources_of, told, version_view
from web.deps import Caller
from web.desk import Desk
from web.gates import DesignerCaller, ReaderCaller
from web.once import Once
from web.paging import paged
from web.problems import Problem
from web.roles import startable
from web.starting import Startable, start_of
from web.uploads import named
from workbench import proposals
from workbench.proposals import Proposed

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["processes"])

DefinitionName = Annotated[str, Path(description="The name of the definition, as claims.", max_length=80)]
Version = Annotated[str, Path(description="The version: a hash of its files.", max_length=64)]
ProposalId = Annotated[str, Path(description="The proposal.", max_length=64)]


KINDS = ("process", "house", "calendar")
"""The kinds of definitions, in the order of the list."""


class Files(BaseModel):
    """Files that change, by their path among the processes; what is no text goes, in base64, under `binary`."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1000)
    files: dict[str, str] = Field(default={}, max_length=200)
    binary: dict[str, Base64Bytes] = Field(default={}, max_length=200)
    in_force_from: datetime | None = Field(default=None, description="With its offset; left out: from the approval.")


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    why: str = Field(default="", max_length=1000)


class MadeLine(BaseModel):
    kind: str
    name: str
    title: str
    before: str
    version: str


class ProposalLine(BaseModel):
    """A proposal in a list."""

    id: str
    at: datetime
    by: str
    reason: str
    in_force_from: datetime | None
    state: str
    decided_at: datetime | None
    decided_by: str
    why: str
    stale: bool
    definitions: list[MadeLine]


class StartableList(BaseModel):
    processes: list[Startable]
    next: str | None


class DefinitionList(BaseModel):
    definitions: list[DefinitionLine]
    next: str | None


class VersionList(BaseModel):
    versions: list[VersionLine]
    next: str | None


class ProposalList(BaseModel):
    proposals: list[ProposalLine]
    next: str | None


class ProposalView(ProposalLine):
    """A proposal with what it changes and what the checks say of it."""

    changes: list[FileChange]
    problems: list[Told]


@router.get("/start")
def list_startable(desk: Caller, after: Cursor = "", limit: Limit = 25) -> StartableList:
    """The processes that the caller may start, by title, each with the fields that its start asks for."""
    found, next = paged(startable(desk), lambda one: (desk.process(one.name), one.name), after, limit)
    return StartableList(processes=[start_of(desk, process.name)[1] for process in found], next=next)


@router.get("/processes")
def list_definitions(desk: ReaderCaller, after: Cursor = "", limit: Limit = 100) -> DefinitionList:
    """Processes, the house and calendars in force."""
    found, next = paged(view.definitions(desk), lambda one: (KINDS.index(one.kind), one.title, one.name), after, limit)
    return DefinitionList(definitions=found, next=next)


@router.get("/processes/{kind}/{name}")
def list_versions(
    desk: ReaderCaller, kind: Kind, name: DefinitionName, after: Cursor = "", limit: Limit = 100
) -> VersionList:
    """The versions of a definition, the newest first."""
    found, next = paged(view.versions(desk, kind, name), lambda one: (-one.number,), after, limit)
    return VersionList(versions=found, next=next)


@router.get("/processes/{kind}/{name}/{version}")
def get_version(desk: ReaderCaller, kind: Kind, name: DefinitionName, version: Version) -> VersionView:
    """A version's files, line by line, and what the checks say of them today."""
    return version_view(desk, kind, name, version)


@router.get("/processes/{kind}/{name}/{version}/compare/{other}")
def compare_versions(
    desk: ReaderCaller, kind: Kind, name: DefinitionName, version: Version, other: Version
) -> list[FileChange]:
    """What the version has that the other had not, file by file: all of it, for a version has 200 files at most."""
    return compared(*(sources_of(desk, kind, name, one).contents for one in (other, version)))


@router.get("/proposals")
def list_proposals(desk: ReaderCaller, which: Which = "open", after: Cursor = "", limit: Limit = 25) -> ProposalList:
    """Proposed deployments that wait for a second person, or those that one has decided; the newest first."""
    found, next = view.proposed(desk, which, after, limit)
    return ProposalList(proposals=[proposal_line(desk, one) for one in found], next=next)


@router.post("/proposals", status_code=201)
def propose(desk: DesignerCaller, given: Files) -> ProposalLine:
    """Checks files and keeps them for another person's approval; what does not compile is refused with its places."""
    start = given.in_force_from
    if start is not None and start.tzinfo is None:
        raise Problem(422, "form", fields={"in_force_from": "a moment with its offset"})
    try:
        files = named({**{path: text.encode("utf-8", "replace") for path, text in given.files.items()}, **given.binary})
        found = proposals.propose(
            desk.caseway.definitions, desk.caseway.runner, files, desk.user, desk.now, given.reason, start
        )
    except Refuse as refused:
        raise unmade(desk, refused, 422) from None
    except DefinitionError as error:
        raise broken(desk, error, 422) from None
    return proposal_line(desk, found)


@router.get("/proposals/{id}")
def get_proposal(desk: ReaderCaller, id: ProposalId) -> ProposalView:
    return _view(desk, id)


@router.post("/proposals/{id}/{decision}")
def decide(
    desk: DesignerCaller, id: ProposalId, decision: Literal["approve", "reject"], given: Decision | None = None
) -> ProposalView:
    """Deploys a proposal, or turns it down; never the one who proposed it deploys it."""
    try:
        proposals.decide(desk.caseway, id, decision == "approve", desk.user, (given or Decision()).why)
    except Refuse as refused:
        raise unmade(desk, refused, 404 if refused.refusal.code == "proposal.unknown" else 409) from None
    except DefinitionError as error:
        raise broken(desk, error, 409) from None
    return _view(desk, id)


def _view(desk: Desk, id: str) -> ProposalView:
    found = proposals.one(desk.caseway.connection, id)
    if found is None:
        raise Problem(404, "proposal.unknown", desk.say("proposal.unknown"))
    return ProposalView(
        **proposal_line(desk, found).model_dump(), changes=view.changes(desk, found.made, found.files),
        problems=view.doubts(desk, found),
    )  # fmt: skip


def proposal_line(desk: Desk, found: Proposed) -> ProposalLine:
    return ProposalLine(
        id=found.id, at=found.at, by=found.by, reason=found.reason, in_force_from=found.start, state=found.state,
        decided_at=found.decided_at, decided_by=found.decided_by, why=found.why,
        stale=found.state == "proposed" and proposals.stale(desk.caseway.definitions, found),
        definitions=[
            MadeLine(kind=one.kind, name=one.name, title=title, before=one.before, version=one.version)
            for one, title in view.titled(desk, found)
        ],
    )  # fmt: skip


def unmade(desk: Desk, refused: Refuse, status: int) -> Problem:
    return Problem(status, refused.refusal.code, refused.refusal.said(desk.language))


def broken(desk: Desk, error: DefinitionError, status: int) -> Problem:
    """The problems of the files as a problem of HTTP: each with its place, and whole under `problems`."""
    found = told(error.problems)
    fields = {f"{one.file}:{one.line}:{one.column}": one.message for one in found}
    said = desk.say("refused.help", count=len(found))
    return Problem(status, "definition", said, fields, problems=[one.model_dump() for one in found])
