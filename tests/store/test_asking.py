"""The one way in for commands: the door looks at each, what fits is done in order, in one transaction if it can be."""

from pathlib import Path

from bootstrap import Asked, Caseway, Home, create
from engine.core.commands import Refusal, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.support.branch import MONDAY, settle_in

ORDER = StartCase("order", {"who": "Li Si", "kind": "plain"})


def test_the_door_looks_at_each_and_answers_come_in_order(tmp_path: Path) -> None:
    create(Home(tmp_path))
    with Caseway(Home(tmp_path), VirtualClock(MONDAY)) as app:
        settle_in(app)
        asked = [
            Asked("c1", ORDER, id="c1"),
            Asked("c2", ORDER, id="a\0b"),
            Asked("c3", ORDER, ground="x" * 201, id="c3"),
            Asked("c4", ORDER, id="c4"),
        ]
        one, nul, long, four = app.ask_many(iter(asked), "li")
        assert isinstance(one, Accepted) and isinstance(four, Accepted) and (one.case, four.case) == ("c1", "c4")
        assert isinstance(nul, Refusal) and nul.code == "id" and isinstance(long, Refusal) and long.code == "ground"
        (again,) = app.ask_many([asked[0]], "li")
        assert isinstance(again, Accepted) and again.repeated
        assert app.ask_many([], "li") == []
        assert app.connection.one("SELECT count(*) FROM cases")[0] == 2
