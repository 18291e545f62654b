"""After the keys were rotated everything sealed opens, and the old key is gone."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher

from bootstrap import Caseway, Home, create
from engine.core.commands import CancelCase, StartCase
from engine.runtime import keys
from engine.runtime.answers import Accepted
from engine.runtime.cipher import VaultError
from engine.runtime.clock import VirtualClock
from engine.runtime.errors import StoreError
from engine.runtime.tables import metadata
from tests.store.test_keys_shared import ORDER
from tests.support.branch import MONDAY, settle_in
from web.accounts import Accounts, Asked, Known
from web.webhooks import Webhooks, secret_of

PASSWORD = "a long enough password"


@pytest.fixture
def caseway(home: Home) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as made:
        settle_in(made)
        yield made


def rotate(caseway: Caseway) -> tuple[int, list[str]]:
    count = keys.rotate(caseway.database, caseway.vault)
    at = (MONDAY - 2 * keys.HEARD).timestamp()
    os.utime(caseway.home.key, (at, at))
    return count, keys.forget(caseway.database, caseway.vault, MONDAY)


def test_all_that_is_sealed_opens_and_the_old_key_is_gone(caseway: Caseway) -> None:
    accounts, webhooks = Accounts(caseway, PasswordHasher(1, 1024, 1)), Webhooks(caseway)
    answer = caseway.start(StartCase("order", dict(ORDER)), "li")
    assert isinstance(answer, Accepted), answer
    accounts.set_password("li", PASSWORD, "test")
    secret = accounts.factors.begin(caseway.connection, "li")
    assert accounts.factors.confirm(caseway.connection, "li", pyotp.TOTP(secret).at(caseway.clock.now()))
    hook, shown = webhooks.add("https://hook.example/", ["case.started"], "", "sun")
    for index in (1, 2):
        assert rotate(caseway) == (3, [f"m{index}"])
    with Caseway(caseway.home, VirtualClock(MONDAY + timedelta(minutes=5))) as later:
        accounts = Accounts(later, PasswordHasher(1, 1024, 1))
        assert isinstance(later.ask(answer.case, CancelCase("x"), "sun"), Accepted)
        assert later.verify(deep=True).clean
        asked = accounts.sign_in(later.connection, "li", PASSWORD)
        assert isinstance(asked, Asked)
        assert isinstance(accounts.second(later.connection, asked, pyotp.TOTP(secret).at(later.clock.now())), Known)
        (key,) = later.connection.one("SELECT key FROM webhooks WHERE id = ?", (hook,))
        assert secret_of(later, hook, bytes(key)) == shown


def test_the_old_key_stays_while_others_may_still_use_it(caseway: Caseway) -> None:
    keys.rotate(caseway.database, caseway.vault)
    at = (MONDAY - keys.HEARD / 2).timestamp()
    os.utime(caseway.home.key, (at, at))
    with pytest.raises(VaultError, match="wait 30 s"):
        keys.forget(caseway.database, caseway.vault, MONDAY)
    assert keys.forget(caseway.database, caseway.vault, MONDAY + keys.HEARD) == ["m1"]
    assert keys.forget(caseway.database, caseway.vault, MONDAY) == [], "there is nothing left to forget"


def test_a_table_that_nobody_knows_stops_it(caseway: Caseway) -> None:
    caseway.runner.write(lambda connection: connection.run("CREATE TABLE strange (id TEXT PRIMARY KEY, key TEXT)"))
    with pytest.raises(StoreError, match="strange"):
        keys.rotate(caseway.database, caseway.vault)


def test_whatever_is_wrapped_is_declared_so() -> None:
    found = {str(column) for table in metadata.sorted_tables for column in table.columns if "wrapped" in column.info}
    assert found == {"cases.key", "webhooks.key", "second_factors.key"}
