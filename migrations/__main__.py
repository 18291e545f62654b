"""`python -m migrations "What changes"`: drafts the next migration from the tables that the code declares.

The draft is what Alembic finds different from a database of the newest migration. Read it before it is
committed (what SQLite cannot alter needs `op.batch_alter_table`; an index over an expression on a table that is
there already is not noticed), and raise `tables.SCHEMA` to its number.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

from alembic import command
from alembic.operations.ops import CreateIndexOp, CreateTableOp
from sqlalchemy import Column

from engine.runtime import schema
from engine.runtime.sqlite import SQLite
from migrations.tables import metadata


def main() -> None:
    warnings.filterwarnings("ignore", "autogenerate skipping")  # see `complete`
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    engine = SQLite(Path(":memory:")).engine
    if any((schema.MIGRATIONS / "versions").glob("*.py")):
        schema.upgrade(engine)
    with engine.connect() as connection:
        config = schema.config(connection, metadata=metadata())
        number = int(schema.version(connection) or 0) + 1
        command.revision(
            config, sys.argv[1], autogenerate=True, rev_id=f"{number:04}", process_revision_directives=complete
        )


def complete(_: Any, __: Any, directives: list[Any]) -> None:
    """Adds what Alembic leaves out on SQLite: indexes over expressions, of new tables."""
    operations = directives[0].upgrade_ops.ops
    for made in [one for one in operations if isinstance(one, CreateTableOp)]:
        for index in sorted(metadata().tables[made.table_name].indexes, key=lambda one: str(one.name)):
            if any(not isinstance(part, Column) for part in index.expressions):
                operations.append(CreateIndexOp.from_index(index))


if __name__ == "__main__":
    main()
