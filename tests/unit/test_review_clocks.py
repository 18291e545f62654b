"""What an auditor tried on clocks: breaches that somebody would like to undo, and time that nobody here lost.

The limit counts from Tuesday 10 February 2026; three days end on the 13th.
"""

from tests.support.clocks import NAMED, ClockStory, clock
from tests.support.graph import x
from tests.unit.test_clock import registered
from tests.unit.test_clock_words import HEAD, built
from tests.unit.test_explain import ASKING, Told, process


def limited() -> ClockStory:
    return ClockStory(registered(clock("law", x("limit", **NAMED)))).start(limit="3d")


def test_a_limit_that_becomes_longer_after_the_deadline_does_not_undo_the_breach() -> None:
    story = limited().go("2026-02-14 00:01").complete("register", limit="60d")
    assert story.deadline("law") == "2026-02-13 23:59"
    story.complete("work")
    assert [e.breached for e in story.told("ClockStopped")] == [True]
    assert not story.told("ClockRebased")


def test_a_limit_that_becomes_longer_in_time_moves_the_deadline() -> None:
    story = limited().go("2026-02-13 23:58").complete("register", limit="60d")
    assert story.deadline("law") == "2026-04-11 23:59"


def test_what_the_customer_took_after_the_deadline_was_not_lost_by_a_step() -> None:
    """48 hours are over on Thursday at 10:00; a day later the customer is asked, who takes ten days to answer."""
    story = Told(process(clock("c", "48h", pause=ASKING)), "2026-02-10 10:00").start()
    story.go("2026-02-13 10:00").complete("work", "ask")
    story.go("2026-02-23 10:00").message("reply")
    story.go("2026-02-23 12:00").complete("work", "ok")
    steps, amount = story.explained().lost()
    assert (steps, amount.total_seconds() / 3600) == (("work",), 74)


def test_a_clock_may_start_beside_the_flow_and_stop_in_it() -> None:
    """A handler of the process runs beside the flow, which goes on from wherever it stands."""
    head = HEAD + "meanwhile:\n  - {after: 1d, do: {asked: {milestone: asked}}}\n"
    assert built("c: {runs: {from: milestone.asked, until: answered}, limit: 5wd}", head=head)
