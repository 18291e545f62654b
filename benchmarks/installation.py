"""Ours: a whole installation (work, clocks, tasks, vault, history) with the reference case deployed.

An action is what a person asks, answered when it is durable: the start of a case, and the completion of each of
its four tasks, which claims it in the same command. The jobs at the end are served by the executor; their results
are commands too, not counted as actions, but the time runs until every case has ended.
"""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rounds import rate
from bootstrap import Caseway, Home, create
from engine.core.commands import CompleteTask, StartCase
from engine.runtime.answers import Accepted, Answer
from tasks.events import TaskOpened

HERE = Path(__file__).parent
ACTIONS = 5  # of one case
WHO = "li"
DATA = {
    "policy_number": "P202600012345",
    "customer": "华东精密机械制造有限公司",
    "event": "collision",
    "place": "Shanghai, Pudong New Area, Century Avenue 100, car park B2, bay 217",
    "story": "The insured's vehicle was struck from behind while it stood at a red light. " * 4,
    "claimed": "8400.00",
    "deductible": "500.00",
    "remaining": "200000.00",
}
"""What a case starts with: eight fields, about 600 bytes as JSON."""
FILLED: Mapping[str, dict[str, Any]] = {
    "survey": {"finding": "the rear bumper and the left lamp are damaged"},
    "check_papers": {"papers": True},
    "assess": {"assessed": "7650.50"},
    "approve": {"opinion": "agreed"},
}
"""What each task's form is filled in with."""


class Installation:
    """An installation in a folder, made on first use. `unsafe`: synchronous NORMAL instead of FULL; `people`: its
    organisation. `url`: of its database, if not SQLite."""

    def __init__(
        self, folder: Path, *, unsafe: bool = False, people: Path = HERE / "people.yaml", url: str = ""
    ) -> None:
        home = Home(folder, url)
        fresh = not home.key.exists()
        if fresh:
            create(home)
        self.caseway = Caseway(home, unsafe=unsafe)
        if fresh:
            self.caseway.deploy(HERE / "reference", WHO)
            self.caseway.load_organisation(people, WHO)

    def start(self) -> tuple[str, list[tuple[int, str]]]:
        """Starts a case; its id, and the tasks that it opened."""
        answer = accepted(self.caseway.start(StartCase("reference", DATA), WHO))
        return answer.case, opened(answer)

    def complete(self, case: str, task: int, step: str) -> list[tuple[int, str]]:
        """Completes a task of which nobody holds; the tasks that this opened."""
        return opened(accepted(self.caseway.ask(case, CompleteTask(task, data=FILLED[step]), WHO)))

    def case(self) -> None:
        """The five actions of one case."""
        case, tasks = self.start()
        done = 1
        while tasks:
            tasks += self.complete(case, *tasks.pop(0))
            done += 1
        assert done == ACTIONS, f"a case took {done} actions"

    def cases(self, count: int, clients: int = 1) -> None:
        """So many cases, shared by so many clients, until each has ended."""
        self.run(count, clients)
        served = self.caseway.work()
        assert served == count, f"{served} jobs for {count} cases"

    def run(self, count: int, clients: int = 1) -> None:
        """The same, but for the jobs at their end."""
        if clients == 1:
            self._some(range(count))
        else:
            threads = [threading.Thread(target=self._some, args=(range(i, count, clients),)) for i in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def rate(self, count: int, clients: int = 1) -> float:
        """Actions a second over so many cases."""
        return rate(count * ACTIONS, lambda: self.cases(count, clients))

    def close(self) -> None:
        self.caseway.close()

    def _some(self, some: Iterable[int]) -> None:
        for _ in some:
            self.case()


def accepted(answer: Answer) -> Accepted:
    assert isinstance(answer, Accepted), answer
    return answer


def opened(answer: Accepted) -> list[tuple[int, str]]:
    """Number and step of each task that a command opened."""
    return [(event.token, event.step) for event in answer.events if isinstance(event, TaskOpened)]
