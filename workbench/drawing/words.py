"""How wide words are, and where they are broken: for a face such as Helvetica, whose widths are published."""

from functools import lru_cache

_NARROW = {
    " !,./:;I[\\]ft": 278, "'": 191, "ijl": 222, "|": 260, '"': 355, "()-`r": 333, "{}": 334, "*": 389, "^": 469,
    "Jckszvxy": 500, "#$0123456789?_abdeghnopqu": 556, "FTZL": 611, "+<=>~": 584, "&ABEKPSVXY": 667,
    "CDHNRUw": 722, "GOQ": 778, "%": 889, "Mm": 833, "W": 944, "@": 1015,
}  # fmt: skip
_WIDTHS = {letter: width / 1000 for letters, width in _NARROW.items() for letter in letters}
SLACK = 1.1
"""Other faces are as much wider."""
_WIDE = 0x2E80
_NO_START = set("，。、；：！？）》」』】％,.;:!?)]}%")


@lru_cache(10_000)
def width(text: str, size: float) -> float:
    """How wide a text is in pixels at a size. A Chinese character is as wide as it is high."""
    return sum(1.02 if ord(letter) >= _WIDE else SLACK * _WIDTHS.get(letter, 0.8) for letter in text) * size


def broken(text: str, room: float, size: float, most: int = 3) -> list[str]:
    """The text in at most so many lines, none wider than the room; what does not fit ends in an ellipsis."""
    lines, line = list[str](), ""
    for piece in _pieces(" ".join(text.split())):
        if line and width((line + piece).rstrip(), size) > room:
            lines.append(line)
            line = ""
        line += piece
        while width(line.rstrip(), size) > room:  # one word that is too long for a line
            cut = next(n for n in range(1, len(line) + 1) if width(line[: n + 1], size) > room)
            lines.append(line[:cut])
            line = line[cut:]
    lines.append(line)
    if len(lines) > most:
        lines[most - 1 :] = [_cut("".join(lines[most - 1 :]), room, size)]
    return [line.strip() for line in lines]


def _pieces(text: str) -> list[str]:
    """Where a line may be broken: behind a blank, behind an underscore or dot, between Chinese characters."""
    found = [""]
    for letter in text:
        before = found[-1][-1:]
        wide = ord(letter) >= _WIDE or (before and ord(before) >= _WIDE)
        if before and letter not in _NO_START and (before in " _./" or wide) and letter != " ":
            found.append("")
        found[-1] += letter
    return found


def _cut(text: str, room: float, size: float) -> str:
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"
