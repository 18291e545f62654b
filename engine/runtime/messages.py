"""Messages (R22): taken in once, kept for a while, given to at most one case of each process.

Theory of operation. A message is a row with a moment `due` at which somebody should look who waits for it:
when it arrives, when a case begins to wait for its name and key (`outgoing`), and once more a minute later,
for two writers who did not see each other; at last when it expires. Among the cases of a process the one that
waits longest gets it; if that one refuses, the next. When nobody waits in any process, and nobody has got it,
a process that starts with this message starts a case. The row that says who got it is written in the
transaction in which the case takes it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from engine.core.commands import Command, DeliverMessage, Refusal, Request, StartCase, refusal
from engine.core.model import Process
from engine.core.naming import aside
from engine.core.operators import EvaluationError
from engine.runtime.answers import Accepted, Answer
from engine.runtime.batch import ANOTHER, Item, Step
from engine.runtime.clock import derived_id
from engine.runtime.database import Connection
from engine.runtime.door import unfit
from engine.runtime.outgoing import MESSAGE
from engine.runtime.runner import Runner
from engine.runtime.tables import EPOCH, micros, moment

MOST = 256
MOST_PAYLOAD = 200_000
"""Characters of what it carries, as JSON."""
AGAIN = timedelta(minutes=1)

TAKE_IN = f"INSERT INTO messages ({', '.join(MESSAGE)}) VALUES ({', '.join('?' * len(MESSAGE))}) ON CONFLICT DO NOTHING"
SAME = "SELECT name, key, payload FROM messages WHERE id = ?"
DUE = f"SELECT id, name, key, payload, arrived, expires, due FROM messages WHERE due <= ? ORDER BY due, id LIMIT {MOST}"
WAITING = (
    "SELECT process, case_id FROM waits WHERE kind = 'message' AND name = ? AND key = ? ORDER BY since, case_id, id"
)
GOT = "SELECT process FROM deliveries WHERE message_id = ?"
DELIVER = "INSERT INTO deliveries (message_id, process, case_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
DELIVERED = "UPDATE messages SET state = 'delivered' WHERE id = ?"
LOOKED = "UPDATE messages SET due = ? WHERE id = ? AND due = ?"
EXPIRED = (
    "UPDATE messages SET due = NULL, state = CASE state WHEN 'pending' THEN 'undelivered' ELSE state END WHERE id = ?"
)

Starts = Callable[[str], Iterable[Process]]
"""The processes that a message of this name starts."""


class Message(NamedTuple):
    """A message that is due; moments in microseconds."""

    id: str
    name: str
    key: str
    payload: str
    arrived: int
    expires: int
    due: int


def receive(
    runner: Runner, ident: str, name: str, key: str, payload: dict[str, Any], sender: str, now: datetime
) -> Refusal | None:
    """Takes a message in; the sweeper delivers it. None when it is in, the same one a second time included."""
    known = runner.sender.keep
    if name not in known:
        en = f"expected a message that house.yaml names, not {name!r}{aside(name, known)}"
        return refusal("message", f"没有消息 {name}", en)
    refused = unfit({"id": ident, "key": key})
    if refused is not None:
        return refused
    row = runner.sender.message(ident, name, key, payload, sender, now)
    size = len(row[MESSAGE.index("payload")])
    if size > MOST_PAYLOAD:
        en = f"message {name}: at most {MOST_PAYLOAD} characters of JSON are taken in, not {size}"
        return refusal("payload", f"消息 {name}：内容至多 {MOST_PAYLOAD} 个字符", en)

    def take_in(connection: Connection) -> Refusal | None:
        if connection.run(TAKE_IN, row) or tuple(connection.one(SAME, (ident,))) == row[1:4]:
            return None
        return ANOTHER

    refused = runner.write(take_in)
    runner.ring()
    return refused


def deliver(runner: Runner, connection: Connection, starts: Starts, now: datetime) -> int:
    """Looks who waits for the messages that are due; returns how many deliveries were made."""
    found = [Message(*row) for row in connection.all(DUE, (micros(now),))]
    found.sort(key=lambda message: (message.arrived, message.id))
    expired = [message for message in found if message.expires <= micros(now)]
    kept = [message for message in found if message.expires > micros(now)]
    made = sum(_look(runner, connection, message, starts, now) for message in kept)

    def settle(connection: Connection) -> None:
        for message in expired:
            connection.run(EXPIRED, (message.id,))
        for message in kept:
            again = message.arrived + AGAIN // timedelta(microseconds=1)
            later = again if micros(now) < again < message.expires else message.expires
            connection.run(LOOKED, (later, message.id, message.due))

    if found:
        runner.write(settle, machine=True)
    return made


def _look(runner: Runner, connection: Connection, message: Message, starts: Starts, now: datetime) -> int:
    waiting = connection.all(WAITING, (message.name, message.key))
    got = {row[0] for row in connection.all(GOT, (message.id,))}
    if not waiting and not got:
        return sum(_start(runner, message, process, now) for process in starts(message.name))
    payload = msgspec.json.decode(message.payload)
    command = DeliverMessage(message.name, message.key, payload)
    made = 0
    for process, case in waiting:
        if process not in got and _give(runner, message, process, case, command, now):
            got.add(process)
            made += 1
    return made


def _start(runner: Runner, message: Message, process: Process, now: datetime) -> bool:
    payload = msgspec.json.decode(message.payload)
    data: dict[str, Any] = {} if process.start.into else payload
    case = derived_id(moment(message.arrived), 0, message.id, process.name)
    try:
        if process.start.key is not None:  # two with the same key start one case: the second finds it there
            case = derived_id(EPOCH, 0, process.name, str(process.start.key.json(payload)))
        for assign in process.start.into:
            place = data
            for name in assign.path[:-1]:
                place = place.setdefault(name, {})
            place[assign.path[-1]] = assign.value.json(payload)
    except EvaluationError:
        data = payload  # the case's own check at the door says what is wrong with it
    return _give(runner, message, process.name, case, StartCase(process.name, data, by="message"), now)


def _give(runner: Runner, message: Message, process: str, case: str, command: Command, now: datetime) -> bool:
    """Whether the case took it."""

    def also(answer: Answer) -> Iterable[Step]:
        if not isinstance(answer, Accepted):
            return []
        return [(DELIVER, (message.id, process, case, micros(now))), (DELIVERED, (message.id,))]

    ident = derived_id(moment(message.arrived), 1, message.id, case)
    request = Request(ident, case, command, "system", now, f"message {message.id}")
    return isinstance(runner.submit_items([Item(request, also)], machine=True)[0], Accepted)
