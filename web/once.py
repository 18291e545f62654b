"""Requests that change something besides cases, done once under an `Idempotency-Key`.

Theory of operation. A command to a case keeps its own id (docs/decisions/007). Every other endpoint that changes
something is wrapped here, after whoever asks has been let in by all that guards it: a row is kept for the user's key
before the work is done, and what was answered is written to it afterwards. The same request under the key gets that
answer again; another is refused. A request that was refused leaves nothing and may be sent again. Where a row has no
answer, the first is still under way or was cut off: whoever asks is told to look, as doing it twice is what the key
is there to prevent.

Neither the key nor what was sent is kept, but digests of them under a key that follows from the installation's: a
password is in some of them. Of answers that show a secret once, only that they were given is kept.
"""

import hashlib
import hmac
import inspect
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Annotated, Any

from fastapi import Header
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bootstrap import Caseway
from engine.runtime.database import Connection
from engine.runtime.tables import micros
from engine.runtime.vault import Vault
from web.desk import Desk
from web.guard import UNSAFE
from web.problems import Problem

Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
LIFE = timedelta(days=1)
"""How long an answer is kept."""
REPEATED = "Idempotent-Replayed"
"""The header of an answer that is given again."""
ASK_ONLY = frozenset(
    {"find_alike", "open_secrets", "preview_merge", "preview_days", "preview_move", "preview_reopen", "try_migration"}
)
"""Endpoints that change nothing, asked by POST for what they take: asked again, they are answered anew."""
SHOWN_ONCE = frozenset(
    {"add_webhook", "begin_second_factor", "confirm_second_factor", "make_own_token", "renew_secret"}
)
"""Endpoints whose answer shows a secret that nobody sees again."""

_FORGET_OLD = "DELETE FROM given_answers WHERE made_at < ?"
_BEGIN = (
    'INSERT INTO given_answers ("user", key, sent, run, made_at) VALUES (?, ?, ?, ?, ?) '
    'ON CONFLICT ("user", key) DO NOTHING'
)
_FIND = 'SELECT sent, run, status, body FROM given_answers WHERE "user" = ? AND key = ?'
_ANSWER = 'UPDATE given_answers SET status = ?, body = ? WHERE "user" = ? AND key = ? AND run = ?'
_FORGET = 'DELETE FROM given_answers WHERE "user" = ? AND key = ? AND run = ? AND status IS NULL'


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that is done under a key for the first time. `run` tells it from another at the same moment."""

    caseway: Caseway
    user: str
    key: str
    run: str

    def answered(self, status: int, body: str | None) -> None:
        self._write(_ANSWER, (status, body, self.user, self.key, self.run))

    def refused(self) -> None:
        self._write(_FORGET, (self.user, self.key, self.run))

    def _write(self, sql: str, given: tuple[Any, ...]) -> None:
        self.caseway.runner.write(lambda connection: connection.run(sql, given))


def begin(desk: Desk, key: str, sent: bytes, root: Caseway) -> Begun | Response:
    """The request as one that is to be done now; or what it was answered before. Raises Problem."""
    secret = _secret(desk.caseway.vault)
    begun = Begun(root, desk.user, _digest(secret, desk.user.encode() + b"\0" + key.encode()), secrets.token_hex(8))
    payload, now = _digest(secret, sent), desk.now

    def note(connection: Connection) -> Any:
        connection.run(_FORGET_OLD, (micros(now - LIFE),))
        connection.run(_BEGIN, (begun.user, begun.key, payload, begun.run, micros(now)))
        return connection.one(_FIND, (begun.user, begun.key))

    before, run, status, body = desk.caseway.runner.write(note)
    if run == begun.run:
        return begun
    if before != payload:
        raise Problem(409, "repeated", desk.say("once.other"))
    if status is None:
        raise Problem(409, "under_way", desk.say("once.under_way"))
    if body is None:
        raise Problem(409, "shown_once", desk.say("once.shown"))
    media = "application/json" if body else None
    return Response(body, status, {REPEATED: "true"}, media)


def _secret(vault: Vault) -> bytes:
    return hashlib.sha256(vault.sign(b"caseway given answers 1")[1]).digest()


def _digest(secret: bytes, text: bytes) -> str:
    return hmac.new(secret, text, hashlib.sha256).hexdigest()


class Once(APIRoute):
    """A route of the API: what changes something besides cases takes an `Idempotency-Key`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        changes = UNSAFE & set(more.get("methods") or ())
        takes = any(one.annotation == Key for one in inspect.signature(endpoint).parameters.values())
        if changes and not takes and endpoint.__name__ not in ASK_ONLY:
            endpoint = _once(endpoint)
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()
        if not hasattr(self.endpoint, "of_key"):
            return plain

        async def handler(request: Request) -> Response:
            request.state.sent = await request.body()  # which is kept for whoever reads it after
            try:
                response = await plain(request)
            except Problem:
                await _end(request, Begun.refused)
                raise
            body = bytes(response.body).decode()
            shown = getattr(self.endpoint, "__name__", "") in SHOWN_ONCE
            await _end(request, lambda begun: begun.answered(response.status_code, None if shown else body))
            return response

        return handler


async def _end(request: Request, how: Callable[[Begun], None]) -> None:
    begun = getattr(request.state, "begun", None)
    if begun is not None:
        await run_in_threadpool(how, begun)


def _once(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    own = inspect.signature(endpoint)
    takes_request = "request" in own.parameters  # FastAPI fills in one of them

    @wraps(endpoint)
    def asked(*, request: Request, idempotency_key: str, **given: Any) -> Any:
        given |= {"request": request} if takes_request else {}
        if not idempotency_key:
            return endpoint(**given)
        place = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
        found = begin(given["desk"], idempotency_key, place + request.state.sent, request.app.state.desks.caseway)
        if isinstance(found, Response):
            return found
        request.state.begun = found
        return endpoint(**given)

    added = [inspect.Parameter("idempotency_key", inspect.Parameter.KEYWORD_ONLY, annotation=Key, default="")]
    if not takes_request:
        added.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request))
    asked.of_key = True  # type: ignore[attr-defined]  # what `get_route_handler` knows it by
    asked.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]  # FastAPI reads it
    return asked
