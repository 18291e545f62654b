"""The organisation on its pages: people, queues, groups, authority, and changes by two."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from organisation.load import ASSIGN_BY
from web import organisation as view
from web.absences import absences
from web.deps import Form
from web.desk import Desk
from web.gates import Arranger, Lead
from web.problems import Problem
from web.routes.arranged import Show, changed, edit, everybody, list_of, text_of
from web.sections import admin_page
from workbench import arranging

router = APIRouter(prefix="/admin")
# --- people ---------------------------------------------------------------------------------------------


@router.get("/people")
def people(request: Request, desk: Arranger, q: str = "", state: str = "") -> Response:
    return _people(request, desk, 200, "", q, state)


def _people(request: Request, desk: Desk, status: int, wrong: str, q: str = "", state: str = "") -> Response:
    return admin_page(
        request, desk, "admin_people.html", status, wrong, people=view.people(desk, q[:80], state[:20]), q=q,
        state=state, states=("there", "away", "coming", "left"),
    )  # fmt: skip


@router.post("/people")
def new_person(request: Request, desk: Arranger, form: Form) -> Response:
    user, zh, en = text_of(form, "user"), text_of(form, "zh"), text_of(form, "en")
    if user in desk.caseway.directory.users:
        return _people(request, desk, 422, desk.say("change.taken", name=user))
    given = {"user": user, "name": {"zh": zh or en, "en": en or zh}}
    return changed(request, desk, form, _people, f"/admin/people/{quote(user)}", edit(desk, form, "user", given))


@router.get("/people/{user}")
def person(request: Request, desk: Arranger, user: str) -> Response:
    return _person(user)(request, desk, 200, "")


def _person(user: str) -> Show:
    def show(request: Request, desk: Desk, status: int, wrong: str) -> Response:
        directory, accounts, house = desk.caseway.directory, request.app.state.accounts, desk.house
        found = directory.users.get(user)
        if found is None:
            raise Problem(404, "user")
        groups = sorted(directory.groups.values(), key=lambda one: desk.told(one.title, one.id))
        return admin_page(
            request, desk, "admin_person.html", status, wrong, person=view.person(desk, found), found=found,
            roles=[(one, desk.role(one)) for one in sorted(house.roles)],
            groups=[(one.id, desk.told(one.title, one.id)) for one in groups],
            absences=[one for one in absences(desk, past=True) if one.user == user],
            account=accounts.standing(desk.caseway.connection, user),
            tokens=accounts.tokens(desk.caseway.connection, user), manager=directory.manager(user),
            now=desk.now,
        )  # fmt: skip

    return show


@router.post("/people/{user}")
def change_person(request: Request, desk: Arranger, form: Form, user: str) -> Response:
    if user not in desk.caseway.directory.users:
        raise Problem(404, "user")
    own, others = text_of(form, "group"), list_of(form, "groups")
    capacity = text_of(form, "capacity")
    given = {
        "user": user, "name": {"zh": text_of(form, "zh"), "en": text_of(form, "en")}, "roles": list_of(form, "roles"),
        "groups": [*([own] if own else []), *(one for one in others if one != own)], "skills": list_of(form, "skills"),
        "from": text_of(form, "from"), "to": text_of(form, "to"),
        "capacity": int(capacity) if capacity.isdecimal() and len(capacity) < 7 else capacity,
        "contact": {key: value for key in ("email", "phone") if (value := text_of(form, key))}
        | {key: value for key, value in _contact(desk, user).items() if key not in ("email", "phone")},
    }  # fmt: skip
    return changed(request, desk, form, _person(user), f"/admin/people/{quote(user)}", edit(desk, form, "user", given))


def _contact(desk: Desk, user: str) -> Mapping[str, str]:
    return desk.caseway.directory.users[user].contact


@router.post("/people/{user}/leave")
def person_leaves(request: Request, desk: Arranger, form: Form, user: str) -> Response:
    given = {"user": user, "to": text_of(form, "to")}
    return changed(
        request,
        desk,
        form,
        _person(user),
        f"/admin/people/{quote(user)}",
        edit(desk, form, "leave", given),
        "has_left",
    )


# --- queues, groups, authority --------------------------------------------------------------------------


@router.get("/queues")
def queues(request: Request, desk: Arranger) -> Response:
    return _queues(request, desk, 200, "")


def _queues(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    directory, (_, document) = desk.caseway.directory, arranging.document(desk.caseway)
    entries = document.get("queues", {})
    rows = [
        (name, desk.queue(name), entries.get(name, {}), len(directory.members(name)))
        for name in sorted({*desk.house.queues, *entries}, key=desk.queue)
    ]
    return admin_page(request, desk, "admin_queues.html", status, wrong, queues=rows, ways=ASSIGN_BY)


@router.post("/queues/{queue}")
def change_queue(request: Request, desk: Arranger, form: Form, queue: str) -> Response:
    given = {
        "queue": queue, "members": list_of(form, "members"), "managers": list_of(form, "managers"),
        "assign_by": text_of(form, "assign_by"),
    }  # fmt: skip
    return changed(request, desk, form, _queues, "/admin/queues", edit(desk, form, "queue", given))


@router.get("/groups")
def groups(request: Request, desk: Arranger) -> Response:
    return _groups(request, desk, 200, "")


def _groups(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    found = sorted(desk.caseway.directory.groups.values(), key=lambda one: desk.told(one.title, one.id))
    return admin_page(
        request, desk, "admin_groups.html", status, wrong, people=everybody(desk),
        groups=[(one, desk.told(one.title, one.id)) for one in found],
    )  # fmt: skip


@router.post("/groups")
def new_group(request: Request, desk: Arranger, form: Form) -> Response:
    return change_group(request, desk, form, text_of(form, "group"))


@router.post("/groups/{group}")
def change_group(request: Request, desk: Arranger, form: Form, group: str) -> Response:
    zh, en = text_of(form, "zh"), text_of(form, "en")
    given = {
        "group": group, "title": {"zh": zh or en, "en": en or zh}, "manager": text_of(form, "manager"),
        "part_of": text_of(form, "part_of"),
    }  # fmt: skip
    return changed(request, desk, form, _groups, "/admin/groups", edit(desk, form, "group", given))


@router.get("/authority")
def authority(request: Request, desk: Arranger) -> Response:
    return _authority(request, desk, 200, "")


def _authority(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    house = desk.house
    kinds = [(name, desk.told(kind.title, name), kind) for name, kind in sorted(house.authority.items())]
    return admin_page(
        request, desk, "admin_authority.html", status, wrong, grants=view.grants(desk), kinds=kinds,
        roles=[(one, desk.role(one)) for one in sorted(house.roles)], people=everybody(desk),
        lines=_titles(desk.line, {name: kind.lines for name, kind in house.authority.items()}),
        decisions=_titles(desk.decision, {name: kind.decisions for name, kind in house.authority.items()}),
    )  # fmt: skip


def _titles(told: Callable[[str, str], str], known: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """The names that kinds of authority know, each with what it is called; where kinds call it differently, so."""
    found: dict[str, dict[str, None]] = {}
    for kind, names in known.items():
        for name in names:
            found.setdefault(name, {})[told(kind, name)] = None
    return sorted((name, " / ".join(titles)) for name, titles in found.items())


@router.post("/authority")
def grant(request: Request, desk: Arranger, form: Form) -> Response:
    names = ("role", "user", "kind", "line", "decision", "from", "to")
    try:
        amount = arranging.amount_of(text_of(form, "amount"))
    except ValueError:
        return _authority(request, desk, 422, desk.say("change.amount"))
    given = {name: text_of(form, name) for name in names} | {"amount": amount}
    return changed(request, desk, form, _authority, "/admin/authority", edit(desk, form, "grant", given))


@router.post("/authority/end")
def end_grant(request: Request, desk: Arranger, form: Form) -> Response:
    given = {"key": text_of(form, "key")}
    return changed(request, desk, form, _authority, "/admin/authority", edit(desk, form, "grant_end", given))


# --- changes that wait for a second person --------------------------------------------------------------


@router.get("/changes")
def changes(request: Request, desk: Lead) -> Response:
    return _changes(request, desk, 200, "")


def _changes(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    return admin_page(request, desk, "admin_changes.html", status, wrong, changes=view.waiting(desk))


@router.post("/changes/{id}/{decision}")
def decide(request: Request, desk: Lead, form: Form, id: str, decision: str) -> Response:
    """Approved or turned down: whether by the right person is the organisation's to say."""
    if decision not in ("approve", "reject"):
        raise Problem(404, "decision")
    why = str(form.get("why", ""))[:1000]
    return changed(
        request, desk, form, _changes, "/admin/changes",
        lambda: arranging.decide(desk.caseway, id, decision == "approve", desk.user, why),
        "approved" if decision == "approve" else "rejected",
    )  # fmt: skip


@router.get("/file")
def file(request: Request, desk: Arranger) -> Response:
    return _file(request, desk, 200, "")


def _file(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    directory = desk.caseway.directory
    return admin_page(
        request, desk, "admin_file.html", status, wrong, revision=directory.revision, people=len(directory.users)
    )


@router.get("/file/organisation.yaml")
def export(desk: Arranger) -> Response:
    return Response(
        arranging.written(desk.caseway), media_type="application/yaml",
        headers={"Content-Disposition": 'attachment; filename="organisation.yaml"'},
    )  # fmt: skip


@router.post("/file")
def take_in(request: Request, desk: Arranger, form: Form) -> Response:
    sent = form.get("file")
    text = sent.file.read() if isinstance(sent, UploadFile) else b""
    if not text:
        return _file(request, desk, 422, desk.say("upload.none"))
    reason = str(form.get("reason", "")).strip()[:1000]
    return changed(
        request, desk, form, _file, "/admin/file",
        lambda: arranging.take_in(desk.caseway, text, "organisation.yaml", desk.user, reason)[0],
    )  # fmt: skip
