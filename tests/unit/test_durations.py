"""The written grammar of durations: what is read, what is written back, what is refused and how."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.core.durations import Duration, parse_duration

GOOD = {
    "0h": Duration(0, "h"),
    "45s": Duration(45, "s"),
    "90min": Duration(90, "min"),
    "24h": Duration(24, "h"),
    "1.5h": Duration(Decimal("1.5"), "h"),
    "4wh": Duration(4, "wh"),
    "0.25wh": Duration(Decimal("0.25"), "wh"),
    "15d": Duration(15, "d"),
    "30wd": Duration(30, "wd"),
    "6mo": Duration(6, "mo"),
    "2y": Duration(2, "y"),
}

# What is written -> what the refusal must say.
BAD: dict[object, str] = {
    "": "expected a duration such as",
    "30": "expected a duration such as",
    30: "not 30",
    None: "not None",
    "30 wd": "write it without spaces: 30wd",
    "30WD": "expected a duration such as",
    "３０wd": "expected a duration such as",
    "-3d": "expected a duration such as",
    "+3d": "expected a duration such as",
    "030wd": "expected a duration such as",
    "1h30min": "expected a duration such as",
    "2months": "did you mean mo?",
    "3days": "did you mean d?",
    "3m": "did you mean min (minutes) or mo (months)?",
    "2w": "did you mean d (7d is a week)?",
    "0d": "expected at least 1d",
    "0wd": "expected at least 1wd",
    "1.5d": "expected a whole number of d",
    "1.5wd": "expected a whole number of wd",
    "101y": "expected at most 100y",
    "999999999h": "expected at most",
    "1" * 5000 + "h": "not a number of 5000 digits",
    "1.0001h": "expected a duration such as",
}


@pytest.mark.parametrize("text", GOOD)
def test_reads_and_writes_back(text: str) -> None:
    assert parse_duration(text) == GOOD[text]
    assert str(parse_duration(text)) == text


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text)[:20])
def test_refuses_in_words(text: object) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_duration(text)
    assert BAD[text] in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_a_duration_made_in_code_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValueError, match="at least 1wd"):
        Duration(0, "wd")
    with pytest.raises(ValueError, match="negative"):
        Duration(-1, "h")


def test_span_is_exact() -> None:
    assert parse_duration("0.001s").span == timedelta(milliseconds=1)
    assert parse_duration("1.5wh").span == timedelta(minutes=90)
