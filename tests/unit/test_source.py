"""The YAML reader: what a file means, where each piece stands, and what is refused with which cure."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from engine.core.naming import did_you_mean, nearest
from engine.language import reading
from engine.language.problems import DefinitionError, Problem, Problems, one_of
from engine.language.reading import Limits
from engine.language.source import load, read, trap_hint


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers: libyaml, and PyYAML's own where a platform has no libyaml."""
    monkeypatch.setattr(reading, "_LOADER", getattr(yaml, request.param))
    return str(request.param)


def refusals(text: bytes | str, limits: Limits | None = None) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        read(text, "f.yaml", limits or Limits())
    return list(caught.value.problems)


# --- what a value means ---------------------------------------------------------------------------


# What YAML 1.1 or 1.2 reads as something else.
TEXTS = """\
yes no on off y n True FALSE Null ~ 010 0x1f 0o17 0b1 1_000 1e3 1. .5 .inf -.inf .nan 8:30 190:20:30 \
2026-02-30 2026-01-01T00:00:00Z +20 80% 30wd = => é 投诉 １２""".split(" ")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("42", 42),
        ("1.10", Decimal("1.10")),
        ("-0.5", Decimal("-0.5")),
        ("'42'", "42"),
        ('"true"', "true"),
        *((text, text) for text in TEXTS),
        ("due + 1wd", "due + 1wd"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_values(loader: str, written: str, value: object) -> None:
    found = read(f"a: {written}\nz: 1\n", "f.yaml").value
    assert isinstance(found, dict)
    assert found["a"] == value and type(found["a"]) is type(value)


def test_empty_file_is_null(loader: str) -> None:
    assert read(b"", "f").value is None
    assert read(b"# nothing\n", "f").value is None


def test_byte_order_mark_and_every_line_end(loader: str) -> None:
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\rc: 3\n", "f")
    assert document.value == {"a": 1, "b": 2, "c": 3}
    assert document.at(("a",)) == (1, 4)
    assert document.key_at(("c",)) == (3, 1)


# --- where it stands ------------------------------------------------------------------------------

PLACES = """\
process: complaint
title: {zh: 投诉处理, en: Complaint}
steps:
  - human: 'it''s here'
    when: |
      kind == 'a'
        and major
  - "double"
note: >
  folded
"""


def test_places(loader: str) -> None:
    document = read(PLACES, "f")
    assert document.at(()) == (1, 1)
    assert document.at(("title", "en")) == (2, 23)
    assert document.key_at(("title", "en")) == (2, 19)
    assert document.at(("steps", 0, "human")) == (4, 12)
    assert document.key_at(("steps", 1)) == (8, 5)
    assert document.at(("steps", 0, "absent", "deeper")) == (4, 5)
    assert document.key_at(("title", "fr")) == (2, 1)


@pytest.mark.parametrize(
    ("path", "offset", "place"),
    [
        (("process",), 3, (1, 13)),
        (("steps", 0, "human"), 0, (4, 13)),
        (("steps", 0, "human"), 3, (4, 17)),  # behind the doubled quote
        (("steps", 0, "human"), 99, (4, 23)),
        (("steps", 0, "when"), 5, (5 + 1, 7 + 5)),
        (("steps", 0, "when"), 12 + 2, (7, 9)),
        (("steps", 0, "when"), 999, (5, 11)),
        (("steps", 1), 2, (8, 8)),
        (("note",), 2, (9, 7)),
    ],
)
def test_place_of_one_character(loader: str, path: tuple[str | int, ...], offset: int, place: tuple[int, int]) -> None:
    assert read(PLACES, "f").inside(path, offset) == place


# --- what is refused, and with which cure ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "place", "cure"),
    [
        ("a: 1\ntitle：投诉\nb: 2\n", "CW006", (2, 6), "half-width colon"),
        ("title：投诉\n", "CW006", (1, 1), "': '"),
        ("a: {zh：投诉, en: X}\n", "CW006", (1, 5), "half-width"),
        ("a: {zh: 投诉， en: X}\n", "CW006", (1, 11), "half-width comma"),
        ("a: “x”: y\n", "CW006", (1, 4), "half-width quotation mark"),
        ("“a”: y\n", "CW006", (1, 1), "half-width"),
        ("a: 1\n\u3000b: 2\n", "CW006", (2, 1), "half-width"),
        ("a: 1\n\u00a0b: 2\n", "CW006", (2, 1), "half-width"),
        ("a:\n\tb: 1\n", "CW007", (2, 1), "spaces"),
        ("a: {{ x }}\n", "CW008", (1, 5), "quote it"),
        ("a: {{ x }} yuan\n", "CW008", (1, 4), "quote it: '{{ x }} yuan'"),
        ("a: {% if x %}\n", "CW008", (1, 4), "quote it"),
        ("a: %x\n", "CW008", (1, 4), "quote it: '%x'"),
        ("a: [@x, b]\n", "CW008", (1, 5), "quote it: '@x'"),
        ("a: `x`\n", "CW008", (1, 4), "quote it: '`x`'"),
        ("a: {b[0].c: x}\n", "CW008", (1, 5), "quote it: 'b[0].c'"),
        ("a: * x\n", "CW008", (1, 4), "quote it: '* x'"),
        ("a:b\nc: d\n", "CW009", (1, 2), "space"),
        ("a: {b:c}\n", "CW009", (1, 5), "space"),
        ("a: !x y\n", "CW010", (1, 4), "quote"),
        ("a: !!python/object:os.system {}\n", "CW010", (1, 4), "remove it"),
        ("a: !!binary aGk=\n", "CW010", (1, 4), "remove it"),
        ("a: &x y\n", "CW011", (1, 4), "'&x …'"),
        ("a: *x\n", "CW011", (1, 4), "'*x'"),
        ("a: {<<: {b: 1}}\n", "CW012", (1, 5), "write the keys out"),
        ("a: 1\nb: 2\na: 3\n", "CW013", (3, 1), "line 1"),
        ("a: {b: 1, 'b': 2}\n", "CW013", (1, 11), "line 1"),
        ("1: x\n", "CW014", (1, 1), "quote it: '1'"),
        ("true: x\n", "CW014", (1, 1), "quote it: 'true'"),
        ("a: {null: x}\n", "CW014", (1, 5), "quote it: 'null'"),
        ("? [a, b]\n: x\n", "CW014", (1, 3), "text"),
        ("a: 1\n--- \nb: 2\n", "CW015", (2, 1), "keep one"),
        ("a: 1234567890123456789\n", "CW016", (1, 4), "quote it"),
        ("a: 0.00000000000000000000000000001\n", "CW016", (1, 4), "quote it"),
        ("a: 'x\nb: 2\n", "CW005", (1, 4), "close it"),
        ("a: [1, 2\nb: c\n", "CW005", (1, 4), "]"),
        ("a: {b: 1\nc: 2\n", "CW005", (1, 4), "}"),
        ("a: x: y\n", "CW005", (1, 5), "quote"),
        ("a: 1\n b: 2\n", "CW005", (2, 3), "align"),
        ("a: 1\nb\nc: 2\n", "CW005", (2, 1), "': '"),
        ("a: ]\n", "CW005", (1, 4), "quote it"),
        ("a: 'x' y\n", "CW005", (1, 8), "quote"),
        ("%YAML 1.2\n---\na: 1\n", "CW005", (1, 1), "remove"),
        ("a: 1\n...\nb: 2\n", "CW005", (3, 1), "align"),
        ("- a\nb: c\n", "CW005", (2, 1), "align"),
        ("a: - b\n", "CW005", (1, 4), "line of its own"),
    ],
)
def test_refused(loader: str, text: str, code: str, place: tuple[int, int], cure: str) -> None:
    problem = refusals(text)[0]
    assert (problem.code, (problem.line, problem.column)) == (code, place), problem
    assert cure in (problem.hint or ""), problem


def test_everything_found_in_one_run(loader: str) -> None:
    text = """\
title：投诉
steps:
\thuman: &x {queue: a, queue: b}
  limit:5wd
  notify: %x
number: {{ n }}
on: yes
"""
    found = [(each.line, each.code) for each in refusals(text)]
    assert found == [
        (1, "CW006"),
        (3, "CW007"),
        (3, "CW011"),
        (3, "CW013"),
        (4, "CW009"),
        (5, "CW008"),
        (6, "CW008"),
    ]


def test_doubtful_values_are_read_and_warned_of(loader: str) -> None:
    document = read("a: kind：b\nb: [x，y]\nc: “quoted”\nd: 你说：“好”，我听\ne: 'x，y'\n", "f")
    assert document.value == {
        "a": "kind：b",
        "b": ["x，y"],
        "c": "“quoted”",
        "d": "你说：“好”，我听",
        "e": "x，y",
    }
    assert [(each.line, each.code, each.severity) for each in document.warnings] == [
        (1, "CW006", "warning"),
        (2, "CW006", "warning"),
        (3, "CW006", "warning"),
    ]


def test_bytes_that_are_not_utf8() -> None:
    problem = refusals("a: 1\nb: é投诉\n".encode()[:-3] + b"\xcd\xb6\n")[0]
    assert (problem.code, problem.line, problem.column) == ("CW001", 2, 6)
    assert refusals("a: 投诉\n".encode("gb18030"))[0].hint == "save the file as UTF-8"
    assert refusals("a: 1\n".encode("utf-16"))[0].code == "CW001"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x85", "\u2028", "\u202e", "\u2066", "\ufeff", "\ud800"])
def test_characters_that_must_not_stand(character: str) -> None:
    problem = refusals(f"a: 1\nb: x{character}y\n")[0]
    assert (problem.code, problem.line, problem.column) == ("CW003", 2, 5)
    assert f"U+{ord(character):04X}" in problem.message


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    assert refusals(b"a: " + b"x" * 10_000_000)[0].code == "CW002"
    path = tmp_path / "big.yaml"
    path.write_bytes(b"- a\n" * 2_500_000)
    with pytest.raises(DefinitionError, match=r"big.yaml:1:1: error CW002: larger than 1,000,000 bytes"):
        load(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "- " * 100_000, "? " * 100_000, "a: [" * 100_000])
def test_deep_nesting_is_refused(loader: str, text: str) -> None:
    assert {each.code for each in refusals(text)} <= {"CW002", "CW005", "CW014", "CW008"}
    assert refusals("[" * 41 + "]" * 41)[0].code == "CW002"
    assert read("[" * 40 + "]" * 40, "f").value != []


def test_too_many_values_are_refused(loader: str) -> None:
    assert refusals("[" + "a," * 200 + "]", Limits(values=100))[0].code == "CW002"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(DefinitionError, match="CW004: cannot be read"):
            load(path, "named.yaml")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("yes", "true"),
        ("Off", "false"),
        ("~", "null"),
        ("010", "digits"),
        ("1e3", "digits"),
        ("+5", "digits"),
    ],
)
def test_traps_have_a_hint(text: str, cure: str) -> None:
    assert cure in (trap_hint(text) or "")
    assert trap_hint("complaints") is None


# --- problems -------------------------------------------------------------------------------------


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem("CW020", "error", "a.yaml", 3, 5, "unknown key 'quue'", "one of queue", "did you mean 'queue'?")
    assert str(problem) == (
        "a.yaml:3:5: error CW020: unknown key 'quue' (expected one of queue; did you mean 'queue'?)"
    )
    assert str(Problem("CW020", "warning", "a", 1, 1, "odd")) == "a:1:1: warning CW020: odd"


def test_problems_are_sorted_and_told_once() -> None:
    late, early = Problem("CW2", "error", "a", 9, 1, "x"), Problem("CW1", "warning", "a", 2, 1, "y")
    problems = Problems([late, early])
    problems.add(late)
    assert list(problems) == [early, late]
    assert (problems.errors, problems.warnings) == ((late,), (early,))
    with pytest.raises(DefinitionError) as caught:
        problems.refuse()
    assert str(caught.value) == f"{early}\n{late}"
    Problems([early]).refuse()


def test_nearest_names() -> None:
    assert nearest("quue", ["queue", "role"]) == "queue"
    assert nearest("a-4.4", ["A-4.4", "E-7.3"]) == "A-4.4"
    assert nearest("zzz", ["queue"]) is None
    assert did_you_mean("hnadler", ["handler"]) == "did you mean 'handler'?"
    assert one_of(["b", "a"]) == "one of a, b"
    assert one_of(map(str, range(20)), limit=2) == "one of 0, 1, … (20 in all)"
    assert one_of([]) == "nothing (none are defined)"
