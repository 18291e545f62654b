"""Documents: made of a notice's facts, shown as a page, set as PDF; hostile texts among them."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest

from bootstrap import compiler
from engine.core.events import NoticeRequested
from engine.language.compile_house import HOUSE_FILE
from engine.language.files import Bundle
from engine.language.house import House
from engine.language.notices import _looked
from engine.language.problems import DefinitionError
from notices.blocks import blocks
from notices.making import Maker, form_of
from notices.model import PART, Document, Letterhead, letterhead_of
from notices.page import POLICY, STYLE, html
from notices.pdf import _set, pdf
from workbench.scenarios import run_all

AT = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # the third in Shanghai
NOTICE = """
document: {kind: letter, addressee: {zh: "{{ name }} 收", en: "{{ name }}"}}
subject: {zh: "决定 {{ number }}", en: "Decision on {{ number }}"}
body:
  zh: "<p>{{ name }}：</p><table><tr><th>项目</th><th class=amount>金额</th></tr>\
<tr><td>赔付</td><td class=amount>{{ paid|money }}</td></tr></table>"
  en: "<p>Dear {{ name }},</p><ul><li>we pay <b>{{ paid|money }}</b></li></ul>"
"""
HEAD = Letterhead({
    "name": {"zh": "示例保险", "en": "Sample Insurance"}, "telephone": {"zh": "400", "en": "400"},
    "recourse": {"zh": "可以投诉", "en": "You may complain"},
})  # fmt: skip
HOSTILE = '<script>alert(1)</script> #panic("x") $x$ *b* {{ 7*7 }} \\ "'


def made(notice: str = NOTICE, languages: tuple[str, ...] = ("zh", "en"), **facts: Any) -> Document | None:
    files = Bundle({"notices/decided.yaml": notice.encode()})
    house = House(languages=languages, parts={PART: HEAD})
    maker = Maker(lambda *_: files, lambda: house, lambda *_: SimpleNamespace(zone="Asia/Shanghai"))
    event = NoticeRequested("n", ["customer"], "decided", facts, AT)
    return maker.make(event, SimpleNamespace(process="p", version="v", number=facts.get("number", "")))


def letter(**facts: Any) -> Document:
    found = made(**{"number": "LP-1", "name": "王小明", "paid": "8000", **facts})
    assert found is not None
    return found


def text_of(content: bytes) -> str:
    assert content.startswith(b"%PDF-")
    with pypdfium2.PdfDocument(io.BytesIO(content)) as opened:
        return "\n".join(page.get_textpage().get_text_range() for page in opened)


def test_a_letter_is_made_in_every_language_of_the_house() -> None:
    found = letter()
    assert (found.kind, found.signed, found.number, found.to, found.fault) == ("letter", True, "LP-1", ["customer"], "")
    assert found.pages["zh"].subject == "决定 LP-1" and found.pages["zh"].addressee == "王小明 收"
    assert found.pages["en"].head["name"] == "Sample Insurance"
    page = html(found, "zh")
    assert "2026年3月3日" in page and "8,000.00" in page and "可以投诉" in page and '<html lang="zh-CN">' in page
    assert "3 March 2026" in html(found, "en") and "可以投诉" in html(found, "fr")


def test_a_notice_without_document_is_none_and_one_that_cannot_be_written_says_why() -> None:
    assert made(NOTICE.replace("document:", "# document:"), number="1", name="x", paid=1) is None
    found = made(number="1", name="x")
    assert found is not None and found.pages == {} and "paid is not set" in found.fault
    assert "paid is not set" in html(found, "en") and "paid is not set" in text_of(pdf(found, "en"))


@pytest.mark.parametrize("kind", ["letter", "form", "record", "report"])
def test_letters_and_forms_are_signed_and_letters_alone_tell_recourse(kind: str) -> None:
    text = NOTICE.replace("kind: letter", f"kind: {kind}")
    found = made(text, number="1", name="x", paid=1)
    assert found is not None and found.signed == (kind in ("letter", "form"))
    assert ('class="seal"' in html(found, "en")) == found.signed
    assert ("You may complain" in html(found, "en")) == (kind == "letter")
    assert not form_of("decided", Bundle({"notices/decided.yaml": b"document: record\nsubject: x"}), ("en",)).signed  # type: ignore[union-attr]  # it is one


def test_hostile_text_stays_text() -> None:
    found = letter(name=HOSTILE, number=HOSTILE)
    page = html(found, "en")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "script" not in POLICY and STYLE in page
    said = text_of(pdf(found, "en"))
    assert '<script>alert(1)</script> #panic("x") $x$ *b* {{ 7*7 }} \\ "' in said.replace("\r\n", " ")


def test_a_pdf_has_its_text_in_both_languages_and_is_the_same_again() -> None:
    found = letter()
    chinese, english = text_of(pdf(found, "zh")), text_of(pdf(found, "en"))
    assert "王小明" in chinese and "8,000.00" in chinese and "示例保险" in chinese and "可以投诉" in chinese
    assert "Decision on LP-1" in english and "1 / 1" in english
    assert pdf(found, "zh") == pdf(found, "zh")


def test_a_long_document_numbers_its_pages() -> None:
    found = letter(name="a long name " * 1500)
    assert "1 / " in (said := text_of(pdf(found, "en"))) and "2 / " in said


def test_blocks_of_a_body() -> None:
    found = blocks("x<p>a <b>b</b><br>c</p><h3>d</h3><ol><li>e</li></ol><table><tr><th>f</th><td class='amount'>1</td>")
    assert [block["kind"] for block in found] == ["p", "p", "h", "list", "table"]
    assert found[1]["runs"][1] == {"text": "b", "bold": True} and found[1]["runs"][-1]["text"] == "c"
    assert found[3]["ordered"] and found[4]["columns"] == 2 and found[4]["rows"][0][1]["amount"]
    assert blocks(" \n <p> </p>") == []
    assert json.dumps(_set(letter(), "zh"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        ("document: leter", 1, "leter"),
        ("document: {signed: true}", 1, "'kind' is missing"),
        ("document: {kind: form, tittle: x}", 1, "unknown key 'tittle'"),
        ("document:\n  kind: letter\n  addressee: '{{ name'", 3, ""),
    ],
)
def test_what_a_notice_may_say_of_its_document(written: str, line: int, said: str) -> None:
    names, problems = _looked(f"{written}\nsubject: x\nbody: y\n".encode(), "notices/x.yaml")
    assert names is None and problems[0].line == line and said in problems[0].message


def test_the_letterhead_of_a_house() -> None:
    base = "house: one\ntitle: {zh: 甲, en: A}\n"
    house = compiler().house(Bundle({HOUSE_FILE: (base + "letterhead: {telephone: '400'}\n").encode()}))
    assert letterhead_of(house).told("en") == {"name": "A", "telephone": "400"}
    assert letterhead_of(compiler().house(Bundle({HOUSE_FILE: base.encode()}))).told("zh") == {"name": "甲"}
    with pytest.raises(DefinitionError, match="telefone"):
        compiler().house(Bundle({HOUSE_FILE: (base + "letterhead: {telefone: '400'}\n").encode()}))


def test_a_scenario_fails_where_a_document_cannot_be_made(tmp_path: Path) -> None:
    files = {
        "house.yaml": "house: one\ncalendars: {}\n",
        "told.yaml": "process: told\ntitle: {zh: 甲, en: A}\nnumber: 'T-{seq}'\ndata: schemas/told.yaml\n"
        "start: {by: [staff], form: [word]}\nsteps:\n  tell: {notify: [customer], with: said}\n"
        "  closed: {end: closed}\n",
        "schemas/told.yaml": "type: object\nproperties: {word: {title: {zh: 词, en: Word}, type: string}}\n",
        "notices/said.yaml": "document: letter\nsubject: x\nbody: '<p>{{ word }}</p>'\n",
        "samples/organisation.yaml": "users: {anna: {name: Anna, roles: []}}\n",
    }
    for name, text in files.items():
        path = tmp_path / "processes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    scenario = tmp_path / "s.yaml"
    start = "scenario: s\nprocess: told\nat: 2026-03-02T09:00+08:00\nstart: {by: anna, data: {%s}}\nsteps: []\n"
    scenario.write_text(start % "", encoding="utf-8")
    [wrong] = run_all([scenario], tmp_path / "processes")
    assert (
        len(wrong.problems) == 1 and "the document said" in wrong.problems[0] and "word is not set" in wrong.problems[0]
    )
    scenario.write_text(start % "word: yes", encoding="utf-8")
    [right] = run_all([scenario], tmp_path / "processes")
    assert right.problems == []
