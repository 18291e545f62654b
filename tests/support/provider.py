"""A small OpenID provider for tests: authorization code flow with PKCE, on a free port of this machine.

It signs in whoever `user` says without asking, and holds a client to what it must do: the registered address, S256,
the secret, each code once. `spoil` makes it answer wrongly, so that the tests can see each wrong answer refused.
"""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "caseway", "a secret of the client"


@dataclass
class OpenId:
    """A provider that runs. spoil: changes the claims of the next ID tokens. key: what signs them."""

    issuer: str
    back: str
    now: Callable[[], datetime]
    user: str = "chen_wei"
    spoil: dict[str, Any] = field(default_factory=dict)
    published: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signing: Any = None
    answers: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def described(self, request: Request) -> Response:
        found = {
            "issuer": self.spoil.get("described", self.issuer),
            **{f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")},
            "jwks_uri": f"{self.issuer}/keys", "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip
        return JSONResponse(found)

    def keys(self, request: Request) -> Response:
        return JSONResponse(KeySet([self.published]).as_dict(private=False))

    def authorise(self, request: Request) -> Response:
        asked = dict(request.query_params)
        good = (
            asked.get("client_id") == CLIENT and asked.get("redirect_uri") == self.back
            and asked.get("response_type") == "code" and asked.get("code_challenge_method") == "S256"
            and asked.get("code_challenge") and asked.get("nonce") and "openid" in asked.get("scope", "").split()
        )  # fmt: skip
        if not good:
            return JSONResponse({"error": "invalid_request", "asked": asked}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"state": asked["state"], **({"error": "access_denied"} if not self.user else {"code": code})}
        self.answers.append(answer)
        return RedirectResponse(f"{self.back}?{urlencode({**answer, **self.spoil.get('answer', {})})}", 302)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
        asked = self.codes.pop(str(form.get("code")), None)
        if asked is None or request.headers.get("authorization") != expected:
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer, "sub": "0815", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
            "preferred_username": self.user, **self.spoil.get("claims", {}),
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if "alg" in self.spoil:
            return self._forged(self.spoil["alg"], claims)
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing or self.published)

    def _forged(self, alg: str, claims: dict[str, Any]) -> str:
        """A token that nobody need have signed: with the public key as a shared secret, or with nothing at all."""
        parts = [json.dumps(part).encode() for part in ({"alg": alg, "kid": "one"}, claims)]
        text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        digest = hmac.new(self.published.as_pem(private=False), text, "sha256").digest() if alg == "HS256" else b""
        return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


@contextmanager
def provider(back: str, now: Callable[[], datetime]) -> Iterator[OpenId]:
    """A provider that sends browsers back to that address."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = OpenId(f"http://127.0.0.1:{listening.getsockname()[1]}", back, now)
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.described),
            Route("/keys", made.keys),
            Route("/authorization", made.authorise),
            Route("/token", made.token, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
