"""What designers write about clocks: what it becomes, and what a wrong file is told, with its place."""

from decimal import Decimal

import pytest

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.model import Process
from engine.language.compile import Compiler
from engine.language.extension import Extension
from engine.language.files import Bundle
from engine.language.language import Language
from engine.language.problems import DefinitionError
from sla.keywords import CLOCK_WORDS
from sla.model import Clock, Message, Notice, OtherAct, Signal, clocks_of, limit_of
from tasks.act_words import ACT_WORDS

HOUSE = """\
house: test
languages: [en]
queues: {desk: Desk, senior: Senior}
roles: {head: Head, officer: Officer}
messages: {overdue: {title: Overdue, data: {what: {type: string}}}}
signals: {late: Late}
calendars: {insurer: calendars/insurer.yaml}
clauses: {A-4.4: Complaints, C-5.3: Feedback}
clocks: {back_dated_at_most: 60d}
ladders:
  standard:
    - {at: 80%, notify: [owner], with: near}
    - {at: due, priority: "+20"}
"""
DATA = """\
type: object
properties:
  received_at: {type: string, format: date-time}
  asked_on: {type: string, format: date}
  came_on: {type: string, format: date}
  kind: {type: string}
  claim_limit: {type: string}
"""
NOTICE = "subject: {en: '{{ clock }} of {{ number }}'}\nbody: {en: '{{ kind }} until {{ deadline }}'}\n"
HEAD = "process: test\ntitle: Test\ncalendar: insurer\ndata: schemas/test.yaml\n"
STEPS = """\
steps:
  work:
    human: {}
    outcomes:
      ask: {title: Ask, next: ask}
      gone: {title: Gone, next: withdrawn}
      done: {title: Done, next: answered}
  ask:
    wait: {for: 3d}
    next: work
  withdrawn: {end: withdrawn}
  answered: {milestone: answered, next: pay}
  pay:
    human: {}
    limit: 7wd
    next: closed
  closed: {end: closed}
"""


def built(clocks: str, steps: str = STEPS, head: str = HEAD) -> Process:
    indented = "".join(f"  {line}\n" for line in clocks.splitlines())
    text = f"{head}clocks:\n{indented}{steps}" if clocks else f"{head}{steps}"
    files = Bundle(
        {
            "house.yaml": HOUSE.encode(),
            "test.yaml": text.encode(),
            "schemas/test.yaml": DATA.encode(),
            "notices/near.yaml": NOTICE.encode(),
            "calendars/insurer.yaml": CALENDAR.encode(),
        }
    )
    compiler = Compiler(Language(extensions=(Extension("acts", acts=ACT_WORDS), CLOCK_WORDS)))
    return compiler.process(files, "test.yaml", compiler.house(files))


CALENDAR = """\
calendar: insurer
title: {en: Insurer}
zone: Asia/Shanghai
hours: {mon-fri: ["09:00-17:00"]}
holidays: china
published_until: 2026
"""


def one(clock: str) -> Clock:
    (found,) = clocks_of(built(clock)).by_name.values()
    return found


def refused(clocks: str, steps: str = STEPS) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        built(clocks, steps)
    return [str(problem) for problem in caught.value.problems]


def test_a_clock_with_everything() -> None:
    clock = one(
        """\
outcome:
  title: Outcome
  clauses: [A-4.4]
  origin: law
  runs: {from: received_at, until: [answered, withdrawn, step.pay]}
  when: kind == 'claim'
  limit: 30wd
  pauses_while: {only_in: [ask]}
  restarts_on: step.work
  void_on: [withdrawn, cancelled]
  extension: {most: 10wd, by: role.head}
  ladder: standard"""
    )
    assert (clock.title, clock.clauses, clock.origin, clock.limit) == (
        {"en": "Outcome"},
        ("A-4.4",),
        "law",
        Duration(30, "wd"),
    )
    assert (clock.start, clock.start_path) == (("date", "received_at"), ("received_at",))
    assert clock.until == (("milestone", "answered"), ("end", "withdrawn"), ("step", "pay"))
    assert clock.restarts_on == (("step", "work"),) and clock.void_on == {"withdrawn", "cancelled"}
    assert clock.when is not None and clock.when.reads == {"kind"}
    assert clock.pause is not None and (clock.pause.kind, clock.pause.steps) == ("only_in", {"ask"})
    assert clock.extension is not None and clock.extension.role == "head"
    assert [rung.at for rung in clock.ladder] == ["80%", "due"]
    near = clock.ladder[0].acts[0]
    assert isinstance(near, Notice) and set(near.facts) == {"kind"}  # the clock itself tells the rest


def test_the_house_says_how_far_back() -> None:
    oldest = clocks_of(built("c: {runs: {from: case, until: answered}, limit: 1d}")).oldest
    assert oldest is not None and oldest.days == 60


@pytest.mark.parametrize(
    ("at", "from_", "share", "offset", "back"),
    [
        ("80%", "share", "0.8", None, False),
        ("12.5%", "share", "0.125", None, False),
        ("due", "due", "0", None, False),
        ("due + 1wd", "due", "0", "1wd", False),
        ("due-2h", "due", "0", "2h", True),
        ("4h", "start", "0", "4h", False),
    ],
)
def test_points(at: str, from_: str, share: str, offset: str | None, back: bool) -> None:
    clock = one(f"c: {{runs: {{from: case, until: answered}}, limit: 5wd, ladder: [{{at: '{at}', signal: late}}]}}")
    (rung,) = clock.ladder
    assert (rung.from_, rung.share, rung.offset and str(rung.offset), rung.back) == (
        from_,
        Decimal(share),
        offset,
        back,
    )
    assert (rung.every, rung.times) == (None, 1)


def test_acts() -> None:
    clock = one(
        """\
c:
  runs: {from: milestone.answered, until: closed}
  limit: "{{ claim_limit }}"
  ladder:
    - {at: due, move_tasks: senior, priority: "+20", reassign: up, signal: late}
    - {at: due + 1wd, message: {name: overdue, key: kind, data: {what: kind}}, every: 1wd, times: 10}
    - {at: due + 2wd, notify: [owner, holder, role.head, queue.desk, user.li, "{{ kind }}"], with: near, every: 1d}"""
    )
    assert isinstance(clock.limit, Expression)
    move, priority, up, late = clock.ladder[0].acts
    assert move == OtherAct("move_tasks", {"to": "senior"}) and priority == OtherAct("priority", {"to": "+20"})
    assert up == OtherAct("reassign", {"to": "up"}) and late == Signal("late")
    (overdue,) = clock.ladder[1].acts
    assert isinstance(overdue, Message) and overdue.key is not None and set(overdue.payload) == {"what"}
    assert (clock.ladder[1].times, clock.ladder[2].times) == (10, None)
    (notice,) = clock.ladder[2].acts
    assert isinstance(notice, Notice) and notice.to[:5] == ("owner", "holder", "role.head", "queue.desk", "user.li")


def test_a_steps_limit_is_a_clock_of_its_name() -> None:
    process = built("")
    own = limit_of(process, "pay")
    assert own is not None
    assert (own.name, own.step, own.origin, own.limit) == ("pay", "pay", "target", Duration(7, "wd"))
    more = "limit: {limit: 2wd, clauses: [A-4.4], origin: manual, ladder: [{at: due, priority: '+5'}]}"
    own = limit_of(built("", STEPS.replace("limit: 7wd", more)), "pay")
    assert own is not None and own.clauses == ("A-4.4",) and own.origin == "manual"
    assert own.ladder[0].acts == (OtherAct("priority", {"to": "+5", "steps": ["pay"]}),)


RUNS = "runs: {from: case, until: answered}, limit: 5wd"


@pytest.mark.parametrize(
    ("clocks", "says"),
    [
        ("c: {runs: {from: case, until: answerd}, limit: 5wd}", ["answerd", "answered"]),
        ("c: {runs: {from: case, until: milestone.anwsered}, limit: 5wd}", ["anwsered", "answered"]),
        ("c: {runs: {from: case, until: state.answered}, limit: 5wd}", ["state.answered", "milestone.x"]),
        ("c: {runs: {from: recieved_at, until: answered}, limit: 5wd}", ["recieved_at", "received_at"]),
        ("c: {runs: {from: kind, until: answered}, limit: 5wd}", ["'kind' is text", "a date"]),
        ("c: {runs: {from: answered, until: closed}, limit: 5wd}", ["milestone.answered"]),
        ("c: {runs: {from: case, until: answered}, limit: 5 wd}", ["5wd"]),
        ("c: {runs: {from: case, until: answered}, limit: 5bd}", ["wd"]),
        ("c: {runs: {from: case, until: answered}}", ["'limit' is missing"]),
        ("c: {" + RUNS + ", whne: kind == 'x'}", ["'whne'", "when"]),
        ("c: {" + RUNS + ", when: kind}", ["true or false"]),
        ("c: {" + RUNS + ", origin: lwa}", ["law"]),
        ("c: {" + RUNS + ", clauses: [A-4.5]}", ["A-4.5", "A-4.4"]),
        ("c: {" + RUNS + ", calendar: insured}", ["insurer"]),
        ("c: {" + RUNS + ', calendar: "{{ calender }}"}', ["calender"]),
        ("c: {" + RUNS + ', calendar: "{{ asked_on }}"}', ["a date", "the name of a calendar"]),
        ("c: {" + RUNS + ", calendar: \"{{ 'insured' if kind == 'x' else 'insurer' }}\"}", ["insured", "insurer"]),
        ("c: {" + RUNS + ", void_on: [withdrwn]}", ["withdrawn"]),
        ("c: {" + RUNS + ", pauses_while: {any_in: [aks]}}", ["'aks'", "ask"]),
        ("c: {" + RUNS + ", pauses_while: {any_in: [ask], only_in: [ask]}}", ["cannot stand together"]),
        ("c: {" + RUNS + ", pauses_while: {from: kind, to: came_on}}", ["'kind' is text"]),
        ("c: {" + RUNS + ", pauses_while: {from: asked_on}}", ["to"]),
        ("c: {" + RUNS + ", extension: {most: 5h, by: head}}", ["5h", "wd"]),
        ("c: {" + RUNS + ", extension: {most: 5wd, by: haed}}", ["head"]),
        ("c: {" + RUNS + ", ladder: standrad}", ["standard"]),
        ("c: {" + RUNS + ", ladder: [{at: 120%, signal: late}]}", ["120%", "due + 1wd"]),
        ("c: {" + RUNS + ", ladder: [{at: 0%, signal: late}]}", ["0%"]),
        ("c: {" + RUNS + ", ladder: [{at: after 3d, signal: late}]}", ["after 3d", "due + 1wd"]),
        ("c: {" + RUNS + ", ladder: [{at: due + 1 wd, signal: late}]}", ["1wd"]),
        ("c: {" + RUNS + ", ladder: [{at: due}]}", ["does nothing"]),
        ("c: {" + RUNS + ", ladder: [{at: due, notify: [owner]}]}", ["`with`"]),
        ("c: {" + RUNS + ", ladder: [{at: due, notify: [head], with: near}]}", ["role.head"]),
        ("c: {" + RUNS + ", ladder: [{at: due, notify: [role.haed], with: near}]}", ["head"]),
        ("c: {" + RUNS + ", ladder: [{at: due, notify: [owner], with: neer}]}", ["notices/near.yaml"]),
        ("c: {" + RUNS + ", ladder: [{at: due, signal: latte}]}", ["late"]),
        ("c: {" + RUNS + ", ladder: [{at: due, message: overdu}]}", ["overdue"]),
        ("c: {" + RUNS + ", ladder: [{at: due, message: {name: overdue, data: {waht: kind}}}]}", ["what"]),
        ("c: {" + RUNS + ", ladder: [{at: due, move_tasks: seniors}]}", ["senior"]),
        ("c: {" + RUNS + ", ladder: [{at: due, move_tasks: {queue: senior}}]}", ["unknown key 'queue'", "to"]),
        (
            "c: {" + RUNS + ", ladder: [{at: due, move_tasks: \"{{ 'seniors' if kind == 'a' else 'desk' }}\"}]}",
            ["'seniors'", "senior"],
        ),
        ("c: {" + RUNS + ", ladder: [{at: due, reassign: '{{ 5 }}'}]}", ["this is a whole number"]),
        ("c: {" + RUNS + ", ladder: [{at: due, priority: 400}]}", ["'400' is more than 100"]),
        ("c: {" + RUNS + ", ladder: [{at: due, priority: high}]}", ["got text 'high'", "a change such as +20"]),
        ("c: {" + RUNS + ", ladder: [{at: due, priority: {to: 5, steps: [wrok]}}]}", ["work"]),
        ("c: {" + RUNS + ", ladder: [{at: due, signal: late, times: 3}]}", ["every"]),
        ("c: {" + RUNS + ", restarts_on: answered}", ["never rests"]),
        ("c: {runs: {from: milestone.answered, until: withdrawn}, limit: 5wd}", ["never stops", "withdrawn"]),
        ("pay: {" + RUNS + "}", ["limit of step 'pay'"]),
    ],
)
def test_what_a_wrong_file_is_told(clocks: str, says: list[str]) -> None:
    problems = refused(clocks)
    assert problems and all(problem.startswith("test.yaml:") for problem in problems), problems
    assert [word for word in says if not any(word in problem for problem in problems)] == [], problems


def test_a_working_day_needs_a_calendar() -> None:
    head = HEAD.replace("calendar: insurer\n", "")
    with pytest.raises(DefinitionError) as caught:
        built("c: {runs: {from: case, until: answered}, limit: 5wd}", head=head)
    assert any("calendar" in str(problem) for problem in caught.value.problems)


def test_a_limit_of_hours_needs_none() -> None:
    steps = STEPS.replace("limit: 7wd", "limit: 7h").replace("for: 3d", "for: 72h")
    process = built(
        "c: {runs: {from: case, until: answered}, limit: 24h}", steps, HEAD.replace("calendar: insurer\n", "")
    )
    assert limit_of(process, "pay") is not None
