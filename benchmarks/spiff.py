"""The reference case in SpiffWorkflow, in plain use: for each action load, act, serialise, store (SQLite NORMAL)."""

import json
import sqlite3
from io import BytesIO
from pathlib import Path
from typing import Any

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.rounds import rate

ACTIONS = 5
FLOWS = [
    ("start", "compute"), ("compute", "which"), ("which", "a"), ("which", "other"), ("a", "merge"), ("other", "merge"),
    ("merge", "fork"),
    ("fork", "b"), ("fork", "c"), ("b", "join"), ("c", "join"), ("join", "decide"), ("decide", "d"), ("d", "service"),
    ("service", "end"),
]  # fmt: skip


def bpmn() -> bytes:
    """The reference case as BPMN 2.0."""
    flow = '<sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}">{2}</sequenceFlow>'
    when = {("which", "a"): "<conditionExpression>total &gt; 10</conditionExpression>"}
    script = '<scriptTask id="{}" name="{}"><script>{}</script></scriptTask>'
    return f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
<process id="reference" isExecutable="true"><startEvent id="start"/>
{script.format("compute", "compute", "total = amount * 2")}
<exclusiveGateway id="which" default="which_other"/>
<userTask id="a" name="a"/>{script.format("other", "other", "total = 0")}
<exclusiveGateway id="merge"/><parallelGateway id="fork"/>
<userTask id="b" name="b"/><userTask id="c" name="c"/><parallelGateway id="join"/>
{script.format("decide", "decide", "level = 'high' if total > 100 else 'low'")}<userTask id="d" name="d"/>
{script.format("service", "service", "paid = True")}<endEvent id="end"/>
{"".join(flow.format(*f, when.get(f, "")) for f in FLOWS)}</process></definitions>""".encode()


class Spiff:
    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "spiff.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("CREATE TABLE IF NOT EXISTS cases (id INTEGER PRIMARY KEY, state TEXT)")
        parser = BpmnParser()
        parser.add_bpmn_io(BytesIO(bpmn()))
        self.spec = parser.get_spec("reference")
        self.serializer = BpmnWorkflowSerializer()

    def case(self) -> None:
        workflow: Any = BpmnWorkflow(self.spec)
        task = workflow.get_next_task(state=TaskState.READY)
        task.data.update({"amount": 100, **{f"field{i}": "x" * 70 for i in range(7)}})
        workflow.do_engine_steps()
        text = json.dumps(self.serializer.to_dict(workflow))
        case = self.connection.execute("INSERT INTO cases (state) VALUES (?)", (text,)).lastrowid
        for name in ("a", "b", "c", "d"):
            text = self.connection.execute("SELECT state FROM cases WHERE id = ?", (case,)).fetchone()[0]
            workflow = self.serializer.from_dict(json.loads(text))
            workflow.get_next_task(state=TaskState.READY, spec_name=name).run()
            workflow.do_engine_steps()
            text = json.dumps(self.serializer.to_dict(workflow))
            self.connection.execute("UPDATE cases SET state = ? WHERE id = ?", (text, case))
        assert workflow.is_completed()

    def cases(self, count: int) -> None:
        for _ in range(count):
            self.case()

    def rate(self, count: int) -> float:
        """Actions a second over so many cases."""
        return rate(count * ACTIONS, lambda: self.cases(count))
