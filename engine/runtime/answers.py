"""The answers to commands: `Accepted`, `Failed`, and the core's `Refusal`."""

import msgspec

from engine.core.commands import Refusal
from engine.core.events import Event


class Accepted(msgspec.Struct, frozen=True):
    """The command was taken, and is durable.

    number: the case's business number; revision: of the case after the command; events: what it brought
    about; repeated: this is what the same command brought about before, nothing was done again.
    """

    case: str
    number: str
    revision: int
    events: list[Event]
    repeated: bool = False


class Failed(msgspec.Struct, frozen=True):
    """Deciding the command hit a fault of the program: nothing was changed. The text says what to do."""

    text: str
    code: str = "failed"


Answer = Accepted | Refusal | Failed


class Kept(msgspec.Struct, frozen=True):
    """What a row of history keeps of the answer; the events stand beside it."""

    number: str
    revision: int


encode_answer = msgspec.json.Encoder().encode
decode_answer = msgspec.json.Decoder(Kept).decode
