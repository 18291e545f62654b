"""What happened to a case's papers, in the words of its history."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.events import Event
from papers import events as e
from papers.model import checklist_of
from web import show


def _paper(t: Any, name: str) -> str:
    checklist = checklist_of(t.opened.process)
    line = checklist.lines.get(name) if checklist is not None else None
    return str(t.desk.told(line.title if line else None, show.worded(name)))


def _line(key: str) -> Callable[[Any, Any], str]:
    return lambda t, event: t.desk.say(key, paper=_paper(t, event.paper)) + t.because(event)


WORDS: Mapping[type[Event], Callable[[Any, Any], str]] = {
    e.AttachmentAdded: lambda t, event: t.desk.say("h.attached", name=event.name),
    e.AttachmentRemoved: lambda t, event: t.desk.say("h.unattached", number=event.attachment) + t.because(event),
    # What the rules ask for goes without saying.
    e.PaperRequired: lambda t, event: _line("h.paper_required")(t, event) if event.by else "",
    e.PapersAsked: lambda t, event: t.desk.say(
        "h.papers_asked", papers="、".join(_paper(t, name) for name in event.papers)
    ),
    e.PaperReceived: _line("h.paper_received"),
    e.PaperReturned: _line("h.paper_returned"),
    e.PaperWaived: _line("h.paper_waived"),
    e.LinkMade: lambda t, event: t.desk.say("h.link_made", at=show.moment(t.desk, event.expires)),
    e.LinkRevoked: lambda t, event: t.desk.say("h.link_ended"),
}
