"""Sessions are kept, so that they can be ended: what a copied cookie is good for, and who else is in."""

from datetime import timedelta

import httpx
import pytest

from tests.web.conftest import PASSWORD, Town, Visitor
from web.sessions import IDLE, LIFE, SEEN


def copied(visitor: Visitor) -> Visitor:
    """Somebody who has copied the cookie of another's browser."""
    thief = Visitor(visitor.app, "en")
    thief.cookies = httpx.Cookies(visitor.cookies)
    return thief


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account").status_code == 200


def test_signing_out_ends_what_was_copied_and_nothing_else(town: Town) -> None:
    one, other = town.browser("chen_wei"), town.browser("chen_wei")
    thief = copied(one)
    assert is_in(thief)
    one.post("/sign-out")
    assert not is_in(thief) and thief.get("/api/me").status_code == 401
    assert is_in(other), "the other browser has a session of its own"


def test_an_old_session_does_not_outlive_signing_in_again(town: Town) -> None:
    visitor = town.browser("chen_wei")
    thief = copied(visitor)
    visitor.post("/sign-in", user="chen_wei", password=PASSWORD)
    assert is_in(visitor) and not is_in(thief), "one browser, one session"


def test_a_new_password_and_a_reset_end_them_all(town: Town) -> None:
    accounts = town.app.state.accounts
    one, other = town.browser("chen_wei"), town.browser("chen_wei")
    accounts.set_password("chen_wei", "another long password", "dong_lei")
    assert not is_in(one) and not is_in(other) and not accounts.sessions.of(town.caseway.connection, "chen_wei")


def test_an_administrator_closes_an_account_until_it_is_opened_again(town: Town) -> None:
    accounts, connection = town.app.state.accounts, town.caseway.connection
    visitor, admin = town.browser("chen_wei"), town.browser("dong_lei")
    token = accounts.issue("chen_wei", "nightly")
    assert "Close this account" in admin.get("/admin/people/chen_wei").text
    assert admin.post("/admin/accounts/chen_wei/close").status_code == 303
    assert not is_in(visitor) and accounts.bearer(connection, token) is None
    answer = visitor.post("/sign-in", user="chen_wei", password=PASSWORD)
    assert answer.status_code == 401 and "closed by an administrator" in answer.text
    assert "closed by an administrator" not in visitor.post("/sign-in", user="chen_wei", password="wrong").text
    assert accounts.vouched(connection, "chen_wei").why == "account_closed"
    accounts.set_password("chen_wei", "another long password", "dong_lei")
    town.clock.advance(timedelta(days=30))
    found = accounts.sign_in(connection, "chen_wei", "another long password")
    assert found.why == "account_closed", "no password opens it"
    assert [one.user for one in accounts.locked(connection)] == ["chen_wei"]
    town.browser("dong_lei").post("/admin/accounts/chen_wei/unlock")
    assert not accounts.locked(connection) and accounts.bearer(connection, token) == "chen_wei"
    assert visitor.post("/sign-in", user="chen_wei", password="another long password").status_code == 303


def test_who_leaves_is_out_and_not_in_again_by_coming_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, visitor = town.app.state.accounts, town.browser("chen_wei")
    real = accounts.in_service
    with monkeypatch.context() as gone:
        gone.setattr(accounts, "in_service", lambda user: user != "chen_wei" and real(user))
        assert not is_in(visitor)
    assert not is_in(visitor) and not accounts.sessions.of(town.caseway.connection, "chen_wei")


def test_a_session_ends_unused_and_in_the_end(town: Town) -> None:
    visitor = town.browser("chen_wei")
    town.clock.advance(IDLE - SEEN)
    assert is_in(visitor)
    town.clock.advance(IDLE - SEEN)
    assert is_in(visitor)
    town.clock.advance(IDLE + SEEN)
    assert not is_in(visitor)
    visitor = town.browser("chen_wei")
    for _ in range(3):
        town.clock.advance(IDLE - SEEN)
        assert is_in(visitor)
    town.clock.advance(LIFE - 3 * (IDLE - SEEN) + SEEN)
    assert not is_in(visitor), "however busy"


def test_a_page_that_looks_for_news_does_not_keep_a_session_alive(town: Town) -> None:
    visitor = town.browser("chen_wei")
    town.clock.advance(IDLE - SEEN)
    assert visitor.get("/", headers={"x-live": "1"}).status_code == 200
    town.clock.advance(2 * SEEN)
    assert not is_in(visitor)


def test_last_seen_is_written_once_a_minute_at_most(town: Town) -> None:
    visitor, kept = town.browser("chen_wei"), town.app.state.accounts.sessions

    def seen() -> object:
        (one,) = kept.of(town.caseway.connection, "chen_wei")
        return one.seen

    began = seen()
    town.clock.advance(SEEN - timedelta(seconds=1))
    assert is_in(visitor) and seen() == began
    town.clock.advance(timedelta(seconds=1))
    assert is_in(visitor) and seen() == town.clock.now()


def test_one_sees_where_one_is_signed_in_and_ends_the_others(town: Town) -> None:
    here, there = town.browser("chen_wei"), town.browser()
    there.headers = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}
    there.post("/sign-in", user="chen_wei", password=PASSWORD)
    page = here.get("/account").text
    assert "Firefox" in page and "this browser" in page
    assert here.post("/account/sessions/end").status_code == 303
    assert is_in(here) and not is_in(there)
    assert "Firefox" not in here.get("/account").text


def test_one_session_is_ended_by_its_owner_only(town: Town) -> None:
    here, there, stranger = town.browser("chen_wei"), town.browser("chen_wei"), town.browser("liu_yang")
    (other,) = (one["id"] for one in here.get("/api/me/sessions").json() if not one["this"])
    assert stranger.post("/account/sessions/end", id=other).status_code == 404
    assert is_in(there)
    assert here.post("/account/sessions/end", id=other).status_code == 303
    assert not is_in(there) and is_in(here)


def test_the_same_for_programs(town: Town) -> None:
    one, other = town.browser("chen_wei"), town.browser("chen_wei")
    token = {"authorization": f"Bearer {town.app.state.accounts.issue('chen_wei', 'mine')}"}
    program = town.browser()
    listed = program.get("/api/me/sessions", headers=token).json()
    assert len(listed) == 2 and not any(found["this"] for found in listed)
    assert program.ask("DELETE", f"/api/me/sessions/{listed[0]['id']}", headers=token).status_code == 204
    assert program.ask("DELETE", f"/api/me/sessions/{listed[0]['id']}", headers=token).status_code == 404
    assert [is_in(one), is_in(other)].count(True) == 1
    assert program.ask("DELETE", "/api/me/sessions", headers=token).status_code == 204
    assert not is_in(one) and not is_in(other)


def test_a_list_of_sessions_gives_nobody_a_cookie(town: Town) -> None:
    visitor = town.browser("chen_wei")
    (listed,) = visitor.get("/api/me/sessions").json()
    (row,) = town.caseway.connection.all("SELECT * FROM sessions")
    cookie = visitor.cookies["caseway"]
    assert listed["id"] not in cookie and not any(str(value) in cookie for value in tuple(row) if value == listed["id"])


def test_what_ended_long_ago_is_cleared(town: Town) -> None:
    town.browser("chen_wei")
    town.clock.advance(LIFE + timedelta(hours=1))
    town.browser("liu_yang")
    assert [tuple(row) for row in town.caseway.connection.all('SELECT "user" FROM sessions')] == [("liu_yang",)]


def test_a_sign_in_that_a_new_password_overtook_is_none(town: Town) -> None:
    accounts = town.app.state.accounts
    known = accounts.sign_in(town.caseway.connection, "chen_wei", PASSWORD)
    accounts.set_password("chen_wei", "another long password", "dong_lei")
    session = town.app.state.sessions.begin(town.clock.now(), known.user)
    assert not accounts.sessions.open(session, known.generation, "127.0.0.1", "")
    assert not accounts.sessions.of(town.caseway.connection, "chen_wei")
