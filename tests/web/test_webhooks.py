"""Webhooks against a real receiver: signed, once, tried again, given up; and where a call may not go."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from engine.runtime import keys
from engine.runtime.hooks import TRIES
from migrations.tables import metadata
from tests.web.conftest import Town
from tests.web.test_api import INTAKE, Program
from web.reach import Reach, Unreachable, fault, told
from web.webhooks import Courier

LOOPBACK = Reach.of(["127.0.0.0/8"])


class Receiver:
    """A program that listens on this machine. `answers`: the statuses of the next calls; then always 204."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as found:
        yield found


class Aside(Courier):
    """Goes its rounds in another thread: where Playwright runs, this one has a loop already."""

    def run_once(self) -> int:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(super().run_once).result()


@pytest.fixture
def courier(town: Town) -> Iterator[Courier]:
    town.app.state.reach = LOOPBACK
    with closing(Aside(town.caseway, LOOPBACK)) as found:
        yield found


def listen(town: Town, url: str, *events: str) -> tuple[Program, str, str]:
    admin = Program(town, "dong_lei")
    made = admin.post("/webhooks", {"url": url, "events": list(events)})
    assert made.status_code == 201, made.text
    return admin, made.json()["id"], made.json()["secret"]


def test_a_case_and_its_tasks_are_told_signed_and_without_data(
    town: Town, receiver: Receiver, courier: Courier
) -> None:
    _, _, secret = listen(town, receiver.url, "case.started", "task.opened", "task.completed")
    number = town.claim()
    chen = Program(town, "chen_wei")
    task = town.task_of(number)
    path = f"/tasks/{number}/{task}"
    assert chen.post(f"{path}/complete", {"outcome": "accept", "data": INTAKE}).status_code == 200
    assert courier.run_once() == 2 and courier.run_once() == 0
    first, second = receiver.told
    assert first["type"] == "case.changed" and first["data"]["number"] == number and first["data"]["revision"] == 1
    assert first["data"]["events"] == [
        {"type": "case.started"}, {"type": "task.opened", "task": task, "step": "intake"}
    ]  # fmt: skip
    assert second["data"]["events"][0] == {"type": "task.completed", "task": task, "step": "intake"}
    for headers, body in receiver.heard:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}" and len(key) == 32
        assert "王小明" not in body.decode() and "11010119900101123X" not in body.decode()


def test_only_what_is_asked_for_is_noted_and_nothing_while_nobody_listens(town: Town, receiver: Receiver) -> None:
    town.app.state.reach = LOOPBACK
    calls = "SELECT count(*) FROM webhook_calls"
    town.claim()
    assert town.caseway.connection.one(calls) == (0,)
    admin, hook, _ = listen(town, receiver.url, "case.cancelled")
    number = town.claim()
    assert town.caseway.connection.one(calls) == (0,)
    assert Program(town, "gu_mingyuan").post(f"/cases/{number}/cancel", {"reason": "a test"}).status_code == 200
    assert town.caseway.connection.one(calls) == (1,)
    assert admin.visitor.ask("DELETE", f"/api/webhooks/{hook}").status_code == 204
    assert town.caseway.connection.one(calls) == (0,)
    town.claim()
    assert admin.get(f"/webhooks/{hook}").json()["stopped_why"] == "dong_lei"
    assert admin.post(f"/webhooks/{hook}/ping").status_code == 409


def test_what_fails_is_tried_again_with_the_same_id_and_body(town: Town, receiver: Receiver, courier: Courier) -> None:
    admin, hook, _ = listen(town, receiver.url, "case.started")
    town.claim()
    town.claim(policy_number="PM2026000002")
    receiver.answers = [500, 302]
    assert courier.run_once() == 1  # the second of the same receiver waits
    assert courier.run_once() == 0
    town.clock.advance(timedelta(seconds=6))
    assert courier.run_once() >= 1 and courier.run_once() == 0
    town.clock.advance(timedelta(minutes=2))
    while courier.run_once():
        pass
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    bodies = {headers["webhook-id"]: body for headers, body in receiver.heard}
    assert len(ids) == 4 and len(set(ids)) == 2 and all(body == bodies[h["webhook-id"]] for h, body in receiver.heard)
    listed = admin.get(f"/webhooks/{hook}/calls").json()["calls"]
    assert [one["state"] for one in listed] == ["sent", "sent"] and {one["status"] for one in listed} == {204}


def test_a_receiver_that_stays_away_is_given_up_and_may_be_tried_again(
    town: Town, receiver: Receiver, courier: Courier
) -> None:
    admin, hook, _ = listen(town, receiver.url, "case.started")
    town.claim()
    receiver.answers = [503] * TRIES
    waits = []
    for _ in range(TRIES):
        assert courier.run_once() == 1
        (call,) = admin.get(f"/webhooks/{hook}/calls").json()["calls"]
        due = town.caseway.connection.one("SELECT due FROM webhook_calls")[0]
        waits.append(due)
        if call["state"] == "pending":
            town.clock.advance(timedelta(hours=6))
    assert call["state"] == "dead" and call["attempts"] == TRIES and call["error"] == "answered 503"
    assert courier.run_once() == 0
    assert admin.post(f"/webhooks/{hook}/calls/{call['id']}/retry").status_code == 202
    assert courier.run_once() == 1
    assert admin.get(f"/webhooks/{hook}/calls?state=sent").json()["calls"][0]["id"] == call["id"]
    town.clock.advance(timedelta(days=8))
    assert courier._calls.tidy(town.clock.now()) == 1


def test_a_receiver_that_says_gone_is_not_called_any_more(town: Town, receiver: Receiver, courier: Courier) -> None:
    admin, hook, _ = listen(town, receiver.url, "case.started")
    town.claim()
    receiver.answers = [410]
    assert courier.run_once() == 1
    assert admin.get(f"/webhooks/{hook}").json()["stopped_why"] == "answered 410"
    town.caseway.refresh()
    town.claim()
    assert courier.run_once() == 0


def test_nobody_there_costs_nobody_else_their_calls(town: Town, receiver: Receiver, courier: Courier) -> None:
    admin, away, _ = listen(town, "http://127.0.0.1:9/hook", "case.started")
    listen(town, receiver.url, "case.started")
    town.claim()
    assert courier.run_once() == 2 and len(receiver.heard) == 1
    (call,) = admin.get(f"/webhooks/{away}/calls").json()["calls"]
    assert call["state"] == "pending" and call["status"] is None and "ConnectError" in call["error"]


def test_a_ping_and_another_secret(town: Town, receiver: Receiver, courier: Courier) -> None:
    admin, hook, secret = listen(town, receiver.url, "case.started")
    assert admin.post(f"/webhooks/{hook}/ping").status_code == 202
    assert courier.run_once() == 1 and receiver.told[0]["type"] == "ping"
    other = admin.post(f"/webhooks/{hook}/secret").json()["secret"]
    assert other != secret and secret not in admin.get("/webhooks").text
    metadata()  # a rotation wants to know every table
    keys.rotate(town.caseway.database, town.caseway.vault)
    town.caseway.vault.forget()
    assert admin.post(f"/webhooks/{hook}/ping").status_code == 202 and courier.run_once() == 1


def test_the_courier_works_in_a_thread_of_its_own(town: Town, receiver: Receiver) -> None:
    town.app.state.reach = LOOPBACK
    listen(town, receiver.url, "case.started")
    town.claim()
    courier = Courier(town.caseway, LOOPBACK, poll=0.01)
    courier.start()
    arrived = threading.Event()
    while not receiver.heard and not arrived.wait(0.01):
        pass
    courier.close()
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1/", "inside"), ("https://127.0.0.1/", "inside"), ("https://10.1.2.3/", "inside"),
        ("https://169.254.169.254/latest", "inside"), ("https://[::1]/", "inside"), ("https://[fe80::1]/", "inside"),
        ("https://[::ffff:10.0.0.1]/", "inside"), ("https://0.0.0.0/", "inside"), ("https://192.168.1.1/", "inside"),
        ("https://2130706433/", "inside"), ("https://localhost/", "inside"), ("http://1.1.1.1/", "https"),
        ("ftp://1.1.1.1/", "expected"), ("https://user:word@1.1.1.1/", "expected"), ("https:///x", "expected"),
        ("https://no.such.name.invalid/", "name service"), ("https://1.1.1.1:99999/", "no address"),
        ("https://224.0.0.1/", "inside"), ("not a url", "expected"), ("https://[::", "no address"),
        ("https://[64:ff9b::7f00:1]/", "inside"), ("https://[64:ff9b::a00:1]/", "inside"),
        ("https://[64:ff9b:1::1]/", "inside"), ("https://[::7f00:1]/", "inside"), ("https://[fec0::1]/", "inside"),
    ],
)  # fmt: skip
def test_no_call_leads_inside(url: str, says: str) -> None:
    with pytest.raises(Unreachable, match=says):
        Reach().address(url)


def test_a_network_that_the_operator_allows_may_be_called() -> None:
    assert str(Reach().address("https://1.1.1.1/x")) == "1.1.1.1"
    assert str(LOOPBACK.address("http://127.0.0.1:8080/x")) == "127.0.0.1"
    with pytest.raises(Unreachable):
        LOOPBACK.address("http://10.0.0.1/")


def test_where_a_name_leads_is_looked_at_when_it_is_called_too(town: Town, receiver: Receiver) -> None:
    """A name that led outside when the webhook was made, and leads inside now."""
    town.app.state.reach = LOOPBACK
    admin, hook, _ = listen(town, receiver.url, "case.started")
    town.claim()
    with closing(Aside(town.caseway, Reach())) as strict:
        assert strict.run_once() == 1
    assert receiver.heard == []
    assert "inside" in admin.get(f"/webhooks/{hook}/calls").json()["calls"][0]["error"]


def test_webhooks_are_for_administrators(town: Town) -> None:
    for user in ("chen_wei", "lin_xiaoyan", "gu_mingyuan", "cao_zhengping"):
        program = Program(town, user)
        body = {"url": "https://1.1.1.1/", "events": ["case.started"]}
        assert program.get("/webhooks").status_code == program.post("/webhooks", body).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://10.0.0.1/", "events": ["case.started"]}, {"url": "https://1.1.1.1/", "events": []},
        {"url": "https://1.1.1.1/", "events": ["case.unheard_of"]}, {"events": ["case.started"]},
    ],
)  # fmt: skip
def test_a_webhook_that_cannot_be_is_refused_field_by_field(town: Town, body: Any) -> None:
    answer = Program(town, "dong_lei").post("/webhooks", body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"].split(".")[0] in ("url", "events")


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), httpx.ReadTimeout(""), httpx.ConnectError("refused"), httpx.RemoteProtocolError("x"), OSError()],
)
def test_what_went_wrong_is_told_in_both_languages(error: Exception) -> None:
    kept = fault(error).kept
    assert re.search("[一-龥]", told(kept, "zh")) and not re.search("[一-龥{]", told(kept, "en"))
    assert told("answered 503", "zh") == "answered 503"  # kept before there were words in both
