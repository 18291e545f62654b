"""What compiling asks while it goes: expressions, durations, names and places in the data, each fault a problem.

A `Build` is one compilation of one file. A `Scope` is the view of it from one step ("" is the process): the same
questions, with the names that are known there. A `Scope` is what components are given as their `Context`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from engine.core.durations import SECONDS, Duration, parse_duration
from engine.core.expressions import AMBIENT, Expression, ExpressionError, compile_expression, computed_source
from engine.core.kinds import ANY, DATETIME, TEXT, Type, holds_secret, not_assignable
from engine.core.model import Assign, Length, Path, Text
from engine.core.naming import did_you_mean
from engine.core.types import NameProblem, target_type
from engine.language.build import Build, end_of
from engine.language.document import Place
from engine.language.extension import Where
from engine.language.notices import file_of, reads
from engine.language.outline import HERE, Region
from engine.language.problems import one_of

CODES = {
    "CW121": "an unknown name",
    "CW122": "a jump out of its block",
    "CW131": "a wrong expression",
    "CW132": "a place that the data does not have, or that holds something else",
    "CW133": "a secret that would lie open",
    "CW134": "a length of time that cannot be counted",
    "CW135": "a text that lacks a language",
}

_CONSTANTS = {True: "true", False: "false", None: "none"}


class Scope:
    """The questions that are asked from one step. Nothing here raises: faults become problems."""

    def __init__(self, build: Build, step: str = "") -> None:
        found = build.outline.steps.get(step)
        self.build = build
        self.step = step
        self.house = build.house
        self.names: Mapping[str, Type] = {**build.names, **(found.region.locals if found else {})}
        self.steps = frozenset(build.outline.steps)
        self.milestones = build.milestones
        self.ends = build.ends

    def problem(
        self,
        where: Where,
        code: str,
        message: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        warning: bool = False,
        key: bool = False,
        offset: int | None = None,
    ) -> None:
        """Something wrong with the value at `where`, with its key, or with one character of its text."""
        self.build.problems.add(
            self.build.document.problem(
                code,
                where,
                message,
                expected=expected or None,
                hint=hint or None,
                severity="warning" if warning else "error",
                key=key,
                offset=offset,
            )
        )

    def only(self, names: Mapping[str, Type]) -> "Scope":
        """The same where nothing but these names can be read."""
        scope = Scope(self.build, self.step)
        scope.names = names
        return scope

    def where_of(self, step: str) -> Place:
        """Where a step stands in the file; one that the compiler added stands where its host does."""
        while step not in self.build.outline.steps and "/" in step:
            step = step.rpartition("/")[0]
        found = self.build.outline.steps.get(step)
        return found.where if found else ()

    # --- names --------------------------------------------------------------------------------------

    def name(
        self,
        where: Where,
        value: str,
        known: Collection[str],
        what: str,
        *,
        key: bool = False,
        offset: int | None = None,
    ) -> bool:
        """Whether `value` is among the known names (of queues, roles, steps ...); a problem if not."""
        if value in known:
            return True
        hint, expected = did_you_mean(value, known), one_of(known)
        self.problem(
            where, "CW121", f"there is no {what} {value!r}", expected=expected, hint=hint, key=key, offset=offset
        )
        return False

    def jump(self, where: Where, target: str) -> str | None:
        """The step that `next` at `where` leads to, seen from this step: one of its own block, or `end`, the
        end of that block (None)."""
        if target == HERE:
            self.build.jumps.setdefault(self.step, []).append(("", where))
            return None
        region = self._region()
        known = [step.id for step in region.steps if "/" not in step.id]
        found = self.build.outline.steps.get(target)
        if found is None or found.region is not region:
            self.build.lost.add(region.id)
            if target in self.build.outline.twice:
                return None  # which of the two is meant is not known
            if found is None:
                self.name(where, target, [*known, HERE], "step")
            else:
                message = f"a jump stays in its block, and {target!r} stands in another"
                hint = did_you_mean(target, known)
                self.problem(where, "CW122", message, expected=one_of([*known, HERE]), hint=hint)
            return None
        self.build.jumps.setdefault(self.step, []).append((target, where))
        return target

    def leave_to(self, where: Where, target: str) -> str | None:
        """The same where only a node can be named: for `end`, a node that the compiler puts there."""
        found = self.jump(where, target)
        if target != HERE:
            return found
        region = self._region()
        self.build.ended.add(region.id)
        return end_of(region)

    def _region(self) -> Region:
        """Where this step stands, and may jump."""
        outline = self.build.outline
        return outline.steps[self.step].region if self.step else outline.regions[""]

    def clauses(self, where: Where, written: list[str]) -> tuple[str, ...]:
        """The clauses cited, each of which the house's catalogue must have."""
        for index, clause in enumerate(written):
            self.name((*where, index), clause, self.house.clauses, "clause")
        return tuple(written)

    def text(self, where: Where, value: Any) -> Text:
        """A bilingual text: {zh, en}, or one string for every language of the house."""
        if isinstance(value, str):
            return dict.fromkeys(self.house.languages, value)
        missing = [language for language in self.house.languages if language not in value]
        if missing:
            self.problem(where, "CW135", f"this text is not there in {', '.join(missing)}", warning=True)
        return dict(value)

    # --- expressions --------------------------------------------------------------------------------

    def expression(
        self,
        where: Where,
        text: Any,
        *,
        extra: Mapping[str, Type] | None = None,
        wants: Type | None = None,
        offset: int = 0,
    ) -> Expression | None:
        """The expression at `where`; a number, true, false or nothing written plainly stands for itself.

        `extra` are names known only here, `wants` the type needed, `offset` where in the text it begins.
        """
        source = _CONSTANTS[text] if text is None or isinstance(text, bool) else str(text)
        names = {**self.names, **extra} if extra else self.names
        try:
            found = compile_expression(source, names, self.build.language.functions, wants=wants)
        except ExpressionError as error:
            for each in error.problems:
                self.problem(where, "CW131", each.message, hint=each.hint, offset=offset + each.offset)
            return None
        self.build.reads.setdefault(self.step, set()).update(found.reads & set(self.build.schema.names))
        return found

    def expressions(
        self, where: Where, written: Mapping[str, Any], *, extra: Mapping[str, Type] | None = None
    ) -> dict[str, Expression]:
        """A mapping from names to expressions; those that are wrong are left out."""
        found = {name: self.expression((*where, name), text, extra=extra) for name, text in written.items()}
        return {name: each for name, each in found.items() if each is not None}

    def open_expression(self, where: Where, text: Any, what: str, *, wants: Type | None = None) -> Expression | None:
        """An expression whose result is kept openly, so that it may not read a secret (R13)."""
        found = self.expression(where, text, wants=wants)
        return found if found and self._open(where, found, what) else None

    def literal_or_expression(self, where: Where, text: str) -> str | Expression | None:
        """`owner` is itself; `{{ queue_for(kind) }}` is an expression."""
        computed = computed_source(text)
        return text if computed is None else self.expression(where, computed[0], offset=computed[1])

    def open_literal(self, where: Where, text: str, what: str) -> str | Expression | None:
        """The same for what is kept openly, so that it may not read a secret (R13)."""
        found = self.literal_or_expression(where, text)
        return None if isinstance(found, Expression) and not self._open(where, found, what) else found

    def _open(self, where: Where, found: Expression, what: str) -> bool:
        if found.secret:
            self.problem(where, "CW133", f"{what} is kept openly, and this reads a secret field")
        return not found.secret

    def key(self, where: Where, text: Any, *, extra: Mapping[str, Type] | None = None) -> Expression | None:
        """The key by which a message or signal finds its case: text or a whole number, never a secret (R13)."""
        found = self.expression(where, text, extra=extra)
        if found and self._open(where, found, "a key") and found.type.kind not in ("text", "int", "any"):
            self.problem(where, "CW131", f"this is {found.type}", expected="text or a whole number for a key")
        return found

    def notice(
        self, where: Where, notice: str, facts: Mapping[str, Expression], extra: Mapping[str, Type] | None = None
    ) -> Mapping[str, Expression]:
        """All facts that a notice's text needs: those given, and the names of the data that it reads. `extra`
        are names that whoever sends it puts in by itself. A missing file or fact is a problem."""
        build = self.build
        if notice not in build.notices:
            read = reads(build.document, where, notice, build.files, build.problems)
            if read is None:
                return facts
            build.notices[notice] = read
        found = dict(facts)
        for name in sorted(build.notices[notice] - set(facts) - set(extra or ())):
            if name not in self.names and name not in AMBIENT:
                message = f"{file_of(notice)} reads {name!r}, which nobody gives it"
                hint = did_you_mean(name, self.names) or f"give it: facts: {{{name}: …}}"
                self.problem(where, "CW145", message, hint=hint)
            elif value := self.expression(where, name):
                found[name] = value
        for name, value in found.items():
            at = (*where[:-1], "facts", name) if name in facts and isinstance(value, Expression) else where
            self._open(at, value, f"the fact {name!r} of a notice")
        return found

    # --- time ---------------------------------------------------------------------------------------

    def duration(self, where: Where, text: Any) -> Duration | None:
        try:
            found = parse_duration(text)
        except ValueError as error:
            self.problem(where, "CW134", str(error))
            return None
        if (found.unit not in SECONDS or found.unit == "wh") and self.build.calendar == "":
            known = min(self.house.calendars, default="…")
            hint = f"write at the top: calendar: {known}"
            self.problem(where, "CW134", f"{found} is counted on a calendar, and the process names none", hint=hint)
        return found

    def length(self, where: Where, text: Any) -> Length | None:
        computed = computed_source(text) if isinstance(text, str) else None
        if computed is None:
            return self.duration(where, text)
        return self.expression(where, computed[0], wants=TEXT, offset=computed[1])

    def seconds(self, where: Where, text: Any) -> int | None:
        """A length in elapsed time, for machines: 30s, 5min, 2h."""
        found = self.duration(where, text)
        if found is None:
            return None
        if found.unit not in SECONDS or found.unit == "wh":
            self.problem(where, "CW134", f"got {text}", expected="elapsed time, as 30s, 5min or 2h")
            return None
        return int(found.span.total_seconds())

    def moment(self, where: Where, text: Any) -> Expression | None:
        return self.expression(where, text, wants=DATETIME)

    # --- places in the data -------------------------------------------------------------------------

    def path(self, where: Where, dotted: str, *, key: bool = False) -> tuple[Path, Type] | None:
        """A place in the data and its type; unknown names are problems with the nearest name."""
        try:
            return tuple(dotted.split(".")), target_type(self.build.schema.names, dotted)
        except NameProblem as problem:
            self.problem(where, "CW132", problem.message, hint=problem.hint, key=key)
            return None

    def target(self, where: Where, dotted: str, *, key: bool = False) -> tuple[Path, Type] | None:
        """The same for a place that this step writes to."""
        found = self.path(where, dotted, key=key)
        if found:
            self.build.writes.setdefault(self.step, {}).setdefault(found[0][0], where)
        return found

    def assigns(
        self, where: Where, written: Mapping[str, Any], *, extra: Mapping[str, Type] | None = None
    ) -> tuple[Assign, ...]:
        """A mapping from places to expressions, each of the place's type."""
        found = []
        for dotted, text in written.items():
            at = (*where, dotted)
            target = self.target(at, dotted, key=True)
            value = self.expression(at, text, extra=extra, wants=target[1] if target else None)
            if target and value:
                self.sealed(at, value.secret, target[1], dotted)
                found.append(Assign(target[0], value))
        return tuple(found)

    def into(
        self, where: Where, written: str | Mapping[str, str] | None, result: Type, what: str, secret: bool = False
    ) -> tuple[tuple[str, Path], ...]:
        """Where a result goes: one place for all of it, or a mapping from places to its fields."""
        if written is None:
            return ()
        pairs = [(written, "", where)] if isinstance(written, str) else [
            (dotted, name, (*where, dotted)) for dotted, name in written.items()
        ]  # fmt: skip
        found = []
        for dotted, name, at in pairs:
            given = self._field_of(at, result, name, what)
            target = self.target(at, dotted, key=bool(name))
            if target is None or given is None:
                continue
            unfit = not_assignable(given, target[1])
            if unfit:
                self.problem(at, "CW132", f"{what} does not fit {dotted}: {unfit[0]}", hint=unfit[1])
            self.sealed(at, secret or given.secret, target[1], dotted)
            found.append((name, target[0]))
        return tuple(found)

    def _field_of(self, where: Where, result: Type, name: str, what: str) -> Type | None:
        if not name or result.fields is None:
            return result if not name else ANY
        if name in result.fields:
            return result.fields[name]
        hint = did_you_mean(name, result.fields)
        self.problem(where, "CW121", f"{what} has no {name!r}", expected=one_of(result.fields), hint=hint)
        return None

    def sealed(self, where: Where, secret: bool, target: Type, dotted: str) -> None:
        """An expression that reads a secret yields a secret: its target must be one too (R13)."""
        if secret and not holds_secret(target):
            hint = "give the field `grade: secret` in the data schema"
            self.problem(where, "CW133", f"this reads a secret, and {dotted} is kept openly", hint=hint)
