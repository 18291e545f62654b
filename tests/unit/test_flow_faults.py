"""What goes wrong on the way, and what is done about it: incidents, retries, suspension, bounds (R11, R20)."""

from typing import Any

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.durations import parse_duration
from engine.core.env import Env
from engine.core.machine import Turn
from engine.core.model import (
    Block,
    Branch,
    Call,
    Each,
    End,
    Escalate,
    Fail,
    Flow,
    Fork,
    Handler,
    Human,
    Join,
    Node,
    Outcome,
    Parallel,
    Process,
    Service,
    Set,
    Switch,
    Trigger,
)  # fmt: skip
from tests.support.graph import Story, after, graph, on, sets, step, within, x

END = step("done", End("done"))


class Versions:
    """Everything that is called is deployed."""

    def process(self, name: str, version: str = "") -> Process | None:
        return None

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return "v1"


def collecting(inner: Node, **more: Any) -> Process:
    return graph(
        step("all", Each(x("items"), "item", "all/item", collect=((("out",), x("y + 1")),), **more), "done"),
        within("all", step("all/item", Block(inner.id))),
        within("all/item", inner),
        END,
    )


def test_a_collect_that_fails_is_an_incident_and_the_completion_stands() -> None:
    story = Story(collecting(step("one", Human(form=(("y",),))))).start(items=["a"]).complete("one")
    (number,) = story.flow.incidents
    assert "y" in story.flow.incidents[number].text
    assert (story.flow.tokens[story.token("all/item")].phase, story.open) == ("closing", [])
    story.do(c.RetryIncident(number))
    (number,) = story.flow.incidents  # still not set
    story.do(c.CancelCase("hopeless"))
    assert (story.ended, story.flow.incidents) == ("", {})


def test_a_collect_that_fails_behind_an_automatic_step_does_not_run_the_step_again() -> None:
    process = graph(
        step("all", Each(x("items"), "item", "all/item", until=x("x > 0"), sequential=True), "done"),
        within("all", step("all/item", Block("log"))),
        within("all/item", step("log", Set((sets("text", "item"),)))),
        END,
        step("/1", Set((sets("x", "1"),))),
        handlers=(on("message", "fix", body="/1"),),
    )
    story = Story(process).start(items=["a", "b"])
    (number,) = story.flow.incidents
    assert (story.path, story.open) == (["all", "all/item", "log"], [])
    story.message("fix").do(c.RetryIncident(number))
    assert (story.path.count("log"), story.ended) == (1, "done")


def test_a_merge_that_fails_holds_the_branch() -> None:
    process = graph(
        step("both", Parallel((Branch("l", "l"), Branch("r", "r")), merge={"x": "concat"}), "done"),
        within("both", step("l", Block("left")), step("r", Block("right"))),
        within("l", step("left", Human(form=(("x",),)))),
        within("r", step("right", Human())),
        END,
    )
    story = Story(process).start(x=1).complete("left", x=2)
    assert ["no concat of 1 and 2" in i.text for i in story.flow.incidents.values()] == [True]
    assert story.complete("right").ended is None


def test_handlers_are_not_armed_again_by_a_retry() -> None:
    process = graph(
        step("pay", Service("pay", {}, ()), "done", handlers=(after("1h", body="pay/1"), after("9h", "late"))),
        step("pay/1", Block("tell")),
        within("pay/1", step("tell", Set((sets("y", "1"),)))),
        step("late", End("late")),
        END,
    )
    story = Story(process).start().wait("2h")
    due = [t.due for t in story.flow.timers.values()]
    story.do(c.FailJob(next(iter(story.flow.jobs)), "no network"))
    story.do(c.RetryIncident(next(iter(story.flow.incidents))))
    assert [t.due for t in story.flow.timers.values()] == due
    assert story.wait("7h").ended == "late"
    assert story.path.count("tell") == 1


def test_a_retried_call_calls_another_case() -> None:
    story = Story(graph(step("sub", Call("other", {}, ()), "done"), END), versions=Versions()).start()
    first = story.flow.calls[story.token("sub")]
    story.do(c.FinishCall(story.token("sub"), first, error="broken"))
    story.do(c.RetryIncident(next(iter(story.flow.incidents))))
    second = story.flow.calls[story.token("sub")]
    assert second != first
    assert story.refused(c.FinishCall(story.token("sub"), first, "ok")).code == "closed"
    story.do(c.FinishCall(story.token("sub"), second, "ok"))
    assert story.ended == "done"


def child(process: Process) -> Story:
    story = Story(process, versions=Versions())
    story.do(c.StartCase("test", parent="p", parent_token=7, by="call"))
    return story


def test_a_called_case_that_is_cancelled_tells_its_caller() -> None:
    story = child(graph(step("a", Human(), "done"), END))
    events = story.do(c.CancelCase("by mistake"))
    assert e.CaseReturned("p", 7, "", {}, "cancelled") in events


def test_an_escalation_climbs_through_calls() -> None:
    story = child(graph(step("sub", Call("other", {}, ()), "done"), END))
    token = story.token("sub")
    events = story.do(c.EscalateCall(token, story.flow.calls[token], "late"))
    assert e.EscalatedToParent("p", 7, "late") in events
    events = child(graph(step("tell", Escalate("late"), "a"), step("a", Human()))).events
    assert e.EscalatedToParent("p", 7, "late") in events


def test_an_error_that_nothing_catches_goes_to_the_caller() -> None:
    story = child(graph(step("bad", Fail("broken")), END))
    assert (story.ended, story.flow.tokens) == ("broken", {})
    assert [x.error for x in story.events if isinstance(x, e.CaseReturned)] == ["broken"]


def test_a_suspended_case_does_not_end() -> None:
    story = Story(graph(step("pay", Service("pay", {}, (("", ("x",)),))))).start()
    (job,) = story.flow.jobs
    story.do(c.SuspendCase("court"))
    story.do(c.FinishJob(job, 5))
    assert (story.flow.status, story.data) == ("suspended", {"x": 5})
    story.do(c.ResumeCase())
    assert story.ended == ""


def test_an_error_in_a_suspended_called_case_waits() -> None:
    story = child(graph(step("pay", Service("pay", {}, ()))))
    story.do(c.SuspendCase("court"))
    story.do(c.FailJob(next(iter(story.flow.jobs)), "closed", "bounced"))
    assert (story.flow.status, [i.kind for i in story.flow.incidents.values()]) == ("suspended", ["error"])
    story.do(c.ResumeCase())
    assert story.refused(c.FinishJob(2)).code == "closed"
    story.do(c.RetryIncident(next(iter(story.flow.incidents))))
    assert len(story.flow.jobs) == 1


def test_messages_to_a_suspended_case_are_taken_in() -> None:
    process = graph(
        step("a", Human(), "done", handlers=(on("message", "stop", "aside"), on("message", "note", body="a/1"))),
        step("a/1", Block("read")),
        within("a/1", step("read", Human())),
        step("aside", Human(), "done"),
        END,
    )
    story = Story(process).start()
    story.do(c.SuspendCase("court"))
    story.message("note").message("stop")
    assert story.open == ["aside"]
    assert story.refused(c.CompleteTask(story.token("aside"))).code == "suspended"
    story.do(c.ResumeCase())
    assert story.complete("aside").ended == "done"


def test_a_thousand_tasks_at_once_are_no_cycle() -> None:
    process = collecting(step("one", Human(form=(("y",),))))
    story = Story(process).start(items=[str(n) for n in range(1000)])
    assert (len(story.open), story.flow.incidents) == (1000, {})


def test_steps_beyond_the_bound_go_on_after_a_retry() -> None:
    process = graph(
        step("count", Set((sets("x", "x + 1"),)), "more"),
        step("more", Switch((Flow(x("x < 900"), "count"), Flow(None, "done")))),
        END,
    )
    story = Story(process).start(x=0)
    (number,) = story.flow.incidents
    assert story.flow.incidents[number].kind == "steps"
    story.do(c.RetryIncident(number))
    assert (story.ended, story.data["x"]) == ("done", 900)


def test_a_handler_that_sets_itself_off_is_an_incident() -> None:
    process = graph(
        step("a", Human(form=(("x",),), outcomes={"again": Outcome("again", {}, "a")})),
        step("/1", Block("more")),
        within("/1", step("more", Set((sets("x", "x + 1"),)))),
        handlers=(on("changed", body="/1", path=("x",)),),
    )
    story = Story(process).start(x=0).complete("a", "again", x=1)
    assert {i.kind for i in story.flow.incidents.values()} == {"steps"}
    process = graph(step("a", Human(), handlers=(on("when", next="a", when=x("x == 0")),)))
    story = Story(process).start(x=0)
    assert [i.kind for i in story.flow.incidents.values()] == ["steps"]


@pytest.mark.parametrize("every", ["0h", "0min"])
def test_a_repetition_that_does_not_get_on_is_an_incident_not_a_hang(every: str) -> None:
    trigger = Trigger("after", length=parse_duration("1h"), every=parse_duration(every))
    process = graph(
        step("a", Human(), handlers=(Handler(trigger, body="a/1"),)),
        step("a/1", Block("tell")),
        within("a/1", step("tell", Set((sets("y", "1"),)))),
    )
    story = Story(process).start().wait("2h")
    assert (story.data, len(story.flow.incidents)) == ({"y": 1}, 1)
    assert not story.flow.timers


def test_a_repetition_that_cannot_be_worked_out_fires_all_the_same() -> None:
    trigger = Trigger("after", length=parse_duration("1h"), every=x("text"))
    process = graph(
        step("a", Human(), handlers=(Handler(trigger, body="a/1"),)),
        step("a/1", Block("tell")),
        within("a/1", step("tell", Set((sets("y", "1"),)))),
    )
    story = Story(process).start().wait("2h")
    assert (story.data, len(story.flow.incidents)) == ({"y": 1}, 1)


def test_merged_tokens_take_their_handlers_and_incidents_along() -> None:
    process = graph(
        step("split", Fork((Flow(None, "a"), Flow(None, "b")))),
        step("a", Human(), "meet"),
        step("b", Human(), "meet"),
        step("meet", Join("all", ("a", "b")), "done", handlers=(after("5h", body="meet/1"),)),
        step("meet/1", Block("ask")),
        within("meet/1", step("ask", Human())),
        END,
    )
    story = Story(process).start().complete("b").wait("6h")
    story.complete("a")
    assert not story.flow.timers
    assert all(t.up == 0 or t.up in story.flow.tokens for t in story.flow.tokens.values())


def test_a_form_is_written_before_the_outcome_reads_it() -> None:
    outcome = Outcome("send", {}, sets=(sets("text", "kind ~ '!'"), sets("y", "x + 1")))
    process = graph(step("a", Human(form=(("x",),), outcomes={"send": outcome}), "done"), END)
    assert Story(process).start(kind="k").complete("a", "send", x=4).data["y"] == 5


def test_an_event_is_not_changed_by_a_later_one() -> None:
    spec = Set((sets("log", "['a']"),))
    process = graph(step("a", spec, "b"), step("b", Human()))
    story = Story(process)
    state = story.machine.new()
    request = c.Request("c1", "case1", c.StartCase("test"), "li", story.now)
    turn = Turn(story.machine, process, state, request, Env(story.now))
    turn.emit(e.CaseStarted("case1", "test", "v1", "1", story.now, "li"))
    turn.emit(e.DataChanged({"payee": {"name": "Li"}}))
    turn.emit(e.DataChanged({"copy": turn.state.flow.data["payee"]}))
    turn.emit(e.DataChanged({"payee.name": "Wang"}))
    assert turn.events[1] == e.DataChanged({"payee": {"name": "Li"}})
    assert turn.state.flow.data == {"payee": {"name": "Wang"}, "copy": {"name": "Li"}}


def test_items_added_are_checked() -> None:
    story = Story(collecting(step("one", Human(form=(("y",),))))).start(items=["a"])
    assert story.refused(c.AddInstance(story.token("all"), 1.5)).code == "item"
    assert story.refused(c.AddInstance(story.token("one"), "b")).code == "scope"


def test_commands_at_the_wrong_thing_are_refused() -> None:
    process = graph(step("box", Block("a"), "done"), within("box", step("a", Human())), END)
    story = Story(process)
    assert story.refused(c.CompleteTask(1)).code == "unknown"
    story.start()
    assert story.refused(c.StartCase("test")).code == "started"
    assert story.refused(c.CompleteTask(story.token("box"))).code == "no_task"
    assert story.refused(c.CompleteTask(99)).code == "closed"
    assert story.refused(c.FinishJob(99)).code == "closed"
    assert story.refused(c.FailJob(99, "")).code == "closed"
    assert story.refused(c.FireTimer("flow", 99, story.now)).code == "stale"
    assert story.refused(c.RetryIncident(99)).code == "closed"
    assert story.refused(c.FinishBlock(story.token("box"))).code == "scope"
    assert story.refused(c.StartStep(story.token("box"), "a")).code == "scope"
    assert story.refused(c.FinishCall(story.token("a"), "z")).code == "closed"
    assert story.refused(c.ResumeCase()).code == "running"
    assert story.refused(c.DeliverMessage("m", "")).code == "nobody_waits"
    story.do(c.DeliverSignal("s"))
    story.complete("a")
    assert story.refused(c.CompleteTask(2)).code == "ended"


def test_a_timer_that_has_been_moved_by_a_suspension_is_stale() -> None:
    story = Story(graph(step("a", Human(), "done", handlers=(after("2h", "done"),)), END)).start()
    ((number, timer),) = story.flow.timers.items()
    story.do(c.SuspendCase("court"))
    story.later(5)
    assert story.refused(c.FireTimer("flow", number, timer.due)).code == "suspended"
    story.do(c.ResumeCase())
    assert story.refused(c.FireTimer("flow", number, timer.due)).code == "stale"
    assert story.wait("2h").ended == "done"


def test_a_job_that_has_been_cancelled_is_closed() -> None:
    story = Story(graph(step("a", Service("f", {}, ()), "done", handlers=(after("1h", "done"),)), END)).start()
    (job,) = story.flow.jobs
    story.wait("1h")
    assert story.refused(c.FinishJob(job)).code == "ended"


def test_an_empty_key_is_an_incident() -> None:
    process = graph(step("a", Human(), "done", handlers=(on("message", "stop", "done", key=x("kind")),)), END)
    story = Story(process).start(kind="")
    assert ["is empty" in i.text for i in story.flow.incidents.values()] == [True]
    assert story.refused(c.DeliverMessage("stop", "any")).code == "nobody_waits"


def test_a_closing_host_goes_on_although_the_steps_are_used_up() -> None:
    process = graph(
        step("split", Fork((Flow(None, "work"), Flow(None, "boss"))), None),
        step("work", Human(), "next", handlers=(after("1h", body="work/1"),)),
        step("work/1", Block("nudge")),
        within("work/1", step("nudge", Human())),
        step("next", Human()),
        step("boss", Human(), "count", cancels=("nudge",)),
        step("count", Set((sets("x", "1"),)), "count"),
    )
    story = Story(process).start().wait("2h").complete("work").complete("boss")
    assert story.open == ["count", "next"]
    assert [i.kind for i in story.flow.incidents.values()] == ["steps"]
