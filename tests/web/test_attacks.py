"""What somebody sends who means harm, or whose program is broken: refused, never a fault of ours."""

import base64
import io
import time
import zipfile

import pytest

from tests.web.conftest import PASSWORD, Town
from web.proposals import ProposalRefused
from web.routes.signing_in import inside
from web.uploads import placed, unpacked

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
    with pytest.raises(ProposalRefused):
        unpacked(bytes(broken))


def test_a_file_of_empty_lines_is_looked_at_in_a_moment() -> None:
    began = time.process_time()
    with pytest.raises(ProposalRefused):
        placed([("a.yaml", b"\n" * 1_000_000)], [])
    assert time.process_time() - began < 5  # it took hours
