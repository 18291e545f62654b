"""Keys in the memory of several processes: what one destroys or rotates, no other goes on using."""

from collections.abc import Iterator

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import CancelCase, Refusal, StartCase
from engine.runtime import keys
from engine.runtime.answers import Accepted
from engine.runtime.cipher import VaultError
from engine.runtime.clock import VirtualClock
from tests.support.branch import MONDAY, settle_in

ORDER = {"who": "Li Si", "kind": "plain", "identity": "110101199001011237"}


@pytest.fixture
def two(home: Home) -> Iterator[tuple[Caseway, Caseway]]:
    """Two programs on one installation, both of which have just worked on cases."""
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as one:
        settle_in(one)
        with Caseway(home, VirtualClock(MONDAY)) as other:
            yield one, other


def started(app: Caseway) -> str:
    answer = app.start(StartCase("order", dict(ORDER)), "li")
    assert isinstance(answer, Accepted), answer
    return answer.case


def test_a_destroyed_case_is_gone_from_the_other_program(two: tuple[Caseway, Caseway]) -> None:
    one, other = two
    gone, left = started(other), started(other)
    wrapped = bytes(other.connection.one("SELECT key FROM cases WHERE id = ?", (gone,))[0])
    assert other.vault.kept > 0
    assert keys.destroy(one.database, gone)
    refused = other.ask(gone, CancelCase("x"), "sun")
    assert isinstance(refused, Refusal) and refused.code == "destroyed"
    other.refresh()
    assert other.vault.kept == 0, "what was unwrapped is let go"
    assert isinstance(other.ask(left, CancelCase("x"), "sun"), Accepted)
    assert other.vault.kept == 1 and wrapped
    assert one.verify().destroyed == 1


def test_a_rotation_reaches_the_other_program(two: tuple[Caseway, Caseway]) -> None:
    one, other = two
    before = started(other)
    old = bytes(other.connection.one("SELECT key FROM cases WHERE id = ?", (before,))[0])
    assert keys.rotate(one.database, one.vault) >= 1
    other.refresh()
    after = started(other)  # under the new master key
    one.vault.forget()
    other.refresh()
    with pytest.raises(VaultError, match="'m1'"):
        other.vault.cipher(before, old)
    for case in (before, after):
        answer = one.ask(case, CancelCase("x"), "sun")
        assert isinstance(answer, Accepted), answer
    report = other.verify(deep=True)
    assert report.clean, report.findings
