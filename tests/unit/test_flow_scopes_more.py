"""Scopes that meet: regions cancelled from within, swallowed tokens, compensation that is cut short, watches."""

from typing import Any

from engine.core import commands as c
from engine.core.kinds import Type
from engine.core.model import (
    AdHoc,
    Block,
    Branch,
    Compensate,
    Each,
    End,
    Fail,
    Flow,
    Fork,
    Human,
    Join,
    Node,
    Outcome,
    Parallel,
    Process,
    Service,
    Set,
)  # fmt: skip
from tests.support.graph import NAMES, Story, after, graph, on, sets, step, within, x

END = step("done", End("done"))


def test_a_branch_may_cancel_its_sister() -> None:
    process = graph(
        step("both", Parallel((Branch("l", "left"), Branch("r", "right"))), "next"),
        within("both", step("left", Human(), cancels=("right",)), step("right", Human())),
        step("next", Human(), "done"),
        END,
    )
    assert Story(process).start().complete("left").open == ["next"]
    process = graph(
        step("both", Parallel((Branch("l", "left"), Branch("r", "right"))), "next"),
        within("both", step("left", Human(), "then", cancels=("right", "both")), step("right", Human())),
        within("both", step("then", Human())),
        step("next", Human(), "done"),
        END,
    )
    story = Story(process).start().complete("left")
    assert story.open == ["then"]
    assert story.complete("then").complete("next").ended == "done"


def test_an_each_does_not_wait_for_instances_that_were_cancelled() -> None:
    process = graph(
        step("all", Each(x("items"), "item", "all/item"), "done"),
        within("all", step("all/item", Block("one"))),
        within(
            "all/item",
            step("one", Human(outcomes={"next": Outcome("next", {}, "two"), "only": Outcome("only", {}, "only")})),
            step("two", Human()),
            step("only", Set((sets("y", "1"),)), cancels=("two",)),
        ),
        END,
    )
    story = Story(process).start(items=["a", "b", "c"])
    first, second, third = (n for n, t in story.flow.tokens.items() if t.at == "one")
    story.do(c.CompleteTask(first, "next"))
    story.do(c.CompleteTask(second, "only"))
    assert story.open == ["one"]
    story.do(c.CompleteTask(third, "only"))
    assert story.ended == "done"


def test_a_region_does_not_take_an_empty_adhoc_block_or_wait_for_bodies() -> None:
    process = graph(
        step("split", Fork((Flow(None, "free"), Flow(None, "box"), Flow(None, "boss")))),
        step("free", AdHoc(("a",))),
        within("free", step("a", Human())),
        step("box", Block("inner"), "done", handlers=(after("1h", body="box/1"),)),
        step("box/1", Block("nudge")),
        within("box", step("inner", Human())),
        within("box/1", step("nudge", Human())),
        step("boss", Human(), cancels=("a", "inner")),
        END,
    )
    story = Story(process).start().wait("2h")
    story.do(c.StartStep(story.token("free"), "a"))
    assert story.open == ["a", "boss", "inner", "nudge"]
    assert story.complete("boss").open == ["free"]
    story.do(c.FinishBlock(story.token("free")))
    assert story.ended == ""


def test_a_region_that_takes_the_last_body_lets_its_host_go() -> None:
    process = graph(
        step("split", Fork((Flow(None, "work"), Flow(None, "boss")))),
        step("work", Human(), "next", handlers=(after("1h", body="work/1"),)),
        step("work/1", Block("nudge")),
        within("work/1", step("nudge", Human())),
        step("next", Human()),
        step("boss", Human(), cancels=("nudge",)),
    )
    story = Story(process).start().wait("2h").complete("work")
    assert story.open == ["boss", "nudge"]
    assert story.complete("boss").open == ["next"]


def test_the_last_token_may_be_one_that_a_counting_join_swallows() -> None:
    nodes: tuple[Node, ...] = (
        step("split", Fork((Flow(None, "a"), Flow(None, "b")))),
        step("a", Human(), "meet"),
        step("b", Human(), "meet"),
        step("meet", Join("count", ("a", "b"), 1)),
    )
    story = Story(graph(*nodes)).start().complete("a")
    assert story.ended is None
    assert story.complete("b").ended == ""
    boxed = graph(step("box", Block("split"), "next"), within("box", *nodes), step("next", Human()), first="box")
    assert Story(boxed).start().complete("a").complete("b").open == ["next"]


def test_a_process_handler_that_leaves_fires_once() -> None:
    process = graph(
        step("a", Human(), "done"),
        step("stopping", Human(), "done"),
        END,
        handlers=(on("message", "stop", "stopping"), after("5h", "done"), on("signal", "stop", "stopping")),
    )
    story = Story(process).start().message("stop")
    first = story.token("stopping")
    assert story.refused(c.DeliverMessage("stop", "")).code == "nobody_waits"
    assert story.token("stopping") == first
    story.do(c.DeliverSignal("stop"))
    assert story.token("stopping") != first
    second = story.token("stopping")
    story.do(c.DeliverSignal("stop"))
    assert story.token("stopping") == second


def undoable(name: str, next: str | None = None, scope: str = "", reads: tuple[str, ...] = ()) -> tuple[Node, ...]:
    body = f"{name}/undo"
    return (
        *within(scope, step(name, Human(form=(("x",), ("account",))), next, undo=body, undo_reads=reads)),
        *within(scope, step(body, Block(f"un{name}"))),
        *within(body, step(f"un{name}", Human())),
    )


def test_a_compensation_that_is_cancelled_leaves_what_it_had_not_begun() -> None:
    process = graph(
        *undoable("a", "b"),
        *undoable("b", "back"),
        step("back", Compensate(), "done", handlers=(on("message", "stop", "wait"),)),
        step("wait", Human(), "again"),
        step("again", Compensate(), "done"),
        END,
    )
    story = Story(process).start().complete("a").complete("b")
    assert story.open == ["unb"]
    story.message("stop").complete("wait")
    assert story.open == ["una"]  # b's undo had begun: at most once
    assert story.complete("una").ended == "done"


def test_a_block_s_own_undo_stands_for_what_was_done_within() -> None:
    process = graph(
        step("box", Block("a"), "back", undo="box/undo"),
        step("box/undo", Block("unbox")),
        within("box/undo", step("unbox", Human())),
        *undoable("a", scope="box"),
        step("back", Compensate(), "done"),
        END,
    )
    story = Story(process).start().complete("a")
    assert story.open == ["unbox"]
    assert story.complete("unbox").ended == "done"


def test_what_was_done_in_a_block_that_is_cancelled_can_be_undone() -> None:
    process = graph(
        step("box", Block("a"), "done", handlers=(on("message", "stop", "back"),)),
        *undoable("a", "b", scope="box"),
        within("box", step("b", Human())),
        step("back", Compensate(), "done"),
        END,
    )
    story = Story(process).start().complete("a").message("stop")
    assert story.open == ["una"]


def test_an_undo_remembers_secrets_sealed() -> None:
    class Seal:
        def seal(self, path: str, value: object) -> str:
            return f"sealed:{str(value)[::-1]}"

        def open(self, path: str, sealed: str) -> object:
            assert sealed.startswith("sealed:")
            return sealed.removeprefix("sealed:")[::-1]

    nodes = (*undoable("a", "back", reads=("account", "y")), step("back", Compensate()))
    secret = {**NAMES, "account": Type("text", secret=True)}
    process = Process("test", "v1", {n.id: n for n in nodes}, "a", names=secret, secrets=frozenset({"account"}))
    story = Story(process, sealer=Seal()).start().complete("a", account="6222")
    (body,) = (t for t in story.flow.tokens.values() if t.at == "a/undo")
    assert body.local == {"account": "sealed:2226", "y": None}


def test_a_watched_field_is_seen_where_it_is_written() -> None:
    process = graph(
        step("all", Each(x("items"), "item", "all/item"), "done"),
        within("all", step("all/item", Block("box"))),
        within("all/item", step("box", Block("one"), handlers=(on("changed", next="told", path=("text",)),))),
        within("all/item", step("told", Human())),
        within("box", step("one", Human(form=(("text",),)), "two"), step("two", Human())),
        END,
    )
    story = Story(process).start(items=["a"]).complete("one", text="new")
    assert story.open == ["told"]


def test_conditions_hold_when_armed_or_wait_for_what_is_not_set() -> None:
    process = graph(
        step("a", Human(form=(("x",),), outcomes={"again": Outcome("again", {}, "a")}), handlers=(
            on("when", next="big", when=x("x > 10")),)),
        step("big", Human()),
    )  # fmt: skip
    assert Story(process).start(x=11).open == ["big"]
    story = Story(process).start()
    assert (story.open, story.flow.incidents) == (["a"], {})
    assert story.complete("a", "again", x=12).open == ["big"]


def test_true_is_not_one() -> None:
    names = {**NAMES, "any": Type("any")}
    nodes = (step("a", Human(form=(("any",),), outcomes={"more": Outcome("more", {}, "a")})),)
    story = Story(Process("test", "v1", {n.id: n for n in nodes}, "a", names=names)).start()
    story.complete("a", "more", any=1).complete("a", "more", any=True)
    assert story.data["any"] is True


def test_the_do_of_an_error_runs_in_place_of_what_failed() -> None:
    def failing(**more: Any) -> tuple[Node, ...]:
        return (
            step("pay", Service("pay", {}, ()), "next", handlers=(on("error", "bounced", body="pay/1"),), **more),
            step("pay/1", Block("mend")),
            *within("pay/1", step("mend", Human())),
            step("pay/undo", Block("refund")),
            *within("pay/undo", step("refund", Human())),
            step("next", Compensate(), "done"),
            END,
        )

    story = Story(graph(*failing(undo="pay/undo"))).start()
    story.do(c.FailJob(next(iter(story.flow.jobs)), "closed", "bounced"))
    assert (story.open, story.flow.incidents) == (["mend"], {})
    assert story.complete("mend").ended == "done"  # what has failed is not undone
    whole = graph(
        step("split", Fork((Flow(None, "bad"), Flow(None, "other")))),
        step("bad", Fail("broken")),
        step("other", Human()),
        step("/1", Block("mend")),
        within("/1", step("mend", Human())),
        handlers=(on("error", "", body="/1"),),
    )
    story = Story(whole).start()
    assert story.open == ["mend"]
    assert story.complete("mend").ended == ""


def test_collected_secrets_stay_sealed() -> None:
    class Seal:
        def seal(self, path: str, value: object) -> str:
            return f"sealed:{path}:{str(value)[::-1]}"

        def open(self, path: str, sealed: str) -> object:
            assert sealed.startswith(f"sealed:{path}:")
            return sealed.split(":")[2][::-1]

    account = Type("text", secret=True)
    secret = {**NAMES, "account": account, "accounts": Type("list", item=account)}
    nodes = (
        step("all", Each(x("items"), "item", "all/item", collect=((("accounts",), x("account", **secret)),))),
        *within("all", step("all/item", Block("one"))),
        *within("all/item", step("one", Human(form=(("account",),)))),
    )
    secrets = frozenset({"account", "accounts"})
    process = Process("test", "v1", {n.id: n for n in nodes}, "all", names=secret, secrets=secrets)
    story = Story(process, sealer=Seal()).start(items=["a", "b"])
    story.complete("one", account="6222").complete("one", account="6333")
    assert story.data["accounts"] == ["sealed:accounts.0:2226", "sealed:accounts.1:3336"]
    assert b"6222" not in story.machine.encode(story.events)


def test_a_branch_keeps_what_is_its_own_from_step_to_step() -> None:
    process = graph(
        step("both", Parallel((Branch("l", "l1"), Branch("r", "r1")), merge={"y": "sum"}), "done"),
        within("both", step("l1", Set((sets("y", "1"),)), "l2")),
        within("both", step("l2", Human(), "l4", handlers=(after("1h", "l3"),))),
        within("both", step("l3", Set((sets("y", "y + 10"),)), "l4"), step("l4", Set((sets("y", "y + 100"),)))),
        within("both", step("r1", Set((sets("y", "1000"),)), "r2"), step("r2", Human())),
        END,
    )  # fmt: skip
    story = Story(process).start().wait("2h")
    assert story.complete("r2").data["y"] == 1111
