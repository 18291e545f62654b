"""`serve`: whom it believes about who asks."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from console.serve import configured
from tests.cli.conftest import call

FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers by which scheme and from where it is asked."""
    request = Request(scope)
    where = f"{request.url.scheme} {request.client.host if request.client else ''}"
    await PlainTextResponse(where)(scope, receive, send)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ([], "http 10.1.2.3"),
        (["10.1.0.0/16"], "https 203.0.113.7"),
        (["10.1.2.3"], "https 203.0.113.7"),
        (["192.0.2.0/24"], "http 10.1.2.3"),
    ],
)
def test_only_proxies_that_are_named_are_believed(proxies: list[str], seen: str) -> None:
    config = configured(told, proxies)
    config.load()

    async def ask() -> str:
        way = httpx.ASGITransport(app=config.loaded_app, client=("10.1.2.3", 5000))
        async with httpx.AsyncClient(transport=way, base_url="http://inside") as client:
            return (await client.get("/", headers=FORWARDED)).text

    assert asyncio.run(ask()) == seen


def test_what_is_no_network_is_refused() -> None:
    found = call("serve", "--proxy", "10.1.2.3/16", "--port", "0")
    assert found.code == 2 and "10.1.2.3/16 has host bits set" in found.err and "10.1.0.0/16" in found.err
