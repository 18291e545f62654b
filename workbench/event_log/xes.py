"""The log as XES (IEEE 1849-2016): a trace for each case. Clocks are left out; they are no work of the case's."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TextIO
from xml.sax.saxutils import quoteattr

from workbench.event_log.cases import Chosen, Traced
from workbench.event_log.lines import CASE, CLOCK, Line

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/><string key="lifecycle:transition" value="complete"/>\
<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/></global>
<classifier name="Activity" scope="event" keys="concept:name"/>
<classifier name="Transition" scope="event" keys="concept:name lifecycle:transition"/>
<string key="concept:name" value="Caseway"/>
<string key="lifecycle:model" value="standard"/>
"""
_NAMES = {str: "string", int: "int", bool: "boolean", Decimal: "float"}


def write_xes(chosen: Chosen, to: TextIO) -> tuple[int, int]:
    """Writes the log; how many cases and events it has."""
    cases = events = 0
    to.write(_HEAD)
    for traced in chosen:
        lines = [line for line in traced.lines if line.kind != CLOCK]
        to.write(f"<trace>\n{_attributes(_of_case(chosen, traced))}\n")
        to.writelines(f"<event>{_attributes(_of_line(chosen, traced, line))}</event>\n" for line in lines)
        to.write("</trace>\n")
        cases, events = cases + 1, events + len(lines)
    to.write("</log>\n")
    return cases, events


def _of_case(chosen: Chosen, traced: Traced) -> dict[str, object]:
    """What a trace is called, and its case's data as they were last."""
    data: dict[str, object] = {}
    for change in traced.changes:
        data |= {} if change.clock else change.values
    return {
        "concept:name": traced.number, "process": traced.process.name,
        **{f"data:{name}": value for name, value in data.items() if value is not None},
    }  # fmt: skip


def _of_line(chosen: Chosen, traced: Traced, line: Line) -> dict[str, object]:
    found: dict[str, object] = {
        "concept:name": chosen.activity(traced.process, line), "lifecycle:transition": line.change,
        "time:timestamp": line.at,
    }  # fmt: skip
    if line.kind != CASE:
        found |= {"concept:instance": str(line.id), "step": line.name}
    if line.by:
        found["org:resource"] = line.by
    if line.queue:
        found["org:group"] = line.queue
    return found | line.more


def _attributes(values: dict[str, object]) -> str:
    return "".join(
        f"<{_NAMES.get(type(value), 'date' if isinstance(value, datetime) else 'string')} "
        f"key={quoteattr(key)} value={quoteattr(_text(value))}/>"
        for key, value in values.items()
    )


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
