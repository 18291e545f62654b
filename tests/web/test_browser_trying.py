"""A designer tries a complaint out in a real browser, and keeps it: without a mouse, without script, on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap import SHIPPED
from tests.web.conftest import Town, served
from tests.web.test_browser import PHONE, WIDE, Tab
from tests.web.test_processes import version
from workbench.scenarios import run_all

REPORTED = {
    "received_at": "2026-03-02T08:50", "customer_name": "赵敏", "customer_phone": "13900000000", "text": "理赔太慢",
}  # fmt: skip


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    with served(town.app) as found:
        yield found


def _begun(page: Any, town: Town) -> None:
    page.goto(f"/processes/process/complaint/{version(town, 'complaint')}")
    page.click("text=Try it")
    page.select_option("#by", "lu_yao")
    page.fill("#at", "2026-03-02T09:00")
    page.select_option("#f-channel", "phone")
    for name, text in REPORTED.items():
        page.fill(f"#f-{name}", text)
    page.click("button:text-is('Begin')")


def _complete(page: Any, way: str, **values: str) -> None:
    """Fills in the task that stands first, and completes it."""
    for name, value in values.items():
        field = page.locator(f"#t1-{name}")
        if field.evaluate("it => it.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") == "radio":
            page.check(f"[name='data.{name}'][value='{value}']")
        else:
            field.fill(value)
    page.locator(".outcomes label").filter(has=page.locator(f"span:has-text('{way}')")).first.click()
    page.locator("button:text-is('Complete')").first.click()


@pytest.mark.long
def test_a_complaint_is_led_to_its_answer_and_kept(chromium: Any, town: Town, address: str, tmp_path: Path) -> None:
    tab = Tab(chromium, address, WIDE)
    page = tab.page
    tab.sign_in("dong_lei")
    _begun(page, town)
    page.wait_for_selector("h2:text-is('Register')")
    _complete(page, "Accept", kind="service", severity="ordinary", facts_clear="true")
    page.wait_for_selector("h2:text-is('First look')")
    assert "complaint_received" in page.inner_text("[aria-labelledby=notices]")
    page.fill("#amount", "2")
    page.select_option("#unit", "h")
    page.press("#amount", "Enter")  # with the keyboard alone
    page.wait_for_selector("strong:text-is('2026-03-02 11:00')")
    _complete(page, "Tell the customer", progress_note="On it.")
    page.wait_for_selector("h2:text-is('Investigate')")
    _complete(page, "Found", finding="Late, without a reason.", at_fault="true")
    page.wait_for_selector("h2:text-is('Write the answer')")
    page.click("button:text-is('Take the last step back')")
    page.wait_for_selector("h2:text-is('Investigate')")
    _complete(page, "Found", finding="Late, without a reason.", at_fault="true")
    page.wait_for_selector("h2:text-is('Write the answer')")
    _complete(page, "Propose", answer_text="We are sorry.", remedy="apology")
    page.wait_for_selector("h2:text-is('Approve the answer')")
    _complete(page, "Approve")
    page.wait_for_selector("h2:text-is('Carry out the remedy')")
    page.fill("#scenario-title", "answered in time")
    with page.expect_download() as download:
        page.click("text=Download the scenario")
    kept = tmp_path / "tried.yaml"
    download.value.save_as(kept)
    assert download.value.suggested_filename == "answered_in_time.yaml"
    assert [one.problems for one in run_all([kept], SHIPPED)] == [[]]
    assert "complaint_answer" in kept.read_text("utf-8")
    assert tab.complaints == []


@pytest.mark.long
def test_without_script_on_a_phone(chromium: Any, town: Town, address: str) -> None:
    tab = Tab(chromium, address)
    tab.page = chromium.new_context(
        viewport=PHONE, locale="en-GB", base_url=address, java_script_enabled=False
    ).new_page()
    tab.sign_in("dong_lei")
    _begun(tab.page, town)
    assert tab.page.locator("h2:text-is('Register')").count() == 1
    tab.page.click("button:text-is('中文')")
    assert tab.page.locator("h2:text-is('登记')").count() == 1  # nothing of it is lost
