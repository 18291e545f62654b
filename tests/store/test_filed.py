"""What the archive destroys when its time is over is a case of the house, on both databases: with its key, for good."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bootstrap import SHIPPED, Caseway, Home, create
from engine.core.commands import CancelCase, HoldCase, LiftHold, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tasks.registry import BusinessError, Job

ON = "2036-03-04"
MORNING = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
ASKED = {
    "reader_kind": "agent", "reader_name": "贾雪", "department": "sales", "file_number": "TB-2018-002210",
    "purpose": "marketing", "purpose_text": "推介", "scope": "全卷", "wanted": "view",
    "use_from": "2026-03-03", "use_days": 3,
}  # fmt: skip


@pytest.fixture
def place(home: Home) -> Iterator[Caseway]:
    create(home)
    clock = VirtualClock(MORNING - timedelta(hours=1))
    with Caseway(home, clock) as caseway:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(SHIPPED, "dong_lei", only={"archive_access.yaml"})
        clock.set(MORNING)
        yield caseway


def test_a_file_is_destroyed_with_its_case_but_not_while_that_is_open_or_held(place: Caseway) -> None:
    answer = place.start(StartCase("archive_access", ASKED), "jia_xue")
    assert isinstance(answer, Accepted), answer
    case, (number,) = answer.case, place.connection.one("SELECT number FROM cases")

    def call(function: str, **args: Any) -> Any:
        return place.registry.workers[function].serve(Job("x", "XH-2026-0001", function, args, "k", 1))

    def due() -> list[str]:
        return [file["number"] for file in call("files_due", on=ON)["files"]]

    filed = {"title": "调阅", "kind": "other", "grade": "internal", "place": "electronic", "keep_until": "2031-03-02"}
    call("file_away", file_number=number, **filed)
    old = due()
    assert number not in old and old
    with pytest.raises(BusinessError, match="has not ended"):
        call("destroy_file", file_number=number, on=ON)
    place.work()  # a secret file for marketing: refused by rule, and the case ends
    assert place.connection.one("SELECT status FROM cases")[0] == "ended"
    assert number in due()
    held = place.ask(case, HoldCase("court of Pudong"), "yu_siqi")
    assert isinstance(held, Accepted), held
    (hold,) = place.connection.one("SELECT id FROM holds WHERE case_id = ?", (case,))
    assert number not in due()
    with pytest.raises(BusinessError, match="court of Pudong"):
        call("destroy_file", file_number=number, on=ON)
    assert isinstance(place.ask(case, LiftHold(hold, "settled"), "yu_siqi"), Accepted)
    assert call("destroy_file", file_number=number, on=ON) == {"electronic": True}
    assert call("destroy_file", file_number=number, on=ON) == {"electronic": True}  # tried again
    assert call("destroy_file", file_number=old[0], on=ON) == {"electronic": False}  # paper alone
    assert due() == old[1:]
    # What a case holds that is cancelled is free again.
    other = place.start(StartCase("archive_access", {**ASKED, "file_number": old[1], "purpose": "audit"}), "jia_xue")
    assert isinstance(other, Accepted), other
    place.work()
    assert due() == old[2:]
    assert isinstance(place.ask(other.case, CancelCase("entered twice"), "gu_mingyuan"), Accepted)
    (second,) = place.connection.one("SELECT number FROM cases WHERE id = ?", (other.case,))
    assert due() == [*old[1:], second]  # never filed; over is its own time, too
    report = place.verify()
    assert report.clean and (report.whole, report.destroyed) == (1, 1)
