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
from datetime import timedelta
from typing import Any

from engine.core import events as core
from engine.core.asked import no_case
from engine.core.data import names, write
from engine.core.expressions import EvaluationError, Expression
from engine.core.machine import Slice, Turn
from engine.core.naming import did_you_mean
from organisation.directory import Directory
from papers import commands as c
from papers import events as e
from papers.model import CUSTOMER, MOST_EACH, MOST_FILES, PART, Checklist, checklist_of
from papers.refusals import refuse
from papers.state import APPLY, MISSING, OPEN, RECEIVED, WAIVED, Paper, PapersState, files_of, lines_of, links_of

MOST_REASON = 1_000
"""Characters of a reason."""
LONGEST_LINK, MOST_LINKS = timedelta(days=90), 20
"""How long a customer's link may last, and how many of a case may be open at once."""
WAIVE = "waive_papers"
"""The act by which a step does without what has not come."""

# --- what people ask --------------------------------------------------------------------------------


def _add(turn: Turn, command: c.AddAttachment) -> None:
    """Staff may add files to any case, customers what the checklist of an open one asks for."""
    actor = turn.request.actor
    _begun(turn)
    line = _line(turn, command.paper) if command.paper or actor == CUSTOMER else None
    if actor != CUSTOMER:
        _in_service(turn)
    elif line is None or line.status == WAIVED:
        raise refuse("paper_not_needed" if line is None else "paper_waived")
    files = files_of(turn.state.papers)
    of_line = sum(file.paper == command.paper for file in files.values())
    if len(files) >= MOST_FILES or (command.paper and of_line >= MOST_EACH):
        raise refuse("attachments", most=MOST_EACH if command.paper else MOST_FILES)
    number = turn.state.papers.get("seq", 0) + 1
    file = (command.digest, command.name, command.kind, command.size)
    turn.emit(e.AttachmentAdded(number, *file, actor, turn.now, command.paper))
    if command.paper and (line is None or line.status != RECEIVED):
        _came(turn, line, e.PaperReceived(command.paper, turn.now, actor))


def _remove(turn: Turn, command: c.RemoveAttachment) -> None:
    _begun(turn)
    _in_service(turn)
    reason = _reason(command.reason)
    found = files_of(turn.state.papers).get(command.attachment)
    if found is None:
        raise refuse("attachment")
    if found.by != turn.request.actor and not _may_waive(turn):
        raise refuse("remove")
    turn.emit(e.AttachmentRemoved(command.attachment, found.digest, turn.request.actor, turn.now, reason))


def _require(turn: Turn, command: c.RequirePaper) -> None:
    line = _asked(turn, command.paper)
    if line is not None and line.status != WAIVED:
        raise refuse("paper_here" if line.status == RECEIVED else "paper_open")
    turn.emit(e.PaperRequired(command.paper, turn.now, turn.request.actor, command.reason.strip()[:MOST_REASON]))


def _receive(turn: Turn, command: c.ReceivePaper) -> None:
    line = _asked(turn, command.paper)
    if line is not None and line.status == RECEIVED:
        raise refuse("paper_here")
    _came(turn, line, e.PaperReceived(command.paper, turn.now, turn.request.actor))


def _return(turn: Turn, command: c.ReturnPaper) -> None:
    line = _asked(turn, command.paper)
    reason = _reason(command.reason)
    if line is None or line.status != RECEIVED:
        raise refuse("paper_not_here")
    turn.emit(e.PaperReturned(command.paper, turn.now, turn.request.actor, reason))


def _waive(turn: Turn, command: c.WaivePaper) -> None:
    line = _asked(turn, command.paper)
    if not _may_waive(turn):
        checklist = checklist_of(turn.process)
        assert checklist is not None  # `_asked` has seen to it
        raise refuse("waive", roles=", ".join(sorted(checklist.waived_by)) or "—")
    reason = _reason(command.reason)
    if line is None or line.status not in OPEN:
        raise refuse(
            "paper_not_needed" if line is None else "paper_here" if line.status == RECEIVED else "paper_waived"
        )
    _came(turn, line, e.PaperWaived(command.paper, turn.now, turn.request.actor, reason))


def _link(turn: Turn, command: c.MakeLink) -> None:
    _begun(turn)
    _in_service(turn)
    if not turn.now < command.expires <= turn.now + LONGEST_LINK:
        raise refuse("link_life", most=LONGEST_LINK.days)
    links = links_of(turn.state.papers)
    over = tuple(number for number, link in links.items() if link.expires <= turn.now)
    if len(links) - len(over) >= MOST_LINKS:
        raise refuse("links", most=MOST_LINKS)
    number = turn.state.papers.get("seq", 0) + 1
    turn.emit(e.LinkMade(number, turn.request.actor, turn.now, command.expires, over))


def _revoke(turn: Turn, command: c.RevokeLink) -> None:
    _begun(turn)
    _in_service(turn)
    if command.link not in links_of(turn.state.papers):
        raise refuse("link")
    turn.emit(e.LinkRevoked(command.link, turn.request.actor, turn.now))


def _came(turn: Turn, line: Paper | None, event: e.PaperReceived | e.PaperWaived) -> None:
    """One paper less to wait for. The flow hears of what it has asked for: once for all of it, or of each."""
    turn.emit(event)
    checklist = checklist_of(turn.process)
    if checklist is None or checklist.sent is None or line is None or line.status != MISSING:
        return
    still = any(each.status == MISSING for each in lines_of(turn.state.papers).values())
    if still and not checklist.sent.each:
        return
    _mirror(turn, checklist)
    sent, view = checklist.sent, names(turn)
    try:
        payload = {name: value.json(view) for name, value in sent.payload.items()}
        key = str(sent.key.json(view))
    except EvaluationError as error:
        text = f"the message {sent.message} that papers have come: {error}"
        turn.emit(core.IncidentRaised(turn.state.flow.seq + 1, 0, "", "papers", text, turn.now))
        return
    turn.emit(core.MessageSent(f"{turn.request.id}.{len(turn.events)}", sent.message, key, payload))


def _begun(turn: Turn) -> None:
    if turn.state.flow.status == "new":
        raise no_case(turn)


def _in_service(turn: Turn) -> None:
    people = turn.env.directory
    actor = turn.request.actor
    if not isinstance(people, Directory) or not people.active(actor, people.today(turn.now)):
        raise refuse("inactive", user=actor)


def _asked(turn: Turn, name: str) -> Paper | None:
    """The line that a member of staff asks something of, as it stands."""
    _begun(turn)
    _in_service(turn)
    return _line(turn, name)


def _line(turn: Turn, name: str) -> Paper | None:
    """How a paper of the catalogue stands; None while it is not needed. The case must be open for it."""
    known = checklist_of(turn.process)
    lines = known.lines if known is not None else {}
    if name not in lines:
        hint = did_you_mean(name, lines)
        raise refuse("paper", paper=name, hint=f"; {hint}" if hint else "")
    if turn.state.flow.status == "ended":
        raise refuse("ended", number=turn.state.flow.number)
    return lines_of(turn.state.papers).get(name)


def _reason(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MOST_REASON:
        raise refuse("paper_reason", most=MOST_REASON)
    return text


def _may_waive(turn: Turn) -> bool:
    people, checklist = turn.env.directory, checklist_of(turn.process)
    if not isinstance(people, Directory):
        return False
    return bool(people.roles(turn.request.actor) & (checklist.waived_by if checklist else {"admin"}))


# --- what follows from the rest of the case ----------------------------------------------------------


def _started(turn: Turn, event: core.CaseStarted) -> None:
    checklist = checklist_of(turn.process)
    if checklist is not None:
        _follow(turn, checklist)


def _changed(turn: Turn, event: core.DataChanged) -> None:
    """The rules are looked at again when what they read changes; a form that names papers has looked through them."""
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
    named = _field(turn, checklist)
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


def _field(turn: Turn, checklist: Checklist) -> list[str]:
    found: Any = turn.state.flow.data
    for name in checklist.field:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def _mirror(turn: Turn, checklist: Checklist) -> None:
    """Brings the field into step with the list."""
    lines = lines_of(turn.state.papers)
    missing = [name for name in checklist.lines if name in lines and lines[name].status in OPEN]
    if missing != _field(turn, checklist):
        write(turn, 0, {".".join(checklist.field): missing})


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
        _mirror(turn, checklist)


PAPERS = Slice(
    name=PART,
    state=PapersState,
    apply=APPLY,
    decide={
        c.AddAttachment: _add,
        c.RemoveAttachment: _remove,
        c.RequirePaper: _require,
        c.ReceivePaper: _receive,
        c.ReturnPaper: _return,
        c.WaivePaper: _waive,
        c.MakeLink: _link,
        c.RevokeLink: _revoke,
    },
    react={
        core.CaseStarted: _started,
        core.DataChanged: _changed,
        core.NoticeRequested: _noticed,
        core.ActRequested: _act,
    },
    settle=_settle,
)
