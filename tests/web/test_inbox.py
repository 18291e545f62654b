"""The inbox: what I hold, what my queues offer, the next task, pages by key."""

import re
from datetime import timedelta
from pathlib import Path

from bootstrap import SHIPPED
from tests.web.conftest import PASSWORD, Town
from tests.web.test_api import Program
from web.commands import ACTS, NOTHING
from web.lists import PAGE, heat
from web.render import HERE
from web.texts import TEXTS


def test_my_queues_show_what_they_offer_with_the_clock_that_presses(town: Town) -> None:
    number = town.claim()
    text = town.browser("chen_wei").get("/").text
    assert number in text and "PM2026000001" in text and "王小明" in text
    assert "in 23 h 30 min" in text and "Preliminary review in 24 hours" in text and "03-04 09:30" in text
    assert "11010119900101123X" not in text


def test_the_next_task_is_mine_and_nobody_elses(town: Town) -> None:
    number = town.claim()
    one, other = town.browser("chen_wei"), town.browser("liu_yang")
    assert one.post("/next").headers["location"] == f"/tasks/{number}/{town.task_of(number)}?said=claimed"
    assert other.post("/next").headers["location"].endswith("said=nothing")
    assert number in one.get("/").text and number not in other.get("/").text


def test_who_serves_no_queue_is_told_so(town: Town, tmp_path: Path) -> None:
    town.claim()
    people = (SHIPPED / "samples" / "organisation.yaml").read_text("utf-8")
    newcomer = "\nusers:\n  li_xin: {name: {zh: 李新, en: Li Xin}, from: 2020-01-01}\n"
    (tmp_path / "people.yaml").write_text(people.replace("\nusers:\n", newcomer), "utf-8")
    town.caseway.load_organisation(tmp_path / "people.yaml", "dong_lei")
    town.app.state.accounts.set_password("li_xin", PASSWORD, "test")
    assert "You serve no queue" in town.browser("li_xin").get("/").text


def test_pages_follow_each_other_without_gap_or_repeat(town: Town) -> None:
    numbers = {town.claim(policy_number=f"PM20260001{index:02}") for index in range(PAGE + 5)}
    visitor, seen, path = town.browser("chen_wei"), [], "/?queue=intake"
    while path:
        page = visitor.get(path).text
        seen += [part.split("<")[0] for part in page.split('<span class="number">LP-')[1:]]
        _, _, rest = page.partition('rel="next" href="')
        path = rest.split('"')[0].replace("&amp;", "&")
    assert sorted(f"LP-{one}" for one in seen) == sorted(numbers)


def test_a_page_that_is_none_and_a_queue_that_is_not_mine_are_refused(town: Town) -> None:
    visitor = town.browser("chen_wei")
    assert visitor.get("/?after=nonsense").status_code == 400
    assert visitor.get("/?queue=payment").status_code == 404


def test_heat_is_late_soon_or_fine(town: Town) -> None:
    now = town.clock.now()
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert heat(now, now - hour, now - day) == "late"
    assert heat(now, now + 3 * hour, now - day) == "soon"
    assert heat(now, now + day, now - 9 * day) == "soon"
    assert heat(now, now + day, now - day) == "fine"


def test_every_text_has_both_languages_and_the_same_places_in_them() -> None:
    places = {key: [sorted(re.findall(r"{(\w+)}", text)) for text in texts] for key, texts in TEXTS.items()}
    assert all(zh and en for zh, en in TEXTS.values())
    assert [key for key, (zh, en) in places.items() if zh != en] == []


def test_every_text_that_a_template_asks_for_is_there() -> None:
    asked = {
        key
        for template in (HERE / "templates").glob("*.html")
        for key in re.findall(r"""\b(?:t|desk\.say)\(['"]([\w.]+)['"][,)]""", template.read_text(encoding="utf-8"))
    }
    assert len(asked) > 40 and asked <= set(TEXTS)


def test_what_is_said_after_an_act_has_words() -> None:
    assert {f"said.{act.said}" for act in ACTS.values()} <= set(TEXTS)
    assert {field for act in ACTS.values() for field in act.takes} <= set(NOTHING)


def test_who_has_as_many_as_they_may_is_told_so_in_the_inbox(town: Town) -> None:
    numbers = [town.claim(policy_number=f"PM20260000{index:02}") for index in range(2)]
    admin = Program(town, "dong_lei").visitor
    person = admin.ask("PUT", "/api/admin/people/lu_yao", json={"capacity": 1}, headers=admin.headers)
    assert person.status_code == 200, person.text
    visitor = town.browser("lu_yao")
    assert visitor.post("/next").status_code == 303
    full = visitor.post("/next")
    assert full.status_code == 409 and "<h1" in full.text and 'href="/tasks/' in full.text, full.text
    assert all(number in full.text for number in numbers) and 'role="alert"' in full.text
