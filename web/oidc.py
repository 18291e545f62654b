"""Signing in through an OpenID provider: the authorization code flow with PKCE, state and nonce (OpenID Connect Core).

Theory of operation. `oidc.yaml` in the installation's folder says which provider. Sending somebody there, we remember
in a signed cookie what only their browser and we know: the state that must come back, the nonce that the ID token must
carry, the verifier that the code is bought with (RFC 7636). Back again, the code is exchanged directly with the
provider; of the ID token signature, issuer, audience, times and nonce are checked. It says who somebody is and nothing
else: what they may do is the organisation's alone, and whoever is not in service there does not get in.

    issuer: https://login.example.com/realms/insurer
    client_id: caseway
    client_secret_file: oidc.secret          # beside this file; or the variable CASEWAY_OIDC_SECRET
    claim: preferred_username                # a user's id, or what stands under this name in their `contact`
    title: {zh: 公司统一登录, en: Company sign-in}
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # it ships no types
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # it ships no types
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # it ships no types
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from engine.language.problems import Problems
from engine.language.shape import misshapen, validator
from engine.language.source import load as load_yaml
from engine.language.words import TEXT, Schema, described, mapping

FILE = "oidc.yaml"
SECRET = "CASEWAY_OIDC_SECRET"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures of ID tokens that are taken: only with keys that the provider alone has."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
TIMEOUT = 10.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_STRING: Schema = {"title": "a text", "type": "string", "minLength": 1}
_SHAPE = validator(
    mapping(
        {
            "issuer": described(_STRING, "The provider, as its tokens name it."),
            "client_id": _STRING,
            "client_secret_file": described(_STRING, "A file beside this one."),
            "claim": described(_STRING, "Which claim says who it is."),
            "scope": described(_STRING, "What is asked for; openid is among it."),
            "address": described(_STRING, "Where browsers reach us, as https://caseway.example.com."),
            "title": TEXT,
        },
        "issuer",
        "client_id",
        title="the OpenID provider",
    )
)


@dataclass(frozen=True, slots=True)
class Settings:
    issuer: str
    client_id: str
    secret: str
    claim: str
    scope: str
    address: str
    title: Mapping[str, str]


class OidcRefused(Exception):
    """Somebody does not get in this way: `code` is a text of the pages, the message goes to the log."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings | None:
    """What an installation's `oidc.yaml` says; None where there is none. Raises DefinitionError, ValueError."""
    path = folder / FILE
    if not path.exists():
        return None
    document = load_yaml(path, FILE)
    problems = Problems(misshapen(document, (), document.value, _SHAPE))
    problems.refuse()
    value: Any = document.value
    for key in ("issuer", "address"):
        if key in value and not _safe(value[key]):
            raise ValueError(f"{FILE}: {key}: expected an address that begins with https://, not {value[key]}")
    secret = environment.get(SECRET) or _secret(folder, value.get("client_secret_file", ""))
    title = value.get("title", "OpenID")
    return Settings(
        value["issuer"], value["client_id"], secret, value.get("claim", "preferred_username"),
        value.get("scope", "openid profile"), value.get("address", "").rstrip("/"),
        {"zh": title, "en": title} if isinstance(title, str) else title,
    )  # fmt: skip


def _secret(folder: Path, file: str) -> str:
    """The client's secret; "" for a public client, which PKCE alone protects."""
    try:
        return (folder / file).read_text("utf-8").strip() if file else ""
    except (OSError, ValueError):
        raise ValueError(f"{FILE}: client_secret_file: {folder / file} cannot be read") from None


def _safe(address: str) -> bool:
    """Whether nobody can listen on the way: TLS, or this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where to send the browser, and what must still be known when it is back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of an installation. May be used from any thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._keys: KeySet | None = None

    def leave(self, back: str) -> Leaving:
        """Begins: `back` is our address that the provider sends the browser to. Raises OidcRefused."""
        state, nonce, verifier = generate_token(32), generate_token(32), generate_token(64)
        url = prepare_grant_uri(
            self._endpoint("authorization_endpoint"), self.settings.client_id, "code", redirect_uri=back,
            scope=self.settings.scope, state=state, nonce=nonce, code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )  # fmt: skip
        return Leaving(url, state, nonce, verifier)

    def arrive(self, back: str, answer: Mapping[str, str], left: Leaving, now: datetime) -> Mapping[str, Any]:
        """The claims of whoever came back with this answer. Raises OidcRefused."""
        if not answer.get("state") or answer["state"] != left.state:
            raise OidcRefused("oidc.state", "the answer has another state than what was asked")
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:  # RFC 9207
            raise OidcRefused("oidc.refused", f"the answer comes from {answer['iss']}")
        if "error" in answer or not answer.get("code"):
            raise OidcRefused("oidc.refused", f"the provider answers {answer.get('error', 'without a code')}")
        return self._claims(self._exchanged(back, answer["code"], left.verifier), left.nonce, now)

    def subject(self, claims: Mapping[str, Any]) -> str:
        """Who it is, by the claim that the settings name. Raises OidcRefused."""
        name = self.settings.claim
        found = claims.get(name)
        if not isinstance(found, str) or not found:
            raise OidcRefused("oidc.unknown", f"the ID token has no claim {name}")
        if name == "email" and claims.get("email_verified") is not True:
            raise OidcRefused("oidc.unknown", f"the address {found} is not verified")
        return found

    def _exchanged(self, back: str, code: str, verifier: str) -> str:
        """The ID token that the code is worth. Raises OidcRefused."""
        mine = self.settings
        public = {} if mine.secret else {"client_id": mine.client_id}
        body = prepare_token_request(
            "authorization_code", "", redirect_uri=back, code=code, code_verifier=verifier, **public
        )
        who = httpx.BasicAuth(quote_plus(mine.client_id), quote_plus(mine.secret)) if mine.secret else None  # RFC 6749
        try:
            answer = httpx.post(
                self._endpoint("token_endpoint"), content=body, auth=who, timeout=TIMEOUT,
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            )  # fmt: skip
            answer.raise_for_status()
            return str(answer.json()["id_token"])
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError) as error:
            raise OidcRefused("oidc.refused", f"the code is not exchanged: {error!r}") from error

    def _claims(self, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        seconds, mine = int(now.timestamp()), self.settings
        rules = jwt.JWTClaimsRegistry(
            now=seconds, leeway=LEEWAY, iss={"essential": True, "value": mine.issuer}, sub={"essential": True},
            aud={"essential": True, "value": mine.client_id}, exp={"essential": True}, iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            claims = dict(self._opened(token))
            rules.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise OidcRefused("oidc.refused", f"the ID token is not good: {error}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != mine.client_id:
            raise OidcRefused("oidc.refused", "the ID token was made for another client")
        return claims

    def _opened(self, token: str) -> Mapping[str, Any]:
        """The claims of a token whose signature is the provider's; new keys are looked for once."""
        try:
            return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(again=True), algorithms=ALGORITHMS).claims

    def _key_set(self, again: bool = False) -> KeySet:
        with self._lock:
            if self._keys is None or again:
                keys: Any = self._get(self._endpoint("jwks_uri"))
                self._keys = KeySet.import_key_set(keys)
            return self._keys

    def _endpoint(self, name: str) -> str:
        """An address from the provider's own description (OpenID Connect Discovery)."""
        if not self._known:
            found = self._get(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self.settings.issuer:
                raise OidcRefused("oidc.away", f"{self.settings.issuer} calls itself {found.get('issuer')}")
            self._known = found
        address = self._known.get(name)
        if not isinstance(address, str) or not _safe(address):
            raise OidcRefused("oidc.away", f"{self.settings.issuer} names no good {name}")
        return address

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address, timeout=TIMEOUT)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise OidcRefused("oidc.away", f"{address}: {error}") from error
        if not isinstance(found, dict):
            raise OidcRefused("oidc.away", f"{address} answers no object")
        return found
