"""Documents on the case's page, under the API and through the customer's link."""

import re
from datetime import timedelta

from tests.web.conftest import Town
from tests.web.test_papers import link

PLACE = re.compile(r'href="(/c[^"]*/documents/\d+-\d+)"')


def opened(town: Town) -> tuple[str, str]:
    """A claim's number, and where its first letter is."""
    number = town.claim(customer_name="<b>王小明</b>")
    page = town.browser("chen_wei").get(f"/cases/{number}").text
    found = PLACE.search(page)
    assert found is not None and "We have received your report" in page and "to the customer" in page
    return number, found[1]


def test_a_letter_opens_as_page_and_as_pdf(town: Town) -> None:
    number, path = opened(town)
    visitor = town.browser("chen_wei")
    page = visitor.get(path)
    assert page.status_code == 200 and "&lt;b&gt;王小明" in page.text and "<b>王" not in page.text
    assert "script" not in page.headers["content-security-policy"] and "Sample Property Insurance" in page.text
    assert "示例财产保险公司" in visitor.get(f"{path}?language=zh").text
    made = visitor.get(f"{path}.pdf")
    assert made.headers["content-type"] == "application/pdf" and made.content.startswith(b"%PDF-")
    assert number in visitor.get(f"/cases/{number}/documents").text
    assert "Nothing has gone out" in visitor.get(f"/cases/{number}/documents?before=0-0").text
    assert visitor.get(f"/cases/{number}/documents/999-0").status_code == 404


def test_who_may_not_read_the_case_reads_no_letter(town: Town) -> None:
    number, path = opened(town)
    stranger = town.browser("shi_lei")
    assert [stranger.get(one).status_code for one in (path, f"{path}.pdf", f"/cases/{number}/documents")] == [403] * 3
    assert "documents/" not in stranger.get(f"/cases/{number}").text


def test_the_api_gives_both_by_suffix_and_by_accept(town: Town) -> None:
    number, path = opened(town)
    visitor = town.browser("chen_wei")
    [one] = visitor.get(f"/api/cases/{number}/documents").json()["documents"]
    assert (one["kind"], one["to"], one["href"]) == ("letter", ["the customer"], path)
    page = visitor.get(f"/api{path}")
    assert page.headers["content-type"].startswith("text/html")
    assert visitor.get(f"/api{path}.pdf").content.startswith(b"%PDF-")
    assert visitor.get(f"/api{path}", headers={"accept": "application/pdf"}).content.startswith(b"%PDF-")
    assert visitor.get(f"/api/cases/{number}/documents/none").status_code == 404


def test_a_customer_reads_the_letters_to_them_until_the_link_ends(town: Town) -> None:
    number, path = opened(town)
    director = town.browser("chen_wei")
    town.settle()
    director.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    theirs, customer = link(director, number), town.browser()
    page = customer.get(theirs).text
    found = PLACE.search(page)
    assert (
        found is not None and found[1] == f"{theirs}/documents/{path.rpartition('/')[2]}" and "Letters to you" in page
    )
    answer = customer.get(found[1])
    assert answer.status_code == 200 and answer.headers["referrer-policy"] == "no-referrer"
    assert f'href="{theirs}"' in answer.text and f"/cases/{number}" not in answer.text
    assert customer.get(f"{found[1]}.pdf").content.startswith(b"%PDF-")
    assert customer.get(f"{theirs}/documents/999-9").status_code == 404
    town.clock.advance(timedelta(days=15))
    assert customer.get(found[1]).status_code == 404
