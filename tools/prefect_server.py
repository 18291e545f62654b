"""A Prefect server of one's own, for tests and measurements: in a folder that goes away, telling nobody outside."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # What tasks report is written in lots: a row at a time costs twice the processor's time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}
STARTING = 120.0
"""Seconds that a server may take to start."""


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """api: its address; folder: where its database lies."""

    api: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its clients are started with."""
        return environment(self.folder) | {"PREFECT_API_URL": self.api}

    def holds(self, text: str) -> bool:
        """Whether its database holds a text anywhere."""
        with sqlite3.connect(f"file:{self.folder / 'prefect.db'}?mode=ro", uri=True) as connection:
            return any(text in line for line in connection.iterdump())


def environment(folder: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return others | SETTINGS | {"PREFECT_HOME": str(folder)}


@contextmanager
def running(folder: Path, port: int = 0, more: Mapping[str, str] | None = None) -> Iterator[PrefectServer]:
    """A server with its database in the folder, for as long as it is needed. port: 0 for one that is free. more:
    settings beside the usual."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment(folder) | dict(more or {}), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            api = f"http://127.0.0.1:{port}/api"
            _wait(api, process, folder / "server.log")
            yield PrefectServer(api, folder)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(api: str, process: subprocess.Popen[bytes], log: Path) -> None:
    tick = threading.Event()
    for _ in range(int(STARTING / 0.2)):
        try:
            if httpx.get(f"{api}/health").status_code == 200:
                return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
        tick.wait(0.2)
    raise AssertionError(f"the server did not start: {log.read_text()}")
