"""How much of each process its scenarios go through, as a table, as data, and as a picture of what they leave out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.model import Decide, Process
from workbench.covering.items import KINDS, TITLES, Item, items
from workbench.drawing.svg import Overlay
from workbench.picture import picture


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is of a process, in words, and what of it was gone through."""

    process: Process
    words: Mapping[Item, str]
    seen: frozenset[Item]

    @property
    def missing(self) -> dict[Item, str]:
        return {item: words for item, words in self.words.items() if item not in self.seen}

    def counts(self, kind: str) -> tuple[int, int]:
        """How many of a kind were gone through, and how many there are."""
        all_of_it = [item for item in self.words if item.kind == kind]
        return sum(item in self.seen for item in all_of_it), len(all_of_it)

    @property
    def percent(self) -> float:
        return share([self])


def coverage(processes: Iterable[Process], seen: Iterable[Mapping[str, set[Item]]]) -> list[Coverage]:
    """The coverage of each process by all that was seen of it; items are what the processes have now."""
    by_process: dict[str, set[Item]] = {}
    for one in seen:
        for name, found in one.items():
            by_process.setdefault(name, set()).update(found)
    made = []
    for process in processes:
        words = items(process)
        made.append(Coverage(process, words, frozenset(by_process.get(process.name, set()) & words.keys())))
    return made


def share(found: Iterable[Coverage]) -> float:
    """How many in a hundred of all items were gone through; 100 where there are none."""
    pairs = [(len(one.seen), len(one.words)) for one in found]
    total = sum(count for _, count in pairs)
    return 100 * sum(count for count, _ in pairs) / total if total else 100.0


def table(found: Iterable[Coverage], most: int = 20) -> str:
    """The coverage as text: a line for each kind, then what is missing, at most so many of each."""
    lines = []
    for one in found:
        lines.append(f"{one.process.name}: {one.percent:.1f}%")
        for kind in KINDS:
            count, total = one.counts(kind)
            if not total:
                continue
            lines.append(f"  {TITLES[kind]:<20}{count:>5} of {total:<5}{100 * count / total:>6.1f}%")
            missing = [words for item, words in one.missing.items() if item.kind == kind]
            lines += [f"      {words}" for words in missing[:most]]
            if len(missing) > most:
                lines.append(f"      and {len(missing) - most} more (--json tells them all)")
    return "\n".join(lines)


def plain(found: Sequence[Coverage]) -> dict[str, Any]:
    """The coverage as data for programs."""
    processes = {}
    for one in found:
        kinds = {TITLES[kind].replace(" ", "_"): one.counts(kind) for kind in KINDS}
        processes[one.process.name] = {
            "percent": round(one.percent, 2),
            **{kind: {"covered": count, "of": total} for kind, (count, total) in kinds.items()},
            "missing": [{**item._asdict(), "words": words} for item, words in one.missing.items()],
        }
    return {"percent": round(share(found), 2), "processes": processes}


def left_out(one: Coverage, language: str) -> str:
    """The process as SVG, with what no scenario went through standing out. A step shows how many rows of its table
    are left out; a host, its handlers that leave it."""
    missed = {(item.place, item.name) for item in one.missing if item.kind in ("step", "branch", "outcome")}
    missed |= {(item.place or "/any", item.name) for item in one.missing if item.kind == "handler"}
    bodies = {(host, f"/{number}"): handler.body for host, number, handler in _handlers(one.process) if handler.body}
    missed |= {(body, "") for place, body in bodies.items() if place in missed}
    rows = {}
    for node in one.process.nodes.values():
        if isinstance(node.spec, Decide):
            total = len(node.spec.table.rules)
            gone = sum(Item("row", node.spec.table.name, str(row)) in one.seen for row in range(1, total + 1))
            if gone < total:
                rows[node.id] = f"{gone}/{total}"
    return picture(one.process, language, Overlay(missed=frozenset(missed), right=rows))


def _handlers(process: Process) -> Iterable[tuple[str, int, Any]]:
    for place, host in [("/any", process), *((node.id, node) for node in process.nodes.values())]:
        for number, handler in enumerate(host.handlers, 1):  # type: ignore[attr-defined]  # both have them
            yield place, number, handler
