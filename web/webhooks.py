"""Webhooks: who listens, and the calls that are made to them.

Theory of operation. What is to be told was written with the command that brought it about
(`engine.runtime.hooks`); here it is sent: signed as Standard Webhooks has it (`webhook-id`, `webhook-timestamp`,
`webhook-signature`: HMAC-SHA256 over `id.timestamp.body`), tried again ever more seldom for about a day, then
given up and listed. One receiver gets its calls one after the other, so that one that hangs keeps nobody else
waiting for long; a failure lets the rest of its calls wait as well. Order is not promised: the revision of the
case says which of two is newer.

Where a call may go is `web.reach`'s. Redirects are not followed, and no more is read of an answer than its status.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import anyio
import httpx

from bootstrap import Caseway
from engine.runtime.clock import new_id
from engine.runtime.errors import StoreError
from engine.runtime.hooks import Call, Calls, Tried
from engine.runtime.tables import micros
from web.reach import TIMEOUT, Address, Reach, Unreachable, fault

log = logging.getLogger(__name__)

MARK = "whsec_"
"""What a secret begins with, by Standard Webhooks."""
ROUND = 20.0
"""Seconds for all calls of a round."""
TIDY = 3600.0
"""Seconds between two clearings of what was finished long ago."""
GONE = 410
"""The status with which a receiver says that it is there no more."""

# --- what is sent -----------------------------------------------------------------------------------


def secret_of(caseway: Caseway, webhook: str, key: bytes) -> str:
    """What the receiver checks signatures with."""
    cipher = caseway.vault.cipher(webhook, key)
    return MARK + base64.b64encode(cipher.payload(b"webhook 1") + cipher.payload(b"webhook 2")).decode()


def signature(secret: str, id: str, at: datetime, body: bytes) -> str:
    """`v1,…`, as Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix(MARK))
    signed = f"{id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def body_of(call: Call) -> bytes:
    """The same bytes at every try."""
    data = {
        "case": call.case, "number": call.number, "process": call.process, "revision": call.revision,
        "events": call.events,
    }  # fmt: skip
    told = {"type": "case.changed" if call.case else "ping", "timestamp": call.at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


# --- delivery ---------------------------------------------------------------------------------------


STOPPED = Unreachable("回调已停用", "the webhook has been stopped")


@dataclass(frozen=True, slots=True)
class Receiver:
    id: str
    url: str
    secret: str


class Courier:
    """Makes the calls that are due, in step (`run_once`) or in a thread of its own (`start`)."""

    def __init__(self, caseway: Caseway, reach: Reach | None = None, poll: float = 1.0) -> None:
        self._caseway = caseway
        self._calls = Calls(caseway.runner)
        self._reach = reach or Reach()
        self._poll = poll
        self._connection = caseway.database.connect()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finishes the round that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(ROUND + TIMEOUT)
        self._connection.close()

    def _run(self) -> None:
        waited = TIDY
        while not self._stopping.is_set():
            try:
                while self.run_once() and not self._stopping.is_set():
                    pass
                if waited >= TIDY:
                    self._calls.tidy(self._caseway.clock.now())
                    waited = 0.0
            except StoreError as error:
                log.error("webhooks: %s", error)
            except Exception:
                log.exception("webhooks")
            self._stopping.wait(self._poll)
            waited += self._poll

    def run_once(self) -> int:
        """Makes the calls that are due; how many were tried."""
        now = self._caseway.clock.now()
        if (
            self._connection.one("SELECT 1 FROM webhook_calls WHERE state = 'pending' AND due <= ?", (micros(now),))
            is None
        ):
            return 0
        taken = self._calls.take(now)
        receivers = self._receivers()
        by = sorted(taken, key=lambda call: (call.webhook, call.at, call.case, call.revision))
        lots = [(receivers.get(webhook), list(calls)) for webhook, calls in groupby(by, lambda call: call.webhook)]
        tried: list[Tried] = []
        anyio.run(self._round, lots, tried)
        known = {one.call.id for one in tried}
        self._calls.report(tried, self._caseway.clock.now(), [call for call in taken if call.id not in known])
        return len(tried)

    def _receivers(self) -> dict[str, Receiver]:
        rows = self._connection.all("SELECT id, url, key FROM webhooks WHERE stopped_at IS NULL")
        return {id: Receiver(id, url, secret_of(self._caseway, id, bytes(key))) for id, url, key in rows}

    async def _round(self, lots: Sequence[tuple[Receiver | None, list[Call]]], tried: list[Tried]) -> None:
        with anyio.move_on_after(ROUND):
            async with anyio.create_task_group() as group:
                for receiver, calls in lots:
                    group.start_soon(self._serve, receiver, calls, tried)

    async def _serve(self, receiver: Receiver | None, calls: list[Call], tried: list[Tried]) -> None:
        """The calls of one receiver, until one fails."""
        if receiver is None:
            tried += [Tried(call, None, STOPPED.kept, gone=True) for call in calls]
            return
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False, limits=limits) as client:
            for call in calls:
                tried.append(await self._call(client, receiver, call))
                if tried[-1].error is not None:
                    return

    async def _call(self, client: httpx.AsyncClient, receiver: Receiver, call: Call) -> Tried:
        body, now = body_of(call), self._caseway.clock.now()
        try:
            with anyio.fail_after(TIMEOUT):
                address = await anyio.to_thread.run_sync(self._reach.address, receiver.url, abandon_on_cancel=True)
                request = _request(client, receiver, address, call.id, now, body)
                answer = await client.send(request, stream=True)
                await answer.aclose()
        except Unreachable as error:
            return Tried(call, None, error.kept)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # a TimeoutError is one
            return Tried(call, None, fault(error).kept)
        status = answer.status_code
        if answer.is_success:
            return Tried(call, status)
        return Tried(call, status, Unreachable(f"答复 {status}", f"answered {status}").kept, gone=status == GONE)


def _request(
    client: httpx.AsyncClient, receiver: Receiver, address: Address, id: str, now: datetime, body: bytes
) -> httpx.Request:
    """The call, to the address itself: the name might lead elsewhere when it is looked up once more."""
    url = httpx.URL(receiver.url)
    headers = {
        "host": url.netloc.decode(), "content-type": "application/json", "user-agent": "Caseway",
        "webhook-id": id, "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(receiver.secret, id, now, body),
    }  # fmt: skip
    extensions: dict[str, Any] = {"sni_hostname": url.host} if url.scheme == "https" else {}
    return client.build_request(
        "POST", url.copy_with(host=str(address)), headers=headers, content=body, extensions=extensions
    )


# --- who listens ------------------------------------------------------------------------------------


class Webhooks:
    """The webhooks of an installation."""

    def __init__(self, caseway: Caseway) -> None:
        self._caseway = caseway

    def add(self, url: str, events: Sequence[str], title: str, by: str) -> tuple[str, str]:
        """A new one; its id and its secret."""
        now = self._caseway.clock.now()
        id = new_id(now)
        key = self._caseway.vault.new_key(id)
        self._write(
            'INSERT INTO webhooks (id, url, events, title, "key", made_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?)',
            (id, url, json.dumps(sorted(set(events))), title, key, micros(now), by),
        )
        return id, secret_of(self._caseway, id, key)

    def renew(self, id: str) -> str | None:
        """Another secret, in place of the one there was; None if there is no such webhook."""
        key = self._caseway.vault.new_key(id)
        done = self._write('UPDATE webhooks SET "key" = ? WHERE id = ? AND stopped_at IS NULL', (key, id))
        return secret_of(self._caseway, id, key) if done else None

    def stop(self, id: str, why: str) -> bool:
        """Tells it nothing any more; what it was not told yet is dropped. False if there is none such."""
        at = micros(self._caseway.clock.now())
        done = self._write(
            "UPDATE webhooks SET stopped_at = ?, stopped_why = ? WHERE id = ? AND stopped_at IS NULL", (at, why, id)
        )
        self._write("DELETE FROM webhook_calls WHERE webhook = ? AND state = 'pending'", (id,))
        return bool(done)

    def ping(self, id: str) -> str:
        """Has a call without a case sent, to try the receiver; its id."""
        now = self._caseway.clock.now()
        call = new_id(now)
        self._write(
            "INSERT INTO webhook_calls (id, webhook, case_id, number, process, revision, events, at, state, attempts, "
            "due) VALUES (?, ?, '', '', '', 0, '[]', ?, 'pending', 0, ?)",
            (call, id, micros(now), micros(now)),
        )
        return call

    def _write(self, sql: str, parameters: tuple[Any, ...]) -> int:
        done = self._caseway.runner.write(lambda connection: connection.run(sql, parameters))
        self._caseway.listeners.refresh()
        return done
