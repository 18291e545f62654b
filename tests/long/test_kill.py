"""Processes at work are killed at random moments: every answer is kept, nothing is done twice, and work goes on."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from bootstrap import Caseway, Home, create
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from tests.support.branch import MONDAY, settle_in
from tests.support.judge import comes_to_rest, faults

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
ROUNDS = 6
"""Of each installation; one process is killed in the first, two in the second, and so on: nine in all."""


END = {"end": True}
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Child:
    """A process at work, and what it has said until now. `program`: where its program lies; `began`: see the child."""

    def __init__(
        self, home: Home, seed: int, since: str, first: list[str], program: Path = ROOT, began: float | None = None
    ) -> None:
        command = [sys.executable, "-m", "tests.long.child", str(home.folder), home.url, str(seed), since]
        command += [] if began is None else [repr(began)]
        self.process = subprocess.Popen(command, cwd=program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.output = self.process.stdout
        self.process.stdin.write("".join(first).encode())
        self.process.stdin.close()
        self.lines: list[dict[str, Any]] = []
        self.said = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in self.output:
            if line.endswith(b"\n"):  # the last may have been cut off
                with self.said:
                    self.lines.append(json.loads(line))
                    self.said.notify()
        with self.said:
            self.lines.append(END)
            self.said.notify()

    def hear(self, after: int) -> bool:
        """Waits until it has said so many lines, or has ended; False when it takes too long."""
        with self.said:
            return self.said.wait_for(lambda: len(self.lines) >= after or self.lines[-1:] == [END], 120)

    @property
    def accepted(self) -> int:
        """How many new commands of its own were accepted."""
        return sum(line.get("kind") == "Accepted" and not line["repeated"] for line in self.lines)

    def works(self, more: int) -> bool:
        """Waits until so many more commands are accepted, or it has ended; False when it takes too long."""
        with self.said:
            wanted = self.accepted + more
            return self.said.wait_for(lambda: self.accepted >= wanted or self.lines[-1:] == [END], 120)

    def kill(self, after: int) -> None:
        """Kills it when it has said so many lines; 0 is while it still begins."""
        heard = self.hear(after)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        self.output.close()
        faults = [line["fault"] for line in self.lines if "fault" in line]
        assert not faults, faults[0]
        troubles = {line["trouble"] for line in self.lines if "trouble" in line}
        assert all("another program holds it" in trouble for trouble in troubles), troubles
        assert heard and self.process.returncode == -signal.SIGKILL, self.lines[-3:]


class Ledger:
    """What all processes of an installation have been answered."""

    def __init__(self) -> None:
        self.accepted: dict[str, tuple[str, int]] = {}
        self.refused: set[str] = set()
        self.messages: set[str] = set()
        self.open: dict[str, dict[str, Any]] = {}  # asked, and never answered

    def take(self, lines: list[dict[str, Any]], there: set[str]) -> None:
        """there: the commands in the history before these processes began."""
        for line in lines:
            if "asking" in line:
                self.open.setdefault(line["asking"], line)
            elif "received" in line:
                self.messages.add(line["received"])
            elif line.get("kind") == "Accepted":
                ident = line["answered"]
                fresh = self.open.pop(ident, None) is not None and ident not in self.accepted
                place = (line["case"], line["revision"])
                assert self.accepted.setdefault(ident, place) == place
                assert line["repeated"] or ident not in there, f"{ident} was done a second time"
                assert fresh or line["repeated"], f"{ident} was answered twice as new"
            elif "answered" in line:
                self.open.pop(line["answered"], None)
                self.refused.add(line["answered"])


def settled(home: Home) -> None:
    """Waits until the server has noticed that the processes are gone: it may be finishing what they said last."""
    if home.url:
        with psycopg.connect(home.url, autocommit=True) as connection:
            while connection.execute(OTHERS).fetchone() != (0,):
                pass


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_work(home: Home, seed: int) -> None:
    random, ledger = Random(seed), Ledger()
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as app:
        settle_in(app)
    since, there = MONDAY, set[str]()
    for number in range(ROUNDS):
        first = [json.dumps(line) + "\n" for line in ledger.open.values()]
        children = [
            Child(home, random.randrange(1 << 30), since.isoformat(), first if not index else [])
            for index in range(1 + number % 2)
        ]
        for child in children:
            child.kill(random.choice((0, 20, 200, 1000)) + random.randrange(200))
        for child in children:
            ledger.take(child.lines, there)
        settled(home)
        with Caseway(home, VirtualClock(MONDAY)) as app:
            found = faults(app, ledger.accepted, deep=number == ROUNDS - 1)
            assert not found, (seed, number, found[:5])
            if number == ROUNDS - 1:
                comes_to_rest(app)
                found = faults(app, ledger.accepted)
                assert not found, (seed, found[:5])
            there = {row[0] for row in app.connection.all("SELECT command_id FROM history")}
            refused = {row[0] for row in app.connection.all("SELECT command_id FROM refusals")}
            assert not ledger.refused - refused, "a refusal was answered, and is not in the audit"
            kept = {row[0] for row in app.connection.all("SELECT id FROM messages")}
            assert not ledger.messages - kept, "a message was taken in, and is gone"
            since = max(since, moment(app.connection.one("SELECT coalesce(max(last_at), 0) FROM cases")[0]))
    assert len(ledger.accepted) > 500
