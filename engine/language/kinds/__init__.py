"""The kinds of step. To add one: a file here with its `KINDS`, and a line in this table."""

from collections.abc import Mapping

from engine.language.kinds import automatic, call, decide, ends, gateways, human, scopes, waiting
from engine.language.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kinds in (
        human.KINDS,
        automatic.KINDS,
        decide.KINDS,
        waiting.KINDS,
        gateways.KINDS,
        scopes.KINDS,
        call.KINDS,
        ends.KINDS,
    )
    for kind in kinds
}
