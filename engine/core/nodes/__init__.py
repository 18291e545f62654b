"""One function per kind of step: what it does when a token runs on it.

To add a kind: its spec in `engine.core.model`, a function here (or a file, if it has a part to play when
something within it ends), a line in the table, a keyword in the language, a spec file that shows it.
"""

from engine.core.moves import CHILD_DONE, ENTER
from engine.core.nodes import automatic, block, call, catch, compensate, each, ends, gateways, join, parallel

ENTER.update(
    {
        "human": automatic.wait_for_others,
        "compute": automatic.compute,
        "set": automatic.assign,
        "service": automatic.service,
        "decide": automatic.decide,
        "notify": automatic.notify,
        "send": automatic.send,
        "signal": automatic.signal,
        "act": automatic.act,
        "milestone": automatic.milestone,
        "receive": catch.enter,
        "wait": catch.enter,
        "race": catch.enter_race,
        "switch": gateways.switch,
        "fork": gateways.fork,
        "join": join.enter,
        "parallel": parallel.enter_parallel,
        "each": each.enter_each,
        "block": block.enter_block,
        "adhoc": block.enter_adhoc,
        "call": call.enter_call,
        "escalate": ends.escalate,
        "fail": ends.fail,
        "compensate": compensate.enter_compensate,
        "end": ends.end,
        "terminate": ends.terminate,
    }
)

CHILD_DONE.update(
    {
        "parallel": parallel.branch_done,
        "each": each.instance_done,
        "block": block.path_done,
        "adhoc": block.adhoc_step_done,
        "compensate": compensate.undone,
    }
)

KINDS = frozenset(ENTER)
