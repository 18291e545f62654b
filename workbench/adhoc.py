"""The open ad-hoc blocks of a case: what may be begun in each, and whether somebody finishes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.model import AdHoc, Process
from engine.core.moves import children
from engine.core.state import FlowState


@dataclass(frozen=True, slots=True)
class AdHocBlock:
    """One that stands open. token: of the block. by_hand: it has no condition, somebody finishes it. standing: the
    steps that are open in it, each as often as it was begun and is not done."""

    token: int
    step: str
    steps: Sequence[str]
    by_hand: bool
    standing: Sequence[str]


def adhoc_blocks(process: Process, flow: FlowState) -> list[AdHocBlock]:
    """Those of a case, in the order in which they were entered; one that is about to leave is none any more."""
    found = []
    for number, token in flow.tokens.items():
        node = process.nodes.get(token.at)
        if node is not None and isinstance(node.spec, AdHoc) and token.phase == "":
            inside = [flow.tokens[one].at for one in children(flow, number, bodies=False)]
            found.append(AdHocBlock(number, token.at, node.spec.steps, node.spec.until is None, inside))
    return found
