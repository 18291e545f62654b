"""What keeps a step from going on, in the reader's language.

The core says it in English, and so it stands in the history. Here its sentences, and what they are made of, are
found again and said in Chinese; what is not found stays as it is, as does what a programmer's function said.
"""

import re
from collections.abc import Sequence

from web.desk import Desk

_SAID: Sequence[tuple[str, str]] = (
    # --- values and expressions
    (r"([^\s:]+) is not set\b", r"\1 未填写"),
    (r"\bthe key ('[^']*'|\S+) is (?:not set|empty)", r"匹配键 \1 未填写"),
    (r"\bthe limit ('[^']*'|\S+) is not set", r"时限 \1 未填写"),
    (r"\bexpected (.+?), got (.+?)(?=$|:)", r"应为\1，实际为\2"),
    (r"\breturned (.+?), expected (.+?)(?=$|:)", r"返回了\1，应为\2"),
    (r"(\S+) is (.+?), it has no field (\S+)", r"\1 是\2，没有字段 \3"),
    (r"(\S+) is (.+?), (\S+) is no place in it", r"\1 是\2，其中没有 \3 这个位置"),
    (r"(.+) and (.+) cannot be ordered", r"\1与\2无法比较大小"),
    (r"\bdivision by zero", "除数为零"),
    (r"(\S+) is no value; numbers are whole numbers and decimals", r"\1 不是可用的值"),
    (r"\bthe number of decimal places goes from 0 to 12", "小数位数应为 0 到 12"),
    (r"\bunknown time zone (\S+)", r"未知时区 \1"),
    (r"\bthe result has more than (\d+|\w+) digits", r"结果超过 \1 位数字"),
    (r"\bthe list would have more than (\d+|\w+) items", r"列表将超过 \1 项"),
    (r"\ban exponent is a whole number from 0 to (\d+|\w+)", r"指数应为 0 到 \1 的整数"),
    (r"\ba list can only be joined to a list", "列表只能与列表相接"),
    (r"\bthe result of (\S+) cannot be written in (\d+|\w+) digits", r"\1 的结果无法用 \2 位数字表示"),
    (r"\bthe text would be longer than (\d+|\w+) characters", r"文字将超过 \1 个字符"),
    # --- tables
    (r"\btable (\S+), row (\S+):", r"决策表 \1 第 \2 行："),
    (r"\btable (\S+), output (\S+):", r"决策表 \1 的结果 \2："),
    (r"\btable (\S+): (.+) match, but only one may \(hit: unique\)", r"决策表 \1：\2 同时符合，只应有一行"),
    (r"\btable (\S+): (.+) match and answer differently \(hit: any\)", r"决策表 \1：\2 同时符合而结果不同"),
    (r"\bno row of table (\S+) fits (.+)", r"决策表 \1 没有适用于 \2 的行"),
    # --- steps
    (r"\bno condition of (\S+) holds and it has no else", r"\1 的条件均不成立，且没有 else"),
    (r"\bno branch of (\S+) is to be taken and it has no else", r"\1 没有可走的分支，且没有 else"),
    (r"\bmerging (\S+): there is no (\S+) of (.+) and (.+)", r"合并 \1 时无法对 \3 与 \4 取 \2"),
    (r"(\S+) goes over (.+), which is to be a list, not (.+)", r"\1 应逐项处理列表 \2，实际为 \3"),
    (r"(\S+) goes over (\S+) items; at most (\S+) can be handled in one case", r"\1 有 \2 项，一个案件最多处理 \3 项"),
    (r"(.+) failed: (\w+): (.*)", r"\1 执行失败（\2：\3）"),
    (r"\bno process (\S+) is deployed that (\S+) could call", r"\2 要调用的流程 \1 尚未部署"),
    (r"(.+) was to have a field (\S+), but it is (.+)", r"\1 应有字段 \2，实际为 \3"),
    (r"(\S+) is secret, but there is no key to seal it with", r"\1 为机密，但没有密钥可以加密"),
    (r"\bmore than 1,000 automatic steps in one go: .*", "一次自动执行超过 1,000 步：是否有处理触发了自己？"),
    # --- times
    (r"(.+) is no time to repeat something after", r"\1 不能作为重复间隔"),
    (r"(\S+) needs a calendar, and the process names none .*", r"\1 需要工作日历，流程未指明可用的日历"),
    (r"(\S+) needs a calendar, and neither .*", r"\1 需要工作日历，时限与流程均未指明"),
    (r"\bexpected a moment in time from (.+), but it is (.+)", r"\1 应为时间，实际为 \2"),
    (r"\bthere is no calendar (\S+)", r"没有日历 \1"),
)  # fmt: skip
_FOUND = [(re.compile(pattern), zh) for pattern, zh in _SAID]
_KINDS = {
    "anything": "任意值", "none": "空", "true or false": "是或否", "a whole number": "整数", "a number": "数",
    "text": "文字", "a date and time": "日期时间", "a date": "日期", "a list": "列表", "an object": "对象",
}  # fmt: skip
_KIND = re.compile(r"(?<=[为是了与])(" + "|".join(_KINDS) + r")(?![\w])")


def fault_told(desk: Desk, text: str) -> str:
    """The text of an incident in the reader's language."""
    return chinese(text) if desk.language == "zh" else text


def chinese(text: str) -> str:
    """The same in Chinese, as far as it is known."""
    for pattern, zh in _FOUND:
        text = pattern.sub(zh, text)
    return _KIND.sub(lambda found: _KINDS[found[1]], text)
