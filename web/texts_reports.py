"""The words of the pages of reports."""

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "nav.reports": ("报表", "Reports"),
    "reports": ("报表", "Reports"),
    "reports.compliance": ("达标", "Compliance"),
    "reports.trend": ("达标趋势", "Compliance over time"),
    "reports.breaches": ("逾期清单", "Late"),
    "reports.unmet": ("未完成即结束", "Unmet"),
    "reports.steps": ("步骤时长与返工", "Steps and rework"),
    "reports.cases": ("结案", "Cases"),
    "reports.open": ("在办与账龄", "Open cases"),
    "reports.figures": ("指标说明", "Figures"),
    "reports.all": ("显示全部", "show all"),
    "reports.ages": ("在办案件已开案天数", "Open cases by days since they began"),
    "reports.late": ("逾期", "late"),
    "reports.times": ("周期：中位、80%、95%", "Cycle: median, 80 %, 95 %"),
    "reports.period": ("期间", "Period"),
    "reports.period.help": (
        "如 2026、2026-Q3、2026-09、2026-W36、2026-09-12", "as 2026, 2026-Q3, 2026-09, 2026-W36, 2026-09-12"
    ),
    "reports.period.wrong": (
        "请写成 2026、2026-Q3、2026-09、2026-W36、2026-09-12 或 2026-09-01..2026-09-12。",
        "Write 2026, 2026-Q3, 2026-09, 2026-W36, 2026-09-12 or 2026-09-01..2026-09-12.",
    ),
    "reports.this-week": ("本周", "this week"),
    "reports.last-week": ("上周", "last week"),
    "reports.this-month": ("本月", "this month"),
    "reports.last-month": ("上月", "last month"),
    "reports.this-quarter": ("本季度", "this quarter"),
    "reports.last-quarter": ("上季度", "last quarter"),
    "reports.this-year": ("本年", "this year"),
    "reports.by": ("按", "By"),
    "reports.show": ("查看", "Show"),
    "reports.earlier": ("更早一期", "The period before"),
    "reports.later": ("更晚一期", "The period after"),
    "reports.all_queues": ("所有队列", "All queues"),
    "reports.as_of": ("统计至 {at}", "Counted until {at}"),
    "reports.not_yet": (
        "尚未统计：后台进程运行后一分钟内会有数字。",
        "Nothing is counted yet: figures are there within a minute once a worker runs.",
    ),
    "reports.none": ("这一期间没有数据。", "There is nothing in this period."),
    "reports.meaning": ("指标含义", "What the figures mean"),
    "reports.download": ("下载", "Download"),
    "reports.only": ("仅：{what}", "Only: {what}"),
    "reports.before": ("立案之前", "before the case"),
    "reports.no_queue": ("无队列（系统或外部）", "no queue (systems, others outside)"),
    "reports.no_clause": ("未引用条款的时限", "clocks without a clause"),
    "reports.no_class": ("未分类", "no class"),
    "reports.no_reason": ("尚未说明", "nobody has said"),
}  # fmt: skip
