"""Cases that belong together. Two that are related know of each other: the one that is asked tells the other, which
notes it (R2). A duplicate that is merged ends at once; when its main case ends, it is told how. Its own data stay
what they were.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import commands as c
from engine.core import events as e
from engine.core.asked import MOST_REASON, begun, given_reason, open_case
from engine.core.commands import Command, Refuse
from engine.core.machine import Turn
from engine.core.moves import cancel_children, end_case
from engine.core.state import FlowState

MERGED = "merged"
"""The end of a case that was merged into another; clocks may name it in `void_on`."""

RELATED, DUPLICATE_OF, HAS_DUPLICATE, PART_OF, HAS_PART = (
    "related", "duplicate_of", "has_duplicate", "part_of", "has_part",
)  # fmt: skip
OPPOSITE: Mapping[str, str] = {
    RELATED: RELATED,
    DUPLICATE_OF: HAS_DUPLICATE,
    HAS_DUPLICATE: DUPLICATE_OF,
    PART_OF: HAS_PART,
    HAS_PART: PART_OF,
}
"""The kinds of links, each with what it is seen from the other case."""

MOST_LINKS = 200


def _link(turn: Turn, command: c.LinkCases) -> None:
    flow = begun(turn)
    _other(turn, flow, command.case, command.kind)
    by, reason = turn.request.actor, command.reason.strip()[:MOST_REASON]
    turn.emit(e.CaseLinked(command.case, command.kind, by, turn.now, reason))
    turn.emit(e.LinkTold(command.case, OPPOSITE[command.kind], by, reason))


def _other(turn: Turn, flow: FlowState, case: str, kind: str) -> None:
    if kind not in OPPOSITE:
        raise Refuse(
            "kind", f"关联类型应为 {'、'.join(OPPOSITE)}", f"expected one of {', '.join(OPPOSITE)}, not {kind!r}"
        )
    if case in ("", turn.request.case):
        raise Refuse("itself", "案件不能与自身关联", "a case cannot be related to itself")
    link = flow.links.get(case)
    if link is not None and (link.kind == kind or link.merged):
        raise Refuse("linked", "两案已经关联", "the two are related already")
    if link is None and len(flow.links) >= MOST_LINKS:
        raise Refuse("links", f"关联至多 {MOST_LINKS} 个", f"a case has at most {MOST_LINKS} links")


def _miss(turn: Turn, command: c.MissCase) -> None:
    flow = begun(turn)
    text = f"link: there is no case {command.number}" if command.number else "link: there is no number to link to"
    turn.emit(e.IncidentRaised(flow.seq + 1, 0, command.source, "act", text, turn.now))


def _unlink(turn: Turn, command: c.UnlinkCases) -> None:
    flow, reason = begun(turn), given_reason(command.reason)
    known = flow.links.get(command.case)
    if known is None:
        raise Refuse("closed", "两案没有关联", "the two are not related")
    if known.merged and flow.status == "ended" and flow.end == MERGED:
        raise Refuse("merged", "已并入的案件须先重开", "it was merged into that case: reopen it first")
    by = turn.request.actor
    turn.emit(e.CaseUnlinked(command.case, by, turn.now, reason))
    turn.emit(e.LinkTold(command.case, "", by, reason))


def _merge(turn: Turn, command: c.MergeCase) -> None:
    flow, reason, by = open_case(turn), given_reason(command.reason), turn.request.actor
    known = flow.links.get(command.case)
    if known is None:
        _other(turn, flow, command.case, DUPLICATE_OF)
    elif known.merged and known.kind == HAS_DUPLICATE:
        raise Refuse("cycle", "对方已并入本案", "the other one has been merged into this case")
    turn.emit(e.CaseLinked(command.case, DUPLICATE_OF, by, turn.now, reason, merged=True))
    turn.emit(e.LinkTold(command.case, HAS_DUPLICATE, by, reason, merged=True))
    turn.emit(e.EndReached(MERGED, turn.now))
    cancel_children(turn, 0, cause=MERGED)
    end_case(turn, reason=reason)


def _note_link(turn: Turn, command: c.NoteLink) -> None:
    """What the other case has already decided for itself; only a link that stands here as another's duplicate is
    not turned round."""
    flow, case = begun(turn), command.case
    known = flow.links.get(case)
    if not command.kind:
        if known is not None:
            turn.emit(e.CaseUnlinked(case, command.by, turn.now, command.reason))
        return
    if known is not None and known.merged and known.kind != command.kind:
        raise Refuse("merged", f"本案已并入案件 {case}", f"this case has itself been merged into case {case}")
    turn.emit(e.CaseLinked(case, command.kind, command.by, turn.now, command.reason, command.merged))
    if command.merged and flow.status == "ended":
        _tell(turn, case, flow.end or "cancelled")


def _note_decision(turn: Turn, command: c.NoteDecision) -> None:
    flow = begun(turn)
    known = flow.links.get(command.case)
    if known is None or not known.merged or known.kind != DUPLICATE_OF:
        raise Refuse("closed", f"本案未并入案件 {command.case}", f"this case was not merged into case {command.case}")
    turn.emit(e.DecisionNoted(command.case, command.end, turn.now))
    _tell_all(turn, command.end)


def _ended(turn: Turn, event: e.CaseEnded) -> None:
    _tell_all(turn, "cancelled" if event.cancelled else event.end)


def _tell_all(turn: Turn, end: str) -> None:
    """Duplicates that were merged into this case hear how it ended; if that was by merging, later."""
    flow: FlowState = turn.state.flow
    for case, link in flow.links.items():
        if link.merged and link.kind == HAS_DUPLICATE:
            _tell(turn, case, end)


def _tell(turn: Turn, case: str, end: str) -> None:
    if end != MERGED:
        turn.emit(e.DecisionTold(case, end))


DECIDE: Mapping[type[Command], Callable[[Turn, Any], None]] = {
    c.LinkCases: _link,
    c.MissCase: _miss,
    c.UnlinkCases: _unlink,
    c.MergeCase: _merge,
    c.NoteLink: _note_link,
    c.NoteDecision: _note_decision,
}
REACT: Mapping[type[e.Event], Callable[[Turn, Any], None]] = {e.CaseEnded: _ended}
