"""Documents of an installation on both databases: kept as they went out, unreadable at rest, gone with the case."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.cipher import Destroyed
from engine.runtime.clock import VirtualClock
from notices.page import html
from notices.store import document, newest
from tests.support.few import few

MORNING = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
CLAIM = {
    "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001", "line": "motor",
    "customer_name": "王小明", "customer_phone": "13800000000", "event": "collision", "loss_date": "2026-03-02",
    "description": "追尾", "claimed_amount": Decimal("8000.00"),
}  # fmt: skip


@pytest.fixture
def place(home: Home) -> Iterator[Caseway]:
    create(home)
    few(home.processes)
    clock = VirtualClock(MORNING - timedelta(hours=1))
    with Caseway(home, clock) as caseway:
        caseway.load_organisation(home.processes / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(home.processes, "dong_lei")
        clock.set(MORNING)
        yield caseway


def claim(caseway: Caseway) -> str:
    answer = caseway.start(StartCase("claims", CLAIM), "lu_yao", id="one")
    again = caseway.start(StartCase("claims", CLAIM), "lu_yao", id="one")
    assert isinstance(answer, Accepted) and isinstance(again, Accepted) and again.repeated
    return answer.case


def test_what_went_out_stays_what_it_was(place: Caseway) -> None:
    case = claim(place)
    [kept] = place.documents_of(case)
    assert (kept.document.template, kept.document.to, kept.document.fault) == ("claim_received", ["customer"], "")
    before = html(kept.document, "zh")
    assert "王小明" in before and "示例财产保险公司" in before
    for file, old, new in (
        ("notices/claim_received.yaml", "<p>", "<p>另一份文字"), ("house.yaml", "400-000-0000", "400-999-9999"),
    ):  # fmt: skip
        path = place.home.processes / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    place.deploy(place.home.processes, "dong_lei")
    [later] = place.documents_of(case)
    assert later == kept and html(later.document, "zh") == before
    assert place.document(case, kept.id) == kept
    other = place.start(StartCase("claims", CLAIM), "lu_yao")
    assert isinstance(other, Accepted)
    written = html(place.documents_of(other.case)[0].document, "zh")
    assert "另一份文字" in written and "400-999-9999" in written
    assert not place.verify().findings


def test_it_is_unreadable_at_rest_and_goes_with_its_case(place: Caseway) -> None:
    case = claim(place)
    [(content,)] = place.connection.all("SELECT content FROM documents WHERE case_id = ?", (case,))
    assert "王小明".encode() not in bytes(content)
    assert place.destroy(case)
    assert place.connection.all("SELECT 1 FROM documents WHERE case_id = ?", (case,)) == []
    with pytest.raises(Destroyed):
        place.documents_of(case)


def test_a_row_opens_in_its_own_place_alone_and_lists_are_paged(place: Caseway) -> None:
    case = claim(place)
    [kept] = place.documents_of(case)
    revision, _, at = kept.id.partition("-")
    copied = "INSERT INTO documents SELECT case_id, ?, place, content FROM documents WHERE case_id = ?"
    place.runner.write(lambda connection: connection.run(copied, (int(revision) + 7, case)))
    connection, cipher = place.connection, place.vault.cipher(case, _key(place, case))
    assert newest(connection, case, cipher, f"{int(revision) + 7}-{at}") == [kept]
    assert newest(connection, case, cipher, kept.id) == []
    with pytest.raises(Exception, match="does not open"):
        newest(connection, case, cipher)
    for wrong in ("", "x", "1", "1-", "-1", "1-2-3", "9" * 30 + "-1", "²-1", f"{revision}-999"):
        assert document(connection, case, cipher, wrong) is None


def _key(place: Caseway, case: str) -> bytes:
    return bytes(place.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0])
