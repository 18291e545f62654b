"""What is said of forecasts in words: why nothing is said, and what a trait is."""

from collections.abc import Callable, Mapping

from engine.core.model import Text
from reports.forecast.fitting import DRIFT, EACH, RUNS, SEEN
from reports.forecast.model import Model

WHY: Mapping[str, Text] = {
    "not_yet": {
        "zh": "尚未学习过这一时限", "en": "nothing has been learnt of this clock yet",
    },
    "few": {
        "zh": f"已到期的计时不足 {RUNS} 次", "en": f"fewer than {RUNS} runs whose deadline has passed",
    },
    "few_late": {
        "zh": f"逾期的计时不足 {EACH} 次", "en": f"fewer than {EACH} late runs",
    },
    "few_kept": {
        "zh": f"按时的计时不足 {EACH} 次", "en": f"fewer than {EACH} runs that were not late",
    },
    "uneven": {
        "zh": "某一段时间里没有逾期的计时，或没有按时的",
        "en": "runs of one kind, late or not, are missing for part of the time",
    },
    "no_better": {
        "zh": "以留出的案件检验，不比以往的逾期率更准",
        "en": "on held-out cases it is no better than the share that was late before",
    },
    "adrift": {
        "zh": f"近来逾期的多寡与以往不同：预测与实际总体相差超过 {DRIFT:.0%}",
        "en": f"of late more, or fewer, are late than before: on the whole it is off by more than {DRIFT:.0%}",
    },
    "unseen": {
        "zh": f"案件所在的步骤在已到期的计时中不足 {SEEN} 次",
        "en": f"the case stands at a step that fewer than {SEEN} of the runs learnt from have come to",
    },
    "uncounted": {
        "zh": "时限或其日历已不在现行版本中", "en": "the clock or its calendar is not there any more",
    },
}  # fmt: skip
"""Why nothing is said, by the code that is stored."""

_BARE: Mapping[str, Text] = {
    "taken": {"zh": "已有人领取", "en": "somebody has the task"},
    "waiting": {"zh": "任务无人领取", "en": "nobody has taken the task"},
    "paused": {"zh": "计时暂停中", "en": "the clock is paused"},
}
_LEAST: Mapping[str, tuple[str, str]] = {
    "used": ("时限已用至少 {bound}%", "at least {bound} % of the time is used"),
    "open": ("到期前至少还有 {bound} 个工作小时", "at least {bound} working hours until the deadline"),
    "here": ("在当前步骤已占时限至少 {bound}%", "at its step for at least {bound} % of the time"),
    "pauses": ("至少暂停过 {bound} 次", "paused at least {bound} times"),
    "again": ("至少返工 {bound} 次", "steps done again, at least {bound} times"),
    "extended": ("至少延期 {bound} 次", "extended at least {bound} times"),
}
_NAMED: Mapping[str, tuple[str, str]] = {
    "step": ("在「{name}」", "at {name}"),
    "class": ("类别：{name}", "class {name}"),
    "queue": ("队列：{name}", "queue {name}"),
}


def trait(text: str, language: str, call: Callable[[str, str], str] = lambda kind, name: name) -> str:
    """A trait in words. call: what the value of a dimension is called (step, class, queue)."""
    if text in _BARE:
        return _BARE[text][language]
    which = 0 if language == "zh" else 1
    whole, _, bound = text.partition(">=")
    head, _, within = whole.partition(" ")
    kind, named, name = head.partition(":")
    told = _NAMED[kind][which].format(name=call(kind, name) or "–") if named else ""
    if not bound:
        return told
    least = _LEAST[within or head][which].format(bound=bound)
    return least if not told else f"{told}，{least}" if which == 0 else f"{told}, {least}"


def weighed(model: Model, traits: frozenset[str]) -> list[tuple[str, float]]:
    """The traits that hold, with what each adds to the sum: those that say most first."""
    found = [(one, model.slope * model.weights[one]) for one in traits if one in model.weights]
    return sorted(found, key=lambda pair: (-abs(pair[1]), pair[0]))
