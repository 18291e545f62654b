"""From YAML to the graph: what each keyword becomes, and how steps are joined."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.model import (
    Act,
    AdHoc,
    Block,
    Call,
    Catch,
    Compensate,
    Compute,
    Decide,
    Each,
    End,
    Fail,
    Human,
    Milestone,
    Notify,
    Parallel,
    Process,
    Race,
    Send,
    Service,
    Set,
    Signal,
    Switch,
)
from engine.core.nodes import KINDS as CORE_KINDS
from engine.language.compile import Compiled
from engine.language.files import Bundle, Folder, Recorded, version_of
from engine.language.kinds import KINDS
from engine.language.problems import DefinitionError
from engine.language.source import read
from tests.support.language import COMPILER

ROOT = Path(__file__).parents[2]
SHARED = Folder(ROOT / "tests" / "spec" / "faulty")

EVERY_KIND = """\
process: every_kind
title: {zh: 每一种步骤, en: Every kind of step}
help: {zh: 说明, en: What it is for}
number: EK-{year}-{seq}
calendar: insurer
data: schemas/case.yaml
clauses: [A-4.4]
owner: {first: ask, else_queue: complaints}
start: {by: [staff, role.supervisor], form: [kind, amount, received_at]}
clocks:
  all_of_it: {runs: {from: received_at, until: answered}, limit: 30wd, clauses: [A-4.4]}
meanwhile:
  - {message: customer_reply, key: number, into: {text: text}, next: given_up}
  - {signal: catastrophe, do: {priority: 80}}
steps:
  ask:
    title: {zh: 询问, en: Ask}
    help: Ask the customer.
    human: {queue: complaints, not_by: [check]}
    form: [kind, amount]
    limit: 7wd
    clauses: [A-4.4]
    undo: {set: {text: none, count: count}}
    outcomes:
      yes: {title: {zh: 是, en: Yes}, set: {major: true}, decision: approve}
      no: {title: {zh: 否, en: No}, reason: required, next: given_up}
      stop: {title: {zh: 停, en: Stop}, next: end}
    meanwhile:
      - after: 5wd
        every: 1wd
        times: 3
        do: {notify: [owner, role.supervisor], with: told}
      - {when: amount > 100000, do: {one: {set: {count: 1}}, two: {set: {count: 2}}}}
      - {error: any, next: given_up}
      - {changed: kind, next: given_up}
  count_them: {set: {count: 5, text: "'a' ~ kind"}}
  risk: {compute: {function: score, args: {amount: amount, weight: 1.5}, into: count}}
  pay:
    service:
      function: pay
      args: {amount: amount}
      into: {text: reference}
      retry: {times: 3, first: 30s, factor: 2, longest: 10min}
      timeout: 2min
  class: {decide: {table: decisions/class.csv, into: kind}}
  tell: {notify: ["{{ 'user.' ~ starter }}"], with: told, facts: {text: "'hello'"}}
  send_it: {send: {message: customer_reply, key: number, data: {text: text}}}
  shout: {signal: catastrophe, key: kind}
  urgent: {priority: "{{ count }}"}
  moved: {move_tasks: {to: payment, steps: [ask]}}
  hear: {receive: {message: customer_reply, key: number, into: {text: text, names: "[text]"}}}
  rest: {wait: {for: "{{ '3d' }}"}}
  sooner:
    race:
      - {after: 2wd, next: end}
      - {when: major}
  route:
    switch:
      - {when: major and amount > 1000.50, next: sides}
      - {when: kind == 'claim', next: end}
      - {else: sides}
  sides:
    parallel:
      join: 1
      one_at_a_time: true
      merge: {count: sum}
      branches:
        left: {when: major, do: {human: {queue: payment}, form: [count]}}
        right: {when: not major, do: {check: {human: {queue: payment}}, more: {set: {count: 2}}}}
      else: {milestone: neither}
    next: papers_each
  papers_each:
    each:
      over: papers
      as: paper
      one_at_a_time: true
      until: done >= 2
      do: {look: {human: {queue: complaints}}, note: {set: {text: paper}}}
      collect: {names: "text ~ paper"}
  group:
    block:
      inside: {milestone: answered}
      inner_end: {escalate: fraud}
    meanwhile:
      - {escalation: fraud, do: {compensate: all}}
  at_will: {adhoc: {steps: {first: {human: {queue: complaints}}, second: {set: {major: true}}}, until: major}}
  sub: {call: {process: sub, data: {count: count}, into: {text: end, amount: amount}, version: latest}}
  undo_it: {compensate: ask, cancels: [hear, rest]}
  fails: {fail: payment_failed, message: text}
  given_up: {end: given_up}
"""
SUB = """\
process: sub
title: {zh: 子, en: Sub}
data: {properties: {count: {type: integer}, amount: {type: number, format: money}, text: {type: string}}}
steps: {over: {terminate: over}}
"""
FILES = Bundle(
    {
        **{name: SHARED.read(name) for name in SHARED.names() if "/" in name or name == "house.yaml"},
        "every_kind.yaml": EVERY_KIND.encode(),
        "sub.yaml": SUB.encode(),
    }
)
HOUSE = COMPILER.house(FILES)


def compiled(text: str) -> Compiled:
    name = f"{text.split()[1]}.yaml"
    return COMPILER.compile(Bundle({**FILES.contents, name: text.encode()}), name, HOUSE)


@pytest.fixture(scope="module")
def process() -> Process:
    found = compiled(EVERY_KIND)
    assert not found.warnings, "\n".join(map(str, found.warnings))
    return found.process


def spec(process: Process, step: str, kind: type[Any]) -> Any:
    found = process.nodes[step].spec
    assert isinstance(found, kind)
    return found


def shown(expression: Expression | None) -> str:
    assert expression is not None
    return expression.source


# --- the whole --------------------------------------------------------------------------------------


def test_the_language_says_all_that_the_core_can_but_plain_gateways() -> None:
    assert set(CORE_KINDS) - set(KINDS) == {"act", "fork", "join"}
    assert set(KINDS) <= set(CORE_KINDS)


def test_the_process_itself(process: Process) -> None:
    assert (process.name, process.first, process.number) == ("every_kind", "ask", "EK-{year}-{seq}")
    assert (process.calendar, process.zone) == ("insurer", "Asia/Shanghai")
    assert process.title == {"zh": "每一种步骤", "en": "Every kind of step"}
    assert process.secrets == {"account"}
    assert process.start.by == ("staff", "role.supervisor")
    assert process.start.form == (("kind",), ("amount",), ("received_at",))
    assert set(process.parts) == {"work", "clocks", "help"}


def test_a_version_is_the_hash_of_all_that_was_read(process: Process) -> None:
    used = Recorded(FILES)
    assert COMPILER.process(used, "every_kind.yaml", HOUSE).version == process.version == version_of(used.used)
    assert set(used.used) == {"every_kind.yaml", "schemas/case.yaml", "decisions/class.csv", "notices/told.yaml"}
    other = Bundle({**FILES.contents, "notices/told.yaml": FILES.contents["notices/told.yaml"] + b"\n# changed\n"})
    assert COMPILER.process(other, "every_kind.yaml", HOUSE).version != process.version


def test_a_stored_version_compiles_from_its_own_files_alone(process: Process) -> None:
    used = Recorded(FILES)
    COMPILER.process(used, "every_kind.yaml", HOUSE)
    again = COMPILER.process(Bundle(used.used), "every_kind.yaml", HOUSE)
    assert again.version == process.version
    assert set(again.nodes) == set(process.nodes)


def test_every_node_leads_to_nodes_that_are_there(process: Process) -> None:
    for node in process.nodes.values():
        assert node.next is None or node.next in process.nodes, node.id
        assert node.scope == "" or node.scope in process.nodes, node.id
        assert node.undo is None or node.undo in process.nodes
        for handler in node.handlers:
            assert (handler.next or handler.body) in process.nodes


# --- one kind after the other -----------------------------------------------------------------------


def test_human(process: Process) -> None:
    node, human = process.nodes["ask"], spec(process, "ask", Human)
    assert human.form == (("kind",), ("amount",))
    assert human.check is not None and [each.path for each in human.check({"kind": "nothing"})] == ["kind"]
    yes, no, stop = human.outcomes.values()
    assert (yes.next, yes.reason, yes.decision, shown(yes.sets[0].value)) == (None, False, "approve", "true")
    assert (no.next, no.reason) == ("given_up", True)
    assert stop.next == "/end" and process.nodes["/end"].next is None
    assert node.parts["work"].queue == "complaints" and node.parts["work"].not_by == ("check",)
    assert node.parts["clocks"].limit == Duration(7, "wd")
    assert node.parts["help"] == {"zh": "Ask the customer.", "en": "Ask the customer."}
    assert (node.title["zh"], node.clauses, node.next) == ("询问", ("A-4.4",), "count_them")


def test_handlers_of_a_step(process: Process) -> None:
    after, when, error, changed = process.nodes["ask"].handlers
    assert (after.trigger.kind, after.trigger.length, after.trigger.every, after.trigger.times) == (
        "after", Duration(5, "wd"), Duration(1, "wd"), 3,
    )  # fmt: skip
    assert after.body == "ask/1" and spec(process, "ask/1", Block).first == "ask/1/do"
    assert process.nodes["ask/1"].scope == "ask" and process.nodes["ask/1/do"].scope == "ask/1"
    assert shown(when.trigger.when) == "amount > 100000" and spec(process, "ask/2", Block).first == "one"
    assert (process.nodes["one"].next, process.nodes["two"].next) == ("two", None)
    assert (error.trigger.kind, error.trigger.name, error.next) == ("error", "", "given_up")
    assert (changed.trigger.path, changed.next) == (("kind",), "given_up")


def test_handlers_of_the_process(process: Process) -> None:
    message, signal = process.handlers
    assert (message.trigger.name, shown(message.trigger.key), message.next) == ("customer_reply", "number", "given_up")
    assert message.trigger.into[0].path == ("text",)
    assert signal.body == "/2" and process.nodes["/2"].scope == "" and process.nodes["/2/do"].kind == "act"


def test_undo_remembers_what_it_reads(process: Process) -> None:
    node = process.nodes["ask"]
    assert (node.undo, node.undo_reads) == ("ask/undo", ("count",))
    assert spec(process, "ask/undo", Block).first == "ask/undo/do"


def test_automatic_steps(process: Process) -> None:
    assert [shown(each.value) for each in spec(process, "count_them", Set).assigns] == ["5", "'a' ~ kind"]
    compute = spec(process, "risk", Compute)
    assert compute.call(amount=Decimal(5000), weight=Decimal("1.5")) == 7
    assert compute.into == (("", ("count",)),)
    service = spec(process, "pay", Service)
    assert (service.times, service.first, service.factor, service.longest, service.timeout) == (3, 30, 2, 600, 120)
    assert service.into == (("reference", ("text",)),)
    notify = spec(process, "tell", Notify)
    assert isinstance(notify.to[0], Expression) and notify.template == "told"
    assert {name: each.source for name, each in notify.facts.items()} == {"text": "'hello'", "number": "number"}
    assert spec(process, "send_it", Send).payload["text"].source == "text"
    assert shown(spec(process, "shout", Signal).key) == "kind"
    assert spec(process, "inside", Milestone).name == "answered"


def test_acts_are_steps(process: Process) -> None:
    urgent, moved = spec(process, "urgent", Act), spec(process, "moved", Act)
    assert urgent.act == "priority" and urgent.args["to"].source.strip() == "count"
    assert (moved.act, moved.args) == ("move_tasks", {"to": "payment", "steps": ["ask"]})


def test_decide(process: Process) -> None:
    decide = spec(process, "class", Decide)
    assert decide.into == (("kind", ("kind",)),) and decide.inputs["amount"].source == "amount"


def test_waiting(process: Process) -> None:
    hear = spec(process, "hear", Catch).trigger
    assert [(each.path, each.value.source) for each in hear.into] == [(("text",), "text"), (("names",), "[text]")]
    assert spec(process, "rest", Catch).trigger.kind == "after"
    first, second = spec(process, "sooner", Race).options
    assert (first.next, second.next, process.nodes["sooner"].next) == ("/end", None, "route")


def test_gateways(process: Process) -> None:
    flows = spec(process, "route", Switch).flows
    assert [flow.next for flow in flows] == ["sides", None, "sides"] and flows[2].when is None
    parallel = spec(process, "sides", Parallel)
    assert [(each.name, each.first) for each in parallel.branches] == [("left", "left"), ("right", "check")]
    assert (parallel.otherwise, parallel.needs, parallel.one_at_a_time) == ("sides/do", 1, True)
    assert parallel.merge == {"count": "sum"}
    assert {process.nodes[each].scope for each in ("left", "check", "more", "sides/do")} == {"sides"}
    assert (process.nodes["check"].next, process.nodes["more"].next, process.nodes["left"].next) == ("more", None, None)


def test_scopes(process: Process) -> None:
    each = spec(process, "papers_each", Each)
    assert (each.item, each.body, each.sequential) == ("paper", "papers_each/item", True)
    assert spec(process, "papers_each/item", Block).first == "look"
    assert shown(each.until) == "done >= 2" and each.collect[0][0] == ("names",)
    assert spec(process, "group", Block).first == "inside"
    adhoc = spec(process, "at_will", AdHoc)
    assert adhoc.steps == ("first", "second") and process.nodes["first"].next is None


def test_call_and_ends(process: Process) -> None:
    call = spec(process, "sub", Call)
    assert (call.process, call.latest) == ("sub", True)
    assert call.into == (("end", ("text",)), ("amount", ("amount",)))
    assert spec(process, "undo_it", Compensate).step == "ask" and process.nodes["undo_it"].cancels == ("hear", "rest")
    assert spec(process, "fails", Fail).name == "payment_failed" and process.nodes["fails"].next is None
    assert spec(process, "given_up", End).name == "given_up"


# --- what may come in at the start --------------------------------------------------------------------


def test_people_start_with_the_form_and_nothing_else(process: Process) -> None:
    assert process.validate is not None
    assert process.validate({"kind": "claim", "amount": Decimal("10.50")}) == []
    assert [each.path for each in process.validate({"kind": "claim", "count": 1})] == ["count"]


def test_a_process_that_only_others_start_takes_any_field_of_its_data() -> None:
    process = compiled(SUB).process
    assert process.validate is not None
    assert process.validate({"count": 1, "text": "x"}) == []
    assert [each.path for each in process.validate({"cuont": 1})] == ["cuont"]


def test_a_message_starts_with_what_it_carries() -> None:
    process = compiled(
        """\
process: by_message
title: By message
calendar: insurer
data: schemas/case.yaml
start: {message: customer_reply, key: text, into: {text: text}, every: quarter, missed: skip}
steps: {over: {end: over}}
"""
    ).process
    start = process.start
    assert (start.message, shown(start.key), start.into[0].path) == ("customer_reply", "text", ("text",))
    assert (start.every, start.missed) == ("quarter", "skip")


# --- the house ----------------------------------------------------------------------------------------


def test_the_house() -> None:
    assert HOUSE.queues["complaints"] == {"zh": "投诉处理", "en": "Complaints"}
    assert HOUSE.authority["claims"].decisions["approve"] == {"zh": "同意", "en": "Approve"}
    message = HOUSE.messages["customer_reply"]
    assert (message.keep, message.by, str(message.data["text"])) == (Duration(7, "d"), ("customer",), "text")
    assert HOUSE.calendars["insurer"].zone == "Asia/Shanghai"


def test_a_house_whose_authority_has_no_titles_is_read_with_a_warning() -> None:
    written = "{title: {zh: 理赔, en: Claims}, lines: [motor], decisions: {pay: {zh: 付, en: Pay}}}"
    text = f"house: t\nauthority: {{claims: {written}}}"
    found, warnings = COMPILER.checked_house(Bundle({"house.yaml": text.encode()}))
    kind = found.authority["claims"]
    assert kind.lines == {"motor": {}} and kind.decisions == {"pay": {"zh": "付", "en": "Pay"}}
    assert [(one.code, one.line) for one in warnings] == [("CW135", 2)]


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ("queues: {Complaints: X}", "CW101", (2, 10)),
        ("queue: {}", "CW102", (2, 1)),
        ("messages: {m: {title: X, keep: 5 days}}", "CW134", (2, 32)),
        ("messages: {m: {title: X, data: {t: {type: strng}}}}", "CW148", (2, 43)),
        ("messages: {m: {title: X, data: {t: {type: string, grade: secret}}}}", "CW148", (2, 33)),
        ("messages: {m: {title: X, data: {t: {type: string, maxLenght: 5}}}}", "CW102", (2, 51)),
        ("messages: {m: {title: X, data: {t: {type: string, pattern: '('}}}}", "CW148", (2, 60)),
        ("messages: {m: {title: X, by: [boss]}}", "CW101", (2, 31)),
        ("calendars: {insurer: calendars/none.yaml}", "CW141", (2, 22)),
        ("calendars: {insurer: schemas/case.yaml}", "CW147", (2, 22)),
    ],
)
def test_a_faulty_house(line: str, code: str, place: tuple[int, int]) -> None:
    files = Bundle({**FILES.contents, "house.yaml": f"house: h\n{line}\n".encode()})
    with pytest.raises(DefinitionError) as caught:
        COMPILER.house(files)
    problem = caught.value.problems[0]
    assert (problem.code, (problem.line, problem.column)) == (code, place), caught.value


def test_files_that_are_not_there() -> None:
    with pytest.raises(DefinitionError, match=r"house.yaml:1:1: error CW141"):
        COMPILER.house(Bundle({}))
    with pytest.raises(DefinitionError, match=r"claims.yaml:1:1: error CW141"):
        COMPILER.process(Bundle({}), "claims.yaml", HOUSE)


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    (tmp_path / "inner" / "linked.yaml").symlink_to(tmp_path / "secret.yaml")
    files = Folder(tmp_path / "inner")
    for path in ("../secret.yaml", str(tmp_path / "secret.yaml"), "linked.yaml"):
        with pytest.raises(OSError):
            files.read(path)


# --- for editors ----------------------------------------------------------------------------------------


def test_the_published_schema_is_one_and_takes_what_compiles() -> None:
    schema = COMPILER.grammar.process_schema
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    validator = Draft202012Validator(schema)
    assert not list(validator.iter_errors(read(EVERY_KIND, "f").value))
    assert not list(
        Draft202012Validator(COMPILER.grammar.house_schema).iter_errors(read(FILES.read("house.yaml"), "f").value)
    )
    wrong = read(EVERY_KIND.replace("queue: complaints, not_by", "qeueu: complaints, not_by"), "f").value
    assert list(validator.iter_errors(wrong))


def test_every_keyword_is_described_for_editors() -> None:
    schema = COMPILER.grammar.process_schema
    bare = [
        f"{name}.{keyword}"
        for name, each in [("process", schema), *schema["$defs"].items()]
        for keyword, value in each.get("properties", {}).items()
        if "description" not in value
    ]
    assert not bare
