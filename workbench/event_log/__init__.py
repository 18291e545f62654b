"""What happened in many cases, for process mining: OCEL 2.0, XES and CSV.

Theory of operation. The history of a case becomes `Line`s (`lines`): each something that began, ended or changed hands,
and what it is about. The three writers only put lines into their form. Cases are read one after the other and written
as they come, so that a log may be larger than memory.

Grades hold: no field of grade secret leaves, no free text, no restricted case. Of the other fields only what can be
counted or compared leaves (numbers, dates, yes and no, enums), and only when asked for; people leave under codes unless
their names are asked for.
"""

from workbench.event_log.cases import Chosen, Wanted, chosen
from workbench.event_log.ocel import write_ocel
from workbench.event_log.sheet import write_csv
from workbench.event_log.xes import write_xes

FORMS = {"ocel": write_ocel, "xes": write_xes, "csv": write_csv}
"""Form -> (chosen cases, text file to write to) -> how many cases and lines were written."""

__all__ = ["FORMS", "Chosen", "Wanted", "chosen"]
