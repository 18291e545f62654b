"""Why something was late is said of a clock that has closed: its row says it, and follows from history."""

from collections.abc import Iterator

import pytest

from bootstrap import Home
from engine.core.commands import CancelCase, CompleteTask
from sla.events import AcknowledgeBreach
from tests.support.bureau import Bureau


@pytest.fixture
def bureau(home: Home) -> Iterator[Bureau]:
    made = Bureau(home)
    yield made
    made.close()


@pytest.mark.parametrize("gone_on", [False, True])
def test_a_breach_that_has_closed_is_explained(bureau: Bureau, gone_on: bool) -> None:
    case = bureau.start("plea", kind="plain", papers=[])
    bureau.wait(hours=5)
    look = next(row[1] for row in bureau.tasks() if row[2] == "look")
    assert bureau.ask(case, CompleteTask(look, "", {"kind": "plain"}), "chen")
    if gone_on:
        bureau.wait(hours=1)
        bureau.complete("work", "wang", "done")
        bureau.wait(hours=1)
    assert bureau.ask(case, AcknowledgeBreach("look", "staff"), "sun")
    row = "SELECT reason, acknowledged_by FROM clocks WHERE clock = 'look'"
    assert tuple(bureau.app.connection.one(row)) == ("staff", "sun")
    bureau.wait(hours=1)
    assert bureau.ask(case, CancelCase("a mistake"), "sun")
    report = bureau.app.verify()
    assert report.clean, report.findings
    assert tuple(bureau.app.connection.one(row)) == ("staff", "sun")
