"""Rehearsals: a floor that might be, worked by the real engine on a virtual clock (`caseway simulate`).

Theory of operation. A plan (`plan`) says what arrives, who works, how long steps take and how they end. Each
replication (`running`) makes an installation of its own in a temporary folder and works it to the end; what is then in
the database is measured (`figures`) as it would be in a real one. The figures of several replications give means with
confidence intervals, those of two plans differences (`compared`).

Chance comes in streams, one for each purpose: the arrivals of a process, the work of a step in the n-th case. So two
plans of one seed have the same luck with the same work, and what differs between them is what they say differently.
"""

from workbench.rehearsal.compared import Compared, Result, Value, compare, rehearse
from workbench.rehearsal.plan import Plan, load

__all__ = ["Compared", "Plan", "Result", "Value", "compare", "load", "rehearse"]
