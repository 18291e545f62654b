"""Papers, files and the customer's link, on the pages and under the API; hostile files among them."""

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types

from tests.support.samples import BAD, GOOD, HTML, PDF, PNG
from tests.web.conftest import Town, Visitor, served
from tests.web.test_browser import PHONE, WIDE, Tab
from web import guard, texts

LINK = re.compile(r'value="http://town(/c/[^"]+)"')


def sent(visitor: Visitor, path: str, *files: tuple[str, bytes], **fields: str) -> httpx.Response:
    """A form with files, as a browser sends it: on the customer's page under the name of their paper."""
    field = f"file.{fields.pop('paper', '')}" if path.startswith("/c/") else "file"
    parts: list[Any] = [(field, (name, content, "application/octet-stream")) for name, content in files]
    return visitor.ask("POST", path, data={"csrf": visitor.token(), **fields}, files=parts or [("file", ("", b""))])


def handler(town: Town, language: str = "en") -> tuple[Visitor, str]:
    """Somebody who works on a claim, and its number."""
    number = town.claim()
    town.settle()
    visitor = town.browser("chen_wei", language)
    visitor.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    return visitor, number


def link(visitor: Visitor, number: str) -> str:
    assert visitor.post(f"/cases/{number}/links").status_code == 303
    found = LINK.search(visitor.get(f"/cases/{number}/papers").text)
    assert found is not None
    return found[1]


def test_the_list_and_its_files(town: Town) -> None:
    visitor, number = handler(town)
    page = visitor.get(f"/cases/{number}/papers").text
    assert "Claim form" in page and "Proof of the accident" in page and "Medical proof" in page
    done = sent(visitor, f"/cases/{number}/papers/upload", ("申请书.pdf", PDF), ("page 2.png", PNG), paper="claim_form")
    assert done.status_code == 303
    page = visitor.get(f"/cases/{number}/papers?said=added").text
    assert "申请书.pdf" in page and "page 2.png" in page and "The file is here." in page
    assert "申请书.pdf" in visitor.get(f"/cases/{number}").text
    task = town.task_of(number)
    assert "申请书.pdf" in visitor.get(f"/tasks/{number}/{task}").text
    assert "Paper received: Claim form" in visitor.get(f"/cases/{number}").text


def test_a_file_is_served_so_that_nothing_in_it_runs(town: Town) -> None:
    visitor, number = handler(town)
    sent(visitor, f"/cases/{number}/papers/upload", ("申请书.pdf", PDF), ("a.png", PNG), ("page.txt", HTML))
    whole = visitor.get(f"/cases/{number}/files/1")
    assert whole.content == PDF and whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"].startswith("attachment; filename=")
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert whole.headers["x-content-type-options"] == "nosniff" and whole.headers["content-length"] == str(len(PDF))
    shown = visitor.get(f"/cases/{number}/files/2?show=true").headers
    assert shown["content-disposition"].startswith("inline") and "sandbox" in shown["content-security-policy"]
    text = visitor.get(f"/cases/{number}/files/3?show=true")
    assert text.headers["content-disposition"].startswith("attachment") and "text/plain" in text.headers["content-type"]
    looks = town.caseway.connection.all("SELECT user_id, fields FROM looks", ())
    assert {tuple(row) for row in looks} == {("chen_wei", f'["attachment {id}"]') for id in (1, 2, 3)}
    assert visitor.get(f"/cases/{number}/files/99").status_code == 404
    assert town.browser("").get(f"/cases/{number}/files/1").status_code == 303
    assert town.browser("fang_qi").get(f"/cases/{number}/files/1").status_code == 403  # payment has no part in it yet


@pytest.mark.parametrize("name", BAD)
def test_hostile_files_are_told_and_not_kept(town: Town, name: str) -> None:
    visitor, number = handler(town)
    content, code = BAD[name]
    answer = sent(visitor, f"/cases/{number}/papers/upload", (name, content))
    assert answer.status_code == 422 and 'role="alert"' in answer.text, code
    assert not list(town.caseway.home.files.rglob("*"))
    assert town.caseway.connection.one("SELECT count(*) FROM attachments")[0] == 0


def test_names_are_only_names(town: Town) -> None:
    visitor, number = handler(town)
    for name in ("../../../../etc/cron.d/x.pdf", "..\\..\\x.pdf", 'a"; filename="b.exe.pdf', "<img src=x>.pdf"):
        assert sent(visitor, f"/cases/{number}/papers/upload", (name, PDF)).status_code == 303
    page = visitor.get(f"/cases/{number}/papers").text
    assert "<img src=x>" not in page and "etc" not in page
    places = {path.parent.parent.parent for path in town.caseway.home.files.rglob("*") if path.is_file()}
    assert places == {town.caseway.home.files}
    for id in range(1, 5):
        header = visitor.get(f"/cases/{number}/files/{id}").headers["content-disposition"]
        assert header.count(";") == 2 and "/" not in header and "\\" not in header


def test_sizes_are_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, number = handler(town)
    big = b"%PDF-1.7\n" + b"x" * 20_000_000 + b"%%EOF"
    told = sent(visitor, f"/cases/{number}/papers/upload", ("big.pdf", big))
    assert told.status_code == 413 and "20 MB" in told.text
    assert sent(visitor, f"/cases/{number}/papers/upload", ("big.pdf", big[:9] + big[-19_999_000:])).status_code == 303
    monkeypatch.setattr(guard, "LARGEST_UPLOAD", 3_000_000)
    assert sent(visitor, f"/cases/{number}/papers/upload", ("big.pdf", big)).status_code == 413
    stranger = town.browser("")
    assert sent(stranger, f"/cases/{number}/papers/upload", ("a.pdf", big[:2_500_000])).status_code == 413
    many = [(f"{n}.pdf", PDF) for n in range(11)]
    assert sent(visitor, f"/cases/{number}/papers/upload", *many).status_code == 422
    assert sent(visitor, f"/cases/{number}/papers/upload").status_code == 422


def test_lines_change_with_reason_and_right(town: Town) -> None:
    visitor, number = handler(town)
    base = f"/cases/{number}/papers/bank_proof"
    assert visitor.post(f"{base}/receive").status_code == 303
    assert visitor.post(f"{base}/receive").status_code == 409
    assert "give the reason" in visitor.post(f"{base}/return", reason=" ").text
    assert visitor.post(f"{base}/return", reason="blurred").status_code == 303
    assert "blurred" in visitor.get(f"/cases/{number}").text
    refused = visitor.post(f"{base}/waive", reason="known")
    assert refused.status_code == 403 and "supervisor" in refused.text
    lead = town.browser("sun_lihua")
    assert lead.post(f"{base}/waive", reason="known from another case").status_code == 303
    assert visitor.post(f"/cases/{number}/papers/witness_statement/require", reason="contradictions").status_code == 303
    assert visitor.post(f"/cases/{number}/papers/nonsense/require").status_code == 404
    assert visitor.post(f"{base}/burn").status_code == 404


def test_the_letter_names_all_that_is_open(town: Town) -> None:
    visitor, number = handler(town)
    page = visitor.get(f"/cases/{number}/papers").text
    letter = page[page.index('class="letter"') :]
    for title in ("理赔申请书", "Claim form", "Proof of the account", "Proof of the accident"):
        assert title in letter
    visitor.post(f"/cases/{number}/papers/claim_form/receive")
    page = visitor.get(f"/cases/{number}/papers").text
    assert "Claim form" not in page[page.index('class="letter"') :]


def test_an_attachment_is_removed(town: Town) -> None:
    visitor, number = handler(town)
    sent(visitor, f"/cases/{number}/papers/upload", ("a.pdf", PDF), ("b.pdf", PDF))
    files = [path for path in town.caseway.home.files.rglob("*") if path.is_file()]
    assert len(files) == 1  # the same content twice
    assert visitor.post(f"/cases/{number}/files/1/remove", reason="").status_code == 422
    assert visitor.post(f"/cases/{number}/files/1/remove", reason="of another case").status_code == 303
    assert files[0].exists() and visitor.get(f"/cases/{number}/files/1").status_code == 404
    assert visitor.get(f"/cases/{number}/files/2").content == PDF
    visitor.post(f"/cases/{number}/files/2/remove", reason="of another case")
    assert not files[0].exists()


# --- the customer ---------------------------------------------------------------------------------------


def test_a_customer_hands_in_what_is_missing_and_the_case_goes_on(town: Town) -> None:
    visitor, number = handler(town)
    facts = {"data.line": "motor", **{f"data.{name}": "" for name in ("loss_place", "catastrophe_code")}}
    flags = {f"data.{name}": "false" for name in ("injury", "urgent_need", "foreign_related", "terms_disputed",
                                                  "compulsory_motor")}  # fmt: skip
    task = town.task_of(number)
    revision = re.search(r'name="revision" value="(\d+)"', visitor.get(f"/tasks/{number}/{task}").text)
    assert revision is not None
    done = visitor.post(f"/tasks/{number}/{task}/complete", outcome="accept", revision=revision[1], **facts, **flags)
    assert done.status_code == 303, done.text
    town.settle()
    reviewer, task = town.browser("huang_rui"), town.task_of(number)
    reviewer.post(f"/tasks/{number}/{task}/claim")
    page = reviewer.get(f"/tasks/{number}/{task}").text
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision is not None
    assert re.search(r'value="claim_form"[^>]*checked', page)  # the form opens with what is missing now
    told = {"data.papers_complete": "false", "data.papers_compliant": "true", "data.papers_authentic": "true",
            "data.missing_papers": "accident_proof", "data.authenticity_source": "", "data.diagnosis": ""}  # fmt: skip
    done = reviewer.post(f"/tasks/{number}/{task}/complete", outcome="missing", revision=revision[1], **told)
    assert done.status_code == 303, done.text
    town.settle()

    customer, path = town.browser(""), link(reviewer, number)
    page = customer.get(path).text
    assert number in page and "Proof of the accident" in page and "Papers awaited" in page
    assert customer.get(path).headers["referrer-policy"] == "no-referrer"
    for hidden in ("王小明", "13800000000", "8000", "11010119900101123X", "Chen", "PM2026000001"):
        assert hidden not in page
    wrong = sent(customer, path, ("page.png", HTML), paper="accident_proof")
    assert wrong.status_code == 422 and "page.png" in wrong.text
    assert sent(customer, path, ("a.pdf", PDF), paper="policy").status_code == 409
    assert sent(customer, path, ("a.pdf", PDF), paper="").status_code == 404
    assert sent(customer, path, ("proof.jpg", GOOD["a.jpeg"]), paper="accident_proof").status_code == 303
    assert "Thank you" in customer.get(f"{path}?said=handed_in").text
    town.settle()
    assert (
        town.caseway.connection.one("SELECT step FROM tasks WHERE number = ? AND closed_at IS NULL", (number,))[0]
        == "document_review"
    )
    assert "proof.jpg" in reviewer.get(f"/cases/{number}").text
    assert "There is nothing that we need" in customer.get(path).text


def test_a_link_opens_one_case_and_ends(town: Town) -> None:
    visitor, number = handler(town)
    path, customer = link(visitor, number), town.browser("", "zh")
    page = customer.get(path)
    assert page.status_code == 200 and "当前进度" in page.text and "理赔申请书" in page.text
    for other in (f"{path}x", path[:-3], "/c/abc", f"/cases/{number}/papers", f"/cases/{number}/files/1"):
        assert customer.get(other).status_code in (303, 404)
    town.clock.advance(timedelta(days=14, seconds=1))
    assert customer.get(path).status_code == 404
    assert sent(customer, path, ("a.pdf", PDF), paper="claim_form").status_code == 404
    visitor = town.browser("chen_wei")
    path = link(visitor, number)
    assert customer.get(path).status_code == 200
    number_of_link = re.findall(r"/links/(\d+)/revoke", visitor.get(f"/cases/{number}/papers").text)[-1]
    assert visitor.post(f"/cases/{number}/links/{number_of_link}/revoke").status_code == 303
    assert customer.get(path).status_code == 404


def test_links_are_not_guessed_and_files_not_poured_in(town: Town) -> None:
    visitor, number = handler(town)
    path, customer = link(visitor, number), town.browser("")
    for _ in range(30):
        last = sent(customer, path, ("a.txt", b"x"), paper="claim_form")
    assert sent(customer, path, ("a.txt", b"x"), paper="claim_form").status_code == 429, last.text
    for _ in range(30):
        assert customer.get("/c/guess").status_code == 404
    assert customer.get("/c/guess").status_code == 429
    town.clock.advance(timedelta(minutes=6))
    assert customer.get(path).status_code == 200


# --- the API ----------------------------------------------------------------------------------------------


def test_the_api_does_all_of_it(town: Town) -> None:
    visitor, number = handler(town)
    visitor.headers = {"authorization": f"Bearer {town.app.state.accounts.issue('chen_wei', 'test')}"}
    base = f"/api/cases/{number}"
    view = visitor.get(f"{base}/papers").json()
    assert {line["paper"]: line["status"] for line in view["lines"]}["claim_form"] == "required"
    key = {**visitor.headers, "idempotency-key": "k1"}
    for repeated in (False, True):
        done = visitor.ask("POST", f"{base}/attachments", files={"file": ("a.pdf", PDF)}, data={"paper": "claim_form"},
                           headers=key)  # fmt: skip
        assert done.status_code == 201 and done.json()["repeated"] is repeated, done.text
    assert visitor.get(f"{base}/attachments/1").content == PDF
    bad = visitor.ask("POST", f"{base}/attachments", files={"file": ("a.png", HTML)})
    assert bad.status_code == 422 and bad.json()["code"] == "file_other" and bad.json()["errors"][0]["field"] == "file"
    assert visitor.ask("POST", f"{base}/attachments", data={"paper": "x"}).status_code == 422
    assert visitor.ask("POST", f"{base}/attachments", json={}).status_code == 422
    assert visitor.ask("POST", f"{base}/papers/bank_proof/receive").status_code == 200
    assert visitor.ask("POST", f"{base}/papers/bank_proof/return", json={"reason": "blurred"}).status_code == 200
    assert visitor.ask("POST", f"{base}/papers/bank_proof/waive", json={"reason": "x"}).json()["code"] == "waive"
    assert "Proof of the account" in visitor.get(f"{base}/papers/letter").json()["en"]["body"]
    assert visitor.ask("POST", f"{base}/links").status_code == 201
    (one,) = visitor.get(f"{base}/papers").json()["links"]
    assert town.browser("").get(one["path"]).status_code == 200
    assert visitor.ask("POST", f"{base}/links/{one['link']}/revoke").status_code == 200
    assert town.browser("").get(one["path"]).status_code == 404
    assert visitor.ask("POST", f"{base}/attachments/1/remove", json={"reason": "wrong case"}).status_code == 200
    assert visitor.get(f"{base}/attachments/1").status_code == 404
    assert town.browser("").get(f"{base}/papers").status_code == 401


# --- in a real browser ------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_a_customer_uploads_from_a_phone(chromium: Any, town: Town, tmp_path: Path, locale: str) -> None:
    visitor, number = handler(town)
    path = link(visitor, number)
    photo, page_of_html = tmp_path / "证明.png", tmp_path / "page.pdf"
    photo.write_bytes(PNG)
    page_of_html.write_bytes(HTML)
    with served(town.app) as address:
        tab = Tab(chromium, address, PHONE, locale)
        tab.page.goto(path)
        assert not Axe().run(tab.page).response["violations"]
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        tab.page.set_input_files("#file-accident_proof", page_of_html)
        tab.page.locator("form:has(#file-accident_proof) button").click()
        tab.page.wait_for_selector("#wrong")
        assert "page.pdf" in tab.page.inner_text("#wrong")
        tab.page.set_input_files("#file-accident_proof", photo)
        tab.page.locator("form:has(#file-accident_proof) button").click()
        tab.page.wait_for_selector("p.good[role=status]")
        assert tab.page.locator("section:has(#asks) #file-accident_proof").count() == 0
        assert tab.complaints == []
    assert "证明.png" in visitor.get(f"/cases/{number}/papers").text


def test_staff_see_it_wide_and_narrow(chromium: Any, town: Town) -> None:
    visitor, number = handler(town)
    sent(visitor, f"/cases/{number}/papers/upload", ("照片.png", PNG), ("a.pdf", PDF), paper="claim_form")
    link(visitor, number)
    with served(town.app) as address:
        for size in (WIDE, PHONE):
            tab = Tab(chromium, address, size)
            tab.sign_in("chen_wei")
            tab.page.goto(f"/cases/{number}/papers")
            for summary in tab.page.locator("details > summary").all():
                summary.click()
            assert not Axe().run(tab.page).response["violations"]
            assert tab.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            tab.page.goto(f"/cases/{number}/files/1?show=true")
            assert tab.page.locator("img").count() == 1
            assert [text for text in tab.complaints if "Content Security Policy" not in text] == []


def test_no_word_of_the_pages_is_said_twice() -> None:
    """The modules of texts are joined: a key in two of them would say in one place what is meant for another."""
    places: dict[str, list[str]] = {}
    for path in sorted(Path(texts.__file__).parent.glob("texts*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for key in node.keys if isinstance(node, ast.Dict) else ():
                if isinstance(key, ast.Constant):
                    places.setdefault(str(key.value), []).append(path.name)
    assert not {key: where for key, where in places.items() if len(where) > 1}
