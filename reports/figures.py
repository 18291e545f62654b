"""What each figure is: one table, which pages, the command line, files and docs/reports.md all show.

A figure stands here with its unit: `count`, `share` (from 0 to 1), `seconds` of elapsed time (nights and holidays
included), `moment`, `score` (from 0 to 1, of a forecast), or `text`.
"""

from dataclasses import dataclass

from engine.core.model import Text

PERCENTILES = (50, 80, 95)


@dataclass(frozen=True, slots=True)
class Figure:
    title: Text
    definition: Text
    unit: str = "count"
    formula: str = ""


def _figure(zh: str, en: str, means_zh: str, means_en: str, unit: str = "count", formula: str = "") -> Figure:
    return Figure({"zh": zh, "en": en}, {"zh": means_zh, "en": means_en}, unit, formula)


def _percentiles(name: str, zh: str, en: str, means_zh: str, means_en: str) -> dict[str, Figure]:
    return {
        f"{name}_p{share}": _figure(
            f"{zh} P{share}", f"{en} P{share}",
            f"{means_zh}；{share}% 的办理不超过这一时长（最近序位法，误差至多 0.4%）",
            f"{means_en}; {share} % took no longer (nearest rank, at most 0.4 % off)",
            "seconds", f"p{share}({name})",
        )
        for share in PERCENTILES
    }  # fmt: skip


FIGURES: dict[str, Figure] = {
    "met": _figure(
        "按时", "In time", "期间内停表、且停表不晚于时限的计时",
        "Runs of clocks that were stopped in the period, at or before their deadline",
        formula="status = stopped, not breached",
    ),
    "late": _figure(
        "逾期", "Late", "期间内关闭、时限在关闭前已过的计时，不论因何关闭",
        "Runs that closed in the period after their deadline had passed, whatever closed them", formula="breached",
    ),
    "unmet": _figure(
        "未完成即结束", "Unmet", "期间内因案件先行结束（撤回、取消等）而关闭、时限尚未到的计时；不计入达标率",
        "Runs that closed in the period because their case or step ended first (withdrawn, cancelled), before the "
        "deadline; in no share",
        formula="status = unmet, not breached",
    ),
    "void": _figure(
        "不适用", "Void", "期间内因不再适用而关闭的计时；不计入达标率",
        "Runs that closed in the period because they no longer applied; in no share",
        formula="status = void, not breached",
    ),
    "share": _figure(
        "达标率", "Compliance", "按时的计时占按时与逾期之和的比例；两者皆无时为空",
        "Runs in time, of those in time and late; empty while there are none", "share", "met / (met + late)",
    ),
    "ended": _figure(
        "结案", "Cases ended", "期间内结束的案件；重开后再次结束的再计一次",
        "Cases that ended in the period; one that was reopened counts again when it ends again",
    ),
    "reopened": _figure("重开", "Reopened", "期间内重开的案件次数", "Times that a case was reopened in the period"),
    "done": _figure(
        "完成次数", "Visits done", "期间内完成的步骤办理；被取消的不计",
        "Visits of the step that were completed in the period; those taken away do not count",
    ),
    "again": _figure(
        "返工", "Rework", "其中同一案件再次进入该步骤的办理（多项并行的各项分别计）",
        "Those of them with which the case came to the step another time (items of an `each` apart)",
    ),
    "again_share": _figure(
        "返工率", "Rework share", "返工占完成次数的比例", "Rework, of the visits done", "share", "again / done"
    ),
    **_percentiles(
        "cycle", "周期", "Cycle", "从进入步骤到完成（案件：从开始到结束）的时长",
        "From entering the step to its completion (of a case: from its start to its end)",
    ),
    **_percentiles(
        "touch", "处理", "Touch", "任务在经办人手中的时长，挂起与暂缓除外",
        "While somebody had the task in hand, without what was parked or suspended",
    ),
    **_percentiles(
        "waiting", "等待", "Waiting", "周期减去处理时长", "Cycle less touch",
    ),
    "open": _figure(
        "在办案件", "Open cases", "统计时尚未结束的案件", "Cases that have not ended at the time of counting"
    ),
    "open_late": _figure(
        "逾期未结", "Late, open", "统计时已过时限仍在运行的计时",
        "Runs still going past their deadline at the time of counting",
    ),
    "at_risk": _figure(
        "24 小时内到期", "Due in 24 h", "统计时仍在运行、24 小时内到期的计时",
        "Runs going at the time of counting whose deadline comes within 24 hours",
    ),
    "late_by": _figure(
        "超出时长", "Late by", "关闭时刻晚于时限多少", "How long after its deadline the run closed", "seconds",
        "closed_at - deadline",
    ),
    "lost": _figure(
        "耗时最多的环节", "Where the time went", "从案件历史得出：时限时间耗费最多的步骤；应暂停计时的等待不算",
        "From the case's history: the steps at which most of the measured time passed; what should have held the clock "
        "lost none",
        "text",
    ),
    "extended_by": _figure(
        "延长", "Extended by", "一次批准的延长，按时限自身的单位", "One approved extension, in the limit's own measure",
        "text",
    ),
    "extension_cap": _figure(
        "累计上限", "Cap", "该时限各次延长合计的上限", "By how much the clock may be extended in all", "text"
    ),
    "reason": _figure(
        "原因", "Reason", "主管对逾期的说明（原因代码）", "What a supervisor said of why it was late, by its code",
        "text",
    ),
    "chance": _figure(
        "逾期概率", "Chance of breach", "未到期的计时将会逾期的概率，由同一时限以往的计时得出，只用当时已知的情况",
        "The chance that an open run is breached, from settled runs of the same clock, by what is known of it now",
        "share",
    ),
    "settled": _figure(
        "已到期", "Settled", "一年内开案的案件中（案件多时抽样）时限已到的计时，预测由此学习",
        "Runs whose deadline has passed, of cases that began within a year (of many a sample): what is learnt from",
    ),
    "settled_late": _figure("其中逾期", "Of them late", "已到期的计时中逾期的", "Settled runs that were late"),
    "held_out": _figure(
        "留出检验", "Held out", "留作检验、不参与学习的最近五分之一已到期计时",
        "The latest fifth of settled runs, which nothing is learnt from and the forecast is measured on",
    ),
    "brier": _figure(
        "布里尔分", "Brier score", "留出计时在各时刻的预测概率与实际（逾期为 1，否则为 0）之差的平方的平均；越小越准",
        "On held-out runs, the mean square of the chance said less what came (1 late, 0 not); the less the better",
        "score", "mean((said - came)²)",
    ),
    "brier_base": _figure(
        "基准分", "Base score", "总是说以往逾期率的布里尔分；预测必须比它小，才有用",
        "The Brier score of always saying the share that was late before; a forecast must be below it to be of use",
        "score",
    ),
    "ranks": _figure(
        "排序", "Ranks", "任取一个后来逾期、一个后来未逾期的时刻，前者概率较高的比例（AUC）；0.5 即毫无区分",
        "Of a moment whose run came to be late and one whose did not, how often the former had the higher chance "
        "(AUC); 0.5 tells nothing apart",
        "score",
    ),
    "off": _figure(
        "偏差", "Off by", "按概率分十档，各档预测与实际逾期率之差的加权平均",
        "By how much what was said differed from what came, on the mean over ten classes of chance", "score",
    ),
}  # fmt: skip

DIMENSIONS: dict[str, Text] = {
    "clause": {"zh": "条款", "en": "Clause"},
    "origin": {"zh": "依据", "en": "Origin"},
    "process": {"zh": "流程", "en": "Process"},
    "version": {"zh": "版本", "en": "Version"},
    "queue": {"zh": "队列", "en": "Queue"},
    "person": {"zh": "人员", "en": "Person"},
    "class": {"zh": "类别", "en": "Class"},
    "clock": {"zh": "时限", "en": "Clock"},
    "reason": {"zh": "逾期原因", "en": "Reason"},
    "lost": {"zh": "耗时环节", "en": "Where the time went"},
}
"""What compliance is shown by. A step's limit belongs to the queue of its task and to who did it; a clock of the case
to its owner, and to the queue in which most of its time was spent."""

OF_PROCESS = frozenset({"version", "class", "clock", "lost"})
"""Dimensions whose values mean something only together with their process."""
OF_LATE = frozenset({"reason", "lost"})
"""Dimensions that only late runs have."""
