"""What the pages take: lists over many open tasks, and handlers who work side by side over HTTP.

The lists are asked of the application in this process, so what is measured is the server's own time. The handlers
work against `caseway serve` in a process of its own, each as a program would: take the next task, complete it under
a key of its own, pause as people do, and so on.
"""

import asyncio
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.installation import FILLED, HERE
from benchmarks.rounds import Figures, percentile
from benchmarks.stored import Stored

HANDLERS, TASKS = 200, 100_000
PAUSE = 2.0
"""Seconds that a handler takes over a task, on average: far more hurried than people are."""
LASTS = 30.0
"""Seconds that they work."""
PAGES = {"inbox_1m_p95_ms": ("li", "/"), "floor_1m_p95_ms": ("chen", "/floor")}
"""Whose page it is, and which."""

Result = tuple[str, float, Figures]


def lists(many: Stored, rounds: int, each: int = 40) -> Iterator[Result]:
    """Milliseconds of the inbox and the floor on a database of many open tasks."""
    from web.app import create_app

    app = create_app(many.installation.caseway)
    accounts, sessions = app.state.accounts, app.state.sessions
    for name, (user, path) in PAGES.items():
        accounts.set_password(user, "a long enough password", "bench")
        session = sessions.begin(many.installation.caseway.clock.now(), user)
        accounts.sessions.open(session, accounts.generation(many.installation.caseway.connection, user))
        found = asyncio.run(asked(app, path, {"caseway": sessions.write(session)}, rounds, each))
        yield (
            name,
            percentile([one for some in found for one in some], 0.95),
            {"p95": [percentile(s, 0.95) for s in found]},
        )
    app.state.desks.close()


async def asked(app: Any, path: str, cookies: dict[str, str], rounds: int, each: int) -> list[list[float]]:
    """Milliseconds of each request, round by round, after one to warm up."""
    transport, found = httpx.ASGITransport(app), list[list[float]]()
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", cookies=cookies) as client:
        for _ in range(rounds + 1):
            took = []
            for _ in range(each):
                begin = time.perf_counter()
                answer = await client.get(path)
                took.append((time.perf_counter() - begin) * 1000)
                assert answer.status_code == 200, answer.text
            found.append(took)
    return found[1:]


def handlers(folder: Path, count: int, people: int, lasts: float) -> Iterator[Result]:
    """Milliseconds in which a task is completed over HTTP, while so many handlers work; no task is held by two."""
    stored = Stored(folder, count, _organisation(folder.with_suffix(".yaml"), people))
    accounts = _accounts(stored)
    tokens = [accounts.issue(f"h{number}", "bench") for number in range(people)]
    stored.close()
    with _served(folder) as address:
        begin = time.perf_counter()
        done = asyncio.run(_work(address, tokens, lasts))
        took = time.perf_counter() - begin
    doubles = [task for task, times in Counter(task for task, _ in done).items() if times > 1]
    assert not doubles, f"taken twice: {doubles[:5]}"
    completions = [ms for _, ms in done]
    figures = {"tasks_a_second": [len(done) / took], "requests_a_second": [2 * len(done) / took]}
    yield "http_complete_p95_ms", percentile(completions, 0.95), figures


async def _work(address: str, tokens: list[str], lasts: float) -> list[tuple[str, float]]:
    """Everything that was completed: the task, and how long that took."""
    done: list[tuple[str, float]] = []
    until = time.perf_counter() + lasts
    await asyncio.gather(*(_handler(address, token, until, done) for token in tokens))
    return done


async def _handler(address: str, token: str, until: float, done: list[tuple[str, float]]) -> None:
    # Each has a client, as people have browsers: one client that all share looks through all of its connections for
    # every request, and then it is the client that is measured.
    async with httpx.AsyncClient(base_url=address, verify=False, timeout=30) as client:
        await _day(client, token, until, done)


async def _day(client: httpx.AsyncClient, token: str, until: float, done: list[tuple[str, float]]) -> None:
    headers, chance, number = {"Authorization": f"Bearer {token}"}, random.Random(token), 0
    await asyncio.sleep(chance.random() * PAUSE)  # they do not all begin at once
    while time.perf_counter() < until:
        taken = await client.post("/api/next", headers=headers)
        assert taken.status_code == 200, taken.text
        line = taken.json()["line"]
        await asyncio.sleep(chance.expovariate(1 / PAUSE))
        number += 1
        begin = time.perf_counter()
        answer = await client.post(
            f"/api/tasks/{line['number']}/{line['task']}/complete", json={"data": FILLED[line["step"]]},
            headers={**headers, "Idempotency-Key": f"{token[-12:]}-{number}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        done.append((f"{line['number']}/{line['task']}", (time.perf_counter() - begin) * 1000))


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The address of a server on the installation."""
    command = [sys.executable, "-m", "cli", "serve", "--home", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = re.search(r"http://\S+[0-9]", server.stdout.readline())
        assert said is not None, "the server did not start"
        yield said[0]
    finally:
        server.terminate()
        server.wait(30)


def _organisation(file: Path, people: int) -> Path:
    """The organisation of the reference case, with so many handlers more."""
    lines = (HERE / "people.yaml").read_text(encoding="utf-8").splitlines()
    at = lines.index("queues:")
    one = "  h{0}: {{name: {{zh: 经办{0}, en: Handler {0}}}, roles: [officer], groups: [office], from: 2020-01-01}}"
    lines[at:at] = [one.format(number) for number in range(people)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _accounts(stored: Stored) -> Any:
    from web.accounts import Accounts

    return Accounts(stored.installation.caseway)
