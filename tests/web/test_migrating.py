"""Running cases to another version, on the pages and under the API; versions compared in words; figures by version."""

from datetime import timedelta

import pytest

from bootstrap import SHIPPED
from tests.web.conftest import Town, Visitor
from tests.web.test_processes import CHANGED, upload, version

CLAIMS = (SHIPPED / "claims.yaml").read_text("utf-8")
MOVE = "migration: claims\nto: in_force\nreason: {zh: 新办法, en: new rules}\n"


@pytest.fixture
def renewed(town: Town) -> tuple[Town, str, str]:
    """A claim on the version before, and a newer one in force."""
    before = version(town)
    number = town.claim()
    town.clock.advance(timedelta(hours=1))
    sent = upload(town.browser("dong_lei"), ("claims.yaml", CHANGED))
    id = sent.headers["location"].partition("?")[0].rpartition("/")[2]
    answer = town.browser("gu_mingyuan").post(f"/processes/proposals/{id}/approve", why="read")
    assert answer.status_code == 303, answer.text
    assert version(town) != before
    return town, number, before


def propose(visitor: Visitor, text: str = MOVE) -> str:
    answer = visitor.post("/processes/migrations/claims", text=text, what="propose")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].partition("?")[0])


def test_a_case_goes_over_by_two_persons(renewed: tuple[Town, str, str]) -> None:
    town, number, before = renewed
    designer, director = town.browser("dong_lei"), town.browser("gu_mingyuan")
    tried = designer.post("/processes/migrations/claims", text=MOVE, what="try").text
    assert number in tried and before[:8] in tried and "of 1 cases 0 are stopped" in tried
    assert town.caseway.connection.one("SELECT version FROM cases WHERE number = ?", (number,))[0] == before
    place = propose(designer)
    assert "Somebody other than who proposed" in designer.get(place).text
    assert designer.post(f"{place}/approve").status_code == 409
    assert director.post(f"{place}/approve").status_code == 303
    assert "1 moved, 0 waiting, 0 stopped" in director.get(place).text
    assert town.caseway.connection.one("SELECT version FROM cases WHERE number = ?", (number,))[0] == version(town)
    assert "went over to version" in director.get(f"/cases/{number}").text
    assert town.caseway.verify(deep=True).findings == []


def test_a_wrong_file_is_told_with_its_places(renewed: tuple[Town, str, str]) -> None:
    town, _, _ = renewed
    wrong = town.browser("dong_lei").post("/processes/migrations/claims", text=f"{MOVE}steps: {{nowhere: drop}}\n")
    assert wrong.status_code == 422 and "CW961" in wrong.text and "nowhere" in wrong.text
    other = town.browser("dong_lei").post("/processes/migrations/claims", text=MOVE.replace("claims", "complaint"))
    assert other.status_code == 422


def test_versions_are_compared_in_words_and_have_figures(renewed: tuple[Town, str, str]) -> None:
    town, _, before = renewed
    visitor = town.browser("dong_lei")
    page = visitor.get(f"/processes/process/claims/{version(town)}/compare/{before}").text
    assert "In words" in page
    assert 'data-label="Breaches"' in visitor.get("/processes/process/claims").text
    said = visitor.get(f"/api/versions/claims/{version(town)}/differences/{before}").json()
    assert all(one["text"] for one in said)
    (figures,) = visitor.get("/api/versions/claims/figures").json()
    assert (figures["version"], figures["open"], figures["median_seconds"]) == (before, 1, None)
