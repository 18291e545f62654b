"""Lists of the API page by page: together all there is, each once, in the order of the whole list."""

from typing import Any

import pytest

from tests.web.conftest import Town
from tests.web.test_api import Program
from web.paging import paged
from web.problems import Problem

LISTS = {
    "/processes": ("dong_lei", "definitions"), "/processes/process/claims": ("dong_lei", "versions"),
    "/start": ("lu_yao", "processes"), "/proposals": ("dong_lei", "proposals"),
    "/admin/people": ("dong_lei", "people"), "/admin/grants": ("dong_lei", "grants"),
    "/admin/absences": ("dong_lei", "absences"), "/admin/changes": ("gu_mingyuan", "changes"),
    "/admin/accounts/locked": ("dong_lei", "accounts"), "/admin/jobs/failing": ("dong_lei", "jobs"),
    "/me/tokens": ("chen_wei", "tokens"),
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_pages_together_are_the_whole(town: Town, path: str) -> None:
    user, name = LISTS[path]
    admin = Program(town, "dong_lei")
    for day in ("2026-04-03", "2026-04-04", "2026-04-05"):
        admin.post("/admin/absences", {"user": "wang_fang", "from": day, "to": day})
        admin.post("/admin/grants", {"user": "wang_fang", "kind": "claims", "amount": day[-2:], "reason": "x"})
    for closed in ("lu_yao", "wang_fang", "ma_chao") if name == "accounts" else ():
        town.app.state.accounts.tend(closed, "close", "dong_lei")
    Program(town, "chen_wei")
    program = Program(town, user)
    whole = program.get(f"{path}?limit=200").json()
    assert whole["next"] is None
    found: list[Any] = []
    after = ""
    while True:
        page = program.get(f"{path}?limit=1&after={after}").json()
        assert len(page[name]) <= 1
        found += page[name]
        after = page["next"]
        if after is None:
            break
    assert found == whole[name]
    assert len(found) >= {"proposals": 0, "jobs": 0, "versions": 1, "processes": 1}.get(name, 2)
    assert program.get(f"{path}?after=nonsense").status_code == 400


def test_what_comes_and_goes_meanwhile_makes_nothing_appear_twice() -> None:
    first, after = paged([1, 3, 5, 7], lambda one: (one,), "", 2)
    assert (first, paged([0, 5, 6, 7], lambda one: (one,), after or "", 9)) == ([1, 3], ([5, 6, 7], None))
    with pytest.raises(Problem):
        paged(["a"], lambda one: (one,), after or "", 2)
