"""Messages from outside are held to what house.yaml says of their payload: types, and every bound beside them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap import Caseway, Home, create
from engine.language.files import Folder
from engine.runtime.clock import VirtualClock
from engine.runtime.deploy import deploy
from engine.runtime.tables import moment
from tests.support.branch import MONDAY

HOUSE = """\
house: test
calendars: {office: calendars/office.yaml}
messages:
  paid:
    title: {zh: 已付, en: Paid}
    by: [customer]
    data:
      reference: {type: string, pattern: "^PAY-[0-9]+$", maxLength: 12}
      amount: {type: number, format: money, minimum: 1}
      result: {type: string, enum: [done, returned]}
      papers: {type: array, items: {type: string, minLength: 2}, maxItems: 2, uniqueItems: true}
      payee: {type: object, properties: {account: {type: string, minLength: 4}}, required: [account]}
"""
CALENDAR = """\
calendar: office
title: {zh: 日历, en: Calendar}
zone: Asia/Shanghai
hours: {mon-fri: ["09:00-17:00"]}
holidays: china
published_until: 2026
"""
FITS = {"reference": "PAY-1", "amount": "1.50", "result": "done", "papers": ["id"], "payee": {"account": "6222"}}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("receiving")
    create(Home(folder / "home"))
    (folder / "house" / "calendars").mkdir(parents=True)
    (folder / "house" / "house.yaml").write_text(HOUSE, encoding="utf-8")
    (folder / "house" / "calendars" / "office.yaml").write_text(CALENDAR, encoding="utf-8")
    with Caseway(Home(folder / "home")) as app:
        deploy(app.definitions, Folder(folder / "house"), app.clock.now(), "test")
        yield app


@pytest.mark.parametrize(
    ("field", "value", "path", "zh", "en"),
    [
        ("reference", "PAY-x", "reference", "格式不符", "expected form"),
        ("reference", "PAY-1234567890", "reference", "最多 12 个字", "at most 12 characters"),
        ("amount", "0.99", "amount", "不能小于 1", "at least 1"),
        ("amount", "1.001", "amount", "最多 2 位小数", "at most 2 decimal places"),
        ("amount", "much", "amount", "应为数字", "a number"),
        ("result", "don", "result", "是否应为 done", "did you mean done?"),
        ("papers", ["id", "x"], "papers[1]", "至少 2 个字", "at least 2 characters"),
        ("papers", ["id", "id"], "papers", "有重复项", "same item twice"),
        ("payee", {}, "payee.account", "必填", "is required"),
        ("payee", {"account": "62"}, "payee.account", "至少 4 个字", "at least 4 characters"),
        ("refrence", "PAY-1", "refrence", "没有这个字段", "did you mean reference?"),
    ],
)
def test_a_payload_beyond_its_bounds_is_refused_by_field(
    app: Caseway, field: str, value: Any, path: str, zh: str, en: str
) -> None:
    refused = app.receive("m", "paid", "PAY-1", {**FITS, field: value}, "customer")
    assert refused is not None and refused.code == "payload"
    assert zh in refused.fields[path]["zh"] and en in refused.fields[path]["en"]
    assert "paid" in refused.text and path in refused.text
    assert app.connection.one("SELECT count(*) FROM messages")[0] == 0


def test_what_fits_is_taken_in(app: Caseway) -> None:
    assert app.receive("good", "paid", "PAY-1", {**FITS, "papers": None}, "customer") is None


PROCESS = """\
process: wait
title: {zh: 等, en: Wait}
number: W-{year}-{seq}
start: {by: [staff]}
steps:
  for_it: {receive: {message: paid, key: number}, next: done}
  done: {end: done}
"""
BARE = """\
house: bare
messages:
  paid: {title: {zh: 已付, en: Paid}, by: [customer], keep: 3wd}
"""


def test_a_house_without_calendars_knows_its_messages_and_learns_new_ones(tmp_path: Path) -> None:
    create(Home(tmp_path / "home"))
    folder = tmp_path / "processes"
    folder.mkdir()
    (folder / "house.yaml").write_text(BARE, encoding="utf-8")
    (folder / "wait.yaml").write_text(PROCESS, encoding="utf-8")
    with Caseway(Home(tmp_path / "home"), VirtualClock(MONDAY)) as bare:
        assert bare.receive("m0", "paid", "W", {}, "customer") is not None, "nothing is deployed yet"
        bare.deploy(folder, "test")
        assert bare.receive("m1", "paid", "W", {}, "customer") is None
        ((expires,),) = bare.connection.all("SELECT expires FROM messages")
        assert moment(expires) == MONDAY + timedelta(days=3), "without a calendar every day is a working day"
        known = bare.receive("m2", "told", "W", {}, "customer")
        assert known is not None and known.code != "sender"
        more = BARE + "  told: {title: {zh: 已告知, en: Told}, by: [customer]}\n"
        (folder / "house.yaml").write_text(more, encoding="utf-8")
        bare.deploy(folder, "test")
        assert bare.receive("m2", "told", "W", {}, "customer") is None, "without being opened again"
