"""A year of the whole house on a virtual clock: every procedure of a folder, begun, worked and answered as its
scenarios show, with what starts by the calendar starting by itself.

Theory of operation. What is to come (which case begins when) follows from the seed alone; all else is in the database.
So a run that was cut off at any moment, by a kill as well, is taken up where the database stands: people go on with
what they have in hand, and cases that have begun already do not begin twice.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bootstrap import Caseway, Home, create
from engine.core.commands import BY_ENGINE, FinishBlock, StartCase, StartStep
from engine.core.model import AdHoc, Process
from engine.runtime import messages
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from tasks.lifecycle import SYSTEM
from workbench.adhoc import adhoc_blocks
from workbench.quarter import House
from workbench.shown import Example, Examples, ShownService, examples
from workbench.staff import Simulation
from workbench.story import state_of

QUIET = timedelta(days=75)
"""Before the end no case is begun any more but by the calendar and by other cases, so that most come to their end."""
FINISHED = 25
"""In how many of 100 looks at an ad-hoc block in which nothing is open it is finished, where nothing more is begun."""

Coming = tuple[datetime, Callable[[], None]]
_LATEST = "SELECT coalesce(max(last_at), 0) FROM cases"
_OPEN = "SELECT id FROM cases WHERE status <> 'ended' AND process = ? ORDER BY id"


class Year:
    """One run, in a folder of its own. each: cases of each process that somebody begins."""

    def __init__(
        self,
        home: Home,
        begin: datetime,
        end: datetime,
        *,
        seed: int = 7,
        each: int = 12,
        told: Callable[[datetime], None] = lambda at: None,
    ) -> None:
        self.home, self.begin, self.end = home, begin, end
        self.seed, self.each = seed, each
        self.told = told

    def run(self, tell: Callable[[Caseway, Simulation], None] = lambda caseway, simulation: None) -> None:
        """Works the year, or what is left of it; then `tell` is called with the installation and what was done in it.
        Raises DefinitionError, StoreError."""
        create(self.home)
        clock = VirtualClock(self.begin)
        with Caseway(self.home, clock, unsafe=True) as caseway:
            if caseway.definitions.process("claims") is None or not caseway.directory.users:
                caseway.deploy(self.home.processes, SYSTEM)
                caseway.load_organisation(self.home.processes / "samples" / "organisation.yaml", SYSTEM)
            since = max(self.begin, moment(caseway.connection.one(_LATEST)[0]))
            clock.set(since)
            simulation = self._simulation(caseway, clock, since)
            simulation.run()
            caseway.anchor()
            tell(caseway, simulation)

    def _simulation(self, caseway: Caseway, clock: VirtualClock, since: datetime) -> Simulation:
        floor = WholeHouse(caseway, clock)
        processes = {name: floor.named(name) for name in caseway.definitions.names()}
        shown = examples(self.home.processes / "scenarios", processes)
        workers = caseway.registry.workers
        for name in workers.keys() & shown.services.keys():
            workers[name] = ShownService(workers[name], shown.services[name], clock.now)  # type: ignore[assignment]  # serves like one
        coming = [
            (at, run)
            for at, run in [*self._beginnings(floor, shown), *self._rounds(floor, processes)]
            if at > since - timedelta(days=1)
        ]
        return Simulation(
            floor, next(iter(caseway.calendars.values())), shown.habits(processes), floor.staff(), coming, self.end,
            self.seed + int(since.timestamp()), self.told,
        )  # fmt: skip

    def _beginnings(self, floor: "WholeHouse", shown: Examples) -> Iterator[Coming]:
        """What begins when: for each process so many of its examples, spread over the year."""
        chance = random.Random(self.seed)
        length = self.end - QUIET - self.begin
        for name, found in sorted(shown.starts.items()):
            for count in range(self.each):
                at, one = self.begin + length * chance.random(), chance.choice(found)
                yield at, partial(floor.begin, name, one, f"{name}-{count}")

    def _rounds(
        self, floor: "WholeHouse", processes: dict[str, Process]
    ) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Each morning somebody looks at the ad-hoc blocks that stand open."""
        with_blocks = [
            name for name, one in processes.items() if any(isinstance(n.spec, AdHoc) for n in one.nodes.values())
        ]
        chance = random.Random(self.seed)
        for day in range((self.end - self.begin).days if with_blocks else 0):
            yield self.begin + timedelta(days=day, hours=2), partial(floor.attend, with_blocks, chance)


class WholeHouse(House):
    """An installation in which cases of every process begin."""

    def __init__(self, caseway: Caseway, clock: VirtualClock) -> None:
        super().__init__(caseway, clock)
        self.refused: dict[str, int] = {}
        """How many cases were not begun, by process and reason."""

    def begin(self, process: str, one: Example, id: str) -> None:
        """Begins a case as the example does; one that is refused is not begun."""
        channel, actor = (one.by, SYSTEM) if one.by in BY_ENGINE else ("staff", one.by or SYSTEM)
        start = StartCase(process, one.now(self.now()), by=channel)
        known = self.caseway.connection.one("SELECT case_id FROM history WHERE command_id = ?", (id,))
        if known is None:
            answer = self.caseway.start(start, actor, ground="simulation", id=id)
            if not isinstance(answer, Accepted):
                key = f"{process}: {getattr(answer, 'code', 'failed')}"
                self.refused[key] = self.refused.get(key, 0) + 1

    def send(self, message: str, key: str, payload: Any, id: str) -> None:
        """From whom the message comes, as far as somebody may send it; otherwise as another system sends it."""
        if not self._hand_in(message, key, id):
            messages.receive(self.caseway.runner, id, message, key, dict(payload), SYSTEM, self.now())

    def attend(self, processes: list[str], chance: random.Random) -> None:
        """Begins a step in each open ad-hoc block, or finishes it, by whoever may."""
        for name in processes:
            for (case,) in self.caseway.connection.all(_OPEN, (name,)):
                state, process = state_of(self.caseway, case)
                for block in adhoc_blocks(process, state.flow):
                    if block.standing:
                        continue
                    step = chance.choice(list(block.steps))
                    done = block.by_hand and chance.randrange(100) < FINISHED
                    command = FinishBlock(block.token) if done else StartStep(block.token, step)
                    for user in self.staff():
                        if isinstance(self.ask(case, command, user), Accepted):
                            break
