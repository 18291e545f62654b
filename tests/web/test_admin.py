"""Administration: people, queues, authority by two, absences, accounts, tokens, calendars, incidents."""

import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from bootstrap import SHIPPED
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from tests.web.conftest import PASSWORD, Town, Visitor
from tests.web.test_api import Program
from web.accounts import FREE
from web.desk import Desk
from web.problems import Problem
from web.upkeep import incidents

KEY = re.compile(r'name="key" value="([0-9a-f]+)"')
CHANGE = re.compile(r"/admin/changes/([0-9a-f-]+)/reject")
OPEN = ("/admin", "/admin/incidents", "/admin/absences", "/admin/changes", "/admin/calendars/insurer/2026")
CLOSED = (
    "/admin/people", "/admin/people/chen_wei", "/admin/queues", "/admin/groups", "/admin/authority", "/admin/file",
    "/admin/file/organisation.yaml", "/admin/tokens",
)  # fmt: skip


def send(visitor: Visitor, to: str, /, **fields: Any) -> httpx.Response:
    return visitor.ask("POST", f"/admin/{to}", data={"csrf": visitor.token(), **fields})


def user(town: Town, name: str) -> Any:
    return town.caseway.directory.users[name]


def whole(town: Town, name: str, **changed: Any) -> dict[str, Any]:
    """A person's form as the page has it, with what is changed."""
    found = user(town, name)
    return {
        "zh": found.name["zh"], "en": found.name["en"], "roles": sorted(found.roles), "group": found.groups[0],
        "whole": "1",
        "skills": ", ".join(sorted(found.skills)), "from": str(found.start or ""), "to": str(found.end or ""),
        **changed,
    }  # fmt: skip


@pytest.mark.parametrize("path", OPEN + CLOSED)
def test_who_sees_which_page(town: Town, path: str) -> None:
    for name, may in (("dong_lei", True), ("lin_xiaoyan", path in OPEN), ("chen_wei", False)):
        answer = town.browser(name).get(path)
        assert answer.status_code == (200 if may else 403), (name, path)
        if may and "yaml" not in path:
            assert " style=" not in answer.text and "<script>" not in answer.text


# --- people ---------------------------------------------------------------------------------------------


def test_people_are_found_and_changed_at_once_where_authority_stays(town: Town) -> None:
    visitor = town.browser("dong_lei")
    assert "chen_wei" in visitor.get("/admin/people?q=motor").text
    assert "chen_wei" not in visitor.get("/admin/people?q=nobody").text
    answer = send(visitor, "people/chen_wei", **whole(town, "chen_wei", skills="motor, medical", capacity="7"))
    assert answer.headers["location"] == "/admin/people/chen_wei?said=changed", answer.text
    assert (user(town, "chen_wei").capacity, user(town, "chen_wei").skills) == (7, {"motor", "medical"})
    send(visitor, "people/chen_wei", **whole(town, "chen_wei", capacity="", email="c@insurer.example"))
    assert user(town, "chen_wei").capacity is None and user(town, "chen_wei").contact == {"email": "c@insurer.example"}


def test_a_role_needs_a_reason_and_another_person(town: Town) -> None:
    visitor = town.browser("dong_lei")
    roles = {"roles": ["officer", "supervisor"]}
    refused = send(visitor, "people/chen_wei", **whole(town, "chen_wei", **roles))
    assert refused.status_code == 422 and "needs a reason" in refused.text
    answer = send(visitor, "people/chen_wei", **whole(town, "chen_wei", **roles, reason="promoted"))
    assert answer.headers["location"].endswith("said=change_proposed")
    assert "supervisor" not in user(town, "chen_wei").roles
    page = visitor.get("/admin/changes").text
    found = CHANGE.search(page)
    assert found is not None and "promoted" in page and "supervisor" in page and "/approve" not in page
    own = send(visitor, f"changes/{found[1]}/approve")
    assert own.status_code == 422 and "a second person must decide" in own.text
    other = town.browser("lin_xiaoyan")
    assert "above the proposer" in send(other, f"changes/{found[1]}/approve").text
    above = town.browser("gu_mingyuan")
    assert send(above, f"changes/{found[1]}/approve", why="good").status_code == 303
    assert "supervisor" in user(town, "chen_wei").roles
    assert send(above, f"changes/{found[1]}/approve").status_code == 409


def test_a_change_is_turned_down_with_a_reason(town: Town) -> None:
    visitor = town.browser("dong_lei")
    send(visitor, "people/chen_wei", **whole(town, "chen_wei", roles=["director"], reason="why not"))
    found = CHANGE.search(visitor.get("/admin/changes").text)
    assert found is not None
    above = town.browser("gu_mingyuan")
    assert send(above, f"changes/{found[1]}/reject").status_code == 422
    assert send(above, f"changes/{found[1]}/reject", why="no").status_code == 303
    assert "Nothing waits" in above.get("/admin/changes").text


def test_somebody_new_and_somebody_who_leaves(town: Town) -> None:
    visitor = town.browser("dong_lei")
    answer = send(visitor, "people", user="qi_ming", zh="齐明")
    assert answer.headers["location"] == "/admin/people/qi_ming?said=changed"
    assert user(town, "qi_ming").name == {"zh": "齐明", "en": "齐明"}
    assert send(visitor, "people", user="qi_ming", zh="齐明").status_code == 422
    assert send(visitor, "people", user="Qi Ming", zh="齐明").status_code == 422
    assert send(visitor, "people", user="system", zh="系统").status_code == 422
    number = town.claim()
    handler = town.browser("chen_wei")
    handler.post("/next")
    assert send(visitor, "people/chen_wei/leave", to="2026-03-02").status_code == 303
    row = town.caseway.connection.one("SELECT holder, queue FROM tasks WHERE number = ?", (number,))
    assert tuple(row) == ("", "intake"), "what they had in hand moves at once"
    assert handler.get("/").status_code == 303, "and they are out"
    assert send(visitor, "people/chen_wei/leave", to="soon").status_code == 422


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"roles": ["boss"]}, "there is no role &#39;boss&#39;"), ({"group": "nowhere"}, "there is no group"),
        ({"from": "2026-02-30"}, "there is no day"), ({"from": "2026-05-01", "to": "2026-04-01"}, "before the first"),
        ({"capacity": "many"}, "expected"), ({"zh": "", "en": ""}, "text is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(town: Town, changed: dict[str, Any], says: str) -> None:
    before = town.caseway.directory.revision
    answer = send(town.browser("dong_lei"), "people/chen_wei", **whole(town, "chen_wei", **changed, reason="why"))
    assert answer.status_code == 422 and says in answer.text, answer.text
    assert town.caseway.directories.refresh() == before
    for name in changed.keys() & {"from", "to", "capacity"}:
        assert f'value="{changed[name]}"' in answer.text, "what was filled in is still there"


# --- queues, groups, authority, absences ----------------------------------------------------------------


def test_a_queue_says_who_serves_it_and_how_it_gives_out_work(town: Town) -> None:
    visitor = town.browser("dong_lei")
    entry = {
        "members": "lu_yao\ngroup.claims_motor",
        "managers": "lin_xiaoyan\nshen_meiling",
        "assign_by": "round_robin",
    }
    assert send(visitor, "queues/intake", **entry).status_code == 303
    queue = town.caseway.directory.queues["intake"]
    assert queue.assign_by == "round_robin" and {"lu_yao", "chen_wei", "zhao_peng"} <= queue.members
    refused = send(visitor, "queues/intake", **{**entry, "members": "lu_yoa"})
    assert refused.status_code == 422 and "did you mean &#39;lu_yao&#39;?" in refused.text
    managers = send(visitor, "queues/intake", **{**entry, "managers": "chen_wei", "reason": "why"})
    assert managers.headers["location"].endswith("change_proposed")


def test_groups_and_their_managers(town: Town) -> None:
    visitor = town.browser("dong_lei")
    made = {"group": "claims_night", "zh": "夜班", "en": "Night shift", "manager": "chen_wei", "part_of": "claims"}
    assert send(visitor, "groups", **made, reason="why").headers["location"].endswith("change_proposed")
    renamed = {"zh": "车险理赔一组", "en": "Motor one", "manager": "sun_lihua", "part_of": "claims"}
    assert send(visitor, "groups/claims_motor", **renamed).headers["location"].endswith("said=changed")
    assert town.caseway.directory.groups["claims_motor"].title["en"] == "Motor one"
    round_ = send(visitor, "groups/company", zh="总", en="All", manager="gu_mingyuan", part_of="claims", reason="why")
    assert round_.status_code == 422 and "part of itself" in round_.text


def test_authority_begins_and_ends_by_two(town: Town) -> None:
    visitor, above = town.browser("dong_lei"), town.browser("gu_mingyuan")
    given = {"role": "specialist", "kind": "claims", "amount": "2,500.50", "from": "2026-04-01", "reason": "holidays"}
    assert send(visitor, "authority", **{**given, "amount": "much"}).status_code == 422
    assert send(visitor, "authority", **{**given, "user": "chen_wei"}).status_code == 422
    assert send(visitor, "authority", **given).headers["location"].endswith("change_proposed")
    found = CHANGE.search(above.get("/admin/changes").text)
    assert found is not None and send(above, f"changes/{found[1]}/approve").status_code == 303
    page = visitor.get("/admin/authority").text
    assert "2,500.50" in page and "2026-04-01" in page
    key = KEY.search(page)
    assert key is not None
    assert send(visitor, "authority/end", key=key[1], reason="over").headers["location"].endswith("change_proposed")
    assert send(visitor, "authority/end", key="0000", reason="over").status_code == 404


def test_supervisors_note_the_absences_of_their_own_line(town: Town) -> None:
    supervisor = town.browser("sun_lihua")
    away = {
        "user": "chen_wei",
        "from": "2026-03-03",
        "to": "2026-03-06",
        "substitute": "liu_yang",
        "processes": "claims",
    }
    assert send(supervisor, "absences", **away).headers["location"].endswith("said=changed")
    absence = user(town, "chen_wei").absences[0]
    assert (absence.substitute, absence.processes) == ("liu_yang", {"claims"})
    page = supervisor.get("/admin/absences").text
    key = KEY.search(page)
    assert key is not None and "Liu Yang" in page
    assert send(supervisor, "absences", **{**away, "user": "lu_yao"}).status_code == 403
    assert send(town.browser("feng_guoqing"), "absences/end", key=key[1]).status_code == 403
    assert send(supervisor, "absences", **{**away, "substitute": "chen_wei"}).status_code == 422
    assert send(supervisor, "absences/end", key=key[1]).status_code == 303 and not user(town, "chen_wei").absences
    assert "Away today" in supervisor.get("/admin").text


def test_the_organisation_goes_out_and_comes_in_as_a_file(town: Town) -> None:
    visitor = town.browser("dong_lei")
    answer = visitor.get("/admin/file/organisation.yaml")
    assert answer.headers["content-type"].startswith("application/yaml") and "attachment" in answer.headers[
        "content-disposition"
    ]  # fmt: skip

    def bring(text: str, **fields: str) -> httpx.Response:
        sent = [("file", ("organisation.yaml", text.encode()))]
        return visitor.ask("POST", "/admin/file", data={"csrf": visitor.token(), **fields}, files=sent)

    assert bring(answer.text).headers["location"].endswith("said=changed"), "the same is no new revision"
    assert town.caseway.directory.revision == 1
    assert bring(answer.text.replace("陆瑶", "陆遥")).status_code == 303 and user(town, "lu_yao").name["zh"] == "陆遥"
    stale = bring(answer.text.replace("陆瑶", "陆尧"))
    assert stale.status_code == 409 and "change that one" in stale.text
    assert bring("users: [").status_code == 422 and bring("").status_code == 422
    assert bring("users: {li: {name: 李}}", reason="all new").headers["location"].endswith("change_proposed")


# --- accounts, tokens -----------------------------------------------------------------------------------


def test_a_closed_account_is_seen_and_opened_again(town: Town) -> None:
    for _ in range(FREE):
        town.browser().post("/sign-in", user="chen_wei", password="not this one")
    visitor = town.browser("dong_lei")
    page = visitor.get("/admin").text
    assert "Closed accounts" in page and "Chen Wei" in page
    assert town.browser().post("/sign-in", user="chen_wei", password=PASSWORD).status_code == 401
    assert send(visitor, "accounts/chen_wei/unlock", back="overview").headers["location"] == "/admin?said=unlock"
    assert town.browser().post("/sign-in", user="chen_wei", password=PASSWORD).status_code == 303
    assert send(visitor, "accounts/chen_wei/delete").status_code == 404
    assert send(town.browser("lin_xiaoyan"), "accounts/chen_wei/unlock").status_code == 403


def test_sessions_and_second_factors_are_ended_by_an_administrator(town: Town) -> None:
    accounts, handler = town.app.state.accounts, town.browser("chen_wei")
    accounts.factors.begin(town.caseway.connection, "chen_wei")
    visitor = town.browser("dong_lei")
    assert send(visitor, "accounts/chen_wei/remove_second").status_code == 303
    assert accounts.factors.pending(town.caseway.connection, "chen_wei") == ""
    assert handler.get("/").status_code == 303
    handler = town.browser("chen_wei")
    send(visitor, "accounts/chen_wei/end_sessions")
    assert handler.get("/").status_code == 303


def test_tokens_of_all_are_listed_page_by_page_and_revoked(town: Town) -> None:
    accounts = town.app.state.accounts
    for index in range(60):
        accounts.issue("chen_wei" if index % 2 else "liu_yang", f"job {index}")
    visitor, seen, path = town.browser("dong_lei"), set[str](), "/admin/tokens"
    while path:
        page = visitor.get(path).text
        seen |= set(re.findall(r"job \d+(?=</td>)", page))
        more = re.search(r'rel="next" href="([^"]+)"', page)
        path = more[1] if more else ""
    assert len(seen) == 60
    before = accounts.tokens(town.caseway.connection, "chen_wei")
    one = before[0]
    assert send(visitor, "tokens/revoke", user="liu_yang", digest=one.digest).status_code == 404
    assert send(visitor, "tokens/revoke", user="chen_wei", digest=one.digest).status_code == 303
    assert len(accounts.tokens(town.caseway.connection, "chen_wei")) == len(before) - 1


# --- calendars, incidents -------------------------------------------------------------------------------


def test_a_year_of_the_calendar_says_what_each_day_is(town: Town) -> None:
    visitor = town.browser("lin_xiaoyan")
    assert visitor.get("/admin/calendars").headers["location"] == "/admin/calendars/insurer/2026"
    page = visitor.get("/admin/calendars/insurer/2026").text
    assert "2026-02-14" in page and "Last day before Spring Festival" in page and "make-up day" in page
    assert "published up to 2026 only" not in page
    assert "published up to 2026 only" in visitor.get("/admin/calendars/insurer/2027").text
    for path in ("insurer/1800", "nowhere/2026", "insurer/99999"):
        assert visitor.get(f"/admin/calendars/{path}").status_code == 404


TRIAL = """\
process: trial
title: {zh: 试算, en: Trial}
number: SY-{year}-{seq:06}
calendar: insurer
data: {type: object, properties: {a: {type: integer}, b: {type: integer}}}
start: {by: [staff], form: [a]}
steps:
  reckon: {title: {zh: 计算, en: Reckon}, set: {b: a + 1}}
  done: {end: done}
"""


def fail(town: Town, folder: Path, count: int) -> list[str]:
    """Cases whose first step cannot be done, for what it reckons with is not there."""
    place = shutil.copytree(SHIPPED, folder / "processes")
    (place / "trial.yaml").write_text(TRIAL, "utf-8")
    town.caseway.deploy(place, "dong_lei")
    answers = [town.caseway.start(StartCase("trial", {}), "lu_yao") for _ in range(count)]
    return [answer.number for answer in answers if isinstance(answer, Accepted)]


def test_incidents_name_case_step_and_cure_and_are_retried_together(town: Town, tmp_path: Path) -> None:
    numbers = fail(town, tmp_path, 3)
    visitor = town.browser("dong_lei")
    page = visitor.get("/admin/incidents").text
    assert all(number in page for number in numbers) and "Cure:" in page and "Reckon" in page
    assert "a datum is missing" in page and ">3</strong>" in visitor.get("/admin").text
    chosen = re.findall(r'type="checkbox" name="task" value="([^"]+)"', page)
    assert len(chosen) == 3
    answer = send(visitor, "incidents", task=[*chosen[:2], "LP-2026-999999/1", "nonsense"])
    assert answer.status_code == 200 and "2 done, 1 not" in answer.text
    assert send(visitor, "incidents").status_code == 422
    assert "0 done, 1 not" in send(town.browser("feng_guoqing"), "incidents", task=chosen[2]).text


def test_the_pages_of_incidents_follow_each_other(town: Town, tmp_path: Path) -> None:
    numbers = fail(town, tmp_path, 3)
    desk, seen, after = Desk(town.caseway, "dong_lei", "en"), list[str](), ""
    for _ in numbers:
        found = incidents(desk, after, 1)
        seen += [one.number for one in found.incidents]
        after = found.next or ""
    assert sorted(seen) == numbers and after == ""
    with pytest.raises(Problem):
        incidents(desk, "nonsense")


# --- the same for programs ------------------------------------------------------------------------------


class Caller(Program):
    def put(self, path: str, body: Any) -> httpx.Response:
        return self.visitor.ask("PUT", f"/api{path}", json=body)


def test_the_api_changes_the_organisation_by_the_same_rules(town: Town) -> None:
    admin, above, lead = (Caller(town, name) for name in ("dong_lei", "gu_mingyuan", "sun_lihua"))
    assert admin.put("/admin/people/chen_wei", {"capacity": 5}).json() == {"revision": 2, "proposal": None}
    assert user(town, "chen_wei").capacity == 5 and user(town, "chen_wei").roles == {"officer"}
    assert admin.put("/admin/people/chen_wei", {"roles": ["boss"], "reason": "x"}).status_code == 422
    refused = admin.put("/admin/people/chen_wei", {"roles": ["manager"]})
    assert refused.status_code == 422 and refused.json()["code"] == "change_reason"
    proposal = admin.put("/admin/people/chen_wei", {"roles": ["manager"], "reason": "x"}).json()["proposal"]
    assert above.get("/admin/changes").json()["changes"][0]["id"] == proposal
    assert admin.post(f"/admin/changes/{proposal}/approve").json()["code"] == "change_own"
    assert above.post(f"/admin/changes/{proposal}/approve").json()["revision"] == 3
    away = {"user": "chen_wei", "from": "2026-04-01", "to": "2026-04-02"}
    assert lead.post("/admin/absences", away).status_code == 200
    assert lead.post("/admin/absences", {**away, "user": "lu_yao"}).status_code == 403
    (absence,) = lead.get("/admin/absences").json()["absences"]
    assert lead.post(f"/admin/absences/{absence['key']}/end").status_code == 200
    assert admin.put("/admin/queues/intake", {"assign_by": "least_loaded"}).status_code == 200
    assert admin.put("/admin/groups/claims_motor", {"title": {"zh": "车险", "en": "Motor"}}).status_code == 200
    assert admin.post("/admin/grants", {"kind": "claims", "role": "handler", "amount": "much"}).status_code == 422
    made = admin.post("/admin/grants", {"kind": "claims", "role": "handler", "amount": "10.50", "reason": "x"})
    assert made.json()["proposal"]
    key = admin.get("/admin/grants").json()["grants"][0]["key"]
    assert admin.post(f"/admin/grants/{key}/end", {"reason": "x"}).json()["proposal"]
    whole = admin.get("/admin/organisation").json()
    assert admin.put("/admin/organisation", {"yaml": whole["yaml"]}).json()["revision"] == whole["revision"]
    assert admin.put("/admin/organisation", {"yaml": "users: ["}).status_code == 422
    assert admin.post("/admin/people/liu_yang/leave", {"to": "2026-03-02"}).status_code == 200
    assert any(one["state"] == "left" for one in admin.get("/admin/people?q=liu_yang").json()["people"])


def test_the_api_looks_after_accounts_tokens_calendars_and_incidents(town: Town, tmp_path: Path) -> None:
    admin, lead, handler = (Caller(town, name) for name in ("dong_lei", "sun_lihua", "chen_wei"))
    for _ in range(FREE):
        town.browser().post("/sign-in", user="liu_yang", password="not this one")
    assert [one["user"] for one in admin.get("/admin/accounts/locked").json()["accounts"]] == ["liu_yang"]
    assert admin.post("/admin/accounts/liu_yang/unlock").status_code == 204
    assert admin.get("/admin/accounts/locked").json()["accounts"] == []
    page = admin.get("/admin/tokens?limit=2").json()
    assert len(page["tokens"]) == 2 and page["next"] and "token" not in page["tokens"][0]
    one = next(token for token in admin.get("/admin/tokens").json()["tokens"] if token["user"] == "sun_lihua")
    assert lead.get("/admin/calendars/insurer/2026").json()["working"] > 240
    fail(town, tmp_path, 1)
    (incident,) = lead.get("/admin/incidents").json()["incidents"]
    assert incident["step"] == "reckon" and incident["cure"]
    assert lead.get("/admin/jobs/failing").json() == {"jobs": [], "next": None}
    assert admin.post(f"/admin/tokens/sun_lihua/{one['digest']}/revoke").status_code == 204
    assert lead.get("/admin/incidents").status_code == 401
    for path in ("organisation", "people", "grants", "tokens", "accounts/locked", "changes", "incidents"):
        assert handler.get(f"/admin/{path}").status_code == 403, path
