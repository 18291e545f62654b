"""One's own account under the API: tokens, password, second factor."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from engine.runtime.tables import micros
from web import own
from web.accounts import SHORTEST
from web.api import ANSWERS, Cursor, Limit
from web.deps import Caller, must_have_second
from web.once import Once
from web.paging import paged
from web.problems import Problem
from web.totp import uri

router = APIRouter(prefix="/api/me", responses=ANSWERS, route_class=Once, tags=["account"])

Secret = Annotated[str, Field(max_length=1000)]


class TokenGiven(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(default="API", max_length=100, description="What it is for.")


class OwnToken(BaseModel):
    """An API token; never the token itself."""

    digest: str
    title: str
    made_at: datetime
    expires: datetime


class OwnTokens(BaseModel):
    tokens: list[OwnToken]
    next: str | None


class TokenMade(BaseModel):
    """`token` is shown this once."""

    token: str


class PasswordGiven(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: Secret
    new: Secret = Field(description=f"{SHORTEST} characters at least.")


class CodeGiven(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=100)


class SecondFactorState(BaseModel):
    """Whether a second factor is on, how many recovery codes are left, and whether the caller must have one."""

    enrolled: bool
    left: int
    must: bool


class SecondBegun(BaseModel):
    """What an authenticator is set up with."""

    secret: str
    uri: str


class Codes(BaseModel):
    """Recovery codes, shown this once."""

    codes: list[str]


@router.get("/tokens")
def get_own_tokens(request: Request, desk: Caller, after: Cursor = "", limit: Limit = 50) -> OwnTokens:
    """The caller's good tokens, the newest first."""
    issued = request.app.state.accounts.tokens(desk.caseway.connection, desk.user)
    found, next = paged(issued, lambda one: (-micros(one.made_at), one.digest), after, limit)
    lines = [OwnToken(digest=one.digest, title=one.title, made_at=one.made_at, expires=one.expires) for one in found]
    return OwnTokens(tokens=lines, next=next)


@router.post("/tokens", status_code=201)
def make_own_token(request: Request, desk: Caller, given: TokenGiven | None = None) -> TokenMade:
    """Another token in the caller's name."""
    title = (given or TokenGiven()).title.strip() or "API"
    return TokenMade(token=request.app.state.accounts.issue(desk.user, title))


@router.delete("/tokens/{digest}", status_code=204)
def revoke_own_token(request: Request, desk: Caller, digest: Annotated[str, Path(max_length=80)]) -> Response:
    """Ends one of the caller's tokens, this one too."""
    if not request.app.state.accounts.revoke(desk.user, digest):
        raise Problem(404, "token")
    return Response(status_code=204)


@router.post("/password", status_code=204)
def set_own_password(request: Request, desk: Caller, given: PasswordGiven) -> Response:
    """Another password; all sessions of the caller end, tokens stay."""
    own.change_password(request, desk, given.old, given.new)
    return Response(status_code=204)


@router.get("/second-factor")
def get_second_factor(request: Request, desk: Caller) -> SecondFactorState:
    factors, connection = request.app.state.accounts.factors, desk.caseway.connection
    return SecondFactorState(
        enrolled=factors.enrolled(connection, desk.user), left=factors.left(connection, desk.user),
        must=must_have_second(request, desk),
    )  # fmt: skip


@router.post("/second-factor/begin", status_code=201)
def begin_second_factor(request: Request, desk: Caller) -> SecondBegun:
    """A new secret for an authenticator; it counts once its first code is confirmed."""
    factors = request.app.state.accounts.factors
    if factors.enrolled(desk.caseway.connection, desk.user):  # whose secret is nobody's to see again
        raise Problem(
            409, "second_factor", desk.say("second.is_on", left=factors.left(desk.caseway.connection, desk.user))
        )
    secret = factors.begin(desk.caseway.connection, desk.user)
    return SecondBegun(secret=secret, uri=uri(secret, desk.user, desk.told(desk.house.title, "Caseway")))


@router.post("/second-factor/confirm")
def confirm_second_factor(request: Request, desk: Caller, given: CodeGiven) -> Codes:
    """Switches it on; all sessions of the caller end."""
    return Codes(codes=own.confirm_second(request, desk, given.code))


@router.post("/second-factor/remove", status_code=204)
def remove_second_factor(request: Request, desk: Caller, given: CodeGiven) -> Response:
    """Switches it off; all sessions of the caller end."""
    own.remove_second(request, desk, given.code)
    return Response(status_code=204)
