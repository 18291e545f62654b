"""`start`, `case`, `task`, `queue`: what handlers do, and what they are told when it cannot be done."""

from pathlib import Path

from bootstrap import Caseway as Installation
from bootstrap import Home
from tests.cli.conftest import CLAIM, Caseway, claim, reported, task_of

FIELDS = (
    "--set", "channel=phone", "--set", "policy_number=PM2026000001", "--set", "customer_name=赵敏",
    "--set", "customer_phone=13900000000", "--set", "event=collision", "--set", "description=刮擦",
    "--set", "claimed_amount=1,200.50", "--set", "line=motor", "--set", f"loss_date={reported(30)[:10]}",
)  # fmt: skip


def test_a_case_is_started_from_fields_written_as_people_write_them(caseway: Caseway) -> None:
    said = caseway("start", "claims", "--as", "lu_yao", *FIELDS, "--set", f"reported_at={reported(1)}", "--json")
    assert said.code == 0, said.err
    assert said.json["status"] == "open"
    data = caseway("case", "show", said.json["number"], "--json").json["data"]
    assert data["customer_phone"] == "13900000000" and data["claimed_amount"] == "1200.50"


def test_wrong_data_names_each_field_in_both_languages(caseway: Caseway) -> None:
    said = caseway("start", "claims", "--as", "lu_yao", "--set", "channel=pigeon", "--set", "foo=1")
    assert said.code == 1
    assert "policy_number: 必填 / is required" in said.err
    assert "foo: 没有这个字段" in said.err and "there is no such field" in said.err
    assert "channel: 应为下列之一" in said.err


def test_who_acts_must_be_said_and_known(caseway: Caseway) -> None:
    assert caseway("start", "claims", *FIELDS).code == 2
    near = caseway("start", "claims", "--as", "lu_ya", *FIELDS)
    assert near.code == 1 and "Did you mean lu_yao?" in near.err
    assert "Did you mean claims?" in caseway("start", "claim", "--as", "lu_yao").err


def test_data_that_is_no_json_object_is_misuse(caseway: Caseway) -> None:
    for wrong in ('{"a":', "[1]"):
        assert caseway("start", "claims", "--as", "lu_yao", "--data", wrong).code == 2
    assert "expected path=value" in caseway("start", "claims", "--as", "lu_yao", "--set", "channel").err


def test_a_file_of_cases_and_the_file_of_refused_rows(caseway: Caseway, house: Path) -> None:
    rows = house / "more.csv"
    rows.write_text("\n".join([CLAIM, "x,y", claim(1, "周杰", "八百"), claim(1, "吴敏", "800")]), encoding="utf-8-sig")
    said = caseway("start", "claims", "--as", "lu_yao", "--file", rows)
    assert said.code == 1 and "1 started, 2 refused" in said.out
    assert "more.csv:2: expected 11 cells, found 2" in said.err
    refused = (house / "more.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(refused) == 3 and "claimed_amount: expected an amount" in refused[2]
    again = caseway("start", "claims", "--as", "lu_yao", "--file", rows, "--json").json
    assert len(again["started"]) == 1 and len(caseway("case", "list", "--json").json) == 4  # nothing started twice


def test_a_file_that_cannot_be_taken_starts_nothing(caseway: Caseway, house: Path) -> None:
    (house / "other.csv").write_text("保单,日期\n1,2\n", encoding="utf-8")
    (house / "book.csv").write_bytes(b"PK\x03\x04\x00\x00")
    missing = caseway("start", "claims", "--as", "lu_yao", "--file", "nowhere.csv")
    assert missing.code == 1 and "nowhere.csv: No such file" in missing.err
    assert "did you mean 保单号?" in caseway("start", "claims", "--as", "lu_yao", "--file", "other.csv").err
    assert "UTF-8 or GB 18030" in caseway("start", "claims", "--as", "lu_yao", "--file", "book.csv").err
    both = caseway("start", "claims", "--as", "lu_yao", "--file", "other.csv", "--set", "a=b")
    assert both.code == 2
    assert len(caseway("case", "list", "--json").json) == 3


def test_cases_are_listed_and_searched(caseway: Caseway) -> None:
    listed = caseway("case", "list")
    assert listed.code == 0 and listed.out.count("LP-") == 3
    assert caseway("case", "find", "王伟").out.count("LP-") == 1
    assert "cases: nothing" in caseway("case", "find", "nobody").out
    assert caseway("case", "list", "--status", "ended", "--json").json == []
    assert "The first 2; more with --limit." in caseway("case", "list", "--limit", 2).out
    assert caseway("case", "list", "--status", "opn").code == 2
    assert caseway("case", "list", "--limit", 0).code == 2
    assert "Did you mean claims?" in caseway("case", "list", "--process", "claim").err


def test_a_case_is_shown_with_secrets_masked_and_times_of_the_calendar(caseway: Caseway, number: str) -> None:
    said = caseway("case", "show", number)
    assert said.code == 0
    assert "被保险人" in said.out and reported(200)[:13] in said.out  # local time, not UTC
    assert "Insured" in caseway("case", "show", number, "--lang", "en").out or "nsured" in said.out
    told = caseway("case", "show", number, "--json").json
    assert told["number"] == number and told["history"][0]["command"] == "StartCase"
    unknown = caseway("case", "show", "LP-1")
    assert unknown.code == 1 and "caseway case find" in unknown.err


def test_secrets_are_opened_for_a_reason_that_is_kept(caseway: Caseway, house: Path) -> None:
    data = {
        "channel": "phone", "reported_at": reported(2), "policy_number": "PM2026000001", "customer_name": "王小明",
        "customer_phone": "13800000000", "event": "collision", "loss_date": reported(26)[:10], "description": "追尾",
        "claimed_amount": "100", "identity_number": "11010119900101123X",
    }  # fmt: skip
    fields = [part for name, value in data.items() for part in ("--set", f"{name}={value}")]
    started = caseway("start", "claims", "--as", "lu_yao", *fields, "--json")
    assert started.code == 0, started.err
    mine = started.json["number"]
    assert "•••" in caseway("case", "show", mine).out and "11010119900101123X" not in caseway("case", "show", mine).out
    assert caseway("case", "show", mine, "--open", "a question").code == 2  # who?
    said = caseway("case", "show", mine, "--open", "the customer is at the counter", "--as", "shi_lei")
    assert said.code == 0 and "11010119900101123X" in said.out
    told = caseway("case", "show", mine, "--open", "once more", "--as", "shi_lei", "--json").json
    assert told["data"]["identity_number"] == "11010119900101123X"
    with Installation(Home(house)) as found:
        rows = found.connection.all("SELECT user_id, ground, reason FROM looks ORDER BY at, id")
        glass = found.connection.all("SELECT user_id, number, reason FROM glass")
    assert [tuple(row) for row in rows] == [
        ("shi_lei", "glass", "the customer is at the counter"), ("shi_lei", "glass", "once more")
    ]  # fmt: skip
    assert [tuple(row) for row in glass] == [("shi_lei", mine, "the customer is at the counter")]


def test_a_task_from_next_to_complete(caseway: Caseway, number: str) -> None:
    taken = caseway("task", "next", "--as", "dai_wen", "--json").json
    assert taken[0]["holder"] == "dai_wen" and taken[0]["number"] == number  # the oldest is the most urgent
    task = taken[0]["task"]
    assert caseway("task", "list", "--as", "dai_wen", "--json").json[0]["task"] == task
    form = caseway("task", "form", number, task)
    assert form.code == 0 and "报案受理" in form.out and "accept" in form.out and "motor, health" in form.out
    saved = caseway("task", "save", number, task, "--as", "dai_wen", "--set", "loss_place=南京路")
    assert saved.code == 0 and f"intake (task {task}, dai_wen)" in saved.out
    assert "南京路" in caseway("task", "form", number, task).out
    done = caseway("task", "complete", number, task, "--as", "dai_wen", "--outcome", "accept", "--set", "line=motor")
    assert done.code == 0 and number in done.out
    twice = caseway("task", "complete", number, task, "--as", "dai_wen", "--outcome", "accept")
    assert twice.code == 1 and "no longer open" in twice.err
    assert "is not open" in caseway("task", "form", number, task).err
    history = caseway("case", "show", number).out
    assert "intake, accept" in history


def test_completing_wrongly_is_told_field_by_field(caseway: Caseway, number: str) -> None:
    task = task_of(caseway, number)
    act = ("task", "complete", number, task, "--as", "dai_wen")
    assert "did you mean accept?" in caseway(*act, "--outcome", "acept").err
    wrong = caseway(*act, "--outcome", "accept", "--set", "line=boat", "--set", "foo=1")
    assert wrong.code == 1 and "line: 应为下列之一" in wrong.err and "foo:" in wrong.err
    assert "reason" in caseway(*act, "--outcome", "mistaken").err
    served = caseway("task", "complete", number, task, "--as", "fang_qi", "--outcome", "accept")
    assert served.code == 1 and "你不在队列 intake 中 / you do not serve the queue intake" in served.err


def test_tasks_are_handed_on_and_back(caseway: Caseway, number: str) -> None:
    task = task_of(caseway, number)
    assert caseway("task", "claim", number, task, "--as", "dai_wen").code == 0
    held = caseway("task", "claim", number, task, "--as", "jin_tao")
    assert held.code == 1 and "已由 dai_wen 领取 / dai_wen holds task" in held.err
    assert caseway("task", "transfer", number, task, "--as", "dai_wen").code == 2
    assert "Did you mean jin_tao?" in caseway("task", "transfer", number, task, "--as", "dai_wen", "--to", "jin_ta").err
    assert caseway("task", "transfer", number, task, "--as", "dai_wen", "--queue", "nowhere").code == 1
    assert caseway("task", "release", number, task, "--as", "dai_wen").code == 0
    said = caseway("task", "transfer", number, task, "--as", "shen_meiling", "--to", "jin_tao", "--reason", "熟悉")
    assert said.code == 0, said.err
    assert caseway("task", "list", "--as", "jin_tao", "--json").json[0]["task"] == task


def test_a_case_is_held_let_go_and_cancelled(caseway: Caseway, number: str) -> None:
    assert caseway("case", "suspend", number, "--as", "lin_xiaoyan").code == 2  # without a reason
    assert "suspended" in caseway("case", "suspend", number, "--as", "lin_xiaoyan", "--reason", "等待").out
    task = task_of(caseway, number)
    refused = caseway("task", "claim", number, task, "--as", "dai_wen")
    assert refused.code == 1 and "已中止" in refused.err and "suspended" in refused.err
    assert caseway("case", "resume", number, "--as", "lin_xiaoyan").code == 0
    assert caseway("case", "resume", number, "--as", "lin_xiaoyan").code == 1
    ended = caseway("case", "cancel", number, "--as", "lin_xiaoyan", "--reason", "重复", "--json").json
    assert ended["status"] == "ended" and ended["tasks"] == []


def test_queues(caseway: Caseway) -> None:
    rows = {row["queue"]: row for row in caseway("queue", "list", "--json").json}
    assert rows["intake"]["open"] == 3 and rows["intake"]["title"] == "报案受理" and rows["survey"]["open"] == 0
    assert caseway("queue", "show", "intake").out.count("LP-") == 3
    assert "survey: nothing" in caseway("queue", "show", "survey").out
    wrong = caseway("queue", "show", "intak")
    assert wrong.code == 2 and "Did you mean intake?" in wrong.err


def test_there_is_nothing_to_take(caseway: Caseway) -> None:
    assert "nothing for you" in caseway("task", "next", "--as", "fang_qi").err
    assert caseway("task", "next", "--as", "fang_qi", "--queue", "intake").code == 2
    assert caseway("task", "list", "--as", "fang_qi", "--json").json == []
