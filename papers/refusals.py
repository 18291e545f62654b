"""Why something with papers is refused, in words for who asked, in each language."""

from collections.abc import Mapping

from engine.core.commands import Refuse
from engine.core.model import Text


def told(code: str, **facts: object) -> Text:
    """The words of a refusal, filled in."""
    return {language: text.format(**facts) for language, text in TEXTS[code].items()}


def refuse(code: str, field: str = "", **facts: object) -> Refuse:
    """A command's refusal; `field`: where in a form it is wrong."""
    words = dict(told(code, **facts))
    return Refuse(code, words["zh"], words["en"], {field: words} if field else None)


TEXTS: Mapping[str, Mapping[str, str]] = {
    # --- commands
    "inactive": {"zh": "用户 {user} 不在职或不存在", "en": "{user} is not a user in service"},
    "ended": {"zh": "案件 {number} 已经结束", "en": "case {number} has ended"},
    "paper": {"zh": "材料清单中没有 {paper}{hint}", "en": "the checklist has no paper {paper}{hint}"},
    "paper_here": {"zh": "该材料已经收到", "en": "this paper is here already"},
    "paper_waived": {"zh": "该材料已免交", "en": "this paper has been waived"},
    "paper_open": {"zh": "该材料已在待交之列", "en": "this paper is asked for already"},
    "paper_not_here": {"zh": "该材料尚未收到", "en": "this paper has not come yet"},
    "paper_not_needed": {"zh": "该材料目前不需要", "en": "this paper is not needed at present"},
    "paper_reason": {"zh": "请说明理由（最多 {most} 个字符）", "en": "give the reason, of at most {most} characters"},
    "waive": {"zh": "只有以下角色可以免交材料：{roles}", "en": "only these roles may waive a paper: {roles}"},
    "attachment": {"zh": "没有这个附件", "en": "there is no such attachment"},
    "no_file": {"zh": "案件中没有编号为 {file} 的附件", "en": "the case has no file with the number {file}"},
    "file_used": {"zh": "“{place}”用到这个附件，请先更正数据", "en": "{place} holds this file: correct the data first"},
    "attachments": {"zh": "附件太多：最多 {most} 个", "en": "too many attachments: at most {most}"},
    "remove": {
        "zh": "只有添加者或可以免交材料的角色才能移除附件",
        "en": "an attachment is removed by who added it, or by a role that may waive papers",
    },
    "link": {"zh": "没有这个链接，或已失效", "en": "there is no such link, or it has ended"},
    "link_life": {"zh": "链接的有效期最长 {most} 天", "en": "a link lasts at most {most} days"},
    "links": {"zh": "有效链接太多：最多 {most} 个", "en": "too many links are open: at most {most}"},
    # --- files
    "file_empty": {"zh": "文件是空的", "en": "the file is empty"},
    "file_large": {"zh": "文件太大：最大 {most} MB", "en": "the file is too large: at most {most} MB are taken in"},
    "file_type": {"zh": "不接收这种文件，请使用：{types}", "en": "files of this kind are not taken in; use {types}"},
    "file_other": {
        "zh": "文件内容不是 {name}：可能已损坏，或扩展名被改动",
        "en": "what is in the file is no {name}: it is damaged, or has been renamed",
    },
    "file_macros": {"zh": "文件含有宏，不能接收", "en": "the file holds macros, and is not taken in"},
    "file_both": {
        "zh": "文件中还夹带着另一个文件，不能接收",
        "en": "the file carries another one inside, and is not taken in",
    },
}
