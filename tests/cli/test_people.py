"""`user`, `calendar`: the organisation and the days it works."""

from pathlib import Path

from tests.cli.conftest import Caseway


def test_the_organisation_is_loaded_as_its_next_revision(caseway: Caseway, house: Path) -> None:
    file = house / "processes/samples/organisation.yaml"
    assert caseway("user", "load", file).code == 2  # there are people now: who acts?
    assert caseway("user", "load", file, "--as", "dong_lei", "--json").json["revision"] == 1  # nothing has changed
    file.write_text(file.read_text(encoding="utf-8").replace("陆瑶", "陆遥"), encoding="utf-8")
    said = caseway("user", "load", file, "--as", "dong_lei", "--json")
    assert said.json["revision"] == 2 and said.json["people"] > 40


def test_an_organisation_that_is_wrong_is_told_with_its_place(caseway: Caseway, house: Path) -> None:
    wrong = house / "people.yaml"
    wrong.write_text("users:\n  li: {name: 李, role: [handler]}\n", encoding="utf-8")
    said = caseway("user", "load", wrong, "--as", "dong_lei")
    assert said.code == 1 and f"{wrong}:2:" in said.err and "did you mean 'roles'?" in said.err
    missing = caseway("user", "load", "nowhere.yaml", "--as", "dong_lei")
    assert missing.code == 2 and "nowhere.yaml: No such file" in missing.err
    assert "revision 1" in caseway("user", "list").out


def test_people_by_role_and_queue(caseway: Caseway) -> None:
    serving = caseway("user", "list", "--queue", "intake", "--json").json
    assert serving and all("intake" in row["queues"] for row in serving)
    assert all("director" in row["roles"] for row in caseway("user", "list", "--role", "director", "--json").json)
    assert "Did you mean intake?" in caseway("user", "list", "--queue", "intak").err
    assert caseway("user", "list", "--role", "boss").code == 2


def test_calendars_and_deadlines(caseway: Caseway) -> None:
    assert caseway("calendar", "list", "--json").json[0]["calendar"] == "insurer"
    # 30 working days over Qingming 2026 (R27): worked out by hand in tests/unit/test_calendar.py's way.
    assert "2026-04-14 17:30" in caseway("calendar", "due", "30wd", "--from", "2026-03-02").out
    assert (
        caseway("calendar", "due", "24h", "--from", "2026-03-02T09:00", "--json").json["due"] == "2026-03-03T01:00:00Z"
    )
    assert "provisional" in caseway("calendar", "due", "30wd", "--from", "2045-01-01").out


def test_deadlines_that_cannot_be(caseway: Caseway) -> None:
    for args in (("30x",), ("30wd", "--from", "soon"), ("30wd", "--calendar", "house"), ("99999999d",)):
        said = caseway("calendar", "due", *args)
        assert said.code == 2 and said.err, args
