"""The small branch office with a second version of its orders: a step by another name, other limits, another field."""

import shutil
from pathlib import Path

from tests.support.branch import FOLDER

MIGRATION = """\
migration: order
to: in_force
reason: {zh: 新办法, en: new rules}
steps:
  check: {map: examine}
data:
  rename: {note: remark}
  set: {visits: "{{ coalesce(visits, 0) + 10 }}"}
"""


def renewed(folder: Path) -> Path:
    """A copy of the office's folder in which orders are examined, in six hours instead of four."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    order, schema = folder / "order.yaml", folder / "schemas" / "order.yaml"
    text = order.read_text().replace(
        "  check:\n    title: {zh: 核对, en: Check}", "  examine:\n    title: {zh: 核对, en: Check}"
    )
    for old in ("step.check", "[check]", "next: check", "first: check"):
        text = text.replace(old, old.replace("check", "examine"))
    text = text.replace("    limit: 4h\n", "    limit: 6h\n").replace("note: why", "remark: why")
    text = text.replace("score, note]", "score, remark]").replace("into: {note: product}", "into: {remark: product}")
    text = text.replace("form: [note]", "form: [remark]").replace("after: 30h", "after: 40h")
    order.write_text(text)
    schema.write_text(schema.read_text().replace("  note: {title", "  remark: {title"))
    return folder
