"""A line to a server that a test can cut, stall, slow down, or let lose answers: to PostgreSQL, or to a web server."""

import selectors
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"


class Line:
    """Listens at a socket of its own and passes everything on, until it is told otherwise. What has been told holds for
    all connections, those to come included."""

    def __init__(self, listening: socket.socket, reach: Callable[[], socket.socket]) -> None:
        self._reach = reach
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
        self._listening = listening
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
            try:
                far = self._reach()
            except OSError:  # the server is down
                near.close()
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
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(here / SOCKET))
    made = Line(listening, partial(_reached, f"{there}/{SOCKET}"))
    try:
        yield made, parts._replace(query=f"host={here}").geturl()
    finally:
        made.close()
        shutil.rmtree(here, ignore_errors=True)


def _reached(path: str) -> socket.socket:
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(path)
    except OSError:
        far.close()
        raise
    return far


class WebLine(Line):
    """A line to a web server on this machine, at a port of its own: `port`. there: the server's, which may change when
    it is started again."""

    def __init__(self) -> None:
        self.there = 0
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.port: int = listening.getsockname()[1]
        super().__init__(listening, lambda: socket.create_connection(("127.0.0.1", self.there), timeout=5))
