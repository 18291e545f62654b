"""What signing in, proposing and looking after things keep in the store, on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pyotp
import pytest
from argon2 import PasswordHasher

from bootstrap import SHIPPED, Caseway, Home, create
from engine.core.commands import Refuse, StartCase
from engine.language.files import Folder
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from tests.store.conftest import BEGIN
from tests.web.test_admin import TRIAL
from web.accounts import FREE, LOCKED, Accounts, Asked, Known, Refused
from web.desk import Desk
from web.totp import CODES
from web.upkeep import failing, incidents
from workbench import proposals

CLAIMS = (SHIPPED / "claims.yaml").read_bytes()
PASSWORD = "a long enough password"


@pytest.fixture
def caseway(home: Home) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(BEGIN)) as made:
        made.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        made.deploy(SHIPPED, "dong_lei")
        yield made


@pytest.fixture
def accounts(caseway: Caseway) -> Accounts:
    made = Accounts(caseway, PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    made.set_passwords(["chen_wei", "dong_lei"], PASSWORD, "test")
    return made


def later(caseway: Caseway, **span: int) -> None:
    assert isinstance(caseway.clock, VirtualClock)
    caseway.clock.advance(timedelta(**span))


def test_a_proposal_is_kept_approved_once_and_stays(caseway: Caseway) -> None:
    definitions, runner, now = caseway.definitions, caseway.runner, caseway.clock.now()
    before = definitions.names()["claims"]
    made = proposals.propose(definitions, runner, {"claims.yaml": CLAIMS + b"# more\n"}, "dong_lei", now, "why")
    (listed,) = proposals.waiting(caseway.connection)
    assert listed == made and [one.name for one in made.made if one.changes] == ["claims"]
    with pytest.raises(Refuse, match="You proposed this"):
        proposals.decide(caseway, made.id, True, "dong_lei", "")
    later(caseway, minutes=1)
    proposals.decide(caseway, made.id, True, "gu_mingyuan", "good")
    assert definitions.names()["claims"] not in ("", before) and proposals.waiting(caseway.connection) == []
    for approves in (True, False):
        with pytest.raises(Refuse, match="decided already"):
            proposals.decide(caseway, made.id, approves, "yu_siqi", "again")
    kept = proposals.one(caseway.connection, made.id)
    assert kept is not None and (kept.state, kept.decided_by, kept.why) == ("approved", "gu_mingyuan", "good")
    assert kept.files == {"claims.yaml": CLAIMS + b"# more\n"}


def test_what_others_deploy_meanwhile_makes_a_proposal_stale(caseway: Caseway) -> None:
    definitions, now = caseway.definitions, caseway.clock.now()
    made = proposals.propose(definitions, caseway.runner, {"claims.yaml": CLAIMS + b"# 1\n"}, "dong_lei", now, "why")
    other = proposals.propose(definitions, caseway.runner, {"claims.yaml": CLAIMS + b"# 2\n"}, "dong_lei", now, "why")
    later(caseway, minutes=1)
    proposals.decide(caseway, other.id, True, "gu_mingyuan", "")
    with pytest.raises(Refuse, match="by others since"):
        proposals.decide(caseway, made.id, True, "gu_mingyuan", "")
    assert len(definitions.history("process", "claims")) == 2
    proposals.decide(caseway, made.id, False, "dong_lei", "overtaken")


def test_files_in_force_are_those_of_the_folder(caseway: Caseway) -> None:
    found, folder = proposals.in_force(caseway.definitions), Folder(SHIPPED)
    assert {"house.yaml", "claims.yaml", "complaint.yaml", "calendars/insurer.yaml"} <= found.keys()
    assert all(folder.read(path) == content for path, content in found.items())


def test_a_second_factor_is_sealed_and_each_code_counts_once(caseway: Caseway, accounts: Accounts) -> None:
    factors, connection = accounts.factors, caseway.connection
    secret = factors.begin(connection, "chen_wei")
    assert isinstance(accounts.sign_in(connection, "chen_wei", PASSWORD), Known), "it is not on yet"

    def code() -> str:
        return pyotp.TOTP(secret).at(caseway.clock.now())

    codes = factors.confirm(connection, "chen_wei", code())
    assert len(codes) == CODES and factors.left(connection, "chen_wei") == CODES
    asked = accounts.sign_in(connection, "chen_wei", PASSWORD)
    assert isinstance(asked, Asked) and isinstance(accounts.second(connection, asked, code()), Refused)
    later(caseway, seconds=30)
    assert isinstance(accounts.second(connection, asked, code()), Known)
    assert isinstance(accounts.second(connection, asked, code()), Refused)
    assert isinstance(accounts.second(connection, asked, codes[3]), Known)
    assert isinstance(accounts.second(connection, asked, codes[3]), Refused)
    assert factors.left(connection, "chen_wei") == CODES - 1
    factors.remove("chen_wei")
    assert isinstance(accounts.sign_in(connection, "chen_wei", PASSWORD), Known)


def test_a_closed_account_is_listed_told_and_opened(caseway: Caseway, accounts: Accounts) -> None:
    for _ in range(FREE):
        accounts.sign_in(caseway.connection, "chen_wei", "not this one")
    (closed,) = accounts.locked(caseway.connection)
    assert (closed.user, closed.failures, closed.password, closed.second) == ("chen_wei", FREE, True, False)
    row = caseway.connection.one('SELECT "to", template, case_id, sent_at FROM outbox')
    assert (msgspec.json.decode(row[0]), *tuple(row)[1:]) == (["user.chen_wei"], LOCKED, "", None)
    assert accounts.unlock("chen_wei") and not accounts.locked(caseway.connection)
    assert isinstance(accounts.sign_in(caseway.connection, "chen_wei", PASSWORD), Known)
    assert caseway.verify().clean, "a notice of no case is nothing that a history must tell"


def test_one_whom_a_provider_vouches_for_gets_an_account_without_a_password(
    caseway: Caseway, accounts: Accounts
) -> None:
    for _ in range(2):
        assert accounts.vouched(caseway.connection, "liu_yang") == Known("liu_yang", 1)
    standing = accounts.standing(caseway.connection, "liu_yang")
    assert standing is not None and not standing.password
    assert isinstance(accounts.sign_in(caseway.connection, "liu_yang", ""), Refused)
    assert accounts.vouched(caseway.connection, "qin_shuang") == Refused("wrong")


def test_tokens_of_all_page_by_page(caseway: Caseway, accounts: Accounts) -> None:
    for index in range(5):
        accounts.issue("chen_wei" if index % 2 else "dong_lei", f"job {index}")
    first = accounts.all_tokens(caseway.connection, "", 3)
    rest = accounts.all_tokens(caseway.connection, first[-1].digest, 3)
    assert len(first) == 3 and len(rest) == 2
    assert {one.title for one in [*first, *rest]} == {f"job {index}" for index in range(5)}


def test_incidents_come_page_by_page_oldest_first(caseway: Caseway) -> None:
    tree = {**proposals.in_force(caseway.definitions), "trial.yaml": TRIAL.encode()}
    made = proposals.propose(
        caseway.definitions, caseway.runner, {"trial.yaml": tree["trial.yaml"]}, "dong_lei", caseway.clock.now(), "new"
    )
    proposals.decide(caseway, made.id, True, "gu_mingyuan", "")
    started = []
    for index in range(5):
        later(caseway, seconds=index // 2)
        answer = caseway.start(StartCase("trial", {}), "lu_yao")
        assert isinstance(answer, Accepted), answer
        started.append(answer.number)
    desk, seen, after = Desk(caseway, "dong_lei", "en"), list[str](), ""
    for size in (2, 2, 1):
        page = incidents(desk, after, 2)
        assert len(page.incidents) == size and all(one.step == "reckon" for one in page.incidents)
        seen += [one.number for one in page.incidents]
        after = page.next or ""
    assert sorted(seen) == started and seen[-1] == started[-1] and after == ""
    assert failing(desk).jobs == []
