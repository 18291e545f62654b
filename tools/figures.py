"""`python -m tools.figures` writes the table of figures into docs/reports.md, from the one in `reports.figures`."""

from pathlib import Path

from reports.figures import DIMENSIONS, FIGURES

PAGE = Path(__file__).parents[1] / "docs" / "reports.md"
MARK = "<!-- figures: made by python -m tools.figures -->"


def section() -> str:
    """What stands below the mark."""
    lines = ["| figure | 中文 | means | formula | unit |", "|---|---|---|---|---|"]
    for name, figure in FIGURES.items():
        formula = f"`{figure.formula}`" if figure.formula else ""
        lines.append(
            f"| `{name}` {figure.title['en']} | {figure.title['zh']} | {figure.definition['en']}. "
            f"{figure.definition['zh']}。 | {formula} | {figure.unit} |"
        )
    lines += ["", "Dimensions of compliance: " + ", ".join(
        f"`{name}` ({title['zh']})" for name, title in DIMENSIONS.items()
    ) + "."]  # fmt: skip
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it is to be."""
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{before}{MARK}\n\n{section()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(Path.cwd())}: written")
