"""Starting a case from its page: the form of the schema, who may, and once only."""

import re
import shutil
from pathlib import Path

import pytest

from bootstrap import SHIPPED
from tests.support.few import few
from tests.web.conftest import Town

COMMAND = re.compile(r'name="command" value="([^"]+)"')
GIVEN = {
    "data.channel": "phone", "data.reported_at": "2026-03-03T09:30", "data.policy_number": "PM2026000001",
    "data.customer_name": "王小明", "data.customer_phone": "13800000000", "data.line": "motor",
    "data.event": "collision", "data.loss_date": "2026-03-02", "data.description": "追尾",
    "data.claimed_amount": "8,000.00", "data.identity_number": "11010119900101123X",
}  # fmt: skip


def test_what_one_may_start_is_listed_and_its_form_is_the_schema_s(town: Town) -> None:
    visitor = town.browser("lu_yao")
    page = visitor.get("/start").text
    assert 'href="/start/claims"' in page and 'href="/start/complaint"' in page
    assert 'href="/start"' in visitor.get("/").text  # in the navigation
    form = visitor.get("/start/claims").text
    assert 'name="data.policy_number"' in form and 'type="datetime-local"' in form and "Start the case" in form


def test_a_started_case_shows_its_number(town: Town) -> None:
    visitor = town.browser("lu_yao")
    answer = visitor.post("/start/claims", **GIVEN)
    assert answer.status_code == 303, answer.text
    found = visitor.get(answer.headers["location"])
    assert "LP-2026-000001" in found.text and "The case is started" in found.text
    row = town.caseway.connection.one("SELECT owner, number FROM cases")
    assert row[1] == "LP-2026-000001"


def test_wrong_fields_are_named_and_nothing_is_lost_but_secrets(town: Town) -> None:
    visitor = town.browser("lu_yao")
    answer = visitor.post("/start/claims", **{**GIVEN, "data.claimed_amount": "much", "data.policy_number": ""})
    assert answer.status_code == 422 and "2 fields need correction" in answer.text
    assert 'id="f-claimed_amount-error"' in answer.text and 'value="much"' in answer.text
    assert "王小明" in answer.text and "11010119900101123X" not in answer.text
    assert town.caseway.connection.one("SELECT count(*) FROM cases")[0] == 0


def test_the_same_form_sent_twice_starts_one_case(town: Town) -> None:
    visitor = town.browser("lu_yao")
    found = COMMAND.search(visitor.get("/start/claims").text)
    assert found is not None
    first, second = (visitor.post("/start/claims", command=found[1], **GIVEN) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert town.caseway.connection.one("SELECT count(*) FROM cases")[0] == 1


@pytest.mark.parametrize("path", ["/start/nothing", "/start/CLAIMS", "/start/a%2Fb"])
def test_what_is_no_process_is_not_found(town: Town, path: str) -> None:
    assert town.browser("lu_yao").get(path).status_code == 404


def test_a_process_for_others_is_closed_with_the_reason(town: Town, tmp_path: Path) -> None:
    folder = few(shutil.copytree(SHIPPED, tmp_path / "processes"))
    for file in ("claims.yaml", "complaint.yaml"):
        text = (folder / file).read_text("utf-8").replace("by: [staff, web]", "by: [role.director, web]")
        (folder / file).write_text(text, "utf-8")
    town.caseway.deploy(folder, "dong_lei")
    visitor = town.browser("lu_yao")
    answer = visitor.get("/start/claims")
    assert answer.status_code == 403 and "customers on the web, Director" in answer.text
    assert visitor.post("/start/claims", **GIVEN).status_code == 403
    assert "no process that you may start" in visitor.get("/start").text
    assert 'href="/start"' not in visitor.get("/").text
    assert town.browser("gu_mingyuan").get("/start/claims").status_code == 200


def test_nobody_starts_a_case_without_signing_in(town: Town) -> None:
    assert town.browser().get("/start").status_code == 303
    assert town.browser().post("/start/claims", **GIVEN).headers["location"] == "/sign-in"
