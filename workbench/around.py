"""What is around a case: when it was received and recorded, what it is related to and alike to, what hangs over it."""

from typing import Any

from bootstrap import Caseway
from engine.core.model import Process
from engine.core.steering import standing
from tasks import related
from tasks.likeness import received

Json = Any


def around(caseway: Caseway, case: str, state: Any, process: Process) -> dict[str, Json]:
    flow = state.flow
    linked = related.links(caseway.connection, case)
    known = {one.case for one in linked}
    return {
        "received": received(process, flow.data),
        "recorded": flow.started,
        "links": [
            {
                "number": one.number, "kind": one.kind, "merged": one.merged, "status": one.status, "end": one.end,
                "since": one.since, "decided": flow.links[one.case].end if one.case in flow.links else "",
            }
            for one in linked
        ],
        "alike": [
            {"number": one.number, "rules": one.rules, "status": one.status, "started": one.started_at}
            for one in related.alike(caseway.connection, case)
            if one.case not in known
        ],
        "holds": [
            {"hold": number, "reason": hold.reason, "by": hold.by, "since": hold.since}
            for number, hold in flow.holds.items()
        ],
        "moves": [_proposal(flow)] if flow.proposal else [],
    }  # fmt: skip


def _proposal(flow: Any) -> Json:
    found = flow.proposal
    at = flow.tokens.get(found.token)
    return {
        "proposal": found.number, "token": found.token, "step": at.at if at else "", "target": found.target,
        "by": found.by, "since": found.since, "reason": found.reason, "stale": found.seen != standing(flow),
    }  # fmt: skip
