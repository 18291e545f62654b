"""What is otherwise than a scenario says: a text, and where in the file that stands."""

from typing import Self

from engine.language.document import Document, Place


class Fault(str):
    """A problem as people read it, which knows the place of what is not so, from where it was found."""

    place: Place

    def __new__(cls, text: str, *place: str | int) -> Self:
        made = super().__new__(cls, text)
        made.place = place
        return made

    def within(self, *above: str | int) -> "Fault":
        """The same, seen from further out."""
        return Fault(str(self), *above, *self.place)


def placed(document: Document, problem: str) -> str:
    """The problem with file, line and column before it."""
    line, column = document.at(problem.place if isinstance(problem, Fault) else ())
    return f"{document.file}:{line}:{column}: {problem}"
