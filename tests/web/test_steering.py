"""Cases as a whole on pages and in the API: corrected, moved by two, reopened, held, related, merged; who may."""

import re
from typing import Any, get_args

import pytest

from engine.core.commands import CompleteTask
from engine.runtime.answers import Accepted
from tasks.steering import STEERING
from tests.web.conftest import Town, Visitor
from web import show
from web.api_cases import CaseAction
from web.casework import ACTS
from web.desk import Desk
from web.steps import called
from workbench.picture import picture


def taken(town: Town, **more: Any) -> str:
    """A claim that chen_wei has accepted, and owns."""
    number = town.claim(**more)
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    command = CompleteTask(town.task_of(number), "accept", {"line": "motor"})
    answer = town.caseway.ask(case, command, "chen_wei")
    assert isinstance(answer, Accepted), answer
    town.settle()
    return number


def api(town: Town, user: str) -> Visitor:
    """A program in the user's name."""
    visitor = town.browser(user)
    visitor.headers["x-csrf-token"] = visitor.token()
    return visitor


def test_pages_api_and_rules_know_the_same_actions() -> None:
    assert set(ACTS) == set(STEERING) - {"retry", "migrate"} == set(get_args(CaseAction))


def test_the_page_tells_when_it_was_received_and_recorded(town: Town) -> None:
    text = town.browser("chen_wei").get(f"/cases/{taken(town)}").text
    assert "Received" in text and "2026-03-03 09:30" in text and "Recorded" in text and "2026-03-03 10:00" in text


def filled_in(page: str) -> dict[str, Any]:
    """What a browser would send of the page's form, as it stands."""
    fields: dict[str, Any] = dict(re.findall(r'<textarea[^>]*name="(data\.\w+)"[^>]*>([^<]*)</textarea>', page))
    for tag in re.findall(r'<input[^>]*name="data[^>]*>', page):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and value and not ("checked" not in tag and ('"radio"' in tag or '"checkbox"' in tag)):
            fields[name[1]] = [*fields[name[1]], value[1]] if '"checkbox"' in tag else [value[1]]
    for name, options in re.findall(r'<select[^>]*name="(data\.\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_data_are_corrected_on_a_page_of_their_own(town: Town) -> None:
    number = taken(town)
    path, owner = f"/cases/{number}/correct", town.browser("chen_wei")
    page = owner.get(path).text
    assert 'value="王小明"' in page and "data.class" not in page and "11010119900101123X" not in page
    fields = filled_in(page)
    same = owner.post(path, **fields, reason="why")
    assert same.status_code == 422 and "these fields cannot be corrected: none is named" in same.text
    fields["data.customer_name"], fields["data.loss_place"] = "王晓明", "南京路"
    refused = owner.post(path, **fields, reason=" ")
    assert refused.status_code == 422 and 'value="王晓明"' in refused.text
    answer = owner.post(path, **fields, reason="听错", command="k1")
    assert answer.status_code == 303
    case = owner.get(f"/cases/{number}").text
    assert "data corrected (听错)" in case and "Insured: 王小明 → 王晓明" in case and "not set → 南京路" in case
    assert owner.post(path, **fields, reason="听错", command="k1").status_code == 303, "sent twice, done once"
    stale = owner.post(path, **{**fields, "data.loss_place": "x"}, reason="again", revision="1")
    assert stale.status_code == 412
    other = town.browser("liu_yang")
    assert "who owns the case" in other.get(path).text
    assert other.post(path, **fields, reason="x").status_code in (403, 422)


def test_a_secret_is_corrected_without_being_shown(town: Town) -> None:
    number = taken(town)
    program = api(town, "chen_wei")
    given = {"changes": {"identity_number": "110101199001011248"}, "reason": "misread"}
    assert program.ask("POST", f"/api/cases/{number}/correct", json=given).status_code == 200
    text = program.get(f"/cases/{number}").text
    assert "Identity number: ••• → •••" in text and "110101199001011248" not in text


def test_a_move_is_previewed_proposed_and_approved_by_another(town: Town) -> None:
    number = taken(town)
    path, owner, lead = f"/cases/{number}/move", town.browser("chen_wei"), town.browser("lin_xiaoyan")
    token = town.task_of(number)
    assert "Document review" in owner.get(path).text
    seen = owner.get(f"{path}?token={token}&target=intake").text
    assert "the task Document review" in seen and "the task Intake →" in seen and "Propose the move" in seen
    assert owner.get(f"{path}?token={token}&target=nowhere").status_code == 422
    assert owner.post(path, token=token, target="intake", reason="").status_code == 422
    assert owner.post(path, token=token, target="intake", reason="wrong line").status_code == 303
    mine = owner.get(f"/cases/{number}").text
    assert "A move waits for approval" in mine and "Somebody else has to approve it." in mine
    theirs = lead.get(f"/cases/{number}").text
    proposal = re.search(r'name="proposal" value="(\d+)"', theirs)
    assert proposal is not None and "Approve and move" in theirs
    assert owner.post(f"/cases/{number}/approve_move", proposal=proposal[1]).status_code == 403
    assert lead.post(f"/cases/{number}/approve_move", proposal=proposal[1]).status_code == 303
    text = lead.get(f"/cases/{number}").text
    assert "moved: Document review → Intake, proposed by Chen Wei (wrong line)" in text and "A move waits" not in text


def test_a_proposal_is_void_when_the_case_has_moved(town: Town) -> None:
    number = taken(town)
    owner, lead = api(town, "chen_wei"), api(town, "lin_xiaoyan")
    move = {"token": town.task_of(number), "target": "intake", "reason": "wrong line"}
    assert owner.ask(
        "POST", f"/api/cases/{number}/move/preview", json={k: move[k] for k in ("token", "target")}
    ).json()["goes"]
    assert owner.ask("POST", f"/api/cases/{number}/move", json=move).status_code == 200
    change = {"changes": {"loss_place": "南京路"}, "reason": "was missing"}
    assert owner.ask("POST", f"/api/cases/{number}/correct", json=change).status_code == 200
    found = owner.get(f"/api/cases/{number}").json()["steering"]["proposal"]
    assert found["stale"] and found["goes"] == []
    answer = lead.ask("POST", f"/api/cases/{number}/approve_move", json={"proposal": found["proposal"]})
    assert answer.status_code == 409 and answer.json()["code"] == "moved"
    assert "can no longer be approved" in lead.get(f"/cases/{number}").text
    assert (
        lead.ask("POST", f"/api/cases/{number}/withdraw_move", json={"proposal": found["proposal"]}).status_code == 200
    )


def test_a_case_that_has_ended_is_reopened(town: Town) -> None:
    number = taken(town)
    owner = town.browser("chen_wei")
    assert owner.post(f"/cases/{number}/cancel", reason="误录").status_code == 403  # which takes somebody above
    town.browser("lin_xiaoyan").post(f"/cases/{number}/cancel", reason="误录")
    page = owner.get(f"/cases/{number}").text
    assert "Reopen the case" in page and "Reopened" in page
    program = api(town, "chen_wei")
    assert program.ask("POST", f"/api/cases/{number}/reopen/preview", json={}).json()["comes"]
    assert owner.post(f"/cases/{number}/reopen", reason="").status_code == 422
    assert owner.post(f"/cases/{number}/reopen", reason="确有其事").status_code == 303
    assert "the case was reopened" in owner.get(f"/cases/{number}").text


def test_a_legal_hold_is_seen_by_all_and_lifted_by_counsel(town: Town) -> None:
    number = taken(town)
    owner, counsel = town.browser("chen_wei"), town.browser("yu_siqi")
    assert owner.post(f"/cases/{number}/hold", reason="court").status_code == 403
    assert counsel.post(f"/cases/{number}/hold", reason="浦东法院").status_code == 303
    assert (
        "浦东法院" in owner.get(f"/cases/{number}").text and "Lift the hold" not in owner.get(f"/cases/{number}").text
    )
    hold = re.search(r'name="hold" value="(\d+)"', counsel.get(f"/cases/{number}").text)
    assert hold is not None
    assert counsel.post(f"/cases/{number}/lift_hold", hold=hold[1], reason="撤诉").status_code == 303


def test_duplicates_are_shown_related_and_merged(town: Town) -> None:
    first, second = taken(town), taken(town)
    owner = town.browser("chen_wei")
    page = owner.get(f"/cases/{second}").text
    assert "Possible duplicates" in page and first in page and "Policy number" in page
    assert owner.post(f"/cases/{second}/link", other="LP-1999-000001", kind="related").status_code == 422
    assert owner.post(f"/cases/{second}/link", other=first, kind="related", reason="同一路口").status_code == 303
    town.settle()
    page = owner.get(f"/cases/{first}").text
    assert "Related to" in page and second in page and "Possible duplicates" not in page
    assert owner.post(f"/cases/{second}/merge", other=first, reason="同一事故").status_code == 303
    town.settle()
    page = owner.get(f"/cases/{second}").text
    assert "Merged into" in page and "merged" in page
    assert "Has the duplicate" in owner.get(f"/cases/{first}").text
    town.browser("lin_xiaoyan").post(f"/cases/{first}/cancel", reason="撤回")
    town.settle()
    assert "decided there: cancelled" in owner.get(f"/cases/{second}").text


def test_a_merge_is_looked_at_before_it_is_done(town: Town) -> None:
    first, second = taken(town), taken(town)
    lead = town.browser("lin_xiaoyan")
    assert f"/cases/{second}/merge" in lead.get(f"/cases/{second}").text
    page = lead.get(f"/cases/{second}/merge?other={first}").text
    assert f"{first} leads" in page and "the task Document review" in page and "the clock" in page and "papers" in page
    assert f"/cases/{first}/merge?other={second}" in page  # the other way round
    unknown = lead.get(f"/cases/{second}/merge?other=LP-1999-000001")
    assert unknown.status_code == 422 and "LP-1999-000001" in unknown.text
    assert "Merged into" not in lead.get(f"/cases/{second}").text  # nothing has been done
    closed = town.browser("liu_yang").get(f"/cases/{second}/merge?other={first}")
    assert closed.status_code == 403
    program = api(town, "lin_xiaoyan")
    seen = program.ask("POST", f"/api/cases/{second}/merge/preview", json={"other": first}).json()
    assert (seen["leads"]["number"], seen["ends"]["number"]) == (first, second) and seen["why"] == ""
    assert "the task Document review" in seen["goes"] and seen["stays"]
    refused = lead.post(f"/cases/{second}/merge", other=first, reason="")
    assert refused.status_code == 422 and "leads" in refused.text
    done = lead.post(f"/cases/{second}/merge", other=first, reason="同一事故")
    assert done.headers["location"] == f"/cases/{second}?said=merged"
    assert "已结束: 已并入" in (page := town.browser("lin_xiaoyan", "zh").get(f"/cases/{second}").text), page


def test_the_api_finds_what_is_alike_before_a_case_is_started(town: Town) -> None:
    number = taken(town)
    program = api(town, "chen_wei")
    data = {"policy_number": "PM2026000001", "loss_date": "2026-03-02", "claimed_amount": 1.5}
    (found,) = program.ask("POST", "/api/alike", json={"process": "claims", "data": data}).json()
    assert found["line"]["number"] == number and found["rules"] == ["same_day"]
    assert program.ask("POST", "/api/alike", json={"process": "nothing", "data": {}}).status_code == 404
    assert program.get(f"/api/cases/{number}/related").json() == {"links": [], "alike": []}
    (place,) = program.get(f"/api/cases/{number}/places").json()
    assert ["intake", "Intake"] in place["targets"]


@pytest.mark.parametrize("action", sorted(ACTS))
def test_what_is_closed_to_somebody_is_refused_them(town: Town, action: str) -> None:
    number = taken(town)
    program = api(town, "fang_qi")  # has no part in it
    answer = program.ask("POST", f"/api/cases/{number}/{action}", json={"reason": "x", "other": number})
    assert answer.status_code == 403 and answer.json()["code"] == "masked"
    colleague = api(town, "liu_yang")  # serves a queue in which it stood, and reads it
    closed = colleague.get(f"/api/cases/{number}").json()["steering"]["actions"]
    assert closed[action] and "retry" in closed
    given = {"reason": "x", "other": number, "changes": {"loss_place": "x"}, "token": 1, "target": "intake"}
    answer = colleague.ask("POST", f"/api/cases/{number}/{action}", json=given)
    assert answer.status_code in (403, 409, 422) and answer.json()["code"] in (
        "not_steering",
        "running",
        "not_ended",
        "closed",
    )


def test_a_start_that_may_be_a_duplicate_is_asked_about_once(town: Town) -> None:
    number = taken(town)
    clerk = town.browser("lu_yao")
    given = {
        "data.channel": "phone", "data.reported_at": "2026-03-03T09:30", "data.policy_number": "PM2026000001",
        "data.customer_name": "王小明", "data.customer_phone": "13800000000", "data.line": "motor",
        "data.event": "collision", "data.loss_date": "2026-03-02", "data.description": "追尾",
        "data.claimed_amount": "800", "command": "k1",
    }  # fmt: skip
    asked = clerk.post("/start/claims", **given)
    assert asked.status_code == 200 and "Possible duplicates" in asked.text and number in asked.text
    known = re.findall(r'name="known" value="([^"]+)"', asked.text)
    assert clerk.post("/start/claims", **given, known=known).status_code == 303
    other = {**given, "data.policy_number": "PM2026000009", "data.loss_date": "2026-03-01", "command": "k2"}
    assert clerk.post("/start/claims", **other).status_code == 303


@pytest.mark.parametrize("language", ["zh", "en"])
def test_steps_without_a_title_are_called_by_what_they_do(town: Town, language: str) -> None:
    """No page asks somebody to choose between names of the program."""
    desk = Desk(town.caseway, "lin_xiaoyan", language)
    for name in ("claims", "complaint"):
        process = town.caseway.definitions.process(name)
        for node in process.nodes.values():
            told = called(desk, process, node.id)
            assert "/" in node.id or (told != show.worded(node.id) or node.title), (name, node.id)
            assert "{" not in told and (language == "en" or "/" in node.id or re.search("[一-龥]", told)), told


def test_the_picture_of_a_case_speaks_of_steps_without_a_title_in_words(town: Town) -> None:
    number = town.claim()
    for language, words in (("zh", "判断走向"), ("en", "which way")):
        drawn = town.browser("chen_wei", language).get(f"/cases/{number}/picture.svg").text
        assert words in drawn and ">type_known<" not in drawn
    process = town.caseway.definitions.process("claims")
    assert ">type_known<" in picture(process, "en")  # designers see their own names
