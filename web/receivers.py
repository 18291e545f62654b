"""Webhooks as their pages and the API show them and change them: who listens, and the calls that are made."""

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from engine.runtime.hooks import COLUMNS, Call, Calls, call_of
from engine.runtime.tables import moment
from web.desk import Desk
from web.problems import Problem
from web.reach import Reach, Unreachable, told
from web.webhooks import Webhooks

MOST = 50
"""Webhooks that listen at once."""
STATES = ("pending", "sent", "dead")
"""How a call stands: to be made, made, given up."""
_ALL = "SELECT id, url, events, title, made_at, made_by, stopped_at, stopped_why FROM webhooks"


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


def webhooks(desk: Desk, after: str = "", limit: int = 25) -> WebhookList:
    """All of them, those that were stopped too, the oldest first."""
    found = desk.caseway.connection.all(f"{_ALL} WHERE id > ? ORDER BY id LIMIT ?", (after, limit + 1))
    return WebhookList(
        webhooks=[_line(desk, row) for row in found[:limit]], next=found[limit - 1][0] if len(found) > limit else None
    )


def webhook(desk: Desk, id: str) -> WebhookLine:
    """Raises Problem if there is none such."""
    row = desk.caseway.connection.one(f"{_ALL} WHERE id = ?", (id,))
    if row is None:
        raise Problem(404, "unknown")
    return _line(desk, row)


def listening(desk: Desk, id: str) -> Webhooks:
    """What changes a webhook that listens. Raises Problem for one that is not there, or has been stopped."""
    if webhook(desk, id).stopped_at is not None:
        raise Problem(409, "stopped", desk.say("hook.stopped"))
    return Webhooks(desk.caseway)


def added(desk: Desk, reach: Reach, url: str, events: list[str], title: str) -> tuple[str, str]:
    """A new one; its id and its secret. Raises Problem for a URL that may not be called, and for one too many."""
    if desk.caseway.connection.one("SELECT count(*) FROM webhooks WHERE stopped_at IS NULL")[0] >= MOST:
        raise Problem(409, "too_many", desk.say("hook.many", most=MOST))
    try:
        reach.address(url)
    except Unreachable as error:
        raise Problem(422, "url", fields={"url": error.text}) from error
    return Webhooks(desk.caseway).add(url, events, title, desk.user)


def renewed(desk: Desk, id: str) -> str:
    """Another secret, in place of the one there was. Raises Problem."""
    secret = listening(desk, id).renew(id)
    if secret is None:  # it was stopped this moment
        raise Problem(409, "stopped", desk.say("hook.stopped"))
    return secret


def calls(desk: Desk, id: str, state: str = "", after: str = "", limit: int = 25) -> CallList:
    """What it was told, or is to be told, the newest first. Raises Problem for what is no webhook or no page."""
    webhook(desk, id)
    where, given = "webhook = ?", list[Any]([id])
    if state:
        where, given = f"{where} AND state = ?", [*given, state]
    if after:
        where, given = f"{where} AND (at, id) < (?, ?)", [*given, *_place(after)]
    sql = f"SELECT {COLUMNS} FROM webhook_calls WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"
    rows = desk.caseway.connection.all(sql, (*given, limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    return CallList(
        calls=[_call(desk, call_of(row)) for row in rows[:limit]],
        next=f"{last[7]}.{last[0]}" if last is not None else None,
    )


def again(desk: Desk, id: str, call: str) -> None:
    """Has a call made again, whatever came of it. Raises Problem."""
    listening(desk, id)
    if not Calls(desk.caseway.runner).again(id, call, desk.now):
        raise Problem(404, "unknown")


# --- within -----------------------------------------------------------------------------------------


def _line(desk: Desk, row: Any) -> WebhookLine:
    id, url, events, title, made_at, made_by, stopped_at, why = row
    return WebhookLine(
        id=id, url=url, events=json.loads(events), title=title, made_at=moment(made_at), made_by=made_by,
        stopped_at=None if stopped_at is None else moment(stopped_at), stopped_why=why and told(why, desk.language),
    )  # fmt: skip


def _call(desk: Desk, call: Call) -> CallLine:
    return CallLine(
        id=call.id, case=call.case, number=call.number, revision=call.revision, events=call.events, at=call.at,
        state=call.state,  # type: ignore[arg-type]  # one of the three, by `Calls`
        attempts=call.attempts, due=call.due, tried_at=call.tried_at, status=call.status,
        error=call.error and told(call.error, desk.language),
    )  # fmt: skip


def _place(text: str) -> tuple[int, str]:
    at, _, id = text.partition(".")
    if not at.isdecimal() or len(at) > 17:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(at), id
