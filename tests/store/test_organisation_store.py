"""The organisation at work in the store: pushed work, leavers, changes that need a second person."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from engine.core import commands as c
from engine.runtime.database import Connection, Database
from engine.runtime.vault import Vault
from organisation import changes
from organisation.changes import Proposal, approve, change, proposals, reject
from organisation.export import export
from organisation.load import load
from organisation.store import Directories, save
from tasks import commands as t
from tasks import queries
from tasks.leavers import hand_over, leavers
from tasks.lifecycle import SYSTEM
from tasks.push import Given, keep, push
from tasks.staffing import Staffing
from tests.store.test_tasks_store import BEGIN, Office
from tests.unit.test_work import PEOPLE

PUSHED = PEOPLE.replace("review: {members: [chen, li, sun]", "review: {assign_by: %s, members: [chen, li, sun]")


def document(text: str) -> Any:
    return load(text, "organisation.yaml")[0].value


@pytest.fixture
def office(database: Database, vault: Vault) -> Iterator[Office]:
    made = Office(database, vault)
    yield made
    made.close()


def use(office: Office, text: str) -> None:
    value = document(text)
    office.runner.write(lambda connection: save(connection, value, "ann", office.clock.now()))
    office.directories.refresh()


def pushed(office: Office, wanted: str = "") -> list[str]:
    """Who got what the queues offered, in order."""

    def write(rows: Any) -> None:
        office.runner.write(lambda connection: keep(connection, rows))

    def ask(case: str, command: c.Command) -> Any:
        return office.ask(SYSTEM, case, command)

    given: list[Given] = push(office.reading, office.people, office.clock.now(), ask, lambda case, task: wanted, write)
    for one in given:
        assert office.row(one.listed.case, one.listed.task)["assignee"] == one.user
    return [one.user for one in given]


# --- pushed work --------------------------------------------------------------------------------------


def test_round_robin_goes_by_allocations(office: Office) -> None:
    use(office, PUSHED % "round_robin")
    for _ in range(4):
        office.start("low")
    assert pushed(office) == ["chen", "li", "sun", "chen"]
    for listed in queries.my_work(office.reading, "li"):
        office.do("li", listed.case, c.CompleteTask(listed.task))
    office.clock.advance(timedelta(hours=1))
    # What li finished counts for nothing: next are those who got work the longest ago. The second tasks of the case
    # that li worked on are not for li's eyes, so that sun and chen have them.
    first = pushed(office)
    assert first == ["sun"] and pushed(office) == []
    office.start("low")
    assert pushed(office) == ["li"]


def test_least_loaded_capacity_and_absence(office: Office) -> None:
    text = PUSHED % "least_loaded"
    text = text.replace("chen: {name: Chen,", "chen: {name: Chen, capacity: 1,")
    text = text.replace("sun: {name: Sun,", "sun: {name: Sun, capacity: 2,")
    use(office, text + "absences: [{user: li, from: 2026-03-01, to: 2026-03-03, processes: [low]}]\n")
    for _ in range(4):
        office.start("low")
    assert pushed(office) == ["chen", "sun", "sun"]  # li is away, and the two have all that they can take
    assert queries.count(office.reading, "review") == 1
    office.start("high")
    assert pushed(office) == ["li"]  # away for one process only


def test_by_skill(office: Office) -> None:
    use(office, (PUSHED % "skill").replace("li: {name: Li,", "li: {name: Li, skills: [motor],"))
    for _ in range(2):
        office.start("low")
    assert pushed(office, "motor") == ["li", "li"]
    office.start("low")
    assert pushed(office, "health") == [] and pushed(office) == ["chen"]


def test_what_is_not_for_their_eyes_is_not_pushed_to_anyone(office: Office) -> None:
    use(office, PUSHED % "round_robin")
    case = office.start("low")
    office.do("chen", case, c.CompleteTask(1))
    assert pushed(office) == ["li"]


# --- leavers ------------------------------------------------------------------------------------------


def test_what_a_leaver_had_moves_at_once(office: Office) -> None:
    held, parked, asked, delegated, meant = (office.start(name) for name in ("low", "low", "low", "low", "given"))
    for case in (held, parked):
        office.do("li", case, t.ClaimTask(1))
    office.do("li", held, t.SaveDraft(1))
    office.do("li", parked, t.ParkTask(1, office.clock.now() + timedelta(days=9)))
    for case in (asked, delegated):
        office.do("chen", case, t.ClaimTask(1))
    office.do("chen", asked, t.AskReview(1, "li", "Well?"))
    office.do("chen", delegated, t.DelegateTask(1, "li"))
    assert leavers(office.reading, office.people, office.clock.now()) == []
    use(office, PEOPLE.replace("li: {name: Li,", "li: {name: Li, to: 2026-03-01,"))
    assert leavers(office.reading, office.people, office.clock.now()) == ["li"]

    moved = hand_over(
        office.reading, office.people, office.clock.now(), "li", lambda case, one: office.ask(SYSTEM, case, one)
    )
    assert all(one.done for one in moved), [one.answer for one in moved]
    assert {(one.case, one.to) for one in moved} == {
        (held, "review"), (parked, "review"), (asked, "chen"), (delegated, "review"), (meant, "review")
    }  # fmt: skip
    assert queries.my_work(office.reading, "li") == []
    assert leavers(office.reading, office.people, office.clock.now()) == []
    assert office.row(asked, 1)["status"] == "claimed" and office.row(asked, 1)["holder"] == "chen"
    assert {office.row(case, 1)["status"] for case in (held, parked, delegated, meant)} == {"open"}


def test_all_of_it_by_itself_whenever_it_is_looked_after(office: Office) -> None:
    def ask(case: str, command: c.Command) -> Any:
        return office.ask(SYSTEM, case, command)

    staffing = Staffing(office.runner, ask, office.runner.machine.decode)
    case = office.start("low")
    office.do("li", case, t.ClaimTask(1))
    staffing.run(office.people, office.clock.now())
    assert office.row(case, 1)["holder"] == "li"
    last_day = PEOPLE.replace("li: {name: Li,", "li: {name: Li, to: 2026-03-02,")
    use(office, last_day.replace("review: {", "review: {assign_by: skill, "))
    staffing.run(office.people, office.clock.now())
    assert office.row(case, 1)["holder"] == "li", "it is the last day"
    staffing.run(office.people, office.clock.advance(timedelta(days=1)))
    assert (office.row(case, 1)["holder"], office.row(case, 1)["assignee"]) == ("", "chen")
    staffing.close()


# --- changes ------------------------------------------------------------------------------------------


def later(office: Office) -> Any:
    return office.clock.advance(timedelta(minutes=1))


def write(office: Office, run: Any) -> Any:
    return office.runner.write(run)


def test_what_leaves_authority_alone_takes_effect_at_once(office: Office) -> None:
    value = document(PEOPLE + "absences: [{user: li, from: 2026-03-04, to: 2026-03-05, substitute: chen}]\n")
    assert write(office, lambda one: change(one, value, 1, "chen", BEGIN, "")) == 2
    office.directories.refresh()
    assert office.people.users["li"].absences


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("amount: 1000}", "amount: 100000}"),
        ("wu: {name: Wu}", "wu: {name: Wu, roles: [supervisor]}"),
        ("managers: [sun]}\n  senior", "managers: [sun, li]}\n  senior"),
        ("manager: sun", "manager: chen"),
    ],
)
def test_a_change_of_authority_needs_a_second_person(office: Office, old: str, new: str) -> None:
    assert old in PEOPLE
    value = document(PEOPLE.replace(old, new))
    with pytest.raises(c.Refuse, match="needs a reason"):
        write(office, lambda one: change(one, value, 1, "sun", BEGIN, " "))
    made = write(office, lambda one: change(one, value, 1, "sun", later(office), "more claims"))
    assert isinstance(made, Proposal)
    assert [one.id for one in proposals(office.reading)] == [made.id]
    assert office.directories.refresh() == 1, "nothing is in force yet"
    for by, why in (
        ("sun", "a second person must"),
        ("old", "not a user in service"),
        ("chen", "neither stands above"),
    ):
        with pytest.raises(c.Refuse, match=why):
            write(office, lambda one, by=by: approve(one, made.id, by, later(office)))
    assert write(office, lambda one: approve(one, made.id, "gu", later(office), "agreed")) == 2
    assert office.directories.refresh() == 2
    assert proposals(office.reading) == []
    with pytest.raises(c.Refuse, match="decided already"):
        write(office, lambda one: approve(one, made.id, "ann", later(office)))
    row = office.reading.one("SELECT state, decided_by, why, revision FROM proposals WHERE id = ?", (made.id,))
    assert tuple(row) == ("approved", "gu", "agreed", 2)


def test_a_proposal_may_be_turned_down_or_taken_back(office: Office) -> None:
    value = document(PEOPLE.replace("amount: 1000}", "amount: 9}"))

    def proposal() -> str:
        made = write(office, lambda one: change(one, value, 1, "sun", later(office), "less"))
        return str(made.id)

    first, second = proposal(), proposal()
    with pytest.raises(c.Refuse, match="say why"):
        write(office, lambda one: reject(one, first, "ann", BEGIN, ""))
    with pytest.raises(c.Refuse, match="neither stands above"):
        write(office, lambda one: reject(one, first, "li", BEGIN, "no"))
    write(office, lambda one: reject(one, first, "ann", BEGIN, "too low"))
    write(office, lambda one: reject(one, second, "sun", BEGIN, "a slip"))
    assert proposals(office.reading) == []
    with pytest.raises(c.Refuse, match="there is no"):
        write(office, lambda one: reject(one, "nothing", "sun", BEGIN, "no"))


def test_a_proposal_that_waited_is_brought_up_to_date(office: Office) -> None:
    value = document(PEOPLE.replace("amount: 1000}", "amount: 9}").replace("wu: {name: Wu}", "wu: {name: Woo}"))
    made = write(office, lambda one: change(one, value, 1, "sun", later(office), "less"))
    use(
        office,
        PEOPLE.replace("{name: Li,", "{name: Li Li,") + "absences: [{user: li, from: 2026-03-04, to: 2026-03-05}]\n",
    )
    assert write(office, lambda one: approve(one, made.id, "gu", later(office))) == 3
    office.directories.refresh()
    people = office.people
    assert (people.users["li"].name["en"], people.users["wu"].name["en"]) == ("Li Li", "Woo")
    assert people.users["li"].absences and people.grants("claims")[0].amount == 9


@pytest.mark.parametrize(
    ("old", "new"), [("amount: 1000}", "amount: 10}"), ("wu: {name: Wu}", "wu: {name: Wu, capacity: 3}")]
)
def test_a_change_of_what_others_have_changed_is_refused(office: Office, old: str, new: str) -> None:
    value = document(PEOPLE.replace("amount: 1000}", "amount: 9}").replace("wu: {name: Wu}", "wu: {name: Woo}"))
    made = write(office, lambda one: change(one, value, 1, "sun", later(office), "less"))
    use(office, PEOPLE.replace(old, new))
    with pytest.raises(c.Refuse, match="this changes revision 1, but 2 is in force"):
        write(office, lambda one: approve(one, made.id, "gu", later(office)))
    with pytest.raises(c.Refuse, match="but 2 is in force"):
        write(office, lambda one: change(one, value, 1, "sun", later(office), "less"))


def test_the_first_organisation_is_taken_in_as_it_is(database: Database) -> None:
    connection: Connection = database.connect()
    connection.begin()
    assert change(connection, document(PEOPLE), 0, "ann", BEGIN, "") == 1
    connection.commit()
    connection.close()


def test_out_and_in_again_is_the_same(office: Office) -> None:
    text = PEOPLE + "  - {user: wu, kind: claims, amount: 2.50}\n"
    text += "absences: [{user: li, from: 2026-03-04, to: 2026-03-05, substitute: chen}]\n"
    use(office, text)
    row = office.reading.one(changes.NEWEST)
    written = export(msgspec.json.decode(row[1]))
    assert "amount: 2.50" in written and "amount: 1000" in written
    use(office, written)
    assert office.people.revision == 2, "the same document is no new revision"


def test_the_organisation_as_it_was_at_a_moment(database: Database) -> None:
    connection: Connection = database.connect()
    for day in (0, 7):
        text = (
            PEOPLE + f"absences: [{{user: li, from: 2026-03-{20 + day}, to: 2026-03-{20 + day}, substitute: chen}}]\n"
        )
        connection.begin()
        save(connection, document(text), "ann", BEGIN + timedelta(days=day))
        connection.commit()
    connection.close()
    kept = Directories(database)
    seen = [kept.then(BEGIN + timedelta(days=day)) for day in (-1, 0, 6, 7)]
    assert [None if one is None else one.revision for one in seen] == [None, 1, 1, 2]
    kept.close()


@pytest.mark.parametrize(
    ("old", "new", "second"),
    [
        ("li: {name: Li,", "li: {name: Li, to: 2026-03-01,", False),  # a leaver's work moves at once
        (
            "old: {name: Old, groups: [claims], to: 2025-12-31}",
            "old: {name: Old, groups: [claims]}",
            False,
        ),  # without a role
        ("wu: {name: Wu}", "wu: {name: Wu, groups: [claims]}", True),  # has a manager now
    ],
)
def test_whoever_leaves_does_so_at_once(office: Office, old: str, new: str, second: bool) -> None:
    assert old in PEOPLE, PEOPLE
    made = write(office, lambda one: change(one, document(PEOPLE.replace(old, new)), 1, "sun", BEGIN, "why"))
    assert isinstance(made, Proposal) == second


def test_coming_back_with_a_role_needs_a_second_person(office: Office) -> None:
    use(office, PEOPLE.replace("li: {name: Li,", "li: {name: Li, to: 2026-03-01,"))
    for day, second in (("2026-02-01", False), ("2026-09-01", True)):
        text = PEOPLE.replace("li: {name: Li,", f"li: {{name: Li, to: {day},")
        base = office.directories.refresh()
        made = write(office, lambda one, text=text, base=base: change(one, document(text), base, "sun", BEGIN, "why"))
        assert isinstance(made, Proposal) == second


def test_another_manager_by_way_of_a_group_needs_a_second_person(office: Office) -> None:
    text = PEOPLE.replace("roles: [officer], groups: [claims]", "roles: [officer], groups: [company]", 1)
    assert text != PEOPLE
    assert isinstance(write(office, lambda one: change(one, document(text), 1, "gu", BEGIN, "why")), Proposal)
    joined = PEOPLE.replace("managers: [sun]", "managers: [group.claims]", 1)
    assert isinstance(write(office, lambda one: change(one, document(joined), 1, "gu", BEGIN, "why")), Proposal)
