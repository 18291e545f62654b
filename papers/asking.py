"""What people ask of the papers of a case: files in and out, lines of the checklist, a customer's links."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from engine.core import events as core
from engine.core.asked import no_case
from engine.core.commands import Command
from engine.core.data import names
from engine.core.expressions import EvaluationError
from engine.core.machine import Turn
from engine.core.naming import did_you_mean
from organisation.directory import Directory
from papers import commands as c
from papers import events as e
from papers.attached import held_by
from papers.mirror import mirror
from papers.model import CUSTOMER, MOST_EACH, MOST_FILES, checklist_of
from papers.refusals import refuse
from papers.state import MISSING, OPEN, RECEIVED, WAIVED, Paper, files_of, lines_of, links_of

MOST_REASON = 1_000
"""Characters of a reason."""
LONGEST_LINK, MOST_LINKS = timedelta(days=90), 20
"""How long a customer's link may last, and how many of a case may be open at once."""


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
    place = held_by(turn, command.attachment)
    if place:
        raise refuse("file_used", place=place)
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
    mirror(turn, checklist)
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


ASKED: Mapping[type[Command], Callable[[Turn, Any], None]] = {
    c.AddAttachment: _add,
    c.RemoveAttachment: _remove,
    c.RequirePaper: _require,
    c.ReceivePaper: _receive,
    c.ReturnPaper: _return,
    c.WaivePaper: _waive,
    c.MakeLink: _link,
    c.RevokeLink: _revoke,
}
