"""The deep checks of the language itself: those that need to know of no component. To add one: a line in `DEEP`."""

from engine.language import decision_checks, soundness
from engine.language.between import ends_of_calls, messages_and_signals
from engine.language.clauses import numbers_of_clauses
from engine.language.dataflow.checks import never_read, never_written, read_before_written, rows_that_fit, same_outcomes
from engine.language.keeping import kept_processes
from engine.language.project import Check
from engine.language.series import series_apart
from engine.language.uncaught import errors_caught

DEEP: tuple[Check, ...] = (
    read_before_written,
    never_written,
    never_read,
    same_outcomes,
    rows_that_fit,
    messages_and_signals,
    errors_caught,
    ends_of_calls,
    series_apart,
    numbers_of_clauses,
    kept_processes,
    decision_checks.check,
    soundness.check,
)
