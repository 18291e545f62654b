"""A process tried out on its page: what was done is played again with each request, and kept as a scenario."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import SHIPPED
from tests.support.adhoc import NAME, written
from tests.web.conftest import Town, Visitor
from tests.web.gallery import REPORTED
from tests.web.test_processes import proposal, version
from workbench.grounds import Kept
from workbench.scenarios import run_all

COMPLAINT: dict[str, Any] = {
    "at": "2026-03-02T09:00", "by": "lu_yao", "data.channel": "phone", "data.received_at": "2026-03-02T08:50",
    "data.customer_name": "赵敏", "data.customer_phone": "13900000000", "data.text": "理赔太慢",
}  # fmt: skip
SORTED: dict[str, Any] = {
    "data.kind": "service", "data.severity": "ordinary", "data.facts_clear": "true", "outcome": "accept",
}  # fmt: skip
NOISE: dict[str, Any] = {"data.kind": "noise"}
CARRIED = re.compile(r'name="trial" value="([^"]+)"')


class Page:
    """The page of a trial, and what is asked of it next."""

    def __init__(self, visitor: Visitor, href: str) -> None:
        self.visitor, self.href, self.carried = visitor, href, ""
        self.token = visitor.token()
        self.text = visitor.get(href).text

    def do(self, what: str, status: int = 200, **fields: Any) -> Any:
        sent = {"csrf": self.token, "trial": self.carried, "what": what, **fields}
        answer = self.visitor.ask("POST", self.href, data=sent)
        assert answer.status_code == status, answer.text
        found = CARRIED.search(answer.text)
        self.carried, self.text = found[1] if found else self.carried, answer.text
        return answer


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept()


@pytest.fixture
def trial(town: Town, kept: Kept) -> Page:
    town.app.state.grounds = kept
    return Page(town.browser("dong_lei"), f"/processes/try/complaint/{version(town, 'complaint')}")


def test_a_complaint_is_tried_and_kept_as_a_scenario_that_passes(trial: Page, tmp_path: Path) -> None:
    assert 'name="data.text"' in trial.text
    trial.do("start", **COMPLAINT)
    assert "Register" in trial.text and "TS-2026-000001" in trial.text and "picture.svg?" in trial.text
    trial.do("complete", step="register", by="lu_yao", **SORTED)
    assert "complaint_received" in trial.text and "first rung" not in trial.text and "next rung" in trial.text
    trial.do("wait", amount="2", unit="h")
    assert "11:00" in trial.text
    answer = trial.do("save", title="A slow claim")
    assert answer.headers["content-disposition"] == 'attachment; filename="a_slow_claim.yaml"'
    written = yaml.safe_load(answer.text)
    assert [next(iter(step)) for step in written["steps"]] == ["complete", "wait"]
    (tmp_path / "tried.yaml").write_text(answer.text, encoding="utf-8")
    assert [one.problems for one in run_all([tmp_path / "tried.yaml"], SHIPPED)] == [[]]


def test_what_is_refused_says_why_at_the_field_and_changes_nothing(trial: Page) -> None:
    wrong: dict[str, Any] = {**COMPLAINT, "data.customer_phone": "no"}
    trial.do("start", 422, **wrong)
    assert 'id="f-customer_phone-error"' in trial.text and "Begin" in trial.text
    trial.do("start", **COMPLAINT)
    trial.do("complete", 422, step="register", by="lu_yao", outcome="accept", **NOISE)
    assert 'id="t1-kind-error"' in trial.text
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("wait", {"amount": "0", "unit": "d"}), ("wait", {"amount": "9999", "unit": "d"}),
        ("services", {"function": "none", "answer": "{}"}), ("papers", {}), ("complete", {"step": "nowhere"}),
        ("message", {"name": "nothing"}), ("until", {"until": "soon"}), ("start", COMPLAINT),
    )  # fmt: skip
    for what, given in asked:
        trial.do(what, 422, **given)
        assert "Register" in trial.text
    assert "scenario: odd one" in trial.do("save", title="odd \x07\x85one").text


def test_steps_are_taken_back_and_the_clock_goes_to_what_happens_next(trial: Page) -> None:
    trial.do("start", **COMPLAINT)
    trial.do("next")
    assert "09:00:00" not in trial.text and "2026-03-02 09:00</strong>" not in trial.text
    trial.do("undo")
    assert "2026-03-02 09:00</strong>" in trial.text
    trial.do("undo")
    assert 'name="data.text"' in trial.text  # before its start


def test_messages_are_sent_and_the_language_changes_without_losing_what_was_done(trial: Page) -> None:
    trial.do("start", **COMPLAINT)
    trial.do("", language="zh")
    assert "试办" in trial.text and "TS-2026-000001" in trial.text
    trial.do("", language="en")
    trial.do("message", name="complaint_withdrawn", key="", by="customer")
    assert "Withdrawn" in trial.text


def test_a_trial_that_the_server_did_not_write_is_not_played(trial: Page) -> None:
    trial.do("start", **COMPLAINT)
    trial.carried = trial.carried[:-4] + "AAAA"
    trial.do("next", 403)


def test_a_proposal_is_tried_before_it_is_approved(town: Town) -> None:
    designer, path = proposal(town)
    assert f"/processes/try/claims/{path.rpartition('/')[2]}" in designer.get(path).text
    page = Page(designer, f"/processes/try/claims/{path.rpartition('/')[2]}")
    assert 'name="data.policy_number"' in page.text
    assert designer.get(f"/processes/try/complaint/{path.rpartition('/')[2]}").status_code == 404
    assert designer.get("/processes/try/claims/none").status_code == 404
    drawn = designer.get(f"{page.href}/picture.svg?at=intake")
    assert drawn.status_code == 200 and drawn.text.startswith("<svg")


def test_a_scenario_goes_with_the_proposal_that_was_tried(town: Town, kept: Kept) -> None:
    town.app.state.grounds = kept
    designer, path = proposal(town)
    page = Page(designer, f"/processes/try/claims/{path.rpartition('/')[2]}")
    page.do("start", **REPORTED)
    made = page.do("keep", 303, title="Reported by phone")
    shown = designer.get(made.headers["location"]).text
    assert "goes with the proposal" in shown and "scenarios/claims/reported_by_phone.yaml" in shown
    assert town.browser("gu_mingyuan").post(f"{path}/approve", why="read").status_code == 303
    page.do("keep", 422, title="too late")
    assert "It has been decided already" in page.text
    files = town.caseway.definitions.bundle("process", "claims", version(town))
    assert files is not None and not [each for each in files.contents if each.startswith("scenarios/")]


def test_steps_of_an_ad_hoc_block_are_begun_and_it_is_finished(town: Town, kept: Kept) -> None:
    town.caseway.deploy(written(town.caseway.home.processes), "dong_lei")
    town.app.state.grounds = kept
    trial = Page(town.browser("dong_lei"), f"/processes/try/{NAME}/{version(town, NAME)}")
    trial.do("start", at="2026-03-02T09:00", by="lu_yao")
    trial.do("complete", step="arrive", by="lu_yao")
    assert "Begin: Take photos" in trial.text and "Finish: At the scene" in trial.text
    trial.do("begin", name="photo", by="lu_yao")
    assert "began: Take photos" in trial.text and "Finish: At the scene" not in trial.text
    trial.do("finish", 422, name="scene")
    trial.do("complete", step="photo", by="lu_yao")
    trial.do("finish", name="scene", by="lu_yao")
    assert "Begin: Check" in trial.text
