"""Webhooks under the API: made, looked at and stopped by administrators."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from engine.runtime.database import Connection
from engine.runtime.hooks import COLUMNS, Call, Calls, call_of
from engine.runtime.tables import moment
from tasks.heard import NAMES
from web.api import ANSWERS, Cursor, Limit
from web.deps import Caller
from web.desk import Desk
from web.problems import Problem
from web.roles import arranges
from web.webhooks import Unreachable, Webhooks

router = APIRouter(prefix="/api/webhooks", responses=ANSWERS, tags=["webhooks"])

MOST = 50
"""Webhooks that listen at once."""
Id = Annotated[str, Path(description="The webhook.", max_length=40, pattern="^[0-9a-f]+$")]
EventName = Literal[
    "case.started", "case.suspended", "case.resumed", "case.ended", "case.cancelled", "case.reopened",
    "case.milestone", "case.incident", "case.incident_closed", "task.opened", "task.claimed", "task.released",
    "task.transferred", "task.delegated", "task.returned", "task.parked", "task.taken_up", "task.suspended",
    "task.resumed", "task.completed", "task.skipped", "task.cancelled",
]  # fmt: skip
assert set(EventName.__args__) == set(NAMES)  # type: ignore[attr-defined]  # what a Literal holds


class WebhookGiven(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://example.org/hook", "events": ["task.opened", "case.ended"]}]},
    )

    url: str = Field(max_length=2000, description="https, or http into a network that the operator allows.")
    events: list[EventName] = Field(min_length=1, max_length=100, description="What it is told of.")
    title: str = Field(default="", max_length=200)


class WebhookLine(BaseModel):
    id: str
    url: str
    events: list[str]
    title: str
    made_at: datetime
    made_by: str
    stopped_at: datetime | None = None
    stopped_why: str | None = None


class WebhookList(BaseModel):
    webhooks: list[WebhookLine]
    next: str | None = None


class WebhookMade(BaseModel):
    """`secret` is shown this once."""

    id: str
    secret: str


class CallLine(BaseModel):
    """A call, made or to be made. `due`: the next try; of a finished one, when it is removed."""

    id: str
    case: str
    number: str
    revision: int
    events: list[dict[str, Any]]
    at: datetime
    state: Literal["pending", "sent", "dead"]
    attempts: int
    due: datetime
    tried_at: datetime | None
    status: int | None
    error: str | None


class CallList(BaseModel):
    calls: list[CallLine]
    next: str | None


class CallMade(BaseModel):
    call: str


@router.get("")
def get_webhooks(desk: Caller, after: Cursor = "", limit: Limit = 25) -> WebhookList:
    """All webhooks, those that were stopped too."""
    _admin(desk)
    found = desk.caseway.connection.all(f"{_ALL} WHERE id > ? ORDER BY id LIMIT ?", (after, limit + 1))
    return WebhookList(
        webhooks=[_line(row) for row in found[:limit]], next=found[limit - 1][0] if len(found) > limit else None
    )


@router.post("", status_code=201)
def add_webhook(request: Request, desk: Caller, given: WebhookGiven) -> WebhookMade:
    """A new webhook. What happens from now on is told to it, signed with the secret in the answer."""
    _admin(desk)
    if desk.caseway.connection.one("SELECT count(*) FROM webhooks WHERE stopped_at IS NULL")[0] >= MOST:
        raise Problem(409, "too_many", desk.say("hook.many", most=MOST))
    try:
        request.app.state.reach.address(given.url)
    except Unreachable as error:
        raise Problem(422, "url", fields={"url": str(error)}) from error
    id, secret = Webhooks(desk.caseway).add(given.url, given.events, given.title, desk.user)
    return WebhookMade(id=id, secret=secret)


@router.get("/{webhook}")
def get_webhook(desk: Caller, webhook: Id) -> WebhookLine:
    """One webhook."""
    _admin(desk)
    return _line(_found(desk.caseway.connection, webhook))


@router.delete("/{webhook}", status_code=204)
def stop_webhook(desk: Caller, webhook: Id) -> None:
    """Stops it for good; what it was not told yet is dropped."""
    _listening(desk, webhook)
    Webhooks(desk.caseway).stop(webhook, desk.user)


@router.post("/{webhook}/secret")
def renew_secret(desk: Caller, webhook: Id) -> WebhookMade:
    """Another secret; the one before signs nothing any more."""
    _listening(desk, webhook)
    secret = Webhooks(desk.caseway).renew(webhook)
    assert secret is not None
    return WebhookMade(id=webhook, secret=secret)


@router.post("/{webhook}/ping", status_code=202)
def ping(desk: Caller, webhook: Id) -> CallMade:
    """Has it called once, with an event `ping`, to try it."""
    _listening(desk, webhook)
    return CallMade(call=Webhooks(desk.caseway).ping(webhook))


@router.get("/{webhook}/calls")
def get_calls(
    desk: Caller, webhook: Id, state: Annotated[Literal["", "pending", "sent", "dead"], Query()] = "",
    after: Cursor = "", limit: Limit = 25,
) -> CallList:  # fmt: skip
    """What it was told, or is to be told, the newest first."""
    _admin(desk)
    _found(desk.caseway.connection, webhook)
    where, given = "webhook = ?", list[Any]([webhook])
    if state:
        where, given = f"{where} AND state = ?", [*given, state]
    if after:
        where, given = f"{where} AND (at, id) < (?, ?)", [*given, *_place(after)]
    sql = f"SELECT {COLUMNS} FROM webhook_calls WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"
    rows = desk.caseway.connection.all(sql, (*given, limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    return CallList(
        calls=[_call(call_of(row)) for row in rows[:limit]], next=f"{last[7]}.{last[0]}" if last is not None else None
    )


@router.post("/{webhook}/calls/{call}/retry", status_code=202)
def retry_call(desk: Caller, webhook: Id, call: Annotated[str, Path(max_length=40, pattern="^[0-9a-f]+$")]) -> CallMade:
    """Has a call made again, whatever came of it."""
    _listening(desk, webhook)
    if not Calls(desk.caseway.runner).again(webhook, call, desk.now):
        raise Problem(404, "unknown")
    return CallMade(call=call)


# --- within -----------------------------------------------------------------------------------------

_ALL = "SELECT id, url, events, title, made_at, made_by, stopped_at, stopped_why FROM webhooks"


def _admin(desk: Desk) -> None:
    if not arranges(desk):
        raise Problem(403, "not_admin", desk.say("hook.admin"))


def _found(connection: Connection, id: str) -> Any:
    row = connection.one(f"{_ALL} WHERE id = ?", (id,))
    if row is None:
        raise Problem(404, "unknown")
    return row


def _listening(desk: Desk, id: str) -> None:
    """Raises Problem unless the caller may change it and it has not been stopped."""
    _admin(desk)
    if _found(desk.caseway.connection, id)[6] is not None:
        raise Problem(409, "stopped", desk.say("hook.stopped"))


def _line(row: Any) -> WebhookLine:
    id, url, events, title, made_at, made_by, stopped_at, why = row
    return WebhookLine(
        id=id, url=url, events=json.loads(events), title=title, made_at=moment(made_at), made_by=made_by,
        stopped_at=None if stopped_at is None else moment(stopped_at), stopped_why=why,
    )  # fmt: skip


def _call(call: Call) -> CallLine:
    return CallLine(
        id=call.id, case=call.case, number=call.number, revision=call.revision, events=call.events, at=call.at,
        state=call.state,  # type: ignore[arg-type]  # one of the three, by `Calls`
        attempts=call.attempts, due=call.due, tried_at=call.tried_at, status=call.status, error=call.error,
    )  # fmt: skip


def _place(text: str) -> tuple[int, str]:
    at, _, id = text.partition(".")
    if not at.isdecimal() or len(at) > 17:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(at), id
