"""Uploaded definitions: several files or an archive of them, each put where the processes have it.

Theory of operation. What a browser sends as a plain file has lost its folder. So a file goes where the file of its
name already is; a new one goes where its content says: what begins a process, a house, a schema, a notice shows in
its first keys. An archive says itself where its files belong. Everything is bounded before it is unpacked.
"""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from web.texts import refuse

FILES = 200
"""Files at most."""
SIZE, WHOLE = 1_000_000, 5_000_000
"""Bytes of one file, and of all together, unpacked."""
ENDINGS = frozenset({".yaml", ".csv", ".xlsx"})
BESIDE = frozenset({"scenarios", "samples"})
"""Folders that lie beside definitions and are no part of them: what an archive has there is passed over."""
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", re.ASCII)
HIDDEN = re.compile(r"(^|/)(\.[^./]|__)")
DEPTH = 4
BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError,
)  # fmt: skip
"""What reading an archive raises that is none, or not whole."""

# The first of these that stands at the beginning of a line says what a new YAML file is.
FOLDERS = (
    (re.compile(rb"^[^\x20-\x7e\n]*(process|house|steps)[ \t]*:", re.MULTILINE), ""),
    (re.compile(rb"^calendar[ \t]*:", re.MULTILINE), "calendars"),
    (re.compile(rb"^(hit|rules|outputs)[ \t]*:", re.MULTILINE), "decisions"),
    (re.compile(rb"^(subject|body)[ \t]*:", re.MULTILINE), "notices"),
    (re.compile(rb"^(properties|type|\$defs)[ \t]*:", re.MULTILINE), "schemas"),
)
TABLES = frozenset({".csv", ".xlsx"})


def placed(sent: Iterable[tuple[str, bytes]], known: Iterable[str]) -> dict[str, bytes]:
    """Files by their path among the processes. known: the paths that there are. Raises Refuse."""
    there = sorted(known)
    found: dict[str, bytes] = {}
    for name, content in sent:
        archived = zipfile.is_zipfile(io.BytesIO(content)) and not name.lower().endswith(".xlsx")
        files = unpacked(content) if archived else {_place(name, content, there): content}
        for path, inner in files.items():
            if path in found:
                raise refuse("upload.twice", file=path)
            found[path] = inner
        _bounded(found)
    if not found:
        raise refuse("upload.none")
    return found


def named(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files that come with their paths. Raises Refuse."""
    found = {_path(path): content for path, content in files.items()}
    _bounded(found)
    if not found:
        raise refuse("upload.none")
    return found


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files of an archive. What its names or sizes promise is not believed. Raises Refuse."""
    found: dict[str, bytes] = {}
    left = WHOLE
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > FILES:
                raise refuse("upload.many", most=FILES)
            for entry in entries:
                if entry.flag_bits & 1:
                    raise refuse("upload.archive")
                with archive.open(entry) as stream:
                    inner = stream.read(min(SIZE, left) + 1)
                left -= len(inner)
                if len(inner) > SIZE or left < 0:
                    raise refuse("upload.large", file=shown(entry.filename), most=SIZE)
                if HIDDEN.search(entry.filename):
                    continue  # what systems put into archives by themselves
                path = _path(entry.filename)
                if path in found:
                    raise refuse("upload.twice", file=path)
                found[path] = inner
    except BROKEN as error:
        raise refuse("upload.archive") from error
    return {path: inner for path, inner in _rooted(found).items() if path.split("/")[0] not in BESIDE}


def _rooted(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without the folder that all of an archive lies in, if it is not one that processes have."""
    tops = {path.split("/")[0] for path in found}
    alone = len(tops) == 1 and all("/" in path for path in found)
    if not alone or tops <= {folder for _, folder in FOLDERS} | BESIDE:
        return dict(found)
    return _rooted({path.partition("/")[2]: content for path, content in found.items()})


def _place(name: str, content: bytes, there: list[str]) -> str:
    path = _path(name.replace("\\", "/").rpartition("/")[2])
    text = content.replace(b"\0", b"")  # as UTF-16 has them, which the checks then tell
    folder = next((folder for keys, folder in FOLDERS if keys.search(text)), None)
    if PurePosixPath(path).suffix in TABLES:
        folder = "decisions"
    said = path if folder == "" else f"{folder}/{path}"
    same = [one for one in there if PurePosixPath(one).name == path]
    if folder == "" or said in same:
        return said
    if len(same) == 1:
        return same[0]
    if same:
        raise refuse("upload.where", file=path, places=", ".join(same))
    if folder is None:
        raise refuse("upload.what", file=path)
    return said


def _path(name: str) -> str:
    """A path that can be among the processes. Raises Refuse."""
    parts = name.split("/")
    path = PurePosixPath(name)
    good = len(parts) <= DEPTH and all(PART.fullmatch(part) and ".." not in part for part in parts)
    if not good or path.suffix not in ENDINGS:
        raise refuse("upload.name", file=shown(name))
    return name


def _bounded(found: Mapping[str, bytes]) -> None:
    if len(found) > FILES:
        raise refuse("upload.many", most=FILES)
    whole = 0
    for path, content in found.items():
        whole += len(content)
        if len(content) > SIZE or whole > WHOLE:
            raise refuse("upload.large", file=path, most=SIZE)


def shown(name: str) -> str:
    """A name from outside as a message may carry it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:80] or "?"
