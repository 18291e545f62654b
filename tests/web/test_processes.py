"""Processes on their pages: versions, problems with their place, proposals that two persons put in force."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bootstrap import SHIPPED
from engine.core.commands import CompleteTask
from engine.runtime.answers import Accepted
from tests.web.conftest import Town, Visitor
from tests.web.test_api import Program
from web.comparing import change
from workbench.table_sheets import load
from workbench.table_writing import written

CLAIMS = (SHIPPED / "claims.yaml").read_text("utf-8")
CHANGED = CLAIMS.replace("en: Claims}", "en: Claims of all kinds}", 1)
BROKEN = CLAIMS.replace("calendar: insurer", "calendar: insurers", 1)


def upload(visitor: Visitor, *files: tuple[str, bytes | str], **fields: str) -> httpx.Response:
    sent = [("files", (name, text.encode() if isinstance(text, str) else text)) for name, text in files]
    given = {"csrf": visitor.token(), "reason": "the title says too little", **fields}
    return visitor.ask("POST", "/processes/upload", data=given, files=sent)


def archive(**files: bytes | str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            out.writestr(name, text)
    return made.getvalue()


def proposal(town: Town, **fields: str) -> tuple[Visitor, str]:
    designer = town.browser("dong_lei")
    answer = upload(designer, ("claims.yaml", CHANGED), **fields)
    assert answer.status_code == 303, answer.text
    return designer, answer.headers["location"].partition("?")[0]


def version(town: Town, name: str = "claims") -> str:
    return town.caseway.definitions.names()[name]


# --- looking ------------------------------------------------------------------------------------------


def test_the_list_says_what_is_in_force_since_when_and_how_many_cases_run(town: Town) -> None:
    town.claim()
    page = town.browser("dong_lei").get("/processes").text
    assert f"/processes/process/claims/{version(town)}" in page and "Dong Lei" in page and "2026-03-02" in page
    assert 'data-label="Open cases">1<' in page and "/processes/calendar/insurer" in page


def test_the_picture_of_a_version_shows_counts_and_times_as_heat(town: Town) -> None:
    for _ in range(3):
        number = town.claim()
        town.settle()
        opened = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
        town.clock.advance(timedelta(hours=2))
        if number.endswith("3"):
            done = CompleteTask(town.task_of(number), "mistaken", {}, "not a claim at all")
            assert isinstance(town.caseway.ask(opened, done, "zhang_min"), Accepted)
    visitor, path = town.browser("dong_lei"), f"/processes/process/claims/{version(town)}"
    counted = visitor.get(f"{path}/picture.svg?heat=count").text
    assert "cases standing there" in counted and 'class="b m"' in counted and ">2</text>" in counted
    timed = visitor.get(f"{path}/picture.svg?heat=time").text
    assert "median time of its tasks" in timed and ">2h</text>" in timed and 'class="warm"' in timed
    assert 'class="warm"' not in visitor.get(f"{path}/picture.svg").text
    page = visitor.get(f"{path}?heat=time").text
    assert f"{path}/picture.svg?l=en&amp;heat=time" in page and "Cases there" in page
    assert visitor.get(f"{path}/picture.svg?heat=other").status_code == 422


def test_a_version_shows_its_files_with_line_numbers_beside_its_picture(town: Town) -> None:
    visitor, path = town.browser("dong_lei"), f"/processes/process/claims/{version(town)}"
    page = visitor.get(path).text
    assert 'id="L1"' in page and "process: claims" in page and f"{path}/picture.svg" in page
    assert "L-22" in page and "in force" in page
    schema = visitor.get(f"{path}?file=schemas/claims.yaml").text
    assert "identity_number" in schema
    drawn = visitor.get(f"{path}/picture.svg")
    assert drawn.headers["content-type"] == "image/svg+xml" and "<svg" in drawn.text
    for kind, name in (("house", "sample_insurer"), ("calendar", "insurer")):
        found = town.caseway.definitions.names(kind)[name]
        assert visitor.get(f"/processes/{kind}/{name}").status_code == 200
        assert visitor.get(f"/processes/{kind}/{name}/{found}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("process/nothing", 404), ("process/claims/00", 404), ("rumour/claims", 422),
        ("process/claims/00/compare/11", 404), ("process/claims/00/picture.svg", 404), ("proposals/00", 404),
        ("edit?path=nowhere.yaml", 404), ("edit", 422),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(town: Town, path: str, status: int) -> None:
    assert town.browser("dong_lei").get(f"/processes/{path}").status_code == status


def test_definitions_are_for_those_who_lead_or_design(town: Town) -> None:
    handler, supervisor = town.browser("chen_wei"), town.browser("lin_xiaoyan")
    assert handler.get("/processes").status_code == 403 and 'href="/processes"' not in handler.get("/").text
    assert supervisor.get("/processes").status_code == 200 and 'href="/processes"' in supervisor.get("/").text
    assert "Propose a new version" not in supervisor.get("/processes").text
    assert upload(supervisor, ("claims.yaml", CHANGED)).status_code == 403


# --- proposing ----------------------------------------------------------------------------------------


def test_a_broken_file_is_told_with_line_column_and_the_nearest_name_and_not_kept(town: Town) -> None:
    visitor = town.browser("dong_lei")
    answer = upload(visitor, ("claims.yaml", BROKEN))
    line = BROKEN.splitlines().index("calendar: insurers") + 1
    assert answer.status_code == 422 and f"claims.yaml:{line}:11" in answer.text
    assert f'href="#f1-L{line}"' in answer.text and f'id="f1-L{line}"' in answer.text
    assert "did you mean" in answer.text
    assert town.caseway.connection.one("SELECT count(*) FROM proposed_deployments")[0] == 0


def test_what_the_deep_checks_doubt_stands_on_the_page_of_the_proposal(town: Town) -> None:
    before, after = "payable > coalesce(reserve, 0) * 2", "payable > reserve * 2"
    assert before in CLAIMS
    designer = town.browser("dong_lei")
    answer = upload(designer, ("claims.yaml", CLAIMS.replace(before, after, 1)))
    assert answer.status_code == 303, answer.text
    page = designer.get(answer.headers["location"].partition("?")[0]).text
    assert "CW621" in page and "on the way start → classify" in page


def test_an_error_that_nothing_catches_keeps_a_proposal_out(town: Town) -> None:
    before = "disputed: {title: {zh: 转争议解决, en: Gone to dispute resolution}, end: disputed}"
    complaint = (SHIPPED / "complaint.yaml").read_text("utf-8")
    assert before in complaint
    changed = complaint.replace(before, before.replace("end: disputed", "fail: payment_rejected"))
    answer = upload(town.browser("dong_lei"), ("complaint.yaml", changed.replace("end.disputed", "end.closed")))
    assert answer.status_code == 422 and "CW685" in answer.text


def test_another_person_approves_and_it_is_in_force(town: Town) -> None:
    before = version(town)
    designer, path = proposal(town)
    page = designer.get(path).text
    assert "another person must approve it" in page and "/approve" not in page
    assert "Claims of all kinds" in page and 'class="changed"' in page
    assert designer.post(f"{path}/approve").status_code == 409 and version(town) == before
    assert "Waiting for approval" in designer.get("/processes").text
    other = town.browser("gu_mingyuan")
    answer = other.post(f"{path}/approve", why="good")
    assert answer.status_code == 303, answer.text
    assert version(town) != before
    deployed = town.caseway.definitions.history("process", "claims")[-1]
    assert deployed.by == "dong_lei, gu_mingyuan" and deployed.version == version(town)
    assert "Dong Lei, Gu Mingyuan" in other.get("/processes/process/claims").text
    assert "Claims of all kinds" in other.get(f"/processes/process/claims/{version(town)}/compare/{before}").text
    assert other.post(f"{path}/approve").status_code == 409  # decided already
    assert len(town.caseway.definitions.history("process", "complaint")) == 1  # what did not change stays


def test_a_proposal_may_come_into_force_later(town: Town) -> None:
    before = version(town)
    _, path = proposal(town, start="2026-03-10T08:00")
    other = town.browser("gu_mingyuan")
    assert other.post(f"{path}/approve").status_code == 303
    assert version(town) == before and "not yet in force" in other.get("/processes/process/claims").text
    town.clock.advance(timedelta(days=7))
    assert version(town) != before


def test_a_proposal_is_turned_down_or_taken_back_with_a_reason(town: Town) -> None:
    designer, path = proposal(town)
    assert designer.post(f"{path}/reject", why=" ").status_code == 409
    assert designer.post(f"{path}/reject", why="a slip").status_code == 303
    assert "turned down" in designer.get(path).text and "a slip" in designer.get(path).text
    assert town.browser("gu_mingyuan").post(f"{path}/approve").status_code == 409


def test_of_two_that_change_the_same_the_second_is_stale(town: Town) -> None:
    designer, first = proposal(town)
    second = upload(designer, ("claims.yaml", CLAIMS + "# more\n")).headers["location"].partition("?")[0]
    other = town.browser("gu_mingyuan")
    assert other.post(f"{first}/approve").status_code == 303
    assert "changed by others since" in other.get(second).text
    assert other.post(f"{second}/approve").status_code == 409


def test_a_supervisor_may_look_at_a_proposal_and_not_decide_it(town: Town) -> None:
    _, path = proposal(town)
    supervisor = town.browser("lin_xiaoyan")
    assert supervisor.get(path).status_code == 200 and "Approve" not in supervisor.get(path).text
    assert supervisor.post(f"{path}/approve").status_code == 403


def test_the_text_is_changed_on_the_page_itself(town: Town) -> None:
    visitor = town.browser("dong_lei")
    assert "process: claims" in visitor.get("/processes/edit?path=claims.yaml").text

    def send(to: str, **fields: str) -> httpx.Response:
        given = {"csrf": visitor.token(), "path": "claims.yaml", "reason": "why", **fields}
        return visitor.ask("POST", f"/processes/{to}", data=given)

    broken = send("upload", text=BROKEN)
    assert broken.status_code == 422 and "Back to the text" in broken.text
    assert "calendar: insurers" in send("edit", text=BROKEN).text
    assert send("upload", text=CHANGED, reason="").status_code == 422
    assert send("upload", text="x", path="../../etc/passwd").status_code == 404
    assert send("upload", text=CHANGED.replace("\n", "\r\n")).status_code == 303


def test_several_files_find_their_places(town: Town) -> None:
    schema = (SHIPPED / "schemas" / "claims.yaml").read_text("utf-8") + "# one more line\n"
    table = (SHIPPED / "decisions" / "claim_class.csv").read_text("utf-8")
    notice = (SHIPPED / "notices" / "clock_near.yaml").read_text("utf-8") + "# here too\n"
    visitor = town.browser("dong_lei")
    answer = upload(visitor, ("claims.yaml", CHANGED), ("claim_class.csv", table), ("clock_near.yaml", notice))
    assert answer.status_code == 303, answer.text
    page = visitor.get(answer.headers["location"]).text
    assert "notices/clock_near.yaml" in page and "Complaint" in page  # which uses the same notice
    schemas = upload(visitor, ("claims.yaml", schema))
    assert schemas.status_code == 303 and "schemas/claims.yaml" in visitor.get(schemas.headers["location"]).text


def test_an_archive_brings_its_folders(town: Town) -> None:
    visitor = town.browser("dong_lei")
    files: dict[str, Any] = {
        "processes/claims.yaml": CHANGED, "processes/scenarios/one.yaml": "x: 1", "__MACOSX/._claims.yaml": "x",
        "processes/schemas/claims.yaml": (SHIPPED / "schemas" / "claims.yaml").read_text("utf-8") + "# more\n",
    }  # fmt: skip
    answer = upload(visitor, ("processes.zip", archive(**files)))
    assert answer.status_code == 303, answer.text
    assert "schemas/claims.yaml" in visitor.get(answer.headers["location"]).text


BOMB = archive(**{"claims.yaml": b"#" * 60_000_000})
MANY = archive(**{f"notices/n{index}.yaml": "x: 1" for index in range(300)})


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("claims.yaml", b"process: [", "claims.yaml:2:1"),
        ("claims.yaml", "process: claims\ntitle: &a {zh: 甲, en: A}\n", "CW011"),
        ("claims.yaml", "process: claims\n".encode("utf-16"), "UTF-16"),
        ("claims.yaml", b"process: claims\n\xff\xfe", "CW001"),
        ("claims.yaml", b"process: claims\n\x00", "CW003"),
        ("claims.yaml", b"process: claims\n#" + b"x" * 1_100_000, "too large"),
        ("claims.yaml", "process: claims\nx: " + "[" * 500, "CW002"),
        ("claims.yaml", CLAIMS, "in force already"),
        ("what.yaml", b"hello: there", "does not show"),
        ("rates.csv", b"a,b\n1,2\n", "No process uses these files: decisions/rates.csv"),
        ("../claims.exe", b"MZ", "cannot be taken"),
        ("p.zip", b"PK\x03\x04 no archive", "cannot be taken"),
        ("p.zip", BOMB, "too large"),
        ("p.zip", MANY, "Too many files"),
        ("p.zip", archive(**{"../../claims.yaml": "x"}), "cannot be taken"),
        ("p.zip", archive(**{"/etc/claims.yaml": "x"}), "cannot be taken"),
        ("empty.yaml", b"", "does not show"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_in_words(town: Town, name: str, content: bytes | str, says: str) -> None:
    answer = upload(town.browser("dong_lei"), (name, content))
    assert answer.status_code == 422 and says in answer.text
    assert town.caseway.connection.one("SELECT count(*) FROM proposed_deployments")[0] == 0


def test_no_file_no_reason_and_a_start_in_the_past_are_refused(town: Town) -> None:
    visitor = town.browser("dong_lei")
    assert "Choose files first" in upload(visitor).text
    assert "Say why" in upload(visitor, ("claims.yaml", CHANGED), reason=" ").text
    assert "from now on" in upload(visitor, ("claims.yaml", CHANGED), start="2020-01-01T00:00").text
    assert "cannot be read" in upload(visitor, ("claims.yaml", CHANGED), start="soon").text


def test_a_body_of_ten_megabytes_is_refused(town: Town) -> None:
    assert upload(town.browser("dong_lei"), ("claims.yaml", b"#" * 10_000_000)).status_code == 413


# --- the same for programs ----------------------------------------------------------------------------


def test_the_api_proposes_compares_and_deploys(town: Town) -> None:
    designer, other, handler = (Program(town, user) for user in ("dong_lei", "gu_mingyuan", "chen_wei"))
    before = version(town)
    listed = designer.get("/processes").json()["definitions"]
    assert {one["name"] for one in listed} >= {"claims", "complaint", "insurer", "sample_insurer"}
    found = designer.get(f"/processes/process/claims/{before}").json()
    assert found["path"] == "claims.yaml" and found["files"][0]["lines"][2].startswith("process: claims")
    broken = designer.post("/proposals", {"reason": "why", "files": {"claims.yaml": BROKEN}})
    assert broken.status_code == 422 and broken.json()["problems"][0]["line"] > 1
    assert designer.post("/proposals", {"reason": "why", "files": {"../x.yaml": ""}}).json()["code"] == "upload.name"
    made = designer.post("/proposals", {"reason": "why", "files": {"claims.yaml": CHANGED}})
    assert made.status_code == 201, made.text
    path = f"/proposals/{made.json()['id']}"
    town.clock.advance(timedelta(seconds=1))
    again = designer.post("/proposals", {"reason": "again", "files": {"claims.yaml": CHANGED + "# 2\n"}}).json()["id"]
    first = designer.get("/proposals?limit=1").json()
    assert [one["id"] for one in first["proposals"]] == [again]
    then = designer.get(f"/proposals?limit=1&after={first['next']}").json()
    assert ([one["id"] for one in then["proposals"]], then["next"]) == ([made.json()["id"]], None)
    assert Program(town, "gu_mingyuan").post(f"/proposals/{again}/reject", {"why": "no"}).status_code == 200
    assert [one["id"] for one in designer.get("/proposals?which=decided").json()["proposals"]] == [again]
    assert "turned down" in town.browser("dong_lei").get("/processes?which=decided").text
    assert designer.get("/proposals").json()["proposals"][0]["definitions"][0]["before"] == before
    assert designer.post(f"{path}/approve").json()["code"] == "proposal.own"
    assert other.get(path).json()["changes"][0]["path"] == "claims.yaml"
    assert other.post(f"{path}/approve").json()["state"] == "approved"
    assert designer.get(f"/processes/process/claims/{version(town)}/compare/{before}").json()[0]["added"] == 1
    assert [one["in_force"] for one in designer.get("/processes/process/claims").json()["versions"]] == [True, False]
    for refused in (handler.get("/processes"), handler.get(path), handler.post(f"{path}/approve")):
        assert refused.status_code == 403


def test_the_api_says_what_one_may_start(town: Town) -> None:
    found = {one["process"]: one for one in Program(town, "lu_yao").get("/start").json()["processes"]}
    assert set(found) >= {"claims", "complaint"}
    assert any(field["name"] == "policy_number" and field["required"] for field in found["claims"]["fields"])


# --- tables in words ------------------------------------------------------------------------------------


def test_tables_are_compared_in_words_whatever_kind_of_file_holds_them(town: Town) -> None:
    path = "decisions/complaint_grade.csv"
    before = (SHIPPED / path).read_text("utf-8")
    *head, last = before.rstrip().split("\n")
    found = change(path, before.encode(), "\n".join(head).encode())
    assert found is not None and found.sides and found.words[0].en.startswith(f"rule {len(head) - 1} is taken away")
    sheets = [written(load(text.encode(), path), ".xlsx") for text in (before, "\n".join(head))]
    other = change("decisions/complaint_grade.xlsx", *sheets)
    assert other is not None and not other.sides and other.words == found.words
    none = change("decisions/complaint_grade.xlsx", sheets[0], b"no sheet at all")
    assert none is not None and none.words == []
    designer = town.browser("dong_lei", "zh")
    answer = upload(designer, (path, "\n".join([*head, last.replace("40", "45")])))
    assert "决策表的变化" in designer.get(answer.headers["location"]).text
