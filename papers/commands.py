"""What people ask of a case's papers."""

from datetime import datetime

from engine.core.commands import Command


class AddAttachment(Command, frozen=True):
    """Adds a file that has been stored; with `paper` it is what that line of the checklist asks for."""

    digest: str  # SHA-256 of the content, in hex
    name: str
    kind: str  # as in `media.TYPES`
    size: int
    paper: str = ""


class RemoveAttachment(Command, frozen=True):
    """Takes an attachment away that does not belong here."""

    attachment: int
    reason: str


class RequirePaper(Command, frozen=True):
    """Puts a paper on the list that the rules do not ask for, or one back that was waived."""

    paper: str
    reason: str = ""


class ReceivePaper(Command, frozen=True):
    """Notes that a paper is here, as with an original seen at the counter."""

    paper: str


class ReturnPaper(Command, frozen=True):
    """A paper that has come is no good: unreadable, or not the right one. It is missing again."""

    paper: str
    reason: str


class WaivePaper(Command, frozen=True):
    """Does without a paper."""

    paper: str
    reason: str


class MakeLink(Command, frozen=True):
    """Opens the case to its customer until then, for whoever has the link."""

    expires: datetime


class RevokeLink(Command, frozen=True):
    """The link opens nothing any more."""

    link: int
