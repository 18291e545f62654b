"""What is looked at when every step is known. To add a check: a function in a file here, and a line in `CHECKS`.

Components add theirs through `Extension.check`, which sees the compiled process.
"""

from engine.language.checks import cycles, reach, writes
from engine.language.checks.seen import Seen

CHECKS = (reach.fall_through, reach.unreachable, reach.ways_out, cycles.without_a_wait, writes.side_by_side)

__all__ = ["CHECKS", "Seen"]
