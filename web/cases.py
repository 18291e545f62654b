"""One case as its page and the API show it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from engine.core.model import Catch, Race
from tasks import queries
from web import show
from web.blocks import Block, blocks
from web.clocks import ClockView, clocks
from web.desk import Desk
from web.faults import fault_told
from web.history import Entry, Said, past
from web.kin import Steering, steering
from web.lists import TaskLine, lines
from web.opened import Opened
from web.reading import Reads, reads
from web.search import CaseLine, line_of
from web.talk import Watching, watching
from web.tasks import Fact, facts


class Incident(BaseModel):
    incident: int
    step: str
    step_title: str
    text: str


class CaseView(BaseModel):
    """A case, whole, or what of it is not masked to the user: see `reads`. `steering`: what is
    done with it as a whole, and the cases around it; None where it is masked. `blocks`: the open ad-hoc ones."""

    line: CaseLine
    revision: int
    version: str
    tasks: list[TaskLine]
    waits: list[str]
    facts: list[Fact]
    clocks: list[ClockView]
    incidents: list[Incident]
    history: list[Entry]
    steering: Steering | None
    reads: Reads
    blocks: list[Block] = []
    comments: list[Said] = []
    watching: Watching | None = None

    @property
    def href(self) -> str:
        return f"/cases/{self.line.number}"


def case_view(desk: Desk, number: str, secrets: Mapping[str, Any] | None = None) -> CaseView:
    """The case of a number or an id, as far as the user reads it. `secrets`: those that they have opened. Raises
    Problem if there is none."""
    opened = Opened(desk, number, "")
    flow, process, open_to = opened.state.flow, opened.process, opened.sight.reads("internal")
    standing = [process.nodes[token.at] for token in flow.tokens.values() if token.at in process.nodes]
    view = CaseView(
        line=line_of(desk, opened.case), revision=opened.revision, version=flow.version,
        tasks=[], waits=[], facts=facts(opened, secrets=secrets), clocks=[], incidents=[], history=[], steering=None,
        reads=reads(desk, opened.sight, opened.state),
    )  # fmt: skip
    if not open_to:
        return view
    view.tasks = lines(desk, queries.of_case(desk.caseway.connection, opened.case))
    view.waits = list(dict.fromkeys(
        desk.told(node.title, show.worded(node.id)) for node in standing if isinstance(node.spec, Catch | Race)
    ))  # fmt: skip
    since = past(opened)
    view.clocks, view.history, view.steering = clocks(opened), since.entries, steering(opened)
    view.blocks = blocks(opened)
    view.comments, view.watching = since.comments, watching(opened)
    view.incidents = [
        Incident(
            incident=id,
            step=flow.tokens[i.token].at if i.token in flow.tokens else "",
            step_title=desk.step(flow.process, flow.tokens[i.token].at) if i.token in flow.tokens else "",
            text=fault_told(desk, i.text),
        )
        for id, i in flow.incidents.items()
    ]
    return view
