"""Every page and every list of the API, over an installation on each store: their queries hold on both.

`tests/web` asks what they say, on SQLite alone. Here it counts that they answer, with a little of everything there.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from bootstrap import SHIPPED, Caseway, Home, create
from engine.runtime.clock import VirtualClock
from tests.store.conftest import fresh
from tests.support.few import few
from tests.web.conftest import CHEAP, MORNING, PASSWORD, Town
from tests.web.gallery import PAGES, Gallery, furnished
from tests.web.test_roles import OPEN, PEOPLE, World, asked, rows, sign
from web.app import create_app
from web.reach import Reach

LATE, TEXTS = ("true", "false"), ("", "王", "王小明", "王 LP", "PM2026")
SIFTED: Mapping[str, Sequence[str]] = {
    "officer": (
        "/?queue=intake&process=claims&state=late&q=王&order=due",
        "/api/inbox?process=claims&state=soon&order=service&priority=10&q=PM2026&limit=1",
    ),
    "admin": (
        *(
            f"/api/tasks?whose={whose}&process=claims&step=intake&overdue={late}&q={text}&order={order}"
            for whose in ("mine", "queues", "team") for late in LATE for text in TEXTS for order in ("service", "due")
        ),
        *(
            f"/api/cases?q={text}&process={process}&status={status}&limit=1"
            for text in TEXTS for process in ("", "claims") for status in ("", "open", "ended")
        ),
        "/cases?q=王&watched=me", "/floor/tasks?person=chen_wei", "/floor/breaches?which=closed", "/floor/likely",
        "/floor?by=chance",
        "/api/admin/people?q=chen&limit=1",
    ),
    "compliance": ("/api/reading/looks?user=chen_wei",),
}  # fmt: skip
"""Lists with what narrows them, by who asks them."""


class Shown(NamedTuple):
    world: World
    gallery: Gallery


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("pages")
    if request.param == "sqlite":
        yield from _shown(Home(folder / "house"), folder)
    else:
        with fresh(request.getfixturevalue("server")) as url:
            yield from _shown(Home(folder / "house", url), folder)


def _shown(home: Home, folder: Path) -> Iterator[Shown]:
    create(home)
    few(home.processes)
    clock = VirtualClock(MORNING)
    with Caseway(home, clock, unsafe=True) as caseway, start_blocking_portal() as portal:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(home.processes, "dong_lei")
        app = create_app(caseway, hasher=CHEAP, reach=Reach.of(["127.0.0.0/8"]))
        app.state.accounts.set_passwords(list(caseway.directory.users), PASSWORD, "test")
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://town")

        def ask(method: str, path: str, **sent: Any) -> httpx.Response:
            client.cookies.clear()
            return portal.call(partial(client.request, method, path, **sent))

        town = Town(caseway, clock, app)
        made = furnished(town, folder)
        tokens = {who: app.state.accounts.issue(user, "test") for who, user in PEOPLE.items() if user}
        kept = {f"{{{one}}}": made.named[one].rpartition("/")[2] for one in ("proposal", "migration")}
        yield Shown(World(town, ask, tokens=tokens, kept=kept), made)
        portal.call(client.aclose)
        app.state.live.close()
        app.state.desks.close()


def test_every_page_answers(shown: Shown) -> None:
    world, made = shown
    found = {}
    for page, (user, _) in PAGES.items():
        headers = {"cookie": f"caseway={made.session(user)}"} if user else {}
        found[page] = world.ask_server("GET", made.path(page), headers=headers).status_code
    assert found == {page: 404 if page == "error" else 200 for page in PAGES}


READ = {
    row: [who for who, one in zip(PEOPLE, signs.split(), strict=True) if one == "2"][-1]
    for row, signs in rows().items() if row.startswith("GET /api/") and row != OPEN and "2" in signs
}  # fmt: skip
"""The endpoints that read, and somebody who may ask them."""


def test_every_endpoint_that_reads_answers(shown: Shown) -> None:
    found = {}
    for row, who in READ.items():
        found[row] = sign(asked(shown.world, row, who))
    assert found == dict.fromkeys(READ, "2")


def test_every_list_is_narrowed(shown: Shown) -> None:
    asked = [(path, shown.world.ask(who, "GET", path)) for who, paths in SIFTED.items() for path in paths]
    assert [(path, answer.text) for path, answer in asked if answer.status_code != 200] == []
