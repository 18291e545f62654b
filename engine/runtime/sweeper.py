"""The sweeper: turns what has come due into commands (R10).

One sweeper works at a time: it holds a lease, a row in `meta`, and whoever finds it lapsed takes over. Two at
once would do no harm, since every command it makes has an id that follows from its cause, but double work.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.core.model import Process
from engine.runtime import inbox, messages, schedules, timers
from engine.runtime.database import Connection
from engine.runtime.errors import StoreError
from engine.runtime.jobs import Jobs
from engine.runtime.runner import Runner
from engine.runtime.tables import micros, moment

LEASE = timedelta(seconds=30)
HOLDER = "SELECT value FROM meta WHERE key = 'sweeper'"
TAKE = "INSERT INTO meta (key, value) VALUES ('sweeper', ?) ON CONFLICT DO NOTHING"
TAKE_OVER = "UPDATE meta SET value = ? WHERE key = 'sweeper' AND value = ?"
GIVE_BACK = "DELETE FROM meta WHERE key = 'sweeper' AND value LIKE ?"

# What is waited for, each by its index.
EARLIEST = """SELECT min(due) FROM (
    SELECT min(due) AS due FROM timers WHERE held_until IS NULL
    UNION ALL SELECT min(held_until) FROM timers WHERE held_until IS NOT NULL
    UNION ALL SELECT min(due) FROM inbox
    UNION ALL SELECT min(due) FROM messages WHERE due IS NOT NULL
    UNION ALL SELECT min(due) FROM schedules
    UNION ALL SELECT min(due) FROM jobs
    UNION ALL SELECT min(due) FROM outbox WHERE sent_at IS NULL
) AS waiting"""


@dataclass(slots=True)
class Swept:
    """How much of each kind was done."""

    inbox: int = 0
    messages: int = 0
    timers: int = 0
    starts: int = 0
    given_up: int = 0

    def __bool__(self) -> bool:
        return bool(self.inbox or self.messages or self.timers or self.starts or self.given_up)


class Sweeper:
    """processes: those in force. calendars: for periods that begin at midnight. name: tells sweepers apart."""

    def __init__(
        self,
        runner: Runner,
        processes: Callable[[], Iterable[Process]],
        calendars: Callable[[], Mapping[str, Any]] = dict,
        name: str = "sweeper",
    ) -> None:
        self._runner = runner
        self._processes = processes
        self._calendars = calendars
        self._name = name
        self._jobs = Jobs(runner)
        self._connection = runner.database.connect()
        self.periodic = True
        """Whether cases start by the calendar; not where a single case is played."""

    def run_once(self, now: datetime) -> Swept | None:
        """Does all that is due, and what comes due by it; None when another sweeper is at work.

        Raises StoreError when the database fails; what was done until then stays done.
        """
        if not self._leases(now):
            return None
        swept, connection, runner = Swept(), self._connection, self._runner
        while True:
            before = (swept.inbox, swept.messages, swept.timers, swept.starts, swept.given_up)
            swept.inbox += inbox.run(runner, connection, now)
            swept.messages += messages.deliver(runner, connection, self._starts, now)
            swept.timers += timers.fire(runner, connection, now)
            if self.periodic:
                swept.starts += schedules.start(runner, connection, self._processes(), self._calendars(), now)
            swept.given_up += self._jobs.give_up(connection, now)
            if before == (swept.inbox, swept.messages, swept.timers, swept.starts, swept.given_up):
                return swept

    def earliest(self) -> datetime | None:
        """The next moment at which something comes due, notices and jobs included; None when nothing waits."""
        row = self._connection.one(EARLIEST)
        return None if row[0] is None else moment(row[0])

    def close(self) -> None:
        """Gives the lease back, so that another need not wait for it to lapse."""
        self._connection.close()
        with suppress(StoreError):
            self._runner.write(lambda connection: connection.run(GIVE_BACK, (f"% {self._name}",)), machine=True)

    def _starts(self, message: str) -> Iterable[Process]:
        return (process for process in self._processes() if process.start.message == message)

    def _leases(self, now: datetime) -> bool:
        held = f"{micros(now + LEASE)} {self._name}"

        def take(connection: Connection) -> bool:
            row = connection.one(HOLDER)
            if row is None:
                return bool(connection.run(TAKE, (held,)))
            until, _, holder = row[0].partition(" ")
            if holder != self._name and int(until) > micros(now):
                return False
            fresh = holder == self._name and int(until) > micros(now + LEASE / 2)
            return fresh or bool(connection.run(TAKE_OVER, (held, row[0])))

        return self._runner.write(take, machine=True)
