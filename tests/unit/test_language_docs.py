"""The designers' documents are true: every example compiles, every answer is what comes out, no keyword is left out."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from engine.core.decision_source import TableError, table_from_csv, table_from_data
from engine.core.durations import Meter, parse_duration
from engine.core.expressions import EvaluationError, Expression, ExpressionError, compile_expression
from engine.core.functions import BUILT_IN, Function
from engine.core.kinds import DATETIME, TEXT, Type
from engine.core.types import names_of_schema
from engine.core.values import normalise, to_json
from engine.language.source import read
from sla.calendar import WorkCalendar
from sla.calendar_files import CalendarError, load_calendar
from sla.telling import WORDS
from tests.support.walk import Walk
from tools import errors
from tools.examples import DEEP, DOCS, Example, contents, examples, findings, problems, the_compiler

PAGES = (
    "language",
    "writing-a-process",
    "expressions",
    "tables",
    "clocks",
    "calendars",
    "house",
    "reading",
    "editor",
    "checks",
)
EXAMPLES = {page: list(examples(DOCS / f"{page}.md")) for page in PAGES}
ALL = [example for found in EXAMPLES.values() for example in found]
COMPILED = ("yaml process", "yaml steps", "yaml top", "yaml house")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(example, id=str(example)) for example in ALL if example.kind in kinds]


def data_of(example: Example) -> Any:
    return read(example.text.encode(), example.file).value


def findings_of(example: Example) -> list[Any]:
    """What the deep checks say of an example of one finding: of others only what the compiler says."""
    found = findings(example.words[1], example.text)
    return [each for each in found if each.code == example.wrong or not each.code.startswith(DEEP)]


# --- the language -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", of_kind(*COMPILED))
def test_an_example_compiles_or_shows_its_problem(example: Example) -> None:
    found = findings_of(example) if example.wrong.startswith(DEEP) else problems(example.words[1], example.text)
    assert {each.code for each in found} == ({example.wrong} if example.wrong else set()), "\n".join(map(str, found))


def test_examples_are_marked() -> None:
    """What is fenced as YAML or CSV and not checked by some test would go stale."""
    known = {*COMPILED, "yaml table", "csv table", "yaml answers", "yaml case", "yaml calendar"}
    loose = [
        str(example)
        for example in ALL
        if example.words[:1] in (("yaml",), ("csv",))
        and example.kind not in known
        and not any(word.startswith(("file=", "add=", "into=", "change=")) for word in example.words)
    ]
    assert not loose


def test_the_house_of_the_examples_has_no_problem() -> None:
    for name in ("example", "payment_order"):
        assert not problems("process", contents()[f"{name}.yaml"].decode())
    assert not problems("house", "")


def sections(page: str) -> dict[str, str]:
    """Heading -> the text below it, down to the next heading."""
    parts = re.split(r"^#+ (.*)$", (DOCS / f"{page}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title.strip("`"): text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def keywords(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every keyword in a schema."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name)
        yield from keywords(inner, (*path, name))
    for several in ("anyOf", "oneOf"):
        for each in schema.get(several, ()):
            yield from keywords(each, path)
    for nested in ("items", "additionalProperties"):
        if isinstance(schema.get(nested), dict):
            yield from keywords(schema[nested], path)


# The keyword under which what stands inside has a section of its own; the rest is described where it stands.
APART = {
    "start": "start",
    "owner": "owner",
    "papers": "papers",
    "restricted": "restricted",
    "clocks": "clocks",
    "ladder": "ladder",
    "ladders": "ladder",
}
COMMON = ("title", "help", "clauses", "next", "undo", "cancels", "limit")


def described_in(path: tuple[str, ...], section: str) -> tuple[str, str]:
    """The section that must describe a keyword, and how it is called there."""
    for depth in range(len(path) - 1, 0, -1):
        if path[depth - 1] in APART:
            return APART[path[depth - 1]], ".".join(path[depth:])
    return section, ".".join(path)


def expected_keywords() -> Iterator[tuple[str, str]]:
    grammar = the_compiler().grammar
    schema = grammar.process_schema
    for path in keywords({key: value for key, value in schema.items() if key != "$defs"}):
        yield described_in(path, "The process")
    for path in keywords(schema["$defs"]["meanwhile"]):
        yield ("meanwhile" if path[0] in ("next", "do") else "Triggers"), path[0]
    for name, step in schema["$defs"].items():
        kind = name.removeprefix("step_")
        if kind == name:
            continue
        for path in keywords(step):
            if path[0] in COMMON:
                yield "Every step", path[0]
            else:
                yield kind, ".".join(path[1:] if path[0] == kind and len(path) > 1 else path)
    house: Any = grammar.house_schema
    for path in keywords(house):
        if path[:1] == ("clocks",):
            yield "house.yaml", ".".join(path)
        else:
            yield described_in(path, "house.yaml")


def test_every_keyword_is_described() -> None:
    written = {title: text + f"`{title}`" for title, text in sections("language").items()}
    wanted = dict.fromkeys(expected_keywords())
    assert len(wanted) > 200
    left_out = [
        f"{section}: {keyword}"
        for section, keyword in wanted
        if not re.search(rf"`{re.escape(keyword)}[`:]", written.get(section, ""))
    ]
    assert not left_out


def test_every_kind_and_act_has_an_example() -> None:
    shown = "".join(example.text for example in EXAMPLES["language"])
    missing = [kind for kind in the_compiler().grammar.kinds if not re.search(rf"\b{kind}:", shown)]
    assert not missing


def test_every_file_that_a_page_names_is_there() -> None:
    for page in (*PAGES, "errors"):
        text = re.sub(r"```.*?```", "", (DOCS / f"{page}.md").read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", text):
            assert not target[0] or target[0].startswith("http") or (DOCS / target[0]).exists(), (page, target)


# --- the problem codes -------------------------------------------------------------------------------------


def test_errors_are_up_to_date() -> None:
    assert errors.PAGE.read_text(encoding="utf-8") == errors.page(), "run: python -m tools.errors"


def test_every_code_has_a_cure_and_no_cure_is_left_over() -> None:
    assert errors.meanings().keys() == errors.cures().keys()


@pytest.mark.parametrize(("code", "entry"), [(c, e) for c, e in errors.cures().items() if "wrong" in e])
def test_the_example_of_a_code_gives_it(code: str, entry: dict[str, Any]) -> None:
    found = errors.told(code, entry)
    assert {each.code for each in found} == {code}, "\n".join(map(str, found))


# --- expressions -------------------------------------------------------------------------------------------


def rows(page: str, *columns: str) -> Iterator[list[str]]:
    """The rows of every table of a page that has exactly these columns; what stands in backquotes, without them."""
    for table in re.findall(r"(?:^\|.*\|\n)+", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE):
        lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
        if lines[0] == list(columns):
            yield from ([cell.strip("`") for cell in line] for line in lines[2:])


NOW = datetime(2026, 3, 4, 9, 0, tzinfo=SHANGHAI)
SCHEMA: Any = read(contents()["schemas/case.yaml"], "case.yaml").value
NAMES = {
    **names_of_schema(SCHEMA), "number": TEXT, "starter": TEXT, "owner": TEXT,
}  # fmt: skip


def the_case() -> dict[str, Any]:
    (written,) = [data_of(example) for example in EXAMPLES["expressions"] if example.kind == "yaml case"]
    case = {name: normalise(value, NAMES[name]) for name, value in written.items()}
    return {**case, "now": to_json(NOW.astimezone(UTC), DATETIME), "zone": "Asia/Shanghai", "number": "EX-2026-1"}


def outcome(expression: Expression) -> Any:
    value = expression.json(the_case())
    return Decimal(value) if expression.type.kind == "decimal" and value is not None else value


EXPRESSIONS = [
    *([row[0], row[1]] for row in rows("expressions", "expression", "result", "why")),
    *([row[1], row[2]] for row in rows("expressions", "function", "example", "result", "meaning")),
]


@pytest.mark.parametrize(("source", "result"), EXPRESSIONS)
def test_an_expression_gives_what_is_said(source: str, result: str) -> None:
    found = outcome(compile_expression(source, NAMES))
    wanted = outcome(compile_expression(result, {}))
    assert found == wanted
    assert (found is True, found is False) == (wanted is True, wanted is False)


@pytest.mark.parametrize(("source", "told"), list(rows("expressions", "expression", "is told")))
def test_a_wrong_expression_is_told_so(source: str, told: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, NAMES)
    assert told in str(caught.value)


def shown(function: Function) -> str:
    return function.signature.replace(", …)", "…)")


def test_every_function_is_described_as_it_is() -> None:
    written = {row[0]: row[3] for row in rows("expressions", "function", "example", "result", "meaning")}
    assert written == {shown(function): function.doc for function in BUILT_IN.values()}
    for row in rows("expressions", "function", "example", "result", "meaning"):
        assert row[0].partition("(")[0] + "(" in row[1]


# --- decision tables ---------------------------------------------------------------------------------------


def tables() -> list[Any]:
    """(table, its answers), as they follow each other on the page."""
    found = EXAMPLES["tables"]
    return [
        pytest.param(a, b, id=str(a))
        for a, b in pairwise(found)
        if a.kind.endswith(" table") and b.kind == "yaml answers"
    ]


@pytest.mark.parametrize(("table", "answers"), tables())
def test_a_table_answers_what_is_said(table: Example, answers: Example) -> None:
    built = table_from_csv(table.text, "t") if table.words[0] == "csv" else table_from_data(data_of(table), "t")
    types: dict[str, Type] = {each.name: each.type for each in built.inputs}
    for case in data_of(answers):
        given = {name: normalise(value, types[name]) for name, value in case["given"].items()}
        on = date.fromisoformat(case.get("on", "2026-03-04"))
        if "fails" in case:
            with pytest.raises(EvaluationError) as caught:
                built.evaluate(given, on)
            assert case["fails"] in str(caught.value)
        else:
            assert built.evaluate(given, on).outputs == case["answer"], case


def test_every_table_has_answers() -> None:
    told = len(tables())
    assert told == len([e for e in EXAMPLES["tables"] if e.kind == "yaml answers"])
    assert told == len([e for e in EXAMPLES["tables"] if e.kind.endswith(" table") and "wrong" not in e.words])


def test_every_hit_policy_and_aggregate_is_shown() -> None:
    from engine.core.decisions import AGGREGATES, HITS

    shown = "".join(example.text for example in EXAMPLES["tables"])
    for word in (*(f"hit: {hit}" for hit in HITS), *(f"aggregate={how}" for how in AGGREGATES)):
        assert word in shown


@pytest.mark.parametrize("example", [e for e in EXAMPLES["tables"] if "wrong" in e.words], ids=str)
def test_a_wrong_table_is_refused(example: Example) -> None:
    with pytest.raises(TableError) as caught:
        table_from_data(data_of(example), "t")
    assert len(caught.value.problems) >= 3


# --- clocks and calendars ----------------------------------------------------------------------------------


def calendar_in(page: str, *, wrong: bool = False) -> Any:
    (written,) = [e for e in EXAMPLES[page] if e.kind == "yaml calendar" and ("wrong" in e.words) == wrong]
    return data_of(written)


def shipped() -> WorkCalendar:
    file = DOCS.parent / "processes" / "calendars" / "insurer.yaml"
    return load_calendar(read(file.read_bytes(), file.name).value)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def told(instant: datetime) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d} end" if local.second else f"{local:%Y-%m-%d %H:%M}"


def due_of(calendar: WorkCalendar, start: str, limit: str) -> str:
    length, _, roll = limit.replace("`", "").partition(" ")
    due = calendar.due(at(start), parse_duration(length), roll == "roll")
    return told(due.at) + (" provisional" if due.provisional else "")


@pytest.mark.parametrize(("start", "limit", "due", "why"), list(rows("clocks", "starts", "limit", "due", "why")))
def test_a_deadline_is_what_is_said(start: str, limit: str, due: str, why: str) -> None:
    assert due_of(shipped(), start, limit) == due


@pytest.mark.parametrize(
    ("start", "limit", "paused", "due", "why"), list(rows("clocks", "starts", "limit", "paused", "due", "why"))
)
def test_a_pause_moves_the_deadline_as_is_said(start: str, limit: str, paused: str, due: str, why: str) -> None:
    calendar = shipped()
    meter = Meter.start(calendar, at(start), parse_duration(limit))
    if paused != "—":
        begin, _, end = paused.partition(" to ")
        meter = meter.pause(calendar, at(begin)).resume(calendar, at(end))
    assert told(meter.due.at) == due


@pytest.mark.parametrize(
    ("start", "limit", "share", "comes"), list(rows("clocks", "starts", "limit", "share", "comes"))
)
def test_a_share_of_a_limit_comes_when_is_said(start: str, limit: str, share: str, comes: str) -> None:
    calendar = shipped()
    found = Meter.start(calendar, at(start), parse_duration(limit)).reach(calendar, Decimal(share.rstrip("%")) / 100)
    assert found is not None and told(found.at) == comes


@pytest.mark.parametrize(("begins", "limit", "ends", "why"), list(rows("calendars", "begins", "limit", "ends", "why")))
def test_the_calendar_of_the_page_gives_these_deadlines(begins: str, limit: str, ends: str, why: str) -> None:
    assert due_of(load_calendar(calendar_in("calendars")), begins, limit) == ends


def test_a_wrong_calendar_is_refused_with_every_problem() -> None:
    with pytest.raises(CalendarError) as caught:
        load_calendar(calendar_in("calendars", wrong=True))
    assert {path[0] for path, _ in caught.value.problems} == {"zone", "hours"}


def test_the_states_of_a_clock_are_called_as_lists_call_them() -> None:
    listed = {state: chinese for state, chinese, _ in rows("clocks", "state", "中文", "meaning")}
    assert len(listed) == 7
    assert listed == {state: WORDS[state]["zh"] for state in listed}


# --- the walk: every file written, every command run --------------------------------------------------------


def test_the_walk_from_the_manual_to_a_running_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(tmp_path, monkeypatch)
    for example in EXAMPLES["writing-a-process"]:
        walk.take(example)
    assert "{task}" in walk.stands_for


def test_the_editor_is_set_up_as_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(tmp_path, monkeypatch)
    for example in EXAMPLES["editor"]:
        walk.take(example)
    schema = json.loads(Path(".vscode/caseway-process.json").read_text(encoding="utf-8"))
    process: Any = read(contents()["example.yaml"], "example.yaml").value
    assert not list(Draft202012Validator(schema).iter_errors(process))
    assert list(Draft202012Validator(schema).iter_errors({**process, "stpes": {}}))
    house = json.loads(Path(".vscode/caseway-house.json").read_text(encoding="utf-8"))
    assert not list(Draft202012Validator(house).iter_errors(read(contents()["house.yaml"], "house.yaml").value))


def test_the_editors_pattern_finds_problems() -> None:
    tasks = next(e for e in EXAMPLES["editor"] if e.words == ("json",) and "problemMatcher" in e.text)
    matcher = json.loads(tasks.text)["tasks"][0]["problemMatcher"]["pattern"]
    (problem,) = problems("steps", "register: {human: {queue: intaek}}\n")
    found = re.fullmatch(matcher["regexp"], str(problem))
    assert found is not None
    assert found[matcher["file"]] == "example.yaml" and found[matcher["code"]] == "CW121"
    assert (int(found[matcher["line"]]), int(found[matcher["column"]])) == (problem.line, problem.column)
    assert (found[matcher["severity"]], found[matcher["message"]][:8]) == ("error", "there is")
