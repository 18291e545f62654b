"""Who reads what of a case, in pages and API: masked, opened with a look kept, restricted, by broken glass."""

from datetime import timedelta
from typing import Any

import pytest

from tasks.commands import RestrictCase
from tests.web.conftest import PASSWORD, Town, Visitor
from tests.web.test_task import INTAKE, hidden

SECRET = "11010119900101123X"
NOTHING_OF_IT = ("王小明", "PM2026000001", "13800000000", "追尾", SECRET, "sealed:")


def looks(town: Town) -> list[tuple[Any, ...]]:
    sql = "SELECT user_id, number, fields, ground, via FROM looks ORDER BY id"
    return [tuple(row) for row in town.caseway.connection.all(sql)]


def json(visitor: Visitor, method: str, path: str, **body: Any) -> Any:
    """A call of the API with the token of a page."""
    headers = {"x-csrf-token": visitor.token()}
    return visitor.ask(method, f"/api{path}", json=body or None, headers=headers)


# --- masked ---------------------------------------------------------------------------------------------


def test_who_has_no_part_in_a_case_sees_its_public_line(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("fang_qi")  # enters payments; the case is far from that
    text = visitor.get(f"/cases/{number}").text
    assert number in text and "You have no part in this case" in text and "Received" in text
    assert not any(one in text for one in (*NOTHING_OF_IT, "was started", "Preliminary review"))
    found = json(visitor, "GET", f"/cases/{number}").json()
    assert found["reads"]["grades"] == ["public"] and found["reads"]["may_break"]
    assert (found["history"], found["tasks"], found["clocks"], found["waits"]) == ([], [], [], [])
    assert {fact["name"] for fact in found["facts"]} == {"status", "expected_on"}
    assert found["line"]["subject"] == "•••"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cases/{}/picture.svg"), ("GET", "/tasks/{}/1"), ("POST", "/cases/{}/secrets"),
        ("POST", "/tasks/{}/1/claim"), ("POST", "/cases/{}/suspend"), ("POST", "/cases/{}/restrict"),
        ("GET", "/api/tasks/{}/1"), ("POST", "/api/cases/{}/secrets"), ("POST", "/api/tasks/{}/1/claim"),
        ("GET", "/api/cases/{}/tasks/1/actions"), ("POST", "/api/cases/{}/lift"),
    ],
)  # fmt: skip
def test_what_is_masked_is_refused_without_a_word_of_it(town: Town, method: str, path: str) -> None:
    number = town.claim()
    visitor = town.browser("fang_qi")
    if path.startswith("/api"):
        answer = json(
            visitor, method, path.removeprefix("/api").format(number), **({"reason": "x"} if "lift" in path else {})
        )
    else:
        answer = visitor.post(path.format(number), reason="x") if method == "POST" else visitor.get(path.format(number))
    assert answer.status_code == 403, answer.text
    assert not any(one in answer.text for one in NOTHING_OF_IT)
    assert looks(town) == []


@pytest.mark.parametrize(
    ("user", "grades"),
    [
        ("chen_wei", ["public", "internal"]),  # serves the queue
        ("lu_yao", ["public", "internal"]),  # started it
        ("zhou_jianguo", ["public"]),  # stands above nobody who has it yet
        ("gu_mingyuan", ["public", "internal"]),  # director
        ("cao_zhengping", ["public", "internal"]),  # compliance
        ("shi_lei", ["public"]),
    ],
)
def test_parties_to_a_case(town: Town, user: str, grades: list[str]) -> None:
    number = town.claim()
    assert json(town.browser(user), "GET", f"/cases/{number}").json()["reads"]["grades"] == grades


def test_who_has_worked_on_it_and_who_stands_above_read_on(town: Town) -> None:
    number = town.claim()
    town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    for user, grades in (("chen_wei", 3), ("lin_xiaoyan", 2), ("zhou_jianguo", 2), ("ma_chao", 1)):
        assert len(json(town.browser(user), "GET", f"/cases/{number}").json()["reads"]["grades"]) == grades, user


def test_lists_mask_what_their_reader_may_not_read(town: Town) -> None:
    number = town.claim()
    found = json(town.browser("fang_qi"), "GET", f"/cases?q={number}").json()["cases"]
    assert [(one["number"], one["subject"]) for one in found] == [(number, "•••")]
    assert "王小明" in json(town.browser("chen_wei"), "GET", f"/cases?q={number}").text


# --- secrets --------------------------------------------------------------------------------------------


def test_secrets_are_opened_by_who_may_and_every_look_is_kept(town: Town) -> None:
    number = town.claim()
    path, officer = f"/cases/{number}", town.browser("chen_wei")
    assert officer.post(f"{path}/secrets").status_code == 403  # serves the queue, does not hold the task
    officer.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    assert SECRET not in officer.get(path).text and "Show the secrets" in officer.get(path).text
    shown = officer.post(f"{path}/secrets")
    assert shown.status_code == 200 and SECRET in shown.text and shown.headers["cache-control"] == "no-store"
    town.clock.advance(timedelta(seconds=1))
    assert json(officer, "POST", f"/cases/{number}/secrets", reason="call back").json() == {
        "secrets": {"identity_number": SECRET}
    }
    assert SECRET not in officer.get(path).text
    kept = [row[:4] for row in looks(town)]
    assert kept == [("chen_wei", number, '["identity_number"]', "holder")] * 2
    assert [row[4].partition(":")[0] for row in looks(town)] == ["web", "api"]


def test_the_form_of_who_holds_the_task_shows_its_secrets_and_keeps_one_look_for_each_view(town: Town) -> None:
    number = town.claim()
    officer, path = town.browser("chen_wei"), f"/tasks/{number}/{town.task_of(number)}"
    officer.post(f"{path}/claim")
    officer.post(f"{path}/complete", outcome="accept", **INTAKE, **hidden(officer.get(path).text))
    town.settle()
    visitor, path = town.browser("huang_rui"), f"/tasks/{number}/{town.task_of(number)}"
    visitor.post(f"{path}/claim")
    visitor.post(f"{path}/draft", **{"data.papers_complete": "true", "data.diagnosis": "骨折"})
    assert looks(town) == []
    assert "骨折" in visitor.get(path).text
    town.clock.advance(timedelta(seconds=1))
    assert json(visitor, "GET", path).json()["values"]["diagnosis"] == "骨折"
    assert [row[:4] for row in looks(town)] == [("huang_rui", number, '["diagnosis"]', "holder")] * 2
    assert "骨折" not in town.browser("guo_xin").get(path).text  # serves the queue
    assert "骨折" not in town.browser("lin_xiaoyan").get(path).text  # manages it
    assert len(looks(town)) == 2


def test_nothing_is_kept_where_nothing_is_secret(town: Town) -> None:
    number = town.claim(identity_number=None)
    visitor = town.browser("chen_wei")
    visitor.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    assert json(visitor, "POST", f"/cases/{number}/secrets").json() == {"secrets": {}} and looks(town) == []


# --- restricted -----------------------------------------------------------------------------------------


def test_a_restricted_case_is_for_its_holder_and_whoever_is_named(town: Town) -> None:
    number, other = town.claim(), town.claim(policy_number="PM2026000002")
    manager = town.browser("lin_xiaoyan")
    assert manager.post(f"/cases/{number}/restrict", reason=" ").status_code == 422
    done = manager.post(f"/cases/{number}/restrict", reason="a colleague", reader="user.ma_chao")
    assert done.headers["location"] == f"/cases/{number}?said=restricted"
    named, officer, compliance = town.browser("ma_chao"), town.browser("chen_wei"), town.browser("cao_zhengping")
    assert "the case was restricted (a colleague)" in named.get(f"/cases/{number}").text
    assert (
        "Restricted" in compliance.get(f"/cases/{number}").text and "王小明" in compliance.get(f"/cases/{number}").text
    )
    text = officer.get(f"/cases/{number}").text
    assert "This case is restricted" in text and not any(
        one in text for one in (*NOTHING_OF_IT, "colleague", "Ma Chao")
    )
    listed = [one["number"] for one in json(officer, "GET", "/cases?q=王小明").json()["cases"]]
    assert listed == [other]
    # who serves the queue may take it, seeing what it asks for and not what it is about; then it is theirs
    path = f"/tasks/{number}/{town.task_of(number)}"
    assert not any(one in officer.get(path).text for one in NOTHING_OF_IT) and "•••" in officer.get("/").text
    assert officer.post(f"{path}/claim").status_code == 303
    assert "王小明" in officer.get(path).text and "王小明" in officer.get(f"/cases/{number}").text
    assert manager.post(f"/cases/{number}/lift", reason="x").status_code == 403  # cannot read it any more
    assert json(compliance, "POST", f"/cases/{number}/lift", reason="cleared").status_code == 200
    assert "王小明" in manager.get(f"/cases/{number}").text


def test_who_may_not_restrict_is_told_so(town: Town) -> None:
    number = town.claim()
    answer = json(town.browser("chen_wei"), "POST", f"/cases/{number}/restrict", reason="mine")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_restricting")
    answer = json(town.browser("lin_xiaoyan"), "POST", f"/cases/{number}/restrict", reason="x", readers=["user.nobody"])
    assert (answer.status_code, answer.json()["code"]) == (422, "reader")


# --- broken glass ---------------------------------------------------------------------------------------


def test_who_breaks_the_glass_reads_everything_for_a_time_and_somebody_reviews_it(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("fang_qi"), f"/cases/{number}"
    assert visitor.get(f"{path}/glass").status_code == 200
    assert visitor.post(f"{path}/glass", reason="  ").status_code == 422
    assert (
        visitor.post(f"{path}/glass", reason="the customer is at the counter")
        .headers["location"]
        .endswith("said=glass")
    )
    text = visitor.get(path).text
    assert "王小明" in text and "You read this case by broken glass until 2026-03-03 12:00" in text
    assert SECRET in visitor.post(f"{path}/secrets").text
    assert looks(town)[-1][3] == "glass"
    assert visitor.post(f"{path}/glass", reason="again").status_code == 409
    assert "王小明" not in town.browser("shi_lei").get(path).text
    town.clock.advance(timedelta(hours=2))
    assert "王小明" not in visitor.get(path).text and visitor.post(f"{path}/secrets").status_code == 403

    assert visitor.get("/reading").status_code == 403
    reviewer = town.browser("cao_zhengping")
    text = reviewer.get("/reading").text
    assert "the customer is at the counter" in text and "Fang Qi" in text and "to be reviewed by 2026-03-06" in text
    glass = json(reviewer, "GET", "/reading/waiting").json()["glass"]
    place = f"/reading/glass/{glass[0]['id']}"
    assert reviewer.post(place, verdict="unjustified", note="").status_code == 422
    assert (
        reviewer.post(place, verdict="justified", note="asked the counter")
        .headers["location"]
        .endswith("said=reviewed")
    )
    assert json(reviewer, "POST", place, verdict="unjustified", note="no").status_code == 409
    assert "No broken glass waits" in reviewer.get("/reading").text
    assert "asked the counter" in reviewer.get("/reading?show=glass").text
    assert "Identity number" in reviewer.get(f"/reading?show=looks&case={number}&user=fang_qi").text
    assert "Identity number" not in reviewer.get("/reading?show=looks&user=chen_wei").text


def test_broken_glass_opens_a_restricted_case_too_and_nobody_reviews_their_own(town: Town) -> None:
    number = town.claim()
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    town.caseway.ask(case, RestrictCase("suspicion"), "gu_mingyuan")
    # compliance reads it, but not its secrets: for those the glass has to be broken
    reviewer = town.browser("cao_zhengping")
    assert json(reviewer, "POST", f"/cases/{number}/secrets").status_code == 403
    made = json(reviewer, "POST", f"/cases/{number}/glass", reason="a question of the regulator's")
    assert made.status_code == 201 and made.json()["mine"]
    (to, facts) = town.caseway.connection.one("SELECT \"to\", facts FROM outbox WHERE template = 'glass_broken'")
    assert "user.yu_siqi" in to and "cao_zhengping" not in to and number in facts, "not to who broke it"
    assert json(reviewer, "POST", f"/reading/glass/{made.json()['id']}", verdict="justified").status_code == 403
    assert "somebody else reviews your own" in reviewer.get("/reading").text
    visitor = town.browser("fang_qi")
    assert json(visitor, "POST", f"/cases/{number}/glass", reason="at the counter").status_code == 201
    assert "王小明" in visitor.get(f"/cases/{number}").text
    town.clock.advance(timedelta(days=4))
    other = town.browser("yu_siqi")
    assert other.get("/reading").text.count("review overdue") == 2
    assert [one["overdue"] for one in json(other, "GET", "/reading/waiting?limit=1").json()["glass"]] == [True]


def test_the_lists_go_on_page_by_page(town: Town) -> None:
    numbers = [town.claim(policy_number=f"PM202600000{index}") for index in range(1, 4)]
    visitor = town.browser("fang_qi")
    for number in numbers:
        json(visitor, "POST", f"/cases/{number}/glass", reason="x")
        json(visitor, "POST", f"/cases/{number}/secrets")
        town.clock.advance(timedelta(seconds=1))
    reviewer = town.browser("cao_zhengping")
    for path, key, order in (
        ("/reading/waiting", "glass", numbers), ("/reading/glass", "glass", numbers[::-1]),
        ("/reading/looks", "looks", numbers[::-1]),
    ):  # fmt: skip
        seen, after = [], ""
        while True:
            found = json(reviewer, "GET", f"{path}?limit=1&after={after}").json()
            seen += [one["number"] for one in found[key]]
            after = found["next"] or ""
            if not after:
                break
        assert seen == order, path
    assert json(reviewer, "GET", "/reading/waiting?after=nonsense").status_code == 400


def test_who_has_left_breaks_no_glass(town: Town) -> None:
    assert town.browser().post("/sign-in", user="qin_shuang", password=PASSWORD).status_code == 401


# --- what a search does not tell ------------------------------------------------------------------------


def pages(town: Town, user: str, words: str, limit: int) -> list[Any]:
    """Every page of a search, as far as it goes."""
    visitor, after, found = town.browser(user), "", []
    while True:
        answer = json(visitor, "GET", f"/cases?q={words}&limit={limit}&after={after}").json()
        found.append([one["number"] for one in answer["cases"]])
        after = answer["next"]
        if after is None or len(found) > 30:
            return found


@pytest.mark.parametrize("limit", [1, 2, 25])
@pytest.mark.parametrize("walk", [False, True])
def test_a_search_does_not_tell_how_many_hidden_cases_match(
    town: Town, limit: int, walk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if walk:
        monkeypatch.setattr("tasks.find.RARE", 0)
    shown = [town.claim(policy_number=f"PM20269{at:05}") for at in range(3)]
    for number in shown:
        town.browser("chen_wei").post(f"/tasks/{number}/{town.task_of(number)}/claim")
    asked = [("chen_wei", "王小明"), ("fang_qi", "王小明"), ("fang_qi", "PM20269"), ("chen_wei", "LP-2026")]
    before = {one: pages(town, *one, limit) for one in asked}
    assert [number for page in before["chen_wei", "王小明"] for number in page] == shown[::-1]
    manager = town.browser("gu_mingyuan")
    for at in range(7):
        town.clock.advance(timedelta(seconds=1))
        number = town.claim(policy_number=f"PM20268{at:05}")
        assert manager.post(f"/cases/{number}/restrict", reason="a colleague").status_code == 303
    assert {one: pages(town, *one, limit) for one in asked} == before


@pytest.mark.parametrize("walk", [False, True])
def test_who_reads_no_case_learns_nothing_of_a_phone(town: Town, walk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether anybody has the number or how many cases they have: every answer is the same, whole."""
    if walk:
        monkeypatch.setattr("tasks.find.RARE", 0)
    visitor, phone = town.browser("fang_qi"), "13912345678"
    lists = ("cases", "tasks?whose=mine&", "tasks?whose=queues&", "tasks?whose=team&")
    asked = [
        f"{where if '?' in where else where + '?'}q={words}" for where in lists for words in (phone, "139", "139123456")
    ]
    town.claim()

    def answers() -> list[str]:
        told = [json(visitor, "GET", f"/{one}").text for one in asked]
        return [*told, visitor.get(f"/cases?q={phone}").text.replace(visitor.token(), "")]

    before = answers()
    for _ in range(5):
        town.claim(customer_phone=phone)
        town.claim(customer_phone="13999999999")
    assert answers() == before
    assert json(visitor, "GET", f"/cases?q={phone}").json() == {"cases": [], "next": None}
    assert json(town.browser("gu_mingyuan"), "GET", f"/cases?q={phone}").json()["cases"]  # who may finds them


# --- who is turned away ---------------------------------------------------------------------------------


def test_who_is_refused_a_case_a_file_or_a_secret_is_kept_once(town: Town) -> None:
    number = town.claim()
    (case,) = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))
    stranger, officer = town.browser("fang_qi"), town.browser("chen_wei")
    for path in ("/cases/{}/picture.svg", "/cases/{}/files/1", "/tasks/{}/1", "/cases/{}/move"):
        assert stranger.get(path.format(number)).status_code == 403
    assert json(stranger, "GET", f"/tasks/{number}/1").status_code == 403
    assert officer.post(f"/cases/{number}/secrets").status_code == 403
    assert officer.post(f"/cases/{number}/secrets").status_code == 403
    sql = "SELECT case_id, command, actor, code, text FROM refusals ORDER BY id"
    kept = [tuple(row) for row in town.caseway.connection.all(sql)]
    assert kept == [(case, "OpenCase", "fang_qi", "masked", ""), (case, "OpenCase", "chen_wei", "secret", "")]
    assert officer.get(f"/cases/{number}").status_code == 200
    town.clock.advance(timedelta(hours=2))
    assert stranger.get(f"/cases/{number}/picture.svg").status_code == 403  # later, another row
    assert len(town.caseway.connection.all(sql)) == 3


def test_the_log_of_looks_is_in_words(town: Town) -> None:
    number = town.claim()
    visitor = town.browser("chen_wei", "zh")
    visitor.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    visitor.post(f"/cases/{number}/secrets", reason="核对身份")
    page = town.browser("yu_siqi", "zh").get("/reading?show=looks").text
    assert "身份证号" in page and "identity_number" not in page
