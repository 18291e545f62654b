"""The body of a document as blocks of runs of text: what setting it in type needs of its HTML.

Notices use few tags: paragraphs, headings, lists, tables, bold, line breaks. What stands in any other counts as text,
so that nothing that was said is left out.
"""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

Block = dict[str, Any]
"""{kind: p | h, runs}; {kind: list, ordered, items: [runs]}; {kind: table, columns, rows: [[{head, amount, runs}]]}."""
Runs = list[dict[str, Any]]
"""{text, bold}, in order; a line break is a newline in the text."""

_BOLD = frozenset({"b", "strong", "em", "i"})
_LISTS = frozenset({"ul", "ol"})
_TEXT = {"p": "p", "div": "p", "blockquote": "p", "h1": "h", "h2": "h", "h3": "h", "caption": "h"}
_SKIPPED = frozenset({"script", "style"})


def blocks(body: str) -> list[Block]:
    """The blocks of a notice's body, in order."""
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return [block for block in map(_tidy, reader.blocks) if block]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._runs: Runs | None = None  # where text goes now; None: the next text opens a paragraph
        self._bold = 0
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        last = self.blocks[-1] if self.blocks else {}
        if tag in _TEXT and last.get("open"):
            self._say("\n")  # a paragraph in a cell or an item
        elif tag in _TEXT:
            self._open({"kind": _TEXT[tag], "runs": []})
        elif tag in _LISTS or tag == "table":
            made: Block = {"kind": "table", "rows": []} if tag == "table" else {"kind": "list", "items": []}
            self.blocks.append({**made, "ordered": tag == "ol", "open": True})
            self._runs = None
        elif tag == "li" and last.get("kind") == "list":
            self._runs = []
            last["items"].append(self._runs)
        elif tag == "tr" and last.get("kind") == "table":
            last["rows"].append([])
        elif tag in ("td", "th") and last.get("rows"):
            self._runs = []
            amount = "amount" in (dict(attrs).get("class") or "").split()
            last["rows"][-1].append({"head": tag == "th", "amount": amount, "runs": self._runs})
        elif tag == "br":
            self._say("\n")
        self._bold += tag in _BOLD
        self._skipped += tag in _SKIPPED

    def handle_endtag(self, tag: str) -> None:
        last = self.blocks[-1] if self.blocks else {}
        if tag in _LISTS or tag == "table":
            last["open"] = False
            self._runs = None
        elif (tag in _TEXT and not last.get("open")) or tag in ("li", "td", "th"):
            self._runs = None
        self._bold = max(self._bold - (tag in _BOLD), 0)
        self._skipped = max(self._skipped - (tag in _SKIPPED), 0)

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._say(" ".join(data.split("\n")) if data.strip() else " ")

    def _open(self, block: Block) -> None:
        self.blocks.append(block)
        self._runs = block["runs"]

    def _say(self, text: str) -> None:
        if self._runs is None:
            if not text.strip():
                return
            self._open({"kind": "p", "runs": []})
        assert self._runs is not None
        self._runs.append({"text": text, "bold": self._bold > 0})


def _tidy(block: Block) -> Block | None:
    """Without the white space between tags; None where nothing is left."""
    kind = block["kind"]
    if kind == "list":
        items = [runs for runs in map(_runs, block["items"]) if runs]
        return {"kind": kind, "ordered": block["ordered"], "items": items} if items else None
    if kind == "table":
        rows = [[{**cell, "runs": _runs(cell["runs"])} for cell in row] for row in block["rows"] if row]
        columns = max(map(len, rows), default=0)
        rows = [row + [{"head": False, "amount": False, "runs": []}] * (columns - len(row)) for row in rows]
        return {"kind": kind, "columns": columns, "rows": rows} if rows else None
    runs = _runs(block["runs"])
    return {"kind": kind, "runs": runs} if runs else None


def _runs(runs: Runs) -> Runs:
    if not "".join(run["text"] for run in runs).strip():
        return []
    first, last = runs[0], runs[-1]
    trimmed = [*runs[:-1], {**last, "text": last["text"].rstrip()}]
    return [{**first, "text": trimmed[0]["text"].lstrip()}, *trimmed[1:]]
