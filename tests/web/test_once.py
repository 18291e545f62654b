"""Requests under an Idempotency-Key: every endpoint that changes something besides cases does it once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.web.conftest import Town
from tests.web.test_api import Program
from tests.web.test_roles import PEOPLE, World, asked, rows, world
from web.app import PROGRAMS
from web.guard import UNSAFE
from web.once import ASK_ONLY, LIFE, REPEATED, SHOWN_ONCE

__all__ = ["world"]  # the fixture
CHANGING = {
    f"{method} {route.path}": route
    for router in PROGRAMS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(UNSAFE & (route.methods or set()))
}
ONCE = {
    route: row for row in rows() if hasattr(CHANGING.get(route := " ".join(row.split()[:2])), "endpoint")
    and hasattr(CHANGING[route].endpoint, "of_key")
}  # fmt: skip
"""Of each endpoint one row of the table of roles, which knows what to send."""


def test_every_endpoint_that_changes_something_takes_a_key() -> None:
    without = {
        route.endpoint.__name__
        for route in CHANGING.values()
        if "Idempotency-Key" not in {one.alias for one in route.dependant.header_params}
    }
    assert without == ASK_ONLY and {route.endpoint.__name__ for route in CHANGING.values()} > SHOWN_ONCE
    assert len(ONCE) > 25


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=[pytest.mark.long] if "/proposals" in row else []) for row in ONCE.values()],
)
def test_the_same_request_is_answered_as_the_first_time(
    world: World, row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs = dict(zip(PEOPLE, rows()[row].split(), strict=True))
    who = next((one for one in ("admin", *reversed(PEOPLE)) if signs[one] == "2"), "admin")
    server, sent = world.ask_server, list[Any]()

    def keyed(method: str, path: str, **more: Any) -> httpx.Response:
        if path.startswith("/api"):
            more["headers"] = {**more.get("headers", {}), "Idempotency-Key": f"{row} {len(sent)}"}
            sent.append((method, path, more))
        return server(method, path, **more)

    monkeypatch.setattr(world, "ask_server", keyed)
    first = asked(world, row, who)
    world.kept.clear()
    method, path, more = sent[-1]
    again = server(method, path, **more)
    if first.status_code >= 400:  # nothing was done: it is decided anew
        assert again.status_code == first.status_code and again.json() == first.json()
        assert REPEATED not in again.headers
        return
    if CHANGING[" ".join(row.split()[:2])].endpoint.__name__ in SHOWN_ONCE:
        assert again.status_code == 409 and again.json()["code"] == "shown_once"
    else:
        assert (again.status_code, again.content) == (first.status_code, first.content) and again.headers[REPEATED]
    other = server(method, f"{path}?another=1", **more)
    assert other.status_code == 409 and other.json()["code"] == "repeated"


def test_a_key_is_its_users_own_and_is_forgotten_in_time(town: Town) -> None:
    one, two = Program(town, "yu_siqi"), Program(town, "gu_mingyuan")
    body = {"title": "a"}
    assert [who.post("/me/tokens", body, Idempotency_Key="k").status_code for who in (one, two, one)] == [201, 201, 409]
    kept = town.caseway.connection.all('SELECT "user", key, sent, status, body FROM given_answers', ())
    assert len(kept) == 2 and all(row[3] == 201 and row[4] is None and row[1] != "k" for row in kept)
    town.clock.advance(LIFE + timedelta(seconds=1))
    assert one.post("/me/tokens", body, Idempotency_Key="k").status_code == 201
    assert town.caseway.connection.one("SELECT count(*) FROM given_answers", ())[0] == 1


def test_what_was_cut_off_is_not_done_twice(town: Town) -> None:
    one = Program(town, "dong_lei")
    body = {"title": "a"}
    one.post("/me/tokens", body, Idempotency_Key="k")
    town.caseway.runner.write(lambda connection: connection.run("UPDATE given_answers SET status = NULL", ()))
    again = one.post("/me/tokens", body, Idempotency_Key="k")
    assert again.status_code == 409 and again.json()["code"] == "under_way"
