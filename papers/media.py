"""Which files are taken in: a short table of types, each checked against the bytes; and what files may be called.

Theory of operation. What a file is called and what a browser says of it are claims; the bytes decide. `puremagic`
says what they look like; the table below says what the type that the name claims must look like, and both must agree.
No content is ever opened here: a picture is not decoded, of an archive only the directory is read. What nobody
recognises by its bytes (plain text) must be text, whole.
"""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

import puremagic

from engine.core.model import Text
from papers.model import MEGABYTE, Intake
from papers.refusals import told

HEAD = 4096
LONGEST_NAME = 120
"""Characters of a file's name that are kept."""
_TAIL = 65_557  # bytes in which the end of a zip archive's directory must lie
_ZIP, _DIRECTORY = b"PK\x03\x04", b"PK\x05\x06"
_MOST_ENTRIES = 10_000
_BLOCK = 1 << 16


class NotTaken(ValueError):
    """A file that is not taken in; `text` says why in each language."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.text: Text = told(code, **facts)
        super().__init__(self.text["en"])


@dataclass(frozen=True, slots=True)
class Type:
    """media: the type it is served as. endings: of names that claim it. signs: how puremagic may call it; without
    any, `fits` alone decides. shown: whether a browser may show it in place."""

    media: str
    endings: tuple[str, ...]
    signs: frozenset[str]
    fits: Callable[[BinaryIO, bytes], bool]
    shown: bool = False


def _begins(*beginnings: bytes) -> Callable[[BinaryIO, bytes], bool]:
    return lambda content, head: head.startswith(beginnings)


def _png(content: BinaryIO, head: bytes) -> bool:
    """Also its last chunk: what follows it would be another file."""
    content.seek(-12, 2)
    return head.startswith(b"\x89PNG\r\n\x1a\n") and content.read(12) == b"\x00\x00\x00\x00IEND\xaeB`\x82"


def _heic(content: BinaryIO, head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")


def _pdf(content: BinaryIO, head: bytes) -> bool:
    """From its first byte: readers accept it anywhere in the first kilobyte, behind another file."""
    content.seek(max(0, content.seek(0, 2) - 2048))
    return head.startswith(b"%PDF-") and b"%%EOF" in content.read()


def _office(part: str) -> Callable[[BinaryIO, bytes], bool]:
    def fits(content: BinaryIO, head: bytes) -> bool:
        try:
            with zipfile.ZipFile(content) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
            return False
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise NotTaken("file_macros")
        return head.startswith(_ZIP) and len(names) <= _MOST_ENTRIES and {"[Content_Types].xml", part} <= set(names)

    return fits


def _text(content: BinaryIO, head: bytes) -> bool:
    """UTF-8 or GB 18030 throughout, without control characters."""
    content.seek(0)
    raw = content.read()
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", raw):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


_OOXML = "application/vnd.openxmlformats-officedocument."
TYPES: Mapping[str, Type] = {
    "pdf": Type("application/pdf", ("pdf",), frozenset({"pdf"}), _pdf),
    "jpg": Type("image/jpeg", ("jpg", "jpeg"), frozenset({"jpg"}), _begins(b"\xff\xd8\xff"), shown=True),
    "png": Type("image/png", ("png",), frozenset({"png"}), _png, shown=True),
    "tif": Type("image/tiff", ("tif", "tiff"), frozenset({"tif", "tiff"}), _begins(b"II*\x00", b"MM\x00*")),
    "heic": Type("image/heic", ("heic", "heif"), frozenset({"heif", "heic"}), _heic),
    "docx": Type(f"{_OOXML}wordprocessingml.document", ("docx",), frozenset({"docx"}), _office("word/document.xml")),
    "xlsx": Type(f"{_OOXML}spreadsheetml.sheet", ("xlsx",), frozenset({"xlsx"}), _office("xl/workbook.xml")),
    "txt": Type("text/plain; charset=utf-8", ("txt",), frozenset(), _text),
    "csv": Type("text/csv; charset=utf-8", ("csv",), frozenset(), _text),
}
"""The types by the names that house.yaml calls them."""


def check(content: BinaryIO, name: str, size: int, intake: Intake) -> str:
    """The type of a file by its name, if its bytes agree. Raises NotTaken."""
    if not size:
        raise NotTaken("file_empty")
    if size > intake.largest:
        raise NotTaken("file_large", most=intake.largest // MEGABYTE)
    ending = name.rpartition(".")[2].lower()
    found = next((type for type in intake.types if ending in TYPES[type].endings), None)
    if found is None:
        raise NotTaken("file_type", types=", ".join(intake.types))
    type = TYPES[found]
    content.seek(0)
    head = content.read(HEAD)
    if type.signs and (size < 12 or not _signs(head) & type.signs):
        raise NotTaken("file_other", name=found.upper())
    if not type.fits(content, head):
        raise NotTaken("file_other", name=found.upper())
    if not type.media.startswith(_OOXML) and _holds_archive(content, size):
        raise NotTaken("file_both")
    content.seek(0)
    return found


def _signs(head: bytes) -> frozenset[str]:
    """What puremagic takes the beginning of a file for, as endings."""
    try:
        return frozenset(each.extension.lstrip(".") for each in puremagic.magic_string(head))
    except (puremagic.PureError, ValueError):
        return frozenset()


def _holds_archive(content: BinaryIO, size: int) -> bool:
    """Whether an archive hangs on the end: a file that is two at once."""
    content.seek(max(0, size - _TAIL))
    return _DIRECTORY in content.read() and zipfile.is_zipfile(content)


# --- names --------------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_TOLD = re.compile(r'[<>:"/\\|?*;]')


def file_name(given: str) -> str:
    """A file's name as it is kept: its last part, without what no file system, header or eye should meet (path
    separators, control characters, characters that turn the direction of writing)."""
    last = re.split(r"[/\\]", given)[-1]
    plain = _TOLD.sub("_", _CONTROL.sub("", last)).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        return plain[:LONGEST_NAME] or "file"
    ending = ending[:10]
    return f"{(stem or 'file')[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def disposition(name: str, inline: bool) -> str:
    """The Content-Disposition of a file (RFC 6266): the name plainly for old programs, and whole (RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name.encode("ascii", "replace").decode())
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def endings(types: Sequence[str]) -> str:
    """What a browser's file dialogue is told to offer: `.pdf,.jpg,.jpeg`."""
    return ",".join(f".{ending}" for type in types for ending in TYPES[type].endings)
