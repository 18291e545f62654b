"""`sla`, `message`, `incident`, `job`: what supervisors look at, and what comes from outside."""

import pytest

from tests.cli.conftest import Caseway, task_of


def test_breaches_and_where_the_time_was_lost(caseway: Caseway, number: str) -> None:
    rows = caseway("sla", "breaches", "--json").json
    assert {row["number"] for row in rows} == {number}
    assert all("before the case" in row["time_lost"] for row in rows)  # it was reported so long ago
    said = caseway("sla", "breaches", "--origin", "manual", "--clause", rows[0]["clauses"][0])
    assert said.code == 0 and number in said.out and "caseway sla explain" in said.out
    assert "breaches: nothing" in caseway("sla", "breaches", "--process", "complaint").out
    assert caseway("sla", "breaches", "--until", rows[0]["since"][:10], "--json").json == []


def test_a_day_may_be_said_in_words(caseway: Caseway) -> None:
    every = len(caseway("sla", "breaches", "--json").json)
    before = len(caseway("sla", "breaches", "--until", "yesterday", "--json").json)
    after = len(caseway("sla", "breaches", "--since", "yesterday", "--json").json)
    assert every == before + after > 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("breaches", "--since", "gestern"), "expected a day such as 2026-03-02, today or yesterday"),
        (("breaches", "--process", "claim"), "Did you mean claims?"),
        (("breaches", "--clause", "E-4.9"), "There is no clause E-4.9"),
        (("breaches", "--origin", "laws"), "is not one of 'law'"),
        (("risk", "--within", "3x"), "--within: expected a duration"),
        (("breaches", "--until", "2026-02-30"), "expected a day"),
    ],
)
def test_misuse_is_told(caseway: Caseway, args: tuple[str, ...], words: str) -> None:
    said = caseway("sla", *args)
    assert said.code == 2 and words in said.err


def test_what_is_at_risk(caseway: Caseway) -> None:
    soon = caseway("sla", "risk", "--within", "30wd", "--json").json
    assert soon and soon == sorted(soon, key=lambda row: str(row["deadline"]))
    assert "left" in caseway("sla", "risk", "--within", "30wd").out
    assert "at risk: nothing" in caseway("sla", "risk", "--within", "1min").out


def test_explaining_a_clock(caseway: Caseway, number: str) -> None:
    told = caseway("sla", "explain", number, "--clock", "review_24h", "--json").json
    assert [account["clock"] for account in told] == ["review_24h"] and told[0]["breached"]
    assert "合计" in caseway("sla", "explain", number).out
    assert "sum" in caseway("sla", "explain", number, "--lang", "en").out
    wrong = caseway("sla", "explain", number, "--clock", "review_24")
    assert wrong.code == 1 and "Did you mean review_24h?" in wrong.err
    assert caseway("sla", "explain", "LP-1").code == 1


def test_extending_what_may_not_be_extended(caseway: Caseway, number: str) -> None:
    args = ("sla", "extend", number, "decision_law", "10d", "--reason", "调查")
    assert caseway(*args).code == 2  # who acts?
    assert "may not be extended" in caseway(*args, "--as", "gu_mingyuan").err
    assert "does not run" in caseway("sla", "extend", number, "nope", "1d", "--reason", "x", "--as", "gu_mingyuan").err


def test_messages(caseway: Caseway, number: str) -> None:
    sent = caseway("message", "send", "claim_withdrawn", number, "--as", "lu_yao", "--json")
    assert sent.code == 0, sent.err
    assert sent.json["state"] == "delivered"
    assert caseway("worker", "--once").code == 0  # the claim leaves the register of its event
    assert caseway("case", "list", "--status", "ended", "--json").json[0]["number"] == number
    waiting = caseway("message", "send", "claim_withdrawn", "LP-none", "--as", "lu_yao")
    assert waiting.code == 0 and "pending" in waiting.out
    assert {row["state"] for row in caseway("message", "list", "--json").json} == {"delivered", "pending"}
    assert "LP-none" in caseway("message", "list", "--state", "pending").out
    assert caseway("message", "list", "--state", "lost").code == 2


def test_messages_that_are_refused(caseway: Caseway, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    near = caseway("message", "send", "claim_withdrawm", number, "--as", "lu_yao")
    assert near.code == 2 and "Did you mean claim_withdrawn?" in near.err
    monkeypatch.setenv("CASEWAY_LANG", "en")
    payload = caseway("message", "send", "claim_withdrawn", number, "--as", "lu_yao", "--set", "x=1")
    assert payload.code == 1 and "x: there is no such field" in payload.err and "没有" not in payload.err
    monkeypatch.delenv("CASEWAY_LANG")
    payload = caseway("message", "send", "claim_withdrawn", number, "--as", "lu_yao", "--set", "x=1")
    assert payload.code == 1 and "没有这个字段 / there is no such field" in payload.err
    assert caseway("message", "send", "claim_withdrawn", number).code == 2


def test_service_work_is_listed_and_served(caseway: Caseway, number: str) -> None:
    task = task_of(caseway, number)
    done = caseway("task", "complete", number, task, "--as", "dai_wen", "--outcome", "accept", "--set", "line=motor")
    assert done.code == 0, done.err
    (job,) = caseway("job", "list", "--json").json
    assert job["number"] == number and job["function"] == "policy_check" and job["attempts"] == "0/5"
    served = caseway("worker", "--once")
    assert served.code == 0 and "jobs tried" in served.out
    assert "jobs: nothing" in caseway("job", "list").out


def test_incidents(caseway: Caseway, number: str) -> None:
    assert "incidents: nothing" in caseway("incident", "list").out
    assert caseway("incident", "list", "--json").json == []
    none = caseway("incident", "retry", number, 7, "--as", "lin_xiaoyan")
    assert none.code == 1 and "has no open incident 7" in none.err
    assert caseway("incident", "retry", number, "seven", "--as", "lin_xiaoyan").code == 2


def test_a_supervisor_says_why_a_clock_is_late(caseway: Caseway, number: str) -> None:
    before = caseway("sla", "breaches", "--json").json
    (row,) = (one for one in before if one["clock"] == "review_24h")
    assert row["reason"] == "" and "(nobody has said)" in caseway("sla", "breaches").out
    say = ("sla", "acknowledge", number, "review_24h")
    away = caseway(*say, "--reason", "staff", "--as", "ren_hong")
    assert away.code == 1 and "floor" in away.err, "a supervisor elsewhere"
    handler = caseway(*say, "--reason", "staff", "--as", "chen_wei")
    assert handler.code == 1 and "floor" in handler.err
    strange = caseway(*say, "--reason", "weather", "--as", "lin_xiaoyan")
    assert strange.code == 1 and "Choose one of the reasons" in strange.err
    assert caseway(*say, "--reason", "staff", "--note", "two were ill", "--as", "lin_xiaoyan").code == 0
    (row,) = (one for one in caseway("sla", "breaches", "--json").json if one["clock"] == "review_24h")
    assert (row["reason"], row["acknowledged_by"]) == ("staff", "lin_xiaoyan")
    assert "Too few people: 1" in caseway("sla", "breaches").out
    assert caseway(*say[:3], "no_such_clock", "--reason", "staff", "--as", "lin_xiaoyan").code == 1
