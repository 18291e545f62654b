"""Notices that arrive: from the outbox to a mail server and an HTTP endpoint that run, on both databases."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.language.source import read
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.database import Connection
from engine.runtime.outbox import post
from notices.delivery import Delivery
from notices.dispatches import LEASE, TRIES, Dispatch, NotSent, listed, told
from notices.preferences import Preference, save
from organisation.store import save as save_people
from tests.store.conftest import fresh
from tests.support.few import few
from tests.support.outside import Endpoint, Mailbox, http_endpoint, mail_server, text_of

TUESDAY = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
NIGHT = TUESDAY + timedelta(hours=13)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WATCHED = {"number": "LP-1", "kind": "closed", "what": {"zh": "已结案", "en": "closed"}, "step": "close"}
CLAIM = {
    "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001", "line": "motor",
    "customer_name": "王小明", "customer_phone": "13800000000", "customer_email": "wang@example.com",
    "event": "collision", "loss_date": "2026-03-02", "description": "追尾", "claimed_amount": Decimal("8000.00"),
}  # fmt: skip
PEOPLE = """
zone: Asia/Shanghai
roles: {officer: 经办, supervisor: 主管, admin: 管理员}
users:
  li: {name: 李, roles: [officer], contact: {email: li@insurer.example, phone: "13911111111"}}
  wu: {name: 吴, roles: [supervisor], contact: {email: wu@insurer.example}}
  xu: {name: 徐, roles: [supervisor], contact: {email: xu@insurer.example}}
  no: {name: 倪, roles: [admin]}
absences: [{user: xu, from: 2026-03-02, to: 2026-03-06, substitute: li}]
"""
CHANNELS = """
channels:
  mail: {{url: "{mail}", contact: email}}
  sms: {{url: "{sms}", contact: phone, short: true}}
  room: {{url: "{room}", for: [role.supervisor]}}
staff: {{channels: [mail]}}
customer: {{channels: {{mail: [customer_email], sms: [customer_phone]}}, language: zh}}
"""


@pytest.fixture(scope="module")
def mails() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def calls() -> Iterator[Endpoint]:
    with http_endpoint() as found:
        yield found


class Settable(VirtualClock):
    """One that every test sets back: what a test begins it also forgets."""

    def back(self) -> None:
        self._at = TUESDAY


class Place:
    """An installation with channels, and short ways to use it."""

    def __init__(self, home: Home, mails: Mailbox, calls: Endpoint) -> None:
        self.mails, self.calls, self.clock = mails, calls, Settable(TUESDAY)
        write(home.folder, CHANNELS.format(mail=mails.url(), sms=calls.url("sms/{address}"), room=calls.url("room")))
        self.caseway = Caseway(home, self.clock)
        self.caseway.deploy(home.processes, "li", only=["claims.yaml"])
        found = self.caseway.delivery
        assert found is not None
        self.delivery: Delivery = found

    def begin(self) -> None:
        self.mails.taken, self.mails.refuse, self.calls.taken, self.calls.status = [], "", [], 200
        self.clock.back()
        self.load(PEOPLE)

        def clear(connection: Connection) -> None:
            for table in ("outbox", "dispatches", "notice_preferences"):
                connection.run(f"DELETE FROM {table}")

        self.caseway.runner.write(clear)

    def load(self, people: str) -> None:
        value: Any = read(people, "people.yaml").value
        runner, now = self.caseway.runner, self.clock.now()
        runner.write(lambda connection: save_people(connection, value, "li", now))
        self.caseway.directories.refresh()

    def post(self, *to: str, template: str = "account_locked", **facts: Any) -> None:
        """A notice of Caseway's own."""
        given = facts or {"until": "2026-03-03T03:00:00+00:00", "failures": 5}
        now = self.clock.now()
        self.caseway.runner.write(lambda connection: post(connection, list(to), template, given, now))

    def prefers(self, user: str, **chosen: Any) -> None:
        now = self.clock.now()
        self.caseway.runner.write(lambda connection: save(connection, user, Preference(**chosen), now))

    def go(self, by: timedelta = timedelta(0)) -> None:
        """Time passes, and everything due is delivered."""
        self.clock.advance(by)
        for _ in range(10):
            if not self.delivery.run_once():
                return
        raise AssertionError("it does not come to rest")

    def mailed(self) -> list[tuple[str, str]]:
        return [(to, str(mail["Subject"])) for to, mail in self.mails.taken]

    def lot(self, state: str = "pending") -> str:
        """The lot of the digest that has been taken."""
        return next(one.lot for one in self.state(state) if one.digest and one.lot)

    def state(self, state: str) -> list[Dispatch]:
        return listed(self.caseway.connection, state)


def write(folder: Path, text: str) -> None:
    path = folder / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mails: Mailbox, calls: Endpoint
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("house")
    with fresh(request.getfixturevalue("server")) if request.param == "postgresql" else nullcontext("") as url:
        home = Home(folder, url)
        create(home)
        few(home.processes)
        found = Place(home, mails, calls)
        yield found
        found.caseway.close()


@pytest.fixture
def place(installed: Place) -> Place:
    installed.begin()
    return installed


def test_a_customer_is_told_by_the_first_way_there_is(place: Place) -> None:
    answer = place.caseway.start(StartCase("claims", CLAIM), "li")
    assert isinstance(answer, Accepted)
    place.go()
    [(to, mail)] = place.mails.taken
    assert to == "wang@example.com" and "王小明" in text_of(mail)
    [sent] = place.state("sent")
    assert mail["Idempotency-Key"] == sent.id and mail["References"] == f"<{sent.id}@caseway>"
    assert (sent.recipient, sent.channel, sent.attempts) == ("customer", "mail", 1)
    other = place.caseway.start(StartCase("claims", {**CLAIM, "customer_email": "a@b, c@d"}), "li")
    assert isinstance(other, Accepted)
    place.go()
    assert len(place.mails.taken) == 1 and place.calls.taken[-1][0] == "/sms/13800000000"
    assert not place.caseway.verify().findings


def test_what_does_not_go_is_tried_again_ever_more_seldom_and_given_up(place: Place) -> None:
    place.mails.refuse = "451 try later"
    place.post("user.li")  # which is urgent: it waits for no hours
    place.go()
    waits = []
    for _ in range(TRIES - 1):
        [one] = place.state("pending")
        assert one.due is not None and "451" in told(one.error or "", "en") and place.mails.taken == []
        waits.append(one.due - place.clock.now())
        place.go(waits[-1])
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=90), timedelta(seconds=270)]
    [dead] = place.state("dead")
    assert dead.attempts == TRIES and place.state("pending") == []
    place.mails.refuse = ""
    assert place.delivery.dispatches.again(dead.id, place.clock.now())
    assert not place.delivery.dispatches.again(dead.id, place.clock.now())
    place.go()
    assert [to for to, _ in place.mailed()] == ["li@insurer.example"] and place.state("dead") == []
    assert place.delivery.dispatches.tidy(place.clock.now() + 31 * DAY) == 1


def test_a_try_that_is_not_reported_is_taken_again_and_a_late_report_changes_nothing(place: Place) -> None:
    place.post("user.li")
    place.delivery._spread(TUESDAY)
    dispatches = place.delivery.dispatches
    [lost] = dispatches.take(TUESDAY)
    assert dispatches.take(TUESDAY) == []
    [again] = dispatches.take(TUESDAY + timedelta(seconds=LEASE))
    assert (again.key, again.leader.attempts) == (lost.key, 2)
    dispatches.failed(lost, NotSent("迟", "late", final=True), TUESDAY)
    assert [one.state for one in place.state("pending")] == ["pending"]
    dispatches.sent(again, TUESDAY)
    assert len(place.state("sent")) == 1


def test_roles_and_rooms_and_who_stands_in(place: Place) -> None:
    place.post("role.supervisor", "user.wu")
    place.go()
    assert sorted(to for to, _ in place.mailed()) == ["li@insurer.example", "wu@insurer.example"]  # li for xu
    assert [path for path, _, _ in place.calls.taken] == ["/room"]


def test_what_is_not_urgent_waits_for_the_hours_of_who_is_told(place: Place) -> None:
    place.clock.set(NIGHT)
    place.prefers("wu", hours="any")
    for user in ("li", "wu"):
        place.post(f"user.{user}", template="watched", **WATCHED)
    place.go()
    assert [to for to, _ in place.mailed()] == ["wu@insurer.example"]
    place.go(10 * HOUR - timedelta(seconds=1))
    assert len(place.mails.taken) == 1
    place.go(timedelta(seconds=1))  # nine in the morning
    assert [to for to, _ in place.mailed()] == ["wu@insurer.example", "li@insurer.example"]
    place.clock.set(NIGHT + DAY)
    answer = place.caseway.start(StartCase("claims", CLAIM), "li")
    assert isinstance(answer, Accepted)
    place.go()
    assert "wang@example.com" not in dict(place.mailed())  # a customer sleeps as well
    place.go(9 * HOUR)
    assert "wang@example.com" in dict(place.mailed())


def test_a_digest_is_one_message_with_one_key_at_every_try(place: Place) -> None:
    place.prefers("li", digest="16:30", language="en")
    for _ in range(3):
        place.post("user.li", template="watched", **WATCHED)
    place.post("user.li")
    place.go()
    assert len(place.mails.taken) == 1  # what is urgent does not wait
    place.mails.refuse = "451 try later"
    place.go(timedelta(hours=6, minutes=30))
    assert [(one.due is None, one.lot) for one in place.state("pending")].count((True, place.lot())) == 2
    place.mails.refuse = ""
    place.post("user.li", template="watched", **WATCHED)  # goes with tomorrow's
    place.go(timedelta(seconds=30))
    [_, (to, mail)] = place.mails.taken
    assert (to, mail["Subject"], mail["Idempotency-Key"]) == ("li@insurer.example", "3 notices", place.lot("sent"))
    assert text_of(mail).count("<h3>") == 3 and len(place.state("sent")) == 4
    place.go(DAY)
    assert len(place.mails.taken) == 3 and place.state("pending") == []


def test_who_cannot_be_reached_is_a_dead_letter_that_can_be_tried_again(place: Place) -> None:
    place.post("user.no", "role.nobody", "owner")
    place.go()
    assert sorted((one.recipient, one.channel) for one in place.state("dead")) == [
        ("owner", ""), ("role.nobody", ""), ("user.no", ""),
    ]  # fmt: skip
    [lonely] = [one for one in place.state("dead") if one.recipient == "user.no"]
    place.load(PEOPLE.replace("name: 倪", "name: 倪, contact: {email: no@insurer.example}"))
    assert place.delivery.dispatches.again(lonely.id, place.clock.now())
    place.go()
    assert [to for to, _ in place.mailed()] == ["no@insurer.example"] and len(place.state("dead")) == 2


def test_what_lay_too_long_is_passed_over_and_what_cannot_be_worded_is_said(place: Place) -> None:
    place.post("user.li")
    place.go(8 * DAY)
    assert place.mails.taken == [] and place.state("sent") == []
    place.post("user.li", failures=5)  # until when is missing
    place.post("user.li", template="gone")
    place.go()
    errors = [told(one.error or "", "en") for one in place.state("dead")]
    assert len(errors) == 2 and any("until is not set" in one for one in errors)


def test_several_workers_send_each_message_once(place: Place) -> None:
    other = Caseway(place.caseway.home, place.clock)
    assert other.delivery is not None
    for _ in range(30):
        place.post("user.li")
    place.delivery._spread(TUESDAY)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(one._send, TUESDAY) for one in (place.delivery, other.delivery)]
        assert sum(one.result() for one in done) == 30
    other.close()
    keys = [mail["Idempotency-Key"] for _, mail in place.mails.taken]
    assert len(keys) == len(set(keys)) == len(place.state("sent")) == 30


def test_in_a_thread_of_its_own_it_delivers_until_it_is_closed(place: Place) -> None:
    place.mails.came.clear()
    with Caseway(place.caseway.home, place.clock) as other:
        assert other.delivery is not None
        other.delivery.start()
        place.post("user.li")
        assert place.mails.came.wait(20)
    assert [one.recipient for one in place.state("sent")] == ["user.li"]


def test_a_rung_is_told_and_a_secret_is_not(place: Place) -> None:
    secret = "11010119900101123X"
    answer = place.caseway.start(StartCase("claims", {**CLAIM, "identity_number": secret}), "li")
    assert isinstance(answer, Accepted)
    for _ in range(12):
        place.clock.advance(6 * HOUR)
        place.caseway.sweep()
        place.go()
    told = {one.template for one in place.state("sent") if one.number == answer.number}
    assert {"claim_received", "clock_overdue"} <= told
    assert secret not in "".join(text_of(mail) + str(mail["Subject"]) for _, mail in place.mails.taken)
    for table in ("outbox", "dispatches"):
        assert secret not in str(place.caseway.connection.all(f"SELECT * FROM {table}"))


def test_a_notice_that_nobody_foresaw_keeps_no_other_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.post("user.li", until=7, failures=[{"x": 1}])  # nothing is a date here
    place.post("user.wu")
    monkeypatch.setattr("notices.delivery.ways", broken_for("user.li"))
    place.go()
    assert [to for to, _ in place.mailed()] == ["wu@insurer.example"]
    [(error,)] = place.caseway.connection.all("SELECT error FROM outbox WHERE sent_at IS NULL")
    assert error == "RuntimeError"


def broken_for(user: str) -> Any:
    """`ways`, broken for somebody."""
    from notices.people import ways

    def broken(to: Any, *rest: Any) -> Any:
        words = list(to)
        if user in words:
            raise RuntimeError(user)
        return ways(words, *rest)

    return broken


def test_neither_passwords_nor_addresses_are_kept_or_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.mails.refuse = "550 tr0mbone of caseway does not know li@insurer.example"
    place.post("user.li")
    place.go()
    rows = place.caseway.connection.all("SELECT * FROM dispatches")
    kept = " ".join(map(str, rows))
    assert "550" in kept and "tr0mbone" not in kept and "li@insurer" not in kept
    assert not logging.getLogger("apprise").propagate
