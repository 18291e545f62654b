"""Webhooks under the API: made, looked at and stopped by administrators."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from tasks.heard import NAMES
from web import receivers
from web.api import ANSWERS, Cursor, Limit
from web.gates import ArrangerCaller
from web.once import Once
from web.receivers import CallList, WebhookLine, WebhookList

router = APIRouter(prefix="/api/webhooks", responses=ANSWERS, route_class=Once, tags=["webhooks"])

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


class WebhookMade(BaseModel):
    """`secret` is shown this once."""

    id: str
    secret: str


class CallMade(BaseModel):
    call: str


@router.get("")
def get_webhooks(desk: ArrangerCaller, after: Cursor = "", limit: Limit = 25) -> WebhookList:
    """All webhooks, those that were stopped too."""
    return receivers.webhooks(desk, after, limit)


@router.post("", status_code=201)
def add_webhook(request: Request, desk: ArrangerCaller, given: WebhookGiven) -> WebhookMade:
    """A new webhook. What happens from now on is told to it, signed with the secret in the answer."""
    id, secret = receivers.added(desk, request.app.state.reach, given.url, [*given.events], given.title)
    return WebhookMade(id=id, secret=secret)


@router.get("/{webhook}")
def get_webhook(desk: ArrangerCaller, webhook: Id) -> WebhookLine:
    """One webhook."""
    return receivers.webhook(desk, webhook)


@router.delete("/{webhook}", status_code=204)
def stop_webhook(desk: ArrangerCaller, webhook: Id) -> None:
    """Stops it for good; what it was not told yet is dropped."""
    receivers.listening(desk, webhook).stop(webhook, desk.user)


@router.post("/{webhook}/secret")
def renew_secret(desk: ArrangerCaller, webhook: Id) -> WebhookMade:
    """Another secret; the one before signs nothing any more."""
    return WebhookMade(id=webhook, secret=receivers.renewed(desk, webhook))


@router.post("/{webhook}/ping", status_code=202)
def ping(desk: ArrangerCaller, webhook: Id) -> CallMade:
    """Has it called once, with an event `ping`, to try it."""
    return CallMade(call=receivers.listening(desk, webhook).ping(webhook))


@router.get("/{webhook}/calls")
def get_calls(
    desk: ArrangerCaller, webhook: Id, state: Annotated[Literal["", "pending", "sent", "dead"], Query()] = "",
    after: Cursor = "", limit: Limit = 25,
) -> CallList:  # fmt: skip
    """What it was told, or is to be told, the newest first."""
    return receivers.calls(desk, webhook, state, after, limit)


@router.post("/{webhook}/calls/{call}/retry", status_code=202)
def retry_call(
    desk: ArrangerCaller, webhook: Id, call: Annotated[str, Path(max_length=40, pattern="^[0-9a-f]+$")]
) -> CallMade:
    """Has a call made again, whatever came of it."""
    receivers.again(desk, webhook, call)
    return CallMade(call=call)
