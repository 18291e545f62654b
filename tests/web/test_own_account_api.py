"""One's own account under the API: tokens, password and second factor, by the rules of the page."""

import pyotp

from tests.web.conftest import PASSWORD, Town
from tests.web.test_api import Program

NEW = "another long enough password"


def test_tokens_are_made_listed_and_ended(town: Town) -> None:
    chen = Program(town, "chen_wei")
    made = chen.post("/me/tokens", {"title": "reports"})
    assert made.status_code == 201 and town.app.state.accounts.bearer(
        town.caseway.connection, made.json()["token"]
    ) == "chen_wei"  # fmt: skip
    (found,) = [one for one in chen.get("/me/tokens").json()["tokens"] if one["title"] == "reports"]
    assert "token" not in found
    assert (
        Program(town, "lu_yao").visitor.ask("DELETE", f"/api/me/tokens/{found['digest']}").status_code == 404
    )  # not theirs
    assert chen.visitor.ask("DELETE", f"/api/me/tokens/{found['digest']}").status_code == 204
    assert town.app.state.accounts.bearer(town.caseway.connection, made.json()["token"]) is None
    assert chen.visitor.ask("DELETE", f"/api/me/tokens/{found['digest']}").status_code == 404


def test_a_password_takes_the_one_before_and_ends_sessions(town: Town) -> None:
    chen, page = Program(town, "chen_wei"), town.browser("chen_wei")
    wrong = chen.post("/me/password", {"old": "wrong", "new": NEW})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong")
    short = chen.post("/me/password", {"old": PASSWORD, "new": "short"})
    assert (short.status_code, short.json()["code"]) == (422, "short")
    assert page.get("/").status_code == 200
    assert chen.post("/me/password", {"old": PASSWORD, "new": NEW}).status_code == 204
    assert page.get("/").status_code == 303
    assert town.browser().post("/sign-in", user="chen_wei", password=NEW).headers["location"] == "/"


def test_guessing_a_password_by_program_closes_the_account_as_at_signing_in(town: Town) -> None:
    chen = Program(town, "chen_wei")
    for _ in range(12):
        answer = chen.post("/me/password", {"old": "wrong", "new": NEW})
    assert answer.status_code in (422, 429)
    assert chen.post("/me/password", {"old": PASSWORD, "new": NEW}).status_code in (422, 429)


def test_a_second_factor_is_set_up_and_taken_away(town: Town) -> None:
    chen = Program(town, "chen_wei")
    assert chen.get("/me/second-factor").json() == {"enrolled": False, "left": 0, "must": False}
    begun = chen.post("/me/second-factor/begin").json()
    assert begun["uri"].startswith("otpauth://totp/")
    assert chen.post("/me/second-factor/confirm", {"code": "000000"}).json()["code"] == "wrong_code"
    codes = chen.post("/me/second-factor/confirm", {"code": pyotp.TOTP(begun["secret"]).at(town.clock.now())}).json()
    assert chen.get("/me/second-factor").json()["left"] == len(codes["codes"]) > 0
    again = chen.post("/me/second-factor/begin")
    assert again.status_code == 409 and begun["secret"] not in again.text  # the secret in use is shown to nobody
    assert chen.post("/me/second-factor/remove", {"code": "000000"}).status_code == 422
    assert chen.post("/me/second-factor/remove", {"code": codes["codes"][0]}).status_code == 204
    assert chen.get("/me/second-factor").json()["enrolled"] is False
