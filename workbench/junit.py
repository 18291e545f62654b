"""Results of scenarios in the form that continuous integration reads (JUnit's XML, as the Ant task writes it)."""

from collections.abc import Sequence
from xml.etree import ElementTree

from workbench.scenarios import Result


def junit(results: Sequence[Result]) -> bytes:
    """A `testsuites` document: a suite for each folder, a case for each scenario, times in seconds."""
    failed = sum(bool(result.problems) for result in results)
    total = f"{sum(result.seconds for result in results):.3f}"
    root = ElementTree.Element("testsuites", tests=str(len(results)), failures=str(failed), time=total)
    folders: dict[str, list[Result]] = {}
    for result in results:
        folders.setdefault(str(result.file.parent), []).append(result)
    for folder, own in folders.items():
        suite = ElementTree.SubElement(
            root, "testsuite", name=folder, tests=str(len(own)), errors="0", skipped="0",
            failures=str(sum(bool(result.problems) for result in own)),
            time=f"{sum(result.seconds for result in own):.3f}",
        )  # fmt: skip
        for result in own:
            case = ElementTree.SubElement(
                suite, "testcase", classname=folder, name=_printable(result.name), file=str(result.file),
                time=f"{result.seconds:.3f}",
            )  # fmt: skip
            if result.problems:
                failure = ElementTree.SubElement(case, "failure", message=_printable(result.problems[0]))
                failure.text = _printable("\n".join(result.problems))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _printable(text: str) -> str:
    """The text without what XML 1.0 (2.2) has no place for."""
    return "".join(letter if letter in "\t\n\r" or (letter >= " " and letter not in "￾￿") else "?" for letter in text)
