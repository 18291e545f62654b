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


# --- changing the organisation ------------------------------------------------------------------------


def test_what_touches_authority_waits_for_a_second_person(caseway: Caseway) -> None:
    refused = caseway("user", "set", "lu_yao", "--role", "supervisor", "--as", "dong_lei")
    assert refused.code == 1 and "needs a reason" in refused.err
    made = caseway(
        "user", "set", "lu_yao", "--role", "supervisor", "--as", "dong_lei", "--reason", "promoted", "--json"
    )
    id = made.json["proposal"]
    listed = caseway("user", "proposals").out
    assert id in listed and "+" in listed and "supervisor" in listed
    assert "second person" in caseway("user", "approve", id, "--as", "dong_lei").err
    assert "neither stands above" in caseway("user", "approve", id, "--as", "chen_wei").err
    assert caseway("user", "approve", id, "--as", "gu_mingyuan", "--json").json["revision"] == 2
    assert "lu_yao" in caseway("user", "list", "--role", "supervisor").out
    again = caseway("user", "approve", id, "--as", "gu_mingyuan")
    assert again.code == 1 and "decided already" in again.err


def test_a_file_that_touches_authority_is_a_proposal_too(caseway: Caseway, house: Path) -> None:
    out = house / "out.yaml"
    assert caseway("user", "export", "--out", out).code == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# organisation, revision 1\n")
    out.write_text(text.replace("amount: 10000,", "amount: 90000,", 1).replace("amount: 10000}", "amount: 90000}", 1))
    assert caseway("user", "load", out, "--as", "dong_lei", "--json").code == 1
    made = caseway("user", "load", out, "--as", "dong_lei", "--reason", "more", "--json")
    assert caseway("user", "reject", made.json["proposal"], "--reason", "too much", "--as", "gu_mingyuan").code == 0
    assert "proposal" not in caseway("user", "proposals", "--json").out
    assert (
        caseway("user", "absent", "lu_yao", "--from", "2026-05-04", "--to", "2026-05-08", "--as", "dong_lei").code == 0
    )
    stale = caseway("user", "load", out, "--as", "dong_lei", "--reason", "more")
    assert stale.code == 1 and "changes revision 1, but 2 is in force" in stale.err


def test_absences_leaving_and_queues_take_effect_at_once(caseway: Caseway) -> None:
    by = ("--as", "dong_lei")
    said = caseway("user", "absent", "lu_yao", "--from", "2026-05-04", "--to", "2026-05-08", "--substitute", "jin_tao",
                   "--process", "claims", *by, "--json")  # fmt: skip
    assert said.json["revision"] == 2
    entry = caseway("user", "absences", "--json").json[0]
    assert (entry["user"], entry["substitute"], entry["processes"]) == ("lu_yao", "jin_tao", ["claims"])
    assert caseway("user", "present", entry["key"], *by).code == 0 and caseway("user", "absences", "--json").json == []
    assert caseway("user", "present", entry["key"], *by).code == 1
    assert caseway("user", "leave", "jin_tao", *by).code == 0
    gone = {row["user"]: row["active"] for row in caseway("user", "list", "--json").json}
    assert gone["jin_tao"] is False and gone["lu_yao"] is True
    assert caseway("queue", "set", "intake", "--assign-by", "least_loaded", *by).code == 0
    assert caseway("queue", "set", "intake", "--member", "lu_yao", *by).code == 0
    serving = [row["user"] for row in caseway("user", "list", "--queue", "intake", "--json").json]
    assert "lu_yao" in serving and "chen_wei" not in serving


def test_grants_are_proposed_with_their_days(caseway: Caseway) -> None:
    made = caseway("user", "grant", "claims", "--role", "specialist", "--amount", "2,500.50", "--from", "2026-06-01",
                   "--as", "dong_lei", "--reason", "holidays", "--json")  # fmt: skip
    assert caseway("user", "approve", made.json["proposal"], "--as", "gu_mingyuan").code == 0
    found = next(row for row in caseway("user", "grants", "--json").json if row["role"] == "specialist"
                 and row["kind"] == "claims")  # fmt: skip
    assert (found["amount"], found["from"]) == ("2500.50", "2026-06-01")
    assert caseway("user", "revoke", found["key"], "--as", "dong_lei", "--reason", "over", "--json").json["proposal"]


def test_changes_that_cannot_be_are_told(caseway: Caseway) -> None:
    by = ("--as", "dong_lei", "--reason", "why")
    for arguments, says in (
        (("user", "set", "lu_yao", "--role", "suprvisor"), "did you mean 'supervisor'?"),
        (("user", "absent", "lu_yao", "--from", "2026-05-09", "--to", "2026-05-08"), "before the first"),
        (("user", "absent", "lu_yao", "--from", "soon", "--to", "later"), "a day"),
        (("user", "leave", "nobody_here"), "there is no nobody_here"),
        (("user", "grant", "claims"), "a role or a user"),
        (("user", "grant", "claims", "--role", "officer", "--amount", "much"), "an amount"),
        (("queue", "set", "intak", "--member", "lu_yao"), "did you mean 'intake'?"),
        (("queue", "set", "intake", "--assign-by", "luck"), "no way to push"),
        (("user", "reject", "0"), "there is no proposal 0"),
    ):
        said = caseway(*arguments, *by)
        assert said.code in (1, 2) and says in said.err, (arguments, said)
