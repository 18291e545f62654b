"""Papers as customers of scenarios and simulations hand them in: real files, through the same door as any other."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from bootstrap import Caseway
from engine.core.commands import Command
from engine.runtime.answers import Answer
from papers import commands as c
from papers.model import CUSTOMER, checklist_of
from papers.state import OPEN, lines_of
from workbench.story import state_of

DOES: Mapping[str, Callable[[str, str], Command]] = {
    "receive": lambda paper, reason: c.ReceivePaper(paper),
    "require": c.RequirePaper,
    "return": c.ReturnPaper,
    "waive": c.WaivePaper,
}
"""What staff do with a line of the checklist."""


def hand_in(caseway: Caseway, case: str, paper: str, id: str = "") -> Answer:
    """The customer uploads a paper."""
    state, process = state_of(caseway, case)
    found = checklist_of(process)
    title = found.lines[paper].title if found is not None and paper in found.lines else {}
    name = f"{title.get('zh', paper)}.pdf"
    content = io.BytesIO(sheet(state.flow.number, title.get("en", paper)))
    return caseway.attach(case, name, content, CUSTOMER, paper=paper, ground="simulation", id=id)


def wanted(state: Any) -> list[str]:
    """The papers that a case waits for."""
    return [name for name, line in lines_of(state.papers).items() if line.status in OPEN]


def sheet(*lines: str) -> bytes:
    """A one-page PDF with these lines of plain Latin text."""
    shown = "".join(f"({_plain(line)}) Tj 0 -28 Td " for line in lines)
    stream = f"BT /F1 20 Tf 60 760 Td {shown}ET".encode("latin-1", "replace")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer <</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return made + end % (table, len(made))


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
