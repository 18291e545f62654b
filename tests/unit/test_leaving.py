"""The simulated floor leaves work to whoever comes after it: a demonstration opens on queues that are not empty."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.core.commands import Command
from engine.core.model import Process
from engine.runtime.answers import Answer
from organisation.directory import Directory, Queue, User
from tasks.queries import Listed
from tests.support.clocks import calendar
from workbench.staff import STAY, Habits, Simulation

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in the morning there
STAFF = [f"user{number}" for number in range(7)]


class Room:
    """A floor with more tasks than people; nobody is to complete one."""

    def __init__(self) -> None:
        self.at = MONDAY
        self.taken: list[str] = []
        users = {name: User(name, {"en": name}) for name in STAFF}
        self.directory = Directory(users, {}, {"desk": Queue("desk", frozenset(STAFF))}, [], "Asia/Shanghai", 1)

    def now(self) -> datetime:
        return self.at

    def set_time(self, at: datetime) -> None:
        self.at = at

    def sweep(self) -> None:
        pass

    def next_due(self) -> datetime | None:
        return None

    def ask(self, case: str, command: Command, actor: str) -> Answer:
        raise AssertionError("nothing is completed")

    def take_next(self, user: str) -> Listed | None:
        self.taken.append(user)
        return Listed("c", len(self.taken), "p", "1", "s", "desk", "", user, "claimed", 0, None, 0, 0)

    def names_of(self, case: str) -> Mapping[str, Any]:
        return {}

    def waiting(self, since: int) -> Sequence[tuple[str, str, str, str, int]]:
        return []

    def send(self, message: str, key: str, payload: Mapping[str, Any], id: str) -> None:
        raise AssertionError

    def process(self, case: str) -> Process:
        raise AssertionError

    def held(self) -> Sequence[Listed]:
        return []

    def work_for(self) -> tuple[frozenset[str], frozenset[str]]:
        return frozenset({"desk"}), frozenset()


def test_at_the_end_some_have_a_task_in_hand_and_the_rest_is_offered() -> None:
    room = Room()
    simulation = Simulation(
        room, calendar(), Habits({}, {}), STAFF, [], MONDAY + timedelta(hours=6), leaving=MONDAY
    )  # fmt: skip
    simulation.run()
    assert room.taken == STAFF[::STAY] and simulation.done == 0
    assert room.at == MONDAY + timedelta(hours=6)
