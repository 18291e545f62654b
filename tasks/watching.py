"""What those who watch a case hear of it: that a step is done, late or gone, that the case ends or goes on again, that
somebody has commented.

A notice to each watcher in service who may read the case (grade `internal`; of a restricted case only who reads it),
and not to who did it. It says what has happened and never what stands in the case, or in a comment.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as core
from engine.core.events import Event, NoticeRequested
from engine.core.machine import Turn
from engine.core.model import Text
from organisation.reading import Sight
from organisation.reading_words import of_process
from sla.contract import LATE, late
from tasks import events as e
from tasks.ground import directory, in_service, named, work_of
from tasks.lifecycle import CANCELLED, COMPLETED, SKIPPED, SYSTEM
from tasks.parties import parties
from tasks.state import WorkState

NOTICE = "watched"
"""The template. Its facts: number, kind, what ({zh, en}), step."""

HOW: Mapping[str, Text] = {
    COMPLETED: {"zh": "“{step}”已由{who}完成", "en": "{who} completed “{step}”"},
    SKIPPED: {"zh": "“{step}”已由{who}跳过", "en": "{who} left out “{step}”"},
    CANCELLED: {"zh": "“{step}”已取消", "en": "“{step}” was cancelled"},
    "late": {"zh": "时限“{step}”已超时", "en": "“{step}” is late"},
    "ended": {"zh": "案件已结束", "en": "the case has ended"},
    "withdrawn": {"zh": "案件已由{who}终止", "en": "{who} ended the case"},
    "reopened": {"zh": "案件已由{who}重新打开", "en": "{who} reopened the case"},
    "comment": {"zh": "{who}发表了评论", "en": "{who} commented"},
}
"""What is said of each kind of thing that happens."""


def _closed(turn: Turn, event: e.TaskClosed) -> None:
    """What goes with its case is told by the end of that."""
    if event.how != CANCELLED or turn.state.flow.status != "ended":
        _tell(turn, event.how, event.step)


def _late(turn: Turn, event: Any) -> None:
    clock = late(turn.process, turn.state, event) if turn.state.work.watchers else None
    if clock is not None:
        _tell(turn, "late", clock.name, clock.title or None)


def _ended(turn: Turn, event: core.CaseEnded) -> None:
    _tell(turn, "withdrawn" if event.cancelled else "ended")


def _tell(turn: Turn, kind: str, step: str = "", title: Text | None = None) -> None:
    actor = turn.request.actor
    to = [f"user.{user}" for user in turn.state.work.watchers if user != actor and _reads(turn, user)]
    if not to:
        return
    flow, called, who = turn.state.flow, title or named(turn.process, step), _name(turn, actor)
    what = {
        language: text.format(step=called.get(language) or step, who=who.get(language) or actor)
        for language, text in HOW[kind].items()
    }
    facts = {"number": flow.number, "kind": kind, "what": what, "step": step}
    turn.emit(NoticeRequested(f"{turn.request.id}.{len(turn.events)}", to, NOTICE, facts, turn.now, step))


def _reads(turn: Turn, user: str) -> bool:
    """Whether the user may hear of the case now. The queues in which it has had tasks, which its state no longer
    knows, are those that the steps name which somebody has completed, or which this command has closed."""
    if not in_service(turn, user):
        return False
    work: WorkState = turn.state.work
    steps = {*work.done_by, *(one.step for one in turn.events if type(one) is e.TaskClosed)}
    queues = (work_of(turn.process, step).queue for step in steps if step in turn.process.nodes)
    theirs = parties(directory(turn), user, turn.state, turn.now, [one for one in queues if isinstance(one, str)])
    return Sight(user, turn.request.case, of_process(turn.process).reading, theirs, work.restricted).reads("internal")


def _name(turn: Turn, user: str) -> Text:
    known = directory(turn).users.get(user)
    return known.name if known else {"zh": "系统", "en": "Caseway"} if user == SYSTEM else {}


WATCHING: Mapping[type[Event], Callable[[Turn, Any], None]] = {
    e.TaskClosed: _closed,
    e.Commented: lambda turn, event: _tell(turn, "comment"),
    core.CaseEnded: _ended,
    core.CaseReopened: lambda turn, event: _tell(turn, "reopened", event.step),
    LATE: _late,
}
"""Reactions of the work slice, none of which costs anything where nobody watches."""
