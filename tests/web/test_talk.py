"""Comments and watching, on pages and under the API; votes; and what a task tells beside its form."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import CorrectData, StartCase
from engine.runtime import history
from engine.runtime.answers import Accepted
from engine.runtime.history import read
from tests.web.conftest import Town
from tests.web.test_api import Program
from tests.web.test_task import INTAKE, hidden, page_of
from web import talk, tasks
from web.desk import Desk
from web.opened import Opened


def test_a_comment_on_the_case_and_on_a_task_is_shown_wherever_one_looks(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    done = visitor.post(f"{path}/comment", text="The customer <called> twice.", command="c1")
    assert done.headers["location"] == f"{path}?said=commented#comments"
    visitor.post(f"{path}/comment", text="The customer <called> twice.", command="c1")  # sent twice
    visitor.post(f"/cases/{number}/comment", text="The file is thin.")
    for where in (path, f"/cases/{number}"):
        text = visitor.get(where).text
        assert text.count("The customer &lt;called&gt; twice.</p>") == 1 and "The file is thin.</p>" in text, where
        assert "on Intake" in text
    program = Program(town, "lin_xiaoyan")
    told = program.get(f"/cases/{number}/comments").json()["comments"]
    assert [(one["by"], one["text"], one["step"]) for one in told] == [
        ("chen_wei", "The file is thin.", ""), ("chen_wei", "The customer <called> twice.", "Intake"),
    ]  # fmt: skip
    history = program.get(f"/cases/{number}").json()["history"]
    assert history[0]["told"] == ["comment: The file is thin."]


def test_a_comment_that_is_none_is_refused_beside_the_form(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    for where in (path, f"/cases/{number}"):
        empty = visitor.post(f"{where}/comment", text="  ")
        assert empty.status_code == 422 and "Write something." in empty.text
        long = visitor.post(f"{where}/comment", text="x" * 4001)
        assert long.status_code in (409, 422) and "x" * 4001 in long.text and "4000 characters" in long.text


def test_comments_under_the_api(town: Town) -> None:
    number, program = town.claim(), Program(town, "chen_wei")
    task = town.task_of(number)
    one = program.post(f"/cases/{number}/comments", {"text": "a"}, idempotency_key="k")
    again = program.post(f"/cases/{number}/comments", {"text": "a"}, idempotency_key="k")
    assert (one.status_code, again.json()["repeated"]) == (201, True)
    assert program.post(f"/tasks/{number}/{task}/comments", {"text": "b"}).status_code == 201
    assert [c["text"] for c in program.get(f"/tasks/{number}/{task}").json()["comments"]] == ["b", "a"]
    assert program.post(f"/cases/{number}/comments", {"text": ""}).status_code == 422
    assert program.post(f"/cases/{number}/comments", {"text": " "}).json()["errors"][0]["field"] == "text"
    assert program.post(f"/tasks/{number}/99/comments", {"text": "b"}).status_code == 409
    away = Program(town, "fang_qi")
    assert away.post(f"/cases/{number}/comments", {"text": "a"}).status_code == 403
    assert away.get(f"/cases/{number}/comments").status_code == 403


def test_earlier_comments_are_paged_however_long_the_history(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "READ", 6)
    monkeypatch.setattr(talk, "AT_ONCE", 4)
    monkeypatch.setattr(talk, "MOST", 8)
    number, program = town.claim(), Program(town, "chen_wei")
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    program.post(f"{path}/comments", {"text": "the first"})
    assert "Earlier comments" not in visitor.get(path).text
    for index in range(20):
        assert program.post(f"/cases/{number}/{'watch' if index % 2 == 0 else 'unwatch'}").status_code == 200
    assert "the first" not in visitor.get(path).text and "Earlier comments" in visitor.get(path).text
    program.post(f"/cases/{number}/comments", {"text": "the last"})
    told, pages = list[tuple[str, str]](), 0
    after: int | None = 0
    while after is not None:
        page = program.get(f"/cases/{number}/comments?after={after}&limit=1").json()
        told += [(one["text"], one["step"]) for one in page["comments"]]
        after, pages = page["next"], pages + 1
    assert told == [("the last", ""), ("the first", "Intake")] and pages >= 3
    text = visitor.get(f"/cases/{number}/comments").text
    assert "the last" in text and "the first" not in text
    text = visitor.get(f"/cases/{number}/comments?before=4").text
    assert "the first" in text and "on Intake" in text and 'rel="next"' not in text


def test_what_others_changed_is_asked_of_the_commands_since(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a case has run, no more of its history is opened than was written since the form was."""
    number, program = town.claim(), Program(town, "chen_wei")
    for index in range(12):
        program.post(f"/cases/{number}/comments", {"text": str(index)})
    opened = Opened(Desk(town.caseway, "lin_xiaoyan", "en"), number)
    change = CorrectData({"loss_place": "上海"}, "as the police have it")
    assert isinstance(town.caseway.ask(opened.case, change, "gu_mingyuan"), Accepted)
    opened = Opened(Desk(town.caseway, "lin_xiaoyan", "en"), number)
    read = list[int]()
    real = history.decode_row

    def counted(cipher: Any, previous: bytes, row: Any) -> Any:
        read.append(row.seq)
        return real(cipher, previous, row)

    monkeypatch.setattr(history, "decode_row", counted)
    assert tasks.changed_since(opened, opened.revision - 2, {"loss_place", "loss_date"}) == ["loss_place"]
    assert read == [opened.revision - 1, opened.revision]
    monkeypatch.setattr(tasks, "MOST_SINCE", 5)
    assert tasks.changed_since(opened, 1, {"loss_place", "line"}) == ["line", "loss_place"] and len(read) == 2


def test_who_watches_is_shown_and_one_may_begin_and_end(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("lin_xiaoyan")
    assert "Watch the case" in visitor.get(f"/cases/{number}").text
    assert visitor.post(f"/cases/{number}/watch").headers["location"] == f"/cases/{number}?said=watched"
    text = visitor.get(f"/cases/{number}").text
    assert "Who watches: Lin Xiaoyan" in text and "Watch no longer" in text
    again = visitor.post(f"/cases/{number}/watch")
    assert again.status_code == 409 and "watches this case already" in again.text
    program = Program(town, "lin_xiaoyan")
    assert program.get(f"/cases/{number}/watchers").json() == {
        "watchers": [{"user": "lin_xiaoyan", "name": "Lin Xiaoyan"}], "mine": True,
    }  # fmt: skip
    assert program.post(f"/cases/{number}/unwatch").status_code == 200
    assert "Who watches" not in visitor.get(f"/cases/{number}").text
    assert program.post(f"/cases/{number}/watch").status_code == 200


# --- votes --------------------------------------------------------------------------------------------

BOARD = """
process: board
title: {zh: 审议, en: Board}
number: BD-{year}-{seq}
data: {type: object, properties: {subject: {type: string, title: {zh: 事由, en: Subject}}}}
start: {by: [staff], form: [subject]}
steps:
  ballot:
    title: {zh: 表决, en: Decide}
    human: {queue: intake, approvals: {of: 3, needs: 2}}
    outcomes:
      agree: {title: {zh: 同意, en: Agree}, next: agreed}
      refuse: {title: {zh: 不同意, en: Refuse}, next: refused, reason: required}
  agreed: {end: agreed, title: {zh: 通过, en: Carried}}
  refused: {end: refused, title: {zh: 未通过, en: Not carried}}
"""


@pytest.fixture
def board(town: Town, tmp_path: Path) -> str:
    """A case that waits for votes; its number."""
    source = shutil.copytree(town.caseway.home.processes, tmp_path / "processes")
    (source / "board.yaml").write_text(BOARD, encoding="utf-8")
    town.caseway.deploy(source, "dong_lei")
    answer = town.caseway.start(StartCase("board", {"subject": "a new roof"}), "lu_yao")
    return answer.number


def test_each_votes_on_the_page_and_sees_what_is_still_needed(town: Town, board: str) -> None:
    path, first = page_of(town, board), town.browser("chen_wei")
    text = first.get(path).text
    assert "3 people vote; 2 votes for “Agree” carry it" in text and "Nobody has voted yet." in text
    assert f'action="{path}/claim"' not in text and ">Complete<" not in text
    assert 'name="outcome" value="agree">Agree' in text
    refused = first.post(f"{path}/vote", outcome="refuse")
    assert refused.status_code == 422 and "Give the reason" in refused.text.replace("give", "Give")
    assert first.post(f"{path}/vote", outcome="agree", reason="it leaks").headers["location"] == "/?said=voted"
    text = first.get(path).text
    assert "Chen Wei" in text and "(it leaks)" in text and "2 votes are still to come; “Agree” lacks 1." in text
    assert "a vote has been cast by you" in text and 'name="outcome" value="agree"' not in text
    program = Program(town, "lu_yao")
    task = program.get(f"/tasks/{board}/{town.task_of(board)}").json()
    assert (task["votes"]["missing"], task["actions"]["vote"]) == (1, "")
    assert program.post(f"/tasks/{board}/{task['line']['task']}/vote", {"outcome": "agree"}).status_code == 200
    told = first.get(f"/cases/{board}").text
    assert "the case ended: Carried" in told and "vote on Decide: Agree (it leaks)" in told


def test_what_is_voted_on_is_not_claimed_not_even_with_others(town: Town, board: str) -> None:
    number, program = town.claim(), Program(town, "chen_wei")
    items = [{"number": one, "item": town.task_of(one)} for one in (board, number)]
    done = program.post("/bulk", {"action": "claim", "items": items}).json()
    assert done["done"] == 1
    assert "is decided by votes: cast yours" in done["answers"][0]["problem"]["detail"]
    assert program.post("/next").status_code == 204
    inbox = town.browser("chen_wei").get("/").text
    assert f'action="/tasks/{board}/' not in inbox and f'href="/tasks/{board}/' in inbox


# --- what a task tells --------------------------------------------------------------------------------


def test_who_asked_for_a_review_reads_the_answer_on_the_task(town: Town) -> None:
    number = town.claim()
    path, holder = page_of(town, number), town.browser("chen_wei")
    holder.post(f"{path}/claim")
    assert holder.post(f"{path}/ask_review", question="Is it covered?").status_code == 422
    assert holder.post(f"{path}/ask_review", user="lin_xiaoyan", question="Is it covered?").status_code == 303
    other = town.browser("lin_xiaoyan")
    asked = other.get(path).text
    assert "Is it covered?" in asked and "not answered yet" in asked and "You cannot work on this" not in asked
    other.post(f"{path}/answer", answer="It is, by clause 3.", agrees="true")
    text = holder.get(path).text
    assert "It is, by clause 3." in text and "agrees" in text and "Is it covered?" in text


def test_a_task_is_laid_aside_with_a_date_within_two_years(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    for until, words in (
        (None, "Give a date and a time."), ("", "Give a date and a time."), ("tomorrow", "Give a date and a time."),
        ("2026-03-01T10:00", "a moment to come, not 2026-03-01 10:00"), ("9999-12-31T00:00", "two years at most"),
    ):  # fmt: skip
        given = {} if until is None else {"until": until}
        answer = visitor.post(f"{path}/follow_up", **given)
        assert answer.status_code in (409, 422) and words in answer.text, until
    visitor.post(f"{path}/follow_up", until="2026-03-05T09:00", reason="the garage is closed")
    text = visitor.get(path).text
    assert "laid aside until 2026-03-05 09:00: the garage is closed" in text


def test_what_was_sent_wrong_is_told_in_words(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    nobody = visitor.post(f"{path}/delegate", reason="x")
    assert nobody.status_code == 422 and "Choose a person." in nobody.text
    priority = town.browser("lin_xiaoyan").post(f"{path}/priority", priority="abc")
    assert priority.status_code == 422 and "A priority is a whole number from 0 to 100." in priority.text


def test_it_is_said_that_one_is_at_work_on_it(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    assert "Start work on it" in visitor.get(path).text
    assert visitor.post(f"{path}/start").headers["location"] == f"{path}?said=begun"
    assert "Start work on it" not in visitor.get(path).text
    other = town.claim(policy_number="PM2026000002")
    program = Program(town, "chen_wei")
    program.post(f"/tasks/{other}/{town.task_of(other)}/claim")
    assert program.post(f"/tasks/{other}/{town.task_of(other)}/start").status_code == 200


def test_a_draft_keeps_the_outcome_and_the_reason_and_says_when(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    visitor.headers = {"x-draft": "1"}
    saved = visitor.post(f"{path}/draft", outcome="mistaken", reason="a wrong number", **INTAKE)
    assert (saved.status_code, saved.headers["x-saved"]) == (204, "10:00:00")
    visitor.headers = {}
    text = visitor.get(path).text
    assert 'value="mistaken" checked' in text and ">a wrong number</textarea>" in text
    assert "This is the draft that you saved at 2026-03-03 10:00." in text
    other = town.browser("ma_chao").get(path).text
    assert "a wrong number" not in other


def test_a_form_sent_again_is_answered_as_the_first_time(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    sent = {"outcome": "accept", **INTAKE, **hidden(visitor.get(path).text)}
    first = visitor.post(f"{path}/complete", **sent)
    again = visitor.post(f"{path}/complete", **sent)
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    late = town.browser("lu_yao").post(f"{path}/complete", **sent)
    assert late.status_code == 404 and f'href="/cases/{number}"' in late.text


def test_a_task_is_handed_to_somebody_in_another_queue_or_above(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("lin_xiaoyan")
    text = visitor.get(path).text
    assert 'value="documents/">' in text and 'value="documents/ma_chao"' in text
    assert visitor.post(f"{path}/transfer", to="documents/ma_chao", reason="knows it").status_code == 303
    row = town.caseway.connection.one("SELECT queue, assignee FROM tasks WHERE number = ?", (number,))
    assert row == ("documents", "ma_chao")
    text = town.browser("ma_chao").get(path).text
    assert 'label="Those above"' in text  # it is meant for ma_chao, who may give it on without taking it
    town.browser("ma_chao").post(f"{path}/claim")
    text = town.browser("ma_chao").get(path).text
    assert 'label="Those above"' in text and 'value="/lin_xiaoyan"' in text
    assert town.browser("ma_chao").post(f"{path}/transfer", to="/lin_xiaoyan").status_code == 303


def test_a_task_shows_what_happened_last(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    text = visitor.get(path).text
    assert "What happened last" in text and f"case {number} was started" in text
    assert f'href="/cases/{number}#history"' in text


def test_the_cases_that_one_watches_are_a_list(town: Town) -> None:
    one, other = town.claim(), town.claim(policy_number="PM2026000009")
    visitor, program = town.browser("chen_wei"), Program(town, "chen_wei")
    assert visitor.post(f"/cases/{other}/watch").status_code == 303
    page = visitor.get("/cases?watched=me").text
    assert other in page and one not in page and 'value="me" checked' in page
    assert [case["number"] for case in program.get("/cases?watched=me").json()["cases"]] == [other]
    assert len(program.get("/cases").json()["cases"]) == 2
    assert program.get("/cases?watched=all").status_code == 422


def test_a_task_reads_the_newest_of_a_long_history_only(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    number = town.claim()
    program, path = Program(town, "chen_wei"), page_of(town, number)
    for place in range(6):
        assert program.post(f"/cases/{number}/comments", {"text": f"word {place}"}).is_success
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    whole = read(town.caseway.database, town.caseway.vault, case)
    for newest in (1, 3, len(whole), len(whole) + 5):
        assert read(town.caseway.database, town.caseway.vault, case, newest) == whole[-newest:]
    monkeypatch.setattr("web.tasks.READ", 2)
    text = town.browser("chen_wei").get(path).text
    assert "word 5" in text and "word 4" in text and "word 3" not in text
    assert "word 0" in town.browser("chen_wei").get(f"/cases/{number}").text
