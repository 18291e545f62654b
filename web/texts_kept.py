"""The words of the page about cases whose time is over."""

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "kept": ("保管期满", "Time over"),
    "kept.over": ("保管期满的已结案件", "Closed cases whose time is over"),
    "kept.help": (
        "按公司保管规定期满的案件；有法律保全或从属于未结案件的不列入。此处不能销毁：档案鉴定与销毁流程每年逐件鉴定、"
        "审批、监销。归档时定有更长期限的，届时继续保存。",
        "What the house's rules keep no longer; nothing on hold, nothing that belongs to an open case. Nothing is "
        "destroyed here: each year the procedure of the archive appraises, approves and watches, case by case. What "
        "its file in the archive keeps for longer stays.",
    ),
    "kept.on": ("截至日期", "On"),
    "kept.look": ("查看", "Look"),
    "kept.until": ("保管至", "Kept until"),
    "kept.none": ("没有期满的案件。", "No case's time is over."),
}
