"""The words of people's work: what they become, and what a wrong file is told."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.core.expressions import Expression
from engine.core.model import Act, Process
from engine.language.compile import Compiler
from engine.language.files import Bundle
from engine.language.language import Language
from engine.language.problems import DefinitionError
from tasks.act_words import ACT_WORDS
from tasks.keywords import OWNER, STEP, WORK_WORDS
from tasks.model import Approvals, Authority, Owning, Work

HOUSE = """\
house: test
languages: [en]
queues: {intake: Intake, review: Review, senior: Senior}
roles: {officer: Officer}
authority:
  claims: {title: Claims, lines: {motor: Motor, health: Health}, decisions: {approve: Approve, refuse: Refuse}}
"""

FILE = """\
process: test
title: Test
data:
  type: object
  properties:
    kind: {type: string}
    line: {type: string, enum: [motor, health]}
    amount: {type: string, format: money}
    rank: {type: integer}
    account: {type: string, grade: secret}
owner: {first: a, else_queue: intake}
start: {by: [staff]}
steps:
  a:
    human: {queue: intake}
    form: [amount]
  b:
    human:
      queue: "{{ 'senior' if rank > 1 else 'review' }}"
      not_by: [a]
      follow: true
      priority: "{{ rank }}"
      authority: {kind: claims, line: "{{ line }}", amount: amount * 2, decision: approve}
    outcomes:
      yes_: {title: Yes, decision: approve}
      no_: {title: No, decision: refuse}
  c:
    human: {assign: owner, else_queue: senior, priority: 40}
  raise_it: {priority: "+20"}
  move_it: {move_tasks: {to: senior, steps: [c]}}
  hand_on: {set_owner: up}
  done: {end: done}
"""


def compiled(text: str = FILE) -> Process:
    compiler = Compiler(Language(extensions=(WORK_WORDS,)))
    files = Bundle({"house.yaml": HOUSE.encode(), "test.yaml": text.encode()})
    return compiler.process(files, "test.yaml", compiler.house(files))


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        compiled(text)
    return [str(problem) for problem in caught.value.problems]


def test_what_the_words_become() -> None:
    process = compiled()
    works: dict[str, Work] = {name: node.parts["work"] for name, node in process.nodes.items() if node.parts}
    assert works["a"] == Work(queue="intake")
    assert works["c"] == Work(assign="owner", else_queue="senior", priority=40)
    b = works["b"]
    assert isinstance(b.queue, Expression) and b.queue.reads == {"rank"}
    assert isinstance(b.priority, Expression) and b.not_by == ("a",) and b.follow
    assert isinstance(b.authority, Authority) and (b.authority.kind, b.authority.decision) == ("claims", "approve")
    assert b.authority.amount is not None and b.authority.amount.evaluate({"amount": "2.50"}) == 5
    assert process.parts["work"] == Owning("a", else_queue="intake")
    acts = {name: node.spec for name, node in process.nodes.items() if isinstance(node.spec, Act)}
    assert acts["raise_it"] == Act("priority", {"to": "+20"})
    assert acts["move_it"] == Act("move_tasks", {"to": "senior", "steps": ["c"]})
    assert acts["hand_on"] == Act("set_owner", {"to": "up"})


def test_votes_and_steps_that_may_be_left_out() -> None:
    text = FILE.replace("not_by: [a]", "approvals: {of: 3, needs: 2, by: role.officer}\n      skippable: true")
    work: Work = compiled(text).nodes["b"].parts["work"]
    assert work.approvals == Approvals(3, 2, early=True, role="officer") and work.skippable
    assert work.authority is not None and work.authority.climb
    text = text.replace("by: role.officer", "early: false").replace(
        "decision: approve}\n    out", "climb: false}\n    out"
    )
    work = compiled(text).nodes["b"].parts["work"]
    assert work.approvals == Approvals(3, 2, early=False) and work.authority is not None and not work.authority.climb


def test_the_starter_may_own_the_case_before_the_first_handler() -> None:
    text = FILE.replace("{first: a, else_queue: intake}", "{starter: true, first: a, else_queue: intake}")
    assert compiled(text).parts["work"] == Owning("a", starter=True, else_queue="intake")


def test_the_starter_may_own_the_case() -> None:
    text = FILE.replace("{first: a, else_queue: intake}", "starter")
    text = text.replace("follow: true", "follow: true\n      else_queue: review")
    assert compiled(text).parts["work"] == Owning(starter=True)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("human: {queue: intake}", "human: {queue: intaek}",
         "test.yaml:15:20: error CW121: there is no queue 'intaek'"),
        ("'senior' if", "'senoir' if", "there is no queue 'senoir'"),
        ("human: {queue: intake}", "human: {queu: intake}",
         "test.yaml:15:13: error CW102: unknown key 'queu'"),
        ("human: {queue: intake}", "human: {}", "test.yaml:15:12: error CW801: this step says neither"),
        ("not_by: [a]", "not_by: [aa]", "test.yaml:20:16: error CW121: there is no step 'aa'"),
        ("not_by: [a]", "not_by: [raise_it]",
         "test.yaml:20:16: error CW806: nobody completes 'raise_it': it is not a person's step"),
        ("first: a", "first: raise_it", "test.yaml:11:16: error CW806: nobody completes 'raise_it'"),
        ("first: a", "first: z", "test.yaml:11:16: error CW121: there is no step 'z'"),
        ("else_queue: intake}", "else_queue: nowhere}", "test.yaml:11:31: error CW121: there is no queue 'nowhere'"),
        ("kind: claims", "kind: claim", "test.yaml:23:25: error CW121: there is no kind of authority 'claim'"),
        ('"{{ line }}"', "moter", "there is no line 'moter'"),
        ("decision: approve}\n    outcomes", "decision: aprove}\n    outcomes", "there is no decision 'aprove'"),
        ("decision: refuse}", "decision: refus}", "test.yaml:26:34: error CW121: there is no decision 'refus'"),
        ("amount: amount * 2", "amount: kind", "test.yaml:23:61: error CW131: expected a number, got text"),
        ("amount: amount * 2", "amount: amuont", "CW131"),
        ("not_by: [a]", "not_users: knd", "test.yaml:20:18: error CW131: "),
        ("not_by: [a]", "not_users: rank", "test.yaml:20:18: error CW803: expected a list of users, this is a whole"),
        ("not_by: [a]", "not_users: '[account]'", "CW805: a refusal would show this secret field"),
        ("not_by: [a]", "not_users: '[kind]'", None),
        ("else_queue: senior, priority: 40", "priority: 40", None),
        ("priority: 40", "priority: 400", "test.yaml:28:58: error CW804: there is no priority 400"),
        ("priority: 40", "priority: high", "test.yaml:28:58: error CW804: 'high' is no priority"),
        ('priority: "{{ rank }}"', 'priority: "{{ kind }}"', "CW804: expected a whole number, this is text"),
        ("'senior' if rank > 1 else 'review'", "rank", "CW803: expected a name, this is a whole number"),
        ("'senior' if rank > 1 else 'review'", "account", "CW805: this would show a secret field"),
        ('"{{ line }}"', '"{{ account }}"', "CW805: a refusal would show this secret field"),
        ("assign: owner, else_queue: senior", "queue: review, follow: true", "CW807: neither queue nor person"),
        ("not_by: [a]", "approvals: {of: 1, needs: 2}", "test.yaml:20:33: error CW809: 2 of 1 can never be reached"),
        ("not_by: [a]", "approvals: {of: 3, needs: 2, by: role.offcer}", "CW121: there is no role 'offcer'"),
        ("{queue: intake}\n", "{queue: intake, approvals: {of: 3, needs: 2}}\n",
         "test.yaml:15:39: error CW809: votes decide between two outcomes"),
        ("{queue: intake}\n", "{queue: intake, approvals: {of: 3, needs: 2}}\n",
         "CW809: what several decide has no form"),
        ('{priority: "+20"}', '{priority: "20%"}', "CW101"),
        ("move_tasks: {to: senior", "move_tasks: {queue: senior", "CW10"),
        ("move_tasks: {to: senior", "move_tasks: {to: senor",
         "test.yaml:30:30: error CW121: there is no queue 'senor'"),
        ("move_tasks: {to: senior, steps: [c]}", "move_tasks: senor",
         "test.yaml:30:25: error CW121: there is no queue 'senor'"),
        ("move_tasks: {to: senior", "move_tasks: {to: \"{{ 'senor' if rank > 1 else 'review' }}\"",
         "test.yaml:30:30: error CW121: there is no queue 'senor'"),
        ("move_tasks: {to: senior", 'move_tasks: {to: "{{ rank }}"',
         "test.yaml:30:30: error CW803: expected a name, this is a whole number"),
        ("steps: [c]", "steps: [c, cc]", "test.yaml:30:49: error CW121: there is no step 'cc'"),
        ('priority: "+20"', 'priority: {to: "+20", steps: [aa]}',
         "test.yaml:29:44: error CW121: there is no step 'aa'"),
        ('priority: "+20"', 'priority: "{{ amount }}"', "test.yaml:29:24: error CW804: expected a whole number"),
        ('priority: "+20"', "priority: 400", "test.yaml:29:24: error CW101"),
        ("set_owner: up", 'set_owner: "{{ rank }}"', "test.yaml:31:24: error CW803: expected a name"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_where_and_what(old: str, new: str, problem: str | None) -> None:
    assert old in FILE
    text = FILE.replace(old, new, 1)
    if problem is None:
        compiled(text)
    else:
        found = problems(text)
        assert any(problem in one for one in found), found


def test_what_may_lead_nowhere_needs_another_queue() -> None:
    text = FILE.replace("owner: {first: a, else_queue: intake}\n", "")
    assert [one.split(": error ")[1][:5] for one in problems(text)] == ["CW802"]
    text = text.replace("follow: true", "follow: true\n      else_queue: review")
    assert compiled(text).parts == {}
    text = text.replace("else_queue: senior, ", "")
    assert "test.yaml:28:21: error CW802" in problems(text)[0]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("assign: owner", "assign: ownr", "28:21"),
        ("set_owner: up", "set_owner: ownr", "31:24"),
        ("move_tasks: {to: senior, steps: [c]}", "reassign: {to: ownr, steps: [c]}", "30:28"),
    ],
)
def test_a_person_by_name_is_doubtful(old: str, new: str, place: str) -> None:
    compiler = Compiler(Language(extensions=(WORK_WORDS,)))
    files = Bundle({"house.yaml": HOUSE.encode(), "test.yaml": FILE.replace(old, new).encode()})
    (warning,) = compiler.compile(files, "test.yaml", compiler.house(files)).warnings
    assert str(warning).startswith(f"test.yaml:{place}: warning CW803: 'ownr' is a person by name")
    assert warning.hint == "did you mean 'owner'?"


def test_the_schemas_of_the_words_are_schemas() -> None:
    for schema in (*STEP.values(), OWNER, *(word.schema for word in ACT_WORDS.values())):
        Draft202012Validator.check_schema(json.loads(json.dumps(schema)))
        described: Any = schema
        assert described.get("description"), "an editor shows what it is for"
