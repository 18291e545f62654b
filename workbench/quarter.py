"""The main job: a quarter of an insurer's claims and complaints, from the files of its systems to the report.

The clock is virtual and ends on the day it runs, so the database it leaves lives on in real time: every other
command opens it.
"""

import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bootstrap import Caseway, Home, create
from engine.core.commands import Command, StartCase
from engine.core.durations import Calendar
from engine.core.model import Process
from engine.language.source import read
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import SystemClock, VirtualClock
from engine.runtime.tables import moment
from organisation.directory import Directory
from papers.model import checklist_of
from tasks.next import claim_next
from tasks.queries import Listed, taken
from workbench.handing_in import hand_in, wanted
from workbench.intake import Row, Taken, rows_of, write_refused
from workbench.report import tell
from workbench.rows import said
from workbench.samples import Sampler
from workbench.staff import Simulation, habits
from workbench.story import state_of

ZONE = ZoneInfo("Asia/Shanghai")
POLICIES = 260
"""Of the insurer's, at most; fewer where there are fewer claims."""
MARK = Path("inbox", "README")
"""What tells a folder that the main job may make anew from one that somebody works in."""
CLERK = "lu_yao"
"""Who takes in the files: a user of the sample organisation."""
_WAITING = (
    "SELECT case_id, process, name, key, since FROM waits WHERE kind = 'message' AND since > ? ORDER BY since, case_id"
)
_DUE = """SELECT min(due) FROM (
    SELECT min(due) AS due FROM timers UNION ALL SELECT min(due) FROM inbox
    UNION ALL SELECT min(due) FROM messages WHERE due IS NOT NULL UNION ALL SELECT min(due) FROM jobs
) AS waiting"""


class NotOurs(Exception):
    """The folder holds something else: it is left alone."""


class Quarter:
    """One run of the main job in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        days: int,
        seed: int,
        claims: int,
        complaints: int,
        out: Console,
        leaves: timedelta = timedelta(),
        becomes: Path | None = None,
    ) -> None:
        """leaves: of how many working hours before the end the work is not finished, so that there is some to do.
        becomes: the folder that it will be, where it is moved afterwards."""
        self.folder, self.leaves, self.becomes = folder, leaves, becomes or folder
        self.days, self.seed, self.counts = days, seed, (claims, complaints)
        self.out = out
        self.end = SystemClock().now().replace(second=0, microsecond=0)
        self.begin = self.end - timedelta(days=days)

    def run(self) -> None:
        """Sets up, takes in, works, reports."""
        self._clear()
        home = Home(self.folder)
        create(home)
        files = self._files(home)
        clock = VirtualClock(self.begin)
        with Caseway(home, clock, unsafe=True) as caseway:
            caseway.deploy(home.processes, "system")
            caseway.load_organisation(home.processes / "samples" / "organisation.yaml", "system")
            floor = House(caseway, clock)
            arrivals: list[tuple[datetime, Callable[[], None]]] = []
            taken: dict[str, Taken] = {}
            for name, file in files.items():
                taken[name], coming = self._coming(caseway, floor, name, file)
                arrivals += coming
            written: Any = read((home.processes / "samples" / "staffing.yaml").read_bytes(), "staffing.yaml").value
            processes = {name: floor.named(name) for name in {**files, **written}}
            with self._progress() as tick:
                calendar = next(iter(caseway.calendars.values()))
                simulation = Simulation(
                    floor, calendar, habits(written, processes), floor.staff(), arrivals, self.end, self.seed, tick,
                    self._leaving(calendar),
                )  # fmt: skip
                simulation.run()
            for name, file in files.items():
                if taken[name].refused:
                    write_refused(file.with_suffix(".refused.csv"), taken[name])
            caseway.anchor()
            tell(self.out, caseway, taken, files, simulation, Home(self.becomes))

    def _leaving(self, calendar: Calendar) -> datetime:
        """So many working hours before the end."""
        at = self.end
        while at > self.begin and calendar.between(at, self.end, "wh") < self.leaves:
            at -= timedelta(hours=1)
        return at

    def _clear(self) -> None:
        """Makes room for the run. Raises NotOurs, OSError."""
        if self.folder.exists() and not self.folder.is_dir():
            raise NotOurs(f"{self.folder} is no folder.")
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / MARK).exists():
                raise NotOurs(f"{self.folder} is not empty, and was not made by `caseway run`.")
            shutil.rmtree(self.folder)
        (self.folder / MARK).parent.mkdir(parents=True)
        (self.folder / MARK).write_text("Made by `caseway run`, which makes it anew each time.\n", encoding="utf-8")

    def _files(self, home: Home) -> dict[str, Path]:
        """Writes the files that the insurer's systems would have exported."""
        inbox = home.folder / MARK.parent
        last = self.end.astimezone(ZONE).date()
        sampler = Sampler(random.Random(self.seed), self.begin.astimezone(ZONE).date() + timedelta(1), last)
        policies = sampler.policies(home.systems / "policies.csv", min(POLICIES, self.counts[0]))
        files = {"claims": inbox / "claims.csv", "complaint": inbox / "complaints.csv"}
        sampler.claims(files["claims"], policies, self.counts[0])
        sampler.complaints(files["complaint"], self.counts[1])
        return files

    def _coming(
        self, caseway: Caseway, floor: "House", name: str, file: Path
    ) -> tuple[Taken, list[tuple[datetime, Callable[[], None]]]]:
        """The rows of a file as arrivals, each at the moment it was reported; wrong rows are refused at once."""
        taken = Taken()
        taken.header, rows = rows_of(file, floor.named(name))
        coming: list[tuple[datetime, Callable[[], None]]] = []
        for row in rows:
            if row.problems:
                taken.refused.append((row, "; ".join(row.problems)))
                continue
            at = next(v for k, v in row.data.items() if k in ("reported_at", "received_at"))
            arrives = datetime.fromisoformat(at).astimezone(UTC) + timedelta(minutes=5)
            if self.begin < arrives <= self.end:
                coming.append((arrives, lambda r=row: floor.start(name, r, taken)))  # type: ignore[misc]  # bound now
            else:
                taken.refused.append((row, "reported outside the period of the file"))
        return taken, coming

    @contextmanager
    def _progress(self) -> Iterator[Callable[[datetime], None]]:
        """What tells how far the clock has come: a bar on a terminal, elsewhere a line for each tenth."""
        if not self.out.is_terminal:
            tenths = iter(range(1, 11))
            upcoming = [next(tenths)]

            def line(at: datetime) -> None:
                while upcoming[0] and (at - self.begin) / (self.end - self.begin) >= upcoming[0] / 10:
                    self.out.print(f"{at.astimezone(ZONE):%Y-%m-%d}  {upcoming[0] * 10} %")
                    upcoming[0] = next(tenths, 0)

            yield line
            return
        day, percent = TextColumn("{task.fields[day]}"), TextColumn("{task.percentage:>3.0f} %")
        with Progress(day, BarColumn(), percent, TimeElapsedColumn(), console=self.out, transient=True) as progress:
            bar = progress.add_task("", total=1, day="")
            yield lambda at: progress.update(
                bar, completed=(at - self.begin) / (self.end - self.begin), day=f"{at.astimezone(ZONE):%Y-%m-%d}"
            )


class House:
    """An installation as the simulation's floor."""

    def __init__(self, caseway: Caseway, clock: VirtualClock) -> None:
        self.caseway = caseway
        self.clock = clock

    def now(self) -> datetime:
        return self.clock.now()

    def set_time(self, at: datetime) -> None:
        self.clock.set(at)

    def sweep(self) -> None:
        """Until nothing is due: what a job yields may make a timer due, and so on."""
        for _ in range(100):
            due = self.next_due()
            if due is None or due > self.clock.now():
                return
            self.caseway.sweep()
            self.caseway.work()

    def next_due(self) -> datetime | None:
        found = self.caseway.connection.one(_DUE)[0]
        return None if found is None else moment(found)

    def ask(self, case: str, command: Command, actor: str) -> Answer:
        return self.caseway.ask(case, command, actor, ground="simulation")

    def take_next(self, user: str) -> Listed | None:
        found = claim_next(
            self.caseway.connection, self.directory, user,
            lambda case, command: self.ask(case, command, user), self.clock.now(),
        )  # fmt: skip
        return found if isinstance(found, Listed) else None

    def names_of(self, case: str) -> Mapping[str, Any]:
        state, _ = state_of(self.caseway, case)
        return {**state.flow.data, "number": state.flow.number, "owner": state.work.owner}

    def waiting(self, since: int) -> Sequence[tuple[str, str, str, str, int]]:
        rows: Iterable[Any] = self.caseway.connection.all(_WAITING, (since,))
        return [tuple(row) for row in rows]

    def send(self, message: str, key: str, payload: Mapping[str, Any], id: str) -> None:
        if self._hand_in(message, key, id):
            return
        by = self.caseway.definitions.house().messages[message].by
        sender = "customer" if "customer" in by else CLERK  # a bank's word is taken in by staff
        refused = self.caseway.receive(id, message, key, dict(payload), sender)
        if refused is not None:
            raise ValueError(f"staffing: {refused.text}")

    def _hand_in(self, message: str, key: str, id: str) -> bool:
        """Whether the message is one that a case sends itself once its papers are in; then they are handed in."""
        row = self.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (key,))
        state, process = state_of(self.caseway, row[0]) if row else (None, None)
        going = state is not None and state.flow.status != "ended"
        checklist = checklist_of(process) if process is not None else None
        papers = wanted(state) if going else []
        if checklist is None or checklist.sent is None or checklist.sent.message != message or not papers:
            return False
        for number, paper in enumerate(papers):
            answer = hand_in(self.caseway, row[0], paper, f"{id}-{number}")
            if not isinstance(answer, Accepted):
                raise ValueError(f"staffing: {said(answer)}")
        return True

    def process(self, case: str) -> Process:
        return state_of(self.caseway, case)[1]

    def named(self, name: str) -> Process:
        """The process in force of that name."""
        found = self.caseway.definitions.process(name)
        if found is None:
            raise ValueError(f"no process {name} is deployed")
        return found

    def held(self) -> Sequence[Listed]:
        return taken(self.caseway.connection)

    def work_for(self) -> tuple[frozenset[str], frozenset[str]]:
        rows = self.caseway.connection.all(
            "SELECT DISTINCT queue, assignee FROM tasks WHERE status = 'open' AND closed_at IS NULL"
        )
        return frozenset(row[0] for row in rows if not row[1]), frozenset(row[1] for row in rows if row[1])

    def start(self, process: str, row: Row, taken: Taken) -> None:
        answer = self.caseway.start(
            StartCase(process, dict(row.data)), CLERK, ground=f"line {row.line} of the file of {process}"
        )
        if isinstance(answer, Accepted):
            taken.started.append(answer.number)
        else:
            taken.refused.append((row, said(answer)))

    @property
    def directory(self) -> Directory:
        return self.caseway.directory

    def staff(self) -> list[str]:
        """Everyone who serves a queue, in a fixed order."""
        today = self.directory.today(self.now())
        users = sorted(self.directory.users)
        return [u for u in users if self.directory.active(u, today) and self.directory.serving(u)]
