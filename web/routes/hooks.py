"""Webhooks on the pages of the administration: who listens, what they were told, and another try."""

from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tasks.heard import NAMES
from web import receivers
from web.deps import Form
from web.desk import Desk
from web.gates import Arranger
from web.problems import Problem
from web.sections import admin_page

router = APIRouter(prefix="/admin/webhooks")
KINDS = {kind: [name for name in NAMES if name.startswith(f"{kind}.")] for kind in ("case", "task")}
"""The events, by what they are about."""


@router.get("")
def webhooks(request: Request, desk: Arranger, after: str = "") -> Response:
    return _webhooks(request, desk, 200, "", after[:40])


def _webhooks(
    request: Request, desk: Desk, status: int, wrong: str, after: str = "", url: str = "", title: str = "",
    chosen: list[str] | None = None,
) -> Response:  # fmt: skip
    found = receivers.webhooks(desk, after)
    more = f"/admin/webhooks?{urlencode({'after': found.next})}" if found.next else ""
    return admin_page(
        request, desk, "admin_webhooks.html", status, wrong, webhooks=found.webhooks, more=more, after=after,
        kinds=KINDS, url=url, title=title, chosen=chosen or [],
    )  # fmt: skip


@router.post("")
def add(request: Request, desk: Arranger, form: Form) -> Response:
    """A new one; its page shows the secret, this once."""
    url, title = str(form.get("url", "")).strip()[:2000], str(form.get("title", "")).strip()[:200]
    chosen = [name for name in map(str, form.getlist("event")) if name in NAMES]
    if not chosen:
        return _webhooks(request, desk, 422, desk.say("hook.events.none"), url=url, title=title)
    try:
        id, secret = receivers.added(desk, request.app.state.reach, url, chosen, title)
    except Problem as problem:
        wrong = problem.detail or "; ".join(told[desk.language] for told in problem.fields.values())
        return _webhooks(request, desk, problem.status, wrong, url=url, title=title, chosen=chosen)
    return _webhook(request, desk, id, 201, secret=secret)


@router.get("/{webhook}")
def webhook(request: Request, desk: Arranger, webhook: str, state: str = "", after: str = "") -> Response:
    return _webhook(request, desk, webhook, 200, state if state in receivers.STATES else "", after)


def _webhook(
    request: Request, desk: Desk, id: str, status: int, state: str = "", after: str = "", secret: str = ""
) -> Response:
    found = receivers.webhook(desk, id)
    calls = receivers.calls(desk, id, state, after)
    here = f"/admin/webhooks/{quote(id)}"
    more = f"{here}?{urlencode({'state': state, 'after': calls.next})}" if calls.next else ""
    return admin_page(
        request, desk, "admin_webhook.html", status, "", hook=found, calls=calls.calls, more=more, after=after,
        state=state, states=("", *receivers.STATES), secret=secret, href=here,
        told=[name for name in NAMES if name in found.events],
        stopper=found.stopped_why if found.stopped_why in desk.caseway.directory.users else "",
    )  # fmt: skip


@router.post("/{webhook}/ping")
def ping(desk: Arranger, webhook: str) -> Response:
    """A trial call."""
    receivers.listening(desk, webhook).ping(webhook)
    return _back(webhook, "hook_ping")


@router.post("/{webhook}/secret")
def secret(request: Request, desk: Arranger, webhook: str) -> Response:
    """Another secret, which its page shows, this once."""
    return _webhook(request, desk, webhook, 201, secret=receivers.renewed(desk, webhook))


@router.post("/{webhook}/stop")
def stop(desk: Arranger, webhook: str) -> Response:
    receivers.listening(desk, webhook).stop(webhook, desk.user)
    return _back(webhook, "hook_stop")


@router.post("/{webhook}/calls/{call}/retry")
def retry(desk: Arranger, webhook: str, call: str) -> Response:
    receivers.again(desk, webhook, call)
    return _back(webhook, "hook_retry")


def _back(webhook: str, said: str) -> Response:
    return RedirectResponse(f"/admin/webhooks/{quote(webhook)}?said={said}", 303)
