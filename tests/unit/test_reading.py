"""Who may read what: the table of grades and parties, what somebody is to a case, and the mark of restricted ones."""

from typing import Any

import pytest

from engine.core import commands as c
from organisation.reading import ALWAYS, GLASS, GRADES, NAME, NAMED, PARTIES, Reading, Sight
from organisation.reading_words import Closed
from tasks import commands as t
from tasks import events as e
from tasks.parties import parties
from tasks.work import NAMES
from tests.support.graph import Story, graph, x
from tests.unit.test_work import MACHINE, human, people
from tools.examples import problems

# Who reads what in a house that says nothing of it: relation -> grades, and the same of a restricted case.
TABLE = {
    "staff": ("public", ""),
    "starter": ("public internal", ""),
    "worked": ("public internal", ""),
    "queue": ("public internal", ""),
    "above": ("public internal", ""),
    "manager": ("public", ""),  # who manages a queue also serves it, so is `queue` as well
    "owner": ("public internal secret", ""),
    "holder": ("public internal secret", "public internal secret"),
    "role.compliance": ("public internal", ""),
    "role.director": ("public internal", ""),
    "role.admin": ("public internal", ""),
    "role.officer": ("public", ""),
    "named": ("public internal", "public internal"),
    "glass": ("public internal secret", "public internal secret"),
    "nobody": ("", ""),
}


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("relation", TABLE)
def test_relation_and_grade(relation: str, grade: str) -> None:
    theirs = frozenset() if relation == "nobody" else frozenset({"staff", relation})
    open_to, restricted = (grade in told.split() for told in TABLE[relation])
    assert Sight("li", "x", Reading(), theirs).reads(grade) is open_to
    assert Sight("li", "x", Reading(), theirs, restricted=True).reads(grade) is restricted


def test_every_party_is_in_the_table_of_this_test() -> None:
    assert {*PARTIES, NAMED, GLASS} <= set(TABLE) and set(ALWAYS) == set(GRADES)


def test_the_house_s_own_table_goes_before_and_says_on_which_ground() -> None:
    reading = Reading({"public": (), "internal": ("role.x",), "secret": ("queue.q", "owner")}, ("role.x",), ("role.x",))
    sight = Sight("li", "x", reading, frozenset({"staff", "owner", "role.x"}))
    assert [sight.ground(grade) for grade in GRADES] == ["", "role.x", "owner"]
    assert sight.may_restrict
    assert Sight("li", "x", reading, frozenset({"staff", GLASS}), True).ground("secret") == GLASS
    assert not Sight("li", "x", reading, frozenset({"staff", GLASS})).may_restrict


def test_who_reads_all_has_no_glass_to_break() -> None:
    assert Sight("li", "x", Reading(), frozenset({"staff"})).may_break
    assert not Sight("li", "x", Reading(), frozenset({"staff", "holder"})).may_break
    assert not Sight("li", "x", Reading(), frozenset()).may_break


# --- what somebody is to a case -----------------------------------------------------------------------


def told(closed: Closed | None = None, **data: Any) -> Story:
    process = graph(
        human("first", "then", ("text",), queue="review"), human("then", None, queue="senior"),
        parts={} if closed is None else {NAME: closed},
    )  # fmt: skip
    made = Story(process, MACHINE, directory=people(), names=NAMES)
    made.do(c.StartCase("test", data), "wu")
    return made


def of(story: Story, user: str, *stood_in: str) -> set[str]:
    """The relations of the user, without roles, queues and being staff."""
    found = parties(people(), user, story.state, story.now, stood_in)
    return {one for one in found if "." not in one} - {"staff"}


def test_what_people_are_to_a_case() -> None:
    story = told()
    assert of(story, "wu") == {"starter"}
    assert of(story, "li") == of(story, "chen") == {"queue"}
    assert of(story, "sun") == {"queue", "manager"}
    assert of(story, "gu") == set() and of(story, "old") == set()
    assert parties(people(), "old", story.state, story.now) == frozenset()
    story.do(t.ClaimTask(1), "chen")
    assert of(story, "chen") == {"queue", "holder"}
    assert of(story, "sun") == {"queue", "manager", "above"} and of(story, "gu") == {"above"}
    story.do(t.AskReview(1, "wu", "Is it?"), "chen")
    assert of(story, "wu") == {"starter", "holder"}
    story.do(t.AnswerReview(1, "It is.", True), "wu")
    story.do(c.CompleteTask(1, "", {"text": "x"}), "chen")
    assert of(story, "chen") == {"worked"} and of(story, "li") == set()
    assert of(story, "li", "review") == {"queue"}  # its queue is known from the closed task's row
    assert of(story, "gu") == {"queue", "manager"}


# --- the mark -----------------------------------------------------------------------------------------

READING = Reading(restricts=("role.admin", "manager"), restricted=("holder", "role.admin"))
BY_HAND = Closed(None, (), READING)


def test_a_case_is_restricted_and_the_restriction_lifted() -> None:
    story = told(BY_HAND)
    story.do(t.RestrictCase(" a colleague's own claim ", ("user.wu", "role.officer")), "ann")
    assert story.state.work.restricted and story.state.work.readers == ["user.wu", "role.officer"]
    assert story.refused(t.RestrictCase("again"), "ann").code == "restricted"
    assert "named" in of(story, "wu") and "named" in of(story, "li") and "named" not in of(story, "gu")
    story.do(t.LiftRestriction("it was another"), "ann")
    assert not story.state.work.restricted and story.state.work.readers == []
    assert story.refused(t.LiftRestriction("again"), "ann").code == "unrestricted"
    marked, lifted = story.events[-2], story.events[-1]
    assert isinstance(marked, e.CaseRestricted) and marked.reason == "a colleague's own claim"
    assert isinstance(lifted, e.RestrictionLifted) and lifted.readers == ("user.wu", "role.officer")


@pytest.mark.parametrize(
    ("actor", "command", "code"),
    [
        ("li", t.RestrictCase("x"), "not_restricting"),
        ("old", t.RestrictCase("x"), "inactive"),
        ("ann", t.RestrictCase("  "), "no_reason"),
        ("ann", t.RestrictCase("x", ("user.old",)), "reader"),
        ("ann", t.RestrictCase("x", ("role.nobody_has_it",)), "reader"),
        ("ann", t.RestrictCase("x", ("wu",)), "reader"),
        ("ann", t.RestrictCase("x", ("user.wu",) * 51), "readers"),
        ("ann", t.LiftRestriction("x"), "unrestricted"),
    ],
)
def test_what_is_refused(actor: str, command: Any, code: str) -> None:
    assert told(BY_HAND).refused(command, actor).code == code


def test_who_may_not_read_the_case_any_more_does_not_lift_the_restriction() -> None:
    story = told(BY_HAND)
    story.do(t.RestrictCase("a matter of the queue's manager"), "sun")
    assert story.refused(t.LiftRestriction("never mind"), "sun").code == "not_restricting"
    story.do(t.LiftRestriction("cleared"), "ann")


def test_a_case_that_has_ended_may_still_be_restricted_and_one_that_is_not_there_may_not() -> None:
    story = told(BY_HAND)
    assert Story(story.process, MACHINE).refused(t.RestrictCase("x"), "ann").code == "unknown"
    story.do(c.CancelCase("x"), "ann")
    story.do(t.RestrictCase("it came out later"), "ann")
    assert story.state.work.restricted


def test_the_process_restricts_when_its_condition_first_holds() -> None:
    story = told(Closed(x("text == 'staff'"), ("role.admin",), READING), text="other")
    assert not story.state.work.restricted
    story.complete("first", text="staff", actor="chen")
    assert story.state.work.restricted and story.state.work.readers == ["role.admin"]
    assert [one.by for one in story.events if isinstance(one, e.CaseRestricted)] == [""]
    story.do(t.LiftRestriction("he has left"), "ann")
    story.do(t.ClaimTask(2), "sun")
    assert not story.state.work.restricted


def test_a_process_may_restrict_all_its_cases_from_the_start() -> None:
    assert told(Closed(x("true"), (), READING)).state.work.restricted


# --- the words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "reading: {internal: [friends]}",
        "reading: {secret: [role.nobody]}",
        "reading: {secret: [queue.nowhere]}",
        "reading: {break_glass: {lasts: soon}}",
        "reading: {strange: [staff]}",
    ],
)
def test_a_table_that_cannot_be_is_refused(text: str) -> None:
    assert problems("house", text)


def test_a_restriction_names_roles_that_there_are() -> None:
    assert problems("top", "restricted: {when: \"kind == 'claim'\", to: [role.nobody]}")
