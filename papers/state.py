"""The papers slice of a case's state, and the only functions that change it.

A case without papers keeps nothing of it, so that it is written as it was before there were papers: the slice is a
mapping whose parts come about when they are first needed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypedDict

import msgspec

from engine.core.events import Event
from papers import events as e

REQUIRED, MISSING, RECEIVED, WAIVED = "required", "missing", "received", "waived"
"""Needed and not asked for yet; asked for, or handed back; here; done without."""
OPEN = frozenset({REQUIRED, MISSING})


class Paper(msgspec.Struct, omit_defaults=True):
    """A line of the checklist. `fixed`: somebody asked for it, so that the rules do not take it away."""

    status: str
    at: datetime
    by: str = ""
    reason: str = ""
    fixed: bool = False


class Attachment(msgspec.Struct, omit_defaults=True):
    digest: str
    name: str
    kind: str
    size: int
    by: str
    at: datetime
    paper: str = ""


class Link(msgspec.Struct):
    """A customer's link: it opens the case until it expires."""

    by: str
    at: datetime
    expires: datetime


class PapersState(TypedDict, total=False):
    lines: dict[str, Paper]
    files: dict[int, Attachment]
    links: dict[int, Link]
    seq: int  # number of the latest attachment or link


def lines_of(state: PapersState) -> Mapping[str, Paper]:
    return state.get("lines", {})


def files_of(state: PapersState) -> Mapping[int, Attachment]:
    return state.get("files", {})


def links_of(state: PapersState) -> Mapping[int, Link]:
    return state.get("links", {})


def _added(state: PapersState, event: e.AttachmentAdded) -> None:
    state["seq"] = event.attachment
    state.setdefault("files", {})[event.attachment] = Attachment(
        event.digest, event.name, event.kind, event.size, event.by, event.at, event.paper
    )


def _removed(state: PapersState, event: e.AttachmentRemoved) -> None:
    state["files"].pop(event.attachment, None)


def _required(state: PapersState, event: e.PaperRequired) -> None:
    lines = state.setdefault("lines", {})
    lines[event.paper] = Paper(REQUIRED, event.at, event.by, event.reason, bool(event.by))


def _dropped(state: PapersState, event: e.PaperDropped) -> None:
    state["lines"].pop(event.paper, None)


def _asked(state: PapersState, event: e.PapersAsked) -> None:
    for name in event.papers:
        state["lines"][name].status = MISSING


def _becomes(status: str) -> Callable[[PapersState, Any], None]:
    def apply(state: PapersState, event: Any) -> None:
        lines = state.setdefault("lines", {})
        before = lines.get(event.paper)
        fixed = before is not None and before.fixed
        lines[event.paper] = Paper(status, event.at, event.by, getattr(event, "reason", ""), fixed)

    return apply


def _link_made(state: PapersState, event: e.LinkMade) -> None:
    state["seq"] = event.link
    links = state.setdefault("links", {})
    for number in event.over:
        links.pop(number, None)
    links[event.link] = Link(event.by, event.at, event.expires)


def _link_revoked(state: PapersState, event: e.LinkRevoked) -> None:
    state["links"].pop(event.link, None)


APPLY: Mapping[type[Event], Callable[[Any, Any], None]] = {
    e.AttachmentAdded: _added,
    e.AttachmentRemoved: _removed,
    e.PaperRequired: _required,
    e.PaperDropped: _dropped,
    e.PapersAsked: _asked,
    e.PaperReceived: _becomes(RECEIVED),
    e.PaperReturned: _becomes(MISSING),
    e.PaperWaived: _becomes(WAIVED),
    e.LinkMade: _link_made,
    e.LinkRevoked: _link_revoked,
}
