"""The reader on anything: it answers with data or with problems, and never with a traceback."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.language.document import LINE_END, Document
from engine.language.problems import DefinitionError
from engine.language.source import read

SIGNS = """\
a b: 1 投诉 ： ， “ ” ' " [ ] { } {{ }} - ? : , | > >- & * ! !! % @ ` # --- ... <<: *a &a \\ \\x41 yes ~ =""".split(" ")
SPACES = ["\n", "\n\n", "\t", "\r", "\r\n", "\u3000", "\u00a0", "\u2028", "\0"]
FRAGMENTS = st.sampled_from(SIGNS + SPACES)
SOUP = st.lists(FRAGMENTS, max_size=60).map(lambda parts: " ".join(parts).replace("\n ", "\n"))
BRACKETS = st.text(alphabet="[]{}:,-? \na'\"", max_size=400)


def check(text: bytes | str) -> None:
    try:
        document = read(text, "f.yaml")
    except DefinitionError as error:
        assert any(problem.severity == "error" for problem in error.problems)
        whole = text if isinstance(text, str) else text.decode("utf-8", "replace")
        # A parser may stop behind the last character.
        assert all(1 <= problem.line <= len(LINE_END.split(whole)) + 1 for problem in error.problems)
        assert all(problem.column >= 1 for problem in error.problems)
    else:
        assert plain(document.value)
        places(document, document.value, ())


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value) in (str, int, bool, Decimal)


def places(document: Document, value: Any, path: tuple[str | int, ...]) -> None:
    """Every value has a place of its own, and every unquoted key stands where `key_at` says."""
    lines = LINE_END.split(document.text)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        line, column = document.key_at((*path, key))
        if isinstance(key, str) and key.isalnum() and key.isascii():
            assert lines[line - 1][column - 1] in (key[0], "'", '"', "|", ">", "\\")
        assert document.at((*path, key)) >= (1, 1)
        for offset in (0, 3, 10**6):
            assert document.inside((*path, key), offset) >= (1, 1)
        places(document, each, (*path, key))


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    check(raw)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    check(text)


@given(SOUP)
def test_any_soup_of_what_yaml_means(text: str) -> None:
    check(text)


@given(BRACKETS, st.integers(0, 3000), st.sampled_from(["[", "{", "- ", "? ", "{a: ", "[[", '{"', "- - "]))
def test_any_brackets(text: str, times: int, opening: str) -> None:
    check(opening * times + text)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\x7f\ufffe\uffff"), max_size=20)
NUMBERS = st.integers(-(10**18) + 1, 10**18 - 1) | st.decimals(-(10**9), 10**9, places=3)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


@given(TREES)
def test_what_was_written_as_json_is_read_as_it_was(tree: Any) -> None:
    assert read(as_json(tree), "f").value == tree


def as_json(value: Any) -> str:
    """JSON is YAML; decimals are written out in digits, and what YAML cannot carry is escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(key)}: {as_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(each):08X}" if not each.isalnum() else each for each in value) + '"'
    return json.dumps(value)
