"""Codes as a second factor: set up, asked for, never twice, required by role; and the lock-out that goes with them."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pyotp
import pytest

from engine.runtime import keys
from tests.web.conftest import PASSWORD, Town, Visitor
from web.accounts import FREE, Asked
from web.totp import CODES, STEP

NOTE = re.compile(r'name="note" value="([^"]+)"')
SECRET = re.compile(r'<code class="token">([A-Z2-7 ]+)</code>')
RECOVERY = re.compile(r"<li><code>([a-z0-9-]{19})</code></li>")
PAGE = "/account/second-factor"


def code(town: Town, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(town.clock.now() + timedelta(seconds=STEP * steps))


def enrol(town: Town, visitor: Visitor) -> tuple[str, list[str]]:
    """Sets a second factor up; its secret and the recovery codes."""
    assert visitor.post(f"{PAGE}/begin").status_code == 303
    shown = visitor.get(PAGE).text
    found = SECRET.search(shown)
    assert found is not None and "<svg" in shown
    secret = found[1].replace(" ", "")
    answer = visitor.post(f"{PAGE}/confirm", code=code(town, secret))
    assert answer.status_code == 201, answer.text
    return secret, RECOVERY.findall(answer.text)


def first_step(town: Town, user: str = "chen_wei") -> tuple[Visitor, str]:
    """The right password; what the second step has to bring along."""
    visitor = town.browser()
    answer = visitor.post("/sign-in", user=user, password=PASSWORD, next="/cases")
    found = NOTE.search(answer.text)
    assert answer.status_code == 200 and found is not None, answer.text
    assert visitor.get("/").status_code == 303, "not in yet"
    return visitor, found[1]


def test_a_second_factor_is_set_up_and_asked_for(town: Town) -> None:
    visitor, other = town.browser("chen_wei"), town.browser("chen_wei")
    secret, codes = enrol(town, visitor)
    assert len(codes) == CODES and visitor.get("/").status_code == 200
    assert other.get("/").status_code == 303, "other devices sign in again"
    town.clock.advance(timedelta(minutes=5))
    later, note = first_step(town)
    assert later.post("/sign-in/code", note=note, code="000000").status_code == 401
    answer = later.post("/sign-in/code", note=note, code=code(town, secret), next="/cases")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    assert later.get("/").status_code == 200


def test_the_secret_is_not_in_the_database_in_the_clear(town: Town) -> None:
    secret, codes = enrol(town, town.browser("chen_wei"))
    row = town.caseway.connection.one("SELECT key, secret FROM second_factors")
    assert secret.encode() not in bytes(row[0]) + bytes(row[1])
    digests = town.caseway.connection.all("SELECT digest FROM recovery_codes")
    assert len(digests) == CODES and not {digest for (digest,) in digests} & set(codes)
    assert keys.rotate(town.caseway.database, town.caseway.vault) == 1
    town.caseway.vault.forget()
    town.clock.advance(timedelta(minutes=5))
    assert town.app.state.accounts.factors.check(town.caseway.connection, "chen_wei", code(town, secret))


def test_a_code_counts_once(town: Town) -> None:
    secret, _ = enrol(town, town.browser("chen_wei"))
    used = code(town, secret)
    visitor, note = first_step(town)
    assert visitor.post("/sign-in/code", note=note, code=used).status_code == 401, "it was taken at setting up"
    town.clock.advance(timedelta(seconds=STEP))
    assert visitor.post("/sign-in/code", note=note, code=code(town, secret)).status_code == 303
    again, note = first_step(town)
    assert again.post("/sign-in/code", note=note, code=code(town, secret)).status_code == 401
    assert again.post("/sign-in/code", note=note, code=code(town, secret, -1)).status_code == 401, "nor an older one"


@pytest.mark.parametrize(("steps", "good"), [(-1, True), (1, True), (-2, False), (2, False)])
def test_clocks_may_differ_by_half_a_minute(town: Town, steps: int, good: bool) -> None:
    secret, _ = enrol(town, town.browser("chen_wei"))
    town.clock.advance(timedelta(minutes=5))
    factors = town.app.state.accounts.factors
    assert factors.check(town.caseway.connection, "chen_wei", code(town, secret, steps)) == good


def test_a_recovery_code_is_good_once(town: Town) -> None:
    visitor = town.browser("chen_wei")
    _, codes = enrol(town, visitor)
    for _ in range(2):
        later, note = first_step(town)
        answer = later.post("/sign-in/code", note=note, code=codes[0].upper().replace("-", " "))
        assert answer.status_code == (303 if _ == 0 else 401)
    assert f"{CODES - 1} recovery codes are left" in visitor.get("/account").text


def test_the_second_step_belongs_to_the_session_that_gave_the_password(town: Town) -> None:
    secret, _ = enrol(town, town.browser("chen_wei"))
    town.clock.advance(timedelta(minutes=5))
    visitor, note = first_step(town)
    assert town.browser().post("/sign-in/code", note=note, code=code(town, secret)).status_code == 401
    assert visitor.post("/sign-in/code", note=note + "x", code=code(town, secret)).status_code == 401
    assert visitor.post("/sign-in/code", note="", code=code(town, secret)).status_code == 401
    town.clock.advance(timedelta(minutes=11))
    assert "sign in again" in visitor.post("/sign-in/code", note=note, code=code(town, secret)).text


def test_wrong_codes_close_the_account_and_its_user_is_told(town: Town) -> None:
    secret, _ = enrol(town, town.browser("chen_wei"))
    town.clock.advance(timedelta(minutes=5))
    for count in range(FREE):
        visitor, note = first_step(town)  # the right password each time does not forget the wrong codes
        answer = visitor.post("/sign-in/code", note=note, code="000000")
        assert answer.status_code == 401 and ("closed until" in answer.text) == (count == FREE - 1)
    refused = town.app.state.accounts.second(town.caseway.connection, Asked("chen_wei", 2), code(town, secret))
    assert refused.why == "locked", "a right code does not open it either"
    row = town.caseway.connection.one('SELECT "to", template, facts, case_id FROM outbox')
    assert (msgspec.json.decode(row[0]), row[1], row[3]) == (["user.chen_wei"], "account_locked", "")
    assert msgspec.json.decode(row[2])["failures"] == FREE
    town.clock.advance(timedelta(minutes=2))
    visitor, note = first_step(town)
    assert visitor.post("/sign-in/code", note=note, code=code(town, secret)).status_code == 303


def test_it_is_switched_off_with_a_code(town: Town) -> None:
    visitor = town.browser("chen_wei")
    secret, _ = enrol(town, visitor)
    assert visitor.post(f"{PAGE}/remove", code="123456").status_code == 422
    town.clock.advance(timedelta(minutes=5))
    assert visitor.post(f"{PAGE}/remove", code=code(town, secret)).status_code == 303
    assert town.browser("chen_wei").get("/").status_code == 200


def test_setting_up_again_does_not_replace_one_that_is_on(town: Town) -> None:
    visitor = town.browser("chen_wei")
    secret, _ = enrol(town, visitor)
    visitor.post(f"{PAGE}/begin")
    assert SECRET.search(visitor.get(PAGE).text) is None
    town.clock.advance(timedelta(minutes=5))
    assert town.app.state.accounts.factors.check(town.caseway.connection, "chen_wei", code(town, secret))


def test_a_wrong_first_code_switches_nothing_on(town: Town) -> None:
    visitor = town.browser("chen_wei")
    visitor.post(f"{PAGE}/begin")
    assert visitor.post(f"{PAGE}/confirm", code="12").status_code == 422
    assert town.browser("chen_wei").get("/").status_code == 200


def test_a_role_may_not_get_in_without(town: Town) -> None:
    town.app.state.second_factor = frozenset({"admin"})
    visitor: Any = town.browser("dong_lei")
    for path in ("/", "/account", "/processes"):
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?said=second_needed")
    assert visitor.get("/api/me").status_code == 403
    secret, _ = enrol(town, visitor)
    assert visitor.get("/").status_code == 200 and visitor.get("/api/me").status_code == 200
    town.clock.advance(timedelta(minutes=5))
    assert visitor.post(f"{PAGE}/remove", code=code(town, secret)).status_code == 403
    assert town.browser("chen_wei").get("/").status_code == 200, "others need none"
