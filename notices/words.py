"""What a document or a message says beside its own text, in the languages that the product speaks."""

from collections.abc import Mapping
from datetime import date

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "number": "案件编号",
        "date": "日期",
        "telephone": "电话",
        "fault": "此文书未能生成：",
        "digest": "{count} 条通知",
        "key": "通知编号",
    },
    "en": {
        "number": "Case",
        "date": "Date",
        "telephone": "Tel.",
        "fault": "This document could not be made: ",
        "digest": "{count} notices",
        "key": "Notice",
    },
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def words(language: str) -> Mapping[str, str]:
    """Those of a language; of one that is not spoken here, the English ones."""
    return WORDS.get(language.partition("-")[0], WORDS["en"])


def day(at: date, language: str) -> str:
    """A date as a letter writes it: 2026年3月3日, 3 March 2026."""
    if language.startswith("zh"):
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def reached(head: Mapping[str, str], language: str) -> list[str]:
    """How the house is reached, for the letterhead: address, telephone and the rest, as far as they are known."""
    gap = "：" if language.startswith("zh") else " "
    told = {"telephone": f"{words(language)['telephone']}{gap}{head.get('telephone', '')}"}
    return [told.get(name, head[name]) for name in ("address", "telephone", "email", "website") if name in head]
