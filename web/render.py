"""Pages from templates: autoescaped, strict about names, in the language of the reader."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from web import show
from web.desk import Desk
from web.nav import links
from web.texts import TEXTS

HERE = Path(__file__).parent
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _papers_of(desk: Desk, number: str) -> Any:
    """The papers of a case, for the part of a page that shows them; `web.papers` rests on this module."""
    from web.papers import papers_of

    return papers_of(desk, number)


def _documents_of(desk: Desk, number: str) -> Any:
    """The documents of a case, in the same way."""
    from web.documents import documents_of

    return documents_of(desk, number)


_SHOWN: dict[str, Callable[..., Any]] = {
    "moment": show.moment,
    "short": show.short,
    "relative": show.relative,
    "ago": show.ago,
    "lasting": show.lasting,
    "length": show.length,
    "clock_time": show.clock_time,
    "size": show.size,
    "capped": show.capped,
    "papers_of": _papers_of,
    "documents_of": _documents_of,
}


def page(request: Request, desk: Desk, name: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """The page of that name. `facts` are what the template reads beside what every page has."""
    state, app = request.state, request.app.state
    said = f"said.{request.query_params.get('said', '')}"
    shown = {key: partial(function, desk) for key, function in _SHOWN.items()}
    content = _ENVIRONMENT.get_template(name).render(
        desk=desk,
        t=desk.say,
        csrf=app.sessions.token(state.session),
        path=request.url.path,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        said=desk.say(said) if said in TEXTS else "",
        nav=links(desk),
        house=desk.told(desk.house.title, "Caseway"),
        unsafe=desk.caseway.database.unsafe,
        **shown,
        **facts,
    )
    return HTMLResponse(content, status)
