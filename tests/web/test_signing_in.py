"""Who gets in, who does not, and what holds for every answer."""

from datetime import timedelta

import pytest

from tests.web.conftest import MORNING, PASSWORD, Town
from web.accounts import FREE
from web.routes.account import inside
from web.sessions import LIFE, Sessions
from web.throttle import MOST


def test_pages_are_for_those_who_have_signed_in(town: Town) -> None:
    answer = town.browser().get("/")
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in"
    answer = town.browser().get("/?queue=intake")
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fqueue%3Dintake"


def test_signing_in_leads_to_where_one_wanted_to_go_and_out_again(town: Town) -> None:
    visitor = town.browser()
    answer = visitor.post("/sign-in", user="chen_wei", password=PASSWORD, next="/?queue=intake")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?queue=intake")
    assert "Chen Wei" in visitor.get("/").text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    visitor.post("/sign-out")
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", ""]
)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert inside(target) == "/"


def test_a_wrong_password_and_an_unknown_name_sound_the_same(town: Town) -> None:
    visitor = town.browser()
    wrong = visitor.post("/sign-in", user="chen_wei", password="not this one")
    nobody = visitor.post("/sign-in", user="nobody_here", password="not this one")
    assert wrong.status_code == nobody.status_code == 401
    assert "is not right" in wrong.text and "is not right" in nobody.text


def test_an_account_closes_for_a_time_after_wrong_passwords(town: Town) -> None:
    visitor = town.browser()
    for _ in range(FREE):
        answer = visitor.post("/sign-in", user="chen_wei", password="not this one")
    assert "closed until" in answer.text
    assert visitor.post("/sign-in", user="chen_wei", password=PASSWORD).status_code == 401
    town.clock.advance(timedelta(minutes=2))
    assert visitor.post("/sign-in", user="chen_wei", password=PASSWORD).status_code == 303


def test_an_address_that_guesses_has_to_wait(town: Town) -> None:
    visitor = town.browser()
    for index in range(MOST):
        visitor.post("/sign-in", user=f"guess{index}", password="not this one")
    assert visitor.post("/sign-in", user="chen_wei", password=PASSWORD).status_code == 429


def test_who_has_left_does_not_get_in(town: Town) -> None:
    accounts, connection = town.app.state.accounts, town.caseway.connection
    accounts.set_passwords(["left_long_ago"], PASSWORD, "test")
    assert accounts.sign_in(connection, "left_long_ago", PASSWORD).why == "wrong"
    assert accounts.generation(connection, "left_long_ago") == 0


def test_a_new_password_ends_the_sessions_there_are(town: Town) -> None:
    one, other = town.browser("chen_wei"), town.browser("chen_wei")
    fields = {"old": PASSWORD, "new": "another long password", "again": "another long password"}
    assert one.post("/account/password", **{**fields, "old": "not this one"}).status_code == 422
    assert one.post("/account/password", **{**fields, "new": "short", "again": "short"}).status_code == 422
    assert one.post("/account/password", **fields).status_code == 303
    assert other.get("/").status_code == 303
    assert town.browser().post("/sign-in", user="chen_wei", password="another long password").status_code == 303


def test_a_cookie_ends_in_the_end(town: Town) -> None:
    sessions = Sessions(town.caseway.vault)
    cookie = sessions.write(sessions.begin(MORNING, "chen_wei"))
    assert sessions.read(cookie, MORNING + LIFE).user == "chen_wei"
    assert sessions.read(cookie, MORNING + LIFE + timedelta(seconds=1)).user == ""


@pytest.mark.parametrize("change", [lambda c: c[:-2] + "AA", lambda c: "", lambda c: "x", lambda c: c.replace(".", "")])
def test_a_forged_cookie_is_nobody(town: Town, change: object) -> None:
    sessions = Sessions(town.caseway.vault)
    cookie = sessions.write(sessions.begin(MORNING, "chen_wei"))
    assert callable(change) and sessions.read(change(cookie), MORNING).user == ""


def test_a_form_must_come_from_a_page_of_the_same_session(town: Town) -> None:
    one, other = town.browser("chen_wei"), town.browser("liu_yang")
    assert one.ask("POST", "/sign-out").status_code == 403
    assert one.ask("POST", "/sign-out", data={"csrf": other.token()}).status_code == 403
    token = one.token()
    one.headers = {"sec-fetch-site": "cross-site"}
    assert one.ask("POST", "/sign-out", data={"csrf": token}).status_code == 403
    one.headers = {"origin": "http://elsewhere.example"}
    assert one.ask("POST", "/sign-out", data={"csrf": token}).status_code == 403
    one.headers = {"origin": "http://town"}
    assert one.ask("POST", "/sign-out", data={"csrf": token}).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/static/style.css", "/nowhere", "/api/openapi.json", "/api/nowhere"])
def test_every_answer_carries_the_security_headers(town: Town, path: str) -> None:
    headers = town.browser().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


def test_pages_hold_no_inline_script_or_style(town: Town) -> None:
    visitor = town.browser("chen_wei")
    for path in ("/", "/account", "/nowhere"):
        text = visitor.get(path).text
        assert " style=" not in text and "<style" not in text and " onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_the_language_is_the_browsers_until_one_is_chosen(town: Town) -> None:
    visitor = town.browser(language="")
    visitor.headers = {"accept-language": "en-GB,en;q=0.9"}
    assert "Sign in" in visitor.get("/sign-in").text
    visitor.post("/language", language="zh")
    assert "登录" in visitor.get("/sign-in").text


def test_errors_are_pages_for_people_and_problem_details_for_programs(town: Town) -> None:
    page, problem = town.browser().get("/nowhere"), town.browser().get("/api/nowhere")
    assert page.status_code == problem.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404 and problem.json()["title"]


FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_a_body_that_is_too_large_is_refused(town: Town) -> None:
    answer = town.browser().ask("POST", "/sign-in", content=b"user=" + b"x" * 3_000_000, headers=FORM)
    assert answer.status_code == 413
