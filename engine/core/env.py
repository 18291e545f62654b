"""What deciding may look at beside the case itself: immutable, versioned, handed in.

Everything here is a plain value or a small protocol that another component implements (R25). The core
never asks the wall clock, the database or the network.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from engine.core.durations import Calendar
from engine.core.model import Process

Json = Any


class Sealer(Protocol):
    """Seals fields of grade secret, bound to the case and the path (R13). Deterministic."""

    def seal(self, path: str, value: Json) -> str: ...

    def open(self, path: str, sealed: str) -> Json: ...


class Directory(Protocol):
    """The organisation as deciding sees it: one revision, looked up by name."""

    @property
    def revision(self) -> int: ...

    def active(self, user: str) -> bool: ...

    def roles(self, user: str) -> frozenset[str]: ...

    def serves(self, user: str, queue: str) -> bool: ...

    def manager(self, user: str) -> str | None: ...


class Versions(Protocol):
    """Which compiled process a name and version stand for."""

    def process(self, name: str, version: str = "") -> Process | None: ...

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        """The version that a call of `name` starts: the one deployed with the caller, or the newest (R25)."""


class Env(msgspec.Struct, frozen=True):  # one is made for each command, which a dataclass takes longer over
    now: datetime
    calendars: Mapping[str, Calendar] = {}
    directory: Directory | None = None
    versions: Versions | None = None
    sealer: Sealer | None = None
    number: Callable[[Process], str] | None = None  # the next business number of a series
    house: Mapping[str, Json] = {}
    names: Mapping[str, Callable[[Any], Json]] = {}
    """What components add to the names that expressions read: name -> function(state of the case)."""
    extras: Mapping[str, Any] = {}  # what components put in for themselves
