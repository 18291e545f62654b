"""Every rung that can be saved is one that is run: the words of ladders, the acts, and what carries them out."""

from typing import Any, get_args

import pytest

from engine.core import events as e
from engine.runtime.outgoing import SENDS
from notices.people import CUSTOMER
from sla import ladder
from sla.measure import point
from sla.model import Act, Message, Notice, OtherAct, Signal
from sla.rungs import PEOPLE
from sla.words import ACTS, RUNG
from tasks import acts
from tests.support.clocks import clock, notice, rung
from tests.support.rungs import ASIDE, unrun

CARRIED = {
    Notice: e.NoticeRequested,
    Message: e.MessageSent,
    Signal: e.SignalSent,
    OtherAct: e.ActRequested,
}
"""What each act becomes."""
ADDRESSED = {"owner": "a user", "holder": "a user or a queue", CUSTOMER: "an address in the case"}


def test_every_word_of_a_rung_is_an_act_or_says_when() -> None:
    assert set(RUNG["properties"]) == {"notify", "message", "signal", *ACTS, *ASIDE}


def test_every_act_becomes_an_event_that_somebody_carries_out() -> None:
    assert set(get_args(Act)) == set(CARRIED)
    assert set(CARRIED.values()) <= set(SENDS)  # they leave with the command
    assert set(ACTS) <= set(acts.ACTS)
    assert set(PEOPLE) == set(ADDRESSED)


@pytest.mark.parametrize("act", [notice("owner"), Message("m"), Signal("s"), OtherAct("priority", {"to": "+5"})])
def test_a_rung_is_run_with_its_act_as_often_as_it_says(act: Act) -> None:
    one = clock("c", "5wd", ladder=(rung("80%", act), rung("due", act), rung("due + 1wd", act, every="1wd", times=4)))
    assert unrun(one) == []


def test_what_is_not_run_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard itself."""
    one = clock("c", "5wd", ladder=(rung("80%", notice("owner")), rung("due", Signal("late"))))
    event = ladder._event

    def no_signals(*given: Any) -> e.Event:
        return e.TimePassed(given[0].now) if isinstance(given[-2], Signal) else event(*given)

    with monkeypatch.context() as patched:
        patched.setattr(ladder, "_event", no_signals)
        assert any("2 acts are asked for, 1 are done" in text for text in unrun(one))
    monkeypatch.setattr("sla.ladder.point", lambda *given: None if given[-1] == 1 else point(*given))
    assert any("due comes 0 times" in text for text in unrun(one))
