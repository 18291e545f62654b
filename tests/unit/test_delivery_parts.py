"""The parts of delivery without a store: hours, channels.yaml, addresses, what is blotted out."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bootstrap import shipped
from engine.language.files import Bundle
from engine.language.notices import _looked
from engine.language.problems import DefinitionError
from engine.language.source import read
from notices.channels import Channel, Channels, channels_of
from notices.dispatches import NotSent
from notices.hours import next_digest, next_time
from notices.people import Around, address_of
from notices.preferences import Preference
from notices.sending import blotted, check
from notices.wording import Message, Unworded, message, together, wording_of
from organisation.load import build
from sla.calendar_files import load_calendar
from tools.examples import DOCS

SHANGHAI = ZoneInfo("Asia/Shanghai")
GOOD = """
channels:
  mail: {url: "mailtos://a:b@mail.example.com?from=a@example.com&to={address}", contact: email}
  room: {url: "wecombot://0123456789", for: [role.director]}
"""


def at(text: str) -> datetime:
    """A moment of 2026 in Shanghai: 03-03 10:00."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "then"),
    [
        ("any", "03-03 23:00", "03-03 23:00"),
        ("working", "03-03 09:00", "03-03 09:00"),
        ("working", "03-03 08:59", "03-03 09:00"),
        ("working", "03-03 12:30", "03-03 13:00"),
        ("working", "03-06 17:30", "03-09 09:00"),  # Friday evening
        ("working", "09-30 20:00", "10-08 09:00"),  # the National Day's holidays
        ("08:00-21:00", "03-03 21:00", "03-04 08:00"),
        ("08:00-24:00", "03-03 23:59", "03-03 23:59"),
        ("22:00-06:00", "03-03 05:59", "03-03 05:59"),
        ("22:00-06:00", "03-03 06:00", "03-03 22:00"),
    ],
)
def test_hours_say_when_somebody_may_be_told(hours: str, now: str, then: str) -> None:
    calendar = load_calendar(read(shipped().read("calendars/insurer.yaml"), "insurer.yaml").value)
    assert next_time(hours, at(now), ZoneInfo("UTC") if hours == "working" else SHANGHAI, calendar) == at(then)
    assert next_time("working", at(now), SHANGHAI) == at(now)  # without a calendar nobody knows


def test_a_digest_comes_at_its_next_time_of_day() -> None:
    assert next_digest("09:00", at("03-03 08:59"), SHANGHAI) == at("03-03 09:00")
    assert next_digest("09:00", at("03-03 09:00"), SHANGHAI) == at("03-04 09:00")


def written(folder: Path, text: str, mode: int = 0o600) -> Channels | None:
    path = folder / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return channels_of(folder)


def test_channels_are_read_and_a_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    assert channels_of(tmp_path) is None
    found = written(tmp_path, GOOD)
    assert found is not None and found.staff == ("mail",) and found.warnings == ()
    assert found.channels["room"].rooms == {"role.director"} and list(found.personal) == ["mail"]
    check(found.channels.values())
    loose = written(tmp_path, GOOD, 0o640)
    assert loose is not None and "chmod 600" in loose.warnings[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("mail.example.com", "{address}"), "where the host does"),
        (GOOD.replace("mail.example.com", "{address}:25"), "where the host does"),
        (GOOD.replace("&to={address}", ""), "{address} in the url"),
        (GOOD.replace("0123456789", "{address}"), "where the host does"),
        (GOOD.replace(", contact: email", ""), "`contact` for people, or `for` for a room"),
        (GOOD + "staff: {channels: [room]}", "no channel room with an address"),
        (GOOD + "customer: {channels: {sms: [phone]}}", "no channel sms"),
        (GOOD + "staff: {hours: 8-20}", "working, any or hours"),
        (GOOD + "stuff: {}", "unknown key 'stuff'"),
    ],
)
def test_a_wrong_file_is_refused_without_telling_what_it_holds(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises((DefinitionError, ValueError), match=said.replace("{", r"\{")) as refused:
        written(tmp_path, wrong)
    assert "a:b@" not in str(refused.value)


def test_what_the_documents_show_can_be_used(tmp_path: Path) -> None:
    shown = re.findall(r"^```yaml\n(channels:.*?)^```", (DOCS / "delivery.md").read_text("utf-8"), re.M | re.S)
    assert len(shown) == 2
    for text in shown:
        found = written(tmp_path, text)
        assert found is not None
        check(found.channels.values())


def test_a_url_that_apprise_does_not_know_is_refused_when_delivery_begins() -> None:
    with pytest.raises(ValueError, match=r"room: apprise does not know"):
        check([Channel("room", {}, "nothing://key", rooms=frozenset({"role.x"}))])


@pytest.mark.parametrize(
    "text",
    [
        "a@b.cn,c@d.cn",
        "a@b.cn\nBcc: c@d.cn",
        "a@b.cn c@d.cn",
        "../../admin",
        "x?to=y",
        "a@b@c",
        "",
        " ",
        "a&b",
        "<a@b.cn>",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    channels = Channels({"mail": Channel("mail", {}, "json://h/{address}", "email")}, customer={"mail": ("email",)})
    people = build({"users": {"li": {"name": "李", "contact": {"email": text}}}}, 1)
    around = Around(channels, people, {}, None, SHANGHAI)
    assert address_of("user.li", "mail", {}, around) == ""
    assert address_of("customer", "mail", {"email": text}, around) == ""


def test_what_people_choose_is_looked_at() -> None:
    assert Preference(("mail",), "zh", "09:00", "08:00-20:00").misfits(["mail"], ["zh"]) == []
    wrong = Preference(("fax",), "fr", "9", "always")
    assert wrong.misfits(["mail"], ["zh"]) == ["channels", "language", "digest", "hours"]


def test_a_subject_is_plain_and_a_body_escaped() -> None:
    file = b"urgent: true\nsubject: {zh: '{{ who }}', en: x}\nbody: {zh: '<p>{{ who }}</p>', en: x}"
    found = wording_of("told", Bundle({"notices/told.yaml": file}), ("zh", "en"))
    made = message(found, {"who": "<b>A&B</b>"}, "zh", "UTC")
    assert found.urgent and made == Message("<b>A&B</b>", "<p>&lt;b&gt;A&amp;B&lt;/b&gt;</p>")
    both = together([made, made], "zh")
    assert both.subject == "2 条通知" and "<h3>&lt;b&gt;A&amp;B&lt;/b&gt;</h3>" in both.body
    with pytest.raises(Unworded, match="who is not set"):
        message(found, {}, "zh", "UTC")


def test_urgent_is_true_or_false() -> None:
    _, problems = _looked(b"urgent: soon\nsubject: x\nbody: y", "notices/told.yaml")
    assert [(one.code, one.line) for one in problems] == [("CW101", 1)]


def test_no_part_of_a_channels_address_is_left_in_an_error() -> None:
    channel = Channel("sms", {}, "json://robot:p%40ss@sms.example.com/v2/tok3nABC/{address}?+X-Key=sesame1", "phone")
    said = "robot p@ss tok3nABC sesame1 at sms.example.com refused 13800000000"
    assert blotted(said, channel, "13800000000") == "*** *** *** *** at *** refused ***"
    assert NotSent("甲", "a").kept == '{"zh": "甲", "en": "a"}'
