"""Looking through tasks and cases on pages and in the API: whose, filters, order, pages, and what is masked."""

from datetime import timedelta
from typing import Any

from tasks.commands import RestrictCase
from tests.web.conftest import Town


def numbers(found: Any) -> list[str]:
    return [one["number"] for one in found.json()["tasks"]]


def test_whose_tasks(town: Town) -> None:
    one, two = town.claim(), town.claim(policy_number="PM2026000002", customer_name="欧阳修远")
    officer, manager, stranger = (town.browser(user) for user in ("chen_wei", "lin_xiaoyan", "fang_qi"))
    officer.post(f"/tasks/{one}/{town.task_of(one)}/claim")
    assert numbers(officer.get("/api/tasks")) == [one]
    assert numbers(officer.get("/api/tasks?whose=queues")) == [two]
    assert numbers(officer.get("/api/tasks?whose=team")) == []
    assert sorted(numbers(manager.get("/api/tasks?whose=team"))) == [one, two]
    assert numbers(stranger.get("/api/tasks?whose=queues")) == []
    text = manager.get("/tasks?whose=team").text
    assert one in text and "2 tasks" in text and "Chen Wei" in text and "My team" in text
    assert "My team" not in officer.get("/tasks").text


def test_filters_search_and_order(town: Town) -> None:
    one = town.claim()
    town.clock.advance(timedelta(hours=2))
    two = town.claim(policy_number="PM2026000002", customer_name="欧阳修远", reported_at="2026-03-03T11:00:00+08:00")
    visitor = town.browser("chen_wei")

    def ask(**asked: Any) -> list[str]:
        return numbers(visitor.get("/api/tasks", params={"whose": "queues", **asked}))

    assert ask(q="欧阳") == ask(q="PM2026000002") == ask(q=two) == [two] and ask(q="王 PM2026000002") == []
    assert ask(process="claims", step="intake", order="due") == [one, two]
    assert ask(process="complaint") == ask(step="payment") == ask(overdue="true") == ask(q="!") == []
    assert ask(queue="intake") == [one, two] and ask(queue="payment") == []
    town.clock.advance(timedelta(hours=22, minutes=30))
    visitor = town.browser("chen_wei")  # the session has ended in the meantime
    assert ask(overdue="true") == [one]
    assert visitor.get("/tasks?whose=nobody").status_code == 422
    assert visitor.get("/tasks?after=x").status_code == 400
    page = visitor.get("/tasks?whose=queues&process=claims&overdue=true&order=due").text
    assert one in page and two not in page and "checked" in page and 'value="due" selected' in page


def test_pages_follow_each_other(town: Town) -> None:
    made = [town.claim(policy_number=f"PM20260001{index:02}") for index in range(7)]
    visitor = town.browser("chen_wei")
    for query in ("whose=queues", "whose=queues&order=due", "whose=queues&q=PM2026"):
        seen, after = list[str](), ""
        while True:
            found = visitor.get(f"/api/tasks?{query}&limit=3&after={after}")
            assert found.json()["count"] == 7 - (len(seen) if "q=" in query else 0) and not found.json()["more"]
            seen += numbers(found)
            after = found.json()["next"] or ""
            if not after:
                break
        assert seen == made, query


def test_what_is_restricted_is_not_found_by_its_words(town: Town) -> None:
    number = town.claim()
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    town.caseway.ask(case, RestrictCase("a colleague"), "gu_mingyuan")
    visitor = town.browser("chen_wei")
    assert numbers(visitor.get("/api/tasks?whose=queues")) == [number]
    found = visitor.get("/api/tasks?whose=queues&q=王小明")
    assert numbers(found) == [] and found.json()["count"] == 0  # nor does a number tell that it is there
    assert "王小明" not in visitor.get("/tasks?whose=queues").text


def test_cases_are_not_found_by_words_that_are_not_the_reader_s(town: Town) -> None:
    number = town.claim()
    stranger = town.browser("fang_qi")
    assert stranger.get("/api/cases", params={"q": "王小明"}).json()["cases"] == []
    assert [one["number"] for one in stranger.get("/api/cases").json()["cases"]] == [number]
    assert number in stranger.get(f"/cases?q={number[:-1]}").text
    assert "王小明" not in stranger.get("/cases").text
