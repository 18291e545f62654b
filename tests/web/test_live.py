"""Parts that change by themselves: one poller for all who watch, events that say no more than that something is new."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.web.conftest import MORNING, Town, served
from tests.web.test_browser import Tab
from web import live
from web.live import Listener, Live, Watch
from web.sessions import Session


@pytest.fixture
def address(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    town.app.state.live = Live(town.app.state.desks, town.app.state.accounts, every=0.02)
    with served(town.app) as found:
        yield found
        town.app.state.live.close()


class Stream:
    """A browser's stream, read line by line."""

    def __init__(self, town: Town, address: str, user: str, path: str, last: str = "") -> None:
        cookies = town.browser(user).cookies if user else httpx.Cookies()
        self.client = httpx.Client(base_url=address, timeout=20)
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        self.answer = self.client.send(
            self.client.build_request("GET", path, headers={**headers, **({"last-event-id": last} if last else {})}),
            stream=True,
        )
        self.lines = self.answer.iter_lines()

    def event(self) -> tuple[str, str]:
        """The name and the id of the next event."""
        found = {"id": "", "event": ""}
        for line in self.lines:
            name, _, value = line.partition(": ")
            found[name] = value
            if name == "data":
                break
        return found["event"], found["id"]

    def close(self) -> None:
        self.answer.close()
        self.client.close()


@pytest.fixture
def stream(town: Town, address: str) -> Iterator[Callable[..., Stream]]:
    """Opens streams, and closes them in the end."""
    opened: list[Stream] = []

    def begin(user: str, path: str, last: str = "") -> Stream:
        opened.append(Stream(town, address, user, path, last))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()
        one.close()


def looked(town: Town, times: int = 2) -> None:
    """Waits until the poller has looked so many times more."""
    watch: Watch = town.app.state.live._watch
    plain, seen = watch.look, threading.Semaphore(0)

    def look(topics: Any) -> Any:
        found = plain(topics)
        seen.release()
        return found

    watch.look = look  # type: ignore[method-assign]  # put back below
    for _ in range(times):
        assert seen.acquire(timeout=10)
    watch.look = plain  # type: ignore[method-assign]  # as it was


def test_a_new_task_in_my_queue_is_told_and_one_elsewhere_is_not(town: Town, stream: Callable[..., Stream]) -> None:
    mine, _other = (stream(user, "/live?inbox=") for user in ("chen_wei", "fang_qi"))
    assert mine.answer.headers["content-type"].startswith("text/event-stream")
    looked(town)
    town.claim()
    name, id = mine.event()
    assert name == "inbox" and id
    looked(town)
    assert [one.user for one in town.app.state.live._listeners if one.told] == []


def test_who_comes_back_hears_at_once_what_was_missed(town: Town, stream: Callable[..., Stream]) -> None:
    first = stream("chen_wei", "/live?inbox=intake")
    looked(town)
    town.claim()
    _, id = first.event()
    first.close()
    town.claim(policy_number="PM2026000002")
    again = stream("chen_wei", "/live?inbox=intake", last=id)
    assert again.event()[0] == "inbox"


def test_a_case_that_moves_is_told_to_who_looks_at_it(town: Town, stream: Callable[..., Stream]) -> None:
    number = town.claim()
    found = stream("lin_xiaoyan", f"/live?case={number}&floor=true")
    looked(town)
    town.clock.advance(timedelta(seconds=live.FLOOR))
    town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    assert {found.event()[0], found.event()[0]} == {"case", "floor"}


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("", "/live?inbox=", 401), ("chen_wei", "/live?floor=true", 403), ("chen_wei", "/live?case=LP-2026-9", 404),
        ("chen_wei", "/live?floor=perhaps", 422),
    ],
)  # fmt: skip
def test_nobody_watches_what_they_may_not_see(town: Town, user: str, path: str, status: int) -> None:
    assert town.browser(user).get(path).status_code == status


def test_a_restricted_case_is_as_one_that_there_is_not(town: Town, stream: Callable[..., Stream]) -> None:
    number = town.claim()
    task = f"{number}/{town.task_of(number)}"
    assert town.browser("yu_siqi").post(f"/cases/{number}/restrict", reason="a test").status_code == 303
    for user, path in (("lu_yao", f"case={number}"), ("fang_qi", f"case={number}"), ("fang_qi", f"task={task}")):
        found = stream(user, f"/live?{path}").answer
        unknown = stream(user, f"/live?{path.replace(number, 'LP-2026-999999')}").answer
        assert found.status_code == unknown.status_code == 404
        texts = [re.sub(r'(value|content)="[\w.-]{40,}"', "", answer.read().decode()) for answer in (found, unknown)]
        assert texts[0].replace(number, "N") == texts[1].replace("LP-2026-999999", "N")
    assert next(stream("yu_siqi", f"/live?case={number}").lines) == "retry: 5000"


def test_who_may_watch_is_asked_again_after_each_change(town: Town, stream: Callable[..., Stream]) -> None:
    number = town.claim()
    found = stream("lu_yao", f"/live?case={number}")
    looked(town)
    town.browser("yu_siqi").post(f"/cases/{number}/restrict", reason="a test")
    assert found.event()[0] == "case" and list(found.lines) == [""]  # and there it ends
    assert stream("lu_yao", f"/live?case={number}").answer.status_code == 404


def test_a_task_that_changes_hands_is_told_and_another_of_the_case_is_not(
    town: Town, stream: Callable[..., Stream]
) -> None:
    number = town.claim()
    path = f"{number}/{town.task_of(number)}"
    found = stream("liu_yang", f"/live?task={path}")
    looked(town)
    town.browser("chen_wei").post(f"/tasks/{path}/claim")
    assert found.event()[0] == "task"


@pytest.mark.parametrize("task", ["", "7", "LP-2026-1/x", "LP-2026-1/99999999999999999999", "/1"])
def test_what_is_no_task_cannot_be_watched(town: Town, task: str) -> None:
    assert town.browser("chen_wei").get(f"/live?task={task}&case=none").status_code == 404


def test_there_are_only_so_many_streams(stream: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EACH", 1)
    one = stream("chen_wei", "/live?inbox=")
    assert next(one.lines) == "retry: 5000"
    assert stream("chen_wei", "/live?inbox=").answer.status_code == 503
    assert stream("liu_yang", "/live?inbox=").answer.status_code == 200


def test_however_many_watch_the_queues_are_asked_for_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, asked = Watch(town.app.state.desks), list[str]()
    plain = live.queries.queue
    monkeypatch.setattr(live.queries, "queue", lambda c, name, **more: asked.append(name) or plain(c, name, **more))
    people = [("user", user) for user in town.caseway.directory.users]
    topics = frozenset([("queue", "intake"), *people])
    first = watch.look(topics)
    assert watch.look(topics) is first and asked == ["intake"]
    number = town.claim()
    second = watch.look(topics)
    assert asked == ["intake", "intake"] and {t for t in topics if first[t] != second[t]} == {("queue", "intake")}
    town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    third = watch.look(topics)
    assert {t for t in topics if second[t] != third[t]} == {("queue", "intake"), ("user", "chen_wei")}
    watch.close()


def test_a_listener_is_told_once_of_what_has_changed_twice() -> None:
    async def run() -> set[str]:
        one = Listener(Session("s", "chen_wei", MORNING), [("queue", "a"), ("case", "b")], "")
        one.see({("queue", "a"): "1"})  # not all of it yet
        one.see({("queue", "a"): "1", ("case", "b"): "1"})
        assert not one.told
        one.see({("queue", "a"): "2", ("case", "b"): "1"})
        one.see({("queue", "a"): "3", ("case", "b"): "1"})
        return one.told

    with ThreadPoolExecutor(1) as pool:  # where Playwright runs, this thread has a loop already
        assert pool.submit(asyncio.run, run()).result() == {"inbox"}


def test_a_stream_ends_with_its_session(
    town: Town, stream: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    found = stream("chen_wei", "/live?inbox=")
    assert next(found.lines) == "retry: 5000"
    town.app.state.accounts.end_sessions("chen_wei")
    rest = list(found.lines)  # ends
    assert "event: inbox" not in rest


def test_a_page_that_looks_for_news_does_not_keep_its_session_alive(town: Town) -> None:
    visitor, kept = town.browser("chen_wei"), town.app.state.accounts.sessions

    def seen() -> object:
        return kept.of(town.caseway.connection, "chen_wei")[0].seen

    before = seen()
    town.clock.advance(timedelta(minutes=6))
    assert visitor.get("/", headers={"x-live": "1"}).status_code == 200 and seen() == before
    assert visitor.get("/").status_code == 200 and seen() != before


def test_the_inbox_shows_what_is_new_by_itself(chromium: Any, town: Town, address: str) -> None:
    tab = Tab(chromium, address)
    tab.sign_in("chen_wei")
    tab.page.wait_for_function("document.getElementById('main').dataset.watch")
    looked(town)
    number = town.claim()
    tab.page.wait_for_selector(f"#open >> text={number}")
    # what somebody is at work in stays as it is, and the page says that there is more
    tab.page.check("input[name=task]")
    second = town.claim(policy_number="PM2026000002")
    tab.page.wait_for_selector("#news:not([hidden])")
    assert tab.page.is_checked("input[name=task]") and tab.page.locator(f"text={second}").count() == 0
    tab.page.click("#news a")
    tab.page.wait_for_selector(f"#open >> text={second}")
    assert tab.complaints == []


def test_a_case_shows_by_itself_what_has_become_of_it(chromium: Any, town: Town, address: str) -> None:
    number = town.claim()
    tab = Tab(chromium, address)
    tab.sign_in("lin_xiaoyan")
    tab.page.goto(f"/cases/{number}")
    looked(town)
    town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    tab.page.wait_for_selector("#whole >> text=Chen Wei")
    # a reason that is being written stays, and the page says that there is more
    tab.page.locator("summary:has-text('Suspend')").first.click()
    reason = tab.page.locator("details[open] input[name=reason]").first
    reason.fill("half a sen")
    town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/release")
    tab.page.wait_for_selector("#news:not([hidden])")
    assert reason.input_value() == "half a sen" and tab.complaints == []


def test_a_task_says_at_once_that_another_has_it_or_ended_it_and_keeps_what_was_typed(
    chromium: Any, town: Town, address: str
) -> None:
    number = town.claim()
    task = f"/tasks/{number}/{town.task_of(number)}"
    town.browser("chen_wei").post(f"{task}/claim")
    tab = Tab(chromium, address)
    tab.sign_in("chen_wei")
    tab.page.goto(task)
    tab.page.fill("#f-loss_place", "7 Ring Road")
    looked(town)
    town.browser("lin_xiaoyan").post(f"{task}/transfer", user="wang_fang", reason="a test")
    tab.page.wait_for_selector("#standing >> text=Wang Fang")
    assert tab.page.input_value("#f-loss_place") == "7 Ring Road"
    town.browser("gu_mingyuan").post(f"/cases/{number}/cancel", reason="a test")
    tab.page.wait_for_selector("#gone:not([hidden]) >> text=closed")
    assert "still below" in tab.page.inner_text("#gone") and tab.page.input_value("#f-loss_place") == "7 Ring Road"
    assert tab.complaints == []


def test_without_script_what_was_typed_comes_back_with_who_closed_the_task(town: Town) -> None:
    number = town.claim()
    path, handler = f"/tasks/{number}/{town.task_of(number)}", town.browser("chen_wei")
    handler.post(f"{path}/claim")
    town.browser("gu_mingyuan").post(f"/cases/{number}/cancel", reason="a test")
    answer = handler.post(f"{path}/complete", **{"data.loss_place": "7 Ring Road", "outcome": "accept"})
    assert answer.status_code == 404 and "closed" in answer.text and "7 Ring Road" in answer.text


def test_asking_again_how_a_task_stands_opens_no_secret(town: Town) -> None:
    number = town.claim()
    path, handler = f"/tasks/{number}/{town.task_of(number)}", town.browser("chen_wei")
    handler.post(f"{path}/claim")
    assert handler.get(f"{path}/standing").status_code == 200
    assert town.caseway.connection.one("SELECT count(*) FROM looks") == (0,)
