"""What takes notices outside, on free ports of this machine: a mail server and an HTTP endpoint. Both keep what came,
and refuse what a test tells them to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """A mail server that runs. `refuse`: what it answers instead of taking a message, as "451 try later"."""

    port: int = 0
    refuse: str = ""
    logins: list[tuple[str, str]] = field(default_factory=list)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)  # to whom, what
    came: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse:
            return self.refuse
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken += [(to, message) for to in envelope.rcpt_tos]
        self.came.set()
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=True)

    def url(self, user: str = "caseway", password: str = "tr0mbone") -> str:
        """The address of a channel that sends here."""
        return f"mailto://{user}:{password}@127.0.0.1:{self.port}?from=caseway@insurer.example&mode=insecure&to={{address}}"


def text_of(message: EmailMessage) -> str:
    """What somebody reads of a mail."""
    part = message.get_body(("html", "plain"))
    assert part is not None
    return str(part.get_content())


class _OnFreePort(Controller):
    """Takes the port that the system gives."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # it has none


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    running = _OnFreePort(
        box, "127.0.0.1", 0, authenticator=box.authenticate, auth_require_tls=False, decode_data=False
    )
    running.start()
    box.port = running.port
    try:
        yield box
    finally:
        running.stop()


@dataclass
class Endpoint:
    """An HTTP endpoint that runs. `status`: what it answers with."""

    port: int = 0
    status: int = 200
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body

    def url(self, path: str, scheme: str = "json") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}"


@contextmanager
def http_endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if found.status < 300:
                found.taken.append((self.path, dict(self.headers), body))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
