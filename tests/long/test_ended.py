"""A server and a worker that are told to end (SIGTERM) finish what is under way, answer, and close, within a bound."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from bootstrap import Caseway, Home
from tests.cli.conftest import house as house
from tests.cli.conftest import made as made
from tests.cli.conftest import reported
from web.accounts import Accounts

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
BOUND = 20  # seconds; a supervisor that kills should wait for longer
LOOKED_AT = "SELECT 1 FROM messages WHERE due > arrived"
CLAIM = {
    "channel": "phone", "reported_at": reported(2).replace(" ", "T") + ":00+08:00", "policy_number": "PM2026000001",
    "customer_name": "王伟", "customer_phone": "13800000000", "line": "motor", "event": "collision",
    "loss_date": reported(26)[:10], "description": "追尾", "claimed_amount": "3000.00",
}  # fmt: skip


@contextmanager
def running(house: Path, *args: str) -> Iterator["subprocess.Popen[str]"]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *args, "--home", str(house)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        try:
            yield one
        finally:
            one.kill()


@contextmanager
def held(house: Path) -> Iterator[None]:
    """Nobody else can write: whatever is under way waits, for five seconds at most."""
    with closing(sqlite3.connect(house / "caseway.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    said = process.communicate(timeout=BOUND)
    assert process.returncode == 0 and "Traceback" not in said[1], said
    return said


def refuses(port: int) -> bool:
    """Whether connections are refused; one that came just before the server stopped listening is reset."""
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=0.5)):
            return False
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    except TimeoutError:
        return False  # busy


@pytest.mark.parametrize("with_worker", [True, False])
def test_a_server_answers_what_is_under_way(house: Path, with_worker: bool) -> None:
    with Caseway(Home(house)) as caseway:
        token = Accounts(caseway).issue("lu_yao", "test")
        begun = caseway.connection.one("SELECT count(*) FROM cases")[0]
    headers = {"Authorization": f"Bearer {token}"}
    with (
        running(house, "serve", "--port", "0", *([] if with_worker else ["--no-work"])) as server,
        ExitStack() as stack,
    ):
        assert server.stdout is not None
        address = server.stdout.readline().split()[3].rstrip(";")
        port = int(address.rpartition(":")[2])
        assert httpx.get(f"{address}/health/live").status_code == 200
        answers: list[httpx.Response] = []
        asked = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=BOUND))

        def ask() -> None:
            answers.append(asked.post("/api/cases", json={"process": "claims", "data": CLAIM}))

        asked.get("/api/me").raise_for_status()
        with held(house):
            under_way = [threading.Thread(target=ask) for _ in range(4)]
            for thread in under_way:
                thread.start()
            for _ in range(20):  # the server has taken in what came before
                httpx.get(f"{address}/health/live")
            server.send_signal(signal.SIGTERM)
            end, tick = time.monotonic() + 4, threading.Event()
            while not refuses(port) and time.monotonic() < end:
                tick.wait(0.05)  # and no more connections than it can take
            assert refuses(port), "it takes in nothing more"
            assert server.poll() is None and not answers, "it waits for what is under way"
        for thread in under_way:
            thread.join(BOUND)
        ended(server)
    assert [answer.status_code for answer in answers] == [201] * 4, [answer.text for answer in answers]
    with Caseway(Home(house)) as caseway:
        assert caseway.connection.one("SELECT count(*) FROM cases")[0] == begun + 4
        for answer in answers:
            assert caseway.connection.one("SELECT 1 FROM cases WHERE number = ?", (answer.json()["number"],))
        assert caseway.verify().clean


def test_a_worker_finishes_what_is_under_way(house: Path) -> None:
    with Caseway(Home(house)) as caseway:
        assert caseway.receive("m1", "customer_reply", "nobody", {"text": "x"}, "lu_yao") is None
        assert caseway.connection.one(LOOKED_AT) is None, "there is something to do"
    with ExitStack() as stack:
        with held(house):
            worker = stack.enter_context(running(house, "worker", "--every", "0.05"))
            assert worker.stderr is not None and "working" in worker.stderr.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                worker.wait(0.5)  # it has begun to do what is due
            worker.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                worker.wait(0.5)
        assert "stopped" in ended(worker)[1]
    with Caseway(Home(house)) as caseway:
        assert caseway.connection.one(LOOKED_AT)
        assert caseway.connection.one("SELECT count(*) FROM jobs WHERE leased_by IS NOT NULL")[0] == 0
        assert caseway.connection.one("SELECT 1 FROM meta WHERE key = 'sweeper'") is None, "the lease is given back"
        assert caseway.verify().clean
