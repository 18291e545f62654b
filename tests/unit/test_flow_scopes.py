"""Scopes, handlers on them, and what happens when paths within them end (R16–R19)."""

from typing import Any

import pytest

from engine.core import commands as c
from engine.core.expressions import compile_expression
from engine.core.kinds import Type
from engine.core.model import (
    AdHoc,
    Assign,
    Block,
    Branch,
    Compensate,
    Each,
    End,
    Escalate,
    Fail,
    Flow,
    Fork,
    Human,
    Join,
    Milestone,
    Node,
    Outcome,
    Parallel,
    Process,
    Race,
    Service,
    Set,
    Switch,
)  # fmt: skip
from tests.support.graph import NAMES, Story, after, graph, on, sets, step, within, x

END = step("done", End("done"))


def test_sequence_and_data() -> None:
    story = Story(graph(step("a", Human(form=(("x",),)), "b"), step("b", Set((sets("y", "x + 1"),)), "done"), END))
    story.start().complete("a", x=41)
    assert (story.data, story.ended) == ({"x": 41, "y": 42}, "done")


def test_parallel_waits_for_all_branches() -> None:
    story = Story(
        graph(
            step("both", Parallel((Branch("l", "left"), Branch("r", "right"))), "done"),
            within("both", step("left", Human()), step("right", Human())),
            END,
        )
    ).start()
    assert story.open == ["left", "right"]
    assert story.complete("left").open == ["right"]
    assert story.complete("right").ended == "done"


@pytest.mark.parametrize(("needs", "left_open"), [(1, 0), (2, 1)])
def test_parallel_goes_on_at_n_and_cancels_the_rest(needs: int, left_open: int) -> None:
    branches = tuple(Branch(n, n) for n in ("p", "q", "r"))
    story = Story(
        graph(
            step("some", Parallel(branches, needs=needs), "done"),
            within("some", step("p", Human()), step("q", Human()), step("r", Human())),
            END,
        )
    ).start()
    story.complete("p")
    if needs == 2:
        assert story.ended is None
        story.complete("r")
    assert story.ended == "done"


def test_conditional_branches_and_else() -> None:
    process = graph(
        step("some", Parallel((Branch("l", "left", x("x > 1")), Branch("r", "right", x("x > 5"))), "other"), "done"),
        within("some", step("left", Human()), step("right", Human()), step("other", Human())),
        END,
    )
    assert Story(process).start(x=9).open == ["left", "right"]
    assert Story(process).start(x=2).open == ["left"]
    assert Story(process).start(x=0).open == ["other"]


def test_merge_folds_what_branches_wrote() -> None:
    process = graph(
        step("both", Parallel((Branch("l", "l"), Branch("r", "r")), merge={"amount": "sum", "log": "concat"}), "done"),
        within("both", step("l", Block("left")), step("r", Block("right"))),
        within("l", step("left", Human(form=(("amount",), ("log",))))),
        within("r", step("right", Human(form=(("amount",),)))),
        END,
    )
    story = Story(process).start(amount=1, log=["a"]).complete("left", amount=10, log=["b"])
    assert story.data == {"amount": "11", "log": ["a", "b"]}
    assert story.complete("right", amount=100).data["amount"] == "111"


def each(**more: Any) -> Story:
    return Story(
        graph(
            step("all", Each(x("items"), "item", "all/item", collect=((("out",), x("text ~ item")),), **more), "done"),
            within("all", step("all/item", Block("one"))),
            within("all/item", step("one", Human(form=(("text",),)))),
            END,
        )
    )


def test_each_collects_in_the_order_of_items() -> None:
    story = each().start(items=["a", "b"])
    first, second = (n for n, t in story.flow.tokens.items() if t.at == "one")
    story.do(c.CompleteTask(second, data={"text": "2"}))
    story.do(c.CompleteTask(first, data={"text": "1"}))
    assert (story.data["out"], story.ended) == (["1a", "2b"], "done")
    assert "text" not in story.data


def test_each_one_after_another_and_until() -> None:
    story = each(sequential=True).start(items=["a", "b"])
    assert story.open == ["one"]
    assert story.complete("one", text="1").open == ["one"]
    assert story.complete("one", text="2").data["out"] == ["1a", "2b"]
    story = each(until=x("text == 'no'")).start(items=["a", "b", "c"])
    assert story.complete("one", text="no").ended == "done"
    assert story.data["out"] == ["noa"]


def test_each_over_nothing_and_added_items() -> None:
    assert each().start(items=[]).ended == "done"
    assert each().start().ended == "done"
    story = each().start(items=["a"])
    story.do(c.AddInstance(story.token("all"), "b"))
    assert story.open == ["one", "one"]
    assert story.complete("one", text="1").complete("one", text="2").data["out"] == ["1a", "2b"]


def test_handler_beside_a_step_holds_it_until_its_body_has_ended() -> None:
    process = graph(
        step("work", Human(), "done", handlers=(after("2h", body="work/1"),)),
        step("work/1", Block("nudge")),
        within("work/1", step("nudge", Human())),
        END,
    )
    story = Story(process).start().wait("3h")
    assert story.open == ["nudge", "work"]
    story.complete("work")
    assert story.ended is None
    assert story.refused(c.CompleteTask(story.token("work"))).code == "closed"
    assert story.complete("nudge").ended == "done"
    assert Story(process).start().complete("work").ended == "done"


def test_handler_that_leaves_takes_the_block_with_it() -> None:
    process = graph(
        step("box", Block("inner"), "done", handlers=(on("message", "stop", "aside", key=x("kind")),)),
        within("box", step("inner", Human(), "more"), step("more", Human())),
        step("aside", Human(), "done"),
        END,
    )
    story = Story(process).start(kind="k1").complete("inner")
    assert story.refused(c.DeliverMessage("stop", "k2")).code == "nobody_waits"
    assert story.message("stop", "k1").open == ["aside"]
    assert not story.flow.waits
    assert story.complete("aside").ended == "done"


def test_process_handler_ends_all_tokens_and_fires_once() -> None:
    process = graph(
        step("both", Parallel((Branch("l", "left"), Branch("r", "right"))), "done"),
        within("both", step("left", Human()), step("right", Human())),
        step("stopping", Human(), "stopped"),
        step("stopped", End("stopped")),
        END,
        handlers=(on("message", "stop", "stopping"),),
    )
    story = Story(process).start().message("stop")
    assert story.open == ["stopping"]
    assert story.complete("stopping").ended == "stopped"


def test_error_climbs_to_the_nearest_handler() -> None:
    process = graph(
        step("outer", Block("box"), "done", handlers=(on("error", "", "caught"),)),
        within("outer", step("box", Block("bad"), handlers=(on("error", "other", "wrong"),)), step("wrong", Human())),
        within("box", step("bad", Fail("broken"))),
        step("caught", Human(), "done"),
        END,
    )
    assert Story(process).start().open == ["caught"]


def test_uncaught_error_is_an_incident() -> None:
    story = Story(graph(step("bad", Fail("broken", x("'no ' ~ 'money'"))), END)).start()
    (incident,) = story.flow.incidents.values()
    assert (incident.kind, "broken" in incident.text, "no money" in incident.text) == ("error", True, True)


def test_escalation_goes_on_beside() -> None:
    process = graph(
        step("box", Block("tell"), "done", handlers=(on("escalation", "late", body="box/1"),)),
        step("box/1", Block("boss"), scope="box"),
        within("box/1", step("boss", Human())),
        within("box", step("tell", Escalate("late"), "work"), step("work", Human())),
        END,
    )
    story = Story(process).start()
    assert story.open == ["boss", "work"]
    assert story.complete("work").complete("boss").ended == "done"


def test_faulty_expression_is_an_incident_that_can_be_retried() -> None:
    process = graph(
        step("a", Human(form=(("x",),), outcomes={"go": Outcome("go", {})}), "split"),
        step("split", Switch((Flow(x("x > 10"), "a"), Flow(None, "done")))),
        END,
    )
    story = Story(process).start().complete("a", "go")
    (number,) = story.flow.incidents
    assert "x" in story.flow.incidents[number].text
    assert story.refused(c.CompleteTask(story.token("split"))).code == "no_task"
    story.do(c.RetryIncident(number))
    assert len(story.flow.incidents) == 1  # still not set: a new incident


def test_cycle_without_a_wait_is_an_incident() -> None:
    story = Story(graph(step("a", Set((sets("x", "1"),)), "b"), step("b", Set((sets("x", "2"),)), "a"))).start()
    assert [i.kind for i in story.flow.incidents.values()] == ["steps"]


def test_service_finishes_fails_and_throws() -> None:
    process = graph(
        step(
            "pay",
            Service("pay", {"sum": x("amount")}, (("paid", ("ok",)),)),
            "done",
            handlers=(on("error", "bounced", "mend"),),
        ),
        step("mend", Human(), "done"),
        END,
    )
    story = Story(process).start(amount="3.50")
    (job,) = story.flow.jobs
    assert story.flow.jobs[job].args == {"sum": "3.50"}
    done = Story(process).start(amount=1)
    done.do(c.FinishJob(next(iter(done.flow.jobs)), {"paid": True}))
    assert (done.ended, done.data["ok"]) == ("done", True)
    story.do(c.FailJob(job, "account closed", "bounced"))
    assert story.open == ["mend"]
    stuck = Story(process).start(amount=1)
    stuck.do(c.FailJob(next(iter(stuck.flow.jobs)), "no network"))
    (incident,) = stuck.flow.incidents
    stuck.do(c.RetryIncident(incident))
    assert len(stuck.flow.jobs) == 1 and not stuck.flow.incidents


def test_race_takes_the_first() -> None:
    process = graph(
        step("which", Race((on("message", "reply", "answered"), after("3h", "late"))), None),
        step("answered", End("answered")),
        step("late", End("late")),
    )
    assert Story(process).start().message("reply").ended == "answered"
    assert Story(process).start().wait("4h").ended == "late"


def test_conditions_fire_on_false_to_true() -> None:
    process = graph(
        step(
            "a", Human(form=(("x",),), outcomes={"again": Outcome("again", {}, "a"), "go": Outcome("go", {})}), "done"
        ),
        END,
        step("/1", Block("note")),
        within("/1", step("note", Milestone("big"))),
        handlers=(on("when", body="/1", when=x("x > 10")),),
    )
    story = Story(process).start()
    story.complete("a", "again", x=5)
    assert story.path.count("note") == 0
    story.complete("a", "again", x=50)
    story.complete("a", "again", x=60)
    assert story.path.count("note") == 1
    story.complete("a", "again", x=1).complete("a", "again", x=11)
    assert story.path.count("note") == 2
    assert story.complete("a", "go").ended == "done"


def test_compensation_runs_newest_first_once_with_what_was_then() -> None:
    def booked(name: str, next: str) -> tuple[Node, ...]:
        body = f"{name}/undo"
        return (
            step(name, Human(form=(("x",),)), next, undo=body, undo_reads=("x",)),
            step(body, Block(f"un{name}")),
            *within(body, step(f"un{name}", Set((sets("log", "[x]"),)), f"say{name}"), step(f"say{name}", Human())),
        )

    process = graph(*booked("a", "b"), *booked("b", "back"), step("back", Compensate(), "done"), END)
    story = Story(process).start().complete("a", x=1).complete("b", x=2)
    assert (story.open, story.data["log"]) == (["sayb"], [2])
    assert story.complete("sayb").data["log"] == [1]
    assert story.complete("saya").ended == "done"


def test_cancel_region_takes_tokens_and_empty_scopes() -> None:
    process = graph(
        step("split", Fork((Flow(None, "box"), Flow(None, "boss")))),
        step("box", Block("inner"), "done"),
        within("box", step("inner", Human())),
        step("boss", Human(), "done", cancels=("inner",)),
        END,
    )
    assert Story(process).start().complete("boss").ended == "done"


def test_adhoc_block() -> None:
    process = graph(
        step("free", AdHoc(("a", "b"), x("ok")), "done"),
        within("free", step("a", Human()), step("b", Human(form=(("ok",),)))),
        END,
    )
    story = Story(process).start()
    block = story.token("free")
    assert "expected one of a, b" in story.refused(c.StartStep(block, "z")).text
    story.do(c.StartStep(block, "a"))
    assert story.refused(c.FinishBlock(block)).code == "until"
    story.do(c.StartStep(block, "b"))
    story.complete("b", ok=True)
    assert story.complete("a").ended == "done"


def test_suspend_keeps_remaining_time_and_takes_in_what_comes() -> None:
    process = graph(
        step("work", Service("f", {}, ()), "next", handlers=(after("10h", "late"),)),
        step("next", Human(), "done"),
        step("late", End("late")),
        END,
    )
    story = Story(process).start().later(4)
    job = next(iter(story.flow.jobs))
    story.do(c.SuspendCase("court"))
    story.later(100)
    story.do(c.ResumeCase())
    (timer,) = story.flow.timers.values()
    assert (timer.due - story.now).total_seconds() == 6 * 3600
    story.do(c.SuspendCase("again"))
    story.do(c.FinishJob(job))
    assert story.flow.tokens[story.token("work")].phase == "closing"
    assert story.refused(c.CompleteTask(story.token("work"))).code == "suspended"
    story.do(c.ResumeCase())
    assert story.complete("next").ended == "done"


def test_inclusive_join_waits_for_what_can_still_come() -> None:
    process = graph(
        step("split", Fork((Flow(x("x > 0"), "a"), Flow(x("x > 1"), "b"), Flow(x("x > 2"), "c")))),
        step("a", Human(), "meet"),
        step("b", Human(outcomes={"meet": Outcome("meet", {}, "meet"), "out": Outcome("out", {}, "aside")})),
        step("aside", End("aside")),
        step("c", Human(), "meet"),
        step("meet", Join("inclusive", ("a", "b", "c")), "done"),
        END,
    )
    assert Story(process).start(x=1).complete("a").ended == "done"
    story = Story(process).start(x=2).complete("a")
    assert story.ended is None
    assert story.complete("b", "out").ended == "done"
    story = Story(process).start(x=3).complete("c").complete("b", "meet")
    assert story.open == ["a", "meet", "meet"]
    assert story.complete("a").path.count("done") == 1


def test_counting_join_swallows_the_rest_and_starts_afresh() -> None:
    process = graph(
        step("split", Fork((Flow(None, "a"), Flow(None, "b"), Flow(None, "c")))),
        step("a", Human(), "meet"), step("b", Human(), "meet"), step("c", Human(), "meet"),
        step("meet", Join("count", ("a", "b", "c"), 2), "after"),
        step("after", Human()),
    )  # fmt: skip
    story = Story(process).start().complete("a")
    assert story.open == ["b", "c"]
    assert story.complete("b").open == ["after", "c"]
    assert story.complete("c").open == ["after"]
    assert not story.flow.joins


def test_data_that_does_not_fit_is_refused_field_by_field() -> None:
    story = Story(graph(step("a", Human(form=(("x",), ("amount",))), "done"), END)).start()
    refusal = story.refused(c.CompleteTask(story.token("a"), data={"x": "one", "amount": 1.5, "zz": 1}))
    assert set(refusal.fields) == {"x", "amount", "zz"}
    assert not story.data


def test_secrets_are_sealed_in_state_and_in_the_arguments_of_jobs() -> None:
    class Seal:
        def seal(self, path: str, value: object) -> str:
            return f"sealed:{path}:{str(value)[::-1]}"

        def open(self, path: str, sealed: str) -> object:
            assert sealed.startswith(f"sealed:{path}:")
            return sealed.split(":")[2][::-1]

    secret = {**NAMES, "account": Type("text", secret=True)}
    whole = compile_expression("account", secret)
    longer = compile_expression("account ~ '!'", secret)
    nodes = [
        step("a", Human(form=(("account",),)), "b"),
        step("b", Set((Assign(("account",), longer),)), "pay"),
        step("pay", Service("pay", {"to": whole}, ()), "done"),
        END,
    ]
    process = Process("test", "v1", {n.id: n for n in nodes}, "a", names=secret, secrets=frozenset({"account"}))
    story = Story(process, sealer=Seal()).start().complete("a", account="6222")
    assert story.data == {"account": "sealed:account:!2226"}
    (job,) = story.flow.jobs.values()
    assert job.args == {"to": "sealed:args.to:!2226"}
    assert b"6222" not in story.machine.encode(story.events)
