"""Decision tables as files: from one kind to another without loss, and compared in words."""

from pathlib import Path
from typing import Any

import pytest

from engine.core.decision_source import TableError, table_from_data, table_from_rows
from engine.language.sheets import sheet_rows
from engine.language.source import read
from tests.support.projects import PROCESSES
from workbench.table_files import differences
from workbench.table_sheets import ENDINGS, load, sheet_of
from workbench.table_writing import written

TABLE = """\
decision=approval,hit=first
in:amount:money,in:kind:service|claim,out:queue:text,valid_from,note
<= 1000,service,complaints,,small
<= 1000,-,approval,,
<= 50000,-,director,2026-01-01,large
-,-,board,,
"""


def of(text: str) -> Any:
    return load(text.encode(), "approval.csv")


@pytest.mark.parametrize("path", sorted((PROCESSES / "decisions").iterdir()), ids=lambda path: path.name)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_table_can_become_every_kind_of_file(path: Path, ending: str) -> None:
    sheet = load(path.read_bytes(), path.name)
    assert load(written(sheet, ending), f"other{ending}") == sheet


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_converted_decides_as_before(ending: str) -> None:
    content = written(of(TABLE), ending)
    if ending == ".yaml":
        table = table_from_data(read(content, "t.yaml").value, "t")
    else:
        table = table_from_rows(sheet_rows(content, f"t{ending}"), "t")
    before = table_from_rows(sheet_rows(TABLE.encode(), "t.csv"), "t")
    assert sheet_of(table) == sheet_of(before)
    assert [rule.outputs for rule in table.rules] == [rule.outputs for rule in before.rules]


def test_cells_that_a_spreadsheet_would_take_for_something_else_stay_texts() -> None:
    text = 'decision=t,hit=first\nin:a:text,out:b:text\n1-2,0012\n= x,"say ""hi"""\n'
    for ending in ENDINGS:
        assert load(written(of(text), ending), f"t{ending}").rows == of(text).rows
    rows = sheet_rows(written(of(text), ".xlsx"), "t.xlsx")
    assert rows[2:] == [(3, ["1-2", "0012"]), (4, ["= x", 'say "hi"'])]


def test_what_cannot_be_carried_over_is_refused() -> None:
    text = (
        "hit: first\ninputs: {many: {type: integer, expression: len(papers)}}\n"
        "outputs: {a: {type: text}}\nrules: [{then: {a: x}}]\n"
    )
    with pytest.raises(TableError, match="many is computed by the table"):
        load(text.encode(), "t.yaml")
    with pytest.raises(TableError, match="ends in"):
        load(b"", "t.txt")
    with pytest.raises(TableError, match="hit=first"):
        load(b"", "t.csv")


def test_the_same_table_in_another_kind_of_file_does_not_differ() -> None:
    for ending in ENDINGS:
        assert not differences(of(TABLE), load(written(of(TABLE), ending), f"t{ending}"))
    assert not differences(of(TABLE), table_from_rows(sheet_rows(TABLE.encode(), "t.csv"), "t"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<= 50000,-,director", "<= 80000,-,director",
         [("第 3 条：amount <= 50000 → <= 80000", "rule 3: amount <= 50000 → <= 80000")]),
        ("<= 1000,service,complaints,,small\n", "",
         [("去掉第 1 条：amount <= 1000, kind service, queue complaints",
           "rule 1 is taken away: amount <= 1000, kind service, queue complaints")]),
        ("-,-,board,,\n", "-,claim,chair,2026-07-01,\n-,-,board,,\n",
         [("增加第 4 条：kind claim, queue chair, valid_from 2026-07-01",
           "rule 4 is new: kind claim, queue chair, valid_from 2026-07-01")]),
        ("hit=first", "hit=unique", [("命中方式 first → unique", "hit policy first → unique")]),
        ("in:kind:service|claim", "in:kind:service|claim|other",
         [("kind 的类型 service|claim → service|claim|other", "the type of kind service|claim → service|claim|other")]),
        ("2026-01-01,large", "2026-02-01,large",
         [("第 3 条：valid_from 2026-01-01 → 2026-02-01", "rule 3: valid_from 2026-01-01 → 2026-02-01")]),
        (",,small", ",,tiny", []),  # a remark decides nothing
        ("<= 1000,service", "<=  1000,service", []),
    ],
)  # fmt: skip
def test_what_changes_is_said_in_words(old: str, new: str, said: list[tuple[str, str]]) -> None:
    assert old in TABLE
    assert differences(of(TABLE), of(TABLE.replace(old, new))) == said


def test_a_row_elsewhere_has_been_moved_and_one_much_alike_has_changed() -> None:
    lines = TABLE.splitlines(keepends=True)
    moved = "".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    assert [en for _, en in differences(of(TABLE), of(moved))] in (
        ["rule 1 is moved to 2"], ["rule 2 is moved to 1"],
    )  # fmt: skip
    changed = TABLE.replace("<= 1000,service,complaints,,small\n", "").replace("<= 50000", "<= 60000")
    assert [en for _, en in differences(of(TABLE), of(changed))] == [
        "rule 2 (was 3): amount <= 50000 → <= 60000",
        "rule 1 is taken away: amount <= 1000, kind service, queue complaints",
    ]


def test_columns_that_come_and_go_are_told() -> None:
    text = TABLE.replace("in:kind:service|claim,", "").replace(",service", "").replace(",-", "")
    assert next(en for _, en in differences(of(TABLE), of(text))) == "the condition kind is taken away"
