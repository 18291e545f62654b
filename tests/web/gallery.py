"""Every page with something on it: a small insurer after some weeks of work, and the table of its pages.

The axe tests look at each of them, and `tools.screenshots` takes their pictures. The weeks are those of the main job,
with a seed of its own, ended on a fixed Monday morning; what rarely happens (a proposal, broken glass, an account that
is locked) is done afterwards by hand.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from bootstrap import Caseway, Home
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.hooks import Calls, Tried
from notices.dispatches import Dispatches, NotSent
from notices.people import Way
from tests.support.adhoc import written
from tests.support.samples import PDF, photo
from tests.web.conftest import CHEAP, PASSWORD, Town
from tests.web.test_admin import fail, send, whole
from tests.web.test_papers import link, sent
from tests.web.test_processes import CHANGED, CLAIMS, upload
from web.absences import note
from web.app import create_app
from web.desk import Desk
from web.kin import places
from web.opened import Opened
from web.reach import fault
from web.webhooks import Webhooks
from workbench.quarter import Quarter

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai
DAYS, SEED, COUNTS = 24, 7, {"claims": 90, "complaints": 40}
SIZES: Mapping[str, Mapping[str, int]] = {
    "wide": {"width": 1280, "height": 900},
    "phone": {"width": 390, "height": 844},
}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}

PAGES: Mapping[str, tuple[str, str]] = {
    "sign-in": ("", "/sign-in"),
    "inbox": ("chen_wei", "/"),
    "tasks": ("chen_wei", "/tasks"),
    "task": ("chen_wei", "/tasks/{number}/{task}"),
    "task-to-take": ("lu_yao", "/tasks/{free}"),
    "cases": ("lin_xiaoyan", "/cases"),
    "case": ("lin_xiaoyan", "/cases/{number}"),
    "case-masked": ("fang_qi", "/cases/{masked}"),
    "case-adhoc": ("chen_wei", "/cases/{scene}"),
    "case-comments": ("lin_xiaoyan", "/cases/{number}/comments"),
    "case-correct": ("lin_xiaoyan", "/cases/{number}/correct"),
    "case-move": ("lin_xiaoyan", "/cases/{number}/move"),
    "case-move-preview": ("lin_xiaoyan", "/cases/{number}/move?token={place}&target={target}"),
    "case-merge": ("lin_xiaoyan", "/cases/{masked}/merge?other={number}"),
    "case-papers": ("chen_wei", "/cases/{number}/papers"),
    "case-file": ("chen_wei", "/cases/{number}/files/1?show=true"),
    "case-documents": ("chen_wei", "/cases/{number}/documents"),
    "case-document": ("chen_wei", "/cases/{number}/documents/{document}"),
    "case-glass": ("fang_qi", "/cases/{masked}/glass"),
    "start": ("lu_yao", "/start"),
    "start-form": ("lu_yao", "/start/claims"),
    "floor": ("zhou_jianguo", "/floor"),
    "reports": ("lin_xiaoyan", "/reports/compliance?period=2026-Q1"),
    "reports-steps": ("gu_mingyuan", "/reports/steps?period=2026-Q1&process=claims"),
    "reports-late": ("gu_mingyuan", "/reports/breaches?period=2026-Q1"),
    "reports-open": ("gu_mingyuan", "/reports/open"),
    "reports-figures": ("lin_xiaoyan", "/reports/figures"),
    "floor-tasks": ("lin_xiaoyan", "/floor/tasks?queue=intake"),
    "floor-breaches": ("gu_mingyuan", "/floor/breaches"),
    "floor-likely": ("gu_mingyuan", "/floor/likely"),
    "reading": ("yu_siqi", "/reading"),
    "reading-looks": ("yu_siqi", "/reading?show=looks"),
    "processes": ("dong_lei", "/processes"),
    "process": ("dong_lei", "/processes/process/claims"),
    "process-version": ("dong_lei", "/processes/process/claims/{version}"),
    "process-compare": ("dong_lei", "/processes/process/claims/{version}/compare/{before}"),
    "process-migrations": ("dong_lei", "/processes/migrations/claims"),
    "process-migration": ("gu_mingyuan", "{migration}"),
    "process-edit": ("dong_lei", "/processes/edit?path=complaint.yaml"),
    "process-try": ("dong_lei", "/processes/try/claims/{version}"),
    "process-trial": ("dong_lei", "/processes/try/claims/{version}?trial={trial}"),
    "process-proposal": ("gu_mingyuan", "{proposal}"),
    "admin": ("dong_lei", "/admin"),
    "admin-people": ("dong_lei", "/admin/people"),
    "admin-person": ("dong_lei", "/admin/people/chen_wei"),
    "admin-queues": ("dong_lei", "/admin/queues"),
    "admin-groups": ("dong_lei", "/admin/groups"),
    "admin-authority": ("dong_lei", "/admin/authority"),
    "admin-absences": ("dong_lei", "/admin/absences"),
    "absence": ("dong_lei", "/absences/{absence}"),
    "admin-changes": ("gu_mingyuan", "/admin/changes"),
    "admin-file": ("dong_lei", "/admin/file"),
    "admin-tokens": ("dong_lei", "/admin/tokens"),
    "admin-webhooks": ("dong_lei", "/admin/webhooks"),
    "admin-webhook": ("dong_lei", "/admin/webhooks/{hook}"),
    "admin-notices": ("dong_lei", "/admin/notices"),
    "admin-retention": ("dong_lei", "/admin/retention?on=2040-01-01"),
    "admin-calendar": ("dong_lei", "/admin/calendars/insurer/2026"),
    "admin-incidents": ("dong_lei", "/admin/incidents"),
    "account": ("chen_wei", "/account"),
    "account-second-factor": ("gu_mingyuan", "/account/second-factor"),
    "error": ("chen_wei", "/cases/LP-2026-999999"),
    "customer": ("", "{customer}"),
    "customer-letter": ("", "{customer}/documents/{document}"),
}
"""Each page: who looks at it, and where it is; what stands in braces is `Gallery.named`."""
NEW = (
    ("刘建军", "PM2026000311", "motor", "collision", "停车场倒车时与立柱相撞，后保险杠受损", 3200),
    ("孙晓梅", "PH2026000127", "health", "illness", "急性阑尾炎住院手术，已出院", 12480),
    ("吴国强", "PP2026000042", "property", "fire", "厨房起火，橱柜与家电受损", 46000),
    ("郑雅琴", "PA2026000208", "accident", "injury", "下楼时摔倒，右腕骨折", 8900),
    ("何志远", "PM2026000355", "motor", "other", "高速行驶中前挡风玻璃被石子击裂", 1850),
)
"""Who has just reported a claim: name, policy, line, event, what happened, amount."""

ARCHIVE = (
    "https://archive.example.org/hook",
    ["case.started", "case.ended", "task.opened", "task.completed"],
    "档案系统",
)
"""What listens: its URL, what it is told of, and its name."""
REPORTED: dict[str, Any] = {
    "at": "2026-03-02T09:00", "by": "lu_yao",
    "data.channel": "phone", "data.reported_at": "2026-03-02T08:40", "data.policy_number": "PM2026000266",
    "data.customer_name": "王小明", "data.customer_phone": "13800000000", "data.line": "motor",
    "data.event": "collision", "data.loss_date": "2026-03-01", "data.description": "追尾",
    "data.claimed_amount": "8000", "data.identity_number": "11010119900101123X",
}  # fmt: skip
"""A claim that is tried out."""
CHANNELS = """
channels:
  mail: {title: {zh: 邮件, en: Mail}, url: "mailto://a:b@127.0.0.1:9?from=a@example.com&to={address}", contact: email}
  sms: {title: {zh: 短信, en: SMS}, url: "json://127.0.0.1:9/{address}", contact: phone, short: true}
  wecom: {title: {zh: 企业微信, en: WeCom}, url: "json://127.0.0.1:9/wecom/{address}", contact: wecom}
customer: {channels: {mail: [customer_email], sms: [customer_phone]}}
"""
"""By which ways notices leave the house."""
REFUSED = (
    "渠道 {channel} 发送失败（Socket Exception: (550, b'no such mailbox ***')）",
    "{channel} did not take it (Socket Exception: (550, b'no such mailbox ***'))",
)
MOVE = "migration: claims\nto: in_force\nreason: {zh: 时限按新规, en: new limits}\n"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


@dataclass(frozen=True)
class Gallery:
    """The insurer, and what the paths of its pages name."""

    town: Town
    named: Mapping[str, str]

    def path(self, page: str) -> str:
        return PAGES[page][1].format_map(self.named)

    def session(self, user: str) -> str:
        """The cookie of somebody who has just signed in."""
        app, connection = self.town.app, self.town.caseway.connection
        accounts, session = app.state.accounts, app.state.sessions.begin(self.town.clock.now(), user)
        assert accounts.sessions.open(session, accounts.generation(connection, user), "192.0.2.7", FIREFOX)
        return str(app.state.sessions.write(session))

    def look(self, browser: Any, address: str, user: str, size: str, language: str) -> Any:
        """A tab of somebody who has signed in, or of nobody."""
        context = browser.new_context(viewport=SIZES[size], locale=LOCALES[language], base_url=address)
        if user:
            context.add_cookies([{"name": "caseway", "value": self.session(user), "url": address}])
        return context.new_page()


@contextmanager
def gallery(folder: Path) -> Iterator[Gallery]:
    """The insurer, made in an empty folder."""
    quarter = Quarter(
        folder / "house",
        days=DAYS,
        seed=SEED,
        claims=COUNTS["claims"],
        complaints=COUNTS["complaints"],
        out=Console(file=StringIO()),
    )
    quarter.begin, quarter.end = MONDAY - timedelta(days=DAYS), MONDAY
    quarter.run()
    ways = folder / "house" / "channels.yaml"
    ways.write_text(CHANNELS, encoding="utf-8")
    ways.chmod(0o600)
    clock = VirtualClock(MONDAY)
    with Caseway(Home(folder / "house"), clock) as caseway:
        app = create_app(caseway, hasher=CHEAP)
        app.state.accounts.set_passwords(list(caseway.directory.users), PASSWORD, "system")
        try:
            caseway.collector.run(MONDAY)
            caseway.forecaster.run(MONDAY)
            yield furnished(Town(caseway, clock, app), folder)
        finally:
            app.state.live.close()
            app.state.desks.close()


def furnished(town: Town, folder: Path) -> Gallery:
    """The installation, with something on every page; `folder` is for what is deployed."""
    _arrangements(town, folder)
    _undelivered(town)
    listening = Webhooks(town.caseway).add(*ARCHIVE, "dong_lei")[0]
    return Gallery(town, _cases(town) | _definitions(town) | _told(town, listening))


def _cases(town: Town) -> dict[str, str]:
    number = town.claim(policy_number="PM2026000266", reported_at="2026-03-02T08:40:00+08:00", loss_date="2026-03-01")
    for name, policy, line, event, what, amount in NEW:
        masked = town.claim(
            customer_name=name, policy_number=policy, line=line, event=event, description=what, claimed_amount=amount,
            reported_at="2026-03-02T08:55:00+08:00", loss_date="2026-03-01",
        )  # fmt: skip
    free = f"{masked}/{town.task_of(masked)}"
    town.settle()
    handler = town.browser("chen_wei", "zh")
    handler.post(f"/tasks/{number}/{town.task_of(number)}/claim")
    sent(
        handler,
        f"/cases/{number}/papers/upload",
        ("现场照片.png", photo()),
        ("理赔申请书.pdf", PDF),
        paper="claim_form",
    )
    customer = link(handler, number)
    stranger = town.browser("shi_lei", "zh")
    assert stranger.post(f"/cases/{masked}/glass", reason="客户在柜台，经办人今日休假").status_code == 303
    said = {"text": "客户来电：车辆已拖至修理厂，下午可查勘。"}
    assert handler.post(f"/cases/{number}/comment", **said).status_code == 303
    place = places(Opened(Desk(town.caseway, "lin_xiaoyan", "zh"), number))[0]
    return {
        "absence": _absence(town), "scene": _scene(town), "place": str(place.token), "target": place.targets[-1][0],
        "number": number,
        "task": str(town.task_of(number)), "free": free, "masked": masked, "customer": customer,
        "document": handler.get(f"/api/cases/{number}/documents").json()["documents"][0]["document"],
    }  # fmt: skip


def _scene(town: Town) -> str:
    """A case in an ad-hoc block, in which one step is open."""
    caseway = town.caseway
    caseway.deploy(written(caseway.home.processes), "dong_lei")
    begun = caseway.start(StartCase("incident_command", {}), "chen_wei")
    assert isinstance(begun, Accepted), begun
    handler, path = town.browser("chen_wei", "zh"), f"/cases/{begun.number}"
    task = f"/tasks/{begun.number}/{town.task_of(begun.number)}"
    assert handler.post(f"{task}/complete", revision="1").status_code == 303
    block = handler.get(f"/api{path}").json()["blocks"][0]
    assert handler.post(f"{path}/begin", token=block["token"], step="photo").status_code == 303
    return begun.number


def _absence(town: Town) -> str:
    """Of somebody who has work in hand."""
    given = {"user": "chen_wei", "from": "2026-03-09", "to": "2026-03-13", "substitute": "liu_yang"}
    return str(note(Desk(town.caseway, "dong_lei", "zh"), given).key)


def _told(town: Town, hook: str) -> dict[str, str]:
    """What a webhook was told: some calls came to their receiver, one was given up, one will be tried again."""
    calls = Calls(town.caseway.runner)
    gone, failed, *heard = calls.take(town.clock.now())
    tried = [
        Tried(gone, None, fault(httpx.ConnectError("connection refused")).kept, gone=True),
        Tried(failed, 503, "answered 503"),
    ]
    calls.report([*tried, *(Tried(one, 204) for one in heard)], town.clock.now())
    town.caseway.runner.write(lambda c: c.run("UPDATE webhooks SET stopped_at = NULL, stopped_why = NULL"))
    Webhooks(town.caseway).ping(hook)
    return {"hook": hook}


def _undelivered(town: Town) -> None:
    """Notices of the last weeks: those that a mail server refused, one without an address, one still to be sent."""
    now, found = town.clock.now(), Dispatches(town.caseway.runner)
    for index, notice in enumerate(found.outbox.take(now, 7)):
        case = town.caseway.connection.one("SELECT number FROM cases WHERE id = ?", (notice.case,))
        channel = ("mail", "mail", "sms", "")[index % 4]
        to = next((one for one in notice.to if one.startswith("user.") or one == "customer"), "user.chen_wei")
        found.spread(notice, case[0] if case is not None else "", False, [Way(to, channel, now)], now)
    for index, lot in enumerate(found.take(now)):
        zh, en = (text.format(channel=lot.leader.channel) for text in REFUSED)
        found.failed(lot, NotSent(zh, en, final=index % 2 == 0), now)


def _definitions(town: Town) -> dict[str, str]:
    before = town.caseway.definitions.names()["claims"]
    designer, other = town.browser("dong_lei", "zh"), town.browser("gu_mingyuan", "zh")
    first = _proposed(upload(designer, ("claims.yaml", CHANGED), reason="标题更清楚"))
    assert other.post(f"{first}/approve", why="同意").status_code == 303
    changed = CHANGED.replace("limit: 48h", "limit: 24h", 1)
    assert CLAIMS != CHANGED != changed
    waiting = _proposed(upload(designer, ("claims.yaml", changed), reason="按手册新规缩短时限"))
    moving = designer.post("/processes/migrations/claims", text=MOVE, what="propose")
    version = town.caseway.definitions.names()["claims"]
    tried = designer.post(f"/processes/try/claims/{version}", what="start", **REPORTED)
    trial = re.search(r'name="trial" value="([^"]+)"', tried.text)
    assert trial is not None, tried.text
    return {
        "trial": trial[1], "before": before, "version": version, "proposal": waiting,
        "migration": _proposed(moving),
    }  # fmt: skip


def _proposed(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def _arrangements(town: Town, folder: Path) -> None:
    fail(town, folder, 3)
    admin = town.browser("dong_lei", "zh")
    away = {"user": "wang_fang", "from": "2026-03-03", "to": "2026-03-06", "substitute": "zhang_min"}
    send(admin, "absences", **away, processes="claims")
    send(admin, "absences", **{"user": "jin_tao", "from": "2026-03-09", "to": "2026-03-13"})
    roles = {"roles": ["officer", "supervisor"], "reason": "通过年度考评，拟任主管"}
    send(admin, "people/liu_yang", **whole(town, "liu_yang", **roles))
    for title in ("夜间报表", "数据仓库"):
        town.app.state.accounts.issue("yu_siqi", title)
    for _ in range(5):
        town.browser().post("/sign-in", user="fan_xiang", password="wrong")
    town.app.state.accounts.factors.begin(town.caseway.connection, "gu_mingyuan")
