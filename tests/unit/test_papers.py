"""The papers slice: what the checklist asks for, what has come, and when the flow hears of it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bootstrap import MACHINE, compiler
from engine.core import events as flow_events
from engine.core.model import Process
from engine.language.files import Bundle
from papers import commands as c
from papers import events as e
from papers.facts import checklist
from papers.links import Links, valid
from papers.state import files_of, lines_of
from tests.support.graph import Story
from tests.unit.test_work import people

HOUSE = {
    "house": "spec",
    "languages": ["zh", "en"],
    "queues": {"review": "Review"},
    "roles": {"supervisor": "Supervisor", "officer": "Officer"},
    "messages": {"papers_in": {"title": "In", "data": {"missing": {"type": "array", "items": {"type": "string"}}}}},
}
NOTICE = {"subject": {"en": "Papers"}, "body": {"en": "{% for p in checklist.missing %}{{ p.title.en }};{% endfor %}"}}
LINES = {
    "form": {"title": {"zh": "申请书", "en": "The form"}, "when": True},
    "proof": {"title": {"zh": "证明", "en": "The proof"}, "when": "kind == 'loss'"},
    "witness": {"title": {"zh": "证言", "en": "A witness"}},
}
PAPERS = {
    "field": "missing",
    "letter": "ask",
    "waived_by": ["supervisor"],
    "send": {"message": "papers_in", "key": "number", "data": {"missing": "missing"}},
    "lines": LINES,
}
STEPS = {
    "review": {"human": {"queue": "review"}, "form": ["missing"]},
    "enough": {"switch": [{"when": "checklist.complete", "next": "done"}, {"else": "ask"}]},
    "ask": {"notify": ["customer"], "with": "ask", "next": "waiting"},
    "waiting": {"receive": {"message": "papers_in", "key": "number"}, "next": "review"},
    "done": {"end": "done"},
}


def process(steps: Any = STEPS, **papers: Any) -> Process:
    names = sorted(LINES)
    data = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["loss", "other"]},
            "note": {"type": "string"},
            "missing": {"type": "array", "items": {"enum": names}},
        },
    }
    written = {
        "process": "test", "title": "Test", "data": data, "papers": {**PAPERS, **papers}, "steps": steps,
        "start": {"by": ["staff"], "form": ["kind", "note"]},
    }  # fmt: skip
    files = {"test.yaml": written, "house.yaml": HOUSE, "notices/ask.yaml": NOTICE}
    bundle = Bundle({name: json.dumps(content).encode() for name, content in files.items()})
    speaks = compiler()
    return speaks.process(bundle, "test.yaml", speaks.house(bundle))


class One:
    """Every version there is."""

    def __init__(self, found: Process) -> None:
        self.found = found

    def process(self, name: str, version: str = "") -> Process | None:
        return self.found

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return None


def story(kind: str = "loss", **papers: Any) -> Story:
    found = process(**papers)
    versions = One(found)
    made = Story(found, MACHINE, directory=people(), versions=versions, names={"checklist": checklist(versions)})
    return made.start(kind=kind)


def statuses(told: Story) -> dict[str, str]:
    return {name: line.status for name, line in lines_of(told.state.papers).items()}


def sent(told: Story) -> list[flow_events.MessageSent]:
    return [event for event in told.events if isinstance(event, flow_events.MessageSent)]


def add(paper: str = "", digest: str = "d1") -> c.AddAttachment:
    return c.AddAttachment(digest, "scan.pdf", "pdf", 1000, paper)


def test_the_list_follows_the_rules() -> None:
    assert statuses(story()) == {"form": "required", "proof": "required"}
    assert story().flow.data["missing"] == ["form", "proof"]
    told = story("other")
    assert statuses(told) == {"form": "required"}
    assert statuses(story(when="kind == 'other'")) == {}


def test_a_case_without_papers_is_written_as_before() -> None:
    told = story("loss", when="kind == 'other'")
    assert b'"papers"' not in told.machine.encode(told.state)


def test_who_completes_the_form_has_looked_through_the_papers() -> None:
    told = story().complete("review", missing=["proof", "witness"], actor="chen")
    assert statuses(told) == {"form": "received", "proof": "missing", "witness": "missing"}
    (notice,) = [event for event in told.events if isinstance(event, flow_events.NoticeRequested)]
    assert [each["name"] for each in notice.facts["checklist"]["missing"]] == ["proof", "witness"]
    assert told.open == ["waiting"] and not sent(told)
    assert story().complete("review", missing=[], actor="chen").flow.end == "done"


def test_the_flow_hears_when_all_that_was_asked_for_has_come() -> None:
    told = story().complete("review", missing=["form", "proof"], actor="chen")
    told.do(add("form"), "customer")
    assert statuses(told) == {"form": "received", "proof": "missing"} and not sent(told)
    assert told.flow.data["missing"] == ["proof"]
    told.do(add("proof", "d2"), "customer")
    (message,) = sent(told)
    assert (message.message, message.key, message.payload) == ("papers_in", told.flow.number, {"missing": []})
    told.do(add("proof", "d3"), "customer")  # another page of it
    assert len(sent(told)) == 1 and len(files_of(told.state.papers)) == 3


def test_the_flow_hears_of_each_paper_where_it_wants_to() -> None:
    told = story(send={**PAPERS["send"], "after": "each"}).complete("review", missing=["form", "proof"], actor="chen")  # type: ignore[dict-item]  # it is a mapping
    told.do(add("form"), "customer")
    told.do(c.ReceivePaper("proof"), "chen")
    assert len(sent(told)) == 2


def test_what_nobody_has_asked_for_tells_nobody() -> None:
    told = story()
    told.do(add("form"), "customer")
    told.do(c.ReceivePaper("proof"), "chen")
    assert statuses(told) == {"form": "received", "proof": "received"}
    assert not sent(told) and told.flow.data["missing"] == []


def test_a_paper_comes_back() -> None:
    told = story().complete("review", missing=["proof"], actor="chen")
    told.do(c.ReturnPaper("form", " unreadable "), "chen")
    assert statuses(told) == {"form": "missing", "proof": "missing"}
    assert lines_of(told.state.papers)["form"].reason == "unreadable"
    told.do(add("proof"), "customer")
    assert not sent(told)
    told.do(add("form"), "customer")
    assert len(sent(told)) == 1


def test_a_waived_paper_is_not_waited_for() -> None:
    told = story().complete("review", missing=["form", "proof"], actor="chen")
    assert told.refused(c.WaivePaper("proof", "known"), "chen").code == "waive"
    told.do(add("form"), "customer")
    told.do(c.WaivePaper("proof", "known from another case"), "sun")
    assert statuses(told) == {"form": "received", "proof": "waived"} and len(sent(told)) == 1
    assert told.refused(add("proof"), "customer").code == "paper_waived"
    told.do(c.RequirePaper("proof", "after all"), "chen")
    assert statuses(told)["proof"] == "required" and told.flow.data["missing"] == ["proof"]


def test_a_step_does_without_the_rest() -> None:
    steps = {**STEPS, "waiting": {"receive": {"message": "papers_in", "key": "number"}, "next": "rest"},
             "rest": {"waive_papers": "decided on what is there", "next": "done"}}  # fmt: skip
    found = process(steps)
    versions = One(found)
    told = Story(found, MACHINE, directory=people(), versions=versions, names={"checklist": checklist(versions)})
    told.start(kind="loss").complete("review", missing=["proof"], actor="chen")
    told.message("papers_in", told.flow.number)
    assert statuses(told) == {"form": "received", "proof": "waived"}
    line = lines_of(told.state.papers)["proof"]
    assert (line.by, line.reason) == ("rest", "decided on what is there")


def test_somebody_asks_for_more_than_the_rules_do() -> None:
    told = story("other")
    told.do(c.RequirePaper("witness", "contradictions"), "chen")
    assert statuses(told) == {"form": "required", "witness": "required"}
    assert told.refused(c.RequirePaper("witness"), "chen").code == "paper_open"


@pytest.mark.parametrize(
    ("command", "actor", "code"),
    [
        (add("forn"), "chen", "paper"),
        (add("proof"), "nobody", "inactive"),
        (add("witness"), "customer", "paper_not_needed"),
        (add(), "customer", "paper"),
        (c.ReceivePaper("form"), "customer", "inactive"),
        (c.ReceivePaper("form"), "old", "inactive"),
        (c.WaivePaper("form", " "), "sun", "paper_reason"),
        (c.WaivePaper("witness", "why"), "sun", "paper_not_needed"),
        (c.ReturnPaper("form", "why"), "chen", "paper_not_here"),
        (c.RemoveAttachment(9, "why"), "chen", "attachment"),
        (c.RevokeLink(9), "chen", "link"),
    ],
)
def test_what_is_refused(command: Any, actor: str, code: str) -> None:
    told = story()
    assert told.refused(command, actor).code == code


def test_refusals_name_the_nearest_and_speak_both_languages() -> None:
    found = story().refused(add("forn"), "chen")
    assert "did you mean 'form'" in found.text and set(found.told) == {"zh", "en"}


def test_attachments_are_removed_by_who_added_them() -> None:
    told = story()
    told.do(add(), "chen")
    told.do(add("form", "d2"), "customer")
    assert told.refused(c.RemoveAttachment(1, "of another case"), "li").code == "remove"
    told.do(c.RemoveAttachment(1, "of another case"), "chen")
    told.do(c.RemoveAttachment(2, "of another case"), "sun")
    assert not files_of(told.state.papers)
    told.do(add(), "chen")
    assert list(files_of(told.state.papers)) == [3]  # a number is never given twice


def test_no_more_files_than_can_be_looked_at() -> None:
    told = story()
    for number in range(20):
        told.do(add("form", f"d{number}"), "customer")
    assert told.refused(add("form"), "customer").code == "attachments"


def test_an_ended_case_takes_files_and_no_papers() -> None:
    told = story("other").complete("review", missing=[], actor="chen")
    assert told.flow.status == "ended"
    told.do(add(), "chen")
    assert told.refused(add("form"), "customer").code == "ended"
    assert told.refused(c.ReturnPaper("form", "why"), "chen").code == "ended"


def test_a_link_opens_the_case_until_it_ends() -> None:
    told = story()
    soon = told.now + timedelta(days=14)
    told.do(c.MakeLink(soon), "chen")
    assert valid(told.state, 1, told.now) and not valid(told.state, 1, soon) and not valid(told.state, 2, told.now)
    assert told.refused(c.MakeLink(told.now), "chen").code == "link_life"
    assert told.refused(c.MakeLink(told.now + timedelta(days=91)), "chen").code == "link_life"
    assert told.refused(c.MakeLink(soon), "customer").code == "inactive"
    told.do(c.RevokeLink(1), "li")
    assert not valid(told.state, 1, told.now)
    for _ in range(20):
        told.do(c.MakeLink(soon), "chen")
    assert told.refused(c.MakeLink(soon), "chen").code == "links"
    told.now = soon
    told.do(c.MakeLink(soon + timedelta(days=1)), "chen")
    (made,) = [event for event in told.events if isinstance(event, e.LinkMade) and event.over]
    assert len(made.over) == 20


def test_a_link_cannot_be_made_up(tmp_path: Any) -> None:
    from engine.runtime.vault import Vault

    links = Links(Vault.create(tmp_path / "key"))
    token = links.token("case-1", 3)
    assert links.read(token) == ("case-1", 3)
    other = Links(Vault.create(tmp_path / "other"))
    for forged in ("", "x", token[:-2], token + "A", other.token("case-1", 3), "." * 5000, "WyJhIiwxXQ.x"):
        assert links.read(forged) is None
