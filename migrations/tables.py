"""Where the components declare their tables: one metadata for all."""

import importlib
from importlib.util import find_spec

from sqlalchemy import MetaData

COMPONENTS = (
    "engine.runtime", "organisation", "tasks", "sla", "papers", "notices", "reports", "workbench",
    "workbench.migrating", "web",
)  # fmt: skip


def metadata() -> MetaData:
    """The metadata of all tables; a component that keeps nothing has no module `tables`."""
    for component in COMPONENTS:
        if find_spec(component) and find_spec(f"{component}.tables"):
            importlib.import_module(f"{component}.tables")
    base = importlib.import_module("engine.runtime.tables")
    found: MetaData = base.metadata
    return found
