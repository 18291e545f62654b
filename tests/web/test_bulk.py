"""Several tasks at once, and late clocks acknowledged: on the pages and under the API."""

from datetime import timedelta

from tests.web.conftest import Town
from tests.web.test_api import Program


def test_each_of_several_is_answered_by_itself(town: Town) -> None:
    one, other = town.claim(), town.claim(policy_number="PM2026000002")
    program = Program(town, "chen_wei")
    items = [{"number": number, "item": town.task_of(number)} for number in (one, other)]
    away = {"number": "LP-2026-999999", "item": 1}
    done = program.post("/bulk", {"action": "claim", "items": [*items, items[0], away]}).json()
    assert done["done"] == 2 and len(done["answers"]) == 3
    assert [answer["revision"] for answer in done["answers"]] == [2, 2, None]
    assert done["answers"][2]["problem"]["status"] == 404
    late = Program(town, "liu_yang").post("/bulk", {"action": "claim", "items": items}).json()
    assert late["done"] == 0
    assert all("Chen Wei holds" in answer["problem"]["detail"] for answer in late["answers"])


def test_several_are_done_once_under_a_key(town: Town) -> None:
    number, program = town.claim(), Program(town, "lin_xiaoyan")
    body = {"action": "comment", "items": [{"number": number, "item": town.task_of(number)}], "text": "call back"}
    first = program.post("/bulk", body, idempotency_key="k1").json()
    again = program.post("/bulk", body, idempotency_key="k1").json()
    assert first == again and first["done"] == 1
    told = program.get(f"/cases/{number}").json()["history"]
    assert sum("call back" in text for entry in told for text in entry["told"]) <= 1


def test_what_an_action_does_not_take_is_refused_by_name(town: Town) -> None:
    number, program = town.claim(), Program(town, "lin_xiaoyan")
    items = [{"number": number, "item": town.task_of(number)}]
    wrong = program.post("/bulk", {"action": "claim", "items": items, "reason": "x"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "reason"
    ranked = program.post(
        "/bulk", {"action": "priority", "items": items, "priority": 70, "reason": "the customer called"}
    )
    assert ranked.json()["done"] == 1
    assert program.post("/bulk", {"action": "priority", "items": items * 101}).status_code == 422


def test_incidents_are_tried_again_by_who_may_act_on_the_case(town: Town) -> None:
    number = town.claim()
    body = {"action": "retry", "items": [{"number": number, "item": 99}]}
    (nobody,) = Program(town, "fang_qi").post("/bulk", body).json()["answers"]
    (manager,) = Program(town, "gu_mingyuan").post("/bulk", body).json()["answers"]
    assert nobody["problem"]["status"] == 403 and manager["problem"]["status"] == 409


def test_marked_tasks_of_the_inbox_are_taken_together(town: Town) -> None:
    numbers = [town.claim(policy_number=f"PM202600000{index}") for index in range(3)]
    visitor = town.browser("chen_wei")
    marked = [f"{number}/{town.task_of(number)}" for number in numbers[:2]]
    assert visitor.post("/", action="claim").status_code == 422
    answer = visitor.post("/", action="claim", task=marked)
    assert answer.status_code == 200 and "2 done, 0 not" in answer.text
    assert len(visitor.get("/api/inbox").json()["mine"]) == 2
    noted = visitor.post(
        "/", action="comment", text="waits for a call", task=[f"{numbers[2]}/{town.task_of(numbers[2])}"]
    )
    assert "1 done, 0 not" in noted.text


def test_a_late_clock_is_acknowledged_with_a_reason_and_shows_it(town: Town) -> None:
    number, lin = town.claim(), Program(town, "lin_xiaoyan")
    late = f"/cases/{number}/clocks/review_24h/acknowledge"
    early = lin.post(late, {"reason": "staff"})
    town.clock.advance(timedelta(hours=25))
    (clock,) = [one["clock"] for one in lin.get("/floor/breaches").json()["breaches"] if one["number"] == number][:1]
    late = f"/cases/{number}/clocks/{clock}/acknowledge"
    assert early.status_code == 409
    assert Program(town, "chen_wei").post(late, {"reason": "staff"}).status_code == 403
    assert Program(town, "ren_hong").post(late, {"reason": "staff"}).status_code == 403  # not of her floor
    wrong = lin.post(late, {"reason": "weather"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "reason"
    before = lin.get("/floor").json()
    assert lin.post(late, {"reason": "staff", "note": "two on leave"}).status_code == 200
    after = lin.get("/floor").json()
    assert (before["unacknowledged"], before["late"]) == (after["unacknowledged"] + 1, after["late"])
    (told,) = [one for one in after["breaches"] if one["number"] == number and one["clock"] == clock]
    assert (told["reason"], told["reason_title"], told["acknowledged_by_name"]) == (
        "staff",
        "Too few people",
        "Lin Xiaoyan",
    )
    assert "two on leave" in town.browser("lin_xiaoyan").get(f"/cases/{number}").text
    assert town.caseway.verify(deep=True).clean


def test_the_floors_form_acknowledges_and_says_what_is_wrong(town: Town) -> None:
    number = town.claim()
    town.clock.advance(timedelta(hours=25))
    visitor = town.browser("lin_xiaoyan")
    clock = next(one["clock"] for one in visitor.get("/api/floor").json()["breaches"])
    path = f"/floor/breaches/{number}/{clock}"
    assert visitor.post(path, reason="weather").status_code == 422
    assert visitor.post(path, reason="outside", run="1").status_code == 303
    assert "Waiting for others outside" in visitor.get("/floor").text


def test_pages_of_late_clocks_follow_each_other(town: Town) -> None:
    for index in range(4):
        town.claim(policy_number=f"PM202600001{index}")
    town.clock.advance(timedelta(hours=49))
    program, seen, after = Program(town, "gu_mingyuan"), list[tuple[str, str]](), ""
    total = program.get("/floor").json()["late"]
    while True:
        found = program.get(f"/floor/breaches?limit=3&after={after}").json()
        seen += [(one["number"], one["clock"]) for one in found["breaches"]]
        after = found["next"]
        if not after:
            break
    assert len(seen) == len(set(seen)) == total > 4
    assert program.get("/floor/breaches?after=nonsense").status_code == 400
