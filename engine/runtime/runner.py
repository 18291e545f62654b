"""The runner: takes commands from any thread, answers each when it is durable (R4 to R9).

Theory of operation. Callers meet in a `Group`; its leader runs everybody's commands as one `Batch` in one
transaction. If the batch cannot be written, it is rolled back and its commands run again one by one, so that
one bad command costs the others time but nothing else. A lone command that collides with another writer, or
with a row that is there, is loaded and decided again, a few times. That a command's id has been used already
shows either when it is refused or when its row of history collides; so a first use costs no query (R5).
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from engine.core.commands import Refusal, Request, refusal
from engine.core.env import Env, Versions
from engine.core.machine import Machine
from engine.runtime.answers import Answer, Failed
from engine.runtime.batch import REFUSAL, Batch, Extras, Item, Shows, Task, Tools, Work, first_answer, refusal_row
from engine.runtime.cipher import VaultError
from engine.runtime.clock import stamp
from engine.runtime.database import Connection, Database
from engine.runtime.derive import projections as own_projections
from engine.runtime.errors import Collision, StoreError, Violation
from engine.runtime.group import Group
from engine.runtime.held import Cases, nobody
from engine.runtime.numbers import Numbers, statement
from engine.runtime.outgoing import Documenting, Listening, Sender
from engine.runtime.projection import Projection, Projector
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata
from engine.runtime.vault import Vault

log = logging.getLogger(__name__)

TRIES = 5
"""How often a lone command is loaded and decided again before its caller is told to try later."""

BUSY = refusal("busy", "他人正在修改本案，请重试", "others keep changing this case: try again")

T = TypeVar("T")

Observer = Callable[[Sequence[Task], Sequence[Any], int, int], None]
"""Hears of each batch that was run: what it was, what came of it, and from when to when, in nanoseconds
since 1970. Called by the thread that ran it, before anybody is answered: it takes no time and never fails."""


class Runner:
    """Runs commands on cases. One per process is enough; all methods may be called from any thread.

    versions: the deployed processes. environment: a fresh `Env` for each batch; the moment, the case's sealer
    and its number are filled in here. projections: of the components; the shell's own come by themselves.
    keep: how long each known message waits for a catcher. shows: see `Shows`. site: for business numbers.
    listeners: programs outside that are told of what happens. documents: what keeps notices as documents.
    ring: is called after a commit that leaves work behind that is due at once (`engine.runtime.bell`).
    """

    def __init__(
        self,
        database: Database,
        machine: Machine,
        versions: Versions,
        environment: Callable[[], Env],
        vault: Vault,
        projections: Iterable[Projection] = (),
        *,
        keep: Mapping[str, timedelta] | None = None,
        shows: Shows | None = None,
        site: str = "",
        listeners: Listening | None = None,
        documents: Documenting | None = None,
        extras: Extras | None = None,
        ring: Callable[[], object] = lambda: None,
    ) -> None:
        statements, shows = Statements(database.dialect), shows or {}
        lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
        self.database = database
        self.machine = machine
        self.versions = versions
        self.sender = Sender(statements, {} if keep is None else keep, listeners, documents)
        self._connection = database.connect(hot=True)
        self._tools = Tools(
            machine=machine,
            versions=versions,
            environment=environment,
            extras=extras,
            new_key=vault.new_key,
            cipher=vault.cipher,
            cases=Cases(database.dialect),
            projector=Projector([*own_projections(versions), *projections], statements),
            sender=self.sender,
            owner=shows.get("owner", nobody),
            search=shows.get("search", nobody),
            numbers=partial(Numbers, site=site, lock=lock),
            refusals=statements.insert(metadata.tables["refusals"], REFUSAL),
            counters=statement(statements),
        )
        self._group = Group(self._run)
        self._observers: list[Observer] = []
        self.ring = ring

    def submit(self, request: Request) -> Answer:
        """The answer to one command, once it is durable. Raises StoreError when the database fails."""
        return self.submit_items([Item(request)])[0]

    def submit_many(self, requests: Iterable[Request]) -> list[Answer]:
        """The answers in order, all in one transaction if that can be written; each stands alone (R4)."""
        return self.submit_items([Item(request) for request in requests])

    def submit_items(self, items: Iterable[Item], machine: bool = False) -> list[Answer]:
        """The same for items; `machine` lets people's commands go first (R10)."""
        entries = list(items)
        return [_given(result) for result in self._group.submit(entries, machine)] if entries else []

    def write(self, run: Callable[[Connection], T], machine: bool = False) -> T:
        """Does something else in a transaction of the runner's, and returns its result once it is durable.
        `run` may be called again after a rollback, and leaves the rows of cases alone: they are kept in memory."""
        result: T = _given(self._group.submit([Work(run)], machine)[0])
        return result

    def note_refused(self, request: Request, refusal: Refusal) -> None:
        """Keeps what was refused before it came here (R3)."""
        self.write(lambda connection: connection.bulk(self._tools.refusals, [refusal_row(request, refusal)]))

    def observe(self, observer: Observer) -> None:
        """Lets an observer hear of every batch from now on."""
        self._observers.append(observer)
        self._group.run = self._watched

    def close(self) -> None:
        self._connection.close()

    # --- the leader's part ------------------------------------------------------------------------

    def _watched(self, tasks: list[Task]) -> list[Any]:
        began = stamp()
        results = self._run(tasks)
        ended = stamp()
        for observer in self._observers:
            observer(tasks, results, began, ended)
        return results

    def _run(self, tasks: list[Task]) -> list[Any]:
        if len(tasks) > 1:
            try:
                return self._attempt(tasks)
            except StoreError:
                raise
            except Exception as error:
                log.info("a batch of %d runs again one by one: %s", len(tasks), error)
        return [self._alone(task) for task in tasks]

    def _attempt(self, tasks: list[Task]) -> list[Any]:
        connection = self._connection
        connection.begin()
        try:
            batch = Batch(self._tools, connection)
            answers = batch.run(tasks)
            connection.commit()
        except BaseException:
            self._tools.cases.forget()
            connection.rollback()
            raise
        self._tools.cases.keep(batch.cases)
        if batch.stirs:
            self.ring()
        return answers

    def _alone(self, task: Task) -> Any:
        """The answer, or the error that its caller will see."""
        reason: Exception | None = None
        for _ in range(TRIES):
            try:
                if isinstance(reason, Violation) and isinstance(task, Item):
                    first = self._first(task.request)
                    if first is not None:
                        return first
                return self._attempt([task])[0]
            except (Collision, Violation) as error:
                reason = error
            except (StoreError, VaultError) as error:
                return error
            except Exception as error:
                if isinstance(task, Work):
                    return error
                log.exception("%s could not be written", type(task.request.command).__name__)
                return Failed(f"The command could not be written: {error}. Nothing was changed; see the log.")
        if isinstance(task, Item) and isinstance(reason, Collision):
            return BUSY
        return StoreError(
            f"The database refuses what should be written: {reason}.",
            "Nothing was changed; report it with the log.",
        )

    def _first(self, request: Request) -> Answer | None:
        """What was answered to the command that has used this id already."""

        def look(connection: Connection) -> Answer | None:
            first = first_answer(self._tools, connection, request)
            if isinstance(first, Refusal):
                connection.bulk(self._tools.refusals, [refusal_row(request, first)])
            return first

        first: Answer | None = self._attempt([Work(look)])[0]
        return first


def _given(result: Any) -> Any:
    if isinstance(result, Exception):
        raise result
    return result
