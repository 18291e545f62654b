"""Who may start a case, and who may send a message (R22)."""

import pytest

from engine.core import commands as c
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Human, Start
from organisation.load import build
from tasks.work import WORK
from tests.support.graph import Story, graph, step

PEOPLE = build(
    {
        "users": {
            "li": {"name": "Li", "roles": ["officer"]},
            "boss": {"name": "Boss", "roles": ["manager"]},
            "gone": {"name": "Gone", "roles": ["manager"], "to": "2020-01-01"},
        }
    },
    1,
)


@pytest.mark.parametrize(
    ("by", "channel", "user", "may"),
    [
        ((), "staff", "li", True),
        (("staff",), "staff", "li", True),
        (("staff",), "staff", "gone", False),
        (("staff",), "staff", "nobody", False),
        (("staff",), "web", "customer", False),
        (("web",), "web", "customer", True),
        (("web",), "staff", "li", False),
        (("role.manager",), "staff", "li", False),
        (("role.manager",), "staff", "boss", True),
        (("role.manager",), "call", "system", True),
    ],
)
def test_who_may_start(by: tuple[str, ...], channel: str, user: str, may: bool) -> None:
    process = graph(step("a", Human()), start=Start(by=by))
    story = Story(process, Machine([FLOW, WORK]), directory=PEOPLE)
    answer = story.ask(c.StartCase("test", {}, by=channel), user)
    if may:
        assert not isinstance(answer, c.Refusal), answer
    else:
        assert isinstance(answer, c.Refusal) and answer.code == "start"
        assert story.flow.status == "new"
