"""A task that is no longer open: who closed it, when and how, and what somebody had filled in by then."""

from starlette.datastructures import FormData

from engine.core.model import Human, Node
from engine.runtime.tables import moment
from web import show
from web.forms import fields
from web.opened import Opened
from web.problems import Problem

FOUND = "SELECT step, closed_at, closed_by, outcome FROM tasks WHERE case_id = ? AND id = ? AND closed_at IS NOT NULL"


def closed(opened: Opened, task: int) -> Problem:
    """What is said of a task that is not open; who closed it, only to who reads the case."""
    desk, row = opened.desk, opened.desk.caseway.connection.one(FOUND, (opened.case, task))
    if row is None or not opened.sight.reads("internal"):
        return Problem(404, "closed", desk.say("task_closed"))
    step, ended, by, outcome = row
    number = opened.state.flow.number
    facts = {"who": desk.person(by or "system"), "at": show.moment(desk, moment(ended))}
    human = _human(opened.process.nodes.get(step))
    if human is not None and outcome in human.outcomes:
        how = desk.told(human.outcomes[outcome].title, show.worded(outcome))
        return Problem(404, "closed", desk.say("task_completed", how=how, **facts), number=number)
    return Problem(404, "closed", desk.say("task_closed_by", **facts), number=number)


def typed(opened: Opened, task: int, form: FormData) -> list[tuple[str, str]]:
    """What was filled in, by the titles of the fields, without secrets: for who sent it, and finds the task closed."""
    desk, row = opened.desk, opened.desk.caseway.connection.one(FOUND, (opened.case, task))
    human = _human(opened.process.nodes.get(row[0])) if row is not None else None
    asked = fields(desk, opened.process, human.form) if human is not None else []
    given = [(one.title, ", ".join(map(str, form.getlist(f"data.{one.name}")))) for one in asked if not one.secret]
    given.append((desk.say("reason"), str(form.get("reason", ""))))
    return [(title, text) for title, text in given if text.strip()]


def _human(node: Node | None) -> Human | None:
    return node.spec if node is not None and isinstance(node.spec, Human) else None
