"""One task as its page and the API show it: form, outcomes, facts beside it, what may be done and why not."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.core.data import unsealed
from engine.core.events import DataChanged
from engine.core.kinds import ANY, holds_secret
from engine.core.model import Human, Process
from engine.runtime.history import read
from papers.state import files_of
from tasks import queries
from tasks.ground import work_of
from tasks.lifecycle import LIFECYCLE, SUSPENDED
from tasks.rules import may
from web import show
from web.attached import files_in
from web.closed import closed
from web.commands import ACTS
from web.desk import Desk
from web.forms import Field, at, fields, shown
from web.history import Asked, Entry, Past, Said, past
from web.instances import items, seen
from web.leads import leads
from web.lists import TaskLine, lines
from web.opened import Opened, approach, plain
from web.papers import AttachmentView
from web.reading import revealed
from web.schema import for_customers, part
from web.talk import Watching, watching
from web.voting import Votes, votes
from workbench.story import MASK, masked

LATEST = 5
"""How much of the case's history and comments a task shows."""
MOST_SINCE = 1_000
"""Commands since a form was opened that are looked through for what others have changed."""
READ = 200
"""Of how many of the newest commands of a case its tasks tell: comments, reviews, why something was laid aside."""
NOTHING = Past([], [], {}, {}, {})


class Clause(BaseModel):
    id: str
    title: str


class Fact(BaseModel):
    """A datum of the case in words. `secret`: it holds a secret, which is hidden unless it has been opened."""

    name: str
    title: str
    value: str
    href: str = ""  # of a file
    public: bool = False
    secret: bool = False


class Way(BaseModel):
    """A way to complete a task: what it is called, whether it needs a reason, where it leads."""

    outcome: str
    title: str
    reason: bool
    leads: str


class TaskView(BaseModel):
    """A task, whole. `actions`: each that its state knows, with why it is closed to the user, "" if it is open."""

    line: TaskLine
    revision: int
    case_status: str
    help: str
    fields: list[Field]
    values: dict[str, str | list[str]]
    kept: list[str]  # secret fields that have a value, which is not shown
    files: dict[str, AttachmentView] = {}  # what fields for files hold
    draft: bool
    ways: list[Way]
    facts: list[Fact]
    clauses: list[Clause]
    actions: dict[str, str]
    note: str = ""  # who asked what, until when it is laid aside and why
    outcome: str = ""  # of the draft, with its reason and when it was saved
    reason: str = ""
    drafted: datetime | None = None
    votes: Votes | None = None
    reviews: list[Asked] = []
    comments: list[Said] = []  # the newest of the case
    more_comments: bool = False  # whether there may be earlier ones
    history: list[Entry] = []  # likewise
    watching: Watching | None = None

    @property
    def mine(self) -> bool:
        return self.actions.get("draft") == ""

    @property
    def why(self) -> str:
        """Why the user cannot work on it; "" if they can, or need only take it."""
        if self.mine or "" in map(self.actions.get, ("claim", "take_up", "vote", "answer")):
            return ""
        return next(filter(None, map(self.actions.get, ("vote", "claim", "complete", "draft"))), "")


def task_view(desk: Desk, number: str, task: int) -> TaskView:
    """The task of a case. Raises Problem if it is not open."""
    return view_of(approach(desk, number, task), task)


def view_of(opened: Opened, task: int, secrets: bool = True) -> TaskView:
    """The task as the user sees it, who may be one to whom the case is masked. Secrets of the form are opened for who
    holds the task, and the look is kept, unless they are not asked for. Raises Problem."""
    desk, process, state = opened.desk, opened.process, opened.state
    found, node, human = human_step(opened, task)
    internal = opened.sight.reads("internal")
    asked = fields(desk, process, human.form)
    listed = next((row for row in queries.of_case(desk.caseway.connection, opened.case) if row.task == task), None)
    if listed is None:
        raise closed(opened, task)
    own = found.holder == desk.user
    draft = found.draft if own or not found.draft else None
    told, since = actions(opened, task), past(opened, READ) if internal else NOTHING
    known = _secrets(opened, task, draft, human) if secrets and told.get("draft") == "" else {}
    values, kept, data = {}, [], seen(opened, task)
    for field in asked:
        value = at(draft, field.name) if draft is not None else None
        value = at(data, field.name) if value is None else value
        if field.secret and value is not None:
            value = at(known, field.name)
            if value is None:
                kept.append(field.name)
        values[field.name] = shown(desk, field, value if internal else None)
    return TaskView(
        line=lines(desk, [listed])[0], revision=opened.revision, case_status=state.flow.status,
        files=files_in(opened, asked, values),
        help=desk.told(node.parts.get("help")), fields=asked, values=values, kept=kept,
        draft=bool(draft or (own and (found.chosen or found.because))),
        ways=ways(desk, process, node.id, human),
        facts=facts(opened, {path[0] for path in human.form}, task=task),
        clauses=[Clause(id=one, title=desk.told(desk.house.clauses.get(one))) for one in node.clauses],
        actions=told,
        note=_note(desk, found, internal, since.because.get(task, "")),
        outcome=found.chosen if own else "", reason=found.because if own else "",
        drafted=since.drafted.get(task) if own else None,
        votes=votes(opened, found, human) if internal else None,
        reviews=since.reviews.get(task, []), comments=since.comments[:LATEST],
        more_comments=internal and (len(since.comments) > LATEST or opened.revision > READ),
        history=since.entries[:LATEST],
        watching=watching(opened) if internal else None,
    )  # fmt: skip


def ways(desk: Desk, process: Process, step: str, human: Human) -> list[Way]:
    """The ways to complete a step."""
    return [
        Way(outcome=way.name, title=desk.told(way.title, show.worded(way.name)), reason=way.reason,
            leads=leads(desk, process, step, way))
        for way in human.outcomes.values()
    ]  # fmt: skip


def _secrets(opened: Opened, task: int, draft: Any, human: Human) -> dict[str, Any]:
    """What the form of who holds the task asks for, of grade secret, opened."""
    found = opened.state.work.tasks[task]
    names = {path[0] for path in human.form} & opened.process.secrets
    if found.holder != opened.desk.user or not names or not opened.sight.reads("secret"):
        return {}
    data = {**seen(opened, task), **{name: value for name, value in (draft or {}).items() if value is not None}}
    return revealed(opened.desk, opened.sight, opened.subject, data=data, names=names)


def human_step(opened: Opened, task: int) -> tuple[Any, Any, Human]:
    """The task in the state of its case, its node and its spec. Raises Problem if it is not open."""
    found = opened.state.work.tasks.get(task)
    node = opened.process.nodes.get(found.step) if found is not None else None
    if node is None or not isinstance(node.spec, Human):
        raise closed(opened, task)
    return found, node, node.spec


def actions(opened: Opened, task: int) -> dict[str, str]:
    """Every action that the task's state knows: why it is closed to the user, or ""."""
    ground, found = opened.look, opened.state.work.tasks[task]
    told = {}
    voted = work_of(opened.process, found.step).approvals is not None
    for action in ACTS:
        if (found.status, action) in LIFECYCLE and (voted or action != "vote"):
            why = may(ground, opened.desk.user, task, action)
            told[action] = plain(opened, opened.desk.told(why.text)) if why is not None else ""
    return told


def about(opened: Opened, task: int) -> list[Fact]:
    """Which item of many a task is about; nothing for a task of the case as a whole."""
    return [
        Fact(
            name=item.name, title=item.title, href="", public=False, secret=holds_secret(item.kind),
            value=show.value(
                opened.desk, masked(item.value, item.kind), item.kind, item.schema.get("labels"), item.schema
            ),
        )
        for item in (items(opened, task) if opened.sight.reads("internal") else ())
    ]  # fmt: skip


def facts(
    opened: Opened, without: Collection[str] = (), secrets: Mapping[str, Any] | None = None, task: int = 0
) -> list[Fact]:
    """What the user may know of the case, in the schema's order; of a task, first which item of many it is about.
    `secrets`: values that have been opened; the others are hidden."""
    desk, process, data = opened.desk, opened.process, seen(opened, task)
    told = about(opened, task)
    for name, kind in process.names.items():
        if data.get(name) is None or name in without:
            continue
        found = part(desk, process, (name,))
        if not opened.sight.reads("public" if found.schema.get("grade") == "public" else "internal"):
            continue
        public = for_customers(found, data[name], opened.state, desk.now, desk.caseway.directory.zone)
        value = secrets[name] if secrets and name in secrets else masked(data[name], kind)
        words = MASK if value == MASK else show.value(desk, value, kind, found.labels, found.schema)
        title = desk.told(found.schema.get("title"), show.worded(name))
        href = ""
        if kind.attachment and (held := files_of(opened.state.papers).get(data[name])) is not None:
            words, href = held.name, f"/cases/{opened.state.flow.number or opened.case}/files/{data[name]}"
        told.append(Fact(name=name, title=title, value=words, href=href, public=public, secret=holds_secret(kind)))
    return [fact for fact in told if fact.value]


def _note(desk: Desk, task: Any, internal: bool, because: str) -> str:
    """How the task stands, where that is not plain. because: why it was laid aside or suspended."""
    if task.question:
        what = task.question if internal else MASK
        return desk.say("asks", who=desk.person(task.holder), whom=desk.person(task.reviewer), what=what)
    if task.until is not None:
        until = show.moment(desk, task.until)
        return desk.say("parked_because", at=until, why=because) if because else desk.say("parked_until", at=until)
    if task.status == SUSPENDED and because:
        return desk.say("suspended_because", why=because)
    return desk.say("on_behalf", who=desk.person(task.delegator)) if task.delegator else ""


def with_secrets(opened: Opened, task: int, asked: list[Field], data: dict[str, Any]) -> dict[str, Any]:
    """What was posted, with the secrets of the holder's draft for those that were left empty."""
    found, process = opened.state.work.tasks[task], opened.process
    missing = [f for f in asked if f.secret and at(data, f.name) is None and at(found.draft, f.name) is not None]
    if not missing or found.holder != opened.desk.user:
        return data
    full = dict(data)
    for name in dict.fromkeys(field.name.split(".")[0] for field in missing):
        kind = process.names.get(name, ANY)
        if holds_secret(kind):
            opens = unsealed(opened.look, name, found.draft[name], kind)
            full[name] = {**opens, **full.get(name, {})} if isinstance(opens, dict) else opens
    return full


def changed_since(opened: Opened, revision: int, names: set[str]) -> list[str]:
    """Which of these names others have changed in the case since that revision."""
    if opened.revision <= revision:
        return []
    since = opened.revision - revision  # every command is one revision and one row
    if since > MOST_SINCE:
        return sorted(names)  # nobody reads so much for a form: whoever filled it in looks again
    found: set[str] = set()
    for row in read(opened.desk.caseway.database, opened.desk.caseway.vault, opened.case, newest=since):
        if row.seq > revision and row.actor != opened.desk.user:
            for event in MACHINE.decode_events(row.events):
                if isinstance(event, DataChanged) and not event.token:
                    found |= {path.split(".")[0] for path in event.changes}
    return sorted(found & names)
