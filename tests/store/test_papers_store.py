"""Papers of a whole installation on both databases: rows follow, deciding again agrees, a destroyed case's files go."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bootstrap import SHIPPED, Caseway, Home, create
from engine.core.commands import Refusal, StartCase
from engine.runtime import keys
from engine.runtime.answers import Accepted
from engine.runtime.cipher import Destroyed
from engine.runtime.clock import VirtualClock
from papers import commands as c
from papers.media import NotTaken
from papers.model import CUSTOMER
from tests.support.samples import HTML, PDF, PNG
from workbench.filing import examine

MORNING = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
CLAIM = {
    "channel": "phone", "reported_at": "2026-03-03T09:30:00+08:00", "policy_number": "PM2026000001", "line": "motor",
    "customer_name": "王小明", "customer_phone": "13800000000", "event": "collision", "loss_date": "2026-03-02",
    "description": "追尾", "claimed_amount": Decimal("8000.00"),
}  # fmt: skip


@pytest.fixture
def place(home: Home) -> Iterator[Caseway]:
    create(home)
    clock = VirtualClock(MORNING - timedelta(hours=1))
    with Caseway(home, clock) as caseway:
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        caseway.deploy(SHIPPED, "dong_lei")
        clock.set(MORNING)
        yield caseway


def claim(caseway: Caseway) -> str:
    answer = caseway.start(StartCase("claims", CLAIM), "lu_yao")
    assert isinstance(answer, Accepted), answer
    return answer.case


def attach(caseway: Caseway, case: str, content: bytes, name: str, paper: str = "", actor: str = "chen_wei") -> None:
    answer = caseway.attach(case, name, io.BytesIO(content), actor, paper=paper)
    assert isinstance(answer, Accepted), answer


def test_rows_follow_and_deciding_again_agrees(place: Caseway) -> None:
    case = claim(place)
    attach(place, case, PDF, "申请书.pdf", "claim_form", CUSTOMER)
    attach(place, case, PNG, "photo.png")
    for command in (
        c.ReceivePaper("bank_proof"), c.ReturnPaper("bank_proof", "看不清"), c.RequirePaper("policy", "核对"),
        c.MakeLink(MORNING + timedelta(days=14)), c.RemoveAttachment(2, "误传"),
    ):  # fmt: skip
        assert isinstance(place.ask(case, command, "chen_wei"), Accepted), command
    sql = "SELECT id, name, kind, size, paper, added_by FROM attachments WHERE case_id = ?"
    assert [tuple(row) for row in place.connection.all(sql, (case,))] == [
        (1, "申请书.pdf", "pdf", len(PDF), "claim_form", "customer")
    ]
    report = place.verify(deep=True)
    assert not report.findings, report.findings
    found = examine(place)
    assert (found.attachments, found.problems, found.loose) == (1, [], 1)  # what was removed lies there still
    assert examine(place, MORNING + timedelta(days=36_500)).taken == 1 and examine(place).loose == 0


def test_what_is_not_taken_in_leaves_nothing(place: Caseway) -> None:
    case = claim(place)
    with pytest.raises(NotTaken):
        attach(place, case, HTML, "page.png")
    refused = place.attach(case, "a.pdf", io.BytesIO(PDF), CUSTOMER, paper="policy")
    assert isinstance(refused, Refusal) and refused.code == "paper_not_needed"
    missing = place.attach("nobody", "a.pdf", io.BytesIO(PDF), "chen_wei")
    assert isinstance(missing, Refusal) and missing.code == "unknown"
    assert place.connection.one("SELECT count(*) FROM attachments")[0] == 0


def test_a_destroyed_case_s_files_are_gone(place: Caseway) -> None:
    case, other = claim(place), claim(place)
    attach(place, case, PDF, "a.pdf")
    attach(place, other, PDF, "a.pdf")
    wrapped = place.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0]
    cipher, digest = place.vault.cipher(case, wrapped), place.connection.one("SELECT digest FROM attachments")[0]
    assert b"".join(place.files.open(case, cipher, digest)) == PDF
    assert keys.destroy(place.database, case)
    assert place.connection.one("SELECT count(*) FROM attachments WHERE case_id = ?", (case,))[0] == 0
    with pytest.raises(Destroyed):
        attach(place, case, PDF, "a.pdf")
    assert examine(place).loose == 1  # a file that nobody can open any more
    assert place.destroy(case)
    found = examine(place)
    assert (found.attachments, found.problems, found.loose) == (1, [], 0)
