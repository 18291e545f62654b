"""Where processes are tried out: an installation that is set up once, and copied for each trial.

Theory of operation. What is tried is a folder of processes with its people, or the same as files in memory: what is in
force, with one version or proposal in place of its own. Setting up compiles all of it, which takes tenths of a second
and more; a copy takes two hundredths. So grounds are kept by what they were made of, the last few of them.
"""

import hashlib
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bootstrap import Caseway, Home
from engine.runtime.clock import VirtualClock
from workbench.scenarios import BEFORE, copied, set_up

PEOPLE = "samples/organisation.yaml"
"""Who takes part in trials and scenarios, beside the processes."""
MOST = 4
"""Grounds that are kept."""


class Grounds:
    """Where trials of a folder's processes take place; made once for all of them. Raises DefinitionError if the
    processes do not compile, OSError if they cannot be read."""

    def __init__(self, processes: Path) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="caseway-try-"))
        self.close = weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
        try:
            set_up(self._place / "pattern", processes)
        except BaseException:
            self.close()
            raise

    @property
    def processes(self) -> list[str]:
        """The names of the processes that can be tried."""
        with Caseway(Home(self._place / "pattern"), VirtualClock(BEFORE), unsafe=True) as caseway:
            return sorted(caseway.definitions.names())

    @contextmanager
    def one(self, clock: VirtualClock) -> Iterator[Caseway]:
        """An installation of its own for one trial."""
        with copied(self._place / "pattern", self._place) as folder, Caseway(Home(folder), clock, unsafe=True) as made:
            yield made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Kept:
    """The grounds of files in memory, the last few of them. May be used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Grounds] = OrderedDict()

    def of(self, files: Mapping[str, bytes]) -> Grounds:
        """The grounds of these files, of which one is `PEOPLE`. Raises DefinitionError."""
        key = _digest(files)
        with self._lock:
            if key not in self._found:
                self._found[key] = _made(files)
            self._found.move_to_end(key)
            while len(self._found) > MOST:
                self._found.popitem(last=False)  # its folder goes with it, when no trial uses it any more
            return self._found[key]


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{len(path)} {path} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _made(files: Mapping[str, bytes]) -> Grounds:
    with tempfile.TemporaryDirectory(prefix="caseway-try-") as place:
        for path, content in files.items():
            file = Path(place) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return Grounds(Path(place))
