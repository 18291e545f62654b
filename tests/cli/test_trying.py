"""`caseway try`: a process stepped through at a prompt; what was done becomes a scenario."""

from pathlib import Path

from typer.testing import CliRunner

from bootstrap import SHIPPED
from cli import app
from tests.cli.conftest import call

FIELDS = (
    'channel=phone reported_at="2026-03-02T08:30:00+08:00" policy_number=PM2026000001 customer_name=王小明 '
    "customer_phone=13800000000 line=motor event=collision loss_date=2026-03-01 description=追尾 claimed_amount=3000"
)


def tried(lines: str, *args: object) -> str:
    asked = ["try", *map(str, args), "--at", "2026-03-02T09:00+08:00", "--processes", str(SHIPPED)]
    result = CliRunner().invoke(app, asked, input=lines)
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_a_case_is_led_by_hand_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "tried.yaml"
    said = tried(f"{FIELDS}\n1 accept\nd\nc\nh\nw 2h\nu\ns {file} 试一试\nq\n", "claims")
    assert "claims is not started" in said and "channel (报案渠道): phone |" in said
    assert "intake 报案受理" in said and "document_review" in said and "decision_law: running" in said
    assert "2026-03-02 11:00" in said and "the customer uploads claim_form" in said
    assert "at: 2026-03-02T09:00+08:00" in file.read_text()
    assert call("test", file, "--processes", SHIPPED).code == 0
    assert "document_review" in tried("", file, "--at", "2026-03-02T09:00+08:00")


def test_what_cannot_be_done_is_told_and_changes_nothing() -> None:
    said = tried(f"{FIELDS}\n1\n77\nx\nw soon\n1 'accept\ns\nc\n", "claims")
    assert "77: there are" in said and "x: expected a number" in said and "not 'soon'" in said
    assert "No closing quotation" in said and "expected the name of a file" in said
    assert said.count("1  intake") >= 6


def test_names_that_are_none() -> None:
    assert "Did you mean claims?" in call("try", "claim", "--processes", SHIPPED).err
    assert call("try", "claims", "--at", "soon", "--processes", SHIPPED).code == 2
    assert call("try", "nothing/there.yaml").code == 2
