"""A line to a PostgreSQL server that a test can cut, stall, slow down, or let lose answers."""

import selectors
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"


class Line:
    """Listens at a socket of its own and passes everything on, until it is told otherwise. What has been told holds for
    all connections, those to come included."""

    def __init__(self, there: str, here: Path) -> None:
        self._there = there
        self.open = True
        """Whether anybody gets through; else connections are refused."""
        self.stalled = False
        """Whether what is sent is taken and goes nowhere."""
        self.deaf = False
        """Whether what the server answers is lost; what it is asked gets there."""
        self.delay = 0.0
        """Seconds for which each piece is held back."""
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._tick = threading.Event()  # never set: what waits for it waits so long
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(here / SOCKET))
        self._listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections, in the middle of whatever they carry."""
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.open = False
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if not self.open:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._there)
            except OSError:  # the server is down
                near.close()
                far.close()
                continue
            with self._lock:
                self._ends |= {near, far}
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with near, far, selectors.DefaultSelector() as selector, suppress(OSError):
            for end in other:
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    end = near if key.fileobj is near else far
                    data = end.recv(65536)
                    if not data:
                        return
                    while self.stalled:
                        self._tick.wait(0.01)
                    if self.delay:
                        self._tick.wait(self.delay)
                    if not (self.deaf and end is far):
                        other[end].sendall(data)


@contextmanager
def line_to(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server of a URL, and the URL by way of it."""
    parts = urlsplit(url)
    (there,) = parse_qs(parts.query)["host"]
    here = Path(tempfile.mkdtemp(prefix="line-"))
    made = Line(f"{there}/{SOCKET}", here)
    try:
        yield made, parts._replace(query=f"host={here}").geturl()
    finally:
        made.close()
        shutil.rmtree(here, ignore_errors=True)
