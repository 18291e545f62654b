"""Notices on pages: what has not arrived, for administrators; how one is told, on one's own account."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from notices.dispatches import STATES
from web import notified
from web.bulk import MOST
from web.deps import Form, Signed
from web.gates import Arranger
from web.notified import Wishes
from web.problems import Problem
from web.routes.account import account_page
from web.sections import admin_page

router = APIRouter()
SHOWN = ("dead", "pending", "sent")
OWN = "own"
"""The choice of hours that are written beside it."""


@router.get("/admin/notices")
def dispatches(request: Request, desk: Arranger, state: str = "dead", after: str = "") -> Response:
    chosen = state if state in STATES else "dead"
    found = notified.dispatches(desk, chosen, after)
    more = f"/admin/notices?{urlencode({'state': chosen, 'after': found.next})}" if found.next else ""
    return admin_page(
        request, desk, "admin_notices.html", 200, "", notices=found.notices, state=chosen, states=SHOWN, more=more,
        after=after, channels=notified.channels(desk),
    )  # fmt: skip


@router.post("/admin/notices")
def retry(desk: Arranger, form: Form) -> Response:
    """Has the selected ones tried again; one that somebody else has seen to meanwhile is left alone."""
    chosen = [str(one)[:80] for one in form.getlist("dispatch")][:MOST]
    done = sum(notified.again(desk, one) for one in chosen)
    return RedirectResponse(f"/admin/notices?said={'told_again' if done else 'told_nothing'}", 303)


@router.post("/account/notices")
def wish(request: Request, desk: Signed, form: Form) -> Response:
    hours = str(form.get("hours", ""))
    if hours == OWN:
        hours = f"{form.get('from', '')}-{form.get('to', '')}"
    given = {name: str(form.get(name, ""))[:11] for name in ("language", "digest")}
    try:
        channels = [str(one)[:80] for one in form.getlist("channel")][:50]
        notified.wish(desk, Wishes(channels=channels, hours=hours[:11], **given))
    except Problem as problem:
        return account_page(request, desk, 422, " ".join(map(str, problem.fields.values())))
    return RedirectResponse("/account?said=told", 303)
