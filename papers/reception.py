"""Taking a file in: checked, stored, and added to its case, in this order."""

from collections.abc import Callable
from typing import BinaryIO

from engine.runtime.answers import Accepted, Answer
from engine.runtime.cipher import CaseCipher
from papers.commands import AddAttachment
from papers.media import check, file_name
from papers.model import Intake
from papers.store import Store, digest_of


def take_in(
    store: Store, intake: Intake, case: str, cipher: CaseCipher, name: str, content: BinaryIO, paper: str,
    ask: Callable[[AddAttachment], Answer],
) -> Answer:  # fmt: skip
    """The answer of the case. A file is stored before the case hears of it, so that what the history names is there;
    one that the case refuses is left for `caseway paper check` to take away: it may be another's by now.

    Raises media.NotTaken for a file that is not taken in, OSError when it cannot be stored.
    """
    name = file_name(name)
    digest, size = digest_of(content)
    kind = check(content, name, size, intake)
    store.put(case, cipher, digest, content)
    answer = ask(AddAttachment(digest, name, kind, size, paper))
    if isinstance(answer, Accepted) and not store.holds(case, cipher, digest):
        store.put(case, cipher, digest, content)  # taken away meanwhile, with the same content removed elsewhere
    return answer
