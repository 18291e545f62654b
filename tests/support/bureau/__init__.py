"""A bureau at work on a virtual clock: cases late and in time, paused, parked, withdrawn, done again, opened again."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bootstrap import Caseway, Home, create
from engine.core.commands import CancelCase, Command, CompleteTask, ReopenCase, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock, new_id
from sla.events import AcknowledgeBreach, ExtendClock
from tasks.commands import ClaimTask, ParkTask, ReleaseTask, TakeUpTask, TransferTask

FOLDER = Path(__file__).parent
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""
PEOPLE = {"desk": ("chen", "li"), "back": ("li", "wang")}


class Bureau:
    """The installation, with a clock that is moved."""

    def __init__(self, home: Home, begin: datetime = MONDAY) -> None:
        self.clock = VirtualClock(begin)
        create(home)
        self.app = Caseway(home, self.clock)
        self.app.deploy(FOLDER, "sun")
        self.app.load_organisation(FOLDER / "people" / "organisation.yaml", "sun")

    def start(self, process: str, **data: Any) -> str:
        answer = self.app.start(StartCase(process, data), "li")
        assert isinstance(answer, Accepted), answer
        return answer.case

    def ask(self, case: str, command: Command, actor: str) -> bool:
        """Whether it was accepted."""
        return isinstance(self.app.ask(case, command, actor), Accepted)

    def wait(self, **length: float) -> None:
        """So long, doing what comes due on the way, when it does."""
        until = self.clock.now() + timedelta(**length)
        while (due := self.app.sweeper.earliest()) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self.app.sweep()
        self.clock.set(until)

    def tasks(self) -> list[Any]:
        """case, task, step, queue, holder, status, number of each open task."""
        return self.app.connection.all(
            "SELECT case_id, id, step, queue, holder, status, number FROM tasks WHERE closed_at IS NULL "
            "ORDER BY opened_at, case_id, id"
        )

    def complete(self, step: str, actor: str, outcome: str = "") -> None:
        """Completes the oldest task at a step."""
        case, task = next((row[0], row[1]) for row in self.tasks() if row[2] == step)
        assert self.ask(case, CompleteTask(task, outcome), actor)

    def bustle(self, rounds: int, seed: int) -> None:
        """People at work, at random: each round starts cases, does something with some tasks, and lets time pass."""
        chance = random.Random(seed)
        for _ in range(rounds):
            self._begin(chance)
            for row in self.tasks():
                if chance.random() < 0.55:
                    self._handle(chance, *row)
            self._steer(chance)
            self.wait(minutes=chance.choice((20, 60, 120, 240, 600)))

    def _begin(self, chance: random.Random) -> None:
        self.start("plea", kind=chance.choice(("plain", "hard")), papers=["a", "b"][: chance.randrange(3)])
        asked = self.clock.now() - timedelta(hours=chance.randrange(30))
        self.start("permit", urgent=chance.random() < 0.3, asked_at=asked.isoformat())

    def _handle(self, chance: random.Random, case: str, task: int, step: str, queue: str, holder: str, status: str,
                number: str) -> None:  # fmt: skip
        who = holder or chance.choice(PEOPLE[queue])
        what = chance.random()
        if status == "parked":
            self.ask(case, TakeUpTask(task), who)
        elif what < 0.25 and not holder:
            self.ask(case, ClaimTask(task), who)
        elif what < 0.32 and holder:
            self.ask(case, ReleaseTask(task, "later"), who)
        elif what < 0.40 and holder:
            self.ask(case, ParkTask(task, self.clock.now() + timedelta(hours=chance.randrange(1, 9)), "later"), who)
        elif what < 0.45:
            self.ask(case, TransferTask(task, queue="back" if queue == "desk" else "desk", reason="theirs"), "sun")
        elif what < 0.50:
            self.ask(case, ExtendClock("issued", "1wd", "papers"), "sun")
        else:
            outcome = {"work": ("done", "done", "ask"), "check": ("fine", "fine", "back")}.get(step, ("",))
            data = {"kind": chance.choice(("plain", "hard"))} if step == "look" else {}
            self.ask(case, CompleteTask(task, chance.choice(outcome), data), who)

    def _steer(self, chance: random.Random) -> None:
        now = self.clock.now()
        for (number,) in self.app.connection.all("SELECT number FROM cases WHERE status = 'open' AND process = 'plea'"):
            if chance.random() < 0.08:
                message = chance.choice(("reply",) * 7 + ("withdrawn",))
                self.app.receive(new_id(now), message, number, {"text": "so"}, "customer")
        for case, clock in self.app.connection.all("SELECT case_id, clock FROM clocks WHERE breached = 1"):
            if chance.random() < 0.15:
                self.ask(case, AcknowledgeBreach(clock, chance.choice(("staff", "complex"))), "sun")
        for (case,) in self.app.connection.all("SELECT id FROM cases WHERE status = 'ended' AND process = 'plea'"):
            if chance.random() < 0.03:
                self.ask(case, ReopenCase("once more"), "sun")
        for (case,) in self.app.connection.all("SELECT id FROM cases WHERE status = 'open'"):
            if chance.random() < 0.004:
                self.ask(case, CancelCase("a mistake"), "sun")

    def close(self) -> None:
        self.app.close()


def bureau(home: Home) -> Iterator[Bureau]:
    """For fixtures."""
    made = Bureau(home)
    yield made
    made.close()
