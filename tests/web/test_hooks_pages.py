"""The pages of webhooks, with a receiver that answers: made, tried, tried again, stopped."""

import re
from datetime import timedelta

from engine.runtime.hooks import TRIES
from tests.web.conftest import Town
from tests.web.test_webhooks import LOOPBACK, Receiver, courier, receiver
from web.webhooks import Courier

__all__ = ["courier", "receiver"]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
PLACE = re.compile(r'href="(/admin/webhooks/[0-9a-f]+)"')


def made(town: Town, url: str, *events: str) -> tuple[str, str]:
    """A webhook by hand; its page's path, and its secret."""
    admin = town.browser("dong_lei")
    answer = admin.post("/admin/webhooks", url=url, title="Archive", event=[*events])
    assert answer.status_code == 201, answer.text
    (place,) = set(PLACE.findall(admin.get("/admin/webhooks").text))
    return place, SECRET.findall(answer.text)[0]


def test_a_webhook_is_made_and_its_secret_shown_once(town: Town, receiver: Receiver, courier: Courier) -> None:
    place, secret = made(town, receiver.url, "case.started", "task.opened")
    admin = town.browser("dong_lei")
    page = admin.get(place).text
    assert "Archive" in page and "A case begins" in page and secret not in page and not SECRET.search(page)
    number = town.claim()
    assert courier.run_once() == 1
    told = admin.get(place).text
    assert number in told and "Made" in told and "answered 204" in told


def test_another_secret_is_shown_once_and_is_another(town: Town, receiver: Receiver, courier: Courier) -> None:
    place, secret = made(town, receiver.url, "case.started")
    admin = town.browser("dong_lei", "zh")
    answer = admin.post(f"{place}/secret")
    assert answer.status_code == 201 and SECRET.findall(answer.text)[0] != secret and "只显示这一次" in answer.text
    assert not SECRET.search(admin.get(place).text)


def test_a_trial_call_and_one_that_was_given_up_are_made_again(
    town: Town, receiver: Receiver, courier: Courier
) -> None:
    place, _ = made(town, receiver.url, "case.started")
    assert town.browser("dong_lei").post(f"{place}/ping").headers["location"].endswith("said=hook_ping")
    receiver.answers = [500] * TRIES
    for _ in range(TRIES):
        assert courier.run_once() == 1
        town.clock.advance(timedelta(hours=6))
    admin = town.browser("dong_lei")
    dead = admin.get(f"{place}?state=dead").text
    assert "Trial call" in dead and "answered 500" in dead and "Given up" in dead
    (call,) = re.findall(rf"{place}/calls/[0-9a-f]+/retry", dead)
    assert admin.post(call).status_code == 303
    assert courier.run_once() == 1 and "Trial call" not in admin.get(f"{place}?state=dead").text


def test_a_stopped_webhook_says_by_whom_and_takes_nothing_more(town: Town, receiver: Receiver) -> None:
    town.app.state.reach = LOOPBACK
    place, _ = made(town, receiver.url, "case.started")
    admin = town.browser("dong_lei")
    assert admin.post(f"{place}/stop").status_code == 303
    page = admin.get(place).text
    assert re.search(r"Stopped .* by Dong Lei", page)
    for action in ("ping", "secret", "stop"):
        assert admin.post(f"{place}/{action}").status_code == 409
    assert admin.post(f"{place}/burn").status_code == 404
    assert f"{place}/ping" not in page


def test_what_cannot_be_called_is_said_in_the_readers_language_and_nothing_is_lost(town: Town) -> None:
    answer = town.browser("dong_lei", "zh").post(
        "/admin/webhooks", url="https://10.0.0.1/x", title="仓库", event=["case.ended"]
    )
    assert answer.status_code == 422 and "内部地址" in answer.text
    assert 'value="https://10.0.0.1/x"' in answer.text and 'value="仓库"' in answer.text
    assert re.search(r'value="case.ended" checked', answer.text)
    nothing = town.browser("dong_lei").post("/admin/webhooks", url="https://1.1.1.1/", title="")
    assert nothing.status_code == 422 and "at least one event" in nothing.text
