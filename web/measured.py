"""Every request measured, traced and logged: by its route, never by what was asked for or answered.

Theory of operation. The outermost layer sees the answer's status and the time it took. The number of a case stands in
the log, since operators look for it there; nothing else of path, query, form or answer does.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.runtime.clock import stamp

log = logging.getLogger(__name__)

QUIET = ("/health", "/static", "/live")
"""Not logged: they are asked for all the time."""
NOWHERE = "(none)"


class Watch(Protocol):
    """Hears of each request that was answered."""

    def request(self, method: str, route: str, status: int, began: int, ended: int) -> None:
        """route: the path with the names of its parameters. began, ended: nanoseconds since 1970."""


class Measured:
    """watches: told of every request."""

    def __init__(self, app: ASGIApp, watches: Sequence[Watch] = ()) -> None:
        self._app = app
        self._watches = watches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, stamp()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            ended = stamp()
            route = getattr(scope.get("route"), "path", NOWHERE)
            for watch in self._watches:
                watch.request(scope["method"], route, status, began, ended)
            if not scope["path"].startswith(QUIET):
                session = scope.get("state", {}).get("session")
                log.info(
                    "%s %s %d", scope["method"], route, status,
                    extra={
                        "method": scope["method"], "route": route, "status": status, "ms": (ended - began) // 1_000_000,
                        "case": scope.get("path_params", {}).get("number", ""),
                        "user": session.user if session is not None else "",
                    },
                )  # fmt: skip
