"""One transaction's worth of commands: load the cases, decide in memory, write everything at once.

Theory of operation. The cases of the batch come in with one query, under the write lock (SQLite) or their row
locks (PostgreSQL). Commands are decided in order of arrival, each on its predecessor's state (R4). A refused
or failing command spoils the state it was given, so that state is thrown away and read again from its last
good text when the next command needs it. What accepted commands change is collected and goes out as one
statement per table; every update of a case is guarded by the revision that was loaded.

A batch never outlives its transaction: after a rollback a new one loads everything again. The cases of one that
was committed are kept for the next (`engine.runtime.held`).
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from engine.core.commands import Command, MigrateCase, Refusal, Request, StartCase, refusal
from engine.core.env import Env, Versions
from engine.core.events import Event
from engine.core.machine import Machine
from engine.core.model import Process
from engine.runtime.answers import Accepted, Answer, Failed, Kept, decode_answer, encode_answer
from engine.runtime.chain import START
from engine.runtime.cipher import CaseCipher, VaultError
from engine.runtime.database import Connection
from engine.runtime.errors import Collision, StoreError, Violation
from engine.runtime.held import Cases, Held, fixed, shown
from engine.runtime.history import StoredRow, decode_row, encode_row
from engine.runtime.numbers import Numbers
from engine.runtime.outgoing import Outgoing, Sender
from engine.runtime.projection import Changes, Projector
from engine.runtime.tables import micros

log = logging.getLogger(__name__)

REFUSAL = ("command_id", "case_id", "command", "actor", "ground", "at", "code", "text")
OF_COMMAND = (
    f"SELECT {', '.join(f'h.{name}' for name in StoredRow._fields)} "
    "FROM given_ids g JOIN history h ON h.case_id = g.case_id AND h.seq = g.seq WHERE g.id = ?"
)
HASH = "SELECT hash FROM history WHERE case_id = ? AND seq = ?"
ANOTHER = refusal(
    "repeated",
    "此编号已用于另一请求，请换一个编号",
    "the id of this command has been used for another one: give it an id of its own",
)

Step = tuple[str, tuple[Any, ...]]
"""A statement that must touch exactly one row, with its parameters."""

Shows = Mapping[str, Callable[[Any], str | None]]
"""Columns of the case's row that components fill from the state: `owner`, `search`."""


Also = Callable[[Answer], Iterable[Step]]

Extras = Callable[[Connection, Callable[[], Mapping[str, Any]]], Mapping[str, Any]]
"""`Env.extras` of a batch, from its connection and the states of the cases whose rows are behind, by id."""


class Item(NamedTuple):
    """A request, and what else happens in its transaction, given its answer (the inbox row that it came from
    goes). A step that does not touch exactly one row shows that somebody else has done this already."""

    request: Request
    also: Also | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Something else to do in a transaction. It is run again if that is rolled back."""

    run: Callable[[Connection], Any]


Task = Item | Work


@dataclass(frozen=True, slots=True)
class Tools:
    """What every batch works with."""

    machine: Machine
    versions: Versions
    environment: Callable[[], Env]  # without the moment, the sealer and the number
    extras: Extras | None  # what components look up for deciding, in the transaction itself
    new_key: Callable[[str], bytes]
    cipher: Callable[[str, bytes | None], CaseCipher]
    cases: Cases
    projector: Projector
    sender: Sender
    owner: Callable[[Any], str | None]
    search: Callable[[Any], str | None]
    numbers: Callable[[Connection], Numbers]
    refusals: str  # statement
    counters: str  # statement


class Batch:
    """See above. `run` gives the answers in order, within the transaction that the caller has begun."""

    def __init__(self, tools: Tools, connection: Connection) -> None:
        self._tools = tools
        self._connection = connection
        self._held: dict[str, Held] = {}
        self._base = tools.environment()
        if tools.extras is not None:
            self._base = replace(self._base, extras=tools.extras(connection, self._moved))
        self._numbers = tools.numbers(connection)
        self._begin()
        self._done: dict[str, tuple[str, bytes, Accepted]] = {}  # by the command's id

    def run(self, tasks: Iterable[Task]) -> list[Any]:
        tasks = list(tasks)
        connection, tools = self._connection, self._tools
        ids = {task.request.case: None for task in tasks if type(task) is Item}
        if ids:
            self._held = tools.cases.load(connection, list(ids))
        answers = [self._answer(task.request) if type(task) is Item else None for task in tasks]
        self._write()
        for index, task in enumerate(tasks):
            if type(task) is Work:
                answers[index] = task.run(connection)
            elif type(task) is Item and task.also is not None:
                answer = answers[index]
                assert answer is not None
                for sql, parameters in task.also(answer):
                    if connection.run(sql, parameters) != 1:
                        raise Collision("somebody else has done this already")
        return answers

    def _write(self) -> None:
        """Writes what has been noted."""
        connection, tools = self._connection, self._tools
        tools.cases.write(connection, self._held.values(), self._history, tools.machine.encode)
        tools.projector.write(connection, self._changes)
        self._numbers.write(tools.counters)
        tools.sender.write(connection, self._out)
        if self._refusals:
            connection.bulk(tools.refusals, self._refusals)

    def _begin(self) -> None:
        self._changes: dict[int, Changes] = {}
        self._history: list[StoredRow] = []
        self._out = Outgoing()
        self._refusals: list[tuple[Any, ...]] = []

    def _moved(self) -> dict[str, Any]:
        """The states of the cases that this batch has moved: their rows are written when it ends."""
        decode = self._tools.machine.decode
        return {
            id: held.state if held.text is None else decode(held.text) for id, held in self._held.items() if held.moved
        }

    @property
    def stirs(self) -> bool:
        """Whether it leaves work behind that is due at once."""
        return self._out.stirs or self._tools.projector.stirs(self._changes)

    @property
    def cases(self) -> dict[str, Held]:
        """The cases as they now are."""
        return self._held

    # --- one command ------------------------------------------------------------------------------

    def _answer(self, request: Request) -> Answer:
        if request.id in self._done:
            case, command, first = self._done[request.id]
            same = case == request.case and command == self._tools.machine.encode(request.command)
            return _repeated(first) if same else self._refuse(request, ANOTHER)
        held = self._held.get(request.case)
        process = None
        try:
            found = self._open(request, held)
            if isinstance(found, Refusal):
                return self._first(request) or self._refuse(request, found)
            held, process = found
            return self._decide(request, held, process)
        except (StoreError, Violation, Collision):
            raise
        except VaultError as error:
            return Failed(str(error), "key")
        except Exception as error:
            log.exception("%s on case %s failed", type(request.command).__name__, request.case)
            return self._first(request) or Failed(self._explain(request, process, error))
        finally:
            if held is not None and held.text is not None:
                held.state = None  # spoiled: read it again from the text

    def _open(self, request: Request, held: Held | None) -> tuple[Held, Process] | Refusal:
        """The case, its state ready to be decided on, and its process."""
        tools, command = self._tools, request.command
        if held is None:
            if not isinstance(command, StartCase):
                return refusal("unknown", f"没有案件 {request.case}", f"there is no case {request.case}")
            process = tools.versions.process(command.process, command.version)
            if process is None:
                en = f"expected a deployed process, there is none named {command.process}"
                return refusal("process", f"没有已部署的流程 {command.process}", en)
            held = Held(request.case, tools.new_key(request.case))
            held.cipher = tools.cipher(held.id, held.key)
            held.state = tools.machine.new()
            return held, process
        if held.text is None:
            held.text = tools.machine.encode(held.state)  # from here on a refusal falls back to it
        elif held.key is None:
            return refusal("destroyed", f"案件 {request.case} 已销毁", f"case {request.case} has been destroyed")
        elif held.state is None:
            held.state = tools.machine.decode(held.text)
        if held.cipher is None:
            held.cipher = tools.cipher(held.id, held.key)
        name, version = held.shown[:2]
        process = tools.versions.process(name, version)
        if process is None:
            raise LookupError(f"version {version} of {name} is not deployed here: deploy it again")
        return held, process

    def _decide(self, request: Request, held: Held, process: Process) -> Answer:
        tools, state, cipher = self._tools, held.state, held.cipher
        assert cipher is not None
        last = state.flow.last
        now = request.at if last is None or last < request.at else last  # R9
        secrets = process.secrets or type(request.command) is MigrateCase  # the other version may have some
        env = replace(self._base, now=now, sealer=cipher.sealer if secrets else None)
        if type(request.command) is StartCase:
            env = replace(env, number=partial(self._number, request.case, env))  # holds the one before: no cycle
        self._numbers.begin()
        try:
            events = tools.machine.decide(process, state, request, env)
            if isinstance(events, Refusal):
                self._numbers.discard()
                return self._first(request) or self._refuse(request, events, process)
            return self._accept(request, held, events, now)
        except BaseException:
            self._numbers.discard()
            raise

    def _number(self, case: str, env: Env, process: Process) -> str:
        return self._numbers.take(process, case, env)

    def _accept(self, request: Request, held: Held, events: list[Event], now: datetime) -> Accepted:
        """Notes what the command changes. Whatever may fail comes before the first note."""
        tools, case, state, at = self._tools, request.case, held.state, micros(now)
        encode, flow, seq, cipher = tools.machine.encode, held.state.flow, held.seq + 1, held.cipher
        assert cipher is not None
        command = encode(request.command)
        answer = Accepted(case, flow.number, seq, events)
        row = encode_row(
            cipher, held.head, case, seq, request.id, at,
            actor=request.actor, command=command, answer=encode_answer(Kept(flow.number, seq)),
            events=encode(events), ground=request.ground,
        )  # fmt: skip
        out = tools.sender.collect(request, events, now, flow, seq, cipher)
        columns = shown(state, at, held.shown[-1] if held.shown else None, tools.owner, tools.search)
        tools.projector.project(self._changes, case, state, events, at)
        held.moved = True
        if not held.seq:
            self._held[case] = held
            held.fixed = fixed(flow)
        held.seq, held.head, held.last_at, held.shown, held.text = seq, row.hash, at, columns, None
        self._history.append(row)
        self._done[request.id] = (case, command, answer)
        if out is not None:
            self._out.add(out)
            if out.signals:
                self._write()  # a signal reaches those who wait now, not those of later in the batch
                self._begin()
        return answer

    # --- not accepted -----------------------------------------------------------------------------

    def _first(self, request: Request) -> Answer | None:
        """What the same command was answered before (R5); a refusal when its id was another's; or None."""
        first = first_answer(self._tools, self._connection, request)
        return self._refuse(request, first) if isinstance(first, Refusal) else first

    def _refuse(self, request: Request, refusal: Refusal, process: Process | None = None) -> Refusal:
        self._refusals.append(refusal_row(request, refusal, process))
        return refusal

    def _explain(self, request: Request, process: Process | None, error: Exception) -> str:
        kind = type(request.command).__name__
        runs = f" ({process.name}, version {process.version[:12]})" if process else ""
        held = self._held.get(request.case)
        good = self._tools.machine.decode(held.text).flow if held and held.text else None
        step = _step(good, request.command)
        where = f"case {good.number or request.case}" if good else f"case {request.case}"
        return (
            f"{kind} on {where}{runs}{f' at {step}' if step else ''} hit a fault of the program: "
            f"{type(error).__name__}: {error}. Nothing was changed. Report it with the log; "
            "after an update the command may be sent again."
        )


def refusal_row(request: Request, refusal: Refusal, process: Process | None = None) -> tuple[Any, ...]:
    """The audit's row of a refusal, for `Tools.refusals` (R3). Of what was said only the process's own fields are
    named: the rest may repeat what was typed, or what the case knows."""
    kind, at = type(request.command).__name__, micros(request.at)
    said = {path.split(".")[0].split("[")[0] for path in refusal.fields}
    known = ", ".join(name for name in (process.names if process else ()) if name in said)
    return (request.id, request.case, kind, request.actor, request.ground, at, refusal.code, known)


def first_answer(tools: Tools, connection: Connection, request: Request) -> Answer | None:
    """What a command with this id was answered before; a refusal when it was another command; or None."""
    found = connection.one(OF_COMMAND, (request.id,))
    if found is None:
        return None
    row = StoredRow(*found)
    held = tools.cases.load(connection, [row.case_id]).get(row.case_id)
    if held is None or held.key is None or row.case_id != request.case:
        return ANOTHER
    cipher = tools.cipher(held.id, held.key)
    if cipher.payload(tools.machine.encode(request.command)) != bytes(row.payload_hash):
        return ANOTHER
    previous = START if row.seq == 1 else connection.one(HASH, (row.case_id, row.seq - 1))[0]
    opened = decode_row(cipher, previous, row)
    kept = decode_answer(opened.answer)
    return Accepted(row.case_id, kept.number, kept.revision, tools.machine.decode_events(opened.events), True)


def _repeated(first: Accepted) -> Accepted:
    return Accepted(first.case, first.number, first.revision, first.events, True)


def _step(flow: Any, command: Command) -> str:
    """The step that a command is about, as far as it says so."""
    if flow is None:
        return ""
    token = getattr(command, "task", None) or getattr(command, "token", None)
    for name, kept in (("job", flow.jobs), ("timer", flow.timers), ("incident", flow.incidents)):
        entry = kept.get(getattr(command, name, None))
        token = token if entry is None else entry.token
    found = flow.tokens.get(token)
    return "" if found is None else found.at
