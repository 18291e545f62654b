"""What somebody sends who means harm, or whose program is broken: refused, never a fault of ours."""

import base64
import io
import shutil
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from bootstrap import SHIPPED
from engine.core.commands import Refuse
from tasks.commands import RestrictCase
from tests.web.conftest import PASSWORD, Town
from web.accounts import FREE, Accounts
from web.routes.signing_in import inside
from web.uploads import placed, unpacked
from workbench.arranging import amount_of

HUGE = "9" * 30


def place(text: str) -> str:
    """A place in a list as a link carries it."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("target", ["//[", "http://[", "/\t/elsewhere.example"])
def test_what_is_no_address_leads_to_the_first_page(town: Town, target: str) -> None:
    assert inside(target) == "/"
    assert town.browser().ask("GET", "/sign-in", params={"next": target}).status_code == 200
    answer = town.browser().post("/sign-in", user="chen_wei", password=PASSWORD, next=target)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_an_origin_that_is_no_address_is_not_ours(town: Town) -> None:
    visitor = town.browser("chen_wei")
    answer = visitor.ask("POST", "/sign-out", data={"csrf": visitor.token()}, headers={"origin": "http://["})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("user", "path", "after"),
    [
        ("lin_xiaoyan", "/", place(f'[{HUGE},1,"x",1]')),
        ("lin_xiaoyan", "/tasks?whose=queues", place(f'[1,1,"x",{2**63}]')),
        ("lin_xiaoyan", "/tasks?whose=team", place(f'[1,{2**63},"x",1]')),
        ("lin_xiaoyan", "/api/inbox", place(f'[1,-{HUGE},"x",1]')),
        ("lin_xiaoyan", "/api/cases", place(f'[{2**64 - 1},"x"]')),
        ("cao_zhengping", "/reading", f"{HUGE}.x"),
        ("cao_zhengping", "/reading", f"{'9' * 5000}.x"),
        ("cao_zhengping", "/api/reading/waiting", f"{HUGE}.x"),
    ],
)
def test_a_place_that_no_list_has_is_refused(town: Town, user: str, path: str, after: str) -> None:
    joint = "&" if "?" in path else "?"
    assert town.browser(user).get(f"{path}{joint}after={after}").status_code == 400


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_not_whole_is_refused(method: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        archive.writestr("a.yaml", b"process: x\n" * 1000)
    broken = bytearray(whole.getvalue())
    for at in range(45, 70):
        broken[at] ^= 0xFF
    with pytest.raises(Refuse):
        unpacked(bytes(broken))


def test_a_file_of_empty_lines_is_looked_at_in_a_moment() -> None:
    began = time.process_time()
    with pytest.raises(Refuse):
        placed([("a.yaml", b"\n" * 1_000_000)], [])
    assert time.process_time() - began < 5  # it took hours


class Together(PasswordHasher):
    """Lets so many guesses be looked at in the same moment."""

    def __init__(self, guesses: int) -> None:
        super().__init__(time_cost=1, memory_cost=1024, parallelism=1)
        self.barrier = threading.Barrier(guesses, timeout=20)

    def verify(self, *given: Any) -> Any:
        self.barrier.wait()
        return super().verify(*given)


def test_guesses_that_come_together_count_each(town: Town) -> None:
    accounts = Accounts(town.caseway, Together(FREE))

    def guess(index: int) -> None:
        with town.app.state.desks.borrow() as caseway:
            accounts.sign_in(caseway.connection, "chen_wei", f"guess {index}")

    with ThreadPoolExecutor(FREE) as pool:
        list(pool.map(guess, range(FREE)))
    standing = accounts.standing(town.caseway.connection, "chen_wei")
    assert standing is not None and standing.failures == FREE and standing.locked_until is not None


def test_what_is_alike_is_told_to_who_may_start_the_process(town: Town, tmp_path: Path) -> None:
    town.claim()
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "processes"))
    file = folder / "claims.yaml"
    file.write_text(file.read_text().replace("  by: [staff, web]\n", "  by: [role.officer]\n", 1))
    town.caseway.deploy(folder, "dong_lei")
    given = {"process": "claims", "data": {"policy_number": "PM2026000001", "loss_date": "2026-03-02"}}
    for user, status in (("chen_wei", 200), ("fang_qi", 200), ("ma_chao", 403)):
        visitor = town.browser(user)
        answer = visitor.ask("POST", "/api/alike", json=given, headers={"x-csrf-token": visitor.token()})
        assert answer.status_code == status, answer.text
        assert status == 200 or "LP-2026" not in answer.text


def test_what_a_reviewer_is_asked_is_for_who_reads_the_case(town: Town) -> None:
    number = town.claim()
    path, officer = f"/tasks/{number}/{town.task_of(number)}", town.browser("chen_wei")
    officer.post(f"{path}/claim")
    officer.post(f"{path}/ask_review", user="liu_yang", question="Is 王小明 the same person as before?")
    assert "the same person" in town.browser("wang_fang").get(path).text
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    town.caseway.ask(case, RestrictCase("a colleague"), "gu_mingyuan")
    assert "the same person" in town.browser("liu_yang").get(path).text  # who was asked
    serves = town.browser("wang_fang")
    for where in (path, f"/api{path}"):
        answer = serves.get(where)
        assert answer.status_code == 200 and "the same person" not in answer.text


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("priority", {"priority": "9" * 5000, "reason": "x"}), ("priority", {"priority": "--5", "reason": "x"}),
        ("draft", {"revision": "9" * 5000}), ("complete", {"revision": "9" * 5000}),
        ("follow_up", {"until": "9999-12-31T23:59-23:59", "reason": "x"}),
    ],
)  # fmt: skip
def test_numbers_and_moments_beyond_all_bounds_are_no_fault_of_ours(
    town: Town, action: str, fields: dict[str, str]
) -> None:
    number = town.claim()
    path, officer = f"/tasks/{number}/{town.task_of(number)}", town.browser("chen_wei")
    officer.post(f"{path}/claim")
    assert officer.post(f"{path}/{action}", **fields).status_code < 500


def test_a_moment_beyond_all_calendars_does_not_fit(town: Town) -> None:
    number = town.claim()
    path, officer = f"/tasks/{number}/{town.task_of(number)}", town.browser("chen_wei")
    officer.post(f"{path}/claim")
    given = {"until": "9999-12-31T23:59:59-23:59", "reason": "x"}
    answer = officer.ask("POST", f"/api{path}/follow_up", json=given, headers={"x-csrf-token": officer.token()})
    assert answer.status_code == 422


def test_an_amount_of_a_million_digits_is_none() -> None:
    with pytest.raises(ValueError, match="1e"):
        amount_of("1e9999999")
