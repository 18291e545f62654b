"""Group commit: one leads, nobody is forgotten, people go before machines (R7, R10)."""

import threading
import time
from typing import Any

import pytest

from engine.runtime.group import MOST, PATIENCE, Group


class Slow:
    """Stands for the database: holds the leader until it is let go on, and notes the batches."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.error: BaseException | None = None

    def __call__(self, entries: list[Any]) -> list[Any]:
        self.batches.append(entries)
        self.begun.release()
        self.go_on.acquire()
        if self.error is not None:
            raise self.error
        return [entry * 10 for entry in entries]


class Callers:
    """Threads that submit, and what became of them."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self._threads: list[threading.Thread] = []
        self.results: dict[str, Any] = {}

    def submit(self, name: str, *entries: int, machine: bool = False) -> None:
        def work() -> None:
            try:
                self.results[name] = self.group.submit(entries, machine)
            except BaseException as error:
                self.results[name] = error

        thread = threading.Thread(target=work)
        waiting = len(self.group._people) + len(self.group._machines)
        self._threads.append(thread)
        thread.start()
        if len(self._threads) > 1:  # the first leads; the others must have queued before we go on
            patience = time.monotonic() + 10
            while len(self.group._people) + len(self.group._machines) == waiting:
                assert time.monotonic() < patience, f"{name} has not queued: nobody leads"

    def join(self) -> dict[str, Any]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.results


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def callers(slow: Slow) -> Callers:
    return Callers(Group(slow))


def test_those_who_wait_are_done_together(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    for i in (2, 3, 4):
        callers.submit(f"caller {i}", i)
    slow.go_on.release()
    slow.begun.acquire()
    slow.go_on.release()
    assert callers.join() == {"first": [10], "caller 2": [20], "caller 3": [30], "caller 4": [40]}
    assert slow.batches == [[1], [2, 3, 4]]


def test_people_go_before_machines(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    callers.submit("timers", 7, 8, machine=True)
    callers.submit("clerk", 2)
    callers.submit("more timers", 9, machine=True)
    for _ in range(4):
        slow.go_on.release()
    assert callers.join()["timers"] == [70, 80]
    assert slow.batches == [[1], [2], [7, 8], [9]]


def test_machines_have_their_turn_though_people_never_stop(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    callers.submit("timers", 7, machine=True)
    for i in range(PATIENCE + 2):
        callers.submit(f"clerk {i}", 10 + i)
        slow.go_on.release()
        slow.begun.acquire()
    for _ in range(3):
        slow.go_on.release()
    assert callers.join()["timers"] == [70]
    assert slow.batches.index([7]) == PATIENCE + 1


def test_a_batch_is_bounded(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    callers.submit("many", *range(MOST + 5))
    callers.submit("one", 2)
    for _ in range(3):
        slow.go_on.release()
    callers.join()
    assert [len(batch) for batch in slow.batches] == [1, MOST + 5, 1]


def test_an_error_reaches_all_of_the_batch_and_no_other(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    callers.submit("second", 2)
    callers.submit("third", 3)
    slow.go_on.release()
    slow.begun.acquire()
    slow.error = OSError("the disk is gone")
    slow.go_on.release()
    results = callers.join()
    assert results["first"] == [10]
    assert results["second"] is slow.error and results["third"] is slow.error


def test_an_interrupted_leader_leaves_the_others_an_answer(slow: Slow, callers: Callers) -> None:
    callers.submit("first", 1)
    slow.begun.acquire()
    callers.submit("leader", 2)
    callers.submit("other", 3)
    slow.go_on.release()
    slow.begun.acquire()
    slow.error = KeyboardInterrupt()
    slow.go_on.release()
    results = callers.join()
    assert isinstance(results["leader"], KeyboardInterrupt)
    assert "interrupted" in str(results["other"])
    slow.error = None
    slow.go_on.release()
    assert callers.group.submit([4]) == [40]
