"""The organisation as a YAML file again, such as `organisation.load` reads: out, changed by hand, and in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Numbers stay as they were written; nothing is anchored."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"
    return dumper.represent_scalar("tag:yaml.org,2002:" + ("float" if "." in text else "int"), text)


_Dumper.add_representer(Decimal, _decimal)


def export(document: Mapping[str, Any]) -> str:
    """The YAML text of a stored document; loaded again it is the same document."""
    value = dict(document)
    value["grants"] = [_grant(entry) for entry in document.get("grants", ())]
    if not value["grants"] and "grants" not in document:
        del value["grants"]
    order = ("zone", "roles", "groups", "users", "queues", "absences", "grants")
    value = {key: value[key] for key in order if key in value}
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)


def _grant(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts are stored as text where they are not whole."""
    amount = entry.get("amount")
    return {**entry, "amount": Decimal(amount)} if isinstance(amount, str) else dict(entry)
