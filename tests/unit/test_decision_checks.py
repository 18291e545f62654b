"""What decision tables are told: questions without an answer, clashes, rows and results that never come."""

import time

import pytest

from engine.core.decision_source import table_from_csv, table_from_data
from engine.core.kinds import INT, TEXT
from engine.language import decision_space
from engine.language.decision_checks import check
from engine.language.decision_space import Domain, space
from engine.language.files import Bundle
from engine.language.problems import Problem
from tests.support.projects import PROCESSES, TODAY, project_of
from tools.examples import contents, the_compiler
from workbench.linting import lint

SCHEMA = """\
properties:
  kind: {enum: [service, claim, other]}
  major: {type: boolean}
  amount: {type: number, format: money, minimum: 0}
  score: {type: integer, minimum: 0, maximum: 100}
  region: {type: string}
  code: {type: string, pattern: "^(north|south)$"}
  loss_date: {type: string, format: date}
  items: {type: array, items: {type: string}}
  result: {type: string}
"""
PROCESS = """\
process: sorting
title: {zh: 分类, en: Sorting}
data: schemas/sorting.yaml
steps:
  sort:
    decide: {table: decisions/sorting.csv, into: {result: result}}
  done: {end: done}
"""


def told(table: str, process: str = PROCESS) -> list[Problem]:
    files = {"sorting.yaml": process, "schemas/sorting.yaml": SCHEMA, "decisions/sorting.csv": table}
    return list(check(project_of(files)))


def lines(found: list[Problem]) -> list[tuple[str, int, int]]:
    return [(each.code, each.line, each.column) for each in found]


@pytest.mark.parametrize(
    "rows",
    [
        "in:kind,out:result:text\nservice,a\nclaim,b\nother,c",
        "in:kind,out:result:text\nservice,a\n-,b",
        "in:kind,out:result:text\nservice,a\nnot(service),b",
        "in:major,out:result:text\ntrue,a\nfalse,b",
        "in:major,out:result:text\ntrue,a\nfalse,b\n-,c",  # not set
        "in:amount:money,out:result:text\n<= 1000,a\n> 1000,b",
        "in:amount:money,out:result:text\n[0..1000],a\n>= 1000.01,b",  # nothing lies between two cents
        "in:score:integer,out:result:text\n[0..50],a\n[51..100],b",
        "in:region,out:result:text\nnorth,a\n-,b",
        "in:code,out:result:text\nnorth,a\nsouth,b",  # what a pattern allows is not known
        "in:region,out:result:text\nnull,a\nnot(null),b",
        'in:kind,in:major,out:result:text\nservice,-,a\n"not(service)",true,b\n"not(service)",false,c',
        "in:loss_date:date,out:result:text\n< 2026-01-01,a\n[2026-01-01..2026-06-30],b\n>= 2026-07-01,c",
    ],
)
@pytest.mark.parametrize("hit", ["first", "unique"])
def test_whole_tables_are_told_nothing(hit: str, rows: str) -> None:
    if hit == "unique" and rows.endswith(("-,b", "-,c")):
        return  # where one row is the rest of all others
    assert not told(f"decision=sorting,hit={hit}\n{rows}\n")


@pytest.mark.parametrize(
    ("rows", "example"),
    [
        ("in:kind,out:result:text\nservice,a\nclaim,b", "kind = other"),
        ("in:major,out:result:text\ntrue,a", "major = false"),
        ("in:amount:money,out:result:text\n< 1000,a\n> 1000,b", "amount = 1000"),
        ("in:amount:money,out:result:text\n<= 1000,a\n>= 1000.02,b", "amount = 1000.01"),
        ("in:score:integer,out:result:text\n<= 49,a\n[51..100],b", "score = 50"),
        ("in:region,out:result:text\nnorth,a\nsouth,b", "region = any other text"),
        ("in:region,out:result:text\nnorth,a\nnot(north),b\nnull,c", ""),  # not(north) is met by what is not set
        ("in:region,out:result:text\nnull,a\nnorth,b", "region = any other text"),
        ("in:amount:money,out:result:text\n(0..10],a\n> 10,b", "amount = 0"),
        ("in:kind,in:major,out:result:text\nservice,-,a\n-,true,b", "kind = claim, major = false"),
        ("in:loss_date:date,out:result:text\n< 2026-01-01,a\n>= 2026-01-02,b", "loss_date = 2026-01-01"),
        ("in:amount:money,out:result:text,valid_to\n-,a,2026-12-31", "on = 2027-01-01"),
    ],
)
def test_a_question_without_an_answer_is_told_at_the_head_of_the_table(rows: str, example: str) -> None:
    found = [each for each in told(f"decision=sorting,hit=first\n{rows}\n") if each.code == "CW641"]
    if not example:
        assert not found
        return
    (one,) = found
    assert (one.file, one.line, one.column, one.severity) == ("decisions/sorting.csv", 2, 1, "warning")
    assert one.message == f"table sorting: no row answers {example}"
    assert one.hint == "the step would stop there: write a row for it, or a last one with - in every column"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("in:score:integer,out:result:text\n<= 50,a\n>= 50,b", "rows 1 and 2 both answer score = 50, but only one may"),
        ("in:kind,in:major,out:result:text\nservice,-,a\n-,true,b\nnot(service),false,c",
         "rows 1 and 2 both answer kind = service, major = true, but only one may"),
    ],
)  # fmt: skip
def test_rows_that_clash_are_told_with_an_example(rows: str, message: str) -> None:
    (one,) = told(f"decision=sorting,hit=unique\n{rows}\n")
    assert (one.code, one.line, one.column) == ("CW642", 4, 1)
    assert one.message == f"table sorting: {message}"


def test_where_any_may_hit_they_must_answer_alike() -> None:
    rows = "in:score:integer,out:result:text\n<= 50,a\n>= 50,{}\n"
    assert not told("decision=sorting,hit=any\n" + rows.format("a"))
    (one,) = told("decision=sorting,hit=any\n" + rows.format("b"))
    assert (one.code, one.line) == ("CW642", 4) and one.message.endswith("and answer differently")


def test_rows_valid_one_after_the_other_do_not_clash() -> None:
    head = "decision=sorting,hit=unique\nin:major,out:result:text,valid_from,valid_to\n"
    assert not told(head + "-,a,,2026-12-31\n-,b,2027-01-01,\n")
    (one,) = told(head + "-,a,,2027-01-01\n-,b,2027-01-01,\n")
    assert (one.code, one.line) == ("CW642", 4) and "on = 2027-01-01" in one.message


@pytest.mark.parametrize(
    ("rows", "line", "why"),
    [
        ("< 50,a\n-,b\n> 50,c", 5, "row 3 never decides: wherever it could, row 2 does"),
        ("<= 50,a\n> 40,b\n-,d\n[30..60],c", 6, "row 4 never decides: rows 1, 2 come first"),
        ("< 0,a\n-,b", 3, "row 1 never decides: its inputs can never be so"),
    ],
)
def test_a_row_that_never_decides_is_told_with_those_before_it(rows: str, line: int, why: str) -> None:
    (one,) = told(f"decision=sorting,hit=first\nin:score:integer,out:result:text\n{rows}\n")
    assert (one.code, one.line, one.column) == ("CW643", line, 1)
    assert one.message == f"table sorting: {why}"


def test_a_row_of_the_past_is_no_fault() -> None:
    head = "decision=sorting,hit=first\nin:major,out:result:text,valid_from,valid_to\n"
    assert not told(head + "-,a,,2026-01-31\n-,b,2026-02-01,\n")


def test_under_priority_the_best_answer_comes_first() -> None:
    rows = "decision=sorting,hit=priority\nin:score:integer,out:result:high|low\n{}\n"
    assert not told(rows.format("-,low\n> 50,high"))
    (one,) = told(rows.format("> 50,low\n-,high"))
    assert (one.code, one.line) == ("CW643", 3)


def test_a_result_that_no_row_gives_is_told_at_its_column() -> None:
    (one,) = told("decision=sorting,hit=first\nin:major,out:result:high|middle|low\ntrue,high\n-,low\n")
    assert (one.code, one.line, one.column) == ("CW644", 2, 2)
    assert one.message == "table sorting: no row gives result = middle"


def test_only_a_count_may_find_nothing() -> None:
    rows = "in:score:integer,out:result:integer\n> 50,1\n> 80,2\n"
    process = PROCESS.replace("into: {result: result}", "into: {count: result}")
    schema = SCHEMA + "  count: {type: integer}\n"

    def of(words: str) -> list[tuple[str, int, int]]:
        files = {"sorting.yaml": process, "schemas/sorting.yaml": schema}
        return lines(list(check(project_of({**files, "decisions/sorting.csv": f"decision=sorting,{words}\n{rows}"}))))

    assert of("hit=collect,aggregate=count") == []
    assert of("hit=collect,aggregate=sum") == [("CW641", 2, 1)]  # no row, no sum


def test_what_is_computed_makes_no_claim_but_where_it_does_not_matter() -> None:
    process = PROCESS.replace("sorting.csv,", "sorting.csv, inputs: {many: len(items)},")
    head = "decision=sorting,hit=first\nin:many:integer,in:kind,out:result:text\n"
    assert not told(head + ">= 0,-,a\n", process)
    (one,) = told(head + ">= 0,service,a\n-,claim,b\n", process)
    assert one.message == "table sorting: no row answers kind = other"
    overlapping = head.replace("first", "unique") + ">= 0,-,a\n>= 5,-,b\n"
    assert not told(overlapping, process)


def test_two_columns_of_one_field_are_asked_together() -> None:
    process = PROCESS.replace("sorting.csv,", "sorting.csv, inputs: {low: score, high: score},")
    head = "decision=sorting,hit=first\nin:low:integer,in:high:integer,out:result:text\n"
    assert not told(head + ">= 0,<= 50,a\n> 50,-,b\n", process)
    (one,) = told(head + ">= 50,<= 50,a\n> 50,-,b\n", process)
    assert one.message == "table sorting: no row answers low = 0"


def test_a_table_written_in_the_step_is_told_there() -> None:
    process = PROCESS.replace("    decide: {table: decisions/sorting.csv, into: {result: result}}\n", """\
    decide:
      into: {result: result}
      table:
        hit: first
        inputs: {kind: {}}
        outputs: {result: {type: string}}
        rules:
          - {when: {kind: service}, then: {result: a}}
          - {then: {result: b}}
          - {when: {kind: claim}, then: {result: c}}
""")  # fmt: skip
    (one,) = told("", process)
    assert (one.code, one.file, one.line) == ("CW643", "sorting.yaml", 15)


def test_what_is_shipped_is_told_nothing_and_quickly() -> None:
    project = project_of(PROCESSES)
    begun = time.perf_counter()
    assert not list(check(project))
    assert time.perf_counter() - begun < 1


def test_a_table_of_codes_is_looked_at_whole() -> None:
    rows = "".join(f"c{number},r{number}\n" for number in range(2000))
    table = table_from_csv(f"decision=t,hit=unique\nin:region:text,out:result:text\n{rows}", "t")
    found = space(table, {"region": Domain("region", TEXT, {})}, TODAY, table.rules)
    missed = found.missed()
    assert missed is not None and missed.values == (decision_space.OTHER,)
    assert not found.clashes()


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("{check: CW641, reason: never so}", []),
        ("{check: CW641, step: sort, reason: never so}", []),
        ("{check: CW641, step: again, reason: never so}", ["CW641", "CW696"]),
        ("{check: CW642, reason: never so}", ["CW641", "CW696"]),
    ],
)
def test_what_is_found_in_a_tables_own_file_is_accepted_where_the_table_is_asked(entry: str, codes: list[str]) -> None:
    process = PROCESS.replace("  done:", "  again: {set: {result: \"'x'\"}}\n  done:")
    process = process.replace("steps:", f"accepted: [{entry}]\nsteps:")
    table = b"decision=sorting,hit=first\nin:kind,out:result:text\nservice,a\nclaim,b\n"
    own = {"sorting.yaml": process.encode(), "schemas/sorting.yaml": SCHEMA.encode(), "decisions/sorting.csv": table}
    found = lint(the_compiler(), Bundle({**contents(), **own}), ["sorting.yaml"])
    told = [each.code for each in found.problems if each.code in ("CW641", "CW696")]
    assert sorted(told) == codes and len(found.accepted) == (not codes)


def test_a_table_beyond_the_bound_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_space, "MOST", 3)
    rows = "in:kind,in:major,in:score:integer,out:result:text\nservice,true,> 5,a\nclaim,false,> 7,b\n-,-,-,c\n"
    (one,) = told(f"decision=sorting,hit=first\n{rows}")
    assert (one.code, one.line, one.column) == ("CW645", 2, 1)


def test_without_a_schema_every_number_may_come() -> None:
    rules = [{"when": {"n": ">= 3"}, "then": {"o": 1}}]
    words = {"hit": "first", "inputs": {"n": {"type": "integer"}}, "outputs": {"o": {"type": "integer"}}}
    table = table_from_data({**words, "rules": rules}, "t")
    found = space(table, {"n": Domain("n", INT, {})}, None, table.rules).missed()
    assert found is not None and found.values == (2,)
