"""How a case is placed among others and what hangs over it: links, likenesses, holds, a proposed move, for the page and
the API. What the user may not read of another case is masked there as it is in any list."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from engine.core.linking import OPPOSITE
from engine.core.model import Process
from engine.core.steering import standing, targets
from papers.state import files_of
from tasks import likeness, related
from tasks.related import Other
from web import show
from web.casework import actions, preview, preview_merge, why_closed
from web.desk import Desk
from web.opened import Opened
from web.problems import Problem
from web.schema import part
from web.search import CaseLine, line_of, lines_of
from web.steps import called


class Linked(BaseModel):
    """A related case. kind_title: how, in words. decided: how it ended, where this one was merged into it."""

    line: CaseLine
    kind: str
    kind_title: str
    merged: bool
    since: datetime
    by_name: str
    decided: str


class Alike(BaseModel):
    """A case that may be one and the same: what is the same, in words."""

    line: CaseLine
    rules: list[str]
    same: str


class HeldBy(BaseModel):
    """A legal hold."""

    hold: int
    reason: str
    by_name: str
    since: datetime


class Proposed(BaseModel):
    """A move that waits for a second person. stale: the case has moved since, so it cannot be approved."""

    proposal: int
    token: int
    step: str
    target: str
    by: str
    by_name: str
    since: datetime
    reason: str
    stale: bool
    goes: list[str]
    comes: list[str]


class Merging(BaseModel):
    """What a merge would do: which case leads, which one ends; what goes away and what happens then in the one that
    ends, and what stays as it is. why: why the reader may not do it, "" if they may."""

    leads: CaseLine
    ends: CaseLine
    goes: list[str]
    comes: list[str]
    stays: list[str]
    why: str


class Place(BaseModel):
    """A token that may be moved, and to where: (step, its title)."""

    token: int
    title: str
    targets: list[tuple[str, str]]


class Steering(BaseModel):
    """actions: each that there is, with why it is closed to the user, "" if it is open. received_at: when the matter
    reached the house, where the process says so; recorded_at: when the case was started here."""

    actions: dict[str, str]
    received_at: datetime | None
    recorded_at: datetime
    holds: list[HeldBy]
    links: list[Linked]
    alike: list[Alike]
    proposal: Proposed | None
    reopens_at: list[tuple[str, str]]


def steering(opened: Opened) -> Steering:
    """All of it, for one case."""
    desk, flow = opened.desk, opened.state.flow
    linked = links(opened)
    return Steering(
        actions=actions(opened), received_at=likeness.received(opened.process, flow.data), recorded_at=flow.started,
        holds=[
            HeldBy(hold=number, reason=hold.reason, by_name=desk.person(hold.by), since=hold.since)
            for number, hold in flow.holds.items()
        ],
        links=linked, alike=alike(opened, {one.line.case for one in linked}), proposal=_proposal(opened),
        reopens_at=[(step, title(opened, step)) for step in opened.process.reopen] if flow.status == "ended" else [],
    )  # fmt: skip


def title(opened: Opened, step: str) -> str:
    return called(opened.desk, opened.process, step)


def links(opened: Opened) -> list[Linked]:
    """The related cases, in the order in which they were related."""
    desk, known = opened.desk, opened.state.flow.links
    found = related.links(desk.caseway.connection, opened.case)
    seen = lines_of(desk, [one.case for one in found])
    return [
        Linked(
            line=seen[one.case], kind=one.kind, kind_title=desk.say(f"link.{one.kind}"), merged=one.merged,
            since=one.since, by_name=desk.person(known[one.case].by) if one.case in known else "",
            decided=desk.ending(opened.process, known[one.case].end) if one.case in known else "",
        )
        for one in found if one.case in seen and one.since is not None
    ]  # fmt: skip


def alike(opened: Opened, but: Iterable[str] = ()) -> list[Alike]:
    """What may be one and the same with the case, without those that are related to it already."""
    found = related.alike(opened.desk.caseway.connection, opened.case)
    return _alike(opened.desk, opened.process, [one for one in found if one.case not in set(but)])


def like(desk: Desk, process: Process, data: Mapping[str, Any]) -> list[Alike]:
    """What may be one and the same with a case that would be started with these data."""
    return _alike(desk, process, related.like(desk.caseway.connection, likeness.keys_of(process, data)))


def _alike(desk: Desk, process: Process, found: list[Other]) -> list[Alike]:
    seen, rules = lines_of(desk, [one.case for one in found]), likeness.alike(process).rules
    return [
        Alike(line=seen[one.case], rules=list(one.rules), same=_same(desk, process, rules, one.rules))
        for one in found if one.case in seen
    ]  # fmt: skip


def _same(desk: Desk, process: Process, rules: Mapping[str, tuple[str, ...]], by: tuple[str, ...]) -> str:
    """The titles of the fields that are the same."""
    names = dict.fromkeys(name for rule in by for name in rules.get(rule, ()))
    titles = [desk.told(part(desk, process, (name,)).schema.get("title"), show.worded(name)) for name in names]
    return ("、" if desk.language == "zh" else ", ").join(titles)


def _proposal(opened: Opened) -> Proposed | None:
    desk, flow = opened.desk, opened.state.flow
    found = flow.proposal
    if found is None:
        return None
    stale = found.seen != standing(flow)
    goes, comes = list[str](), list[str]()
    if not stale and flow.status == "open":
        try:
            told = preview(opened, found.token, found.target)
            goes, comes = list(told.goes), list(told.comes)
        except Problem:
            stale = True
    at = flow.tokens.get(found.token)
    return Proposed(
        proposal=found.number, token=found.token, step=title(opened, at.at) if at else "",
        target=title(opened, found.target), by=found.by, by_name=desk.person(found.by), since=found.since,
        reason=found.reason, stale=stale, goes=goes, comes=comes,
    )  # fmt: skip


def merging(opened: Opened, other: str) -> Merging:
    """What merging this case into the other would do. Raises Problem if it cannot be, or the reader sees neither."""
    desk, seen = opened.desk, preview_merge(opened, other)
    main = Opened(desk, other.strip())
    files = len(files_of(opened.state.papers))
    return Merging(
        leads=line_of(desk, main.case), ends=line_of(desk, opened.case), goes=list(seen.goes), comes=list(seen.comes),
        stays=[
            desk.say("merge.papers", count=files, number=line_of(desk, opened.case).number),
            desk.say("merge.tasks", number=line_of(desk, main.case).number),
            desk.say("merge.decided", number=line_of(desk, main.case).number),
        ],
        why=why_closed(opened, "merge"),
    )  # fmt: skip


def places(opened: Opened) -> list[Place]:
    """Where the case stands and may be moved from; people's steps first."""
    process, flow = opened.process, opened.state.flow
    found = [
        Place(
            token=number, title=title(opened, token.at),
            targets=[(step, title(opened, step)) for step in targets(process, flow, number)],
        )
        for number, token in flow.tokens.items()
    ]  # fmt: skip
    return [one for one in found if one.targets]


KINDS = tuple(OPPOSITE)
