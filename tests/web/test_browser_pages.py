"""Every page is for everybody: axe finds nothing serious, nothing scrolls sideways; wide, on a phone, zh and en."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from starlette.routing import compile_path

from tests.web.conftest import PASSWORD, served
from tests.web.gallery import LOCALES, PAGES, Gallery, gallery
from tests.web.test_roles import routes
from tests.web.test_second_factor import enrol

SERIOUS = ("serious", "critical")
NO_PAGE = (
    "/tasks/{number}/{task}/standing", "/cases/{number}/picture.svg", "/admin/file/organisation.yaml",
    "/processes/process/{name}/{version}/picture.svg", "/processes/try/{name}/{origin}/picture.svg",
    "/live", "/admin/calendars", "/sign-in/oidc", "/sign-in/oidc/done",
    "/health/live", "/health/ready", "/reports", "/reports/{name}/file",
)  # fmt: skip
"""What is asked for with GET and is no page of its own: pictures, files, streams, ways on, and what machines ask."""


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
    assert _faults(chromium, *shown, page, (("phone", "zh"),)) == []


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_it_in_the_dark(chromium: Any, shown: tuple[Gallery, str], page: str) -> None:
    assert _faults(chromium, *shown, page, (("wide", "zh"),), "dark") == []


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_it_the_other_way_round(chromium: Any, shown: tuple[Gallery, str], page: str) -> None:
    assert _faults(chromium, *shown, page, (("wide", "en"), ("wide", "zh"), ("phone", "en"))) == []


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
            found += _wrong(axe, tab, size, language)
        tab.context.close()
    return found


def _wrong(axe: Any, tab: Any, size: str, language: str) -> list[str]:
    """What is wrong with the page that the tab shows."""
    assert tab.get_attribute("html", "lang") == LOCALES[language].removesuffix("-GB")
    over = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"{size} {language}: {over} px too wide"] * (over > 0) + [
        f"{size} {language}: {one['id']}: {node['html'][:200]}"
        for one in axe.run(tab).response["violations"] if one["impact"] in SERIOUS for node in one["nodes"][:3]
    ]  # fmt: skip


# --- what comes of a form -------------------------------------------------------------------------------


def _signed(tab: Any, user: str, password: str) -> None:
    tab.fill("input[name=user]", user)
    tab.fill("input[name=password]", password)
    tab.click("main button")


def _form_refused(made: Gallery, tab: Any) -> None:
    tab.goto(made.path("task"))
    tab.click("#work button.main")
    assert tab.locator("#wrong").is_visible()


def _proposal_refused(made: Gallery, tab: Any) -> None:
    tab.goto("/processes")
    tab.set_input_files(
        "input[type=file]", {"name": "claims.yaml", "mimeType": "text/yaml", "buffer": b"process: claims"}
    )
    tab.fill("form[action='/processes/upload'] [name=reason]", "test")
    tab.click("form[action='/processes/upload'] button")
    assert "claims.yaml:1" in tab.content()


def _wrong_password(made: Gallery, tab: Any) -> None:
    tab.goto("/sign-in")
    _signed(tab, "shi_lei", "not the password")
    assert tab.locator("[role=alert]").is_visible()


def _second_asked(made: Gallery, tab: Any) -> None:
    factors, connection = made.town.app.state.accounts.factors, made.town.caseway.connection
    if not factors.enrolled(connection, "ren_hong"):
        enrol(made.town, made.town.browser("ren_hong"))
    tab.goto("/sign-in")
    _signed(tab, "ren_hong", PASSWORD)
    assert tab.locator("input[name=code]").is_visible()


ANSWERS: Mapping[str, tuple[str, Callable[[Gallery, Any], None]]] = {
    "a form refused": ("chen_wei", _form_refused), "a proposal refused": ("dong_lei", _proposal_refused),
    "a wrong password": ("", _wrong_password), "a second factor asked for": ("", _second_asked),
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_everybody_can_use_what_comes_of_a_form(chromium: Any, shown: tuple[Gallery, str], answer: str) -> None:
    made, address = shown
    user, act = ANSWERS[answer]
    for size, language in (("wide", "zh"), ("phone", "en")):
        tab = made.look(chromium, address, user, size, language)
        act(made, tab)
        assert _wrong(Axe(), tab, size, language) == []
        tab.context.close()
