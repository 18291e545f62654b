"""Papers, attachments and links of a case, as its pages and the API show them; files on their way in and out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from engine.core.commands import Command
from engine.core.data import Names
from engine.runtime.answers import Accepted
from engine.runtime.cipher import VaultError
from organisation import looks
from papers import commands as c
from papers.events import AttachmentAdded
from papers.letter import CANNOT, letter, letter_reads
from papers.media import TYPES, NotTaken, disposition, endings
from papers.model import CUSTOMER, MEGABYTE, Intake, Line, checklist_of, intake_of
from papers.reception import take_in
from papers.state import Attachment, files_of, lines_of, links_of
from web.commands import submit
from web.desk import Desk
from web.opened import Opened
from web.problems import Problem, refused
from web.reading import revealed
from workbench.filing import drop

ACTIONS: Mapping[str, Callable[[str, str], Command]] = {
    "receive": lambda paper, reason: c.ReceivePaper(paper),
    "require": c.RequirePaper,
    "return": c.ReturnPaper,
    "waive": c.WaivePaper,
}
"""What staff do with a line of the checklist; the last two need a reason."""
OPENS: Mapping[str, tuple[str, ...]] = {
    "required": ("receive", "waive"), "missing": ("receive", "waive"), "received": ("return",),
    "waived": ("require",), "": ("require",),
}  # fmt: skip
"""What may be done with a line in each state; "" is one that is not needed."""

POLICY = "default-src 'none'; sandbox"
"""Of a file: nothing in it loads or runs, wherever it is opened."""


class AttachmentView(BaseModel):
    """A file of a case. `shown`: a browser may show it in place."""

    attachment: int
    name: str
    kind: str
    size: int
    digest: str
    by: str
    by_name: str
    at: datetime
    paper: str
    href: str
    shown: bool


class PaperLine(BaseModel):
    """A paper of the catalogue; `status` "" is one that is not needed."""

    paper: str
    title: str
    help: str
    status: str
    by_name: str
    at: datetime | None
    reason: str
    actions: list[str]
    files: list[AttachmentView]


class LinkView(BaseModel):
    """A customer's link: `path` is what follows the site's own address."""

    link: int
    path: str
    by_name: str
    at: datetime
    expires: datetime


class PapersView(BaseModel):
    """The papers of a case. `others`: files that belong to no line. `accepts`: endings of names that are taken in."""

    number: str
    revision: int
    open: bool
    complete: bool
    lines: list[PaperLine]
    others: list[AttachmentView]
    links: list[LinkView]
    letter: bool
    accepts: str
    largest: int

    @property
    def href(self) -> str:
        return f"/cases/{self.number}"

    @property
    def needed(self) -> list[PaperLine]:
        return [line for line in self.lines if line.status]


class LetterView(BaseModel):
    subject: str
    body: str


def papers_view(opened: Opened) -> PapersView:
    desk, state = opened.desk, opened.state
    checklist, intake = checklist_of(opened.process), intake_of(desk.house)
    number = state.flow.number or opened.case
    files = [attachment(desk, number, id, file) for id, file in files_of(state.papers).items()]
    known = checklist.lines if checklist is not None else {}
    lines = [_line(opened, name, line, files) for name, line in known.items()]
    return PapersView(
        number=number, revision=opened.revision, open=state.flow.status != "ended",
        complete=not any(line.status in ("required", "missing") for line in lines), lines=lines,
        others=[file for file in files if file.paper not in known],
        links=[
            LinkView(link=id, path=f"/c/{desk.caseway.links.token(opened.case, id)}", by_name=who(desk, link.by),
                     at=link.at, expires=link.expires)
            for id, link in links_of(state.papers).items() if link.expires > desk.now
        ],
        letter=bool(checklist is not None and checklist.letter), accepts=endings(intake.types),
        largest=intake.largest // MEGABYTE,
    )  # fmt: skip


def _line(opened: Opened, name: str, line: Line, files: list[AttachmentView]) -> PaperLine:
    desk, found = opened.desk, lines_of(opened.state.papers).get(name)
    status = found.status if found else ""
    ended = opened.state.flow.status == "ended"
    return PaperLine(
        paper=name, title=desk.told(line.title, name), help=desk.told(line.help), status=status,
        by_name=who(desk, found.by) if found and found.by else "", at=found.at if found else None,
        reason=found.reason if found else "", actions=[] if ended else list(OPENS[status]),
        files=[file for file in files if file.paper == name],
    )  # fmt: skip


def attachment(desk: Desk, number: str, id: int, file: Attachment) -> AttachmentView:
    return AttachmentView(
        attachment=id, name=file.name, kind=file.kind, size=file.size, digest=file.digest, by=file.by,
        by_name=who(desk, file.by), at=file.at, paper=file.paper, href=f"/cases/{number}/files/{id}",
        shown=TYPES[file.kind].shown,
    )  # fmt: skip


def who(desk: Desk, user: str) -> str:
    """A name for who did it; a step's act is the engine's."""
    if user == CUSTOMER:
        return desk.say("customer")
    return desk.person(user) if user in desk.caseway.directory.users else desk.say("system")


def papers_of(desk: Desk, number: str) -> PapersView | None:
    """The papers for a part of another page; None where the user may not see them."""
    opened = Opened(desk, number, "")
    return papers_view(opened) if opened.sight.reads("internal") else None


def letters(opened: Opened) -> Mapping[str, LetterView]:
    """The letter as it would be written now, by language. Raises Problem where a fact for it is missing."""
    desk, flow = opened.desk, opened.state.flow
    bundle = desk.caseway.definitions.bundle("process", flow.process, flow.version)
    if bundle is None:
        return {}
    secret = letter_reads(opened.process) & opened.process.secrets
    if secret:  # the letter shows them: only to who may open them, and the look is kept
        revealed(desk, opened.sight, opened.subject, names=secret)
    view: Any = Names(opened.look)
    try:
        made = letter(opened.process, view, bundle, desk.house.languages)
    except CANNOT as error:
        raise Problem(409, "letter", f"{desk.say('letter.cannot')}: {error}") from error
    return {language: LetterView(subject=one.subject, body=one.body) for language, one in made.items()}


# --- what is done -------------------------------------------------------------------------------------


def ask(desk: Desk, case: str, command: Command, id: str = "") -> Accepted:
    """Asks it of a case. Raises Problem, in the user's language, when it is not done."""
    return accepted(desk, submit(desk, case, command, id=id))


def accepted(desk: Desk, answer: Any) -> Accepted:
    """The answer, if the case took the command. Raises Problem in the user's language."""
    if isinstance(answer, Accepted):
        return answer
    raise refused(desk, answer)


def receive(
    desk: Desk, case: str, key: bytes | None, content: BinaryIO, name: str, paper: str,
    send: Callable[[c.AddAttachment], Any],
) -> Accepted:  # fmt: skip
    """Takes a file in. Raises Problem, in the user's language, when it is not taken in."""
    intake: Intake = intake_of(desk.house)
    try:
        cipher = desk.caseway.vault.cipher(case, key)
        answer = take_in(desk.caseway.files, intake, case, cipher, name, content, paper, send)
    except NotTaken as problem:
        status = 413 if problem.code == "file_large" else 422
        raise Problem(status, problem.code, desk.told(problem.text), {"file": dict(problem.text)}) from problem
    except OSError as error:
        raise Problem(503, "files", desk.say("files.away")) from error
    return accepted(desk, answer)


def added(answer: Accepted) -> int:
    """The number of the file that came in with it."""
    return next(event.attachment for event in answer.events if isinstance(event, AttachmentAdded))


def remove(opened: Opened, id: int, reason: str, command: str = "") -> Accepted:
    """Takes an attachment away, and its content if no other attachment has the same."""
    desk, found = opened.desk, files_of(opened.state.papers)
    done = ask(desk, opened.case, c.RemoveAttachment(id, reason), command)
    if id in found:
        drop(desk.caseway, opened.case, found[id].digest)
    return done


def link(opened: Opened, command: str = "") -> Accepted:
    """Makes a customer's link, for as long as the house says."""
    desk = opened.desk
    return ask(desk, opened.case, c.MakeLink(desk.now + intake_of(desk.house).link), command)


def download(opened: Opened, id: int, inline: bool = False, via: str = "web") -> Response:
    """The file itself; that it was looked at is kept first, for it may show what is secret. Raises Problem."""
    desk, found = opened.desk, files_of(opened.state.papers).get(id)
    if found is None:
        raise Problem(404, "attachment", desk.say("attachment.none"))
    kind, number, ground = TYPES[found.kind], opened.state.flow.number, opened.sight.ground("internal")
    try:
        cipher = desk.caseway.vault.cipher(opened.case, opened.key)
        blocks: Iterator[bytes] = desk.caseway.files.open(opened.case, cipher, found.digest)
    except VaultError as error:
        raise Problem(503, "files", desk.say("files.away")) from error
    place = [f"attachment {id}"]
    desk.caseway.runner.write(
        lambda connection: looks.note(connection, opened.case, number, desk.user, place, ground, via, "", desk.now)
    )
    headers = {
        "Content-Disposition": disposition(found.name, inline and kind.shown),
        "Content-Security-Policy": POLICY,
        "Content-Length": str(found.size),
    }
    return StreamingResponse(blocks, headers=headers, media_type=kind.media)
