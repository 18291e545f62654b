"""`python -m migrations "What changes"`: drafts the next migration from the tables that the code declares.

The draft is what Alembic finds different from a database of the newest migration. Read it before it is
committed (what SQLite cannot alter needs `op.batch_alter_table`), and raise `tables.SCHEMA` to its number.
"""

import sys
from pathlib import Path

from alembic import command

from engine.runtime import schema
from engine.runtime.sqlite import SQLite
from migrations.tables import metadata


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    engine = SQLite(Path(":memory:")).engine
    if any((schema.MIGRATIONS / "versions").glob("*.py")):
        schema.upgrade(engine)
    with engine.connect() as connection:
        config = schema.config(connection, metadata=metadata())
        number = int(schema.version(connection) or 0) + 1
        command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    main()
