"""Pictures and outlines of processes: everything is there, nothing lies on anything else, words are escaped."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from bootstrap import compiler, shipped
from engine.core.model import Process
from engine.language.files import Bundle
from tests.support.drawing import faults
from workbench.drawing.boxes import laid_out, spread
from workbench.drawing.chart import ways
from workbench.drawing.svg import ORIGIN, Overlay
from workbench.drawing.words import broken, width
from workbench.outline import outline
from workbench.picture import mermaid, picture
from workbench.tables import rounded, widths

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def processes() -> dict[str, Process]:
    files, language = shipped(), compiler()
    house = language.house(files)
    names = ("claims", "complaint", "data_breach", "emergency_drill")
    return {name: language.process(files, f"{name}.yaml", house) for name in names}


NAMES = ("claims", "complaint")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_has_its_place_and_nothing_runs_through_another(
    processes: dict[str, Process], name: str, language: str
) -> None:
    root = laid_out(processes[name], language)
    assert list(faults(root)) == []
    assert {node for node in processes[name].nodes if "/" not in node} <= {box.part.id for box, _, _ in spread(root)}


@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_every_step_is_drawn(processes: dict[str, Process], name: str) -> None:
    process = processes[name]
    root = laid_out(process, "en")
    frames = [root, *(box for box, _, _ in spread(root))]
    flows = {(line.source, line.way.key): line.target for frame in frames for line in frame.flows}
    assert flows["/start", "0"] == process.first
    for node in process.nodes.values():
        for way in ways(node, "en") if "/" not in node.id else ():
            if way.target:
                assert flows[node.id, way.key] == way.target
    bodies = {h.body for n in (process, *process.nodes.values()) for h in n.handlers if h.body}
    assert bodies <= {box.part.id for box, _, _ in spread(root)}


def test_the_picture_is_well_formed_and_says_what_the_process_says(processes: dict[str, Process]) -> None:
    over = Overlay({"investigate": 1}, {"investigate": 1.0, "ask": 0.1}, {"investigate": "3d 4h"}, {"ask": "12"})
    text = picture(processes["complaint"], "zh", over)
    drawn = ElementTree.fromstring(text)
    words = [element.text for element in drawn.iter(f"{SVG}text")]
    assert {"投诉处理", "调查", "A-4.4, E-7.3", "3d 4h", "12", "当前位置"} <= set(words)
    assert drawn.findtext(f"{SVG}title") == "投诉处理"
    assert "当前：调查" in str(drawn.findtext(f"{SVG}desc"))
    assert drawn.get("role") == "img" and drawn.get("lang") == "zh"
    assert len(list(drawn.iterfind(f".//{SVG}rect[@class='token']"))) == 2  # on the step, and in the legend
    assert "Investigate" in picture(processes["complaint"], "en")


def test_branches_are_called_by_their_titles(processes: dict[str, Process]) -> None:
    drawn = ElementTree.fromstring(picture(processes["data_breach"], "zh"))
    words = [element.text for element in drawn.iter(f"{SVG}text")]
    assert "补救整改" in words and "告知个人 [harm_likely]" in words


def test_a_part_of_the_picture_shows_where_the_case_stands(processes: dict[str, Process]) -> None:
    process = processes["claims"]
    root = laid_out(process, "en")
    places = {box.part.id: (x, y, box) for box, x, y in spread(root, *ORIGIN)}
    some: list[dict[str, int]] = [
        {"intake": 1}, {"settle": 1, "assessment": 1}, {"await_payee": 1}, {"assessment": 1, "partial_bank": 2}
    ]  # fmt: skip
    for tokens in some:
        drawn = ElementTree.fromstring(picture(process, "en", Overlay(tokens, near=True)))
        left, top, wide, high = map(float, str(drawn.get("viewBox")).split())
        assert (drawn.get("width"), drawn.get("height")) == (f"{wide:g}", f"{high:g}") and high < root.height / 2
        for step in tokens.keys() & places.keys() - {"settle"}:
            x, y, box = places[step]
            assert left <= x and x + box.width <= left + wide and top <= y and y + box.height <= top + high
    whole = ElementTree.fromstring(picture(process, "en", Overlay(near=True)))
    assert float(str(whole.get("height"))) > root.height


def test_the_picture_needs_nothing_from_elsewhere(processes: dict[str, Process]) -> None:
    text = picture(processes["claims"], "en")
    drawn = ElementTree.fromstring(text)
    assert "prefers-color-scheme:dark" in text and "@import" not in text and "javascript" not in text
    assert not [e for e in drawn.iter() if e.tag in (f"{SVG}script", f"{SVG}image", f"{SVG}foreignObject")]
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#tip"}
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


def test_what_no_scenario_reached_stands_out(processes: dict[str, Process]) -> None:
    (first, *_) = ways(processes["complaint"].nodes["register"], "en")
    over = Overlay(missed=frozenset({("investigate", ""), ("register", first.key), ("is_found", "1")}))
    drawn = ElementTree.fromstring(picture(processes["complaint"], "en", over))
    found = [e for e in drawn.iter() if "missed" in e.get("class", "").split()]
    assert len(found) == 3 + 1  # the legend tells of it


def test_titles_are_broken_into_lines_and_never_wider_than_their_room() -> None:
    assert broken("Write the answer to the customer", 100, 13) == ["Write the", "answer to the", "customer"]
    assert broken("中文标题很长需要换行，标点不在行首", 13.3 * 8, 13) == ["中文标题很长需要", "换行，标点不在行", "首"]
    lines = broken("an_identifier_that_is_far_too_long_for_one_line_and_more", 80, 11)
    assert len(lines) == 3 and all(width(line, 11) <= 80 for line in lines)
    assert broken("x" * 400, 80, 11)[-1].endswith("…") and broken("", 80, 11) == [""]


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
        flow = mermaid(process, words).split("---")[2]
        assert "<" not in flow and "&" not in flow and flow.count('"') % 2 == 0


@pytest.mark.parametrize("name", NAMES)
def test_mermaid_names_what_it_joins(processes: dict[str, Process], name: str) -> None:
    """Every line is one of the forms of a flowchart, every end of an arrow is defined, frames are closed."""
    lines = [line.strip() for line in mermaid(processes[name], "en").splitlines()]
    assert lines[3] == "flowchart TD"
    label = r'"[^"]*"'
    node = rf"(n\d+)(?:\[{label}\]|\{{\{{{label}\}}\}}|\(\[{label}\]\)|\(\({label}\)\))(?::::\w+)?"
    defined, joined, depth = set[str](), set[str](), 0
    for line in lines[4:]:
        if found := re.fullmatch(rf"subgraph (n\d+)\[{label}\]", line) or re.fullmatch(node, line):
            defined.add(found[1])
            depth += line.startswith("subgraph")
        elif line == "end":
            depth -= 1
        elif found := re.fullmatch(rf"(n\d+) (?:-->|-\.->)(?:\|{label}\|)? (n\d+)", line):
            joined |= {found[1], found[2]}
        else:
            assert re.fullmatch(r"direction TB|classDef \w+ [\w:#,]+", line), line
    assert depth == 0 and joined <= defined
    assert len(defined) > 60


def test_the_outline_names_steps_ways_and_clocks(processes: dict[str, Process]) -> None:
    text = outline(processes["complaint"], "zh")
    lines = text.splitlines()
    assert lines[0].startswith("complaint · 投诉处理")
    assert lines[1].startswith("  ▷ by staff, web: channel, received_at, customer_name, ")
    assert lines[2].startswith("  ▷ message complaint_heard, key origin_case: origin_case, heard_by, channel, ")
    assert "  ▷ every quarter" in outline(processes["emergency_drill"], "zh").splitlines()
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
