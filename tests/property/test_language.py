"""Right processes with one thing changed at random: they compile or are refused with places, nothing else."""

import copy
import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.language.document import LINE_END
from engine.language.files import Bundle
from engine.language.problems import DefinitionError
from engine.language.source import read
from tests.support.language import COMPILER
from tests.unit.test_language_compile import EVERY_KIND, FILES

NAME = "every_kind.yaml"
HOUSE = COMPILER.house(FILES)
SMALL: Any = read(EVERY_KIND, NAME).value

WORDS = """\
end any all number {{ {{number}} {{1/0}} a.b.c ../../etc/passwd /etc/passwd notices/told.yaml yes 5wd human step.ask 1 -
{%if%} ((((( 登记 none true ~ *x 8:30""".split()
SHAPES: list[Any] = [
    *([], {}, [[]], [{}], [None], {"": None}, {"a": 1}, {"human": {}}, {"set": {"a": 1}}),
    {"block": {"x": {"end": "x"}}},
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**17),
    st.text(max_size=8),
    st.sampled_from(["", "\0", "x" * 3000, *WORDS]),
    st.sampled_from(SHAPES),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in items for place in places(each, (*path, key)))]


PLACES = [place for place in places(SMALL) if place]


def changed(value: Any, place: tuple[str | int, ...], how: str, odd: Any) -> Any:
    copied = copy.deepcopy(value)
    around = copied
    for key in place[:-1]:
        around = around[key]
    key = place[-1]
    if how == "replace":
        around[key] = odd
    elif how == "remove":
        del around[key]
    elif how == "add" and isinstance(around, dict):
        around[str(odd)[:40]] = around[key]
    elif how == "rename" and isinstance(around, dict):
        pairs = [(str(odd)[:40] if each == key else each, inner) for each, inner in around.items()]
        around.clear()
        around.update(pairs)
    return copied


def written(value: Any) -> bytes:
    def plain(each: Any) -> Any:
        return float(each) if isinstance(each, Decimal) else str(each)

    return json.dumps(value, default=plain, ensure_ascii=True).encode()


@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(["replace", "remove", "add", "rename"]), ODD),
        min_size=1,
        max_size=2,
    )
)
def test_a_changed_process_is_compiled_or_refused(changes: list[tuple[tuple[str | int, ...], str, Any]]) -> None:
    value = SMALL
    for place, how, odd in changes:
        if place in places(value):
            value = changed(value, place, how, odd)
    text = written(value)
    files = Bundle({**{name: FILES.read(name) for name in FILES.names()}, NAME: text})
    try:
        COMPILER.compile(files, NAME, HOUSE)
    except DefinitionError as error:
        assert any(each.severity == "error" for each in error.problems)
        for each in error.problems:
            assert each.line >= 1 and each.column >= 1 and each.message
            if each.file == NAME:
                assert each.line <= len(LINE_END.split(text.decode())) + 1
