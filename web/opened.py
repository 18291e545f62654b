"""A case that somebody asks about: its state, the process it runs on, and how much of it they may read."""

from typing import Any

from bootstrap import MACHINE
from engine.core.model import Process
from web.commands import look
from web.desk import Desk
from web.problems import Problem
from web.reading import need
from workbench.reading import Subject, sight


class Opened:
    """A case's state, with what reading it takes, and how the user sees it.

    grade: what the user must be able to read; "" for who only acts on it (which the core decides) or shows it masked.
    """

    def __init__(self, desk: Desk, number: str, grade: str = "internal") -> None:
        row = desk.caseway.connection.one(
            "SELECT id, state, process, version, key, revision FROM cases WHERE number = ?", (number,)
        ) or desk.caseway.connection.one(
            "SELECT id, state, process, version, key, revision FROM cases WHERE id = ?", (number,)
        )
        if row is None:
            raise Problem(404, "unknown")
        process = desk.caseway.definitions.process(row[2], row[3])
        if process is None:
            raise Problem(503, "version")
        self.desk, self.case, self.key, self.revision = desk, row[0], row[4], row[5]
        self.process: Process = process
        self.state: Any = MACHINE.decode(row[1])
        self.subject = Subject(self.case, self.process, self.state, self.key)
        self.sight = sight(desk.caseway, desk.user, self.subject, desk.now)
        if grade:
            need(desk, self.sight, grade)

    @property
    def look(self) -> Any:
        return look(self.desk, self.case, self.process, self.state, self.key)


def approach(desk: Desk, number: str, task: int) -> Opened:
    """The case of a task that the user would look at or act on: who serves its queue may, even where the case is
    masked to them, or nobody could take what is restricted. Raises Problem."""
    opened = Opened(desk, number, "")
    found, people = opened.state.work.tasks.get(task), desk.caseway.directory
    if found is None or not (people.serves(desk.user, found.queue) or people.manages(desk.user, found.queue)):
        need(desk, opened.sight, "internal")
    return opened


def plain(opened: Opened, text: str) -> str:
    """A text of the engine about this case, with titles for names."""
    return opened.desk.plain(text, opened.process)
