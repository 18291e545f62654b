"""Fields that ask for a file: on the task's page, in drafts, corrected, under the API, and what is no file."""

import re
from decimal import Decimal
from typing import Any

from engine.core.commands import CompleteTask
from engine.runtime.answers import Accepted
from tests.support.samples import HTML, PDF
from tests.web.conftest import Town, Visitor

FOUND = {"data.surveyed_on": "2026-03-03", "data.survey_findings": "属实", "outcome": "done"}


def surveyed(town: Town) -> tuple[Visitor, str, int]:
    """A surveyor who holds a survey; the case's number and the task."""
    number = town.claim(claimed_amount=Decimal("80000.00"))
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    fine = {f"papers_{what}": True for what in ("complete", "compliant", "authentic")}
    for user, outcome, data in (
        ("zhang_min", "accept", {"line": "motor"}), ("guo_xin", "complete", {**fine, "missing_papers": []}),
    ):  # fmt: skip
        town.settle()
        answer = town.caseway.ask(case, CompleteTask(town.task_of(number), outcome, data), user)
        assert isinstance(answer, Accepted), answer
    town.settle()
    visitor, task = town.browser("xie_feng"), town.task_of(number)
    assert visitor.post(f"/tasks/{number}/{task}/claim").status_code == 303
    return visitor, number, task


def sent(visitor: Visitor, path: str, name: str, content: bytes, **fields: str) -> Any:
    files: Any = [("file.survey_report", (name, content, "application/octet-stream"))]
    return visitor.ask("POST", path, data={"csrf": visitor.token(), **fields}, files=files)


def test_a_file_comes_with_the_form_and_is_shown(town: Town) -> None:
    visitor, number, task = surveyed(town)
    page = visitor.get(f"/tasks/{number}/{task}").text
    assert 'type="file"' in page and "multipart/form-data" in page
    done = sent(visitor, f"/tasks/{number}/{task}/complete", "报告.pdf", PDF, **FOUND)
    assert done.status_code == 303, done.text[:2000]
    shown = visitor.get(f"/cases/{number}").text
    link = re.search(rf'href="(/cases/{number}/files/[0-9]+)">报告.pdf', shown)
    assert link is not None
    assert visitor.get(link[1]).content == PDF


def test_a_draft_keeps_it_and_another_takes_its_place(town: Town) -> None:
    visitor, number, task = surveyed(town)
    assert sent(visitor, f"/tasks/{number}/{task}/draft", "一.pdf", PDF).status_code == 303
    page = visitor.get(f"/tasks/{number}/{task}").text
    assert "一.pdf" in page and 'name="data.survey_report" value="1"' in page
    assert sent(visitor, f"/tasks/{number}/{task}/draft", "二.pdf", PDF + b"\n").status_code == 303
    assert "二.pdf</a>" in visitor.get(f"/tasks/{number}/{task}").text


def test_what_is_wrong_is_said_at_the_field_and_nothing_else_is_lost(town: Town) -> None:
    visitor, number, task = surveyed(town)
    page = sent(visitor, f"/tasks/{number}/{task}/complete", "报告.pdf", HTML, **FOUND)
    assert page.status_code == 422 and 'id="f-survey_report-error"' in page.text and "属实" in page.text
    fields = {**FOUND, "data.survey_findings": ""}
    page = sent(visitor, f"/tasks/{number}/{task}/complete", "报告.pdf", PDF, **fields)
    assert page.status_code == 422 and "报告.pdf</a>" in page.text, "the file need not be chosen again"


def test_a_number_that_is_no_file_of_the_case_is_refused(town: Town) -> None:
    visitor, number, task = surveyed(town)
    page = visitor.post(f"/tasks/{number}/{task}/complete", **FOUND, **{"data.survey_report": "7"})
    assert page.status_code == 422 and "the case has no file with the number 7" in page.text


def test_a_file_that_a_field_holds_stays_until_the_field_is_corrected(town: Town) -> None:
    visitor, number, task = surveyed(town)
    sent(visitor, f"/tasks/{number}/{task}/complete", "报告.pdf", PDF, **FOUND)
    refused = visitor.post(f"/cases/{number}/files/1/remove", reason="错了")
    assert refused.status_code == 422 or refused.status_code == 409
    assert "survey_report holds this file" in refused.text
    manager = town.browser("zhou_jianguo")
    page = manager.get(f"/cases/{number}/correct").text
    assert '<option value="1" selected>报告.pdf</option>' in page


def test_programs_take_the_file_in_and_give_its_number(town: Town) -> None:
    program, number, task = surveyed(town)
    token = town.app.state.accounts.issue("xie_feng", "tests")
    program.headers["Authorization"] = f"Bearer {token}"
    program.cookies.clear()
    made = program.ask("POST", f"/api/cases/{number}/attachments", files={"file": ("报告.pdf", PDF)})
    assert made.status_code == 201 and made.json()["attachment"] == 1
    data = {"surveyed_on": "2026-03-03", "survey_findings": "属实", "survey_report": 1}
    done = program.ask("POST", f"/api/tasks/{number}/{task}/complete", json={"outcome": "done", "data": data})
    assert done.status_code == 200, done.text
    wrong = {**data, "survey_report": 9}
    assert program.ask("POST", f"/api/tasks/{number}/{task}/complete", json={"outcome": "done", "data": wrong}).is_error
