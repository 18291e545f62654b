"""Nobody takes more than they may have in hand; who leads may give them more, and the history says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap import Caseway, Home, create
from engine.core import commands as c
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Database
from engine.runtime.vault import Vault
from tasks import commands as t
from tasks import events as e
from tests.store.test_organisation_store import PUSHED, pushed, use
from tests.store.test_tasks_store import Office
from tests.support.branch import FOLDER, MONDAY
from tests.unit.test_work import PEOPLE

TWO = PEOPLE.replace("chen: {name: Chen,", "chen: {name: Chen, capacity: 2,")


@pytest.fixture
def office(database: Database, vault: Vault) -> Iterator[Office]:
    made = Office(database, vault)
    use(made, TWO)
    yield made
    made.close()


def refused(answer: Any) -> c.Refusal:
    assert isinstance(answer, c.Refusal), answer
    return answer


def test_claiming_stops_at_the_bound_and_says_what_it_is(office: Office) -> None:
    first, second, third = (office.start("low") for _ in range(3))
    office.do("chen", first, t.ClaimTask(1))
    office.do("chen", second, t.ClaimTask(1))
    answer = refused(office.ask("chen", third, t.ClaimTask(1)))
    assert answer.code == "full"
    assert answer.told["en"] == "you have 2 tasks in hand, and may have 2"
    assert answer.told["zh"] == "你手中已有 2 项任务，上限为 2 项"
    office.do("chen", first, c.CompleteTask(1))
    office.do("chen", third, t.ClaimTask(1))


def test_a_task_that_is_done_at_once_takes_no_place(office: Office) -> None:
    for case in (office.start("low"), office.start("low")):
        office.do("chen", case, t.ClaimTask(1))
    office.do("chen", office.start("low"), c.CompleteTask(1))


def test_what_is_meant_for_somebody_has_its_place_already(office: Office) -> None:
    mine = office.start("low")
    office.do("sun", mine, t.TransferTask(1, user="chen"))
    office.do("chen", office.start("low"), t.ClaimTask(1))
    office.do("chen", mine, t.ClaimTask(1))
    assert refused(office.ask("chen", office.start("low"), t.ClaimTask(1))).code == "full"


def test_a_batch_counts_what_it_has_done_itself(office: Office) -> None:
    started = [office.start("low") for _ in range(4)]
    office.do("chen", started[0], t.ClaimTask(1))
    now = office.clock.now()
    asked: list[tuple[str, c.Command]] = [(case, t.ClaimTask(1)) for case in started[1:3]]
    asked += [(started[0], t.ReleaseTask(1, "later")), (started[3], t.ClaimTask(1))]
    answers = office.runner.submit_many(
        c.Request(new_id(now), case, command, "chen", now, "test") for case, command in asked
    )
    assert [isinstance(answer, Accepted) for answer in answers] == [True, False, True, True]
    assert refused(answers[1]).code == "full"


def test_the_next_task_says_that_there_is_no_room_for_it(office: Office) -> None:
    started = [office.start("low") for _ in range(3)]
    assert office.next("chen").case == started[0] and office.next("chen").case == started[1]
    assert refused(office.next("chen")).code == "full"
    office.do("sun", started[2], t.TransferTask(1, user="chen"))
    assert office.next("chen").case == started[2], "what is meant for them has its place"
    office.start("low")
    assert office.next("li") is not None, "another has room"


def test_who_leads_gives_more_and_the_history_says_so(office: Office) -> None:
    for case in (office.start("low"), office.start("low")):
        office.do("chen", case, t.ClaimTask(1))
    more = office.start("low")
    (moved,) = office.do("sun", more, t.TransferTask(1, user="chen", reason="urgent")).events
    assert isinstance(moved, e.TaskTransferred) and moved.over == (2, 2)
    (moved,) = office.do("sun", office.start("low"), t.TransferTask(1, user="li")).events
    assert isinstance(moved, e.TaskTransferred) and moved.over is None


def test_a_colleague_gives_no_more_than_there_is_room_for(office: Office) -> None:
    for case in (office.start("low"), office.start("low")):
        office.do("chen", case, t.ClaimTask(1))
    case = office.start("low")
    office.do("li", case, t.ClaimTask(1))
    answer = refused(office.ask("li", case, t.TransferTask(1, user="chen")))
    assert answer.code == "not_for" and "chen has 2 tasks in hand, and may have 2" in answer.text
    assert refused(office.ask("li", case, t.DelegateTask(1, "chen"))).code == "not_for"


def test_pushed_work_goes_by_the_same_rule(office: Office) -> None:
    use(office, (PUSHED % "least_loaded").replace("chen: {name: Chen,", "chen: {name: Chen, capacity: 0,"))
    office.start("low")
    assert pushed(office) == ["li"]
    assert refused(office.ask("chen", office.start("low"), t.ClaimTask(1))).code == "full"


def test_deciding_again_finds_what_counted_then(home: Home, tmp_path: Path) -> None:
    create(home)
    people = (FOLDER / "people" / "organisation.yaml").read_text().replace("{name: Chen,", "{name: Chen, capacity: 1,")
    (tmp_path / "people.yaml").write_text(people)
    with Caseway(home, VirtualClock(MONDAY)) as caseway:
        caseway.deploy(FOLDER, "ann")
        caseway.load_organisation(tmp_path / "people.yaml", "ann")
        first, second = (caseway.start(c.StartCase("visit", {}), "li") for _ in range(2))
        assert isinstance(first, Accepted) and isinstance(second, Accepted)
        found = []
        for case in (first.case, second.case):
            answer = caseway.ask(case, t.TransferTask(1, user="chen"), "sun")
            assert isinstance(answer, Accepted), answer
            found += [one.over for one in answer.events if isinstance(one, e.TaskTransferred)]
        assert found == [None, (1, 1)]
        assert caseway.verify(deep=True).clean
