"""Whom a page or an endpoint is open to, as dependencies: a name in a signature says who may ask."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends

from web.deps import Caller, Signed
from web.desk import Desk
from web.problems import Problem
from web.roles import arranges, designs, sees_admin, sees_processes


def let_in(desk: Desk, may: Callable[[Desk], bool], key: str) -> Desk:
    """The desk, if it may; otherwise a Problem that says in the text of that key who may."""
    if not may(desk):
        raise Problem(403, "not_allowed", desk.say(key))
    return desk


def _page(may: Callable[[Desk], bool], key: str) -> Callable[[Desk], Desk]:
    def gate(desk: Signed) -> Desk:
        return let_in(desk, may, key)

    return gate


def _program(may: Callable[[Desk], bool], key: str) -> Callable[[Desk], Desk]:
    def gate(desk: Caller) -> Desk:
        return let_in(desk, may, key)

    return gate


Reader = Annotated[Desk, Depends(_page(sees_processes, "only.reader"))]
Designer = Annotated[Desk, Depends(_page(designs, "only.designer"))]
Lead = Annotated[Desk, Depends(_page(sees_admin, "only.lead"))]
Arranger = Annotated[Desk, Depends(_page(arranges, "only.arranger"))]

ReaderCaller = Annotated[Desk, Depends(_program(sees_processes, "only.reader"))]
DesignerCaller = Annotated[Desk, Depends(_program(designs, "only.designer"))]
LeadCaller = Annotated[Desk, Depends(_program(sees_admin, "only.lead"))]
ArrangerCaller = Annotated[Desk, Depends(_program(arranges, "only.arranger"))]
