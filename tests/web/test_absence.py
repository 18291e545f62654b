"""Who notes an absence is told what stays behind, and moves it; the floor says who is not there."""

from datetime import timedelta
from typing import Any

from tests.web.conftest import Town
from tests.web.test_admin import send
from tests.web.test_api import Program

DAYS = {"from": "2026-03-02", "to": "2026-03-06"}


def held(town: Town, *policies: str) -> list[str]:
    """Claims that Chen Wei has taken, by number."""
    numbers = [town.claim(policy_number=policy) for policy in policies]
    for number in numbers:
        assert Program(town, "chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim").status_code == 200
    return numbers


def holder(town: Town, number: str) -> tuple[Any, ...]:
    sql = "SELECT holder, assignee FROM tasks WHERE number = ? AND closed_at IS NULL"
    return tuple(town.caseway.connection.one(sql, (number,)))


def test_one_who_goes_away_moves_what_they_have_to_the_substitute(town: Town) -> None:
    one, other = held(town, "PM2026000001", "PM2026000002")
    visitor = town.browser("chen_wei")
    noted = visitor.post("/account/absences", **DAYS, substitute="liu_yang")
    place = noted.headers["location"]
    assert noted.status_code == 303 and place.startswith("/absences/"), noted.text
    page = visitor.get(place).text
    assert one in page and other in page and "Move to the substitute" in page
    path = place.partition("?")[0]
    assert visitor.post(path, to="substitute").status_code == 422  # none is marked
    moved = visitor.post(path, to="substitute", task=f"{one}/{town.task_of(one)}")
    assert "1 done, 0 not" in moved.text
    assert holder(town, one) == ("", "liu_yang") and holder(town, other)[0] == "chen_wei"
    assert visitor.post(path, to="leave").headers["location"] == "/account"
    assert "2026-03-02" in visitor.get("/account").text
    assert town.browser("liu_yang").get(path).status_code == 403
    assert visitor.get("/absences/none").status_code == 404


def test_what_is_meant_for_one_by_name_may_be_given_on(town: Town) -> None:
    (number,) = held(town, "PM2026000001")
    task = f"/tasks/{number}/{town.task_of(number)}"
    to = {"user": "liu_yang", "reason": "yours"}
    assert Program(town, "chen_wei").post(f"{task}/transfer", to).status_code == 200
    assert holder(town, number) == ("", "liu_yang")
    assert Program(town, "chen_wei").post(f"{task}/transfer", to).status_code == 403
    town.clock.advance(timedelta(minutes=1))  # what was done before was done under the organisation before
    made = Program(town, "liu_yang").post("/admin/absences", {"user": "liu_yang", **DAYS}).json()
    assert made["tasks"] == 1
    answer = Program(town, "liu_yang").post(f"/admin/absences/{made['key']}/move", {"to": "queue"}).json()
    assert answer["done"] == 1, answer
    assert holder(town, number) == ("", "")
    assert town.caseway.verify(deep=True).clean


def test_a_manager_moves_the_work_of_their_line_only_of_the_processes_concerned(town: Town) -> None:
    (number,) = held(town, "PM2026000001")
    lead, away = town.browser("zhou_jianguo"), {"user": "chen_wei", **DAYS}
    none = send(lead, "absences", **away, processes="complaint")
    assert none.status_code == 303, none.text
    assert none.headers["location"].startswith("/admin/absences?")  # nothing of complaints is in hand
    send(lead, "absences/end", key=Program(town, "zhou_jianguo").get("/admin/absences").json()["absences"][0]["key"])
    made = Program(town, "zhou_jianguo").post("/admin/absences", {**away, "processes": ["claims"]}).json()
    left = Program(town, "zhou_jianguo").get(f"/admin/absences/{made['key']}/tasks").json()
    assert ([one["number"] for one in left["tasks"]], left["ways"]) == ([number], ["queue", "leave"])
    (refused,) = (
        Program(town, "zhou_jianguo")
        .post(f"/admin/absences/{made['key']}/move", {"to": "substitute"})
        .json()["answers"]
    )
    assert refused["problem"]["detail"] == "nobody stands in for this process"
    page = lead.post(f"/absences/{made['key']}", to="queue", task=f"{number}/{town.task_of(number)}").text
    assert "1 done, 0 not" in page and "There is nothing to be moved." in page and holder(town, number) == ("", "")


def test_the_floor_says_who_is_away_and_keeps_in_sight_who_has_left(town: Town) -> None:
    held(town, "PM2026000001")
    Program(town, "dong_lei").post("/admin/absences", {"user": "chen_wei", **DAYS, "substitute": "liu_yang"})
    town.caseway.refresh()
    people = {one["name"]: one for one in Program(town, "lin_xiaoyan").get("/floor").json()["people"]}
    assert (people["chen_wei"]["away"], people["chen_wei"]["substitute"]) == ("2026-03-06", "Liu Yang")
    assert not people["liu_yang"]["away"] and not any(one["gone"] for one in people.values())
    assert "away until 2026-03-06" in town.browser("lin_xiaoyan").get("/floor").text
