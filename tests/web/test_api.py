"""The API: tokens, problem details, idempotency, revisions, and that OpenAPI tells it all."""

from typing import Any

import httpx
import pytest

from tests.web.conftest import Town
from web import commands


class Program:
    """A program with a token."""

    def __init__(self, town: Town, user: str, language: str = "en") -> None:
        self.visitor = town.browser(language=language)
        self.visitor.headers = {"authorization": f"Bearer {town.app.state.accounts.issue(user, 'test')}"}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.visitor.ask("GET", f"/api{path}", **more)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.visitor.ask("POST", f"/api{path}", json=body, headers={**self.visitor.headers, **named})


INTAKE = {
    "line": "motor", "injury": False, "urgent_need": False, "foreign_related": False, "terms_disputed": False,
    "compulsory_motor": False,
}  # fmt: skip


def test_without_a_good_token_there_is_nothing(town: Town) -> None:
    visitor = town.browser()
    assert visitor.get("/api/me").status_code == 401
    visitor.headers = {"authorization": "Bearer caseway_nonsense"}
    answer = visitor.get("/api/me")
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated" and "set-cookie" not in answer.headers


def test_a_revoked_token_and_one_of_somebody_else_are_told_apart(town: Town) -> None:
    program, accounts = Program(town, "chen_wei"), town.app.state.accounts
    assert program.get("/me").json()["user"] == "chen_wei"
    digest = accounts.tokens(town.caseway.connection, "chen_wei")[0].digest
    assert not accounts.revoke("liu_yang", digest) and program.get("/me").status_code == 200
    assert accounts.revoke("chen_wei", digest) and program.get("/me").status_code == 401


def test_a_session_may_read_and_needs_the_pages_token_to_act(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("chen_wei")
    path = f"/api/tasks/{number}/{town.task_of(number)}/claim"
    assert visitor.get("/api/inbox").status_code == 200
    assert visitor.ask("POST", path).status_code == 403
    visitor.headers = {"x-csrf-token": visitor.token()}
    assert visitor.ask("POST", path).status_code == 200


def test_a_task_from_taking_to_done(town: Town) -> None:
    number, program = town.claim(), Program(town, "chen_wei")
    taken = program.post("/next").json()
    assert taken["line"]["number"] == number and taken["actions"]["complete"] == ""
    path = f"/tasks/{number}/{taken['line']['task']}"
    refused = program.post(f"{path}/complete", {"outcome": "mistaken", "data": INTAKE})
    assert refused.status_code == 422 and refused.json()["errors"] == [
        {"field": "reason", "message": "Give the reason"}
    ]
    assert program.post(f"{path}/complete", {"outcome": "accept", "data": INTAKE}).status_code == 200
    assert program.get(path).status_code == 404
    assert program.post("/next").status_code == 204


def test_the_same_key_does_it_once_and_another_payload_under_it_is_refused(town: Town) -> None:
    program = Program(town, "lu_yao")
    data = {
        "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001",
        "customer_name": "王小明", "customer_phone": "13800000000", "event": "collision", "loss_date": "2026-03-02",
        "description": "追尾", "claimed_amount": 8000.10,
    }  # fmt: skip
    body = {"process": "claims", "data": data}
    first = program.post("/cases", body, idempotency_key="one")
    again = program.post("/cases", body, idempotency_key="one")
    assert first.status_code == again.status_code == 201
    assert first.json()["number"] == again.json()["number"] and again.json()["repeated"]
    assert program.post("/cases", {**body, "data": {**data, "description": "x"}}, idempotency_key="one").is_error
    other = Program(town, "jin_tao").post("/cases", body, idempotency_key="one")
    assert other.json()["number"] != first.json()["number"]
    facts = program.get(f"/cases/{first.json()['number']}").json()["facts"]
    assert {"8,000.10"} == {fact["value"] for fact in facts if fact["name"] == "claimed_amount"}


def test_a_case_that_has_moved_on_refuses_who_saw_it_before(town: Town) -> None:
    number = town.claim()
    path = f"/tasks/{number}/{town.task_of(number)}"
    one, other = Program(town, "chen_wei"), Program(town, "liu_yang")
    tag = one.get(path).headers["etag"]
    assert other.post(f"{path}/claim", if_match=tag).status_code == 200
    late = one.post(f"{path}/claim", if_match=tag)
    assert late.status_code == 412 and late.json()["code"] == "stale" and "look again" in late.json()["detail"]
    late = Program(town, "chen_wei", "zh").post(f"{path}/claim", if_match=tag)
    assert late.status_code == 412 and "请重新查看" in late.json()["detail"]
    assert one.post(f"{path}/claim", if_match="many").status_code == 400


def test_four_eyes_are_told_in_the_callers_language(town: Town) -> None:
    number = town.claim()
    path = f"/tasks/{number}/{town.task_of(number)}"
    zh = Program(town, "gu_mingyuan", "zh").post(f"{path}/claim")
    assert zh.status_code == 403 and "队列" in zh.json()["detail"] and "intake" not in zh.json()["detail"]


def test_a_case_is_suspended_and_resumed_by_who_may(town: Town) -> None:
    number = town.claim()
    nobody, manager = Program(town, "fang_qi"), Program(town, "gu_mingyuan")
    assert nobody.post(f"/cases/{number}/suspend", {"reason": "x"}).status_code == 403
    assert manager.post(f"/cases/{number}/suspend", {}).status_code == 422
    assert manager.post(f"/cases/{number}/suspend", {"reason": "litigation"}).status_code == 200
    assert manager.get(f"/cases/{number}").json()["line"]["status"] == "suspended"
    claim = Program(town, "chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    assert claim.status_code == 409 and "suspended" in claim.json()["detail"]
    assert manager.post(f"/cases/{number}/resume").status_code == 200


def test_secrets_are_nowhere_in_what_is_told(town: Town) -> None:
    number, program = town.claim(), Program(town, "chen_wei")
    for path in (f"/cases/{number}", f"/tasks/{number}/{town.task_of(number)}", "/cases?q=11010119900101123X"):
        assert "11010119900101123X" not in program.get(path).text and "sealed:" not in program.get(path).text


def test_the_floor_is_for_supervisors(town: Town) -> None:
    town.claim()
    assert Program(town, "chen_wei").get("/floor").status_code == 403
    floor = Program(town, "lin_xiaoyan").get("/floor").json()
    assert {"intake": 1}.items() <= {one["name"]: one["waiting"] for one in floor["queues"]}.items()


def test_openapi_names_every_path_of_the_api_and_its_problems(town: Town) -> None:
    told = town.browser().get("/api/openapi.json").json()
    assert {"/api/inbox", "/api/tasks/{number}/{task}/{action}", "/api/cases", "/api/floor"} <= set(told["paths"])
    assert all(path.startswith("/api/") for path in told["paths"])
    operation = told["paths"]["/api/next"]["post"]
    assert "application/problem+json" in operation["responses"]["409"]["content"]


def test_the_next_task_asked_for_again_under_a_key_is_the_same(town: Town) -> None:
    town.claim()
    town.claim(policy_number="PM2026000002")
    program = Program(town, "chen_wei")
    first = program.post("/next", idempotency_key="n1").json()["line"]
    again = program.post("/next", idempotency_key="n1").json()["line"]
    other = program.post("/next", idempotency_key="n2").json()["line"]
    assert first["number"] == again["number"] != other["number"]
    assert len(program.get("/inbox").json()["mine"]) == 2
    assert program.post("/next").status_code == 204


def test_a_next_task_asked_for_twice_at_once_is_one(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two servers may look for what was given under the key before either has given anything."""
    town.claim()
    town.claim(policy_number="PM2026000002")
    program, look = Program(town, "chen_wei"), commands._taken
    first = program.post("/next", idempotency_key="n1").json()["line"]
    found: list[Any] = [None]
    monkeypatch.setattr(commands, "_taken", lambda desk, id: found.pop() if found else look(desk, id))
    again = program.post("/next", idempotency_key="n1").json()["line"]
    assert not found and (first["number"], first["task"]) == (again["number"], again["task"])
    assert len(program.get("/inbox").json()["mine"]) == 1


def test_a_message_reaches_the_case_that_waits_once(town: Town) -> None:
    number, program = town.claim(), Program(town, "lu_yao")
    said = {"name": "claim_withdrawn", "key": number, "data": {"reason": "自行修理"}}
    first, again = (program.post("/messages", said, idempotency_key="m1") for _ in range(2))
    assert first.status_code == 202 and again.json()["id"] == first.json()["id"] and first.json()["state"] == "pending"
    town.caseway.sweep()
    town.caseway.work()
    assert program.post("/messages", said, idempotency_key="m1").json()["state"] == "delivered"
    assert "intake" not in {task["step"] for task in program.get(f"/cases/{number}").json()["tasks"]}
    other = program.post("/messages", {**said, "key": "another"}, idempotency_key="m1")
    assert other.status_code == 409


def test_a_message_that_cannot_be_taken_in_says_why(town: Town) -> None:
    program = Program(town, "lu_yao")
    unknown = program.post("/messages", {"name": "claim_withdraw", "key": "x"})
    assert unknown.status_code == 404 and "claim_withdrawn" in unknown.json()["detail"]
    wrong = program.post("/messages", {"name": "claim_withdrawn", "key": "x", "data": {"reson": "so"}})
    assert wrong.status_code == 422 and "reson" in str(wrong.json())
    inner = program.post("/messages", {"name": "extension_due", "key": "x"})
    assert inner.status_code == 403 and inner.json()["code"] == "sender"
    assert program.post("/messages", {"name": "claim_withdrawn", "key": ""}).status_code == 422
