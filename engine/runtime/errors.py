"""What can go wrong with a database, said to the one who can mend it."""


class StoreError(Exception):
    """The database cannot be used as it is, or cannot do what was asked: nothing was written.

    text: what is wrong; cure: what to do about it.
    """

    def __init__(self, text: str, cure: str = "") -> None:
        super().__init__(f"{text} {cure}".rstrip())
        self.text = text
        self.cure = cure


class OnHold(StoreError):
    """A case that is under a legal hold was to be destroyed."""


class Violation(Exception):
    """A row collides with one that is there, or a value does not fit. The runner answers it, callers never
    see it."""


class Collision(Exception):
    """Another writer was faster (serialization, deadlock, a stale revision). The runner retries, callers
    never see it."""


def storable(text: str) -> str:
    """The text of an error, with a question mark for whatever no database can hold."""
    return text.encode(errors="replace").decode().replace("\x00", "?")
