"""Running cases are moved in a real browser: a dry run case by case, a second person's approval, progress."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Town, served
from tests.web.test_browser import PHONE, WIDE, Tab
from tests.web.test_migrating import MOVE, renewed
from tests.web.test_processes import version

_ = renewed


@pytest.fixture
def address(renewed: tuple[Town, str, str]) -> Iterator[str]:
    with served(renewed[0].app) as found:
        yield found


@pytest.mark.long
def test_one_plans_and_tries_another_approves(chromium: Any, renewed: tuple[Town, str, str], address: str) -> None:
    town, number, before = renewed
    tab = Tab(chromium, address, WIDE)
    page = tab.page
    tab.sign_in("dong_lei")
    page.goto("/processes/process/claims")
    page.click("main >> text=Move running cases")
    assert "migration: claims" in page.input_value("#text")  # a file to begin with
    page.fill("#text", f"{MOVE}steps: {{intake: nowhere_at_all}}\n")
    page.click("button:text-is('Dry run')")
    page.wait_for_selector(".findings")
    assert "nowhere_at_all" in page.inner_text(".findings") and "nowhere_at_all" in page.input_value("#text")
    page.fill("#text", MOVE)
    page.click("button:text-is('Dry run')")
    page.wait_for_selector("h2:has-text('of 1 cases 0 are stopped')")
    section = page.locator("[aria-labelledby=tried]")
    assert number in section.inner_text() and before[:8] in section.inner_text()
    rows = section.locator("tbody tr").all_inner_texts()
    assert any("Intake" in row or "intake" in row for row in rows) and any(row.startswith("clock") for row in rows)
    page.click("button:text-is('Propose')")
    page.wait_for_url("**/processes/migrations/claims/*")
    assert "Somebody other than who proposed" in page.inner_text("main")
    assert page.locator("button:has-text('Approve')").count() == 0
    place = page.url

    other = Tab(chromium, address, PHONE)
    other.sign_in("gu_mingyuan")
    other.page.goto(place)
    assert "migration: claims" in other.page.inner_text("pre.source")
    other.page.click("button:text-is('Approve and move')")
    other.page.wait_for_selector("text=1 moved, 0 waiting, 0 stopped")
    progress = other.page.locator("progress")
    assert (progress.get_attribute("max"), progress.get_attribute("value")) == ("1", "1")
    other.page.goto(f"/cases/{number}")
    assert f"went over to version {version(town)[:8]}" in other.page.inner_text("#main")
    assert tab.complaints == [] and other.complaints == []
