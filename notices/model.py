"""What a document is: kept as it went out, in every language of the house."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

PART = "documents"
SEALED_KINDS = frozenset({"letter", "form"})
"""Kinds that end with the house's seal unless their file says otherwise."""
HEAD = ("name", "address", "telephone", "email", "website", "seal", "recourse")
"""What a letterhead may say, each in every language."""

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the house puts on its paper, by the words of `HEAD`."""

    texts: Mapping[str, Text] = field(default_factory=dict)

    def told(self, language: str) -> dict[str, str]:
        """What there is of it in one language."""
        found = {name: self.texts[name].get(language, "") for name in HEAD if name in self.texts}
        return {name: text for name, text in found.items() if text}


class Page(msgspec.Struct, frozen=True):
    """A document in one language. `subject` and `addressee` are plain text; `body` is HTML in which every fact has
    been escaped; `head` is the letterhead."""

    subject: str
    body: str
    addressee: str = ""
    head: dict[str, str] = {}


class Document(msgspec.Struct, frozen=True):
    """A document of a case. `pages`: by language; `fault`: why there are none. `at`: when it went out; `zone`: the one
    in which its date is told. `to`: addressees as the case wrote them: customer, user.x, role.x, queue.x."""

    template: str
    kind: str
    to: list[str]
    number: str
    at: datetime
    zone: str
    signed: bool
    pages: dict[str, Page]
    fault: str = ""

    def page(self, language: str) -> Page | None:
        """In this language, else in the first that there is."""
        return self.pages.get(language) or next(iter(self.pages.values()), None)


class Kept(msgspec.Struct, frozen=True):
    """A document with its id in its case: `revision-place`, after the command that sent it."""

    id: str
    document: Document


def letterhead_of(house: Any) -> Letterhead:
    """What the house says, or its title alone when it says nothing."""
    found = house.parts.get(PART)
    return found if isinstance(found, Letterhead) else Letterhead({"name": house.title} if house.title else {})
