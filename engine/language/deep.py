"""The deep checks of the language itself: those that need to know of no component. To add one: a line in `DEEP`."""

from engine.language import decision_checks
from engine.language.project import Check

DEEP: tuple[Check, ...] = (decision_checks.check,)
