"""Two web servers and two workers on one PostgreSQL, clients who ask by lines that fail: servers and workers are
killed, lines cut, answers lost, requests sent twice, at once and late. Who hears no answer asks again under the same
key, the other server too: everything is done once, and nobody loses an answer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import httpx
import pytest

from bootstrap import MACHINE, SHIPPED, Caseway, Home, create
from engine.runtime.clock import VirtualClock
from engine.runtime.history import read
from tasks.events import Commented
from tests.long.test_ended import CLAIM, ROOT
from tests.store.conftest import fresh
from tests.support.branch import MONDAY
from tests.support.few import few
from tests.support.judge import comes_to_rest, faults
from tests.support.network import WebLine
from web.accounts import Accounts

pytestmark = pytest.mark.long

WHO = ("chen_wei", "ma_chao", "lin_xiaoyan")
ON = 3
"""Requests that every client has answered after each fault, before the next."""
AGAIN = frozenset({409, 429, 503})
"""Answers that say: not now. A fault of the server's own is never one of them."""
PATIENCE = 60.0
DONE: Mapping[str, Any] = {
    "intake": {"outcome": "accept", "data": {"line": "motor"}},
    "document_review": {
        "outcome": "missing",
        "data": {"papers_complete": False, "papers_compliant": True, "papers_authentic": True,
                 "missing_papers": ["accident_proof"]},
    },
}  # fmt: skip
"""How the tasks are completed that come first; of others no more is wanted than that they are given once."""


class Server:
    """A web server with a line of its own, or, without, a worker."""

    def __init__(self, home: Home, line: WebLine | None) -> None:
        self.home, self.line = home, line
        self.begin()

    def begin(self) -> None:
        role = ["serve", "--no-work", "--port", "0"] if self.line else ["worker", "--every", "0.2"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "CASEWAY_DATABASE": self.home.url}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", *role, "--home", str(self.home.folder)], cwd=ROOT, env=env,
            stdout=subprocess.PIPE if self.line else subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        if self.line:
            assert self.process.stdout is not None
            address = self.process.stdout.readline().split()[3].rstrip(";")
            self.line.there = int(address.rpartition(":")[2])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Client(threading.Thread):
    """Asks at random, of either server. What it asks has a key, and is asked until it is answered."""

    def __init__(self, name: str, token: str, ports: list[int], random: Random, stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.ports, self.random, self.stopping = ports, random, stopping
        self.headers = {"Authorization": f"Bearer {token}"}
        self.asked: dict[str, tuple[str, Any]] = {}
        self.answers: dict[str, tuple[int, Any]] = {}
        self.numbers: list[str] = []
        self.mine: list[tuple[str, int, str]] = []  # tasks in hand: of which case, which, at which step
        self.wrong: list[str] = []
        self.lost = 0

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.act()
        except BaseException as error:
            self.wrong.append(repr(error))

    def act(self) -> None:
        key = f"{self.name}-{len(self.asked)}"
        if not self.numbers or self.random.random() < 0.25:
            self.asked[key] = ("/api/cases", {"process": "claims", "data": CLAIM})
        elif self.mine and self.random.random() < 0.7:
            number, task, step = self.mine.pop()
            self.asked[key] = (f"/api/tasks/{number}/{task}/complete", DONE[step])
        elif self.random.random() < 0.4:
            self.asked[key] = ("/api/next", None)
        elif self.random.random() < 0.3:
            number = self.random.choice(self.numbers)
            self.asked[key] = ("/api/messages", {"name": "claim_withdrawn", "key": number, "data": {"reason": key}})
        else:
            number = self.random.choice(self.numbers)
            self.asked[key] = (f"/api/cases/{number}/comments", {"text": key})
        twice = self.random.random() < 0.2
        other = threading.Thread(target=self.ask, args=(key,)) if twice else None  # the same at once, to the other
        if other:
            other.start()
        self.ask(key)
        if other:
            other.join()
        if self.random.random() < 0.15:  # what was answered long ago comes once more
            self.ask(self.random.choice(list(self.asked)))

    def ask(self, key: str) -> None:
        """Asks until it is answered, and holds each answer against those before."""
        where, body = self.asked[key]
        end = time.monotonic() + PATIENCE
        tick, last = threading.Event(), ""
        while time.monotonic() < end:
            port = self.random.choice(self.ports)
            with suppress(httpx.HTTPError):
                answer = httpx.post(
                    f"http://127.0.0.1:{port}{where}", json=body, timeout=4,
                    headers={**self.headers, "Idempotency-Key": key},
                )  # fmt: skip
                if answer.status_code not in AGAIN or answer.json().get("code") == "ended":
                    self.note(key, answer)
                    return
                last = answer.text[:300]
            self.lost += 1
            tick.wait(0.1)
        self.wrong.append(f"{key} {where} is not answered: {last}")

    def note(self, key: str, answer: httpx.Response) -> None:
        told = answer.json() if answer.content else {}
        if "line" in told:  # the task that was given, as it stands by now
            line = told["line"]
            if key not in self.answers and line["step"] in DONE:
                self.mine.append((line["number"], line["task"], line["step"]))
            told = {name: told["line"][name] for name in ("number", "task")}
        told.pop("repeated", None)
        if "state" in told:  # a message on its way
            told.pop("state")
        if told.get("code") in ("closed", "ended"):  # the customer has withdrawn the claim meanwhile
            self.answers.setdefault(key, (answer.status_code, {}))
            return
        if self.answers.get(key, (0, {}))[0] == 204:  # there was nothing to give: whoever asks again may be luckier
            del self.answers[key]
        first = self.answers.setdefault(key, (answer.status_code, told))
        if first != (answer.status_code, told):
            self.wrong.append(f"{key} was answered with {first}, then with {answer.status_code} {told}")
        if answer.status_code >= 400:
            self.wrong.append(f"{key} {self.asked[key][0]}: {answer.status_code} {answer.text[:300]}")
        elif self.asked[key][0] == "/api/cases" and told["number"] not in self.numbers:
            self.numbers.append(told["number"])


@pytest.fixture
def place(server: str, tmp_path: Path) -> Iterator[Home]:
    with fresh(server) as url:
        home = Home(tmp_path / "house", url)
        create(home)
        processes = few(Path(copytree(SHIPPED, tmp_path / "processes")))
        with Caseway(home) as app:
            app.deploy(processes, "gu_mingyuan")
            app.load_organisation(processes / "samples" / "organisation.yaml", "gu_mingyuan")
        yield home


def go_on(clients: list[Client]) -> None:
    wanted = {client.name: len(client.answers) + ON for client in clients}
    end, tick = time.monotonic() + 2 * PATIENCE, threading.Event()
    while any(len(client.answers) < wanted[client.name] for client in clients):
        wrong = [each for client in clients for each in client.wrong]
        assert not wrong, wrong
        assert time.monotonic() < end, {client.name: len(client.answers) for client in clients}
        tick.wait(0.05)


def test_servers_lines_and_workers_fail_while_people_work(place: Home) -> None:
    random, stopping = Random(17), threading.Event()
    with Caseway(place) as app:
        tokens = {user: Accounts(app).issue(user, "test") for user in WHO}
    lines = [WebLine(), WebLine()]
    servers = [Server(place, line) for line in lines]
    workers = [Server(place, None), Server(place, None)]
    clients = [
        Client(user, token, [line.port for line in lines], Random(random.random()), stopping)
        for user, token in tokens.items()
    ]
    try:
        for client in clients:
            client.start()
        go_on(clients)
        for turn in range(2):
            line, server, worker = lines[turn], servers[turn], workers[turn]
            server.kill()
            go_on(clients)  # by the other
            server.begin()
            go_on(clients)
            line.cut()
            go_on(clients)
            line.deaf = True  # what is done there, nobody hears of
            go_on(clients)
            line.cut()
            line.deaf = False
            go_on(clients)
            line.stalled = True  # what is sent there goes nowhere, and then the connection is reset
            go_on(clients)
            line.cut()
            line.stalled = False
            line.open = False  # for a while nobody gets through
            go_on(clients)
            line.open = True
            line.delay = 0.03
            go_on(clients)
            line.delay = 0.0
            worker.kill()
            go_on(clients)
            worker.begin()
        stopping.set()
        for client in clients:
            client.join(PATIENCE)
            assert not client.is_alive() and not client.wrong, client.wrong
    finally:
        stopping.set()
        for one in (*servers, *workers):
            one.kill()
        for line in lines:
            line.close()
    assert sum(client.lost for client in clients), "nobody noticed"
    answered = [where.rpartition("/")[2] for client in clients for key, (where, _) in client.asked.items()
                if client.answers[key][0] < 300]  # fmt: skip
    assert min(Counter(answered)[what] for what in ("cases", "next", "complete", "messages", "comments")) > 1
    held_against(place, clients)


def held_against(place: Home, clients: list[Client]) -> None:
    """Everything that was asked was done once, and is as it was answered."""
    with Caseway(place, VirtualClock(MONDAY)) as app:
        numbers = [row[0] for row in app.connection.all("SELECT number FROM cases")]
        begun = [client.answers[key][1]["number"] for client in clients for key, (where, _) in client.asked.items()
                 if where == "/api/cases"]  # fmt: skip
        assert sorted(numbers) == sorted(begun), "each was begun once"
        said: Counter[str] = Counter()
        for (case,) in app.connection.all("SELECT id FROM cases"):
            for row in read(app.database, app.vault, case):
                said.update(one.text for one in MACHINE.decode_events(row.events) if isinstance(one, Commented))
        done = {key: where for client in clients for key, (where, _) in client.asked.items()
                if client.answers[key][0] < 400}  # fmt: skip
        wanted = {key for key, where in done.items() if where.endswith("/comments")}
        assert set(said) == wanted and set(said.values()) == {1}, "each comment stands once"
        found = faults(app, {}, deep=True)
        assert not found, found[:5]
        comes_to_rest(app)
        found = faults(app, {})
        assert not found, found[:5]
