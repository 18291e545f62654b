"""The task's page without script: the form, what is wrong with it, drafts, and why something is closed."""

import re

from engine.core.kinds import INT, TEXT, list_of, object_of
from tests.web.conftest import Town
from web import show
from web.desk import Desk

INTAKE = {
    f"data.{name}": value
    for name, value in {
        "line": "motor", "injury": "false", "urgent_need": "false", "foreign_related": "false",
        "terms_disputed": "false", "compulsory_motor": "false", "loss_place": "",
    }.items()
}  # fmt: skip


def page_of(town: Town, number: str) -> str:
    return f"/tasks/{number}/{town.task_of(number)}"


def hidden(text: str) -> dict[str, str]:
    """The form's command and revision, as the page has them."""
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("command", "revision")}


def test_a_task_is_taken_filled_in_and_done(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    assert "For reading only" in visitor.get(path).text
    assert visitor.post(f"{path}/claim").headers["location"] == f"{path}?said=claimed"
    text = visitor.get(path).text
    assert "You cannot work on this" not in text
    assert "Line of business" in text and "Motor" in text and 'value="motor" selected' in text
    assert "then: " in text and "needs a reason" in text
    done = visitor.post(f"{path}/complete", outcome="accept", **INTAKE, **hidden(text))
    assert (done.status_code, done.headers["location"]) == (303, f"/cases/{number}?said=completed")
    assert visitor.get(path).status_code == 404
    story = visitor.get(f"/cases/{number}").text
    assert "completed Intake: Accept" in story and "Chen Wei took Intake" in story


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    visitor.post(f"{path}/claim")
    wrong = {**INTAKE, "data.catastrophe_code": "no good!", "data.loss_place": "环城路 7 号"}
    answer = visitor.post(f"{path}/complete", outcome="accept", **wrong, **hidden(visitor.get(path).text))
    assert answer.status_code == 422 and "One field needs correction" in answer.text
    error = 'id="f-catastrophe_code-error">does not have the expected form'
    assert error in answer.text and 'aria-describedby="f-catastrophe_code-error"' in answer.text
    assert 'value="no good!"' in answer.text and 'value="环城路 7 号"' in answer.text
    again = visitor.post(f"{path}/complete", outcome="mistaken", **INTAKE, **hidden(answer.text))
    assert again.status_code == 422 and 'id="reason-error">Give the reason' in again.text


def test_a_draft_is_kept_with_its_secrets_shown_to_its_holder_alone(town: Town) -> None:
    number = town.claim()
    path, visitor = page_of(town, number), town.browser("chen_wei")
    visitor.post(f"{path}/claim")
    visitor.post(f"{path}/complete", outcome="accept", **INTAKE, **hidden(visitor.get(path).text))
    town.settle()
    path, visitor = page_of(town, number), town.browser("huang_rui")
    visitor.post(f"{path}/claim")
    fields = {"data.papers_complete": "true", "data.diagnosis": "骨折"}
    assert visitor.post(f"{path}/draft", **fields).headers["location"] == f"{path}?said=saved"
    text = visitor.get(path).text
    assert "This is the draft" in text and "骨折" in text
    other = town.browser("ma_chao").get(path).text
    assert "This is the draft" not in other and "骨折" not in other
    assert visitor.post(f"{path}/draft", **{"data.papers_complete": "false"}).status_code == 303
    fields = {"data.papers_complete": "true", "data.papers_compliant": "true", "data.papers_authentic": "true"}
    empty = {"data.missing_papers": "", "data.diagnosis": ""}
    done = visitor.post(f"{path}/complete", outcome="complete", **fields, **empty, **hidden(visitor.get(path).text))
    assert done.status_code == 303
    story = visitor.get(f"/cases/{number}").text
    assert "骨折" not in story and "Diagnosis: •••" in story


def test_the_script_saves_without_a_page_in_answer(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    token = visitor.token()
    visitor.headers = {"x-draft": "1"}
    early = visitor.ask("POST", f"{path}/draft", data={"csrf": token, "data.line": "health"})
    assert (
        early.status_code == 409
        and early.json()["detail"] == f"nobody holds task {town.task_of(number)}: claim it first"
    )
    visitor.ask("POST", f"{path}/claim", data={"csrf": token})
    assert visitor.ask("POST", f"{path}/draft", data={"csrf": token, "data.line": "health"}).status_code == 204
    assert 'value="health" selected' in visitor.get(path).text


def test_sent_twice_it_is_done_once(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    visitor.post(f"{path}/claim")
    fields = {"outcome": "accept", **INTAKE, **hidden(visitor.get(path).text)}
    first, again = (visitor.post(f"{path}/complete", **fields) for _ in range(2))
    assert first.status_code == 303 and again.status_code in (303, 404)
    assert visitor.get(f"/cases/{number}").text.count("completed Intake") == 1


def test_four_eyes_say_why_the_button_is_closed(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("lin_xiaoyan"), page_of(town, number)
    visitor.post(f"{path}/claim")
    visitor.post(f"{path}/complete", outcome="accept", **INTAKE, **hidden(visitor.get(path).text))
    town.settle()
    path = page_of(town, number)
    visitor.post(f"{path}/claim")
    papers = {"data.papers_complete": "true", "data.papers_compliant": "true", "data.papers_authentic": "true"}
    text = visitor.get(path).text
    done = visitor.post(f"{path}/complete", outcome="complete", **papers, **{"data.missing_papers": ""}, **hidden(text))
    assert done.status_code == 303, done.text
    town.settle()
    visitor = town.browser("lin_xiaoyan", "zh")
    text = visitor.get(page_of(town, number)).text
    assert "你不能办理" in text and "领取任务</button>" not in text


def test_a_task_goes_to_a_colleague_and_back_to_its_queue(town: Town) -> None:
    number = town.claim()
    path, one, other = page_of(town, number), town.browser("chen_wei"), town.browser("liu_yang")
    one.post(f"{path}/claim")
    assert (
        one.post(f"{path}/transfer", user="liu_yang", reason="your street").headers["location"] == "/?said=transferred"
    )
    assert "meant for you" in other.get("/").text and number not in one.get("/").text
    other.post(f"{path}/claim")
    assert other.post(f"{path}/release", reason="no").status_code == 303
    assert "nowhere" not in other.get("/").text and other.post(f"{path}/nonsense").status_code == 404


def test_what_others_changed_meanwhile_is_shown_before_it_is_overwritten(town: Town) -> None:
    number = town.claim()
    visitor, path = town.browser("chen_wei"), page_of(town, number)
    visitor.post(f"{path}/claim")
    old = {**hidden(visitor.get(path).text), "revision": "0"}
    answer = visitor.post(f"{path}/complete", outcome="accept", **INTAKE, **old)
    assert answer.status_code == 409 and "While you were at it these were changed" in answer.text
    assert visitor.post(f"{path}/complete", outcome="accept", **INTAKE, **hidden(answer.text)).status_code == 303


def test_a_long_datum_is_folded_with_its_beginning(town: Town) -> None:
    number = town.claim(description="追尾" * 300)
    for path in (f"/tasks/{number}/{town.task_of(number)}", f"/cases/{number}"):
        page = town.browser("chen_wei").get(path).text
        folded = page[page.index('<details class="long">') :]
        summary, rest = folded.split("</summary>", 1)
        assert summary.count("追尾") < 40 and "…" in summary and rest.startswith("追尾" * 300)


def test_the_objects_of_a_list_stand_on_lines_of_their_own(town: Town) -> None:
    desk, item = Desk(town.caseway, "chen_wei", "en"), object_of({"name": TEXT, "part": INT})
    said = show.value(desk, [{"name": "a", "part": 1}, {"name": "b", "part": 2}], list_of(item))
    assert [line.split("; ") for line in said.split("\n")] == [["name: a", "part: 1"], ["name: b", "part: 2"]]
    assert show.value(desk, ["a", "b"], list_of(TEXT)) == "a, b"
