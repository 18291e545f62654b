"""Plausible files as an insurer's systems export them: policies, reported claims, complaints; seeded.

Names, numbers and texts are invented. Among the rows are what real files hold: claims of one event reported twice,
policies that have lapsed or that nobody knows, large amounts, and rows that are simply wrong.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀英 建华 志强 雨欣 浩然 子涵 国庆 玉兰 海燕 文博 思远"
).split()
PLACES = (
    "朝阳区建国路 浦东新区世纪大道 天河区体育西路 武侯区科华北路 鼓楼区中山北路 雁塔区高新路 西湖区文三路"
).split()
CLAIM_COLUMNS = (
    "报案渠道 报案时间 保单号 被保险人 联系电话 身份证号 出险原因 出险日期 出险地点 出险经过 索赔金额 "
    "有人身伤亡 客户情况紧急 险种"
).split()
COMPLAINT_COLUMNS = "投诉渠道 收到时间 投诉人 联系电话 客户类型 投诉内容 多人共同投诉 监管转办编号".split()
LINES = {
    "motor": ("PM", "机动车商业保险", ("collision", "theft", "third_party", "natural_disaster"), "500.00", "500000.00"),
    "health": ("PH", "住院医疗保险", ("illness", "major_illness", "injury"), "0.00", "600000.00"),
    "accident": ("PA", "综合意外保险", ("injury", "death", "collision"), "100.00", "300000.00"),
    "property": ("PP", "家庭财产保险", ("fire", "natural_disaster", "theft"), "1000.00", "1500000.00"),
}
HAPPENED = {
    "collision": "车辆在路口与他车相撞，前保险杠及大灯受损。",
    "theft": "夜间停放期间财物被盗，已报警。",
    "fire": "厨房电器起火，过火面积约十平方米。",
    "natural_disaster": "暴雨内涝，财产被水浸泡。",
    "illness": "因病住院治疗，费用已结算。",
    "major_illness": "确诊重大疾病，正在住院治疗。",
    "injury": "意外摔伤骨折，门诊后住院。",
    "death": "被保险人意外身故，受益人报案。",
    "third_party": "追尾前车，致对方车辆损坏。",
}
GRIEVANCES = {
    "claim": ("理赔进度慢，报案后多日无人联系。", "对定损金额有异议，要求重新核定。", "材料反复补充，说法不一。"),
    "service": ("客服电话长时间占线，态度生硬。", "网点办理等待超过一小时。"),
    "product": ("条款说明不清，投保时未提示免责。", "到期收益与宣传不符。"),
    "application": ("投保单信息录入错误，迟迟未更正。", "未经同意被加保附加险。"),
}
CHANNELS = ("phone", "web", "counter", "app", "agent")


@dataclass(frozen=True, slots=True)
class Policy:
    number: str
    line: str
    insured: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Sampler:
    """Makes the files for a period. `first` and `last` are its days; `zone` is written as an offset-free local time."""

    chance: random.Random
    first: date
    last: date

    def policies(self, path: Path, count: int) -> list[Policy]:
        """Writes a policy table; a few have lapsed or are not paid."""
        made = []
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(
                "number line product insured start end paid_until waiting_days events exclusions deductible "
                "sum_insured paid_out".split()
            )
            for index in range(count):
                line = self.chance.choice(list(LINES))
                prefix, product, events, deductible, insured_sum = LINES[line]
                start = self.first - timedelta(self.chance.randrange(60, 300))
                end = start + timedelta(365)
                if index % 25 == 0:
                    start, end = start - timedelta(400), end - timedelta(400)
                paid = end if index % 31 else start + timedelta(30)
                policy = Policy(f"{prefix}{self.first.year}{index:06}", line, self.name(), start, end)
                waiting = 30 if line == "health" else 0
                excluded = "natural_disaster=地震除外" if index % 40 == 7 else ""
                writer.writerow(
                    [policy.number, line, product, policy.insured, start, end, paid, waiting, "|".join(events),
                     excluded, deductible, insured_sum, "0.00"]
                )  # fmt: skip
                made.append(policy)
        return made

    def claims(self, path: Path, policies: Sequence[Policy], count: int) -> None:
        """Writes reported claims, with the columns in Chinese."""
        rows = [self._claim(policies) for _ in range(count)]
        for row in rows[:: max(1, count // 18)]:
            again = list(row)
            again[1] = self._later(row[1])
            rows.append(again)
        self._spoil(rows, count // 30)
        rows.sort(key=lambda row: row[1])
        self._write(path, CLAIM_COLUMNS, rows)

    def _claim(self, policies: Sequence[Policy]) -> list[str]:
        policy = self.chance.choice(policies)
        event = self.chance.choice(LINES[policy.line][2])
        at = self.moment()
        loss = max(policy.start, at.date() - timedelta(self.chance.choice((0, 0, 1, 1, 2, 3, 5, 9, 14, 20))))
        amount = round(self.chance.lognormvariate(8.8, 1.1), 2)
        if self.chance.random() < 0.04:
            amount = round(amount * 40 + 200_000, 2)
        number = policy.number if self.chance.random() > 0.02 else "PX00009999"
        return [
            self.chance.choice(CHANNELS), f"{at:%Y-%m-%d %H:%M}", number, policy.insured, self.phone(), self.identity(),
            event, loss.isoformat(), self.chance.choice(PLACES) + f"{self.chance.randrange(1, 300)}号", HAPPENED[event],
            f"{amount:.2f}", "是" if event in ("injury", "death") else "否",
            "是" if event == "death" or self.chance.random() < 0.05 else "否", policy.line,
        ]  # fmt: skip

    def complaints(self, path: Path, count: int) -> None:
        """Writes complaints, with the columns in Chinese."""
        rows = []
        for _ in range(count):
            kind = self.chance.choices(list(GRIEVANCES), (5, 3, 2, 2))[0]
            regulator = self.chance.random() < 0.06
            rows.append(
                [
                    "regulator" if regulator else self.chance.choice(("phone", "web", "counter", "letter", "app")),
                    f"{self.moment():%Y-%m-%d %H:%M}", self.name(), self.phone(),
                    self.chance.choices(("person", "company", "agent"), (8, 1, 1))[0],
                    self.chance.choice(GRIEVANCES[kind]), "是" if self.chance.random() < 0.03 else "否",
                    f"JG{self.chance.randrange(10**6):06}" if regulator else "",
                ]
            )  # fmt: skip
        self._spoil(rows, count // 30)
        rows.sort(key=lambda row: row[1])
        self._write(path, COMPLAINT_COLUMNS, rows)

    def _spoil(self, rows: list[list[str]], count: int) -> None:
        """Makes some rows wrong, each in a way that real files are."""
        ways = (
            lambda row: row.__setitem__(1, "2026-02-30 09:00"),
            lambda row: row.__setitem__(0, "信鸽"),
            lambda row: row.__setitem__(3, ""),
            lambda row: row.append("多出的一格"),
            lambda row: row.__setitem__(4 if len(row) < 10 else 10, "约三千"),
            lambda row: row.__setitem__(2, ""),
        )
        for index in range(count):
            ways[index % len(ways)](rows[self.chance.randrange(len(rows))])

    def _write(self, path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            writer.writerows(rows)

    # --- parts --------------------------------------------------------------------------------------

    def moment(self) -> datetime:
        """When somebody reports: mostly by day, at the weekend too."""
        day = self.first + timedelta(self.chance.randrange(max(1, (self.last - self.first).days)))
        hour = min(23, max(0, round(self.chance.gauss(13, 4))))
        local = time(hour, self.chance.randrange(60))
        return datetime.combine(day, local)  # without a zone, as such files are

    def _later(self, text: str) -> str:
        at = datetime.fromisoformat(text) + timedelta(hours=self.chance.randrange(2, 60))  # local, as files are
        return f"{min(at.date(), self.last):%Y-%m-%d} {at:%H:%M}"

    def name(self) -> str:
        return self.chance.choice(SURNAMES) + self.chance.choice(GIVEN)

    def phone(self) -> str:
        return f"1{self.chance.choice('3578')}{self.chance.randrange(10**9):09}"

    def identity(self) -> str:
        born = date(1955, 1, 1) + timedelta(self.chance.randrange(18_000))
        place = self.chance.choice(("110105", "310115", "440106", "510107"))
        return f"{place}{born:%Y%m%d}{self.chance.randrange(1000):03}X"
