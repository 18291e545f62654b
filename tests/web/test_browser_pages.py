"""Every page is for everybody: axe finds nothing serious, nothing scrolls sideways; wide, on a phone, zh and en."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from starlette.routing import compile_path

from tests.web.conftest import served
from tests.web.gallery import LOCALES, PAGES, Gallery, gallery
from tests.web.test_roles import routes

SERIOUS = ("serious", "critical")
NO_PAGE = (
    "/tasks/{number}/{task}/standing", "/cases/{number}/picture.svg", "/admin/file/organisation.yaml",
    "/processes/process/{name}/{version}/picture.svg", "/processes/try/{name}/{origin}/picture.svg",
    "/live", "/admin/calendars", "/sign-in/oidc", "/sign-in/oidc/done",
)  # fmt: skip
"""What is asked for with GET and is no page of its own: pictures, files, streams, and ways that lead on."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, str]]:
    with gallery(tmp_path_factory.mktemp("gallery")) as made, served(made.town.app) as address:
        yield made, address


def test_no_page_is_left_out(shown: tuple[Gallery, str]) -> None:
    made, _ = shown
    asked = {route.removeprefix("GET ") for route in routes(made.town.app) if route.startswith("GET ")}
    pages = {path for path in asked if not path.startswith("/api/") and path not in NO_PAGE}
    paths = [made.path(page).partition("?")[0] for page in PAGES]
    missing = sorted(page for page in pages if not any(compile_path(page)[0].match(path) for path in paths))
    assert len(pages) > 30 and not missing, f"say in tests/web/gallery.py who looks at these: {missing}"


def _keep(found: list[str], error: Any) -> None:
    found.append(str(error))


@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_it(chromium: Any, shown: tuple[Gallery, str], page: str) -> None:
    assert _faults(chromium, *shown, page, (("wide", "zh"), ("phone", "en"))) == []


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_it_in_the_dark(chromium: Any, shown: tuple[Gallery, str], page: str) -> None:
    assert _faults(chromium, *shown, page, (("wide", "zh"),), "dark") == []


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_it_the_other_way_round(chromium: Any, shown: tuple[Gallery, str], page: str) -> None:
    assert _faults(chromium, *shown, page, (("wide", "en"), ("phone", "zh"))) == []


def _faults(
    chromium: Any, made: Gallery, address: str, page: str, looks: tuple[tuple[str, str], ...],
    colours: Literal["light", "dark"] = "light",
) -> list[str]:  # fmt: skip
    """What is wrong with a page, looked at in these sizes and languages."""
    axe = Axe()
    found: list[str] = []
    for size, language in looks:
        tab = made.look(chromium, address, PAGES[page][0], size, language)
        tab.emulate_media(color_scheme=colours)
        tab.on("pageerror", partial(_keep, found))
        answer = tab.goto(made.path(page))
        assert answer.status == (404 if page == "error" else 200)
        if "text/html" in answer.headers["content-type"]:
            assert tab.get_attribute("html", "lang") == LOCALES[language].removesuffix("-GB")
            over = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            found += [f"{size} {language}: {over} px too wide"] if over > 0 else []
            found += [
                f"{size} {language}: {one['id']}: {node['html'][:200]}"
                for one in axe.run(tab).response["violations"] if one["impact"] in SERIOUS for node in one["nodes"][:3]
            ]  # fmt: skip
        tab.context.close()
    return found
