"""How long the house keeps closed cases."""

import pytest

from bootstrap import SHIPPED
from bootstrap.language import compiler
from engine.language.files import Bundle, Folder
from engine.language.problems import DefinitionError

HOUSE = """house: test
title: {zh: 甲, en: A}
clauses: {C-7.1: {zh: 保存, en: Kept}}
keeping:
"""


def test_the_longest_rule_that_names_a_process_or_none_counts() -> None:
    rules = "  a: {years: 5, clauses: [C-7.1]}\n  b: {years: 10, origin: law, processes: [claims]}\n"
    house = compiler().house(Bundle({"house.yaml": (HOUSE + rules).encode()}))
    assert (house.years_kept("claims"), house.years_kept("visit")) == (10, 5)
    only = compiler().house(Bundle({"house.yaml": (HOUSE + "  b: {years: 10, processes: [claims]}\n").encode()}))
    assert only.years_kept("visit") is None


@pytest.mark.parametrize("rule", ["{years: 0}", "{years: 5, clauses: [C-9]}", "{processes: [claims]}"])
def test_a_rule_that_says_nothing_or_cites_nothing_is_refused(rule: str) -> None:
    with pytest.raises(DefinitionError):
        compiler().house(Bundle({"house.yaml": f"{HOUSE}  a: {rule}\n".encode()}))


def test_the_shipped_house_keeps_every_process_and_names_none_that_is_not_there() -> None:
    house = compiler().house(Folder(SHIPPED))
    there = {path.stem for path in SHIPPED.glob("*.yaml")} - {"house"}
    named = {name for rule in house.keeping.values() for name in rule.processes}
    assert named <= there and all((house.years_kept(name) or 0) >= 5 for name in there)
