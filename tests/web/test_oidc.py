"""Signing in through an OpenID provider that runs beside the tests, and every answer of it that must be refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from engine.language.problems import DefinitionError
from tests.support.provider import CLIENT, SECRET, OpenId, provider
from tests.web.conftest import Town, Visitor
from web.oidc import Provider, Settings, settings
from web.throttle import MOST

BACK = "http://town/sign-in/oidc/done"


@pytest.fixture
def openid(town: Town) -> Iterator[OpenId]:
    with provider(BACK, town.clock.now) as made:
        found = Settings(made.issuer, CLIENT, SECRET, "preferred_username", "openid profile", "", {"en": "Company"})
        town.app.state.provider = Provider(found)
        yield made


def go(visitor: Visitor, target: str = "/cases") -> httpx.Response:
    """To the provider, and back to us with what it answers."""
    leaving = visitor.get(f"/sign-in/oidc?next={target}")
    assert leaving.status_code == 303, leaving.text
    answer = httpx.get(leaving.headers["location"])
    assert answer.status_code == 302, answer.text
    return visitor.get(answer.headers["location"].removeprefix("http://town"))


def test_whoever_the_provider_vouches_for_is_in(town: Town, openid: OpenId) -> None:
    visitor = town.browser()
    assert "Sign in with Company" in visitor.get("/sign-in").text
    answer = go(visitor)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases"), answer.text
    assert "Chen Wei" in visitor.get("/").text


def test_one_without_a_password_gets_an_account_that_no_password_opens(town: Town, openid: OpenId) -> None:
    town.caseway.runner.write(lambda one: one.run("DELETE FROM accounts WHERE \"user\" = 'chen_wei'", ()))
    visitor = town.browser()
    assert go(visitor).status_code == 303 and visitor.get("/").status_code == 200
    for password in ("", " ", "x" * 20):
        assert town.browser().post("/sign-in", user="chen_wei", password=password).status_code == 401


def test_a_user_is_found_by_what_stands_under_contact(town: Town, openid: OpenId) -> None:
    from workbench.arranging import edit

    edit(town.caseway, "user", {"user": "chen_wei", "contact": {"email": "chen.wei@insurer.example"}}, "dong_lei")
    found = town.app.state.provider.settings
    town.app.state.provider = Provider(replace(found, claim="email"))
    openid.spoil = {"claims": {"email": "Chen.Wei@insurer.example", "email_verified": True}}
    assert go(town.browser()).status_code == 303
    openid.spoil = {"claims": {"email": "Chen.Wei@insurer.example"}}
    assert go(town.browser()).status_code == 401, "an address that is not verified"


@pytest.mark.parametrize("user", ["nobody_here", "qin_shuang", "system", ""])
def test_whoever_is_not_in_service_does_not_get_in(town: Town, openid: OpenId, user: str) -> None:
    openid.user = user
    visitor = town.browser()
    answer = go(visitor)
    assert answer.status_code == 401 and visitor.get("/").status_code == 303
    if user:
        assert "nobody in service here" in answer.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"iss": "https://elsewhere.example"}, {"iss": None},
        {"aud": "another_client"}, {"aud": None}, {"aud": [CLIENT, "another"]}, {"azp": "another"}, {"sub": None},
        {"exp": 1_000_000_000}, {"exp": None}, {"iat": 4_000_000_000}, {"iat": None}, {"nbf": 4_000_000_000},
        {"preferred_username": None}, {"preferred_username": 7}, {"preferred_username": ""},
    ],
)  # fmt: skip
def test_a_token_that_does_not_fit_is_refused(town: Town, openid: OpenId, claims: dict[str, Any]) -> None:
    openid.spoil = {"claims": claims}
    visitor = town.browser()
    assert go(visitor).status_code == 401 and visitor.get("/").status_code == 303


def test_a_token_that_another_has_signed_is_refused(town: Town, openid: OpenId) -> None:
    openid.signing = RSAKey.generate_key(2048, {"kid": "one"})
    assert go(town.browser()).status_code == 401
    for alg in ("HS256", "none"):  # the public key is no secret
        openid.spoil = {"alg": alg}
        assert go(town.browser()).status_code == 401, alg


def test_new_keys_of_the_provider_are_found(town: Town, openid: OpenId) -> None:
    assert go(town.browser()).status_code == 303
    openid.published = RSAKey.generate_key(2048, {"kid": "one"})
    assert go(town.browser()).status_code == 303


def test_an_answer_counts_for_the_browser_that_was_sent_and_once(town: Town, openid: OpenId) -> None:
    visitor, other = town.browser(), town.browser()
    leaving = visitor.get("/sign-in/oidc")
    back = httpx.get(leaving.headers["location"]).headers["location"].removeprefix("http://town")
    assert other.get(back).status_code == 401, "nobody was sent from there"
    other.get("/sign-in/oidc")
    assert other.get(back).status_code == 401, "sent with another state"
    assert visitor.get(back).status_code == 303
    visitor.post("/sign-out")
    assert visitor.get(back).status_code == 401, "a second time"


def test_what_the_browser_brings_back_wrongly_is_refused(town: Town, openid: OpenId) -> None:
    for answer in ({"state": "another"}, {"state": ""}, {"iss": "https://elsewhere.example"}, {"code": "guessed"},
                   {"error": "server_error"}):  # fmt: skip
        openid.spoil = {"answer": answer}
        visitor = town.browser()
        assert go(visitor).status_code == 401 and visitor.get("/").status_code == 303, answer
    assert town.browser().get("/sign-in/oidc/done").status_code == 401


def test_a_provider_that_is_away_or_another_is_told(town: Town, openid: OpenId) -> None:
    openid.spoil = {"described": "https://elsewhere.example"}
    answer = town.browser().get("/sign-in/oidc")
    assert answer.status_code == 502 and "cannot be reached" in answer.text
    town.app.state.provider = Provider(replace(town.app.state.provider.settings, issuer="http://127.0.0.1:9"))
    assert town.browser().get("/sign-in/oidc").status_code == 502
    town.app.state.provider = None
    assert town.browser().get("/sign-in/oidc").status_code == 404


def test_what_is_asked_for_carries_state_nonce_and_challenge(town: Town, openid: OpenId) -> None:
    answer = town.browser().get("/sign-in/oidc?next=https://elsewhere.example/")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"] == [BACK]
    assert all(len(asked[name][0]) > 20 for name in ("state", "nonce", "code_challenge"))
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "caseway_oidc" in one)
    assert "HttpOnly" in cookie and "Path=/sign-in/oidc" in cookie and "SameSite=lax" in cookie


def test_nobody_is_sent_elsewhere_afterwards(town: Town, openid: OpenId) -> None:
    assert go(town.browser(), "https://elsewhere.example/").headers["location"] == "/"


def test_an_address_that_tries_too_often_has_to_wait(town: Town, openid: OpenId) -> None:
    openid.user = "nobody_here"
    visitor = town.browser()
    for _ in range(MOST):
        visitor.get("/sign-in/oidc/done")
    assert go(visitor).status_code == 429


def test_who_comes_by_way_of_the_provider_needs_no_second_factor_here(town: Town, openid: OpenId) -> None:
    town.app.state.second_factor = frozenset({"officer"})
    visitor = town.browser()
    assert go(visitor).status_code == 303 and visitor.get("/").status_code == 200
    assert town.browser("chen_wei").get("/").status_code == 303


# --- the file -------------------------------------------------------------------------------------------


def test_the_file_says_which_provider(tmp_path: Path) -> None:
    assert settings(tmp_path) is None
    (tmp_path / "oidc.secret").write_text("hush\n")
    (tmp_path / "oidc.yaml").write_text(
        "issuer: https://login.example.com/\nclient_id: caseway\nclient_secret_file: oidc.secret\n"
        "title: {zh: 公司, en: Co}"
    )
    found = settings(tmp_path, {})
    assert found == Settings(
        "https://login.example.com/", "caseway", "hush", "preferred_username", "openid profile", "",
        {"zh": "公司", "en": "Co"},
    )  # fmt: skip
    again = settings(tmp_path, {"CASEWAY_OIDC_SECRET": "other"})
    assert again is not None and again.secret == "other"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("issuer: http://login.example.com\nclient_id: c", "begins with https"),
        ("issuer: https://login.example.com\nclient_id: c\nclient_secret_file: nowhere", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "oidc.yaml").write_text(text)
    with pytest.raises(ValueError, match=says):
        settings(tmp_path, {})


def test_a_file_with_wrong_keys_is_told_with_its_place(tmp_path: Path) -> None:
    for text in ("issuer: https://x.example", "isuer: https://x.example\nclient_id: c", "[]", "client: ["):
        (tmp_path / "oidc.yaml").write_text(text)
        with pytest.raises(DefinitionError, match=r"oidc\.yaml:"):
            settings(tmp_path, {})


def test_the_example_in_the_guide_can_be_used(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "admin.md").read_text("utf-8")
    lines = [line[4:] for line in guide.splitlines() if line.startswith("    ")]
    start = next(index for index, line in enumerate(lines) if line.startswith("issuer:"))
    (tmp_path / "oidc.yaml").write_text("\n".join(lines[start : start + 6]), "utf-8")
    (tmp_path / "oidc.secret").write_text("hush")
    found = settings(tmp_path, {})
    assert (
        found is not None and found.address == "https://caseway.example.com" and found.title["en"] == "Company sign-in"
    )
