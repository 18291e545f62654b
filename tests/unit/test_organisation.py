"""The directory: who serves, who stands above, who may decide what; and what a wrong file is told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from bootstrap import compiler
from engine.language.files import Folder
from engine.language.house import Authority, House
from engine.language.problems import DefinitionError
from organisation.directory import Directory
from organisation.load import build, load

SAMPLE = Path(__file__).parents[2] / "processes/samples/organisation.yaml"

SMALL = """\
zone: Asia/Shanghai
roles: {officer: Officer, supervisor: Supervisor}
groups:
  company: {title: Company, manager: gu}
  claims: {title: Claims, manager: sun, part_of: company}
  motor: {title: Motor, part_of: claims}
users:
  gu: {name: 顾, groups: [company]}
  sun: {name: 孙, roles: [supervisor], groups: [claims]}
  chen: {name: 陈, roles: [officer], groups: [motor], from: 2024-01-01, to: 2026-06-30}
  li: {name: {zh: 李, en: Li}, roles: [officer], groups: [motor]}
queues:
  review: {members: [role.officer], managers: [sun]}
  approval: {members: [group.claims, gu]}
grants:
  - {role: officer, kind: claims, line: motor, decision: approve, amount: 20000}
  - {role: officer, kind: claims, decision: approve, amount: 10000}
  - {role: supervisor, kind: claims, decision: approve, amount: 100000.50}
  - {user: chen, kind: claims, line: motor, amount: 500, from: 2026-03-01}
  - {user: gu, kind: claims}
"""


def directory(text: str = SMALL) -> Directory:
    document, _ = load(text, "organisation.yaml")
    return build(document.value, 7)  # type: ignore[arg-type]  # load has seen to the form


def problems(text: str, house: House | None = None) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load(text, "o.yaml", house)
    return [str(problem) for problem in caught.value.problems]


def test_queues_are_served_by_users_roles_and_groups() -> None:
    d = directory()
    assert d.revision == 7
    assert d.members("review") == {"chen", "li"} and d.managers("review") == {"sun"}
    assert d.members("approval") == {"sun", "gu"}
    assert d.serves("li", "review") and not d.serves("sun", "review") and d.manages("sun", "review")
    assert not d.serves("li", "nowhere") and not d.serves("nobody", "review")
    assert d.serving("sun") == ("approval", "review")
    assert d.roles("sun") == {"supervisor"} and d.roles("nobody") == frozenset()


def test_the_line_goes_up_past_groups_that_one_leads_oneself() -> None:
    d = directory()
    assert list(d.line("chen")) == ["sun", "gu"]
    assert d.manager("sun") == "gu" and d.manager("gu") is None and d.manager("nobody") is None
    assert d.above("gu", "chen") and not d.above("chen", "gu")


def test_two_who_lead_each_other_end_the_line() -> None:
    text = """\
users: {a: {name: A, groups: [one]}, b: {name: B, groups: [two]}}
groups: {one: {title: One, manager: b}, two: {title: Two, manager: a}}
"""
    assert list(directory(text).line("a")) == ["b"]


def test_service_begins_and_ends_on_a_day_in_the_zone() -> None:
    d = directory()
    assert d.active("chen") and d.active("li", date(1999, 1, 1)) and not d.active("nobody")
    assert [d.active("chen", date(2026, 6, day)) for day in (29, 30)] == [True, True]
    assert not d.active("chen", date(2026, 7, 1)) and not d.active("chen", date(2023, 12, 31))
    assert d.today(datetime(2026, 6, 30, 16, 0, tzinfo=UTC)) == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("user", "line", "amount", "decision", "grant"),
    [
        ("li", "motor", "10000", "approve", "role.officer claims approve up to 10000"),
        ("li", "motor", "10000.01", "approve", "role.officer claims motor approve up to 20000"),
        ("li", "motor", "20000.01", "approve", None),
        ("li", "health", "10000.01", "approve", None),
        ("li", "motor", "1", "refuse", None),
        ("li", "motor", None, "approve", None),
        ("li", "", "1", "approve", "role.officer claims approve up to 10000"),
        ("li", "motor", "1", "", None),
        ("sun", "motor", "100000.50", "approve", "role.supervisor claims approve up to 100000.50"),
        ("gu", "motor", None, "refuse", "user.gu claims any amount"),
        ("nobody", "motor", "1", "approve", None),
    ],
)
def test_authority(user: str, line: str, amount: str | None, decision: str, grant: str | None) -> None:
    found = directory().may(user, "claims", line, amount and Decimal(amount), decision)  # type: ignore[arg-type]  # "" never occurs
    assert (None if found is None else str(found)) == grant


def test_authority_has_days() -> None:
    d = directory()
    ask = ("chen", "claims", "motor", Decimal(400), "refuse")
    assert d.may(*ask, date(2026, 2, 28)) is None
    assert str(d.may(*ask, date(2026, 3, 1))) == "user.chen claims motor up to 500"
    assert d.may(*ask, date(2026, 7, 1)) is None, "who has left has no authority"


def test_what_is_not_known_yet_rules_nothing_out() -> None:
    d = directory()
    assert d.might("li", "claims", "", None, "")
    assert d.might("li", "claims", "motor", None, "approve")
    assert not d.might("li", "claims", "", None, "refuse")
    assert not d.might("li", "claims", "", Decimal(20001), "")
    assert not d.might("li", "payment")


def test_who_may() -> None:
    d = directory()
    assert d.who_may("claims", "motor", Decimal(20000), "approve") == ("chen", "gu", "li", "sun")
    assert d.who_may("claims", "motor", Decimal(20001), "approve", date(2026, 7, 1)) == ("gu", "sun")
    assert d.who_may("claims", "motor", Decimal(20000), "approve", date(2026, 7, 1)) == ("gu", "li", "sun")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("roles: [officer], groups: [motor]}", "roles: [oficer], groups: [motor]}",
         "o.yaml:11:39: error CW902: there is no role 'oficer' (expected one of officer, supervisor; "
         "did you mean 'officer'?)"),
        ("part_of: claims", "part_of: claim",
         "o.yaml:6:34: error CW902: there is no group 'claim' (expected one of claims, company, motor; "
         "did you mean 'claims'?)"),
        ("managers: [sun]", "managers: [role.sun]",
         "o.yaml:13:48: error CW902: there is no role 'sun' (expected one of officer, supervisor)"),
        ("manager: sun", "manager: sunn",
         "o.yaml:5:36: error CW902: there is no user 'sunn' (expected one of chen, gu, li, sun; "
         "did you mean 'sun'?)"),
        ("2024-01-01", "2024-13-01", "o.yaml:10:60: error CW903: there is no day 2024-13-01"),
        ("2026-06-30", "2023-06-30", "o.yaml:10:76: error CW903: the last day lies before the first"),
        ("Asia/Shanghai", "Asia/Shangai",
         "o.yaml:1:7: error CW903: there is no time zone 'Asia/Shangai' (did you mean 'Asia/Shanghai'?)"),
        ("manager: gu}", "manager: gu, part_of: motor}",
         "o.yaml:4:51: error CW904: company is part of itself"),
        ("amount: 500,", "ammount: 500,",
         "o.yaml:19:45: error CW102: unknown key 'ammount' (expected one of amount, decision, from, kind, "
         "line, role, to, user; did you mean 'amount'?)"),
        ("amount: 500,", "amount: -1,",
         "o.yaml:19:53: error CW101: a whole number '-1' is less than 0 (expected an amount)"),
        ("{user: gu, kind", "{kind", "o.yaml:20:5: error CW906: a grant names a role or a user, one of the two"),
        ("  gu: {name: 顾, ", "  gu: {", "o.yaml:8:3: error CW103: the key 'name' is missing"),
        ("  li: ", "  Li: ", "o.yaml:11:3: error CW101: 'Li' cannot be a key here (expected a name: "
         "a-z, 0-9 and _ after a letter)"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_where_and_what(old: str, new: str, problem: str) -> None:
    assert old in SMALL
    assert problem in problems(SMALL.replace(old, new, 1))


def test_no_file_is_too_wrong() -> None:
    for text in ("", "[]", "users: 3", "users: {a: 1}", "users: {a: {name: A, roles: x}}", "users: {}\nqueues: []"):
        assert all("CW10" in problem for problem in problems(text))


def test_the_house_knows_the_names() -> None:
    title = {"zh": "一", "en": "One"}
    house = House(
        queues={"review": title}, roles={"officer": title, "supervisor": title}, authority={"claim": Authority(title)}
    )
    found = problems(SMALL, house)
    assert any("there is no queue 'approval'" in problem for problem in found)
    assert any("no kind of authority 'claims'" in p and "did you mean 'claim'?" in p for p in found)


def test_the_sample_agrees_with_the_house() -> None:
    house = compiler().house(Folder(SAMPLE.parents[1]))
    _, warnings = load(SAMPLE.read_bytes(), "organisation.yaml", house)
    assert warnings == ()
    wrong = SAMPLE.read_text(encoding="utf-8").replace("line: motor", "line: moter", 1)
    assert any("no line 'moter'" in p and "did you mean 'motor'?" in p for p in problems(wrong, house))


def test_a_queue_without_members_is_doubtful() -> None:
    _, warnings = load(SMALL + "", "o.yaml")
    assert warnings == ()
    _, warnings = load(SMALL.replace("members: [role.officer]", "members: []"), "o.yaml")
    assert [w.message for w in warnings] == ["nobody serves the queue 'review'"]


def test_the_sample_is_whole() -> None:
    document, warnings = load(SAMPLE.read_bytes(), "organisation.yaml")
    assert warnings == ()
    d = build(document.value, 1)  # type: ignore[arg-type]  # load has seen to the form
    house = yaml.safe_load((SAMPLE.parents[1] / "house.yaml").read_bytes())
    assert set(d.queues) == set(house["queues"]), "somebody serves every queue, and no other"
    assert all(queue.managers for queue in d.queues.values())
    assert all(d.manager(user) for user in d.users if user != "gu_mingyuan")
    today = date(2026, 11, 1)
    for queue in d.queues.values():
        assert sum(d.active(user, today) for user in queue.members) >= 2, f"four eyes in {queue.id}"


# --- absences, capacity, pushed work ------------------------------------------------------------------

AWAY = (
    SMALL
    + """\
absences:
  - {user: chen, from: 2026-05-04, to: 2026-05-08, substitute: li}
  - {user: li, from: 2026-05-06, to: 2026-05-06, processes: [claims]}
"""
)


def test_who_is_away_and_who_stands_in() -> None:
    people = directory(AWAY)
    monday, wednesday = date(2026, 5, 4), date(2026, 5, 6)
    assert people.there("chen", date(2026, 5, 3)) and people.there("chen", date(2026, 5, 9))
    assert not people.there("chen", monday) and people.active("chen", monday)
    assert people.stand_in("chen", monday) == "li" and people.stand_in("chen", date(2026, 5, 9)) == ""
    assert people.stand_in("chen", wednesday, "claims") == ""  # li is away from claims herself
    assert people.stand_in("chen", wednesday, "complaint") == "li"
    assert people.stand_in("nobody", monday) == ""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("substitute: li", "substitute: chen", "CW907: nobody stands in for themselves"),
        ("substitute: li", "substitute: lii", "CW902: there is no user 'lii'"),
        ("user: li,", "user: lii,", "CW902: there is no user 'lii'"),
        ("to: 2026-05-08", "to: 2026-05-01", "CW903: the last day lies before the first"),
        ("to: 2026-05-08", "to: 2026-05-32", "CW903: there is no day 2026-05-32"),
        ("users:", "users:\n  system: {name: S}", "CW908: Caseway itself acts under this name"),
    ],
)
def test_a_wrong_absence_is_told(old: str, new: str, problem: str) -> None:
    assert old in AWAY
    found = problems(AWAY.replace(old, new, 1))
    assert any(problem in one for one in found), found


@pytest.mark.parametrize(
    ("first", "other", "clash"),
    [
        ("to: 2026-05-08, substitute: li", "from: 2026-05-08, to: 2026-05-09, substitute: wu", True),
        ("to: 2026-05-08, substitute: li", "from: 2026-05-09, to: 2026-05-10, substitute: wu", False),
        ("to: 2026-05-08, substitute: li", "from: 2026-05-05, to: 2026-05-06, substitute: li", False),
        ("to: 2026-05-08, substitute: li", "from: 2026-05-05, to: 2026-05-06", True),
        ("to: 2026-05-08, substitute: li, processes: [a]", "from: 2026-05-05, to: 2026-05-06, processes: [b]", False),
        ("to: 2026-05-08, substitute: li, processes: [a]", "from: 2026-05-05, to: 2026-05-06, processes: [a, b]", True),
        ("to: 2026-05-08, substitute: li, processes: [a]", "from: 2026-05-05, to: 2026-05-06", True),
    ],
)
def test_absences_that_overlap_name_one_substitute(first: str, other: str, clash: bool) -> None:
    text = "users: {chen: {name: C}, li: {name: L}, wu: {name: W}}\nabsences:\n"
    text += f"  - {{user: chen, from: 2026-05-04, {first}}}\n  - {{user: chen, {other}}}\n"
    text += "queues: {}\ngrants: [{user: nobody, kind: x}]\n"  # wrong in any case
    assert any("CW909: chen is away from 2026-05-04 to 2026-05-08" in one for one in problems(text)) == clash


def test_how_queues_push_and_how_much_people_take() -> None:
    text = SMALL.replace("queues:", "queues:\n  pushed: {members: [li], assign_by: round_robin}", 1)
    people = directory(text.replace("li: {", "li: {capacity: 5, ", 1))
    assert people.queues["pushed"].assign_by == "round_robin" and people.users["li"].capacity == 5
    wrong = problems(text.replace("round_robin", "at_random"))[0]
    assert "expected one of least_loaded, round_robin, skill" in wrong
