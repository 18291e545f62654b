"""What one caller may ask for in a while, and what everybody gets when there is more than can be done.

Theory of operation. Each caller (who is signed in, a token, or else an address) has a bucket of requests that fills
evenly; an empty one answers 429 and when to come again. When more requests wait for a thread than are done in some
seconds, further ones are turned away at once with 503: a queue that only grows helps nobody, and those who are in it
are served. Health, style and script are never turned away.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

from anyio.to_thread import current_default_thread_limiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from web.problems import Problem

BURST = 5
"""Seconds' worth of requests that may come at once."""
CALLERS = 10_000
"""How many callers are remembered."""
WAITING = 400
"""Requests that may wait for a thread."""
FREE = ("/health/", "/static/", "/live")


class Limits:
    """rate: requests a second for one caller; 0: as many as there are. refuse: the answer to what is turned away."""

    def __init__(self, app: ASGIApp, rate: float, refuse: Callable[[Request, Problem], Response]) -> None:
        self._app = app
        self._rate = rate
        self._refuse = refuse
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is in it, and when it was
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(FREE):
            wait = self._wait(caller(scope)) if self._rate else 0.0
            if wait:
                await self._turn_away(Problem(429, "too_many"), ceil(wait), scope, receive, send)
                return
            if current_default_thread_limiter().statistics().tasks_waiting > WAITING:
                await self._turn_away(Problem(503, "busy"), 2, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _turn_away(self, problem: Problem, wait: int, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refuse(Request(scope), problem)
        answer.headers["Retry-After"] = str(wait)
        await answer(scope, receive, send)

    def _wait(self, caller: str) -> float:
        """Takes one out of the caller's bucket; 0, or the seconds until there is one."""
        with self._lock:
            now = monotonic()
            most = self._rate * BURST
            left, at = self._buckets.pop(caller, (most, now))
            left = min(most, left + (now - at) * self._rate)
            self._buckets[caller] = (max(0.0, left - 1), now) if left >= 1 else (left, now)
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
            return 0.0 if left >= 1 else (1 - left) / self._rate


def caller(scope: Scope) -> str:
    """Who asks, as far as it can be told before anything is looked up."""
    token = Headers(scope=scope).get("authorization", "")
    if token:
        return hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
    session = scope.get("state", {}).get("session")
    user = session.user if session is not None else ""
    return user or (scope.get("client") or ("",))[0]
