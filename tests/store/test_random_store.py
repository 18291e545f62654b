"""Random days at a branch through each store: whatever is asked, in any order, by many at once and over restarts,
rows follow from states, states from histories, and histories from their commands."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from bootstrap import Caseway, Home, create
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.support.branch import MONDAY, settle_in
from tests.support.bustle import Book, Bustle
from tests.support.judge import faults

THREADS = 4


class Branch:
    """An installation that is closed and opened again now and then, and what has been asked of it."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home = home
        self.clock = VirtualClock(MONDAY)
        self.random = Random(seed)
        self.book = Book()
        create(home)
        with self.open() as app:
            settle_in(app)

    @contextmanager
    def open(self) -> Iterator[Caseway]:
        with Caseway(self.home, self.clock) as app:
            yield app

    def alone(self, steps: int) -> None:
        """One who asks, and looks at what each refusal leaves behind."""
        with self.open() as app:
            self.bustle(app, self.random.random(), steps, strict=True)
            self.judge(app)

    def together(self, steps: int) -> None:
        """Several at once, and one more who fires timers and does the jobs."""
        with self.open() as app:
            failed: list[BaseException] = []
            seeds = [self.random.random() for _ in range(THREADS)]
            left = threading.Semaphore(0)

            def work(seed: float) -> None:
                try:
                    self.bustle(app, seed, steps // THREADS)
                except BaseException as error:
                    failed.append(error)
                finally:
                    left.release()

            threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                left.acquire(timeout=0.05)
                app.sweep()
                app.work()
            assert not failed, failed
            self.judge(app)

    def bustle(self, app: Caseway, seed: float, steps: int, *, strict: bool = False) -> None:
        one = Bustle(app, Random(seed), self.book, strict=strict)
        try:
            for _ in range(steps):
                one.step()
        finally:
            one.close()

    def judge(self, app: Caseway) -> None:
        app.anchor()
        answered = {ident: answer for ident, (_, answer) in self.book.answers.items() if isinstance(answer, Accepted)}
        found = faults(app, {ident: (answer.case, answer.revision) for ident, answer in answered.items()}, deep=True)
        assert not found, found[:5]

    def asked(self) -> int:
        with self.open() as app:
            return sum(app.connection.one(f"SELECT count(*) FROM {table}")[0] for table in ("history", "refusals"))


def test_a_short_day(home: Home) -> None:
    branch = Branch(home, 2026)
    branch.alone(150)
    branch.together(200)
    branch.alone(50)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_long_days(home: Home, seed: int) -> None:
    """Ten thousand commands each, twenty thousand on each store."""
    branch = Branch(home, seed)
    while branch.asked() < 10_000:
        branch.together(1500)
        branch.alone(150)
