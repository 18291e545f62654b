"""Pictures and outlines of processes: everything is there, nothing lies on anything else, words are escaped."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest

from bootstrap import compiler, shipped
from engine.core.model import Process
from engine.language.files import Bundle
from workbench.layout import LEAVE, Box, lay_out
from workbench.outline import outline
from workbench.picture import picture
from workbench.tables import rounded, widths

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def processes() -> dict[str, Process]:
    files, language = shipped(), compiler()
    house = language.house(files)
    return {name: language.process(files, f"{name}.yaml", house) for name in ("claims", "complaint")}


def boxes(frame: Box, x: float = 0, y: float = 0) -> Iterator[tuple[Box, float, float]]:
    for inner in frame.inner:
        yield inner, x + inner.x, y + inner.y
        yield from boxes(inner, x + inner.x, y + inner.y)


@pytest.mark.parametrize("name", ["claims", "complaint"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_step_is_drawn_inside_its_frame_and_beside_its_neighbours(
    processes: dict[str, Process], name: str, language: str
) -> None:
    frame = lay_out(processes[name], language)
    drawn = {box.id for box, _, _ in boxes(frame)}
    assert {node for node in processes[name].nodes if "/" not in node} <= drawn
    for outer in [frame, *(box for box, _, _ in boxes(frame))]:
        for box in outer.inner:
            assert box.x > 0 and box.x + box.width < outer.width and box.y > 0 and box.y + box.height < outer.height
        for one, other in combinations(outer.inner, 2):
            apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
            apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert apart_x or apart_y, (one.id, other.id)


@pytest.mark.parametrize("name", ["claims", "complaint"])
def test_jumps_have_lanes_and_doors_of_their_own(processes: dict[str, Process], name: str) -> None:
    frame = lay_out(processes[name], "zh")
    for outer in [frame, *(box for box, _, _ in boxes(frame))]:
        row = {box.id: index for index, box in enumerate(outer.inner)} | {"": -1}
        by_id = {box.id: box for box in outer.inner}
        for one, other in combinations(outer.jumps, 2):
            a, b = (sorted((row[jump.source], row[jump.target])) for jump in (one, other))
            if one.lane == other.lane:
                assert a[1] <= b[0] or b[1] <= a[0], (one, other)
            if one.source == other.source:
                assert one.leaves != other.leaves
            if one.target == other.target:
                assert one.comes != other.comes
        for jump in outer.jumps:  # what comes in stays below what leaves
            box = by_id[jump.target]
            leaving = sum(j.source == box.id for j in outer.jumps)
            assert box.side - 8 - 7 * jump.comes > (12 + LEAVE * (leaving - 1) if leaving else 0)


def test_the_picture_is_well_formed_and_says_what_the_process_says(processes: dict[str, Process]) -> None:
    drawn = ElementTree.fromstring(picture(processes["complaint"], "zh", tokens={"register": 2}))
    texts = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    assert "登记" in texts and "收到 complaint_withdrawn" in texts and "2" in texts
    assert len(list(drawn.iter(f"{SVG}circle"))) == 1
    english = picture(processes["complaint"], "en")
    assert "Investigate" in english


def test_words_of_designers_are_escaped() -> None:
    title = '{zh: "<b>&\\"重\\"", en: "<script>"}'
    lines = (
        "process: odd",
        f"title: {title}",
        "number: O-{seq}",
        f"steps: {{rest: {{title: {title}, wait: {{for: 1h}}}}, done: {{end: done}}}}",
    )
    text = "\n".join(lines)
    language = compiler()
    process = language.process(Bundle({"odd.yaml": text.encode()}), "odd.yaml", language.house(shipped()))
    for words in ("zh", "en"):
        drawn = picture(process, words)
        assert "<script>" not in drawn and "<b>" not in drawn
        ElementTree.fromstring(drawn)


def test_the_outline_names_steps_ways_and_clocks(processes: dict[str, Process]) -> None:
    text = outline(processes["complaint"], "zh")
    lines = text.splitlines()
    assert lines[0].startswith("complaint · 投诉处理")
    assert "  investigate · 调查 [human] (A-4.4, E-7.3)" in lines
    assert any(line.startswith("  ◷ outcome · 处理结果 [manual] (A-4.4): 30wd, received_at → ") for line in lines)
    origins = [line.split("[")[1].split("]")[0] for line in lines if "◷" in line]
    assert origins == sorted(origins, key=("law", "manual", "target").index)
    assert "/" not in "".join(line.split("(")[0] for line in lines if "→" not in line and "↓" not in line)


def test_columns_share_the_room_without_breaking_words() -> None:
    rows = [["number", "text"], ["LP-2026-000001", "a few words of it"]]
    assert widths(rows, 200) == [14, 17]
    assert widths(rows, 28) == [14, 10]
    assert widths(rows, 5) == [14, 5]  # the longest words stay whole
    assert widths([["名称"], ["很长的中文没有空格" * 5]], 40) == [38]


def test_lengths_are_rounded_as_their_size_asks() -> None:
    given = (timedelta(days=3, hours=4, minutes=50), timedelta(hours=4, minutes=5, seconds=9), timedelta(minutes=2))
    assert [rounded(span) for span in given] == ["3d 4h", "4h 5min", "2min"]
    assert [rounded(timedelta(seconds=s)) for s in (0, 12, 3600, -90000)] == ["0s", "12s", "1h", "1d 1h"]
