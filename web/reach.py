"""Where webhooks may call, and why a call did not arrive, in words of both languages.

A URL is somebody's wish to have this machine call an address. So the name is looked up here, every address must be a
public one or in a network that the operator allows, and the call goes to the very address that was looked at.
"""

import ipaddress
import json
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

import httpx

TIMEOUT = 10.0
"""Seconds for one call."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Unreachable(Exception):
    """Why a URL may not, or cannot, be called, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = {"zh": zh, "en": en}

    @property
    def kept(self) -> str:
        """As a call keeps it, for readers of either language (`told`)."""
        return json.dumps(self.text, ensure_ascii=False)


def told(kept: str, language: str) -> str:
    """Why a call failed, as it was kept; one that was kept in English alone stays so."""
    try:
        found = json.loads(kept)
    except ValueError:
        return kept
    return str(found.get(language, kept)) if isinstance(found, dict) else kept


FAULTS: Sequence[tuple[type[Exception], str, str]] = (
    (TimeoutError, "{seconds} 秒内没有答复", "no answer within {seconds} s"),
    (httpx.TimeoutException, "{seconds} 秒内没有答复", "no answer within {seconds} s"),
    (httpx.ConnectError, "无法连接接收方（{detail}）", "the receiver cannot be connected to ({detail})"),
    (httpx.ProtocolError, "接收方的答复不是 HTTP（{detail}）", "what the receiver answered is not HTTP ({detail})"),
    (Exception, "呼叫失败（{detail}）", "the call failed ({detail})"),
)
"""What may go wrong on the way, in words: the first that fits."""


def fault(error: Exception) -> Unreachable:
    """What went wrong, in both languages; the detail is the library's."""
    detail = f"{type(error).__name__}: {error}"[:400]
    _, zh, en = next(one for one in FAULTS if isinstance(error, one[0]))
    return Unreachable(*(text.format(seconds=f"{TIMEOUT:.0f}", detail=detail) for text in (zh, en)))


@dataclass(frozen=True, slots=True)
class Reach:
    """Where calls may go: to public addresses over TLS, and to the networks that the operator allows."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Reach":
        """Raises ValueError for what is no network, such as 10.1.0.0/16."""
        return cls(tuple(ipaddress.ip_network(text.strip()) for text in texts if text.strip()))

    def address(self, url: str) -> Address:
        """The address to call for this URL. Raises Unreachable."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise Unreachable(f"{url[:200]} 不是网址", f"{url[:200]!r} is no address of the web") from error
        if parts.scheme not in ("https", "http") or not host or parts.username or parts.password or parts.fragment:
            raise Unreachable(
                "请填写形如 https://example.org/hook 的网址，其中不带用户名和密码",
                "expected a URL such as https://example.org/hook, without a name and password in it",
            )
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"域名服务不认识 {host}", f"{host} is not known to the name service") from error
        addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        allowed = [self._allowed(address) for address in addresses]
        if not addresses or not all(ours or _public(address) for address, ours in zip(addresses, allowed, strict=True)):
            raise Unreachable(
                f"{host} 是内部地址：须由运维人员用 --webhook-network 允许该网段",
                f"{host} is an address inside: the operator allows networks with --webhook-network",
            )
        if parts.scheme == "http" and not all(allowed):
            raise Unreachable(
                "请使用 https：否则途中任何人都能读取和篡改",
                "expected https: without it anybody on the way reads and changes what is told",
            )
        return addresses[0]

    def _allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""Addresses of IPv6 whose last 32 bits are one of IPv4: by translation (RFC 6052), or "compatible" (RFC 4291)."""
INSIDE = (ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("fec0::/10"))
"""Inside by their very standards (RFC 8215, RFC 3879), which the library does not know of."""


def _public(address: Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if any(address in network for network in CARRIERS):
        mapped = IPv4Address(int(address) & 0xFFFFFFFF)
    inside = address.is_multicast or any(address in network for network in INSIDE)
    return (mapped or address).is_global and address.is_global and not inside
