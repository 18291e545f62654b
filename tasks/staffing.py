"""What the organisation asks of running work, done from time to time: work is pushed, and leavers' work moves."""

from collections.abc import Callable
from datetime import date, datetime
from threading import Lock
from typing import Any

from engine.core.commands import Command
from engine.runtime.answers import Answer
from engine.runtime.runner import Runner
from organisation.directory import Directory
from tasks.leavers import hand_over, leavers
from tasks.push import keep, push

STATE = "SELECT state FROM cases WHERE id = ?"


class Staffing:
    """Does what is due whenever `run` is called, the search for leavers once a day and for each new revision.

    ask: submits a command for a case as Caseway itself. decode: a case's stored state.
    """

    def __init__(self, runner: Runner, ask: Callable[[str, Command], Answer], decode: Callable[[str], Any]) -> None:
        self._runner = runner
        self._connection = runner.database.connect()
        self._ask = ask
        self._decode = decode
        self._lock = Lock()  # whoever loads an organisation need not be who sweeps
        self._seen: tuple[int, date] | None = None

    def run(self, directory: Directory, now: datetime) -> None:
        seen = (directory.revision, directory.today(now))
        with self._lock:
            if seen != self._seen:
                for user in leavers(self._connection, directory, now):
                    hand_over(self._connection, directory, now, user, self._ask)
                self._seen = seen
            push(self._connection, directory, now, self._ask, self._skill, self._keep)

    def close(self) -> None:
        self._connection.close()

    def _keep(self, rows: list[tuple[str, str, int]]) -> None:
        self._runner.write(lambda connection: keep(connection, rows), machine=True)

    def _skill(self, case: str, task: int) -> str:
        """What a task asks for; it stands in the state, since only queues that push by skill ask for it."""
        row = self._connection.one(STATE, (case,))
        found = None if row is None else self._decode(row[0]).work.tasks.get(task)
        return "" if found is None else str(found.skill)
