"""The customer's link: whoever has it sees how a case stands and what is missing, and hands in papers.

Theory of operation. The link names a case and one of the links that the case has made, signed with a key that
follows from the installation's: it cannot be made up, and what is not signed costs no query. Whether it still opens
the case the case's own state says, so that it ends when it expires, when somebody ends it, and with the case's key.
A new signing key ends every link.
"""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer

from engine.runtime.vault import Vault
from papers.state import links_of

LONGEST = 600
"""Characters of a link's token."""


class Opens(NamedTuple):
    """What a link says of itself; whether it holds, `valid` tells."""

    case: str
    link: int


class Links:
    """Makes and reads the links of an installation."""

    def __init__(self, vault: Vault) -> None:
        # Ed25519 signs the same content in the same way: this is a key that only who has the key file can make.
        key = hashlib.sha256(vault.sign(b"caseway customer links 1")[1]).hexdigest()
        self._tokens = URLSafeSerializer(key, salt="papers")

    def token(self, case: str, link: int) -> str:
        """What stands in the address. The same for the same link, so that it can be shown again."""
        return str(self._tokens.dumps([case, link]))

    def read(self, token: str) -> Opens | None:
        """What a token opens; None for one that was never signed here."""
        try:
            case, link = self._tokens.loads(token) if len(token) <= LONGEST else (None, None)
        except (BadSignature, ValueError, TypeError):
            return None
        return Opens(case, link) if isinstance(case, str) and isinstance(link, int) else None


def valid(state: Any, link: int, now: datetime) -> bool:
    """Whether a link still opens the case in this state."""
    found = links_of(state.papers).get(link)
    return found is not None and now < found.expires
