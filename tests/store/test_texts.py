"""Text that no store can hold (NUL, half a character) is refused where it comes in, on SQLite and PostgreSQL alike."""

from collections.abc import Iterator

import pytest

from bootstrap import Caseway, Home, create
from engine.core import commands as c
from engine.core.commands import Command, Refusal
from engine.language.problems import DefinitionError
from engine.language.source import read
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from sla.events import ExtendClock
from tasks import commands as t
from tests.support.branch import MONDAY, settle_in
from tests.web.conftest import Visitor
from web.app import create_app
from workbench.story import state_of

ORDER = {"who": "Li Si", "kind": "plain"}
BAD = ["a\0b", "\0", "a\ud800b"]


@pytest.fixture
def app(home: Home) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as app:
        settle_in(app)
        yield app
        assert app.verify(deep=True).clean


def started(app: Caseway) -> tuple[str, int]:
    answer = app.start(c.StartCase("order", dict(ORDER)), "li")
    assert isinstance(answer, Accepted), answer
    return answer.case, next(iter(state_of(app, answer.case)[0].work.tasks))


@pytest.mark.parametrize("bad", BAD)
def test_commands_are_refused_by_name_of_the_text(app: Caseway, bad: str) -> None:
    case, task = started(app)
    commands: list[tuple[Command, str]] = [
        (c.CancelCase(bad), "reason"),
        (c.SuspendCase(bad), "reason"),
        (c.CompleteTask(task, bad), "outcome"),
        (c.CompleteTask(task, reason=bad), "reason"),
        (c.CompleteTask(task, data={"who": bad}), "who"),
        (c.CompleteTask(task, data={bad: "x"}), "data"),
        (c.CompleteTask(task, data={"papers": ["a", bad]}), "papers[1]"),
        (c.CorrectData({"who": bad}, "why"), "who"),
        (t.SaveDraft(task, {"who": bad}), "who"),
        (t.ReleaseTask(task, bad), "reason"),
        (t.TransferTask(task, queue=bad, reason="why"), "queue"),
        (t.DelegateTask(task, bad, "why"), "user"),
        (t.Comment(bad), "text"),
        (t.RestrictCase("why", ("user.li", bad)), "readers[1]"),
        (ExtendClock("answer", bad, "why"), "by"),
    ]
    revision = app.connection.one("SELECT revision FROM cases WHERE id = ?", (case,))[0]
    for command, field in commands:
        answer = app.ask(case, command, "sun")
        assert isinstance(answer, Refusal), (command, answer)
        assert answer.code == "characters" and set(answer.fields) == {field}, (command, answer)
        assert "NUL" in answer.text or "half a character" in answer.text
        assert "不能保存" in answer.said("zh")
    assert app.connection.one("SELECT revision FROM cases WHERE id = ?", (case,))[0] == revision
    refused = app.start(c.StartCase("order", {**ORDER, "who": bad}), "li")
    assert isinstance(refused, Refusal) and set(refused.fields) == {"who"}
    audit = app.connection.all("SELECT text FROM refusals")
    assert len(audit) == len(commands) + 1
    assert not [row for row in audit if "\0" in row[0]]


@pytest.mark.parametrize("bad", BAD)
def test_messages_are_refused(app: Caseway, bad: str) -> None:
    for name, key, payload, id in (
        ("reply", bad, {"text": "x"}, "m"), ("reply", "k", {"text": bad}, "m"), ("reply", "k", {"text": "x"}, bad),
        (bad, "k", {}, "m"), ("reply", "k", {bad: "x"}, "m"),
    ):  # fmt: skip
        assert app.receive(id, name, key, payload, "customer") is not None
    assert app.connection.one("SELECT count(*) FROM messages")[0] == 0


def test_escapes_in_definitions() -> None:
    for text in ('a: "x\\0y"\n', '"x\\0": 1\n', 'a: ["\\x00"]\n', 'a: "\\ud800"\n'):
        with pytest.raises(DefinitionError, match="CW00"):
            read(text, "f.yaml")


def test_pages_and_programs_that_ask_with_such_text(app: Caseway) -> None:
    started(app)
    pages = create_app(app)
    visitor = Visitor(pages, "en")
    for path in ("/cases/a%00b", "/api/cases?q=%00", "/sign-in?next=%00", "/%00"):
        answer = visitor.get(path)
        assert answer.status_code == 400, (path, answer.status_code, answer.text[:200])
    for given in ({"user": "a\0b", "password": "x"}, {"user": "li", "password": "a\0b"}):
        answer = visitor.post("/sign-in", **given)
        assert 400 <= answer.status_code < 500, (given, answer.status_code, answer.text[:200])
    assert visitor.get("/sign-in").status_code == 200
    pages.state.desks.close()
