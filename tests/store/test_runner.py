"""Commands through the runner: answered once, in order, whole or not at all (R3 to R9)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.core.commands import CancelCase, CompleteTask, DeliverMessage, Refusal, StartCase
from engine.runtime.answers import Accepted, Failed
from engine.runtime.batch import Item
from engine.runtime.clock import new_id
from engine.runtime.errors import Collision, StoreError, Violation
from tests.store.conftest import BEGIN, Town

Breaking = Callable[..., None]


def accepted(answer: object) -> Accepted:
    assert isinstance(answer, Accepted), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_case_is_started_worked_and_ended(town: Town) -> None:
    case = town.start("two", who="li", amount=5)
    first = accepted(town.do(case, CompleteTask(town.task(case))))
    last = accepted(town.do(case, CompleteTask(town.task(case), data={"note": "好"})))
    assert (first.number, first.revision, last.revision) == ("T-2026-0001", 2, 3)
    row = town.rows("SELECT status, revision, seq, number, process FROM cases WHERE id = ?", case)[0]
    assert tuple(row) == ("ended", 3, 3, "T-2026-0001", "two")
    assert town.state(case).data == {"who": "li", "amount": 5, "note": "好"}
    assert [r[0] for r in town.rows("SELECT seq FROM history WHERE case_id = ? ORDER BY seq", case)] == [1, 2, 3]


def test_the_same_command_gets_its_first_answer(town: Town) -> None:
    case = town.start("two")
    request = town.request(case, CompleteTask(town.task(case)))
    first = accepted(town.runner.submit(request))
    again = accepted(town.runner.submit(request))
    assert again.repeated and not first.repeated
    assert (again.revision, again.number, again.events) == (first.revision, first.number, first.events)
    assert town.state(case).status == "open"


def test_another_command_with_a_used_id_is_refused(town: Town) -> None:
    case, other = town.start("two"), town.start("two")
    request = town.request(case, CompleteTask(town.task(case)))
    accepted(town.runner.submit(request))
    assert refused(town.do(case, CompleteTask(town.task(case)), request.id)).code == "repeated"
    assert refused(town.do(other, CompleteTask(town.task(other)), request.id)).code == "repeated"
    assert town.state(other).status == "open" and town.rows("SELECT count(*) FROM history")[0][0] == 3


def test_a_used_id_is_in_the_audit_however_it_shows(town: Town) -> None:
    """By the row of history that collides, by a refusal that would have come anyway, within one batch."""
    case = town.start("two")
    request = town.request(case, CompleteTask(town.task(case)))
    accepted(town.runner.submit(request))
    for other in (CompleteTask(town.task(case)), CompleteTask(99)):
        assert refused(town.do(case, other, request.id)).code == "repeated"
    again = [town.request(case, CancelCase(why), request.id) for why in ("one", "two")]
    assert [refused(answer).code for answer in town.runner.submit_many(again)] == ["repeated", "repeated"]
    audit = town.rows("SELECT command_id, command, code FROM refusals ORDER BY id")
    commands = ["CompleteTask", "CompleteTask", "CancelCase", "CancelCase"]
    assert [tuple(row) for row in audit] == [(request.id, command, "repeated") for command in commands]


def test_a_repeat_in_the_same_batch(town: Town) -> None:
    case = town.start("two")
    request = town.request(case, CompleteTask(town.task(case)))
    one, two = town.runner.submit_many([request, request])
    assert not accepted(one).repeated and accepted(two).repeated
    other = town.request(case, CancelCase("no"), request.id)
    assert refused(town.runner.submit_many([other, request])[0]).code == "repeated"


def test_a_start_is_repeated_too(town: Town) -> None:
    request = town.request(new_id(BEGIN), StartCase("two", {"who": "li"}))
    first = accepted(town.runner.submit(request))
    assert accepted(town.runner.submit(request)).number == first.number
    again = town.request(request.case, StartCase("two", {"who": "li"}))
    assert refused(town.runner.submit(again)).code == "started"


def test_commands_of_a_batch_stand_each_on_its_predecessor(town: Town) -> None:
    case = new_id(BEGIN)
    first, wrong, second = town.runner.submit_many(
        [
            town.request(case, StartCase("two", {"who": "li"})),
            town.request(case, CompleteTask(99)),
            town.request(case, CompleteTask(1, data={"note": "in the batch"})),
        ]
    )
    accepted(first), accepted(second), refused(wrong)
    assert town.state(case).data == {"who": "li", "note": "in the batch"}
    assert town.rows("SELECT seq FROM cases WHERE id = ?", case)[0][0] == 2


def test_refusals_change_nothing_and_are_audited(town: Town) -> None:
    case = town.start("two")
    before = town.rows("SELECT * FROM cases WHERE id = ?", case)
    assert refused(town.do(case, CompleteTask(town.task(case), data={"secret_field": 1}))).code == "form"
    assert refused(town.do("f" * 32, CompleteTask(1))).code == "unknown"
    assert refused(town.do("e" * 32, StartCase("nothing"))).code == "process"
    assert town.rows("SELECT * FROM cases WHERE id = ?", case) == before
    audit = town.rows("SELECT case_id, command, actor, ground, code, text FROM refusals ORDER BY id")
    assert [tuple(row) for row in audit] == [
        (case, "CompleteTask", "anna", "test", "form", ""),
        ("f" * 32, "CompleteTask", "anna", "test", "unknown", ""),
        ("e" * 32, "StartCase", "anna", "test", "process", ""),
    ]


def test_the_audit_repeats_nothing_that_was_typed(town: Town) -> None:
    """Whoever types an identity number where a name belongs: it must not outlive the case in the audit."""
    typed, case = "110101199001011237", town.start("two")
    task = town.task(case)
    refused(town.do(case, CompleteTask(task, typed)))
    refused(town.do(case, CompleteTask(task, data={typed: typed, "amount": typed})))
    refused(town.do(case, DeliverMessage(typed, typed, {typed: typed})))
    refused(town.do("e" * 32, StartCase(typed)))
    audit = town.rows("SELECT code, text FROM refusals ORDER BY id")
    assert not [row for row in audit if typed in "".join(row)]
    assert ("form", "amount") in [tuple(row) for row in audit]  # what the process itself calls a field is said


def test_numbers_have_no_gaps(town: Town) -> None:
    ids = [new_id(BEGIN) for _ in range(6)]
    commands = [StartCase("two", {"amount": "no number"} if i % 2 else {}) for i in range(6)]
    answers = town.runner.submit_many([town.request(i, command) for i, command in zip(ids, commands, strict=True)])
    given = [a.number for a in answers if isinstance(a, Accepted)]
    assert given == ["T-2026-0001", "T-2026-0002", "T-2026-0003"]
    town.clock.set(BEGIN.replace(year=2027))
    case = town.start("two")
    assert town.state(case).number == "T-2027-0001"


def test_time_never_runs_back_within_a_case(town: Town) -> None:
    case = town.start("two")
    early = town.request(case, CompleteTask(town.task(case)))
    early = type(early)(early.id, case, early.command, "anna", BEGIN - timedelta(hours=1))
    accepted(town.runner.submit(early))
    assert town.state(case).last == BEGIN


def test_a_bug_is_answered_and_changes_nothing(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    case = town.start("two")
    town.deployed.processes.pop("two")
    answer = town.do(case, CompleteTask(1))
    assert isinstance(answer, Failed) and "deploy" in answer.text and "T-2026-0001" in answer.text
    assert town.rows("SELECT seq FROM cases WHERE id = ?", case)[0][0] == 1


def test_a_batch_that_cannot_be_written_runs_again_one_by_one(town: Town, breaking: Breaking) -> None:
    cases = [town.start("two") for _ in range(3)]
    requests = [town.request(case, CompleteTask(town.task(case))) for case in cases]
    breaking("INSERT INTO history", Violation("made to fail"), times=1)
    assert [accepted(a).revision for a in town.runner.submit_many(requests)] == [2, 2, 2]
    assert town.rows("SELECT count(*) FROM history")[0][0] == 6


def test_one_that_fails_costs_the_others_nothing(town: Town, breaking: Breaking) -> None:
    cases = [town.start("two") for _ in range(3)]
    requests = [town.request(case, CompleteTask(town.task(case))) for case in cases]
    requests[1] = town.request(cases[1], CompleteTask(1), requests[0].id)
    one, two, three = town.runner.submit_many([requests[0], requests[2], requests[1]])
    accepted(one), accepted(two)
    assert refused(three).code == "repeated"


def test_a_collision_is_retried_and_then_given_up(town: Town, breaking: Breaking) -> None:
    case = town.start("two")
    breaking("UPDATE cases", Collision("another writer"), times=2)
    accepted(town.do(case, CompleteTask(town.task(case))))
    breaking("UPDATE cases", Collision("another writer"), times=50)
    assert refused(town.do(case, CompleteTask(town.task(case)))).code == "busy"


def test_a_stale_revision_is_not_written_over(town: Town) -> None:
    """Another writer moves the case between our load and our write; we load again."""
    case = town.start("two")
    connection = town.runner._connection
    meddled: list[int] = []
    plain = connection.bulk

    def bulk(sql: str, rows: Any, exactly: bool = False) -> None:
        if "UPDATE cases" in sql and not meddled:
            meddled.append(connection.run("UPDATE cases SET revision = revision + 7 WHERE id = ?", (case,)))
        plain(sql, rows, exactly)

    connection.bulk = bulk  # type: ignore[method-assign]  # the other writer
    accepted(town.do(case, CompleteTask(town.task(case))))
    assert meddled == [1]
    assert tuple(town.rows("SELECT revision, seq FROM cases WHERE id = ?", case)[0]) == (2, 2)


def test_a_failing_database_is_told_to_everybody(town: Town, breaking: Breaking) -> None:
    case = town.start("two")
    task = town.task(case)
    breaking("COMMIT", StoreError("The disk is full.", "Make room."), times=1)
    with pytest.raises(StoreError, match="Make room"):
        town.do(case, CompleteTask(task))
    assert town.rows("SELECT count(*) FROM history")[0][0] == 1
    accepted(town.do(case, CompleteTask(task)))


def test_what_else_happens_does_so_once(town: Town) -> None:
    """A step beside the command that finds its row gone means that the command has been run before."""
    case = town.start("two")
    item = Item(
        town.request(case, CompleteTask(town.task(case))),
        lambda answer: [("DELETE FROM inbox WHERE id = ?", ("no such row",))],
    )
    assert refused(town.runner.submit_items([item])[0]).code == "busy"
    assert town.rows("SELECT seq FROM cases WHERE id = ?", case)[0][0] == 1


def test_sixteen_threads_share_commits(town: Town) -> None:
    cases = [town.start("two") for _ in range(16)]
    begins, answers = [], []
    connection = town.runner._connection
    plain = connection.begin
    connection.begin = lambda: (begins.append(1), plain())[1]  # type: ignore[method-assign, func-returns-value]  # counts

    def work(case: str) -> None:
        for _ in range(10):
            for command in (CompleteTask(99), CompleteTask(1)):
                answers.append(town.runner.submit(town.request(case, command)))

    threads = [threading.Thread(target=work, args=(case,)) for case in cases]
    together(threads)
    assert len(answers) == 16 * 20
    assert sum(isinstance(answer, Accepted) for answer in answers) == 16
    assert len(begins) < 16 * 20 / 2
    assert {row[0] for row in town.rows("SELECT seq FROM cases")} == {2}


def test_several_threads_on_one_case(town: Town) -> None:
    """A task is completed once, whoever comes first."""
    case = town.start("two")
    task, answers = town.task(case), []
    threads = [threading.Thread(target=lambda: answers.append(town.do(case, CompleteTask(task)))) for _ in range(8)]
    together(threads)
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted"] + ["Refusal"] * 7


def test_two_runners_on_one_database(town: Town) -> None:
    """As two programs would: nothing is lost, nothing done twice, numbers stay gapless."""
    other = town.new_runner()
    runners = [town.runner, other]
    answers: list[object] = []

    def work(index: int) -> None:
        for _ in range(20):
            request = town.request(new_id(BEGIN), StartCase("two", {}))
            answers.append(runners[index % 2].submit(request))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    together(threads)
    other.close()
    given = sorted(accepted(answer).number for answer in answers)
    assert given == [f"T-2026-{i:04}" for i in range(1, 81)]
