"""One replication: an installation in a folder that goes away, worked from the first day of the plan to the last."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bootstrap import Caseway, Home, create
from engine.core.durations import Calendar
from engine.core.model import Human, Process
from engine.language.source import read
from engine.runtime.clock import VirtualClock
from tasks.lifecycle import SYSTEM
from workbench.rehearsal.chances import streams
from workbench.rehearsal.figures import Figures, measured
from workbench.rehearsal.plan import Arrivals, Plan, Work, check
from workbench.shown import Example, Examples, ShownReply, ShownService, examples
from workbench.staff import Filled, Habit, Habits, Reply, Simulation, StepHabit
from workbench.year import Coming, WholeHouse

Json = Any
ORGANISATION = Path("samples", "organisation.yaml")
STAFF = "staff"
TRIED = 50
"""How often a form is filled in until it has the outcome that was drawn."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A habit, but for what the plan says: how long it takes, how it ends."""

    habit: Habit
    work: Work

    @property
    def tries(self) -> int:
        return self.habit.tries

    def lasts(self, chance: Random) -> timedelta:
        return (
            self.habit.lasts(chance) if self.work.minutes is None else timedelta(minutes=self.work.minutes.draw(chance))
        )

    def fill_in(self, process: Process, spec: Human, view: Mapping[str, Json], chance: Random) -> Filled:
        weights = self.work.outcomes
        if not weights:
            return self.habit.fill_in(process, spec, view, chance)
        outcome = chance.choices(list(weights), list(weights.values()))[0]
        for _ in range(TRIED):
            found = self.habit.fill_in(process, spec, view, chance)
            if found.outcome == outcome:
                return found
        return found._replace(outcome=outcome)


@dataclass(frozen=True, slots=True)
class Installed:
    """Where one replication is worked."""

    caseway: Caseway
    clock: VirtualClock
    floor: WholeHouse
    processes: Mapping[str, Process]
    shown: Examples


def replication(plan: Plan, number: int) -> Figures:
    """Works a plan once. Raises DefinitionError for what is wrong in it or its processes, StoreError."""
    with (
        tempfile.TemporaryDirectory(prefix="caseway-rehearsal-") as folder,
        worked(plan, number, Path(folder)) as (figures, _),
    ):
        return figures


@contextmanager
def worked(plan: Plan, number: int, folder: Path) -> Iterator[tuple[Figures, Caseway]]:
    """A replication in a folder, with the installation as it stands at the end. Raises as `replication` does."""
    home = Home(folder)
    shutil.copytree(plan.folder, home.processes, ignore=shutil.ignore_patterns("__pycache__"))
    create(home)
    organisation = home.processes / ORGANISATION
    organisation.write_text(_enlarged(organisation, plan), encoding="utf-8")
    begin, counts, end = plan.moments(_zone(organisation))
    clock = VirtualClock(begin)
    with Caseway(home, clock, unsafe=True) as caseway:
        caseway.deploy(home.processes, SYSTEM)
        caseway.load_organisation(organisation, SYSTEM)
        floor = WholeHouse(caseway, clock)
        processes = {name: floor.named(name) for name in caseway.definitions.names()}
        shown = examples(home.processes / "scenarios", processes)
        check(plan, caseway, processes, shown)
        simulation = _simulation(plan, Installed(caseway, clock, floor, processes, shown), number, begin, end)
        started = time.perf_counter()
        simulation.run()
        took = time.perf_counter() - started
        yield measured(caseway, simulation, floor.refused, counts, end, took), caseway


def _simulation(plan: Plan, at: Installed, number: int, begin: datetime, end: datetime) -> Simulation:
    workers, chance = at.caseway.registry.workers, streams(plan.seed, number)
    for name in workers.keys() & at.shown.services.keys():
        workers[name] = ShownService(workers[name], at.shown.services[name], at.clock.now)  # type: ignore[assignment]  # serves like one
    calendar = next(iter(at.caseway.calendars.values()))
    staff = [one for one in at.floor.staff() if (not plan.only or one in plan.only) and one not in plan.without]
    hours = {user: at.caseway.calendars[name] for user, name in plan.hours.items()}
    coming = list(_coming(plan, at, calendar, chance, begin, end))
    return Simulation(
        at.floor, calendar, _habits(plan, at), staff, coming, end, plan.seed, hours=hours, streams=chance
    )  # fmt: skip


def _habits(plan: Plan, at: Installed) -> Habits:
    shown = at.shown.habits(at.processes)
    steps: dict[tuple[str, str], Habit] = dict(shown.steps)
    for place, work in plan.steps.items():
        steps[place] = Rehearsed(steps.get(place, StepHabit()), work)
    replies: dict[tuple[str, str], Reply] = dict(shown.replies)
    for place, (chance, after) in plan.replies.items():
        replies[place] = ShownReply(at.shown.messages[place], chance, after)
    return Habits(steps, replies)


def _coming(
    plan: Plan, at: Installed, calendar: Calendar, chance: Any, begin: datetime, end: datetime
) -> Iterator[Coming]:
    """The beginnings of cases, process by process, each as one of its examples."""
    for name, arrivals in sorted(plan.arrivals.items()):
        luck = chance(f"arrivals {name}")
        found: Sequence[Example] = at.shown.starts.get(name, ())
        by = _starter(at, at.processes[name])
        for count, moment in enumerate(_moments(arrivals, calendar, luck, begin, end)):
            one = luck.choice(found) if arrivals.data is None else Example(moment, arrivals.data, by=by)
            yield moment, partial(at.floor.begin, name, one, f"{name}-{count}")


def _starter(at: Installed, process: Process) -> str:
    """Somebody who may begin cases of a process: one of the staff, or of the role that may; else the way by which they
    begin."""
    ways, people = process.start.by, at.floor.staff()
    may = (user for user in people if STAFF in ways or not at.caseway.directory.roles(user).isdisjoint(ways))
    return next(may, ways[0] if ways else SYSTEM)


def _moments(
    arrivals: Arrivals, calendar: Calendar, luck: Random, begin: datetime, end: datetime
) -> Iterator[datetime]:  # fmt: skip
    moment = begin
    while True:
        gap = arrivals.every if arrivals.even else arrivals.every * luck.expovariate(1.0)
        moment = moment + gap if arrivals.always else calendar.advance(moment, gap, "wh").at
        if moment >= end:
            return
        yield moment


def _zone(organisation: Path) -> ZoneInfo:
    written: Any = read(organisation.read_bytes(), organisation.name).value
    return ZoneInfo(written.get("zone", "UTC"))


def _enlarged(organisation: Path, plan: Plan) -> str:
    """The organisation with further people, each in all things like somebody who is there."""
    text = organisation.read_text(encoding="utf-8")
    if not plan.more:
        return text
    whole: Any = yaml.safe_load(text)
    for new, like in plan.clones():
        if like not in whole["users"]:
            continue  # told by `check`
        whole["users"][new] = deepcopy(whole["users"][like])
        for queue in whole["queues"].values():
            if like in queue.get("members", ()):
                queue["members"] = [*queue["members"], new]
        grants = whole.get("grants", [])
        whole["grants"] = grants + [{**one, "user": new} for one in grants if one.get("user") == like]
    return str(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))
