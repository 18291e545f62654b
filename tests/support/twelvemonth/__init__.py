"""A year of the bureau: 20,000 cases on a virtual clock, with a calendar that changes on the way.

The year goes by moments (every half hour by day, every hour by night). In each, what is due is done first, then
people act; whichever moment was begun last is begun again by whoever goes on, so the year may be killed at any time.
What people do follows from the moment and from what the store says, and each start and message has an id of its own,
so that what was done before the kill is not done twice.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml

from bootstrap import Asked, Caseway, Home, create
from engine.core.commands import CancelCase, Command, CompleteTask, ReopenCase, StartCase
from engine.runtime.clock import VirtualClock
from sla.events import AcknowledgeBreach, ExtendClock
from tasks.commands import ClaimTask, ParkTask, ReleaseTask, TakeUpTask
from tests.support import branch, bureau
from workbench import recounting

YEAR = 2026
CALENDAR = Path("calendars/office.yaml")
BOSS = "sun"
REST = timedelta(hours=8)  # Shanghai is so far ahead of UTC, all year


class Span(NamedTuple):
    begin: datetime
    end: datetime

    def __contains__(self, at: object) -> bool:
        return isinstance(at, datetime) and self.begin <= at < self.end


def notice() -> dict[str, Any]:
    return {"notify": ["role.supervisor"], "with": "late"}


LADDERS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "plea": {
        "answer": [
            {"at": "50%", "priority": "+1"}, {"at": "due", "priority": "+5", **notice()},
            {"at": "due + 4h", "every": "8h", "times": 3, **notice()},
        ],
        "quick": [{"at": "80%", "priority": "+1"}, {"at": "due", **notice()}],
    },
    "permit": {
        "issued": [
            {"at": "50%", "priority": "+1"}, {"at": "due - 2wh", **notice()}, {"at": "due", "priority": "+5"},
            {"at": "due + 1wd", "every": "1wd", "times": 4, **notice()},
        ],
    },
}  # fmt: skip
"""The ladders of this year's bureau, by process and clock."""
LAPSE = timedelta(seconds=30)
"""How long after a kill somebody goes on: when the lease of the killed has lapsed."""
CHANGED, RECOUNTED = (datetime(YEAR, 7, day, hour, tzinfo=UTC) - REST for day, hour in ((1, 17), (2, 11)))
"""When the new calendar comes in force, and when the clocks are counted again on it; local time less eight hours."""
SPRING, SUMMER, AUTUMN = date(YEAR, 3, 18), date(YEAR, 7, 3), date(YEAR, 9, 9)
CLOSED = {False: (SPRING, SUMMER, date(YEAR, 7, 6)), True: (SPRING, SUMMER - timedelta(days=1), AUTUMN)}
"""On which days the bureau is closed beside the holidays: as the year begins, and after the change."""
SHORT = Span(datetime(YEAR, 6, 22, tzinfo=UTC), datetime(YEAR, 7, 3, tzinfo=UTC))
"""When too few people are there, so that hundreds of cases are open as the calendar changes."""


def written(to: Path) -> Path:
    """The house of the year: the bureau's, with ladders and the days on which it is closed."""
    folder = to / "year"
    shutil.copytree(bureau.FOLDER, folder, ignore=shutil.ignore_patterns("__*"))
    shutil.copytree(branch.FOLDER / "notices", folder / "notices")
    for process, ladders in LADDERS.items():
        file = folder / f"{process}.yaml"
        words = yaml.safe_load(file.read_text("utf-8"))
        for clock, ladder in ladders.items():
            words["clocks"][clock]["ladder"] = ladder
        file.write_text(yaml.safe_dump(words, allow_unicode=True, sort_keys=False), "utf-8")
    closing(folder, CLOSED[False])
    return folder


def closing(folder: Path, days: tuple[date, ...]) -> None:
    file = folder / CALENDAR
    words = yaml.safe_load(file.read_text("utf-8"))
    words["company_days"] = [{"date": day, "hours": "closed", "reason": {"zh": "停业", "en": "Closed"}} for day in days]
    file.write_text(yaml.safe_dump(words, allow_unicode=True, sort_keys=False), "utf-8")


def moments(year: int = YEAR) -> Iterator[datetime]:
    """The moments of a year in UTC: half hours by day, hours by night."""
    at = datetime(year, 1, 1, tzinfo=UTC) - REST
    while at < datetime(year + 1, 1, 1, tzinfo=UTC) - REST:
        yield at
        at += timedelta(minutes=30 if 8 <= (at + REST).hour < 18 else 60)


class Twelvemonth:
    """The year's installation at work. `begun` tells each moment before it is begun."""

    def __init__(self, folder: Path, cases: int, begun: Callable[[datetime], None]) -> None:
        self.folder, self.cases, self._begun = folder, cases, begun
        self.clock = VirtualClock(datetime(YEAR, 1, 1, tzinfo=UTC) - REST)
        home = Home(folder)
        new = not home.key.exists()
        if new:
            create(home)
        self.app = Caseway(home, self.clock, unsafe=True)
        if new:
            self.app.deploy(written(folder), BOSS)
            self.app.load_organisation(bureau.FOLDER / "people" / "organisation.yaml", BOSS)

    def go(self, after: datetime | None, told: Callable[[str], None]) -> None:
        """From the moment that was begun last, where it was killed, to the end of the year."""
        working = [at for at in moments() if self._open(at)]
        each, left = divmod(self.cases, len(working))
        more = set(working[:: max(len(working) // left, 1)][:left]) if left else set()
        for at in moments():
            if after is not None and at < after:
                continue
            self._begun(at)
            self.clock.set(at + LAPSE if at == after else at)
            self.app.sweep()
            if at == CHANGED:
                self._change()
                told("changed")
            if at == RECOUNTED:
                self._recount(told)
            if self._open(at):
                self._people(at, each + (at in more))
            if (at + REST).hour == 0:
                self.app.collector.run(at)
        self.app.collector.run(self.clock.now())

    def _open(self, at: datetime) -> bool:
        local = at + REST
        return local.weekday() < 5 and 9 <= local.hour < 18

    def _change(self) -> None:
        self.app.collector.run(self.clock.now())
        closing(self.folder / "year", CLOSED[True])
        self.app.deploy(self.folder / "year", BOSS)

    def _recount(self, told: Callable[[str], None]) -> None:
        calendar = self.app.calendars["office"]
        while recounting.recount(self.app, calendar, BOSS, "a new calendar", 1).cases:
            told("lot")

    # --- what people do -----------------------------------------------------------------------------------------

    def _people(self, at: datetime, starts: int) -> None:
        chance = Random(f"{at} of the year")
        asked: defaultdict[str, list[Asked]] = defaultdict(list)
        for number in range(starts):
            id = f"{at:%m%d%H%M}-{number}"
            process, data = self._new(chance, at)
            asked["li"].append(Asked(id, StartCase(process, data), id=id))
        for row in self.app.connection.all(
            "SELECT case_id, id, step, queue, holder, status, opened_at FROM tasks WHERE closed_at IS NULL "
            "ORDER BY opened_at, case_id, id"
        ):
            if chance.random() < (0.05 if row[2] == "issue" else 0.25) * (0.2 if at in SHORT else 1):
                who, command = self._handled(chance, at, *row[1:6])
                asked[who].append(Asked(row[0], command))
        asked[BOSS] += self._steered(chance)
        for who, commands in asked.items():
            self.app.ask_many(commands, who)
        for case, number in self.app.connection.all(
            "SELECT case_id, key FROM waits WHERE kind = 'message' AND name = 'reply' ORDER BY case_id, id"
        ):
            if chance.random() < 0.05:
                self.app.receive(f"{at:%m%d%H%M}-{case}", "reply", number, {"text": "so"}, "customer")

    def _new(self, chance: Random, at: datetime) -> tuple[str, dict[str, Any]]:
        if chance.random() < 0.3:
            kind = chance.choice(("plain", "hard"))
            return "plea", {"kind": kind, "papers": ["a", "b"][: chance.randrange(3)]}
        asked = at - timedelta(minutes=chance.randrange(30 * 60))
        return "permit", {"urgent": chance.random() < 0.3, "asked_at": asked.isoformat()}

    def _handled(
        self, chance: Random, at: datetime, task: int, step: str, queue: str, holder: str, status: str
    ) -> tuple[str, Command]:
        who = holder or chance.choice(bureau.PEOPLE[queue])
        if status == "parked":
            return who, TakeUpTask(task)
        what = chance.random()
        if what < 0.08:
            return who, ReleaseTask(task, "later") if holder else ClaimTask(task)
        if what < 0.12 and holder:
            return who, ParkTask(task, at + timedelta(minutes=chance.randrange(30, 500)), "later")
        if what < 0.16 and step == "issue":
            return BOSS, ExtendClock("issued", "1wd", "papers")
        outcome = {"work": ("done", "done", "ask"), "check": ("fine", "fine", "fine", "back")}.get(step, ("",))
        data = {"kind": chance.choice(("plain", "hard"))} if step == "look" else {}
        return who, CompleteTask(task, chance.choice(outcome), data)

    def _steered(self, chance: Random) -> Iterator[Asked]:
        """What the head of the bureau does: says why something is late, opens again, cancels."""
        if chance.random() < 0.3:
            late = "SELECT case_id, clock FROM clocks WHERE breached = 1 ORDER BY closed_at DESC, case_id LIMIT 5"
            for case, clock in self.app.connection.all(late):
                yield Asked(case, AcknowledgeBreach(clock, chance.choice(("staff", "complex"))))
        if chance.random() < 0.05:
            for status, command in (("ended", ReopenCase("once more")), ("open", CancelCase("a mistake"))):
                row = self.app.connection.one(
                    "SELECT id FROM cases WHERE process = 'plea' AND status = ? ORDER BY started_at DESC LIMIT 1",
                    (status,),
                )
                if row is not None:
                    yield Asked(row[0], command)

    def close(self) -> None:
        self.app.close()
