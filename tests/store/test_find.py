"""Cases are found by their words, newest first, on both stores; the words follow the data; indexes are used."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bootstrap import SHIPPED, Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime import keys
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tasks import find
from tasks.commands import SaveDraft
from tasks.search import MOST, about, terms, words, words_of
from tests.store.conftest import BEGIN


class House:
    """An installation with the shipped processes."""

    def __init__(self, caseway: Caseway, clock: VirtualClock) -> None:
        self.caseway, self.clock = caseway, clock

    def claim(self, customer: str, policy: str, text: str = "追尾") -> str:
        self.clock.advance(timedelta(minutes=1))
        data = {
            "channel": "phone", "reported_at": self.clock.now().isoformat(), "policy_number": policy,
            "customer_name": customer, "customer_phone": "13800000000", "event": "collision",
            "loss_date": "2026-03-01", "description": text, "claimed_amount": 100,
            "identity_number": "11010119900101123X",
        }  # fmt: skip
        answer = self.caseway.start(StartCase("claims", data), "lu_yao")
        assert isinstance(answer, Accepted), answer
        return answer.number

    def found(self, query: str, **more: Any) -> list[str | None]:
        page = find.cases(self.caseway.connection, terms(query), known=("claims", "complaint"), **more)
        return [one.number for one in page.cases]


@pytest.fixture
def house(home: Home) -> Iterator[House]:
    clock = VirtualClock(BEGIN)
    create(home)
    with Caseway(home, clock) as caseway:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(SHIPPED, "dong_lei")
        yield House(caseway, clock)


def test_by_number_customer_policy_and_text(house: House) -> None:
    one = house.claim("王小明", "PM2026000001", "在广东省广州市天河区体育西路与前车追尾")
    two = house.claim("欧阳小明", "PM2026000002", "高空坠物砸坏车窗 ＡＢＣ-123")
    for query, expected in {
        one: [one], one.lower(): [one], one[:-1]: [two, one], "LP": [two, one],
        "王": [one], "小明": [two, one], "欧阳": [two], "阳小": [two], "明": [],
        "pm2026000002": [two], "PM2026": [two, one], "2026000002": [],
        "追尾": [one], "广东省广州市天河区体育西路": [one], "天河区 pm2026": [one], "小明 坠物": [two],
        "abc-123": [two], "123": [two], "ａｂｃ": [two], "王 坠物": [], "%": [two, one],
        "13800000000": [two, one], "138000": [two, one],
        one.rpartition("-")[2]: [one], two[-6:-1]: [two, one], two[-2:]: [], f"{two[-6:]} 坠物": [two], "2026-00": [],
        "11010119900101123X": [], "sealed": [],
    }.items():  # fmt: skip
        assert house.found(query) == expected, query
    assert house.found("小明", status="ended") == [] == house.found("小明", processes=("complaint",))
    assert house.found("小明", status="open", processes=("claims",)) == [two, one]


def test_pages_follow_each_other_whether_a_word_is_rare_or_common(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [house.claim("王伟" if index % 2 else "李伟", f"PM20260000{index:02}") for index in range(12)]
    for rare, walk in ((1000, 1000), (2, 5), (2, 4)):
        monkeypatch.setattr(find, "RARE", rare)
        monkeypatch.setattr(find, "WALK", walk)
        for query, expected in (("王伟", numbers[1::2]), ("PM2026", numbers), ("", numbers), ("王 pm", numbers[1::2])):
            for status in ("", "open"):
                seen, after = [], None
                while True:
                    page = find.cases(
                        house.caseway.connection, terms(query), (), status, after, 2, ("claims", "complaint")
                    )
                    seen += [one.number for one in page.cases]
                    after = page.next
                    if after is None:
                        break
                assert seen == expected[::-1], (query, rare, walk, status)


def test_words_follow_the_data_and_verify_derives_them_again(house: House) -> None:
    caseway, number = house.caseway, house.claim("王小明", "PM2026000001", "一二三四五六七八九十")
    case, task = caseway.connection.one(
        "SELECT case_id, max(id) FROM tasks WHERE number = ? GROUP BY case_id", (number,)
    )
    before = caseway.connection.all("SELECT word FROM case_words WHERE case_id = ? ORDER BY id", (case,))
    assert [row[0] for row in before][:3] == ["pm2026000001", "王小明", "小明"] and len(before) == 13
    caseway.ask(case, SaveDraft(task, {"description": "draft"}), "chen_wei")  # a draft is nobody's to find
    assert house.found("draft") == []
    assert caseway.verify().findings == []
    connection = caseway.database.connect()
    connection.begin()
    connection.run("UPDATE case_words SET word = 'x' WHERE case_id = ? AND id = 0", (case,))
    connection.commit()
    assert [one.what for one in caseway.verify().findings] == ["case_words (0) is not what the history gives, in word"]
    connection.close()


def test_a_destroyed_case_leaves_no_word(house: House) -> None:
    case = house.caseway.connection.one(
        "SELECT id FROM cases WHERE number = ?", (house.claim("王小明", "PM2026000001"),)
    )[0]
    assert keys.destroy(house.caseway.database, case)
    assert house.caseway.connection.all("SELECT * FROM case_words") == []


def test_each_way_reads_along_its_index(house: House) -> None:
    if house.caseway.database.dialect != "sqlite":
        pytest.skip("its planner chooses by what the tables hold")
    house.claim("王小明", "PM2026000001")
    asked: list[tuple[str, Any]] = []
    connection = house.caseway.connection

    class Spy:
        def all(self, sql: str, given: Any = ()) -> list[Any]:
            asked.append((sql, given))
            return connection.all(sql, given)

        def one(self, sql: str, given: Any = ()) -> Any:
            asked.append((sql, given))
            return connection.one(sql, given)

    spy: Any = Spy()
    ways: list[tuple[str, dict[str, Any], set[str]]] = [
        ("", {}, {"ix_cases_started_at"}),
        ("", {"status": "open"}, {"ix_cases_process_status_started_at"}),
        ("王 LP-2026", {}, {"ix_case_words_word", "uq_cases_number"}),
        ("000001", {}, {"ix_case_words_word", "uq_cases_number"}),
    ]
    for query, more, indexes in ways:
        asked.clear()
        find.cases(spy, terms(query), known=("claims",), **more)
        plans = [
            row[3] for sql, given in asked for row in connection.all(f"EXPLAIN QUERY PLAN {sql}", given)
        ]  # fmt: skip
        assert all(any(index in plan for plan in plans) for index in indexes), plans
        whole = [plan for plan in plans if plan.startswith(("SCAN cases", "SCAN case_words", "SCAN c "))]
        assert not [plan for plan in whole if "USING COVERING INDEX ix_cases_started_at" not in plan], plans


# --- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("王小明", ["王小明", "小明"]), ("王", ["王"]), ("PM2026000001", ["pm2026000001"]),
        ("LP-2026-000001", ["lp-2026-000001", "2026-000001", "000001"]),
        ("a.b@c.cn", ["a.b@c.cn", "b@c.cn", "c.cn", "cn"]),
        ("Ｗang 伟", ["wang", "伟"]), ("  !? ", []), ("_", []), ("沪A12345", ["沪", "a12345"]), ("x" * 40, ["x" * 24]),
        ("一二三四五六七八九十", ["一二三四五六七八", "二三四五六七八九", "三四五六七八九十", "四五六七八九十",
                                  "五六七八九十", "六七八九十", "七八九十", "八九十", "九十"]),
    ],
)  # fmt: skip
def test_the_words_of_a_text(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


def test_what_is_looked_for_is_found_wherever_it_stands() -> None:
    rng = random.Random(7)
    for _ in range(300):
        text = "".join(rng.choice("王小明天河区追尾") for _ in range(rng.randint(2, 20)))
        start = rng.randrange(len(text) - 1)
        part = text[start : start + rng.randint(2, 12)]
        kept = list(words(text))
        assert all(any(word.startswith(low) for word in kept) for term in terms(part) for low in term.words), (
            text,
            part,
        )


def test_a_case_has_words_within_bounds(house: House) -> None:
    process = house.caseway.definitions.process("claims")
    assert process is not None
    data = {"policy_number": "PM1", "customer_name": "王小明", "description": "甲乙丙丁戊己庚辛" * 20}
    assert len(words_of(process, data)) <= MOST and words_of(process, data)[:2] == ["pm1", "王小明"]
    assert about(process, data) == "PM1 王小明"
    assert words_of(process, {}) == [] and about(process, {}) == ""
