"""Wakes those who look for work that is due, as soon as there is some.

Theory of operation. Whoever works looks at intervals; that alone makes it right, for a bell may be missed, but late by
up to an interval. So a batch that has left work behind rings once it is committed. In the same program that sets the
events of those who wait. On PostgreSQL a thread also rings for the other programs by NOTIFY, and rings here when they
do: on a connection of its own and never in the batch's transaction, because commits that notify queue for one lock
(docs/decisions/009-the-bell.md). Rings that come close together go out as one.
"""

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

from engine.runtime.database import Database
from engine.runtime.errors import StoreError

log = logging.getLogger(__name__)

CHANNEL = "caseway"
GAP = 0.02
"""Seconds between two rings for other programs, at least."""
AGAIN = 5.0
"""Seconds until a lost line is tried again."""


class Bell:
    """The bell of one program. `ring` may be called from any thread, and takes no time."""

    def __init__(self) -> None:
        self._hearers: list[Callable[[], object]] = []
        self._line: Line | None = None

    def hear(self, wake: Callable[[], object]) -> None:
        """Lets something that takes no time and never fails be called with every ring, from any thread."""
        self._hearers.append(wake)

    def ring(self) -> None:
        """There may be work that is due."""
        self._heard()
        if self._line is not None:
            self._line.ring()

    def connect(self, database: Database) -> None:
        """Rings for other programs on this database too, and hears them, where the database can."""
        if database.dialect == "postgresql" and self._line is None:
            self._line = Line(database, self._heard)
            self._line.start()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _heard(self) -> None:
        for wake in self._hearers:
            wake()


class Line:
    """The thread that carries rings to other programs by way of PostgreSQL, and from them."""

    def __init__(self, database: Any, heard: Callable[[], None]) -> None:
        self._database = database
        self._heard = heard
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._rung = self._ended = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        if not self._rung:  # else the thread has not seen the last one yet
            self._rung = True
            self._poke()

    def close(self) -> None:
        self._ended = True
        self._stopping.set()
        self._poke()
        self._thread.join()
        self._near.close()
        self._far.close()

    def _poke(self) -> None:
        try:
            self._near.send(b"!")
        except OSError:  # full, so that it wakes anyhow; or closed
            log.debug("the bell could not be rung")

    def _run(self) -> None:
        import psycopg

        while not self._ended:
            try:
                with self._database.open() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._heard()  # whatever rang meanwhile
                    self._attend(connection)
            except (psycopg.Error, StoreError) as error:
                log.info("the bell is silent, work is looked for at intervals: %s", error)
                self._stopping.wait(AGAIN)

    def _attend(self, connection: Any) -> None:
        own = connection.info.backend_pid
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._far, selectors.EVENT_READ)
            while not self._ended:
                selector.select()
                if self._rung:
                    self._far.recv(4096)
                    self._rung = False
                    connection.execute(f"NOTIFY {CHANNEL}")
                    self._stopping.wait(GAP)
                if any(note.pid != own for note in connection.notifies(timeout=0)):
                    self._heard()
