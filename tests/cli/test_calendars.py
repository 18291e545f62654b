"""`calendar`: days are taken in, what a change moves is shown, and open deadlines are counted again."""

from datetime import date
from pathlib import Path

import pytest

from tests.cli.conftest import Caseway
from workbench.calendar_days import DayOff, Wrong, from_ical, with_days

FILE = Path("processes/calendars/insurer.yaml")
BOSS = ("--as", "gu_mingyuan")
ICS = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//\n{}END:VCALENDAR\n"
EVENT = "BEGIN:VEVENT\nUID:{0}\nDTSTART;VALUE=DATE:{0}\n{1}SUMMARY:{2}\nEND:VEVENT\n"


def ics(*events: tuple[str, str, str]) -> bytes:
    """day, further lines, and what each is called."""
    return ICS.format("".join(EVENT.format(*one) for one in events)).replace("\n", "\r\n").encode()


YEAR = ics(
    ("20270101", "DTEND;VALUE=DATE:20270104\n", "元旦"), ("20270206", "DTEND;VALUE=DATE:20270213\n", "春节"),
    ("20270130", "", "春节补班"), ("20280101", "", "元旦"),
)  # fmt: skip


def test_days_of_another_program() -> None:
    found = from_ical(YEAR, "closed", 2027)
    assert [one.day.isoformat() for one in found[:4]] == ["2027-01-01", "2027-01-02", "2027-01-03", "2027-01-30"]
    assert found[3] == DayOff(date(2027, 1, 30), "usual", "春节补班") and len(found) == 3 + 1 + 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"holidays", "no iCalendar file"),
        (ics(), "no day in it"),
        (ics(("20270101", "RRULE:FREQ=YEARLY\n", "元旦")), "repeats"),
        (ics(("20270105", "DTEND;VALUE=DATE:20270101\n", "x")), "ends before it begins"),
        (ics(("20270105", "DTEND;VALUE=DATE:20370101\n", "x")), "more than 400 days"),
    ],
)
def test_what_is_no_file_of_days_is_told(text: bytes, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        from_ical(text, "closed")


def test_a_file_stays_as_it_was_written(house: Path) -> None:
    text = (house / FILE).read_text(encoding="utf-8")
    day, there = DayOff(date(2027, 3, 5), ("09:00-12:00",), 'Founder\'s "day"\nhalf'), date(2026, 2, 14)
    changed, calendar, fresh = with_days(text, "insurer.yaml", [day, DayOff(there, "closed", "there")], 2027)
    assert fresh == 1 and calendar.published_until == 2027
    assert [line for line in text.splitlines() if line not in changed.splitlines()] == ["published_until: 2026"]
    assert with_days(changed, "insurer.yaml", [day], 2027)[2] == 0, "a day that is there is left"
    with pytest.raises(Wrong, match="interval"):
        with_days(text, "insurer.yaml", [DayOff(date(2027, 3, 5), ("9-12",), "wrong")])
    bare = 'calendar: b\ntitle: {en: B}\nzone: UTC\nhours: {mon-fri: ["09:00-17:00"]}\n'
    assert with_days(bare, "b.yaml", [DayOff(date(2027, 3, 5), "closed", "x")])[2] == 1


def test_a_year_in_one_command_moves_what_is_open(caseway: Caseway, house: Path) -> None:
    (house / "2027.ics").write_bytes(YEAR)
    unknown = caseway("calendar", "year", "2027", "--into", FILE)
    assert unknown.code == 1 and "--ics" in unknown.err
    (before,) = caseway("calendar", "list", "--json").json
    assert before["clocks"] > 0 and before["older"] == 0
    # A month in which everybody works becomes free: what is due in it, and after it, moves.
    last = max(one["deadline"] for one in caseway("sla", "risk", "--within", "60d", "--json").json)
    month = f"{last[:4]}{last[5:7]}"
    (house / "free.ics").write_bytes(ics(*((f"{month}{day:02}", "", "x") for day in range(1, 29))))
    assert caseway("calendar", "year", "2027", "--into", FILE, "--ics", house / "2027.ics").code == 0
    said = caseway("calendar", "import", house / "free.ics", "--into", FILE)
    assert said.code == 0 and "days are new" in said.out
    moves = caseway("calendar", "preview", FILE, "--json").json
    assert moves and all(one["before"] < one["after"] for one in moves)
    assert caseway("deploy", *BOSS).code == 0
    (during,) = caseway("calendar", "list", "--json").json
    assert during["older"] > 0 and during["published_until"] == 2027
    assert caseway("calendar", "recount", "--dry-run", "--json").json == moves, "as it was foretold"
    assert "may not have deadlines counted again" in caseway("calendar", "recount", "--as", "wang_fang").err
    done = caseway("calendar", "recount", *BOSS, "--json").json
    assert done == [{"calendar": "insurer", "cases": 3, "left": 0}]
    assert caseway("calendar", "recount", *BOSS, "--json").json[0]["cases"] == 0, "the same once more does nothing"
    (after,) = caseway("calendar", "list", "--json").json
    assert after["older"] == 0
    assert caseway("verify").code == 0


def test_misuse_is_told(caseway: Caseway, house: Path) -> None:
    assert caseway("calendar", "preview", "none.yaml").code == 1
    (house / "odd.yaml").write_text("calendar: insurer\nzone: Mars/Base\n", encoding="utf-8")
    assert "IANA time zone" in caseway("calendar", "preview", "odd.yaml").err
    assert "Did you mean insurer?" in caseway("calendar", "recount", "insured", *BOSS).err
    (house / "days.ics").write_bytes(b"no")
    assert "no iCalendar file" in caseway("calendar", "import", "days.ics", "--into", FILE).err
