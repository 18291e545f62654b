"""A small installation on a fixed morning, and ways to ask its pages: in the process, or as a browser does."""

import gc
import os
import re
import shutil
import socket
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from bootstrap import SHIPPED, Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.support.few import few
from web.app import create_app

MORNING = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Shanghai
PASSWORD = "a long enough password"
CHEAP = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Town:
    """An installation with its clock and its application."""

    caseway: Caseway
    clock: VirtualClock
    app: FastAPI

    def claim(self, **more: Any) -> str:
        """Starts a claim, and returns its number."""
        data = {
            "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001",
            "customer_name": "王小明", "customer_phone": "13800000000", "line": "motor", "event": "collision",
            "loss_date": "2026-03-02", "description": "追尾", "claimed_amount": Decimal("8000.00"),
            "identity_number": "11010119900101123X", **more,
        }  # fmt: skip
        answer = self.caseway.start(StartCase("claims", data), "lu_yao")
        assert isinstance(answer, Accepted), answer
        return answer.number

    def settle(self, rounds: int = 6) -> None:
        """Does what is due by now: jobs, timers, messages."""
        for _ in range(rounds):
            self.caseway.sweep()
            self.caseway.work()
            self.clock.advance(timedelta(seconds=1))

    def task_of(self, number: str) -> int:
        """The newest open task of a case."""
        sql = "SELECT max(id) FROM tasks WHERE number = ? AND closed_at IS NULL"
        return int(self.caseway.connection.one(sql, (number,))[0])

    def browser(self, user: str = "", language: str = "en") -> "Visitor":
        """Somebody who asks for pages; signed in, if a user is named."""
        found = Visitor(self.app, language)
        if user:
            answer = found.post("/sign-in", user=user, password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return found


class Visitor:
    """A browser without script: keeps cookies, sends forms with the token of the page before."""

    def __init__(self, app: FastAPI, language: str) -> None:
        self.app = app
        self.cookies = httpx.Cookies({"language": language})
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://town", cookies=self.cookies) as client:
                found = await client.request(method, path, **{"headers": self.headers, **more})
                self.cookies = client.cookies
                return found

        # In a thread of its own: where Playwright runs, this one has a loop already.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(anyio.run, run).result()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def token(self) -> str:
        found = TOKEN.search(self.get("/account" if self.cookies.get("caseway") else "/sign-in").text)
        found = found or TOKEN.search(self.get("/sign-in").text)
        found = found or TOKEN.search(self.get("/account/second-factor").text)
        assert found is not None
        return found[1]

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.ask("POST", path, data={"csrf": self.token(), **fields})


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with people and processes, to be copied."""
    folder = tmp_path_factory.mktemp("founded") / "house"
    create(Home(folder))
    processes = few(Home(folder).processes)
    with Caseway(Home(folder), VirtualClock(MORNING - timedelta(days=1))) as caseway:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(processes, "dong_lei")
    return folder


@pytest.fixture
def town(founded: Path, tmp_path: Path) -> Iterator[Town]:
    folder = shutil.copytree(founded, tmp_path / "house")
    clock = VirtualClock(MORNING)
    with Caseway(Home(folder), clock) as caseway:
        app = create_app(caseway, hasher=CHEAP)
        app.state.accounts.set_passwords(list(caseway.directory.users), PASSWORD, "test")
        yield Town(caseway, clock, app)
        app.state.desks.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application behind a real server on a free port of this machine; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True  # streams that a page still listens to do not hold it up
        thread.join(10)
        listening.close()
        cut_off = server.server_state.connections
        if cut_off:  # those streams: nobody closes them any more, and a later test is not to hear of it
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                cut_off.clear()
                gc.collect()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium; where there is none the browser tests are skipped, but never in CI."""
    path = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if path is None:
        assert not os.environ.get("CI"), "the browser tests need Chromium: apt-get install chromium fonts-noto-cjk"
        pytest.skip("no Chromium is installed: apt-get install chromium fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
