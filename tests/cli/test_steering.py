"""`case correct`, `move`, `reopen`, `hold`, `link`, `merge`: a case as a whole, from the command line."""

import pytest

from tests.cli.conftest import Caseway, task_of


@pytest.fixture
def taken(caseway: Caseway, number: str) -> str:
    """The case, accepted by who owns it from then on: lu_yao."""
    task = task_of(caseway, number)
    done = caseway("task", "complete", number, task, "--as", "lu_yao", "--outcome", "accept", "--set", "line=motor")
    assert done.code == 0, done.err
    caseway("worker", "--once")
    return number


def test_data_are_corrected_by_who_may(caseway: Caseway, taken: str) -> None:
    args = ("case", "correct", taken, "--reason", "听错", "--set", "customer_name=王玮", "--set", "loss_place=")
    refused = caseway(*args, "--as", "fang_qi")
    assert refused.code == 1 and "案件责任人" in refused.err and "who owns the case" in refused.err
    assert caseway(*args, "--as", "lu_yao").code == 0
    told = caseway("case", "show", taken, "--json").json
    assert told["data"]["customer_name"] == "王玮" and told["data"].get("loss_place") is None
    assert told["received"] < told["recorded"]
    assert "received" in caseway("case", "show", taken).out
    wrong = caseway("case", "correct", taken, "--reason", "x", "--set", "class=urgent", "--as", "lu_yao")
    assert wrong.code == 1 and "class" in wrong.err and "由流程得出" in wrong.err
    assert caseway("case", "correct", taken, "--reason", "x", "--set", "claimed_amount=ten", "--as", "lu_yao").code == 1


def test_a_move_is_looked_at_proposed_and_approved_by_another(caseway: Caseway, taken: str) -> None:
    at = caseway("case", "show", taken, "--json").json["tasks"][0]["step"]
    seen = caseway("case", "move", taken, at, "intake", "--preview", "--json")
    assert seen.code == 0 and any("单证审核" in one for one in seen.json["goes"])
    assert any("报案受理" in one for one in seen.json["comes"])
    assert "the task Intake" in caseway("case", "move", taken, at, "intake", "--preview", "--lang", "en").out
    assert caseway("case", "move", taken, at, "intake", "--as", "lu_yao").code == 2  # why?
    wrong = caseway("case", "move", taken, "intaek", "intake", "--preview")
    assert wrong.code == 1 and "There is no open step intaek" in wrong.err
    assert caseway("case", "move", taken, at, "assessment", "--preview").code == 1  # within another block
    proposed = caseway("case", "move", taken, at, "intake", "--reason", "险种录错", "--as", "lu_yao", "--json")
    assert proposed.code == 0, proposed.err
    proposal = proposed.json["proposal"]
    assert "a move waits for approval" in caseway("case", "show", taken).out
    assert caseway("case", "approve-move", taken, proposal, "--as", "lu_yao").code == 1
    approved = caseway("case", "approve-move", taken, proposal, "--as", "lin_xiaoyan", "--json")
    assert approved.code == 0 and [one["step"] for one in approved.json["tasks"]] == ["intake"]
    again = caseway("case", "move", taken, "intake", "classify", "--reason", "x", "--as", "lu_yao", "--json").json
    assert caseway("case", "withdraw-move", taken, again["proposal"], "--as", "lu_yao").code == 0


def test_a_case_is_held_handed_on_ended_and_reopened(caseway: Caseway, taken: str) -> None:
    assert caseway("case", "hold", taken, "--reason", "诉讼", "--as", "lu_yao").code == 1
    assert caseway("case", "hold", taken, "--reason", "诉讼", "--as", "yu_siqi").code == 0
    (hold,) = caseway("case", "show", taken, "--json").json["holds"]
    assert hold["by"] == "yu_siqi" and "legal holds" in caseway("case", "show", taken).out
    assert caseway("case", "lift-hold", taken, hold["hold"], "--reason", "撤诉", "--as", "cao_zhengping").code == 0
    assert caseway("case", "owner", taken, "jin_tao", "--reason", "轮班", "--as", "lu_yao").code == 0
    assert caseway("case", "reopen", taken, "--reason", "x", "--as", "jin_tao").code == 1
    assert caseway("case", "cancel", taken, "--reason", "误录", "--as", "jin_tao").code == 1
    assert caseway("case", "cancel", taken, "--reason", "误录", "--as", "lin_xiaoyan").code == 0
    back = caseway("case", "reopen", taken, "--reason", "确有其事", "--as", "jin_tao", "--json")
    assert back.code == 0 and back.json["status"] == "open"


def test_cases_are_related_and_merged(caseway: Caseway, taken: str) -> None:
    rows = caseway("case", "list", "--json").json
    other, third = (row["number"] for row in rows if row["number"] != taken)
    assert caseway("case", "link", taken, other, "--kind", "part_of", "--as", "lu_yao").code == 0
    caseway("worker", "--once")
    (link,) = caseway("case", "related", other, "--json").json["links"]
    assert (link["number"], link["kind"]) == (taken, "has_part")
    assert caseway("case", "link", taken, "LP-0", "--as", "lu_yao").code == 1
    assert caseway("case", "unlink", taken, other, "--reason", "另案", "--as", "lu_yao").code == 0
    assert caseway("case", "merge", third, taken, "--as", "lin_xiaoyan").code == 2
    seen = caseway("case", "merge", third, taken, "--dry-run", "--json").json
    assert seen["leads"] == taken and seen["goes"]
    merged = caseway("case", "merge", third, taken, "--reason", "同一事故", "--as", "lin_xiaoyan", "--json")
    assert merged.code == 0 and merged.json["end"] == "merged"
    refused = caseway("case", "merge", other, third, "--reason", "x", "--as", "lin_xiaoyan")
    assert refused.code == 1 and taken in refused.err
    assert "duplicate_of" in caseway("case", "related", third).out


def test_what_is_alike_is_said_on_starting(caseway: Caseway, taken: str) -> None:
    data = caseway("case", "show", taken, "--json").json["data"]
    same = ("channel", "reported_at", "policy_number", "customer_name", "customer_phone", "event", "loss_date")
    given = [f"{name}={data[name]}" for name in same] + ["description=追尾", "claimed_amount=10", "line=motor"]
    args = [part for one in given for part in ("--set", one)]
    started = caseway("start", "claims", "--as", "lu_yao", *args)
    assert started.code == 0 and f"the same matter as {taken}" in started.err
    number = started.out.split(":")[0]
    (alike,) = caseway("case", "related", number, "--json").json["alike"]
    assert alike["number"] == taken and "same_event" in alike["rules"]
