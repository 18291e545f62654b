"""What holds for every request and answer: sizes, where a request may come from, security headers, the session.

Plain ASGI, so that it costs next to nothing and sees every answer, errors too.
"""

import re
from collections.abc import Callable
from datetime import datetime
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.sessions import COOKIE, LIFE, Session, Sessions

LARGEST = 2_000_000
"""Bytes of a request's body."""
LARGEST_UPLOAD = 64_000_000
"""The same where files are taken in, from somebody who has signed in or sends a token or a link: read to disk."""
UPLOADS = re.compile(r"/(c/[^/]+|cases/[^/]+/papers/upload|api/cases/[^/]+/attachments)")

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BACKGROUND = "x-live"
"""The header with which a page's script asks for what is new, without anybody having done anything."""
LANGUAGE = "language"
"""The cookie that remembers the language."""
ZONE = "zone"
"""The cookie that remembers the time zone."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
"""What every answer carries unless it says otherwise itself."""


class Guard:
    """secure: cookies only over TLS. now: the installation's clock. failed: the answer to what nobody foresaw."""

    def __init__(
        self, app: ASGIApp, sessions: Sessions, now: Callable[[], datetime], secure: bool,
        failed: Callable[[Request, Exception], Response],
    ) -> None:  # fmt: skip
        self._app = app
        self._failed = failed
        self._sessions = sessions
        self._now = now
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookies = _cookies(headers.get("cookie", ""))
        session = self._sessions.read(cookies.get(COOKIE, ""), self._now())
        if scope["path"] == "/live" or BACKGROUND in headers:
            session.fresh = session.used = False  # a page that looks for news by itself is not somebody at work
        state = scope.setdefault("state", {})
        state["session"] = session
        state["language"] = language_of(cookies.get(LANGUAGE, ""), headers.get("accept-language", ""))
        state["zone"] = cookies.get(ZONE, "")
        state["foreign"] = scope["method"] in UNSAFE and not _own(headers)

        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                current = state["session"]
                if current.fresh and not state.get("bearer"):
                    out.append("set-cookie", self._cookie(self._sessions.write(current)))
            await send(message)

        try:
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                raise Unwritable
            await self._app(scope, _bounded(receive, _largest(scope["path"], session, headers)), answer)
        except Exception as error:
            if begun:
                raise
            await self._failed(Request(scope), error)(scope, receive, answer)

    def _cookie(self, value: str) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={int(LIFE.total_seconds())}{secure}"


class Unwritable(Exception):
    """An address holds a NUL character: no name has one, and PostgreSQL takes no such text."""


class TooLarge(Exception):
    """The body of a request is larger than we take."""


def _largest(path: str, session: Session, headers: Headers) -> int:
    known = session.user or "authorization" in headers or path.startswith("/c/")
    return LARGEST_UPLOAD if known and UPLOADS.fullmatch(path) else LARGEST


def _bounded(receive: Receive, largest: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > largest:
            raise TooLarge
        return message

    return bounded


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except Exception:  # a browser sends what other programs on the host have set
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _own(headers: Headers) -> bool:
    """Whether a request comes from our own pages, as far as the browser says; programs say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == headers.get("host")
    except ValueError:  # what is no address is not ours either
        return False


def language_of(chosen: str, accepted: str) -> str:
    """zh or en: what was chosen, else what the browser likes best, else zh."""
    if chosen in ("zh", "en"):
        return chosen
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in ("zh", "en"):
            return tag
    return "zh"
