"""What one request works with: the installation, read through a connection of its own, and who asks.

Theory of operation. The core is synchronous, so endpoints run in threads. Connections are used by one thread at
a time; a request borrows one, and the one given back last is lent first, so that there are no more of them than
requests at once. The borrowed `Caseway` is a copy that shares everything (the runner, the definitions, the keys)
but the connection.
"""

import copy
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from bootstrap import Caseway
from engine.core.linking import MERGED
from engine.core.model import End, Milestone, Process, Text
from engine.core.zones import zones
from engine.language.house import House
from engine.runtime.errors import StoreError
from organisation.directory import Absence
from tasks.ground import work_of
from web.texts import text

REFRESH = 2.0
"""Seconds after which somebody else's deployments and new people are looked for."""


def titled(text: Text | str | None, language: str, fallback: str = "") -> str:
    """A text in the language asked for, else in any, else the fallback."""
    if isinstance(text, str):
        return text
    return (text.get(language) or next((t for t in text.values() if t), "") if text else "") or fallback


@dataclass(frozen=True)
class Desk:
    """An installation as one user sees it in one language. `user` is "" before signing in."""

    caseway: Caseway
    user: str
    language: str
    ground: str = "web"  # recorded with every command: from where it came
    place: str = ""  # the time zone that the user reads moments in; "" and what is none: the organisation's

    @cached_property
    def now(self) -> datetime:
        """The moment of the request."""
        return self.caseway.clock.now()

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.place) if self.place in zones() else self.caseway.directory.zone

    @property
    def house(self) -> House:
        return self.caseway.definitions.house()

    def say(self, key: str, **facts: object) -> str:
        """A text of the pages."""
        return text(key, self.language, **facts)

    def told(self, text: Text | str | None, fallback: str = "") -> str:
        return titled(text, self.language, fallback)

    def person(self, user: str) -> str:
        """A user's name; what is no user (the engine, a program) under its own."""
        known = self.caseway.directory.users.get(user)
        return (
            titled(known.name, self.language, user)
            if known
            else self.say(user)
            if user in ("system", "customer")
            else user
        )

    def queue(self, name: str) -> str:
        return titled(self.house.queues.get(name), self.language, name)

    def role(self, name: str) -> str:
        return titled(self.house.roles.get(name), self.language, name)

    def line(self, kind: str, name: str) -> str:
        """A line of business of a kind of authority."""
        known = self.house.authority.get(kind)
        return titled(known.lines.get(name) if known else None, self.language, name.replace("_", " "))

    def decision(self, kind: str, name: str) -> str:
        """What a kind of authority decides."""
        known = self.house.authority.get(kind)
        return titled(known.decisions.get(name) if known else None, self.language, name.replace("_", " "))

    def process(self, name: str) -> str:
        found = self._process(name)
        return titled(found.title, self.language, name) if found else name

    def step(self, process: str, step: str) -> str:
        """A step's title, in the version in force."""
        found = self._process(process)
        node = found.nodes.get(step) if found else None
        return titled(node.title, self.language, step) if node else step

    def votes(self, process: str, step: str) -> bool:
        """Whether a step is decided by votes, in the version in force."""
        found = self._process(process)
        return found is not None and step in found.nodes and work_of(found, step).approvals is not None

    def ending(self, process: Process | str, end: str) -> str:
        """How a case ended, as its process calls it; of a process by name, the version in force."""
        return self.say("case.merged") if end == MERGED else self._reached(process, End, end)

    def milestone(self, process: Process, name: str) -> str:
        return self._reached(process, Milestone, name)

    def _reached(self, process: Process | str, kind: type[End] | type[Milestone], name: str) -> str:
        """The title of the step that reaches it, or of its name where that stands in the house's words."""
        found = self._process(process) if isinstance(process, str) else process
        nodes = found.nodes.values() if found is not None else ()
        title = next((n.title for n in nodes if isinstance(n.spec, kind) and n.spec.name == name and n.title), None)
        return titled(title, self.language, name.replace("_", " "))

    def plain(self, text: str, process: Process) -> str:
        """A text of the engine with titles for the names of people, queues and steps in it."""
        people, queues, nodes = self.caseway.directory.users, self.house.queues, process.nodes

        def named(match: re.Match[str]) -> str:
            name = match[0]
            if name in people:
                return self.person(name)
            if name in queues:
                return self.queue(name)
            return titled(nodes[name].title, self.language, name) if name in nodes else name

        # In an English sentence a name without an underscore ("survey") may be just that word.
        names = r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b" if self.language == "en" else r"\b[a-z][a-z0-9_]*\b"
        return re.sub(names, named, text, flags=re.ASCII)

    def _process(self, name: str) -> Process | None:
        try:
            return self.caseway.definitions.process(name)
        except StoreError:
            return None

    @cached_property
    def stands_for(self) -> dict[str, Absence]:
        """Those who are away today and for whom the user stands in."""
        people = self.caseway.directory
        return dict(people.stands_for(self.user, people.today(self.now)))

    @cached_property
    def roles(self) -> frozenset[str]:
        return self.caseway.directory.roles(self.user)


class Desks:
    """Lends installations to requests."""

    def __init__(self, caseway: Caseway) -> None:
        self.caseway = caseway
        _ = caseway.runner, caseway.sweeper, caseway.executor, caseway.staffing  # made once, before they are shared
        self._free: list[Caseway] = []
        self._lock = threading.Lock()
        self._refreshed = time.monotonic()

    @contextmanager
    def borrow(self) -> Iterator[Caseway]:
        """An installation with a connection of its own, for as long as a request works with it."""
        self._refresh()
        with self._lock:
            lent = self._free.pop() if self._free else None
        if lent is None:
            lent = copy.copy(self.caseway)
            lent.connection = self.caseway.database.connect()
        try:
            yield lent
        except StoreError:
            lent.connection.close()  # it may be what is broken
            raise
        except BaseException:
            self._back(lent)
            raise
        else:
            self._back(lent)

    def _back(self, lent: Caseway) -> None:
        with self._lock:
            self._free.append(lent)

    def _refresh(self) -> None:
        with self._lock:
            due = time.monotonic() - self._refreshed > REFRESH
            if due:
                self._refreshed = time.monotonic()
        if due:
            self.caseway.refresh()

    def close(self) -> None:
        with self._lock:
            for lent in self._free:
                lent.connection.close()
            self._free.clear()
