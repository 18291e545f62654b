"""Pages that change by themselves: server-sent events say that something is new, and the page asks for its parts.

Theory of operation. A page names what it watches: its user's inbox, a case, the floor. One poller for the whole
process looks for all who watch, every two seconds: whether the database has changed at all (one cheap question),
and if so at the fingerprints of what is watched: the first tasks of each queue, who holds what, the revisions of
cases. It asks for each queue once, and for all people and cases together, however many watch. Who watches gets an
event when a fingerprint of theirs is another; what is told twice before it is read is told once. An event says no
more than which part is new: what somebody may see is decided where the page is made, as always.

The event's id is a digest of the fingerprints, so that a browser that comes back with it hears at once whether it
has missed anything. A stream ends after a while, and when its session does; to watch is not to use a session.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.runtime.database import Connection
from engine.runtime.errors import StoreError
from tasks import queries
from tasks.tables import GIVEN, HELD
from web.accounts import Accounts
from web.desk import Desk, Desks
from web.opened import Opened, approach
from web.problems import Problem
from web.roles import sees_floor
from web.sessions import Session

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is alive, and its session is looked at."""
LIFE = 600.0
"""Seconds that a stream lasts; the browser comes back by itself."""
MOST, EACH = 500, 12
"""Streams of one process, and of one user."""
FLOOR = 10
"""Seconds between two events of the floor: its figures are no younger."""
FIRST = 26
"""Tasks of a queue whose coming and going shows: a page and one more."""

Topic = tuple[str, str]
"""What is watched: ("queue", name), ("user", name), ("case", id), ("task", "case/token"), ("floor", "")."""
KIND = {"queue": "inbox", "user": "inbox", "case": "case", "task": "task", "floor": "floor"}
"""The event of each topic."""
CLOSE = frozenset({"case", "task"})
"""Events that end their stream: the browser comes back, and is asked again whether it may see what it watches."""

CHANGED = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_snapshot()::text"}
"""What is another whenever anybody has written anything."""
PEOPLE = (
    (f"SELECT holder, case_id, id, status, priority, due FROM tasks WHERE {HELD} AND holder IN (%s)"),
    (f"SELECT assignee, case_id, id, status, priority, due FROM tasks WHERE {GIVEN} AND assignee IN (%s)"),
)
CASES = "SELECT id, revision FROM cases WHERE id IN (%s)"
TASKS = "SELECT case_id, id, status, queue, holder, assignee, priority, due, closed_at FROM tasks WHERE case_id IN (%s)"


class Listener:
    """One stream. `told`: the events that it has not been sent yet."""

    def __init__(self, session: Session, topics: Iterable[Topic], last: str) -> None:
        self.session = session
        self.user = session.user
        self.topics = frozenset(topics)
        self.last = last
        self.told: set[str] = set()
        self.wake = asyncio.Event()
        self.over = False
        self._seen: Mapping[Topic, str] | None = None

    def see(self, found: Mapping[Topic, str]) -> None:
        """Takes note of how things stand."""
        if not found.keys() >= self.topics:
            return
        seen = {topic: found[topic] for topic in self.topics}
        id = hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()[:20]
        if self._seen is None:
            new = {KIND[topic[0]] for topic in seen} if self.last not in ("", id) else set()
        else:
            new = {KIND[topic[0]] for topic, value in seen.items() if value != self._seen[topic]}
        self._seen, self.last = seen, id
        if new:
            self.told |= new
            self.wake.set()

    def end(self) -> None:
        self.over = True
        self.wake.set()


class Live:
    """All streams of a process, and the one poller that looks for them."""

    def __init__(self, desks: Desks, accounts: Accounts, every: float = EVERY) -> None:
        self._desks = desks
        self._accounts = accounts
        self._every = every
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look = asyncio.Event()
        self._watch = Watch(desks)

    @property
    def count(self) -> int:
        return len(self._listeners)

    def full(self, user: str) -> bool:
        """Whether there is no room for another stream of the user."""
        mine = sum(1 for one in self._listeners if one.user == user)
        return len(self._listeners) >= MOST or mine >= EACH

    async def stream(self, listener: Listener) -> AsyncIterator[bytes]:
        """What the browser is sent."""
        self._begin(listener)
        try:
            yield b"retry: 5000\n\n"
            end = asyncio.get_running_loop().time() + LIFE
            while not listener.over and asyncio.get_running_loop().time() < end:
                try:
                    await asyncio.wait_for(listener.wake.wait(), HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                listener.wake.clear()
                told, listener.told = sorted(listener.told), set()
                for name in told:
                    yield f"id: {listener.last}\nevent: {name}\ndata: new\n\n".encode()
                if CLOSE.intersection(told):
                    break
        finally:
            self._listeners.discard(listener)
            self._look.set()

    def close(self) -> None:
        """Ends all streams; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for listener in self._listeners:
            listener.end()

    def _begin(self, listener: Listener) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners.add(listener)
        self._look.set()
        if self._task is None or self._task.done():
            self._look = asyncio.Event()
            self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        """Looks as long as anybody watches."""
        loop = asyncio.get_running_loop()
        checked = loop.time()
        try:
            while self._listeners:
                topics = frozenset[Topic]().union(*(one.topics for one in self._listeners))
                try:
                    found = await asyncio.to_thread(self._watch.look, topics)
                    if loop.time() - checked > HEARTBEAT:
                        checked = loop.time()
                        await asyncio.to_thread(self._check, list(self._listeners))
                except StoreError as error:
                    log.error("what is new cannot be looked at: %s", error)
                    found = {}
                for listener in list(self._listeners):
                    listener.see(found)
                self._look.clear()
                if self._listeners:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._pause(topics), self._every)
        finally:
            self._watch.close()

    async def _pause(self, topics: frozenset[Topic]) -> None:
        """Until somebody comes who watches something else, or nobody is left."""
        while self._listeners and all(one.topics <= topics for one in self._listeners):
            await self._look.wait()
            self._look.clear()

    def _check(self, listeners: list[Listener]) -> None:
        """Ends the streams of sessions that have ended."""
        with self._desks.borrow() as caseway:
            over = [one for one in listeners if not self._accounts.holds(caseway.connection, one.session)]
        for one in over:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(one.end)


class Watch:
    """How things stand, by topic, through a connection of its own. Used by one thread at a time."""

    def __init__(self, desks: Desks) -> None:
        self._caseway = desks.caseway
        self._connection: Connection | None = None
        self._version: Any = None
        self._kept: dict[Topic, str] = {}

    def look(self, topics: frozenset[Topic]) -> Mapping[Topic, str]:
        """The fingerprint of each topic; nothing is asked for again while nobody has written anything."""
        if self._connection is None:
            self._connection = self._caseway.database.connect()
            self._version, self._kept = None, {}
        version = self._connection.one(CHANGED[self._caseway.database.dialect])[0]
        if version != self._version or not self._kept.keys() >= topics:
            self._version, self._kept = version, self._look(self._connection, topics)
        return self._kept

    def _look(self, connection: Connection, topics: frozenset[Topic]) -> dict[Topic, str]:
        found: dict[Topic, str] = {}
        named: dict[str, list[str]] = {kind: [] for kind in KIND}
        for kind, name in sorted(topics):
            named[kind].append(name)
        for queue in named["queue"]:
            rows = queries.queue(connection, queue, limit=FIRST)
            first = [(row.case, row.task, row.priority, row.due) for row in rows]
            found["queue", queue] = _digest([first, queries.count(connection, queue)])
        held: dict[str, list[Any]] = {user: [] for user in named["user"]}
        for sql in PEOPLE:
            for row in _all(connection, sql, named["user"]):
                held[row[0]].append(tuple(row[1:]))
        found |= {("user", user): _digest(sorted(rows)) for user, rows in held.items()}
        revisions = dict(map(tuple, _all(connection, CASES, named["case"])))
        found |= {("case", case): str(revisions.get(case, 0)) for case in named["case"]}
        tasks = {f"{row[0]}/{row[1]}": row[2:] for row in _all(connection, TASKS, _cases(named["task"]))}
        found |= {("task", task): _digest(tuple(tasks.get(task, ()))) for task in named["task"]}
        if named["floor"]:
            found["floor", ""] = str(int(self._caseway.clock.now().timestamp()) // FLOOR)
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _all(connection: Connection, sql: str, names: list[str]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(names), 500):
        some = names[start : start + 500]
        rows += connection.all(sql % ", ".join("?" * len(some)), some)
    return rows


def _cases(tasks: Iterable[str]) -> list[str]:
    return sorted({task.partition("/")[0] for task in tasks})


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:20]


# --- the way in -------------------------------------------------------------------------------------

router = APIRouter()


@router.get("/live")
async def live(
    request: Request, inbox: str | None = Query(None, max_length=80), case: str = Query("", max_length=80),
    task: str = Query("", max_length=100), floor: bool = False,
) -> Response:  # fmt: skip
    """Events for one page: `inbox` (of all queues, or of the one named), `case`, `task` (number/task), `floor`."""
    listener = await run_in_threadpool(_listener, request, inbox, case, task, floor)
    found: Live = request.app.state.live
    if found.full(listener.user):
        raise Problem(503, "busy")
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(found.stream(listener), media_type="text/event-stream", headers=headers)


def _listener(request: Request, inbox: str | None, case: str, task: str, floor: bool) -> Listener:
    """Who watches what. Raises Problem for who has not signed in, and for what is not theirs to see; a case that is
    not theirs is as one that there is not."""
    app, session = request.app.state, request.state.session
    with app.desks.borrow() as caseway:
        if not session.user or not app.accounts.holds(caseway.connection, session):
            raise Problem(401, "unauthenticated")
        desk = Desk(caseway, session.user, request.state.language)
        topics: set[Topic] = set()
        if inbox is not None:
            serving = caseway.directory.serving(desk.user)
            topics |= {("queue", name) for name in serving if inbox in ("", name)} | {("user", desk.user)}
        if case:
            topics.add(("case", _seen(lambda: Opened(desk, case)).case))
        if task:
            number, _, token = task.rpartition("/")
            topics.add(("task", f"{_seen(lambda: approach(desk, number, _token(token))).case}/{_token(token)}"))
        if floor:
            if not sees_floor(desk):
                raise Problem(403, "floor", desk.say("floor.not_you"))
            topics.add(("floor", ""))
        return Listener(session, topics, request.headers.get("last-event-id", "")[:40])


def _seen(opened: Callable[[], Opened]) -> Opened:
    """A case that is opened. Raises Problem: the same whether there is none, or none for the user."""
    try:
        return opened()
    except Problem as problem:
        raise Problem(404, "unknown") from problem


def _token(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0
