"""What a process asks of people, held against an organisation: told where nobody can, with the names."""

import time

import pytest

from engine.language.problems import Problem
from tasks.checks_people import check
from tests.support.projects import PEOPLE, PROCESSES, project_of

PROCESS = """\
process: paying
title: {zh: 付款, en: Paying}
calendar: insurer
data: schemas/paying.yaml
steps:
  enter:
    human: {queue: payment}
  release:
    human: {queue: approval}
  tell: {notify: [role.director], with: told}
  done: {end: done}
"""
SCHEMA = """\
properties:
  amount: {type: number, format: money}
  small: {type: number, format: money, maximum: 50000}
  line: {enum: [motor, health]}
  level: {type: integer}
"""
PEOPLE_OF_OURS = """\
zone: Asia/Shanghai
roles: {officer: 经办, director: 总监}
users:
  chen: {name: 陈, roles: [officer]}
  liu: {name: 刘, roles: [officer]}
  gu: {name: 顾, roles: [director]}
  qin: {name: 秦, roles: [officer], to: 2025-12-31}
queues:
  payment: {members: [chen, liu], managers: [gu]}
  approval: {members: [liu, gu], managers: [gu]}
  intake: {members: [qin], managers: [gu]}
grants:
  - {role: officer, kind: claims, decision: approve, amount: 10000}
  - {role: director, kind: claims, decision: approve, amount: 100000}
"""
PAYMENT = "payment: {members: [chen, liu], managers: [gu]}"
APPROVAL = "approval: {members: [liu, gu], managers: [gu]}"


def told(process: str, people: str | None = PEOPLE_OF_OURS) -> list[Problem]:
    note = "subject: {zh: 告知, en: Told}\nbody: {zh: 告知, en: Told}\n"
    files = {"paying.yaml": process, "schemas/paying.yaml": SCHEMA, "notices/told.yaml": note}
    return list(check(project_of(files, people)))


def entering(human: str) -> str:
    return PROCESS.replace("human: {queue: payment}", human)


def releasing(human: str, outcomes: str = "") -> str:
    return PROCESS.replace("human: {queue: approval}", human + outcomes)


def test_where_there_is_somebody_for_everything_nothing_is_told() -> None:
    assert not told(PROCESS)
    assert not told(PROCESS, None)


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        ("intake", "nobody serves the queue intake (qin has left on 2025-12-31)"),
        ("complaints", "nobody serves the queue complaints"),
    ],
)
def test_a_queue_that_nobody_serves(queue: str, message: str) -> None:
    found = [each for each in told(entering(f"human: {{queue: {queue}}}")) if each.code == "CW651"]
    assert [(each.line, each.column, each.message) for each in found] == [(7, 20, message)]


def test_of_a_computed_person_nothing_is_told() -> None:
    authority = "authority: {kind: claims, decision: approve, amount: small}"
    assert not told(releasing(f"human: {{assign: '{{{{ starter }}}}', else_queue: approval, {authority}}}"))


def test_whoever_is_away_does_not_serve() -> None:
    days = "from: 2026-05-25, to: 2026-06-10"
    people = f"{PEOPLE_OF_OURS}absences: [{{user: chen, {days}}}, {{user: liu, {days}}}]\n"
    (one,) = told(PROCESS, people)
    assert one.message == (
        "nobody serves the queue payment (chen is away until 2026-06-10, liu is away until 2026-06-10)"
    )


def test_a_computed_queue_is_looked_at_by_every_name_it_may_be() -> None:
    (one,) = told(entering("human: {queue: \"{{ 'payment' if level == 1 else 'intake' }}\", else_queue: approval}"))
    assert (one.code, one.line) == ("CW651", 7) and "intake" in one.message


def test_a_queue_without_a_manager() -> None:
    (one,) = told(
        PROCESS,
        PEOPLE_OF_OURS.replace(PAYMENT, "payment: {members: [chen, liu]}"),
    )
    assert (one.code, one.line, one.column) == ("CW657", 7, 20)
    assert one.message.startswith("the queue payment has no manager: ")


def test_a_role_that_nobody_has() -> None:
    found = told(PROCESS, PEOPLE_OF_OURS.replace("roles: [director]", "roles: [officer]"))
    assert [(each.code, each.line, each.column) for each in found] == [("CW652", 10, 19)]
    assert found[0].message == "nobody has the role director"


def test_a_person_by_name_who_is_gone() -> None:
    found = told(PROCESS.replace("role.director", "user.qin"))
    assert [(each.code, each.line, each.message) for each in found] == [("CW658", 10, "qin is no longer in service")]
    found = told(PROCESS.replace("role.director", "user.nobody"))
    assert found[0].message == "there is no user nobody"


# --- four eyes ----------------------------------------------------------------------------------------


def test_four_eyes_that_one_person_would_have_to_meet_alone() -> None:
    people = PEOPLE_OF_OURS.replace("members: [chen, liu], managers: [gu]", "members: [gu], managers: [gu]")
    people = people.replace("approval: {members: [liu, gu]", "approval: {members: [gu]")
    (one,) = told(releasing("human: {queue: approval, not_by: [enter]}"), people)
    assert (one.code, one.line, one.column) == ("CW653", 9, 39)
    assert one.message == "only gu takes release, and must not do enter too"


def test_four_eyes_that_get_stuck_when_the_only_one_has_done_the_other() -> None:
    people = PEOPLE_OF_OURS.replace(APPROVAL, "approval: {members: [liu], managers: [liu]}")
    (one,) = told(releasing("human: {queue: approval, not_by: [enter]}"), people)
    assert one.message == "only liu takes release, and may have done enter too"
    assert not told(releasing("human: {queue: approval, not_by: [enter]}"))


def test_four_eyes_of_one_and_the_same_person_need_no_organisation_to_be_seen() -> None:
    process = entering("human: {assign: starter, else_queue: payment}").replace(
        "human: {queue: approval}", "human: {assign: starter, else_queue: approval, not_by: [enter]}"
    )
    (one,) = told(process, None)
    assert (one.code, one.line, one.column) == ("CW653", 9, 61)
    assert one.message == "step release and step enter are both for the starter, and not for the same person"


# --- authority ------------------------------------------------------------------------------------------

OUTCOMES = "\n    outcomes: {yes: {title: A, decision: approve}, no: {title: B, decision: refuse}}"


@pytest.mark.parametrize(
    ("authority", "outcomes", "messages"),
    [
        ("kind: claims, amount: small, decision: approve", "", []),
        ("kind: claims, amount: amount, decision: approve", "",
         ["nobody may decide claims approve above 100000: gu may up to that"]),
        ("kind: claims, amount: small, decision: approve, climb: false", "", []),
        ("kind: claims, amount: small, decision: refuse", "", ["nobody may decide claims refuse"]),
        ("kind: claims, amount: small", OUTCOMES, ["nobody may decide claims refuse"]),
        ("kind: claims, line: \"{{ line }}\", amount: small", OUTCOMES,
         ["nobody may decide claims motor refuse, claims health refuse"]),
        ("kind: claims, decision: approve", "",
         ["nobody may decide claims approve without limit, and no amount is weighed: gu may up to 100000"]),
    ],
)  # fmt: skip
def test_authority_that_nobody_has(authority: str, outcomes: str, messages: list[str]) -> None:
    found = told(releasing(f"human: {{queue: approval, authority: {{{authority}}}}}", outcomes))
    assert [each.message for each in found] == messages
    assert {(each.code, each.line, each.column) for each in found} <= {("CW654", 9, 41)}


def test_where_authority_does_not_climb_those_of_the_queue_must_have_it() -> None:
    authority = "authority: {kind: claims, amount: small, decision: approve, climb: false}"
    people = PEOPLE_OF_OURS.replace(APPROVAL, "approval: {members: [liu], managers: [chen]}")
    (one,) = told(releasing(f"human: {{queue: approval, {authority}}}"), people)
    expected = "nobody may decide claims approve above 10000, and it may be 50000: chen, liu may up to that"
    assert (one.code, one.line, one.message) == ("CW654", 9, f"{expected} among those who take it")


# --- votes, skills --------------------------------------------------------------------------------------


def test_votes_for_more_people_than_there_are() -> None:
    two = "\n    outcomes: {yes: {title: A}, no: {title: B}}"
    assert not told(releasing("human: {queue: approval, approvals: {of: 2, needs: 2}}", two))
    (one,) = told(releasing("human: {queue: approval, approvals: {of: 3, needs: 2}}", two))
    assert (one.code, one.line, one.column) == ("CW655", 9, 46)
    assert one.message == "3 people have a vote in release, and only 2 may cast one: gu, liu"
    (one,) = told(releasing("human: {queue: approval, approvals: {of: 2, needs: 2, by: role.director}}", two))
    assert one.message == "2 people have a vote in release, and only 1 may cast one: gu"


def test_a_skill_that_nobody_has_where_work_is_pushed_by_skill() -> None:
    skilled = entering("human: {queue: payment, skill: motor}")
    assert not told(skilled)  # taken, not pushed
    pushed = PEOPLE_OF_OURS.replace(
        "payment: {members: [chen, liu],", "payment: {assign_by: skill, members: [chen, liu],"
    )
    (one,) = told(skilled, pushed)
    assert (one.code, one.line, one.column) == ("CW656", 7, 36)
    assert one.message == "nobody who serves payment has the skill motor"
    assert not told(skilled, pushed.replace("name: 陈,", "name: 陈, skills: [motor],"))


# --- what is shipped ----------------------------------------------------------------------------------------


def test_what_is_shipped_has_its_people() -> None:
    project = project_of(PROCESSES, PEOPLE)
    begun = time.perf_counter()
    assert not list(check(project))
    assert time.perf_counter() - begun < 1
