"""The pages of the administration, and what they share."""

from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from web.desk import Desk
from web.render import page
from web.roles import arranges


class Section(NamedTuple):
    """A page of the administration: its address, its text, and whether it is for administrators alone."""

    href: str
    key: str
    closed: bool = False


SECTIONS = (
    Section("/admin", "admin.overview"),
    Section("/admin/incidents", "incidents"),
    Section("/admin/absences", "absences"),
    Section("/admin/changes", "changes.waiting"),
    Section("/admin/people", "people.all", True),
    Section("/admin/queues", "queues", True),
    Section("/admin/groups", "groups", True),
    Section("/admin/authority", "authority", True),
    Section("/admin/file", "organisation.file", True),
    Section("/admin/tokens", "tokens", True),
    Section("/admin/webhooks", "hooks", True),
    Section("/admin/notices", "told", True),
    Section("/admin/retention", "kept", True),
    Section("/admin/calendars", "calendars"),
)


def admin_page(request: Request, desk: Desk, name: str, status: int, wrong: str, **facts: Any) -> Response:
    posted: FormData | None = getattr(request.state, "posted", None)
    form = posted if posted is not None and "whole" in posted else None  # not one of the page's smaller forms

    def kept(name: str, otherwise: Any = "") -> Any:
        """What was posted, for a form that comes back with what is wrong; else what there is."""
        return otherwise if form is None else str(form.get(name, ""))

    def marked(name: str, otherwise: Any = ()) -> Any:
        return otherwise if form is None else [str(one) for one in form.getlist(name)]

    sections = [one for one in SECTIONS if arranges(desk) or not one.closed]
    return page(
        request, desk, name, status, sections=sections, wrong=wrong, arranges=arranges(desk), kept=kept,
        marked=marked, **facts,
    )  # fmt: skip
