"""What people do with each other's work in a real browser: races, four eyes, breaches, broken files, no mouse."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap import SHIPPED
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from tests.web.conftest import PASSWORD, Town, served
from tests.web.test_browser import WIDE, Tab
from tests.web.test_processes import BROKEN

TWICE = """\
process: twice
title: {zh: 复核, en: Twice}
number: FH-{year}-{seq:06}
calendar: insurer
data: {type: object, properties: {note: {type: string}}}
start: {by: [staff]}
steps:
  first:
    title: {zh: 初核, en: First look}
    human: {queue: intake}
    form: [note]
    outcomes:
      done: {title: {zh: 完成, en: Done}}
  second:
    title: {zh: 复核, en: Second look}
    human: {queue: intake, not_by: [first]}
    outcomes:
      done: {title: {zh: 完成, en: Done}}
  over: {end: done}
"""


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    with served(town.app) as found:
        yield found


def signed_in(chromium: Any, address: str, user: str) -> Tab:
    tab = Tab(chromium, address)
    tab.sign_in(user)
    return tab


def twice(town: Town, folder: Path) -> str:
    """The number of a case in which a second person looks again."""
    place = shutil.copytree(SHIPPED, folder / "processes")
    (place / "twice.yaml").write_text(TWICE, "utf-8")
    town.caseway.deploy(place, "dong_lei")
    answer = town.caseway.start(StartCase("twice", {}), "lu_yao")
    assert isinstance(answer, Accepted), answer
    return answer.number


def reach(page: Any, selector: str, most: int = 120) -> None:
    """Goes there with the tabulator alone."""
    for _ in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_of_two_who_press_at_once_one_has_it(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    tabs = [signed_in(chromium, address, user) for user in ("chen_wei", "liu_yang")]
    path = f"/tasks/{number}/{town.task_of(number)}"
    for tab in tabs:
        tab.page.goto(path)
    for tab in tabs:  # neither waits for the other's answer
        tab.page.evaluate("setTimeout(() => document.querySelector('form[action$=\"/claim\"] button').click(), 0)")
    for tab in tabs:
        tab.page.wait_for_selector("p.notice.good[role=status], #wrong")
    told = [tab.page.inner_text("main") for tab in tabs]
    assert sum("It is yours now" in text for text in told) == 1
    assert sum("holds task" in text for text in told) == 1
    row = town.caseway.connection.one("SELECT count(*) FROM tasks WHERE number = ? AND holder <> ''", (number,))
    assert row[0] == 1


def test_two_who_want_what_is_next_never_get_the_same(chromium: Any, town: Town, address: str) -> None:
    numbers = {town.claim(policy_number=f"PM202600000{index}") for index in range(2)}
    tabs = [signed_in(chromium, address, user) for user in ("chen_wei", "liu_yang")]
    for tab in tabs:
        tab.page.evaluate("setTimeout(() => document.getElementById('next').click(), 0)")
    for tab in tabs:
        tab.page.wait_for_url("**/tasks/**")
    assert {tab.page.url.split("/tasks/")[1].partition("/")[0] for tab in tabs} == numbers


def test_a_delegate_meets_four_eyes(chromium: Any, town: Town, address: str, tmp_path: Path) -> None:
    number = twice(town, tmp_path)
    chen, liu = (signed_in(chromium, address, user) for user in ("chen_wei", "liu_yang"))
    chen.page.click("text=Next task")
    chen.page.click("button:text-is('Complete')")
    chen.page.wait_for_url(f"**/cases/{number}?said=completed")
    path = f"/tasks/{number}/{town.task_of(number)}"
    chen.page.goto(path)
    assert "You cannot work on this" in chen.page.inner_text("main")
    liu.page.goto(path)
    liu.page.click("text=Take the task")
    for user in ("chen_wei", "wang_fang"):
        liu.page.click("text=More actions")
        liu.page.select_option("#delegate-user", user)
        liu.page.click("form[action$='/delegate'] button")
        liu.page.wait_for_selector("#wrong" if user == "chen_wei" else "p.notice.good[role=status]")
        if user == "chen_wei":
            assert "Chen Wei completed “First look” in this case" in liu.page.inner_text("#wrong")
    wang = signed_in(chromium, address, "wang_fang")
    wang.page.goto(path)
    wang.page.click("button:text-is('Complete')")
    wang.page.wait_for_url(f"**/cases/{number}?said=completed")


def test_a_supervisor_hands_a_breach_to_another_and_says_why_it_is_late(
    chromium: Any, town: Town, address: str
) -> None:
    late, other = town.claim(reported_at="2026-02-24T09:30:00+08:00"), town.claim(policy_number="PM2026000002")
    tab = signed_in(chromium, address, "lin_xiaoyan")
    page = tab.page
    page.goto("/floor")
    row = page.locator(f"tr[id^='late-{late}']").first
    assert row.locator(".chip.late").count() == 1
    assert page.locator(f"tr[id^='late-{other}']").count() == 0
    row.locator("summary").click()
    row.locator("select[name=reason]").select_option(index=1)
    row.locator("input[name=note]").fill("two were ill")
    row.locator("button").click()
    page.wait_for_selector("p.notice.good[role=status]")
    assert "known:" in page.locator(f"tr[id^='late-{late}']").first.inner_text()
    page.click("table.load a:text-is('Intake')")
    page.check(f"input[name=task][value^='{late}/']")
    page.select_option("#to_user", "wang_fang")
    page.fill("#why", "it is late")
    page.click("button[name=action][value=transfer]")
    page.wait_for_selector("[role=status]:has-text('1 done, 0 not')")
    mine = signed_in(chromium, address, "wang_fang").page.inner_text("section[aria-labelledby=mine]")
    assert late in mine and other not in mine
    assert tab.complaints == []


def test_a_designer_sees_line_and_column_of_what_is_wrong(
    chromium: Any, town: Town, address: str, tmp_path: Path
) -> None:
    broken = tmp_path / "claims.yaml"
    broken.write_text(BROKEN, "utf-8")
    line = BROKEN.splitlines().index("calendar: insurers") + 1
    tab = signed_in(chromium, address, "dong_lei")
    page = tab.page
    page.click("nav >> text=Processes")
    page.set_input_files("#files", broken)
    page.fill("#reason", "another calendar")
    page.click("text=Check and propose")
    page.wait_for_selector(".findings a")
    assert page.inner_text(".findings a") == f"claims.yaml:{line}:11"
    assert "did you mean" in page.inner_text(".findings")
    page.click(".findings a")
    marked = page.locator("li:target")
    assert "calendar: insurers" in marked.inner_text() and "11:" in marked.inner_text()
    top, bottom = marked.evaluate("line => [line.getBoundingClientRect().top, line.getBoundingClientRect().bottom]")
    assert 0 <= top < bottom <= WIDE["height"], "the line is in sight"
    assert tab.complaints == []


def test_a_task_is_done_without_a_mouse(chromium: Any, town: Town, address: str) -> None:
    """From signing in to the moved case; the pointer is never used, nor is anything focused by script."""
    number = town.claim()
    tab = Tab(chromium, address)
    page, keys = tab.page, tab.page.keyboard
    page.goto("/sign-in")
    reach(page, "#user")
    keys.type("chen_wei")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_selector("#next")
    keys.press("n")
    page.wait_for_url(f"**/tasks/{number}/*")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads past the header"
    keys.press("Enter")
    reach(page, "#f-catastrophe_code")
    keys.type("no good!")
    reach(page, "input[name=outcome]")
    keys.press("Space")
    assert page.evaluate("document.activeElement.checked")
    reach(page, "button.main[accesskey=c]")
    keys.press("Enter")
    page.wait_for_selector("#f-catastrophe_code-error")
    assert page.evaluate("document.activeElement.id") == "f-catastrophe_code", "one goes on where it is wrong"
    keys.press("Control+a")
    keys.press("Delete")
    reach(page, "button.main[accesskey=c]")
    outlined = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outlined not in ("none", ""), "one sees where one is"
    keys.press("Enter")
    page.wait_for_url(f"**/cases/{number}?said=completed")
    assert tab.complaints == []
