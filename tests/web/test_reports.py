"""Reports on pages, as files and for programs: who sees whose figures; wrong questions are answered in words."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from engine.core.commands import CancelCase
from engine.runtime.answers import Accepted
from tests.web.conftest import Town


@pytest.fixture
def busy(town: Town) -> Town:
    """A town with a claim that was late when it ended, and figures of a queue that is not the supervisor's."""
    number = town.claim()
    town.settle()
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    town.clock.advance(timedelta(days=6))
    town.settle()
    assert isinstance(town.caseway.ask(case, CancelCase("a mistake"), "gu_mingyuan"), Accepted)
    town.settle()
    town.caseway.collector.run(town.clock.now())

    def other(connection: Any) -> None:
        connection.run("UPDATE report_missed SET person = 'fang_qi', queue = 'intake'")  # a guest in the queue
        for dim, value in (("all", ""), ("clause", "A-4.4"), ("person", "fang_qi"), ("queue", "")):
            for span, day in (("day", "2026-03-05"), ("month", "2026-03-01")):
                connection.run(
                    "INSERT INTO report_runs (span, dim, day, process, queue, value, met, late, unmet, void) "
                    "VALUES (?, ?, ?, 'claims', 'payment', ?, 70, 7, 0, 0)", (span, dim, day, value),
                )  # fmt: skip

    town.caseway.runner.write(other)
    return town


def rows(town: Town, user: str, query: str, name: str = "compliance") -> list[list[str]]:
    answer = town.browser(user).get(f"/reports/{name}/file?format=csv&{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))[1:]


def test_supervisors_see_the_figures_of_their_queues_and_people(busy: Town) -> None:
    period = "period=2026-03"
    mine, whole = rows(busy, "lin_xiaoyan", f"{period}&by=queue"), rows(busy, "gu_mingyuan", f"{period}&by=queue")
    assert {row[0] for row in mine} < {row[0] for row in whole}
    assert ["70", "7"] in [row[1:3] for row in whole]
    assert ["70", "7"] not in [row[1:3] for row in mine]
    people = {row[0] for row in rows(busy, "gu_mingyuan", f"{period}&by=person")}
    assert "Fang Qi" in people
    assert "Fang Qi" not in {row[0] for row in rows(busy, "lin_xiaoyan", f"{period}&by=person")}
    of_one = f"{period}&by=person&value=fang_qi"  # of a guest in the queue, too
    assert rows(busy, "gu_mingyuan", of_one, "breaches")
    assert rows(busy, "lin_xiaoyan", period, "breaches")
    assert not rows(busy, "lin_xiaoyan", of_one, "breaches")
    assert {row[2] for row in rows(busy, "lin_xiaoyan", of_one, "trend")} == {"0"}
    assert "Fang Qi" not in str(rows(busy, "lin_xiaoyan", period, "breaches"))
    assert busy.browser("lin_xiaoyan").get(f"/reports/compliance?{period}&queue=payment").status_code == 403
    assert busy.browser("chen_wei").get("/reports/compliance").status_code == 403


def test_what_was_late_says_where_its_time_went_and_when_it_was_counted(busy: Town) -> None:
    page = busy.browser("gu_mingyuan", "en").get("/reports/breaches?period=2026-03").text
    assert "Counted until 2026-03" in page
    assert "nobody has said" in page
    found = rows(busy, "gu_mingyuan", "period=2026-03", "breaches")
    assert found
    assert all(row[0].startswith("LP-2026-") for row in found)


@pytest.mark.parametrize(
    "name", ["compliance", "trend", "breaches", "unmet", "extensions", "steps", "cases", "open", "forecast"]
)
def test_every_report_has_a_page_a_spreadsheet_and_an_endpoint(busy: Town, name: str) -> None:
    browser, query = busy.browser("gu_mingyuan", "zh"), "period=2026-03&process=claims&by=class"
    assert browser.get(f"/reports/{name}?{query}").status_code == 200
    sheet = load_workbook(BytesIO(browser.get(f"/reports/{name}/file?format=xlsx&{query}").content)).active
    assert sheet is not None
    assert sheet.title == name
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    token = busy.app.state.accounts.issue("gu_mingyuan", "test")
    browser.headers = {"Authorization": f"Bearer {token}"}
    answer = browser.get(f"/api/reports/{name}?{query}&limit=1")
    assert answer.status_code == 200, answer.text
    assert answer.json()["report"] == name
    after = answer.json()["next"]
    if after:
        assert browser.get(f"/api/reports/{name}?{query}&limit=1&after={after}").json()["rows"] != answer.json()["rows"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/reports/compliance?period=2026-13", 422),
        ("/reports/compliance?period=%00", 400),
        ("/reports/compliance?by=nothing", 422),
        ("/reports/nothing", 404),
        ("/reports/compliance/file?format=exe", 404),
        ("/reports/breaches?after=1.2", 400),
        ("/reports/breaches?after=1.x.case.1", 400),
        ("/reports/steps?process=nothing", 200),
        ("/reports/compliance?process=nothing&queue=nothing&by=lost&value=%25", 200),
        ("/reports/compliance?period=1970", 200),
        ("/reports/compliance?period=9998", 200),
    ],
)
def test_a_wrong_question_is_answered_in_words(town: Town, address: str, status: int) -> None:
    answer = town.browser("gu_mingyuan").get(address)
    assert answer.status_code == status, answer.text[:400]


def test_who_may_gives_a_clock_more_time_on_the_page_of_the_case(town: Town) -> None:
    number = town.claim(claimed_amount=Decimal("8000.00"))
    town.settle()
    clerk, lead = town.browser("lu_yao", "en"), town.browser("lin_xiaoyan", "en")
    at = f"/cases/{number}/clocks/general_handled/extend"
    assert "May be extended by 10 working days in all" in lead.get(f"/cases/{number}").text
    assert at in lead.get(f"/cases/{number}").text and at not in clerk.get(f"/cases/{number}").text
    assert clerk.post(at, by="2wd", reason="x").status_code == 403
    for wrong in ({"by": "2wd", "reason": " "}, {"by": "soon", "reason": "x"}, {"by": "11wd", "reason": "x"}):
        assert lead.post(at, **wrong).status_code == 422
    refused = lead.post(at, by="11", unit="wd", reason="the police report is not out", run="1").text
    assert 'value="11"' in refused and 'value="the police report is not out"' in refused, "nothing is typed twice"
    assert lead.post(at, by="2", unit="wd", reason="the police report is not out", run="1").status_code == 303
    page = lead.get(f"/cases/{number}").text
    assert "Extended by 2 working days" in page and "the police report is not out" in page
    town.caseway.collector.run(town.clock.now())
    found = rows(town, "lin_xiaoyan", "period=2026-03", "extensions")
    assert [row[0] for row in found] == [number] and "the police report is not out" in found[0]
