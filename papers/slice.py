"""The papers slice: what a case's checklist asks for, what has come, and the files themselves.

Theory of operation. The catalogue of a process says under which conditions a paper is needed; the list of a case
follows the data: a line appears when its condition comes to hold, and goes again if it has not come by then. A
field of the data holds the names of what is needed and not here, so that the flow, forms and letters read it like
any other; it is kept in step both ways. Who completes a form with that field has looked through the papers: what
they leave in it is missing, what they take out has come.

When the letter goes out, what it names is *missing*: asked for. When the last of that has come, the message goes
into the case that its flow waits for. It travels as every message does, so that it is kept if the flow is elsewhere.
"""

from collections.abc import Iterator

from engine.core import events as core
from engine.core.data import names
from engine.core.expressions import EvaluationError, Expression
from engine.core.machine import Slice, Turn
from papers import events as e
from papers.asking import ASKED, MOST_REASON
from papers.attached import check_files
from papers.mirror import field, mirror
from papers.model import PART, Checklist, checklist_of
from papers.state import APPLY, OPEN, RECEIVED, WAIVED, PapersState, lines_of

WAIVE = "waive_papers"
"""The act by which a step does without what has not come."""


def _started(turn: Turn, event: core.CaseStarted) -> None:
    checklist = checklist_of(turn.process)
    if checklist is not None:
        _follow(turn, checklist)


def _changed(turn: Turn, event: core.DataChanged) -> None:
    """The rules are looked at again when what they read changes; a form that names papers has looked through them."""
    check_files(turn, event)
    checklist = checklist_of(turn.process)
    if checklist is None or event.token:
        return
    changed = {path.partition(".")[0] for path in event.changes}
    if ".".join(checklist.field) in event.changes:
        _reviewed(turn, checklist)
    if changed & checklist.reads:
        _follow(turn, checklist)


def _follow(turn: Turn, checklist: Checklist) -> None:
    if turn.state.flow.status == "ended":
        return
    lines = lines_of(turn.state.papers)
    needed = set(_needed(turn, checklist))
    for name in checklist.lines:
        line = lines.get(name)
        if line is None and name in needed:
            turn.emit(e.PaperRequired(name, turn.now))
        elif line is not None and line.status in OPEN and not line.fixed and name not in needed:
            turn.emit(e.PaperDropped(name, turn.now))


def _needed(turn: Turn, checklist: Checklist) -> Iterator[str]:
    view = names(turn)

    def holds(condition: Expression | None) -> bool:
        """What reads a field not yet set does not hold yet."""
        try:
            return condition is not None and condition.test(view)
        except EvaluationError:
            return False

    if checklist.when is None or holds(checklist.when):
        yield from (name for name, line in checklist.lines.items() if holds(line.when))


def _reviewed(turn: Turn, checklist: Checklist) -> None:
    """Somebody has said what is missing. What the slice itself wrote there says nothing new."""
    named = field(turn, checklist)
    actor = turn.request.actor
    for name in checklist.lines:
        line = lines_of(turn.state.papers).get(name)
        if name in named:
            if line is None or line.status == WAIVED:
                turn.emit(e.PaperRequired(name, turn.now, actor))
            elif line.status == RECEIVED:
                turn.emit(e.PaperReturned(name, turn.now, actor))
        elif line is not None and line.status in OPEN:
            turn.emit(e.PaperReceived(name, turn.now, actor))


def _noticed(turn: Turn, event: core.NoticeRequested) -> None:
    """The letter has gone out: what is open has been asked for."""
    checklist = checklist_of(turn.process)
    if checklist is None or not checklist.letter or event.template != checklist.letter:
        return
    lines = lines_of(turn.state.papers)
    asked = tuple(name for name in checklist.lines if name in lines and lines[name].status in OPEN)
    if asked:
        turn.emit(e.PapersAsked(asked, turn.now, event.id))


def _act(turn: Turn, event: core.ActRequested) -> None:
    """A step does without what has not come."""
    checklist = checklist_of(turn.process)
    if event.act != WAIVE or checklist is None:
        return
    reason = str(event.args.get("to") or "")[:MOST_REASON]
    for name, line in list(lines_of(turn.state.papers).items()):
        if line.status in OPEN:
            turn.emit(e.PaperWaived(name, turn.now, event.source, reason))


def _settle(turn: Turn) -> None:
    checklist = checklist_of(turn.process)
    if checklist is not None:
        mirror(turn, checklist)


PAPERS = Slice(
    name=PART,
    state=PapersState,
    apply=APPLY,
    decide=ASKED,
    react={
        core.CaseStarted: _started,
        core.DataChanged: _changed,
        core.NoticeRequested: _noticed,
        core.ActRequested: _act,
    },
    settle=_settle,
)
