"""What a row of history holds (R13), and the answers to commands.

A row's `content` is the canonical JSON of a `Record`, encrypted under the case's key and bound to its place.
Command and events are kept as the JSON that the machine wrote, so that reading a row never changes them.
"""

from datetime import datetime

import msgspec

from engine.core.commands import Refusal
from engine.core.events import Event


class Accepted(msgspec.Struct, frozen=True):
    """A command was taken, and is durable.

    revision: of the case after it; events: what it brought about; repeated: this is the answer that the
    same command got before, nothing was done again.
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


class Record(msgspec.Struct, omit_defaults=True):
    id: str  # of the command
    actor: str
    at: datetime  # the moment at which it was decided (R9)
    number: str  # of the case: with the row's seq, this is the answer
    command: msgspec.Raw
    events: msgspec.Raw
    ground: str = ""


encode_record = msgspec.json.Encoder(order="sorted").encode
decode_record = msgspec.json.Decoder(Record).decode


def place(case: str, seq: int) -> bytes:
    """What a row's content is bound to: it does not open anywhere else."""
    return f"{case}/{seq}".encode()
