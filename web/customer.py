"""What a customer sees through their link: how the case stands in public words, which papers are missing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bootstrap import MACHINE
from engine.core.kinds import holds_secret
from engine.core.model import Process
from engine.runtime.answers import Answer
from engine.runtime.clock import new_id
from notices.model import Kept
from papers.commands import AddAttachment
from papers.links import Opens, valid
from papers.media import endings
from papers.model import CUSTOMER, MEGABYTE, checklist_of, intake_of
from papers.state import OPEN, files_of, lines_of
from tasks.likeness import received
from web import show
from web.desk import Desk
from web.schema import for_customers, part

Fact = tuple[str, str]
"""Title and value, in words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper of the case: `asked` is whether it is still to come, `note` why it came back, `files` how many came."""

    paper: str
    title: str
    help: str
    note: str
    asked: bool
    files: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A case that a link has opened."""

    desk: Desk
    opens: Opens
    key: bytes
    process: Process
    state: Any

    @property
    def number(self) -> str:
        return str(self.state.flow.number)

    @property
    def ended(self) -> bool:
        return bool(self.state.flow.status == "ended")

    @property
    def cancelled(self) -> bool:
        """Whether it was closed without having come to an end."""
        return self.ended and not self.state.flow.end

    @property
    def received(self) -> datetime:
        """When the matter reached the house."""
        at: datetime = received(self.process, self.state.flow.data) or self.state.flow.started
        return at

    def facts(self) -> list[Fact]:
        """Every field of grade public that is set, and nothing else."""
        desk, told = self.desk, []
        for name, kind in self.process.names.items():
            value = self.state.flow.data.get(name)
            if value is None or holds_secret(kind):
                continue
            found = part(desk, self.process, (name,))
            if for_customers(found, value, self.state, desk.now, desk.caseway.directory.zone):
                words = show.value(desk, value, kind, found.labels)
                told.append((desk.told(found.schema.get("title"), show.worded(name)), words))
        return [fact for fact in told if fact[1]]

    def papers(self) -> list[Wanted]:
        """What is needed, what is still to come first; nothing of what was waived."""
        checklist = checklist_of(self.process)
        lines, files = lines_of(self.state.papers), files_of(self.state.papers)
        told = [
            Wanted(
                name, self.desk.told(line.title, name), self.desk.told(line.help),
                lines[name].reason if lines[name].status in OPEN else "", lines[name].status in OPEN,
                sum(file.paper == name for file in files.values()),
            )
            for name, line in (checklist.lines if checklist is not None else {}).items()
            if name in lines and lines[name].status != "waived"
        ]  # fmt: skip
        return sorted(told, key=lambda one: not one.asked)

    def letters(self) -> list[Kept]:
        """What was sent to the customer, newest first."""
        found = self.desk.caseway.documents_of(self.opens.case)
        return [kept for kept in found if CUSTOMER in kept.document.to and not kept.document.fault]

    def letter(self, id: str) -> Kept | None:
        """A document that was sent to the customer; None for any other."""
        found = self.desk.caseway.document(self.opens.case, id)
        return found if found is not None and CUSTOMER in found.document.to else None

    def send(self, command: AddAttachment) -> Answer:
        """The customer's own command, with the link as its ground."""
        ground = f"link {self.opens.link}"
        return self.desk.caseway.ask(self.opens.case, command, CUSTOMER, ground=ground, id=new_id(self.desk.now))

    @property
    def accepts(self) -> str:
        return endings(intake_of(self.desk.house).types)

    @property
    def largest(self) -> int:
        return intake_of(self.desk.house).largest // MEGABYTE


def guest(desk: Desk, token: str) -> Guest | None:
    """The case that a link opens now; None for one that opens nothing, whatever the reason."""
    opens = desk.caseway.links.read(token)
    if opens is None:
        return None
    row = desk.caseway.connection.one("SELECT state, process, version, key FROM cases WHERE id = ?", (opens.case,))
    if row is None or row[3] is None:
        return None
    state, process = MACHINE.decode(row[0]), desk.caseway.definitions.process(row[1], row[2])
    if process is None or not valid(state, opens.link, desk.now):
        return None
    return Guest(desk, opens, row[3], process, state)
