"""Random projects in YAML that are right by construction: nothing that lint could say of them would be true.

Theory of operation. A path is a row of pieces, each entered at one step and left by one way on, so every case can come
to the end. A *piece* knows which fields are surely set when it is entered (`known`) and which are when it is left. What
a condition or a text needs is taken from these, anything else is asked for with care (`is not none`, `coalesce`). Each
write has a field of its own, so branches never clash; a form at the end shows them all. The house is made last, of
exactly the names that were used, and the people so that every queue has two and nobody serves two queues.
"""

from collections.abc import Callable
from json import dumps
from random import Random
from typing import Any

from tests.support.sound_pieces import FIELDS, NESTED, PLAIN, QUEUES, Known, Makers, two

LONG = 400
"""Working days: more than all limits of a process together."""


class Sound:
    """One project: `files` by name, `processes` among them, `people` in samples/organisation.yaml."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.files: dict[str, str] = {}
        self.messages: dict[str, Any] = {}
        self.signals: dict[str, Any] = {}
        self.errors: dict[str, Any] = {}
        self.escalations: dict[str, Any] = {}
        self.clauses: dict[str, Any] = {}
        self.processes: list[str] = []
        self.count = 0
        ends = self._called("helper")
        self._main("main", ends)
        self._house()

    # --- names ---------------------------------------------------------------------------------------

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def field(self, type: str, computed: bool = False) -> str:
        found = self.name(type)
        self.fields[found] = FIELDS[type]
        if computed:
            self.shown.append(found)
        return found

    def pick(self, known: Known, type: str) -> str:
        """A field of that type that is surely set, "" if there is none."""
        return self.random.choice(sorted(known.get(type, frozenset())) or [""])

    def condition(self, known: Known) -> str:
        number, kind, flag = self.pick(known, "number"), self.pick(known, "kind"), self.pick(known, "flag")
        careful = self.random.choice(sorted(self.written["number"]) or [""])
        choices = [f"{number} > 3" if number else "", f"{kind} == 'red'" if kind else "", flag]
        choices += [f"{careful} is not none and {careful} > 2", f"coalesce({careful}, 0) < 5"] if careful else []
        return self.random.choice([each for each in choices if each] or ["number != ''"])

    # --- processes -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.fields: dict[str, Any] = {}
        self.shown: list[str] = []
        self.written: dict[str, set[str]] = {type: set() for type in FIELDS}
        self.humans: list[tuple[str, str]] = []

    def wrote(self, known: Known, *fields: str) -> Known:
        for each in fields:
            self.written[each.rstrip("0123456789")].add(each)
        found = dict(known)
        for each in fields:
            type = each.rstrip("0123456789")
            found[type] = found.get(type, frozenset()) | {each}
        return found

    def _called(self, name: str) -> list[str]:
        self._begin()
        ends = ["good", "bad"][: self.random.randint(1, 2)]
        steps: dict[str, Any] = {}
        outcomes = {each: {"title": two(each), "next": f"{name}_{each}"} for each in ends}
        steps[self.name("step")] = {"title": two("Work"), "human": {"queue": "back"}, "outcomes": outcomes}
        steps |= {f"{name}_{each}": {"end": each} for each in ends}
        self._write(name, {"process": name, "title": two(name), "steps": steps})
        return ends

    def _main(self, name: str, ends: list[str]) -> None:
        self._begin()
        self.ends = ends
        self.holds: list[str] = []
        start = [self.field(type) for type in ("number", "kind", "text", "flag", "list", "money")]
        known = self.wrote({}, *start)
        steps: dict[str, Any] = {}
        self.path(steps, known, self.random.randint(3, 7), 0, "show")
        steps["show"] = {
            "title": two("Show"),
            "human": {"queue": "high"},
            "form": self.shown or start,
            "next": "finished",
        }
        steps["finished"] = {"milestone": "finished", "next": "done"}
        steps |= {"done": {"end": "done"}, "gone": {"end": "gone"}}
        process: dict[str, Any] = {
            "process": name,
            "title": two(name),
            "calendar": "office",
            "data": {"properties": self.fields, "required": self.random.sample(start, 2)},
            "start": {"by": ["staff"], "form": start},
        }
        if self.random.random() < 0.7:
            process["clocks"] = {"whole": self._clock()}
        if self.random.random() < 0.5:
            self.messages["stop"] = {"title": two("Stop"), "by": ["customer"]}
            process["meanwhile"] = [{"message": "stop", "key": "number", "next": "gone"}]
        else:
            del steps["gone"]
            for clock in process.get("clocks", {}).values():
                clock.pop("void_on", None)
        self._write(name, process | {"steps": steps})

    def _clock(self) -> dict[str, Any]:
        ladder: list[dict[str, Any]] = [{"at": "50%", "notify": ["owner"], "with": "near"}]
        ladder += [{"at": "due", "notify": ["role.chief"], "with": "near"}] if self.random.random() < 0.5 else []
        ladder += [{"at": "due + 1wd", "priority": "+10", "every": "1wd", "times": 3}]
        found: dict[str, Any] = {
            "runs": {"from": "case", "until": "milestone.finished"},
            "limit": f"{LONG}wd",
            "void_on": ["gone"],
            "ladder": ladder,
        }
        if self.holds and self.random.random() < 0.7:
            found["pauses_while"] = {"only_in": [self.random.choice(self.holds)]}
        return found

    def _write(self, name: str, process: dict[str, Any]) -> None:
        self.processes.append(f"{name}.yaml")
        self.files[f"{name}.yaml"] = dumps(process, ensure_ascii=False, indent=1)

    # --- paths ---------------------------------------------------------------------------------------

    def path(
        self, steps: dict[str, Any], known: Known, length: int, depth: int, after: str, makers: Makers = ()
    ) -> Known:
        """A row of pieces, put into `steps`; the last goes on to `after`. What is known behind it."""
        makers = makers or (PLAIN + NESTED if depth < 2 else PLAIN)
        rows: list[tuple[str, Callable[[str], dict[str, Any]]]] = []
        for _ in range(length):
            enter, finish, known = self.random.choice(makers)(self, known, depth)
            rows.append((enter, finish))
        for index, (_, finish) in enumerate(rows):
            steps |= finish(rows[index + 1][0] if index + 1 < len(rows) else after)
        return known

    def _house(self) -> None:
        names = {
            "queues": {each: two(each) for each in QUEUES},
            "messages": self.messages,
            "signals": self.signals,
            "errors": self.errors,
            "escalations": self.escalations,
            "clauses": self.clauses,
        }
        house: dict[str, Any] = {"house": "random", "languages": ["zh", "en"], "roles": {"chief": two("chief")}}
        house |= {key: value for key, value in names.items() if value}
        house |= {
            "authority": {"spending": {"title": two("spending")}},
            "calendars": {"office": "calendars/office.yaml"},
        }
        self.files["house.yaml"] = dumps(house, ensure_ascii=False, indent=1)
        self.files["calendars/office.yaml"] = dumps(
            {
                "calendar": "office",
                "title": two("office"),
                "zone": "Asia/Shanghai",
                "hours": {"mon-fri": ["09:00-17:00"]},
            }
        )
        text = {"zh": "{{ number }}", "en": "{{ number }}"}
        self.files["notices/near.yaml"] = dumps({"subject": text, "body": text})
        people = {
            "zone": "Asia/Shanghai",
            "roles": {"chief": two("chief")},
            "users": {f"{queue}_{n}": {"name": f"{queue} {n}", "roles": ["chief"]} for queue in QUEUES for n in "abc"},
            "queues": {
                queue: {"members": [f"{queue}_a", f"{queue}_b"], "managers": [f"{queue}_c"]} for queue in QUEUES
            },
            "grants": [{"role": "chief", "kind": "spending", "amount": 1000}],
        }
        self.files["samples/organisation.yaml"] = dumps(people)
