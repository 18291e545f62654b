"""A holiday is put in force, and every open clock of real claims is counted again.

In memory: the deadlines alone, from what a run remembers. Stored: each case read, decided, written and synced, with old
and new deadline in its history. Both in clocks per second of CPU, on one core.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.rounds import Figures, interleaved, percentile
from bootstrap import Asked, Caseway, Home, create
from engine.core.commands import StartCase
from engine.core.durations import Duration, parse_duration
from engine.core.values import moment
from engine.runtime.answers import Accepted
from sla.calendar import WorkCalendar
from sla.measure import metered
from sla.model import clock_of
from workbench.calendar_days import DayOff, with_days
from workbench.recounting import recount
from workbench.story import state_of

SHIPPED = Path(__file__).parent.parent / "processes"
CALENDAR = Path("calendars") / "insurer.yaml"
CLERK, BOSS = "lu_yao", "gu_mingyuan"
FEW = 20
"""Claims whose clocks are counted in memory, again and again."""
LOT = 100


class Claims:
    """An installation with so many open claims, in which a holiday comes and goes."""

    def __init__(self, folder: Path, count: int) -> None:
        self.processes = folder / "processes"
        shutil.copytree(SHIPPED, self.processes)
        self.text = (self.processes / CALENDAR).read_text(encoding="utf-8")
        home = Home(folder)
        create(home)
        self.caseway = caseway = Caseway(home)
        caseway.deploy(self.processes, BOSS, only=("claims.yaml",))
        caseway.load_organisation(self.processes / "samples" / "organisation.yaml", BOSS)
        self.today: date = caseway.clock.now().date()
        begun = caseway.clock.now() - timedelta(hours=1)
        data = {
            "channel": "phone", "reported_at": moment(begun), "policy_number": "PM2026000001",
            "customer_name": "王小明", "customer_phone": "13800000000", "line": "motor", "event": "collision",
            "loss_date": f"{self.today - timedelta(days=1)}", "description": "追尾", "claimed_amount": "8000.00",
            "identity_number": "11010119900101123X",
        }  # fmt: skip
        self.cases: list[str] = []
        for first in range(0, count, LOT):
            asked = [Asked(f"bench{each}", StartCase("claims", data)) for each in range(first, min(first + LOT, count))]
            for answer in caseway.ask_many(asked, CLERK):
                assert isinstance(answer, Accepted), answer
                self.cases.append(answer.case)
        caseway.work()
        self.holidays = 0

    def another(self) -> WorkCalendar:
        """One more holiday is in force."""
        self.holidays += 1
        off = [DayOff(self.today + timedelta(days=2 + each), "closed", "away") for each in range(self.holidays)]
        text, _, _ = with_days(self.text, CALENDAR.name, off)
        (self.processes / CALENDAR).write_text(text, encoding="utf-8")
        self.caseway.deploy(self.processes, BOSS, only=("claims.yaml",))
        return self.caseway.calendars["insurer"]

    def open(self) -> int:
        sql = "SELECT count(*) FROM clocks WHERE status IN ('running', 'paused') AND calendar = 'insurer'"
        return int(self.caseway.connection.one(sql)[0])

    def stored(self) -> float:
        """Clocks counted again a second, kept with their events."""
        calendar, clocks = self.another(), self.open()
        begin = time.process_time()
        found = recount(self.caseway, calendar, BOSS, "")
        spent = time.process_time() - begin
        assert found.cases == len(self.cases) and not found.left, found
        return clocks / spent

    def in_memory(self) -> float:
        """Deadlines counted again a second."""
        calendar = self.caseway.calendars["insurer"]
        runs = []
        for case in self.cases[:FEW]:
            state, process = state_of(self.caseway, case)
            runs += [(run, clock_of(process, run.clock)) for run in state.clocks.open.values() if run.version]
        begin = time.process_time()
        for _ in range(LOT):
            for run, clock in runs:
                limit: Duration = parse_duration(run.limit)
                metered(calendar, run.since, limit, clock.roll, run.more, run.breaks)
        return LOT * len(runs) / (time.process_time() - begin)


def rebased(folder: Path, count: int, rounds: int) -> Iterator[tuple[str, float, Figures]]:
    claims = Claims(folder, count)
    found = interleaved({"in_memory": claims.in_memory, "stored": claims.stored}, rounds)
    claims.caseway.close()
    yield "clocks_rebased_s", percentile(found["in_memory"], 0.5), found
    yield "clocks_rebased_stored_s", percentile(found["stored"], 0.5), found
