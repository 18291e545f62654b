"""`caseway paper`: files in and out, the list, the letter, the link, and whether everything is there."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Caseway
from tests.support.samples import HTML, PDF


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    file = tmp_path / "申请书.pdf"
    file.write_bytes(PDF)
    return file


def test_papers_in_and_out(caseway: Caseway, number: str, scan: Path, tmp_path: Path) -> None:
    told = caseway("paper", "add", number, scan, "--paper", "claim_form", "--as", "chen_wei")
    assert told.code == 0 and number in told.out, told.err
    listed = caseway("paper", "list", number, "--json").json
    assert {line["paper"]: line["status"] for line in listed["papers"]}["claim_form"] == "received"
    assert listed["attachments"][0]["name"] == "申请书.pdf" and listed["attachments"][0]["by"] == "chen_wei"
    assert "理赔申请书" in caseway("paper", "list", number).out
    back = tmp_path / "back.pdf"
    assert caseway("paper", "get", number, 1, "--out", back, "--as", "chen_wei").code == 0
    assert back.read_bytes() == PDF
    again = caseway("paper", "get", number, 1, "--out", back, "--as", "chen_wei")
    assert again.code == 1 and "exists" in again.err
    assert caseway("paper", "get", number, 9, "--out", tmp_path / "x", "--as", "chen_wei").code == 1
    assert not (tmp_path / "x").exists()


def test_what_is_refused(caseway: Caseway, number: str, scan: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.png"
    page.write_bytes(HTML)
    refused = caseway("paper", "add", number, page, "--as", "chen_wei")
    assert refused.code == 1 and "文件内容不是 PNG" in refused.err and "is no PNG" in refused.err
    near = caseway("paper", "add", number, scan, "--paper", "claim_from", "--as", "chen_wei")
    assert near.code == 1 and "claim_form" in near.err
    assert caseway("paper", "add", number, scan).code == 2  # who acts?
    assert caseway("paper", "add", number, tmp_path / "none.pdf", "--as", "chen_wei").code == 2


def test_lines_and_letter(caseway: Caseway, number: str) -> None:
    assert caseway("paper", "receive", number, "bank_proof", "--as", "chen_wei").code == 0
    assert caseway("paper", "return", number, "bank_proof", "--reason", "看不清", "--as", "chen_wei").code == 0
    told = caseway("paper", "letter", number)
    assert told.code == 0 and "收款账户证明：看不清" in told.out
    assert "Claim form" in caseway("paper", "letter", number, "--json").json["en"]["body"]
    refused = caseway("paper", "waive", number, "bank_proof", "--reason", "已知", "--as", "chen_wei")
    assert refused.code == 1 and "supervisor" in refused.err
    assert caseway("paper", "waive", number, "bank_proof", "--reason", "已知", "--as", "sun_lihua").code == 0
    assert caseway("paper", "require", number, "policy", "--reason", "核对条款", "--as", "chen_wei").code == 0
    lines = {line["paper"]: line["status"] for line in caseway("paper", "list", number, "--json").json["papers"]}
    assert (lines["bank_proof"], lines["policy"]) == ("waived", "required")


def test_links(caseway: Caseway, number: str) -> None:
    made = caseway("paper", "link", number, "--site", "https://claims.example/", "--as", "chen_wei")
    assert made.code == 0 and made.out.startswith("https://claims.example/c/")
    (one,) = caseway("paper", "list", number, "--json").json["links"]
    assert made.out.strip().endswith(one["path"])
    assert caseway("paper", "unlink", number, one["link"], "--as", "chen_wei").code == 0
    assert caseway("paper", "list", number, "--json").json["links"] == []


def test_every_file_is_there(caseway: Caseway, number: str, scan: Path, house: Path) -> None:
    caseway("paper", "add", number, scan, "--as", "chen_wei")
    assert caseway("paper", "check", "--json").json == {"attachments": 1, "problems": [], "loose": 0, "taken": 0}
    (file,) = [path for path in (house / "files").rglob("*") if path.is_file()]
    loose = file.with_name("new-half")
    loose.write_bytes(b"x")
    stranger = house / "files" / "ab" / "cd"
    stranger.mkdir(parents=True)
    (stranger / "f").write_bytes(b"x")
    assert caseway("paper", "check", "--clean", "--json").json["taken"] == 0  # young: they may be on their way in
    for path in (loose, stranger / "f"):
        os.utime(path, (0, 0))
    assert caseway("paper", "check", "--clean", "--json").json["taken"] == 2
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    broken = caseway("paper", "check")
    assert broken.code == 1 and number in broken.err
    file.unlink()
    assert caseway("paper", "check").code == 1
    removed = caseway("paper", "remove", number, 1, "--reason", "误传", "--as", "chen_wei")
    assert removed.code == 0 and caseway("paper", "check").code == 0


def test_what_is_removed_is_gone_at_once(caseway: Caseway, house: Path, number: str, scan: Path) -> None:
    for _ in range(2):
        assert caseway("paper", "add", number, scan, "--as", "chen_wei").code == 0

    def stored() -> int:
        return sum(1 for path in (house / "files").rglob("*") if path.is_file())

    assert stored() == 1, "the same content is stored once"
    assert caseway("paper", "remove", number, 1, "--reason", "误传", "--as", "chen_wei").code == 0
    assert stored() == 1 and caseway("paper", "check").code == 0, "the other has it still"
    assert caseway("paper", "remove", number, 2, "--reason", "误传", "--as", "chen_wei").code == 0
    assert stored() == 0
    assert caseway("paper", "remove", number, 2, "--reason", "误传", "--as", "chen_wei").code == 1


def test_documents(caseway: Caseway, number: str, tmp_path: Path) -> None:
    [one] = caseway("case", "documents", number, "--json").json
    assert (one["kind"], one["template"], one["to"]) == ("letter", "claim_received", ["customer"])
    assert "报案受理" in one["title"] or number in one["title"]
    assert caseway("case", "documents", number, "--save", tmp_path / "out").code == 0
    assert caseway("case", "documents", number, "--save", tmp_path / "out", "--html").code == 0
    made, page = sorted((tmp_path / "out").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert made.read_bytes().startswith(b"%PDF-") and number in page.read_text(encoding="utf-8")
