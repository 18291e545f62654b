"""Ad-hoc blocks on the page of a case and in the API: what may be begun, by whom, and what ends the block."""

import re
from typing import Any

import pytest

from engine.core.commands import CompleteTask, StartCase
from engine.runtime.answers import Accepted
from tests.support.adhoc import written
from tests.web.conftest import Town, Visitor


@pytest.fixture
def number(town: Town) -> str:
    """A case at the scene; it is chen_wei's."""
    caseway = town.caseway
    caseway.deploy(written(caseway.home.processes), "dong_lei")
    begun = caseway.start(StartCase("incident_command", {}), "chen_wei")
    assert isinstance(begun, Accepted), begun
    done(town, begun.number)
    return begun.number


def done(town: Town, number: str, **data: Any) -> None:
    """chen_wei completes the newest task of the case."""
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    answer = town.caseway.ask(case, CompleteTask(town.task_of(number), "", data), "chen_wei")
    assert isinstance(answer, Accepted), answer


def api(town: Town, user: str) -> Visitor:
    visitor = town.browser(user)
    visitor.headers["x-csrf-token"] = visitor.token()
    return visitor


def sent(page: str, action: str, **named: str) -> dict[str, str]:
    """What the page's own form about that would send."""
    for form in re.findall(rf'<form method="post" action="[^"]*/{action}".*?</form>', page, re.DOTALL):
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        if named.items() <= fields.items():
            return {name: value for name, value in fields.items() if name != "csrf"}
    raise AssertionError(f"no form {action} {named}")


def test_steps_are_begun_and_the_block_is_finished_on_the_page(town: Town, number: str) -> None:
    owner, page = town.browser("chen_wei"), f"/cases/{number}"
    text = owner.get(page).text
    assert "At the scene" in text and "Take photos" in text and "Hear a witness" in text
    asked = sent(text, "begin", step="photo")
    for _ in range(2):  # sent twice, begun once
        assert owner.post(f"{page}/begin", **asked).status_code == 303
    text = owner.get(page).text
    assert "1 open" in text and "began: Take photos" in text and f"{page}/finish" not in text
    assert "once nothing in it is open" in text
    refused = owner.post(f"{page}/finish", token=asked["token"])
    assert refused.status_code == 409 and 'role="alert"' in refused.text
    done(town, number)
    assert owner.post(f"{page}/finish", **sent(owner.get(page).text, "finish")).status_code == 303
    text = town.browser("chen_wei", "zh").get(page).text
    assert "现场处置 结束" in text and "安全确认" in text and f"{page}/finish" not in text  # it has a condition
    assert "满足条件" in text
    token = re.findall(r'name="token" value="(\d+)"', text)[0]
    told = owner.post(f"{page}/finish", token=token)
    assert told.status_code == 409 and "Securing" in told.text and "ends by its condition, not by hand" in told.text
    assert owner.post(f"{page}/begin", **sent(text, "begin", step="check")).status_code == 303
    done(town, number, safe=True)
    assert "Securing is finished" in owner.get(page).text


def test_who_may_not_is_told_why_and_sees_no_button(town: Town, number: str) -> None:
    other = town.browser("liu_yang")
    text = other.get(f"/cases/{number}").text
    assert "Take photos" in text and f"/cases/{number}/begin" not in text and "who owns the case" in text
    token = town.browser("chen_wei").get(f"/api/cases/{number}").json()["blocks"][0]["token"]
    assert other.post(f"/cases/{number}/begin", token=token, step="photo").status_code == 403


def test_programs_begin_and_finish_with_a_key(town: Town, number: str) -> None:
    program, path = api(town, "chen_wei"), f"/api/cases/{number}"
    (block,) = program.get(path).json()["blocks"]
    assert block["step"] == "scene" and block["by_hand"] and block["why"] == block["why_open"] == ""
    assert [(one["step"], one["title"], one["standing"]) for one in block["steps"]] == [
        ("photo", "Take photos", 0), ("witness", "Hear a witness", 0),
    ]  # fmt: skip
    given, headers = {"token": block["token"], "step": "witness"}, {**program.headers, "idempotency-key": "k-1"}
    for _ in range(2):
        answer = program.ask("POST", f"{path}/begin", json=given, headers=headers)
        assert answer.status_code == 200, answer.text
    assert [one["standing"] for one in program.get(path).json()["blocks"][0]["steps"]] == [0, 1]
    wrong = program.ask("POST", f"{path}/begin", json={**given, "step": "arrive"})
    assert wrong.status_code in (409, 422) and wrong.json()["code"] == "step"
    assert program.ask("POST", f"{path}/begin", json={**given, "token": 999}).json()["code"] == "scope"
    done(town, number)
    assert program.ask("POST", f"{path}/finish", json={"token": block["token"]}).status_code == 200
    assert [one["step"] for one in program.get(path).json()["blocks"]] == ["securing"]
    assert api(town, "liu_yang").get(path).json()["blocks"][0]["why"]
