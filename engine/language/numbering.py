"""Templates of business numbers: `TS-{year}-{seq:06}`, `{site}` if the installation has several."""

from string import Formatter

FIELDS = {"year", "seq", "site"}


def problem(template: str) -> str | None:
    """Why a template cannot make numbers, or None. For the check of a definition."""
    try:
        fields = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if unknown := fields - FIELDS:
            return f"expected {{year}}, {{seq}} or {{site}}, not {{{min(unknown)}}}"
        if "seq" not in fields:
            return "expected {seq} in it, or all numbers would be the same"
        template.format(year=2026, seq=1, site="")
    except ValueError as error:
        return f"it cannot be read: {error}"
    return None
