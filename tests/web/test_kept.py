"""Closed cases whose time is over, on the page and in the API: by key, page after page."""

from engine.core.commands import CancelCase
from engine.runtime.answers import Accepted
from tests.web.conftest import Town


def test_those_whose_time_is_over_are_listed_page_by_page(town: Town) -> None:
    caseway = town.caseway
    numbers = [town.claim() for _ in range(3)]
    for number in numbers:
        (case,) = caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))
        answer = caseway.ask(case, CancelCase("entered twice"), "gu_mingyuan")
        assert isinstance(answer, Accepted), answer
    program = town.browser()
    program.headers = {"authorization": f"Bearer {town.app.state.accounts.issue('dong_lei', 'test')}"}
    assert program.get("/api/admin/retention").json()["cases"] == []
    seen, after = [], ""
    while True:
        found = program.get("/api/admin/retention", params={"on": "2090-01-01", "limit": 2, "after": after}).json()
        seen += [one["number"] for one in found["cases"]]
        after = found["next"]
        if after is None:
            break
    assert set(numbers) <= set(seen) and len(seen) == len(set(seen))
    assert program.get("/api/admin/retention", params={"after": "x"}).status_code == 400
    for day in ("0001-01-01", "1975-01-01"):
        assert program.get("/api/admin/retention", params={"on": day}).json()["cases"] == []
    assert program.get("/api/admin/retention", params={"on": "9999-12-31"}).status_code == 200
    page = town.browser("dong_lei").get("/admin/retention?on=2090-01-01").text
    assert all(number in page for number in numbers)
    assert "2090" not in town.browser("dong_lei").get("/admin/retention?on=tomorrow").text
