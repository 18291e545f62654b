"""What has happened to the papers of a case. `by` is the user, `customer`, or the step whose act it was; empty
where the rules of the process brought it about."""

from datetime import datetime

from engine.core.events import Event


class AttachmentAdded(Event, frozen=True):
    attachment: int
    digest: str  # SHA-256 of the content, in hex
    name: str
    kind: str
    size: int
    by: str
    at: datetime
    paper: str = ""


class AttachmentRemoved(Event, frozen=True):
    attachment: int
    digest: str
    by: str
    at: datetime
    reason: str


class PaperRequired(Event, frozen=True):
    paper: str
    at: datetime
    by: str = ""
    reason: str = ""


class PaperDropped(Event, frozen=True):
    """The rules do not ask for it any more, and it has not come."""

    paper: str
    at: datetime


class PapersAsked(Event, frozen=True):
    """The letter has gone out that asks for these."""

    papers: tuple[str, ...]
    at: datetime
    letter: str


class PaperReceived(Event, frozen=True):
    paper: str
    at: datetime
    by: str


class PaperReturned(Event, frozen=True):
    """It had come, and is no good."""

    paper: str
    at: datetime
    by: str
    reason: str = ""


class PaperWaived(Event, frozen=True):
    paper: str
    at: datetime
    by: str
    reason: str


class LinkMade(Event, frozen=True):
    """A customer's link; those in `over` have expired by then and are forgotten."""

    link: int
    by: str
    at: datetime
    expires: datetime
    over: tuple[int, ...] = ()


class LinkRevoked(Event, frozen=True):
    link: int
    by: str
    at: datetime
