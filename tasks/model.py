"""What the work keywords of a process become: `node.parts["work"]` of human steps, `process.parts["work"]`."""

from dataclasses import dataclass, field

from engine.core.expressions import Expression
from engine.language.house import Authority as Kind

NAME = "work"
"""The name of the slice, and of its parts in nodes and processes."""

Named = str | Expression
"""A name as written, or an expression that yields one."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What a task decides: held against the grants of who completes it.

    `amount` is a number in the data. `decision` is what is weighed before an outcome is chosen; an outcome's
    own `decision` takes its place. Where some outcome of the step has one, an outcome without decides nothing.
    `known` is the kind as the house has it, for its titles.
    """

    kind: str
    line: Named = ""
    amount: Expression | None = None
    decision: Named = ""
    climb: bool = True  # goes to who has it, where nobody of the queue does
    known: Kind | None = field(default=None, compare=False, repr=False)

    @property
    def reads(self) -> frozenset[str]:
        """The names of the data that say what is decided."""
        given = (self.line, self.amount, self.decision)
        return frozenset().union(*(one.reads for one in given if isinstance(one, Expression)))


@dataclass(frozen=True, slots=True)
class Approvals:
    """A step that several decide: each of `of` people has one vote. `needs` votes for the first outcome carry it;
    otherwise it is the second. With `early`, as soon as nothing can change it any more."""

    of: int
    needs: int
    early: bool = True
    role: str = ""  # only who has it votes; "": all whom the queue allows


@dataclass(frozen=True, slots=True)
class Work:
    """The work keywords of one human step."""

    queue: Named = ""
    assign: Named = ""  # starter | owner | a user | an expression; "": anyone who serves the queue
    else_queue: str = ""
    not_by: tuple[str, ...] = ()
    authority: Authority | None = None
    follow: bool = False
    priority: int | Expression = 0
    skippable: bool = False
    approvals: Approvals | None = None
    skill: Named = ""  # that its task asks for, where the queue pushes work by skill
    not_users: Expression | None = None  # a list of users who take no part in it


@dataclass(frozen=True, slots=True)
class Owning:
    """Who owns a case: whoever starts it (`starter`), if that is somebody in service, else who takes the step `first`;
    with neither, nobody.

    While nobody does, what is meant for the owner goes to `else_queue`.
    """

    first: str = ""
    starter: bool = False
    else_queue: str = ""


PRIORITIES = range(0, 101)
"""Priorities go from 0 to 100; the highest is served first."""


def bounded(priority: int) -> int:
    """The nearest priority that there is."""
    return min(max(priority, PRIORITIES[0]), PRIORITIES[-1])
