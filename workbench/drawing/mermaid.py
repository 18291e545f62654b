"""A process as a Mermaid flowchart, which GitHub and many editors draw from the text."""

from collections.abc import Iterator, Mapping

from workbench.drawing.chart import Part, spread
from workbench.drawing.look import HUES, SHAPES

_BRACKETS: Mapping[str, tuple[str, str]] = {"cut": ("{{", "}}"), "pill": ("([", "])"), "": ("[", "]")}
_MARKS: Mapping[str, str] = {"start": '(("●"))', "done": '(("○"))'}
_COLOURS: Mapping[str, tuple[str, str]] = {
    "people": ("#dfecfb", "#7fa8d6"), "machine": ("#eceff3", "#a9b4bf"), "word": ("#e0f3e5", "#86bd95"),
    "waits": ("#fdf3d7", "#d9b65b"), "mark": ("#f0e7fb", "#b394d8"), "end": ("#fbe3e3", "#d99090"),
    "choice": ("#fdebdc", "#dda878"), "other": ("#e8f1f3", "#8fb3bc"),
}  # fmt: skip
_ENTITIES = {letter: f"#{ord(letter)};" for letter in '"#&<>`\\'}


def mermaid(root: Part) -> str:
    """The flowchart of what `chart` made, without a fence around it."""
    names = {part.id: f"n{number}" for number, part in enumerate(spread(root))}
    lines = ["---", f"title: {_yaml(root.title)}", "---", "flowchart TD"]
    for part in (*root.parts, *root.beside):
        lines += _part(part, names, "    ")
    lines += [f"    {line}" for line in _flows(root, names)]
    used = dict.fromkeys(HUES.get(part.kind, "other") for part in spread(root) if _coloured(part))
    lines += [f"    classDef {hue} fill:{_COLOURS[hue][0]},stroke:{_COLOURS[hue][1]},color:#17212b" for hue in used]
    return "\n".join(lines) + "\n"


def _coloured(part: Part) -> bool:
    return not part.mark and not part.parts and part.kind != "process"


def _part(part: Part, names: Mapping[str, str], indent: str) -> Iterator[str]:
    name = names[part.id]
    if part.mark:
        yield f"{indent}{name}{_MARKS[part.kind]}"
    elif part.parts:
        yield f'{indent}subgraph {name}["{_text(part.title)}"]'
        yield f"{indent}    direction TB"
        for inner in part.parts:
            yield from _part(inner, names, indent + "    ")
        yield f"{indent}end"
    else:
        opened, closed = _BRACKETS[SHAPES.get(part.kind, "")]
        yield f'{indent}{name}{opened}"{_text(part.title)}"{closed}:::{HUES.get(part.kind, "other")}'
    for body in part.beside:
        yield from _part(body, names, indent)


def _flows(root: Part, names: Mapping[str, str]) -> Iterator[str]:
    for part in spread(root):
        for way in part.ways:
            if way.target in names:
                label = f'|"{_text(way.label)}"|' if way.label else ""
                yield f"{names[part.id]} -->{label} {names[way.target]}"
        for body in part.beside if part is not root else ():
            yield f"{names[part.id]} -.-> {names[body.id]}"


def _text(words: str) -> str:
    return "".join(_ENTITIES.get(letter, letter) for letter in " ".join(words.split()))


def _yaml(words: str) -> str:
    return '"' + " ".join(words.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'
