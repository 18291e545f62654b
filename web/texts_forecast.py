"""The words of the chance of a breach."""

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "likely": ("逾期概率", "Likely to be late"),
    "likely.none": ("没有未到期的时限。", "No clock is open that is not late."),
    "likely.more": ("全部未到期的时限，按逾期概率", "All open clocks that are not late, by chance"),
    "by_due": ("按到期时间", "by due"),
    "by_chance": ("按逾期概率", "by chance"),
    "chance": ("逾期概率", "Chance of breach"),
    "chance.short": ("概率", "Chance"),
    "chance.at": ("{at} 的预测", "as told {at}"),
    "chance.unknown": ("所知太少", "knows too little"),
    "chance.means": (
        "未到期的时限将会逾期的概率，由同类案件的历史得出；所知太少的排在后面，按到期时间。",
        "The chance that a clock which is not late is breached, from the history of like cases; those of which too "
        "little is known come last, by when they are due.",
    ),
    "chance.how_good": ("预测有多准", "How good it is"),
    "reports.forecast": ("预测", "Forecast"),
    "reports.reliability": ("预测的概率与实际的逾期率", "What was foreseen, and what came"),
    "reports.said": ("预测", "Said"),
    "reports.came": ("实际", "Came"),
    "reports.counted": ("时刻数", "Moments"),
    "reports.as_table": ("同一内容的表格", "The same as a table"),
    "forecast.silent": ("所知太少：{why}", "knows too little: {why}"),
    "forecast.says": ("给出概率", "says the chance"),
    "reports.moments": ("{count} 个时刻：预测 {said}，实际 {came}", "{count} moments: {said} said, {came} came"),
}  # fmt: skip
