"""Every fault of the corpus is found, with the right code on the right line, and nothing that is not so."""

import pytest

from tests.support.faults import FAULTS, Fault, changed, lists, misjudged, small, told_of
from tools.errors import meanings

SLOW = {"claims"}
"""Lists about large processes: each look takes a quarter of a second."""
ALL = [*(fault for path in lists() for fault in changed(path)), *small()]
NOT_BY_ONE_FAULT = {
    "CW004": "a file that cannot be opened has no text to be changed (test_source)",
    "CW151": "two files of one name: one of them is called otherwise then, which is told first (tests/store)",
    "CW601": "only plain graphs can stop without a wait (test_soundness_random)",
    "CW603": "only plain graphs have joins of their own (test_soundness)",
    "CW609": "only in plain graphs two tokens come to one step (test_soundness)",
    "CW619": "too many standings are no slip of one line (test_soundness)",
    "CW645": "too large a table is no slip of one line (test_decision_checks)",
    "CW666": "what is measured is an installation's, not a file's (test_clock_checks)",
    "CW721": "a milestone that nothing leads to is refused as such, before clocks are looked at (CW162)",
}
"""Codes that lint can give and no one fault of a file provokes: why, and where they are tried instead."""
OTHERS = ("CW95", "CW96")
"""How the codes begin that lint does not give: those of scenarios and migrations."""


def marked(fault: Fault) -> object:
    slow = fault.name.split("-")[0] in SLOW
    return pytest.param(fault, id=fault.name, marks=[pytest.mark.long] if slow else [])


@pytest.mark.parametrize("fault", [marked(each) for each in ALL])
def test_a_fault_is_told_where_it_stands_and_nothing_else(fault: Fault) -> None:
    wrong = misjudged(fault)
    assert not wrong, wrong


def test_what_the_faults_are_made_of_is_without_fault() -> None:
    assert not told_of(FAULTS / "base", ("request.yaml", "payout.yaml", "weather.yaml"), {})


def test_there_are_enough_of_them_and_each_code_has_one() -> None:
    assert len(ALL) >= 300
    codes = {code for code in meanings() if not code.startswith(OTHERS)}
    assert codes - {fault.code for fault in ALL} == NOT_BY_ONE_FAULT.keys()
