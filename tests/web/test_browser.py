"""A handler's day in a real browser: with the keyboard, on a phone, in both languages; nothing breaks the policy."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import PASSWORD, Town, served

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    with served(town.app) as found:
        yield found


class Tab:
    """A browser's tab; whatever it complains about fails the test."""

    def __init__(self, chromium: Any, address: str, size: dict[str, int] = WIDE, locale: str = "en-GB") -> None:
        self.page = chromium.new_context(viewport=size, locale=locale, base_url=address).new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        expected = "status of 4" in message.text  # a refused form is answered so
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def sign_in(self, user: str) -> None:
        self.page.goto("/sign-in")
        self.page.fill("#user", user)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button")
        self.page.wait_for_url(lambda url: "sign-in" not in url)


def test_a_handler_takes_the_next_task_and_brings_it_to_its_end(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    tab = Tab(chromium, address)
    page = tab.page
    tab.sign_in("chen_wei")
    page.click("text=Next task")
    page.wait_for_url(f"**/tasks/{number}/*")
    # a form that does not fit
    page.check("text=Accept")
    page.fill("#f-catastrophe_code", "no good!")
    page.click("button:text-is('Complete')")
    page.wait_for_selector("#f-catastrophe_code-error")
    assert "does not have the expected form" in page.inner_text("#f-catastrophe_code-error")
    assert page.evaluate("document.activeElement.id") == "f-catastrophe_code"
    # a draft, kept as one types; away and back
    page.fill("#f-catastrophe_code", "")
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 204):
        page.fill("#f-loss_place", "7 Ring Road")
    page.click("nav >> text=Inbox")
    page.click(f"tr:has-text('{number}') >> text=Open")
    assert page.input_value("#f-loss_place") == "7 Ring Road" and page.is_visible("text=This is the draft")
    # done: the case moves
    page.check("text=Accept")
    page.click("button:text-is('Complete')")
    page.wait_for_url(f"**/cases/{number}?said=completed")
    assert page.is_visible("text=completed Intake: Accept")
    town.settle()
    page.reload()
    assert page.is_visible("main strong:text-is('Document review')")
    assert page.locator(".picture img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert tab.complaints == []


def test_the_inbox_is_worked_with_the_keyboard_alone(chromium: Any, town: Town, address: str) -> None:
    numbers = [town.claim(policy_number=f"PM202600000{index}") for index in range(3)]
    tab = Tab(chromium, address)
    tab.sign_in("chen_wei")
    page, focused = tab.page, "document.activeElement.closest('tr').innerText"
    page.keyboard.press("j")
    assert numbers[0] in page.evaluate(focused)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert numbers[2] in page.evaluate(focused)
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tasks/{numbers[1]}/*")
    page.keyboard.press("i")
    page.wait_for_selector("#next")
    page.keyboard.press("n")
    page.wait_for_url(f"**/tasks/{numbers[0]}/*")
    page.keyboard.press("/")
    page.wait_for_url("**/cases")
    page.focus("#q")
    page.keyboard.type(numbers[2])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{numbers[2]}")
    assert tab.complaints == []


def test_two_who_want_the_same_task_are_told_who_has_it(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    one, other = Tab(chromium, address), Tab(chromium, address)
    one.sign_in("chen_wei")
    other.sign_in("liu_yang")
    path = f"/tasks/{number}/{town.task_of(number)}"
    one.page.goto(path)
    other.page.goto(path)
    one.page.click("text=Take the task")
    one.page.wait_for_selector("text=It is yours now")
    other.page.click("text=Take the task")
    assert "Chen Wei holds task" in other.page.inner_text("#wrong")


def test_a_supervisor_moves_what_presses(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    tab = Tab(chromium, address)
    page = tab.page
    tab.sign_in("lin_xiaoyan")
    page.click("nav >> text=Floor")
    assert "as of" in page.inner_text("main .bar time")
    page.click("table.load a:text-is('Intake')")
    page.check("#all")
    page.select_option("#to_user", "wang_fang")
    page.click("text=Hand on")
    page.wait_for_selector("[role=status]:has-text('1 done, 0 not')")
    other = Tab(chromium, address)
    other.sign_in("wang_fang")
    assert number in other.page.inner_text("section[aria-labelledby=mine]")
    assert tab.complaints == []


@pytest.mark.parametrize("path", ["/", "/task", "/case", "/cases", "/floor", "/account"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    chromium: Any, town: Town, address: str, path: str
) -> None:
    number = town.claim()
    target = {"/task": f"/tasks/{number}/{town.task_of(number)}", "/case": f"/cases/{number}"}.get(path, path)
    tab = Tab(chromium, address, PHONE, "zh-CN")
    tab.sign_in("lin_xiaoyan")
    tab.page.goto(target)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert tab.complaints == []


def test_the_language_is_switched_where_one_is(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    tab = Tab(chromium, address)
    tab.sign_in("chen_wei")
    path = f"/tasks/{number}/{town.task_of(number)}"
    tab.page.goto(path)
    tab.page.click("text=中文")
    tab.page.wait_for_selector("h1:text-is('报案受理')")
    assert tab.page.url.endswith(path) and tab.page.get_attribute("html", "lang") == "zh-CN"
    assert "车险" in tab.page.inner_text("#f-line")


def test_without_script_all_of_it_still_works(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    page = chromium.new_context(java_script_enabled=False, locale="en-GB", base_url=address).new_page()
    page.goto("/sign-in")
    page.fill("#user", "chen_wei")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.click("text=Next task")
    page.check("text=Accept")
    page.click("button:text-is('Complete')")
    page.wait_for_url(f"**/cases/{number}?said=completed")
