"""The floor's figures and bulk actions, cases and what is done with them; who may see and do what."""

from datetime import timedelta

from tests.web.conftest import Town


def test_the_floors_figures_are_at_most_ten_seconds_old_and_say_so(town: Town) -> None:
    town.claim()
    visitor = town.browser("lin_xiaoyan")
    first = visitor.get("/api/floor").json()
    town.claim()
    town.clock.advance(timedelta(seconds=9))
    assert visitor.get("/api/floor").json() == first
    town.clock.advance(timedelta(seconds=2))
    later = visitor.get("/api/floor").json()
    assert later["at"] > first["at"]
    assert [sum(one["waiting"] for one in floor["queues"]) for floor in (first, later)] == [1, 2]


def test_a_late_clock_is_on_the_floor_with_its_clause(town: Town) -> None:
    number = town.claim()
    town.clock.advance(timedelta(hours=25))
    text = town.browser("lin_xiaoyan").get("/floor").text
    assert f'href="/cases/{number}"' in text and "manual E-7.2" in text and "late" in text


def test_several_are_moved_at_once_and_each_is_answered(town: Town) -> None:
    one, other = town.claim(), town.claim(policy_number="PM2026000002")
    handler = town.browser("chen_wei")
    handler.post(f"/tasks/{other}/{town.task_of(other)}/claim")
    visitor = town.browser("lin_xiaoyan")
    chosen = [f"{number}/{town.task_of(number)}" for number in (one, other)]
    path = "/floor/tasks?queue=intake"
    assert visitor.post(path).status_code == 422
    answer = visitor.post(path, task=[*chosen, "LP-1999-000001/1"], action="priority", priority="77").text
    assert "2 done, 1 not" in answer and answer.count(">77<") == 2
    answer = visitor.post(path, task=chosen, action="transfer", to_user="fang_qi").text
    assert "0 done, 2 not" in answer and "Fang Qi" in answer
    assert "2 done, 0 not" in visitor.post(path, task=chosen, action="transfer", to_queue="claims_closing").text


def test_only_who_looks_after_a_queue_sees_into_it(town: Town) -> None:
    assert town.browser("chen_wei").get("/floor").status_code == 403
    assert town.browser("lin_xiaoyan").get("/floor/tasks?queue=payment").status_code == 403
    assert town.browser("gu_mingyuan").get("/floor/tasks?queue=payment").status_code == 200


def test_cases_are_found_by_number_customer_and_policy(town: Town) -> None:
    number = town.claim(customer_name="欧阳修远")
    town.claim(policy_number="PM2026009999")
    visitor = town.browser("chen_wei")
    assert visitor.get(f"/cases?q={number}").headers["location"] == f"/cases/{number}"
    found = visitor.get("/cases?q=欧阳").text
    assert number in found and "PM2026009999" not in found
    assert number not in visitor.get("/cases?q=PM2026009999").text
    assert "No case was found" in visitor.get("/cases?q=%25").text
    assert "No case was found" in visitor.get("/cases?status=ended").text
    assert visitor.get("/cases/LP-1999-000001").status_code == 404


def test_a_case_tells_where_it_stands_and_shows_its_picture(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("chen_wei")
    text = visitor.get(f"/cases/{number}").text
    assert "What the customer may be told" in text and "Received" in text and "Preliminary review in 24 hours" in text
    assert "case " + number + " was started" in text and "Identity number" in text and "•••" in text
    picture = visitor.get(f"/cases/{number}/picture.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml") and 'class="token"' in picture.text
    assert "script-src" not in picture.headers["content-security-policy"]
    near = visitor.get(f"/cases/{number}/picture.svg?near=1").text
    assert 'class="token"' in near and 'viewBox="0 0 ' in picture.text and 'height="520"' in near


def test_a_case_is_suspended_resumed_handed_on_and_cancelled_by_who_may(town: Town) -> None:
    number = town.claim()
    path, visitor = f"/cases/{number}", town.browser("lin_xiaoyan")
    assert town.browser("fang_qi").post(f"{path}/cancel", reason="x").status_code == 403
    assert f'action="{path}/cancel"' not in town.browser("fang_qi").get(path).text
    assert visitor.post(f"{path}/suspend", reason=" ").status_code == 422
    assert visitor.post(f"{path}/suspend", reason="court").headers["location"] == f"{path}?said=suspended"
    assert "the case was suspended (court)" in visitor.get(path).text
    assert "can be worked when it is resumed" in visitor.get(f"/tasks/{number}/{town.task_of(number)}").text
    visitor.post(f"{path}/resume")
    assert visitor.post(f"{path}/owner", user="chen_wei", reason="on duty").status_code == 303
    assert "owner: Chen Wei (on duty)" in visitor.get(path).text
    assert visitor.post(f"{path}/cancel", reason="twice").headers["location"] == f"{path}?said=cancelled"
    assert "the case was cancelled (twice)" in visitor.get(path).text
    assert town.browser("gu_mingyuan").post(f"{path}/suspend", reason="late").status_code == 409


def test_what_closed_late_is_explained_afterwards(town: Town) -> None:
    number = town.claim()
    town.clock.advance(timedelta(hours=25))
    town.browser("lin_xiaoyan").post(f"/cases/{number}/cancel", reason="twice")
    town.clock.advance(timedelta(seconds=11))
    visitor = town.browser("lin_xiaoyan")
    page = "/floor/breaches?which=closed"
    (one, *_) = visitor.get("/api/floor/breaches?which=closed").json()["breaches"]
    assert one["number"] == number and one["closed_at"] and not one["reason"]
    assert number in visitor.get(page).text and number not in visitor.get("/floor/breaches").text
    path = f"/floor/breaches/{number}/{one['clock']}"
    wrong = visitor.post(path, run=str(one["run"]), which="closed", reason="weather")
    assert wrong.status_code == 422 and 'aria-current="true">Done late' in wrong.text
    answer = visitor.post(path, run=str(one["run"]), which="closed", after="", reason="staff", note="two on leave")
    expected = f"/floor/breaches?said=acknowledged&which=closed&after=#late-{number}-{one['clock']}-{one['run']}"
    assert answer.headers["location"] == expected
    left = visitor.get("/api/floor/breaches?which=closed").json()["breaches"]
    assert (one["clock"], one["run"]) not in [(other["clock"], other["run"]) for other in left]


def test_late_clocks_are_paged_by_who_looks_after_them(town: Town) -> None:
    for index in range(5):
        town.claim(policy_number=f"PM202600000{index}")
    town.clock.advance(timedelta(hours=60))
    visitor = town.browser("lin_xiaoyan")
    whole = visitor.get("/api/floor/breaches?limit=100").json()
    assert len(whole["breaches"]) >= 5 and whole["next"] is None
    found, after = [], ""
    while True:
        page = visitor.get(f"/api/floor/breaches?limit=2&after={after}").json()
        found += page["breaches"]
        after = page["next"]
        if not after:
            break
    assert found == whole["breaches"]
    assert visitor.get("/api/floor").json()["late"] == len(found)
    assert town.browser("ren_hong").get("/api/floor/breaches").json()["breaches"] == []


def test_what_is_meant_for_somebody_counts_as_their_load(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("lin_xiaoyan")
    answer = visitor.post(
        "/floor/tasks?queue=intake", task=f"{number}/{town.task_of(number)}", action="transfer", to_user="chen_wei",
        reason="knows the customer",
    )  # fmt: skip
    assert "1 done" in answer.text
    town.clock.advance(timedelta(seconds=11))
    (load,) = [one for one in visitor.get("/api/floor").json()["people"] if one["name"] == "chen_wei"]
    assert load["open"] == 1
    tasks = visitor.get("/api/floor/tasks?person=chen_wei").json()["tasks"]
    assert [one["number"] for one in tasks] == [number]


def test_who_has_left_is_not_among_the_floors_people(town: Town) -> None:
    assert "qin_shuang" not in [one["name"] for one in town.browser("gu_mingyuan").get("/api/floor").json()["people"]]
