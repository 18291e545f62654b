"""Notices on pages and under the API: what has not arrived, another try, and how one wants to be told."""

from datetime import timedelta

import pytest

from notices.dispatches import Dispatches, NotSent, listed
from notices.people import Way
from notices.preferences import Preference, preference
from tests.web.conftest import Town
from tests.web.test_api import Program

CHANNELS = """
channels:
  mail:
    title: {zh: 邮件, en: Mail}
    url: "mailto://a:pass1234@127.0.0.1:9?from=a@example.com&to={address}"
    contact: email
  sms: {title: {zh: 短信, en: SMS}, url: "json://127.0.0.1:9/{address}", contact: phone}
"""


@pytest.fixture
def told(town: Town) -> Town:
    """With channels."""
    path = town.caseway.home.folder / "channels.yaml"
    path.write_text(CHANNELS, encoding="utf-8")
    path.chmod(0o600)
    return town


def spread(town: Town, *ways: tuple[str, str]) -> None:
    """The notices of a new claim, on these ways."""
    town.claim()
    found, now = Dispatches(town.caseway.runner), town.clock.now()
    for notice in found.outbox.take(now):
        found.spread(notice, "LP-2026-000001", False, [Way(to, channel, now) for to, channel in ways], now)


def give_up(town: Town) -> None:
    found = Dispatches(town.caseway.runner)
    for lot in found.take(town.clock.now()):
        found.failed(lot, NotSent("对方拒收", "they refuse it", final=True), town.clock.now())


def test_what_has_not_arrived_is_listed_and_tried_again(told: Town) -> None:
    spread(told, ("customer", "mail"), ("user.chen_wei", "sms"))
    give_up(told)
    admin = told.browser("dong_lei")
    page = admin.get("/admin/notices").text
    assert "they refuse it" in page and "Chen Wei" in page and "SMS" in page and "pass1234" not in page
    assert "Notices not delivered" in admin.get("/admin").text
    first = listed(told.caseway.connection, "dead")[0]
    assert admin.post("/admin/notices", dispatch=first.id).headers["location"] == "/admin/notices?said=told_again"
    assert admin.post("/admin/notices", dispatch=first.id).headers["location"] == "/admin/notices?said=told_nothing"
    assert [one.id for one in listed(told.caseway.connection, "pending")] == [first.id]
    assert "对方拒收" in told.browser("dong_lei", "zh").get("/admin/notices").text
    assert told.browser("lin_xiaoyan").get("/admin/notices").status_code == 403


def test_the_api_pages_through_them_and_tries_again(told: Town) -> None:
    spread(told, *((f"user.{user}", "mail") for user in ("chen_wei", "liu_yang", "zhao_peng")))
    give_up(told)
    admin = Program(told, "dong_lei")
    seen, after = list[str](), ""
    for _ in range(10):
        found = admin.get(f"/admin/notices?limit=1&after={after}").json()
        seen += [one["id"] for one in found["notices"]]
        after = found["next"] or ""
        if not after:
            break
    assert seen == [one.id for one in listed(told.caseway.connection, "dead")] and len(seen) >= 3
    assert admin.post(f"/admin/notices/{seen[0]}/retry").status_code == 204
    assert admin.get("/admin/notices?state=pending").json()["notices"][0]["id"] == seen[0]
    assert admin.get("/admin/notices?after=nowhere").status_code == 400
    assert Program(told, "chen_wei").get("/admin/notices").status_code == 403


def test_how_one_wants_to_be_told(told: Town) -> None:
    chen = told.browser("chen_wei")
    assert "How I am told" in chen.get("/account").text
    chosen = {"channel": "sms", "language": "en", "hours": "own", "from": "09:00", "to": "19:30", "digest": "16:30"}
    assert chen.post("/account/notices", **chosen).headers["location"] == "/account?said=told"
    kept = preference(told.caseway.connection, "chen_wei")
    assert kept == Preference(("sms",), "en", "16:30", "09:00-19:30")
    wrong = chen.post("/account/notices", **{**chosen, "to": "", "channel": "fax"})
    assert wrong.status_code == 422 and "There is no such channel." in wrong.text
    assert preference(told.caseway.connection, "chen_wei") == kept
    program = Program(told, "chen_wei")
    assert program.get("/me/notices").json() == {
        "channels": ["sms"], "language": "en", "digest": "16:30", "hours": "09:00-19:30", "available": ["mail", "sms"],
    }  # fmt: skip
    assert program.visitor.ask("PUT", "/api/me/notices", json={"hours": "any"}).status_code == 204
    assert preference(told.caseway.connection, "chen_wei") == Preference(hours="any")
    refused = program.visitor.ask("PUT", "/api/me/notices", json={"digest": "noon", "language": "fr"})
    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"digest", "language"}


def test_without_channels_pages_say_so(town: Town) -> None:
    assert "No channels are set up" in town.browser("dong_lei").get("/admin/notices").text
    assert "No channels are set up" in town.browser("chen_wei").get("/account").text
    (town.caseway.home.folder / "channels.yaml").write_text("channels: 7", encoding="utf-8")
    assert "No channels are set up" in town.browser("chen_wei").get("/account").text
    town.clock.advance(timedelta(seconds=1))
