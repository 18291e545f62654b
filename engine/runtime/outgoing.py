"""What a case sends out becomes rows in the transaction that sends it (R2): messages, notices, and commands
for other cases, which the sweeper runs later, exactly once. Ids follow from the cause, so that a repeat is
harmless."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from engine.core import commands as c
from engine.core import events as e
from engine.core.commands import Command, Request
from engine.runtime.cipher import CaseCipher
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.statements import Statements
from engine.runtime.tables import metadata, micros

KEEP = timedelta(days=7)
"""How long a message waits for somebody to catch it, unless house.yaml says otherwise (R22)."""

MESSAGE = ("id", "name", "key", "payload", "sender", "arrived", "expires", "state", "due")
INBOX = ("id", "case_id", "command", "ground", "created", "due", "attempts")
NOTICE = ("id", "case_id", "step", "to", "template", "facts", "created", "due", "attempts")

encode = msgspec.json.Encoder(order="sorted").encode
Row = tuple[Any, ...]
Signal = tuple[str, str, Request, datetime, int]
Link = tuple[e.ActRequested, Request, datetime, int]


class Outgoing:
    """The rows that a command, or a batch of them, sends out."""

    __slots__ = ("calls", "documents", "inbox", "links", "looks", "messages", "notices", "signals")

    def __init__(self) -> None:
        self.messages: list[Row] = []
        self.inbox: list[Row] = []
        self.notices: list[Row] = []
        self.signals: list[Signal] = []
        self.links: list[Link] = []
        self.looks: list[Row] = []  # messages that somebody waits for now
        self.calls: list[Row] = []  # what programs outside are told
        self.documents: list[Row] = []

    @property
    def stirs(self) -> bool:
        """Whether somebody has work with it at once."""
        return bool(
            self.messages or self.inbox or self.notices or self.signals or self.links or self.looks or self.calls
        )

    def add(self, other: "Outgoing") -> None:
        self.messages += other.messages
        self.inbox += other.inbox
        self.notices += other.notices
        self.signals += other.signals
        self.links += other.links
        self.looks += other.looks
        self.calls += other.calls
        self.documents += other.documents


class Listening(Protocol):
    """Who is told outside of what happens: `engine.runtime.hooks`."""

    wanted: Mapping[str, Any]

    def calls(
        self, request: str, flow: Any, revision: int, events: list[e.Event], case: str, now: datetime
    ) -> list[Row]: ...

    def write(self, connection: Connection, rows: list[Row]) -> None: ...


class Documenting(Protocol):
    """Keeps notices as documents: `notices.store`."""

    def row(
        self, event: e.NoticeRequested, flow: Any, case: str, revision: int, place: int, cipher: CaseCipher
    ) -> Row | None: ...

    def write(self, connection: Connection, rows: list[Row]) -> None: ...


class Sender:
    """Makes the rows. `keep`: for each known message name, how long it waits. `listeners`: who is told outside.
    `documents`: what keeps the notices that are documents."""

    def __init__(
        self,
        statements: Statements,
        keep: Mapping[str, timedelta],
        listeners: Listening | None = None,
        documents: Documenting | None = None,
    ) -> None:
        tables = metadata.tables
        self.keep = keep
        self.listeners = listeners
        self.documents = documents
        self._messages = statements.insert_new(tables["messages"], MESSAGE)
        self._inbox = statements.insert_new(tables["inbox"], INBOX)
        self._notices = statements.insert_new(tables["outbox"], NOTICE)

    def collect(
        self, request: Request, events: list[e.Event], now: datetime, flow: Any, revision: int, cipher: CaseCipher
    ) -> Outgoing | None:
        """What these events send out, or None. flow: the case's, after them; cipher: the case's."""
        out: Outgoing | None = None
        if not SENDS.keys().isdisjoint(map(type, events)):
            for index, event in enumerate(events):
                send = SENDS.get(type(event))
                if send is not None:
                    out = out or Outgoing()
                    send(self, out, request, index, event, now)
                    if self.documents is not None and type(event) is e.NoticeRequested:
                        made = self.documents.row(event, flow, request.case, revision, index, cipher)
                        if made is not None:
                            out.documents.append(made)
        if self.listeners is not None and self.listeners.wanted:
            calls = self.listeners.calls(request.id, flow, revision, events, request.case, now)
            if calls:
                out = out or Outgoing()
                out.calls = calls
        return out

    def write(self, connection: Connection, out: Outgoing) -> None:
        for name, key, request, now, index in out.signals:
            command = c.DeliverSignal(name, key)
            for (case,) in connection.all(WAITING, (name, key)):
                ident = derived_id(now, index, request.id, case)
                out.inbox.append(inbox_row(ident, case, command, _ground(request), now))
        for act, request, now, index in out.links:
            out.inbox.append(_linked(connection, act, request, now, index))
        for row in out.looks:
            connection.run(LOOK, row)
        if out.messages:
            connection.bulk(self._messages, out.messages)
        if out.inbox:
            connection.bulk(self._inbox, out.inbox)
        if out.notices:
            connection.bulk(self._notices, out.notices)
        if out.documents and self.documents is not None:
            self.documents.write(connection, out.documents)
        if out.calls and self.listeners is not None:
            self.listeners.write(connection, out.calls)

    def message(self, ident: str, name: str, key: str, payload: Any, sender: str, now: datetime) -> Row:
        arrived, kept = micros(now), self.keep.get(name, KEEP)
        expires = micros(now + kept)
        return (ident, name, key, encode(payload).decode(), sender, arrived, expires, "pending", arrived)


NUMBERED = "SELECT id FROM cases WHERE number = ?"
LOOK = "UPDATE messages SET due = ? WHERE name = ? AND key = ? AND due > ?"
WAITING = "SELECT DISTINCT case_id FROM waits WHERE kind = 'signal' AND name = ? AND key IN ('', ?) ORDER BY case_id"


def inbox_row(ident: str, case: str, command: Command, ground: str, now: datetime) -> Row:
    at = micros(now)
    return (ident, case, encode(command).decode(), ground, at, at, 0)


def _ground(request: Request) -> str:
    return f"case {request.case}, command {request.id}"


def _command(out: Outgoing, request: Request, index: int, now: datetime, case: str, command: Command) -> None:
    ident = derived_id(now, index, request.id, case)
    out.inbox.append(inbox_row(ident, case, command, _ground(request), now))


def _message(sender: Sender, out: Outgoing, request: Request, index: int, event: e.MessageSent, now: datetime) -> None:
    row = sender.message(event.id, event.message, event.key, event.payload, f"case {request.case}", now)
    out.messages.append(row)


def _signal(sender: Sender, out: Outgoing, request: Request, index: int, event: e.SignalSent, now: datetime) -> None:
    out.signals.append((event.signal, event.key, request, now, index))


def _notice(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.NoticeRequested, now: datetime
) -> None:
    at = micros(now)
    to, facts = encode(event.to).decode(), encode(event.facts).decode()
    out.notices.append((event.id, request.case, event.step, to, event.template, facts, at, at, 0))


def _wait_opened(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.WaitOpened, now: datetime
) -> None:
    """A message that came early (R22) is to be looked at again."""
    if event.kind == "message":
        at = micros(now)
        out.looks.append((at, event.name, event.key, at))


def _called(sender: Sender, out: Outgoing, request: Request, index: int, event: e.CaseCalled, now: datetime) -> None:
    start = c.StartCase(event.process, event.data, event.version, request.case, event.token, "call")
    _command(out, request, index, now, event.case, start)


def _call_closed(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.CallClosed, now: datetime
) -> None:
    if event.cancelled:
        cancel = c.CancelCase(f"case {request.case}, which called it, no longer waits for it")
        _command(out, request, index, now, event.case, cancel)


def _returned(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.CaseReturned, now: datetime
) -> None:
    finish = c.FinishCall(event.parent_token, request.case, event.end, event.data, event.error)
    _command(out, request, index, now, event.parent, finish)


def _escalated(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.EscalatedToParent, now: datetime
) -> None:
    _command(out, request, index, now, event.parent, c.EscalateCall(event.parent_token, request.case, event.name))


def _link_told(sender: Sender, out: Outgoing, request: Request, index: int, event: e.LinkTold, now: datetime) -> None:
    note = c.NoteLink(request.case, event.kind, event.by, event.reason, event.merged)
    _command(out, request, index, now, event.case, note)


def _decision_told(
    sender: Sender, out: Outgoing, request: Request, index: int, event: e.DecisionTold, now: datetime
) -> None:
    _command(out, request, index, now, event.case, c.NoteDecision(request.case, event.end))


def _act(sender: Sender, out: Outgoing, request: Request, index: int, event: e.ActRequested, now: datetime) -> None:
    """Which case a number stands for is known when it is written; the acts of other components need nothing sent."""
    if event.act == "link":
        out.links.append((event, request, now, index))


def _linked(connection: Connection, act: e.ActRequested, request: Request, now: datetime, index: int) -> Row:
    """The command with which the case relates itself to the one of that number, later; or hears that there is none."""
    number = str(act.args.get("to") or "")
    found = connection.one(NUMBERED, (number,))
    command: Command = c.MissCase(number, act.source)
    if found is not None:
        command = c.LinkCases(found[0], str(act.args.get("as") or "related"), act.source)
    return inbox_row(derived_id(now, index, request.id, request.case), request.case, command, _ground(request), now)


Send = Callable[[Sender, Outgoing, Request, int, Any, datetime], None]
SENDS: Mapping[type[e.Event], Send] = {
    e.MessageSent: _message,
    e.SignalSent: _signal,
    e.NoticeRequested: _notice,
    e.WaitOpened: _wait_opened,
    e.CaseCalled: _called,
    e.CallClosed: _call_closed,
    e.CaseReturned: _returned,
    e.EscalatedToParent: _escalated,
    e.LinkTold: _link_told,
    e.DecisionTold: _decision_told,
    e.ActRequested: _act,
}
