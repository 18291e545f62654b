"""Why something about a task is not open to somebody, in words for that person, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.commands import Refuse
from engine.core.model import Text


@dataclass(frozen=True, slots=True)
class Titled:
    """A name, and what people call it."""

    name: str
    text: Text

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    text: Text
    facts: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    def of(self, user: str) -> "Reason":
        """The same, said of the user to somebody else, where it is said to the user otherwise."""
        other = f"{self.code}_other"
        return reason(other, **{**self.facts, "user": user, "whom": self.facts.get("user")}) if other in TEXTS else self

    @property
    def recorded(self) -> str:
        """As an event keeps it: in English, and by names, which titles that are changed later leave alone."""
        return TEXTS[self.code]["en"].format(**self.facts)

    def refuse(self) -> Refuse:
        """The refusal of a command for this reason."""
        return Refuse(self.code, self.text["zh"], self.text["en"])


def reason(code: str, **facts: object) -> Reason:
    """The reason of that code, filled in; a fact that is a reason itself, or a title, in that language."""

    def told(language: str, text: str) -> str:
        return text.format(**{name: _in(language, fact) for name, fact in facts.items()})

    return Reason(code, {language: told(language, text) for language, text in TEXTS[code].items()}, facts)


def _in(language: str, fact: object) -> object:
    if isinstance(fact, Reason | Titled):
        return fact.text[language]
    return (fact.get(language) or next(iter(fact.values()), "")) if isinstance(fact, Mapping) else fact


TEXTS: Mapping[str, Mapping[str, str]] = {
    "closed": {
        "zh": "任务 {task} 已经结束",
        "en": "task {task} of case {number} is no longer open",
    },
    "ended": {
        "zh": "案件 {number} 已经结束",
        "en": "case {number} has ended",
    },
    "suspended": {
        "zh": "案件 {number} 已中止，恢复后才能办理",
        "en": "case {number} is suspended: its tasks can be worked when it is resumed",
    },
    "inactive": {
        "zh": "用户 {user} 不在职或不存在",
        "en": "{user} is not a user in service",
    },
    "held": {
        "zh": "任务 {task} 已由 {holder} 领取",
        "en": "{holder} holds task {task}",
    },
    "yours": {
        "zh": "任务 {task} 已在你手中",
        "en": "you already hold task {task}",
    },
    "unheld": {
        "zh": "任务 {task} 还没有人领取",
        "en": "nobody holds task {task}: claim it first",
    },
    "delegated": {
        "zh": "任务 {task} 已由 {delegator} 委托给 {holder}",
        "en": "{delegator} has delegated task {task} to {holder}",
    },
    "parked": {
        "zh": "任务 {task} 已由 {holder} 搁置到 {until}",
        "en": "{holder} has laid task {task} aside until {until}: take it up again first",
    },
    "in_review": {
        "zh": "任务 {task} 正等待 {reviewer} 的复核意见",
        "en": "task {task} waits for what {reviewer} says of it",
    },
    "on_hold": {
        "zh": "任务 {task} 已暂停，恢复后才能办理",
        "en": "task {task} is suspended: it can be worked when it is resumed",
    },
    "not_asked": {
        "zh": "任务 {task} 请 {reviewer} 复核，而不是你",
        "en": "{reviewer} has been asked to look at task {task}, not you",
    },
    "yourself": {
        "zh": "不能交给自己",
        "en": "this goes to somebody else, not to yourself",
    },
    "until": {
        "zh": "跟进时间须在将来，而不是 {until}",
        "en": "a task is laid aside until a moment to come, not {until}",
    },
    "until_far": {
        "zh": "任务最多搁置两年，即到 {until} 为止",
        "en": "a task is laid aside for two years at most, which is until {until}",
    },
    "stale": {
        "zh": "任务 {task} 已不再等待这一时刻",
        "en": "task {task} no longer waits for that moment",
    },
    "no_skip": {
        "zh": "步骤“{step}”不能跳过",
        "en": "the step “{step}” may not be left out",
    },
    "no_reason": {
        "zh": "请说明理由",
        "en": "give the reason",
    },
    "text": {
        "zh": "请填写内容（最多 {most} 字）",
        "en": "write something, of {most} characters at most",
    },
    "not_yours": {
        "zh": "任务 {task} 指定由 {assignee} 办理",
        "en": "task {task} is meant for {assignee}",
    },
    "not_served": {
        "zh": "你不在队列 {queue} 中",
        "en": "you do not serve the queue {queue} in which task {task} stands",
    },
    "not_manager": {
        "zh": "只有队列 {queue} 的负责人、办理人的上级或系统管理员可以这样做",
        "en": "only who manages the queue {queue}, stands above who holds the task, or is an administrator may do this",
    },
    "four_eyes": {
        "zh": "你办理过“{step}”，本任务须由他人办理",
        "en": "you completed “{step}” in this case: task {task} must be done by somebody else",
    },
    "four_eyes_behalf": {
        "zh": "你代 {user} 办理，而 {user} 办理过“{step}”：本任务须由他人办理",
        "en": "you act on behalf of {user}, who had a part in “{step}”: task {task} must be done by somebody else",
    },
    "four_eyes_other": {
        "zh": "{user} 办理过“{step}”，本任务须由他人办理",
        "en": "{user} completed “{step}” in this case: task {task} must be done by somebody else",
    },
    "four_eyes_behalf_other": {
        "zh": "{user} 代 {whom} 办理，而 {whom} 办理过“{step}”：本任务须由他人办理",
        "en": "{user} acts on behalf of {whom}, who had a part in “{step}”: task {task} must be done by somebody else",
    },
    "had_part": {
        "zh": "{user} 与所查事项有关，本任务须由他人办理",
        "en": "{user} had a part in what is looked at: task {task} must be done by somebody else",
    },
    "unknown_part": {
        "zh": "无法核对谁须回避：{fault}",
        "en": "it cannot be told who had a part in it: {fault}",
    },
    "authority_other": {
        "zh": "{user} 没有足够的权限：{what}（有权的：{who}）",
        "en": "the authority of {user} does not reach this far: {what} (who has it: {who})",
    },
    "no_amount_other": {
        "zh": "{amount} 尚未填写，无法核对 {user} 的权限：{what}",
        "en": "{amount} is not set, so that the authority of {user} cannot be weighed: {what}",
    },
    "unweighed_other": {
        "zh": "无法核对 {user} 的权限：{fault}",
        "en": "the authority of {user} cannot be weighed: {fault}",
    },
    "other_branch": {
        "zh": "{holder} 正在办理“{step}”，与本任务不能同时进行",
        "en": "{holder} is at work on “{step}”, and the two may not be worked at the same time",
    },
    "authority": {
        "zh": "你没有足够的权限：{what}（有权的：{who}）",
        "en": "your authority does not reach this far: {what} (who has it: {who})",
    },
    "full": {
        "zh": "你手中已有 {has} 项任务，上限为 {most} 项",
        "en": "you have {has} tasks in hand, and may have {most}",
    },
    "full_other": {
        "zh": "{user} 手中已有 {has} 项任务，上限为 {most} 项",
        "en": "{user} has {has} tasks in hand, and may have {most}",
    },
    "away": {
        "zh": "{user} 不在岗（至 {until}），由 {substitute} 代办",
        "en": "{user} is away until {until}; who stands in: {substitute}",
    },
    "votes": {
        "zh": "步骤“{step}”由多人表决，请表决",
        "en": "the step “{step}” is decided by votes: cast yours",
    },
    "no_votes": {
        "zh": "步骤“{step}”不需表决",
        "en": "the step “{step}” is not decided by votes: complete it",
    },
    "voted": {
        "zh": "你已表决，或他人已代你表决",
        "en": "a vote has been cast by you, on your behalf, or by the one on whose behalf you act",
    },
    "no_role": {
        "zh": "步骤“{step}”只由 {role} 表决",
        "en": "only who has the role {role} votes on the step “{step}”",
    },
    "watches": {
        "zh": "{user} 已在关注本案",
        "en": "{user} watches this case already",
    },
    "watches_not": {
        "zh": "{user} 未关注本案",
        "en": "{user} does not watch this case",
    },
    "watchers": {
        "zh": "关注者最多 {most} 人",
        "en": "a case has {most} watchers at most",
    },
    "no_amount": {
        "zh": "{amount} 尚未填写，无法核对权限：{what}",
        "en": "{amount} is not set, so that your authority cannot be weighed: {what}",
    },
    "unweighed": {
        "zh": "无法核对权限：{fault}",
        "en": "your authority cannot be weighed: {fault}",
    },
    "unknown_queue": {
        "zh": "没有队列 {queue}",
        "en": "there is no queue {queue}{hint}",
    },
    "target": {
        "zh": "请指明转交到哪个队列或哪位用户",
        "en": "say to which queue or which user the task is to go",
    },
    "not_for": {
        "zh": "不能转交给 {user}：{why}",
        "en": "the task cannot go to {user}: {why}",
    },
    "no_member": {
        "zh": "{user} 不在队列 {queue} 中",
        "en": "{user} does not serve the queue {queue}",
    },
    "draft_size": {
        "zh": "草稿过大（最多 {most} 字节）",
        "en": "the draft is larger than {most} bytes",
    },
    "draft_field": {
        "zh": "草稿中有表单以外的内容：{fields}",
        "en": "the form has no field {fields}",
    },
    "priority": {
        "zh": "优先级为 {least} 到 {most}",
        "en": "a priority goes from {least} to {most}, not {given}",
    },
    "going": {
        "zh": "案件 {number} 正在办理",
        "en": "case {number} is open, and goes on",
    },
    "halted": {
        "zh": "案件 {number} 已中止：请先恢复",
        "en": "case {number} is suspended: resume it first",
    },
    "no_case": {
        "zh": "没有案件 {number}",
        "en": "there is no case {number}",
    },
    "kind": {
        "zh": "关联类型应为 {kinds}",
        "en": "expected one of {kinds}",
    },
    "other_process": {
        "zh": "案件 {number} 属于另一流程，只能关联，不能并入",
        "en": "case {number} is of another process: relate the two, they cannot be merged",
    },
    "merged": {
        "zh": "案件 {number} 本身已并入 {main}：请并入该案",
        "en": "case {number} has itself been merged into {main}: merge into that",
    },
    "final": {
        "zh": "此流程的案件结束后不能重开",
        "en": "a case of {process} is not reopened",
    },
    "restricted": {
        "zh": "案件 {number} 已限制查阅",
        "en": "case {number} is restricted already",
    },
    "unrestricted": {
        "zh": "案件 {number} 未限制查阅",
        "en": "case {number} is not restricted",
    },
    "reader": {
        "zh": "{reader} 不是在职用户或有人担任的角色（应为 user.x 或 role.x）",
        "en": "{reader} is neither a user in service nor a role that somebody has: expected user.x or role.x",
    },
    "readers": {
        "zh": "最多指定 {most} 个查阅人",
        "en": "a restricted case names {most} readers at most",
    },
    "not_restricting": {
        "zh": "你无权限制或解除限制本案的查阅",
        "en": "you may neither restrict this case nor lift its restriction",
    },
    "outcome": {
        "zh": "请选择办理结果：{known}",
        "en": "expected one of {known}, not {given!r}",
    },
    "not_for_customers": {
        "zh": "{process} 不由客户发起",
        "en": "{process} is not started by customers: expected {by}",
    },
    "not_starting": {
        "zh": "你不能发起 {process}：须为 {by}",
        "en": "you may not start {process}: expected {by}",
    },
}  # fmt: skip
