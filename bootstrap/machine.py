"""What a case consists of."""

from engine.core.flow import FLOW
from engine.core.machine import Machine
from papers.slice import PAPERS
from sla.clock import CLOCKS
from tasks.work import WORK

MACHINE = Machine([FLOW, WORK, CLOCKS, PAPERS])
"""A case: its flow, the work of people on it, its clocks, its papers."""
