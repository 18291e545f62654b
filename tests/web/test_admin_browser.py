"""Designers and administrators in a real browser: a broken file, two persons, a code from a QR."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.web.conftest import Town, served
from tests.web.test_browser import PHONE, Tab
from tests.web.test_processes import BROKEN, CHANGED


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    with served(town.app) as found:
        yield found


def test_a_designer_sees_line_and_column_and_two_put_it_in_force(
    chromium: Any, town: Town, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(BROKEN, "utf-8")
    line = BROKEN.splitlines().index("calendar: insurers") + 1
    tab = Tab(chromium, address)
    page = tab.page
    tab.sign_in("dong_lei")
    page.click("nav >> text=Processes")
    page.set_input_files("#files", str(file))
    page.fill("#reason", "another calendar")
    page.click("text=Check and propose")
    page.click(f"text=claims.yaml:{line}:11")
    assert page.url.endswith(f"#f1-L{line}")
    assert "did you mean 'insurer'?" in page.inner_text(f"#f1-L{line}")
    assert page.evaluate(f"getComputedStyle(document.getElementById('f1-L{line}')).outlineStyle") == "solid"
    file.write_text(CHANGED, "utf-8")
    page.click("text=Upload again")
    page.set_input_files("#files", str(file))
    page.fill("#reason", "the title says too little")
    page.click("text=Check and propose")
    page.wait_for_url("**/processes/proposals/*")
    assert page.is_visible("text=another person must approve it") and page.locator("td.new code").count() > 1
    other = Tab(chromium, address)
    other.sign_in("gu_mingyuan")
    other.page.goto(page.url.partition("?")[0])
    other.page.click("text=Approve and deploy")
    other.page.wait_for_selector("text=It is approved and deployed")
    other.page.goto("/processes/process/claims")
    other.page.click("text=Compare with the one before")
    assert other.page.is_visible("text=Claims of all kinds")
    assert tab.complaints == [] and other.complaints == []


def test_a_second_factor_is_set_up_from_the_code_on_the_page(chromium: Any, town: Town, address: str) -> None:
    tab = Tab(chromium, address, PHONE)
    page = tab.page
    tab.sign_in("chen_wei")
    page.goto("/account/second-factor")
    page.click("text=Set it up")
    box = page.locator(".qr svg").bounding_box()
    assert box is not None and 150 < box["width"] <= PHONE["width"] and abs(box["width"] - box["height"]) < 2
    page.click("text=Cannot scan?")
    secret = page.inner_text("code.token").replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).at(town.clock.now()))
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Recovery codes")
    code = page.locator(".codes code").first.inner_text()
    page.goto("/")
    page.click("text=Sign out")
    page.fill("#user", "chen_wei")
    page.fill("#password", "a long enough password")
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    assert tab.complaints == []
