"""The keyword `letterhead:` of the house: what stands on its paper."""

from collections.abc import Mapping
from typing import Any

from engine.language.extension import Context, Extension, Where
from engine.language.words import TEXT, described, mapping
from notices.model import HEAD, PART, Letterhead

_WORDS: Mapping[str, str] = {
    "name": "What the house is called on its paper. Left out: its title.",
    "address": "Where letters reach it.",
    "telephone": "The number for customers.",
    "email": "The address for electronic mail.",
    "website": "Where more is to be found.",
    "seal": "What stands under a letter, in place of a signature.",
    "recourse": "What one may do who does not agree: the foot of every letter.",
}
_HEAD = mapping(
    {name: described(TEXT, _WORDS[name]) for name in HEAD},
    title="what stands on the house's paper",
    description="The letterhead of documents.",
)


def _house(context: Context, where: Where, found: dict[str, Any]) -> Letterhead | None:
    if "letterhead" not in found:
        return None
    given = {name: context.text((*where, "letterhead", name), text) for name, text in found["letterhead"].items()}
    if "name" not in given and context.house.title:
        given["name"] = context.house.title
    return Letterhead(given)


DOCUMENT_WORDS = Extension(name=PART, house_keywords={"letterhead": _HEAD}, compile_house=_house)
"""The extension that bootstrap registers with the language."""
