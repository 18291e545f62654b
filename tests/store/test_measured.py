"""What is asked of the newest cases, and of clocks that are late, is asked alike of both databases."""

from datetime import UTC, datetime, timedelta

from engine.runtime.database import Database
from web.rollup import _figures
from workbench import late
from workbench.measured import spans

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_an_empty_house_has_no_times_and_nothing_late(database: Database) -> None:
    connection = database.connect()
    try:
        assert spans(connection, "claims") == spans(connection, "claims", "some version") == {}
        assert late.late(connection, NOW, ["intake"]) == late.unexplained(connection, NOW, ["intake"]) == []
        assert late.count(connection, NOW, []) == (0, 0)
        assert late.soon(connection, NOW, timedelta(hours=1), ["intake"], 5) == []
        assert late.looks_after(connection, "none", ["intake"])
        assert _figures(connection, NOW).incidents == 0
    finally:
        connection.close()
