"""Sending a message by apprise, and what to say when it does not go.

Theory of operation. apprise answers yes or no and tells the reason to its log. That log would hold addresses of
channels, which hold passwords; so it is led nowhere but here, thread by thread, and only sentences that say what went
wrong are kept, with every part of the channel's address and of the recipient's blotted out.

Each message carries its key, so that who gets it twice can tell: as the header `Idempotency-Key` where a channel has
headers of its own (mail, HTTP), else as its last line. A mail says that it is automatic (RFC 3834), and refers to its
key, so that copies lie together (RFC 5322, `References`).
"""

import logging
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from notices.channels import FILE, Channel
from notices.dispatches import NotSent
from notices.wording import Message
from notices.words import words

KEY = "Idempotency-Key"
BLOT = "***"
SHORTEST = 4
"""Letters of a part of an address that are worth blotting out: shorter ones are words of any sentence."""
MOST = 400
"""Characters of an error that are kept."""
SAMPLES = ("name@example.com", "13800000000")
"""What the address of a person may look like."""
MARK = "Socket Exception"
"""What apprise's sentence begins with that says what a mail server answered."""

_heard = threading.local()


class _Ear(logging.Handler):
    """Keeps what apprise says while this thread sends."""

    def emit(self, record: logging.LogRecord) -> None:
        said: list[str] | None = getattr(_heard, "said", None)
        text = record.getMessage()
        if said is not None and (record.levelno >= logging.WARNING or text.startswith(MARK)):
            said.append(text)


def _listen() -> None:
    log = logging.getLogger("apprise")
    if not any(isinstance(handler, _Ear) for handler in log.handlers):
        log.addHandler(_Ear())
    log.setLevel(logging.DEBUG)
    log.propagate = False  # its debug lines hold addresses and texts


def service_of(channel: Channel, address: str) -> Any:
    """apprise's own object for a channel. Raises NotSent for an address that it does not take."""
    from apprise import Apprise

    _listen()
    found = Apprise.instantiate(channel.to(address), suppress_exceptions=True)
    if found is None:
        raise NotSent(f"渠道 {channel.name} 的配置或地址无效", f"apprise does not take the address of {channel.name}")
    return found


def send(channel: Channel, address: str, message: Message, key: str, language: str) -> None:
    """Sends a message; returns when it has been taken. Raises NotSent."""
    from apprise import Apprise, NotifyFormat

    service = service_of(channel, address)
    body = "" if channel.short else message.body
    headers = getattr(service, "headers", None)
    if isinstance(headers, dict):
        headers[KEY] = key
        if "smtp_host" in vars(service):
            headers |= {"Auto-Submitted": "auto-generated", "References": f"<{key}@caseway>"}
            service.headers = headers
    elif not channel.short:
        body += f"<p>{words(language)['key']}: {escape(key)}</p>"
    _heard.said = said = list[str]()
    outlet = Apprise()
    outlet.add(service)
    text, title = (message.subject, "") if channel.short else (body, message.subject)
    form = NotifyFormat.TEXT if channel.short else NotifyFormat.HTML
    try:
        if outlet.notify(text, title=title, body_format=form):
            return
    except Exception as error:  # a plugin of apprise: whatever it raises, the message has not gone
        said.append(f"{type(error).__name__}: {error}")
    finally:
        _heard.said = None
    why = blotted("; ".join(said) or "no reason given", channel, address)
    raise NotSent(f"渠道 {channel.name} 发送失败（{why}）", f"{channel.name} did not take it ({why})")


def blotted(text: str, channel: Channel, address: str) -> str:
    """A text without any part of what the channel's address holds, or of the recipient's."""
    parts = urlsplit(channel.to(address))
    pieces = {address, *re.split(r"[/?&=,+:@]", unquote(channel.url.partition("://")[2]))}
    pieces |= {unquote(one) for one in (parts.username, parts.password) if one}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= SHORTEST and piece != "{address}":
            text = text.replace(piece, BLOT)
    return text[:MOST]


def check(channels: Iterable[Channel]) -> None:
    """Raises ValueError for a channel whose address apprise cannot make anything of."""
    for channel in channels:
        for sample in SAMPLES:
            with suppress(NotSent):
                service_of(channel, sample)
                break
        else:
            raise ValueError(f"{FILE}: {channel.name}: apprise does not know such a url; see its list of services")
