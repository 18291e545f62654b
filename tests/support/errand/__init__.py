"""A house whose service work waits, fails or hangs as a case says, in whatever process does it; and what it saw.

Processes agree by files in the installation's folder: `seen` gets a line for each call of the worker function and one
for its end, `go` lets those return that wait, `ahead` says by how many seconds the clock of all of them is fast.
"""

import os
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict
from unittest.mock import patch

from bootstrap import MACHINE, Caseway, Home, create
from engine.core.commands import FinishJob, StartCase
from engine.runtime import history
from engine.runtime.answers import Accepted
from tasks.registry import BusinessError, Job, Registry

FOLDER = Path(__file__).parent
PATIENCE = 60.0
"""Seconds after which a call that waits gives up, should a test have failed."""
WHO, IDENTITY = "Ouyang Zhenhua", "310115199001010011"
"""The customer of all errands: neither is to be found at Prefect's."""


class Ran(TypedDict):
    outcome: str


class AheadClock:
    """The machine's clock, fast by what the installation's folder says."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ahead"

    def now(self) -> datetime:
        ahead = float(self._file.read_text()) if self._file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)


class Errands:
    """The installation, open with the worker function that a test wants."""

    def __init__(self, home: Home) -> None:
        self.folder, self.url = home.folder, home.url
        fresh = not home.key.exists()
        if fresh:
            create(home)
        registry = Registry()
        registry.worker()(self.run_errand)
        with patch("bootstrap.caseway.shipped_functions", lambda *_: registry):
            self.app = Caseway(home, AheadClock(home.folder))
        if fresh:
            self.app.deploy(FOLDER, "li")
            self.app.load_organisation(FOLDER / "people" / "organisation.yaml", "li")

    def run_errand(self, job: Job, who: str, how: str, identity: str) -> Ran:
        self._note(f"begin {job.number} {job.attempt} {os.getpid()}")
        if how == "waits":
            self._wait()
        elif how == "counted":
            threading.Event().wait(0.3)
        elif how == "nobody_home":
            raise BusinessError("nobody_home", f"{who} is not at home")
        elif how == "fails":
            raise ValueError(f"{who} ({identity}) is not known")
        self._note(f"end {job.number} {job.attempt} {os.getpid()}")
        return {"outcome": f"{who} was seen"}

    def _wait(self) -> None:
        tick = threading.Event()
        for _ in range(int(PATIENCE / 0.05)):
            if (self.folder / "go").exists():
                return
            tick.wait(0.05)

    def _note(self, line: str) -> None:
        file = os.open(self.folder / "seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{line}\n".encode())
        os.close(file)

    # --- what a test does and sees ------------------------------------------------------------------

    def start(self, count: int, how: str = "plainly", process: str = "errand") -> list[str]:
        """So many new cases; their ids."""
        cases = []
        for _ in range(count):
            data = {"who": WHO, "how": how, "identity": IDENTITY}
            answer = self.app.start(StartCase(process, data), "li")
            assert isinstance(answer, Accepted), answer
            cases.append(answer.case)
        return cases

    def seen(self, what: str) -> list[list[str]]:
        """number, attempt, process of each call that has begun or ended."""
        file = self.folder / "seen"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.split()[1:] for line in lines if line.startswith(what)]

    def go(self) -> None:
        (self.folder / "go").touch()

    def ahead(self, seconds: float) -> None:
        (self.folder / "ahead.new").write_text(str(seconds))
        (self.folder / "ahead.new").replace(self.folder / "ahead")

    def jobs(self) -> list[tuple[int, str | None, str | None]]:
        """attempts, who has it, error of each open job."""
        return [tuple(row) for row in self.app.connection.all("SELECT attempts, leased_by, error FROM jobs ORDER BY 1")]

    def tried(self, times: int) -> bool:
        """Whether every open job has been tried so often."""
        return all(attempts >= times for attempts, _, _ in self.jobs())

    def results(self, cases: Iterable[str]) -> list[int]:
        """For each case, how many results of a job it has taken in."""
        rows = (history.read(self.app.database, self.app.vault, case) for case in cases)
        return [sum(isinstance(MACHINE.decode_command(row.command), FinishJob) for row in each) for each in rows]

    def close(self) -> None:
        self.app.close()
