"""Histories of every released form replay as they did when they were written (R12)."""

import gzip
from pathlib import Path

import msgspec
import pytest

from bootstrap import MACHINE

CORPUS = Path(__file__).parents[1] / "corpus"


class Entry(msgspec.Struct):
    scenario: str
    state: str
    events: list[msgspec.Raw]


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.jsonl.gz")), ids=lambda file: file.name.partition(".")[0])
def test_old_histories_replay(file: Path) -> None:
    with gzip.open(file) as stream:
        entries = [msgspec.json.decode(line, type=Entry) for line in stream]
    assert len(entries) >= 30
    for entry in entries:
        state = MACHINE.new()
        for batch in entry.events:
            state = MACHINE.replay(MACHINE.decode_events(batch), state)
        assert MACHINE.encode(state).decode() == entry.state, entry.scenario


def test_there_is_a_corpus() -> None:
    assert list(CORPUS.glob("*.jsonl.gz"))
