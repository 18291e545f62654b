"""The work slice: what may be done with a task, by whom, and what every answer says."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import Act, Block, Branch, Human, Outcome, Parallel, Process
from engine.core.types import names_of_schema
from organisation.directory import Directory
from organisation.load import build, load
from tasks import commands as t
from tasks import events as e
from tasks.model import Authority, Owning, Work
from tasks.work import MOST_DRAFT, NAMES, WORK
from tests.support.graph import Story, graph, step, within, x

PEOPLE = """\
zone: Asia/Shanghai
roles: {officer: Officer, supervisor: Supervisor, admin: Admin}
groups:
  company: {title: Company, manager: gu}
  claims: {title: Claims, manager: sun, part_of: company}
users:
  gu: {name: Gu, groups: [company]}
  sun: {name: Sun, roles: [supervisor], groups: [claims]}
  chen: {name: Chen, roles: [officer], groups: [claims]}
  li: {name: Li, roles: [officer], groups: [claims]}
  wu: {name: Wu}
  ann: {name: Ann, roles: [admin]}
  old: {name: Old, groups: [claims], to: 2025-12-31}
queues:
  review: {members: [chen, li, sun], managers: [sun]}
  senior: {members: [sun, gu], managers: [gu]}
  intake: {members: [chen, old], managers: [sun]}
grants:
  - {role: officer, kind: claims, decision: approve, amount: 1000}
  - {role: supervisor, kind: claims, decision: approve, amount: 5000}
  - {role: supervisor, kind: claims, decision: refuse}
"""


def people(text: str = PEOPLE) -> Directory:
    document, _ = load(text, "organisation.yaml")
    return build(document.value, 3)  # type: ignore[arg-type]  # load has seen to the form


MACHINE = Machine([FLOW, WORK])


def human(name: str, next: str | None = None, form: tuple[str, ...] = (), outcomes: Any = (), **work: Any) -> Any:
    check = work.pop("check", None)
    spec = Human(tuple(tuple(f.split(".")) for f in form), {o.name: o for o in outcomes}, check)
    return step(name, spec, next, parts={"work": Work(**work)})


def outcome(name: str, decision: str = "", **more: Any) -> Outcome:
    return Outcome(name, {"zh": name, "en": name}, decision=decision, **more)


def story(*nodes: Any, parts: Any = None, **env: Any) -> Story:
    process = graph(*nodes, parts={} if parts is None else {"work": parts})
    return Story(process, MACHINE, directory=people(), names=NAMES, **env)


def start(*nodes: Any, by: str = "li", parts: Any = None, **data: Any) -> Story:
    told = story(*nodes, parts=parts)
    told.do(c.StartCase("test", data), by)
    return told


def task(told: Story, name: str) -> Any:
    found = [one for one in told.state.work.tasks.values() if one.step == name]
    return found[0] if found else None


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


REVIEW = human("review", "check", queue="review")
CHECK = human("check", None, queue="review", not_by=("review",))


# --- refusals, claims, completions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "command", "code", "text"),
    [
        ("li", t.ClaimTask, "held", "chen holds task 1"),
        ("chen", t.ClaimTask, "yours", "you already hold task 1"),
        ("li", c.CompleteTask, "held", "chen holds task 1"),
        ("wu", t.ReleaseTask, "not_manager", "only who manages the queue review, stands above who holds the task, "
         "or is an administrator may do this"),
        ("old", t.ClaimTask, "inactive", "old is not a user in service"),
        ("nobody", c.CompleteTask, "inactive", "nobody is not a user in service"),
    ],
)  # fmt: skip
def test_refusals_speak(actor: str, command: Any, code: str, text: str) -> None:
    told = start(REVIEW, CHECK)
    told.do(t.ClaimTask(1), "chen")
    refusal = told.refused(command(1), actor)
    assert (refusal.code, refusal.text) == (code, text)


def test_a_task_that_nobody_holds() -> None:
    told = start(REVIEW, CHECK)
    assert told.refused(t.SaveDraft(1), "chen").text == "nobody holds task 1: claim it first"
    assert told.refused(t.ClaimTask(1), "wu").text == "you do not serve the queue review in which task 1 stands"
    assert told.refused(t.ClaimTask(9), "chen").code == "closed"


# --- completing ---------------------------------------------------------------------------------------


def test_completing_claims_on_the_way() -> None:
    told = start(REVIEW, CHECK)
    events = told.do(c.CompleteTask(1), "chen")
    assert kinds(events)[:2] == ["TaskClaimed", "StepLeft"]
    closed = next(one for one in events if isinstance(one, e.TaskClosed))
    assert (closed.how, closed.by, closed.step) == ("completed", "chen", "review")
    assert told.state.work.done_by == {"review": ["chen"]}
    assert told.refused(c.CompleteTask(1), "chen").code == "closed"


def test_the_outcome_and_its_reason_are_recorded() -> None:
    told = start(human("a", None, outcomes=[outcome("yes"), outcome("no", reason=True)], queue="review"))
    assert told.refused(c.CompleteTask(1, "maybe"), "li").code == "outcome"
    assert "did you mean yes" in told.refused(c.CompleteTask(1, "yess"), "li").text
    assert told.refused(c.CompleteTask(1, "no"), "li").fields["reason"]
    closed = told.do(c.CompleteTask(1, "no", reason="wrong policy"), "li")
    found = next(one for one in closed if isinstance(one, e.TaskClosed))
    assert (found.outcome, found.reason) == ("no", "wrong policy")


def test_four_eyes_hold_at_claim_completion_and_transfer() -> None:
    told = start(REVIEW, CHECK).complete("review", actor="chen")
    check = told.token("check")
    for command in (t.ClaimTask(check), c.CompleteTask(check)):
        refusal = told.refused(command, "chen")
        assert refusal.code == "four_eyes" and "review" in refusal.text
    assert "chen" in told.refused(t.TransferTask(check, user="chen"), "sun").text
    told.complete("check", actor="li")
    assert told.ended is not None


def test_who_had_a_part_in_what_is_looked_at_takes_no_part() -> None:
    look = human("look", queue="review", not_users=x("log"))
    told = start(look, log=["chen"])
    number = told.token("look")
    for command in (t.ClaimTask(number), c.CompleteTask(number)):
        refusal = told.refused(command, "chen")
        assert refusal.code == "had_part" and "chen had a part" in refusal.text
    assert "chen had a part" in told.refused(t.TransferTask(number, user="chen"), "sun").text
    told.complete("look", actor="li")
    assert told.ended is not None
    given = human("look", queue="review", assign=x("log[0]"), not_users=x("log"))
    assert task(start(given, log=["chen"]), "look").assignee == ""
    assert start(look).complete("look", actor="chen").ended is not None, "nobody is named"
    unsaid = human("look", queue="review", not_users=x("where(log, text, '1')"))
    assert start(unsaid).refused(t.ClaimTask(1), "chen").code == "unknown_part"


def test_nobody_to_take_it_is_told_when_all_of_a_queue_had_a_part() -> None:
    look = human("look", queue="review", not_users=x("log"))
    told = start(look, log=["chen", "li", "sun"])
    (incident,) = told.state.flow.incidents.values()
    assert "had a part in what is looked at" in incident.text


def test_four_eyes_remember_every_visit() -> None:
    again = human("check", None, outcomes=[outcome("ok"), outcome("back", next="review")], queue="review",
                  not_by=("review",))  # fmt: skip
    told = start(REVIEW, again).complete("review", actor="chen")
    told.complete("check", "back", actor="sun").complete("review", actor="li")
    for excluded in ("chen", "li"):
        assert told.refused(c.CompleteTask(told.token("check"), "ok"), excluded).code == "four_eyes"
    told.complete("check", "ok", actor="sun")


def test_a_suspended_case_cannot_be_worked_but_moved() -> None:
    told = start(REVIEW, CHECK)
    told.do(t.ClaimTask(1), "chen")
    told.do(c.SuspendCase("court"), "sun")
    for command in (t.SaveDraft(1), c.CompleteTask(1)):
        assert told.refused(command, "chen").code == "suspended"
    told.do(t.ReleaseTask(1), "sun")
    assert told.refused(t.ClaimTask(1), "chen").code == "suspended"
    told.do(c.ResumeCase(), "sun")
    told.complete("review", actor="chen")


def test_a_cancelled_case_closes_its_tasks() -> None:
    told = start(REVIEW, CHECK)
    told.do(t.ClaimTask(1), "chen")
    events = told.do(c.CancelCase("withdrawn"), "sun")
    assert [one.how for one in events if isinstance(one, e.TaskClosed)] == ["cancelled"]
    assert told.state.work.tasks == {} and told.state.work.done_by == {}
    assert told.refused(c.CompleteTask(1), "chen").code == "ended"


# --- the form and the draft -------------------------------------------------------------------------


def test_each_wrong_field_is_named() -> None:
    class Wrong:
        def __init__(self, path: str, zh: str, en: str) -> None:
            self.path, self.message = path, {"zh": zh, "en": en}

    def check(data: Any) -> list[Any]:
        return [Wrong("x", "太大", "too large"), Wrong("text", "必填", "required")] if data.get("x", 0) > 9 else []

    told = start(human("a", None, form=("x", "text"), queue="review", check=check))
    refusal = told.refused(c.CompleteTask(1, data={"x": 10}), "li")
    assert refusal.code == "form"
    assert refusal.fields == {"x": {"zh": "太大", "en": "too large"}, "text": {"zh": "必填", "en": "required"}}
    assert task(told, "a").holder == "", "a refused completion does not claim"
    assert told.refused(c.CompleteTask(1, data={"x": 1, "amount": "3"}), "li").fields.keys() == {"amount"}
    told.complete("a", x=1)
    assert told.data["x"] == 1


def test_a_draft_may_be_wrong_but_not_large_nor_strange() -> None:
    told = start(human("a", None, form=("x", "text"), queue="review"))
    told.do(t.ClaimTask(1), "li")
    told.do(t.SaveDraft(1, {"x": "not yet"}), "li")
    assert task(told, "a").draft == {"x": "not yet"}
    assert told.refused(t.SaveDraft(1, {"y": 1}), "li").text == "the form has no field y"
    assert told.refused(t.SaveDraft(1, {"text": "长" * MOST_DRAFT}), "li").code == "draft_size"
    assert told.refused(t.SaveDraft(1, {"x": 0.5}), "li").code == "form"
    told.do(t.ReleaseTask(1), "li")
    told.do(t.ClaimTask(1), "chen")
    assert task(told, "a").draft == {"x": "not yet"}, "who takes it next finds the draft"
    told.do(t.SaveDraft(1), "chen")
    assert task(told, "a").draft is None


def test_secrets_in_a_draft_are_sealed() -> None:
    class Sealer:
        def seal(self, path: str, value: Any) -> str:
            return f"sealed {path}"

        def open(self, path: str, sealed: str) -> Any:
            raise AssertionError("nothing is opened to save a draft")

    types = names_of_schema(
        {"type": "object", "properties": {"payee": {"type": "object", "properties": {
            "name": {"type": "string"}, "account": {"type": "string", "grade": "secret"}}}}}
    )  # fmt: skip
    node = human("a", None, form=("payee",), queue="review")
    process = Process("test", "v1", {"a": node}, "a", names=types, secrets=frozenset({"payee"}))
    told = Story(process, MACHINE, directory=people(), sealer=Sealer())
    told.do(c.StartCase("test"), "li")
    told.do(t.ClaimTask(1), "li")
    told.do(t.SaveDraft(1, {"payee": {"name": "王", "account": "6222"}}), "li")
    assert task(told, "a").draft == {"payee": {"name": "王", "account": "sealed payee.account"}}


# --- authority ----------------------------------------------------------------------------------------

APPROVAL = human(
    "approve", None, form=("amount",), queue="review",
    outcomes=[outcome("approve", "approve"), outcome("refuse", "refuse"), outcome("back")],
    authority=Authority("claims", "motor", x("amount"), "approve"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "chosen", "amount", "code"),
    [
        ("li", "approve", "1000", ""),
        ("li", "approve", "1000.01", "authority"),
        ("li", "refuse", "1", "authority"),
        ("li", "back", "900000", ""),
        ("li", "approve", None, "no_amount"),
        ("sun", "approve", "5000", ""),
        ("sun", "approve", "5000.01", "authority"),
        ("sun", "refuse", None, ""),
    ],
)
def test_authority_is_held_against_what_was_filled_in(actor: str, chosen: str, amount: str | None, code: str) -> None:
    told = start(APPROVAL)
    answer = told.ask(c.CompleteTask(1, chosen, {"amount": amount and Decimal(amount)}), actor)
    if code:
        assert isinstance(answer, c.Refusal) and answer.code == code
        assert told.state.work.tasks[1].holder == ""
    else:
        assert not isinstance(answer, c.Refusal)
        grants = [one.grant for one in answer if isinstance(one, e.TaskAuthorised)]
        assert len(grants) == (0 if chosen == "back" else 1)


def test_authority_is_held_at_claim_as_far_as_it_is_known() -> None:
    told = start(APPROVAL, amount="3000")
    assert "claims · motor · approve · 3,000" in told.refused(t.ClaimTask(1), "li").text
    told.do(t.ClaimTask(1), "sun")
    told = start(APPROVAL)
    told.do(t.ClaimTask(1), "li")


def test_a_dotted_name_is_no_way_around_authority() -> None:
    """What is weighed is what will be written, however the form was sent."""
    types = names_of_schema(
        {"type": "object", "properties": {"paid": {"type": "object", "properties": {
            "amount": {"type": "string", "format": "money"}}}}}
    )  # fmt: skip
    from engine.core.expressions import compile_expression

    amount = compile_expression("paid.amount", types)
    node = human("approve", None, form=("paid.amount",), queue="review",
                 authority=Authority("claims", "", amount, "approve"))  # fmt: skip
    for data in ({"paid": {"amount": "4000"}}, {"paid.amount": "4000"}):
        process = Process("test", "v1", {"approve": node}, "approve", names=types)
        told = Story(process, MACHINE, directory=people())
        told.do(c.StartCase("test", {"paid": {"amount": "10"}}), "li")
        assert told.refused(c.CompleteTask(1, data=data), "li").code == "authority"
        told.do(c.CompleteTask(1, data=data), "sun")
        assert told.data == {"paid": {"amount": "4000"}}


def test_what_an_outcome_sets_is_weighed_too() -> None:
    from tests.support.graph import sets

    full = outcome("full", "approve", sets=(sets("amount", "x * 1000"),))
    node = human("approve", None, outcomes=[full], queue="review",
                 authority=Authority("claims", "", x("amount"), "approve"))  # fmt: skip
    told = start(node, x=2, amount="1")
    assert told.refused(c.CompleteTask(1, "full"), "li").code == "authority"
    told.do(c.CompleteTask(1, "full"), "sun")


# --- one at a time ------------------------------------------------------------------------------------


def test_branches_one_at_a_time() -> None:
    block = step("both", Parallel((Branch("left", "a"), Branch("right", "b")), one_at_a_time=True), None)
    told = start(
        block,
        within("both", human("a", "a2", queue="review"), human("a2", None, queue="review"),
               step("b", Block("b1"))),
        within("b", human("b1", None, queue="review")),
    )  # fmt: skip
    told.do(t.ClaimTask(told.token("a")), "chen")
    refusal = told.refused(t.ClaimTask(told.token("b1")), "li")
    assert refusal.code == "other_branch" and "chen is at work on “a”" in refusal.text
    assert told.refused(c.CompleteTask(told.token("b1")), "chen").code == "other_branch"
    told.complete("a", actor="chen")
    told.do(t.ClaimTask(told.token("b1")), "li")
    assert told.refused(t.ClaimTask(told.token("a2")), "chen").code == "other_branch"
    told.complete("b1", actor="li").complete("a2", actor="chen")
    assert told.ended is not None


# --- moving, priority, owner --------------------------------------------------------------------------


def test_transfers() -> None:
    told = start(REVIEW, CHECK)
    told.do(t.ClaimTask(1), "chen")
    assert told.refused(t.TransferTask(1), "chen").code == "target"
    assert told.refused(t.TransferTask(1, queue="senor"), "chen").text == (
        "there is no queue senor; did you mean senior?"
    )
    assert told.refused(t.TransferTask(1, user="wu"), "chen").code == "not_for"
    assert told.refused(t.TransferTask(1, user="old"), "chen").code == "not_for"
    told.do(t.TransferTask(1, user="li", reason="leave"), "chen")
    assert (task(told, "review").queue, task(told, "review").assignee) == ("review", "li")
    assert told.refused(t.ClaimTask(1), "chen").text == "task 1 is meant for li"
    told.do(t.ClaimTask(1), "li")
    told.do(t.ReleaseTask(1), "li")
    told.do(t.ClaimTask(1), "chen")
    told.do(t.TransferTask(1, queue="senior"), "sun")
    assert told.refused(t.ClaimTask(1), "chen").code == "not_served"
    told.complete("review", actor="gu")


def test_priority() -> None:
    told = start(REVIEW, CHECK)
    assert told.refused(t.SetPriority(1, 101), "sun").code == "priority"
    told.do(t.SetPriority(1, 80, "vip"), "sun")
    assert task(told, "review").priority == 80


def acting(act: str, **args: Any) -> Any:
    """A process whose step `go` leads to the act while `work` stands beside it."""
    block = step("both", Parallel((Branch("one", "go"), Branch("two", "work"))), "later")
    return (
        block,
        within("both", human("go", "act", queue="review"), step("act", Act(act, args)),
               human("work", None, queue="review", priority=40)),
        human("later", None, queue="review", priority=10),
    )  # fmt: skip


def test_move_tasks() -> None:
    told = start(*acting("move_tasks", to="senior"))
    told.do(t.ClaimTask(told.token("work")), "chen")
    told.complete("go", actor="li")
    assert (task(told, "work").queue, task(told, "work").holder) == ("senior", "")
    told.complete("work", actor="gu")
    assert task(told, "later").queue == "review"


def test_an_act_that_cannot_be_done_becomes_an_incident() -> None:
    for act, args in (
        ("move_tasks", {"to": "nowhere"}),
        ("reassign", {"to": "old"}),
        ("priority", {"to": "high"}),
        ("set_owner", {"to": "nobody"}),
    ):
        told = start(*acting(act, **args)).complete("go", actor="li")
        texts = [incident.text for incident in told.flow.incidents.values()]
        assert len(texts) == 1 and texts[0].startswith(act)
        told.do(c.RetryIncident(next(iter(told.flow.incidents))), "sun")
        assert told.flow.incidents == {}


def test_reassign_up_the_line() -> None:
    told = start(*acting("reassign", to="up", steps=["work"]))
    told.do(t.ClaimTask(told.token("work")), "chen")
    told.complete("go", actor="li")
    assert (task(told, "work").assignee, task(told, "work").queue) == ("sun", "review")
    told.complete("work", actor="sun")


def test_reassign_up_without_holder_goes_to_who_manages_the_queue_and_ends_at_the_top() -> None:
    told = start(*acting("reassign", to="up", steps=["work"])).complete("go", actor="li")
    assert task(told, "work").assignee == "sun"
    told = start(*acting("reassign", to="up", steps=["work"]))
    told.do(t.TransferTask(told.token("work"), queue="senior"), "sun")
    told.do(t.ClaimTask(told.token("work")), "gu")
    told.complete("go", actor="li")
    assert (task(told, "work").holder, told.flow.incidents) == ("gu", {}), "nobody stands above: it stays"


def test_the_priority_of_a_case_reaches_tasks_to_come() -> None:
    told = start(*acting("priority", to="+70")).complete("go", actor="li")
    assert task(told, "work").priority == 100
    told.complete("work", actor="chen")
    assert task(told, "later").priority == 80
    told = start(*acting("priority", to=55)).complete("go", actor="li")
    assert task(told, "work").priority == 55
    told.complete("work", actor="chen")
    assert task(told, "later").priority == 55
    told = start(*acting("priority", to="-15", steps=["work"])).complete("go", actor="li").complete("work")
    assert task(told, "later").priority == 10


def test_the_starter_owns_the_case() -> None:
    assert start(REVIEW, CHECK, by="li", parts=Owning(starter=True)).state.work.owner == "li"
    assert start(REVIEW, CHECK, by="web", parts=Owning(starter=True)).state.work.owner == ""
    assert start(REVIEW, CHECK, by="li").state.work.owner == ""


def test_who_takes_the_first_step_owns_the_case() -> None:
    told = start(REVIEW, CHECK, by="web", parts=Owning(first="review", else_queue="senior"))
    told.do(t.ClaimTask(1), "chen")
    assert told.state.work.owner == "chen"
    told.do(t.ReleaseTask(1), "chen")
    assert told.state.work.owner == ""
    told.complete("review", actor="li").complete("check", actor="chen")
    assert told.state.work.owner == "li", "handing on work does not hand on ownership"


def test_the_first_step_handed_on_or_taken_away_leaves_its_owner() -> None:
    """A-2.2: whoever receives it first owns it until it is closed."""
    told = start(REVIEW, CHECK, parts=Owning(first="review", else_queue="senior"))
    told.do(t.ClaimTask(1), "chen")
    told.do(t.TransferTask(1, user="li", reason="yours"), "chen")
    assert told.state.work.owner == "chen"
    told.do(t.ClaimTask(1), "li")
    told.do(t.TransferTask(1, queue="senior", reason="late"), "gu")  # who manages the queue
    assert told.state.work.owner == "chen"
    told = start(REVIEW, CHECK, parts=Owning(first="review", else_queue="senior"))
    told.do(t.SetOwner("wu", "on duty"), "gu")
    told.do(t.ClaimTask(1), "chen")
    told.do(t.ReleaseTask(1, "not mine"), "chen")
    assert told.state.work.owner == "wu", "only who gives it back has not responded"


def test_whoever_records_it_owns_it_else_who_takes_the_first_step() -> None:
    rule = Owning(first="review", starter=True, else_queue="senior")
    told = start(REVIEW, CHECK, by="li", parts=rule)
    assert told.state.work.owner == "li"
    for user in ("chen", "li"):
        told.do(t.ClaimTask(1), user)
        told.do(t.ReleaseTask(1), user)
    assert told.complete("review", actor="chen").state.work.owner == "li"
    told = start(REVIEW, CHECK, by="web", parts=rule)
    assert told.state.work.owner == "" and told.complete("review", actor="chen").state.work.owner == "chen"


def test_ownership_is_handed_on_by_owner_line_or_administrator() -> None:
    told = start(REVIEW, CHECK, parts=Owning(first="review", else_queue="senior"))
    told.do(t.SetOwner("chen", "on duty"), "gu")  # manages the queue for cases without owner
    assert told.refused(t.SetOwner("li", "swap"), "li").code == "not_steering"
    assert told.refused(t.SetOwner("old", "swap"), "chen").code == "inactive"
    for actor, to in (("chen", "li"), ("sun", "wu"), ("ann", "chen")):
        told.do(t.SetOwner(to, "swap"), actor)
        assert told.state.work.owner == to
    told.complete("review", actor="li")
    assert told.state.work.owner == "chen", "an owner who was named stays"


def test_time_of_claims() -> None:
    told = start(REVIEW, CHECK)
    told.now += timedelta(hours=1)
    told.do(t.ClaimTask(1), "chen")
    assert task(told, "review").claimed == told.now


def test_a_refusal_calls_a_step_by_its_title() -> None:
    first = replace(human("a", "b", queue="review"), title={"zh": "受理", "en": "Intake"})
    told = start(first, human("b", None, queue="review", not_by=("a",)))
    told.do(c.CompleteTask(1), "chen")
    refused = told.refused(t.ClaimTask(2), "chen")
    assert "you completed “Intake” in this case" in refused.told["en"] and "你办理过“受理”" in refused.told["zh"]
