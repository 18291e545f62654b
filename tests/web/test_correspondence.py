"""Everything that a page does, a program can do: each form of the pages beside the endpoint that does the same.

A form without a row fails here: add the endpoint, then the row. What belongs to a browser alone says why.
"""

from collections.abc import Mapping

from tests.web.conftest import Town
from tests.web.test_roles import routes

TASK, CASE = "POST /api/tasks/{number}/{task}/{action}", "POST /api/cases/{number}/{action}"
BULK, PROPOSE = "POST /api/bulk", "POST /api/proposals"
DECIDE, ENDS = "POST /api/proposals/{id}/{decision}", "DELETE /api/me/sessions"
SAME: Mapping[str, str] = {
    "/": BULK, "/next": "POST /api/next",
    "/tasks/{number}/{task}/complete": TASK, "/tasks/{number}/{task}/draft": TASK,
    "/tasks/{number}/{task}/{action}": TASK,
    "/tasks/{number}/{task}/comment": "POST /api/tasks/{number}/{task}/comments",
    "/cases/{number}/comment": "POST /api/cases/{number}/comments",
    "/cases/{number}/watch": "POST /api/cases/{number}/watch",
    "/cases/{number}/unwatch": "POST /api/cases/{number}/unwatch",
    "/cases/{number}/papers/upload": "POST /api/cases/{number}/attachments",
    "/cases/{number}/papers/{paper}/{action}": "POST /api/cases/{number}/papers/{paper}/{action}",
    "/cases/{number}/files/{attachment}/remove": "POST /api/cases/{number}/attachments/{attachment}/remove",
    "/cases/{number}/links": "POST /api/cases/{number}/links",
    "/cases/{number}/links/{number_of_link}/revoke": "POST /api/cases/{number}/links/{number_of_link}/revoke",
    "/cases/{number}/secrets": "POST /api/cases/{number}/secrets",
    "/cases/{number}/glass": "POST /api/cases/{number}/glass",
    "/cases/{number}/restrict": "POST /api/cases/{number}/restrict",
    "/cases/{number}/lift": "POST /api/cases/{number}/lift",
    "/cases/{number}/incidents/{incident}/retry": BULK, "/cases/{number}/correct": CASE,
    "/cases/{number}/move": CASE,
    "/cases/{number}/{action}": CASE,
    "/reading/glass/{id}": "POST /api/reading/glass/{id}",
    "/floor/breaches/{number}/{clock}": "POST /api/cases/{number}/clocks/{clock}/acknowledge",
    "/cases/{number}/clocks/{clock}/extend": "POST /api/cases/{number}/clocks/{clock}/extend",
    "/floor/tasks": BULK,
    "/start/{name}": "POST /api/cases",
    "/processes/upload": PROPOSE, "/processes/edit": PROPOSE,
    "/processes/proposals/{id}/approve": DECIDE, "/processes/proposals/{id}/reject": DECIDE,
    "/processes/migrations/{name}": "POST /api/migrations",
    "/processes/migrations/{name}/{id}/{action}": "POST /api/migrations/{id}/{action}",
    "/admin/accounts/{user}/{action}": "POST /api/admin/accounts/{user}/{action}",
    "/admin/tokens/revoke": "POST /api/admin/tokens/{user}/{digest}/revoke", "/admin/incidents": BULK,
    "/admin/people": "PUT /api/admin/people/{user}", "/admin/people/{user}": "PUT /api/admin/people/{user}",
    "/admin/people/{user}/leave": "POST /api/admin/people/{user}/leave",
    "/admin/queues/{queue}": "PUT /api/admin/queues/{queue}",
    "/admin/groups": "PUT /api/admin/groups/{group}", "/admin/groups/{group}": "PUT /api/admin/groups/{group}",
    "/admin/authority": "POST /api/admin/grants", "/admin/authority/end": "POST /api/admin/grants/{key}/end",
    "/admin/absences": "POST /api/admin/absences", "/admin/absences/end": "POST /api/admin/absences/{key}/end",
    "/account/absences": "POST /api/admin/absences", "/account/absences/end": "POST /api/admin/absences/{key}/end",
    "/absences/{key}": "POST /api/admin/absences/{key}/move", "/cases/{number}/merge": CASE,
    "/admin/calendars/{name}/{year}/days": "POST /api/admin/calendars/{name}/days",
    "/admin/calendars/{name}/{year}/recount": "POST /api/admin/calendars/{name}/recount",
    "/admin/changes/{id}/{decision}": "POST /api/admin/changes/{id}/{decision}",
    "/admin/notices": "POST /api/admin/notices/{dispatch}/retry", "/account/notices": "PUT /api/me/notices",
    "/admin/file": "PUT /api/admin/organisation",
    "/admin/webhooks": "POST /api/webhooks", "/admin/webhooks/{webhook}/ping": "POST /api/webhooks/{webhook}/ping",
    "/admin/webhooks/{webhook}/secret": "POST /api/webhooks/{webhook}/secret",
    "/admin/webhooks/{webhook}/stop": "DELETE /api/webhooks/{webhook}",
    "/admin/webhooks/{webhook}/calls/{call}/retry": "POST /api/webhooks/{webhook}/calls/{call}/retry",
    "/account/password": "POST /api/me/password", "/account/leave": ENDS, "/account/sessions/end": ENDS,
    "/account/tokens": "POST /api/me/tokens", "/account/tokens/revoke": "DELETE /api/me/tokens/{digest}",
    "/account/second-factor/begin": "POST /api/me/second-factor/begin",
    "/account/second-factor/confirm": "POST /api/me/second-factor/confirm",
    "/account/second-factor/remove": "POST /api/me/second-factor/remove",
}  # fmt: skip
BROWSER: Mapping[str, str] = {
    "/sign-in": "a program has a token", "/sign-in/code": "a program has a token",
    "/sign-out": "a program has no session",
    "/language": "a program says Accept-Language", "/account/zone": "a program is told moments with their offset",
    "/processes/try/{name}/{origin}": "a program has `caseway try`, and keeps its files itself",
    "/c/{token}": "the customer has a link and no account",
}  # fmt: skip


def test_every_form_has_an_endpoint(town: Town) -> None:
    there = routes(town.app)
    forms = {route.removeprefix("POST ") for route in there if route.startswith("POST /") and "/api/" not in route}
    missing = sorted(forms - SAME.keys() - BROWSER.keys())
    gone = sorted((SAME.keys() | BROWSER.keys()) - forms)
    assert not missing, f"say in tests/web/test_correspondence.py which endpoint does what these forms do: {missing}"
    assert not gone, f"there is no such form any more: {gone}"
    assert not sorted(set(SAME.values()) - there), "an endpoint that is named here is not there"


def test_no_list_of_the_api_is_without_its_next_page(town: Town) -> None:
    """An answer that is a bare list, or holds one and no `next`, says in its description why it is bounded."""
    spec = town.app.openapi()
    found = []
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            schema = (
                operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
            )
            if method == "get" and schema.get("type") == "array" and "all" not in operation.get("description", ""):
                found.append(path)
    assert not found, f"give these a `next`, or say in their docstrings why they give all at once: {found}"
