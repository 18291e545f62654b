"""`notice` and the worker that delivers: at the command line, to a mail server that runs."""

from pathlib import Path

from tests.cli.conftest import Caseway
from tests.support.outside import mail_server


def channels(house: Path, url: str, mode: int = 0o600) -> None:
    path = house / "channels.yaml"
    path.write_text(
        f'channels:\n  mail: {{url: "{url}", contact: email}}\ncustomer: {{channels: {{mail: [customer_email]}}}}\n',
        encoding="utf-8",
    )
    path.chmod(mode)


def test_the_worker_delivers_and_what_does_not_arrive_is_listed_and_tried_again(caseway: Caseway, house: Path) -> None:
    with mail_server() as box:
        channels(house, box.url(), 0o644)
        worked = caseway("worker", "--once")
        assert worked.code == 0 and "chmod 600" in worked.err and "tr0mbone" not in worked.err
        dead = caseway("notice", "list", "--json").json
        assert dead and {(one["recipient"], one["channel"]) for one in dead} >= {("customer", "")}
        assert "没有可以告知的人" in dead[0]["error"] and box.taken == []
        assert "no address of theirs" in caseway("notice", "list", "--lang", "en", "--json").json[0]["error"]
        one = next(found for found in dead if found["recipient"] == "customer")
        again = caseway("notice", "retry", one["id"], "--as", "dong_lei")
        assert again.code == 0 and "1 to be sent again" in again.out
        assert caseway("notice", "retry", one["id"], "nothing", "--as", "dong_lei").code == 1
        assert len(caseway("notice", "list", "--json").json) == len(dead) - 1
        assert caseway("worker", "--once").code == 0
        assert one["id"] in [found["id"] for found in caseway("notice", "list", "--json").json]
        everybody = caseway("notice", "retry", "--recipient", "customer", "--as", "dong_lei", "--json")
        assert one["id"] in everybody.json["again"]
        assert caseway("notice", "list", "--state", "sent", "--case", one["number"]).code == 0


def test_a_wrong_channels_file_stops_the_worker_with_the_reason(caseway: Caseway, house: Path) -> None:
    channels(house, "mailto://a:tr0mbone@{address}?from=a@example.com")
    worked = caseway("worker", "--once")
    assert worked.code == 2 and "where the host does" in worked.err and "tr0mbone" not in worked.err
    (house / "channels.yaml").write_text("channel: {}", encoding="utf-8")
    assert caseway("worker", "--once").code == 2
