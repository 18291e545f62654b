"""Pictures of every page: `python -m tools.screenshots [PAGE ...]` takes them into docs/screenshots.

The pages and what is on them are those of `tests.web.gallery`: a small insurer on a fixed Monday morning, so that two
runs show the same. Each page is taken wide and as on a phone, in Chinese and in English. Needs Chromium
(`apt-get install chromium fonts-noto-cjk`), and pngquant to make them small. Runs for some minutes.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.web.conftest import served
from tests.web.gallery import LOCALES, PAGES, SIZES, gallery

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
TALLEST = 1600
"""Pixels; what is below is cut off."""
COLOURS = "64"
WIDTHS = {"wide": 220, "phone": 90}
"""Pixels of the small ones."""
HEADING = """# Every page

A small insurer on a Monday morning; wide and on a phone, in Chinese and in English. `python -m tools.screenshots` takes
them again, and writes this page.
"""
LOADED = "Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode().catch(() => 0) }))"
"""Pictures in a page load when they come into view; this waits for them all."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main(only: Collection[str]) -> None:
    """Takes the pages named, or all of them."""
    pages = {name: who for name, (who, _) in PAGES.items() if name in (only or PAGES)}
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        gallery(Path(folder)) as made,
        served(made.town.app) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for size, language, name in product(SIZES, LOCALES, pages):
            tab = made.look(browser, address, pages[name], size, language)
            tab.goto(made.path(name))
            take(tab, FOLDER / f"{name}-{size}-{language}.png")
            tab.context.close()
        browser.close()
    (FOLDER / "README.md").write_text(contents(), encoding="utf-8")
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {sum(p.stat().st_size for p in FOLDER.glob('*.png')):,} bytes")


def take(tab: Page, to: Path) -> None:
    """The page from its top, down to its end or to what is shown of long ones."""
    size = tab.viewport_size
    assert size is not None
    height = min(TALLEST, max(tab.evaluate("document.documentElement.scrollHeight"), 200))
    tab.set_viewport_size({"width": size["width"], "height": height})
    tab.evaluate(LOADED)
    tab.screenshot(path=to)
    if shutil.which("pngquant"):  # a picture of text needs few colours, and is a third of the size with them
        subprocess.run(["pngquant", "--force", "--strip", "--speed", "1", "--output", to, COLOURS, to], check=True)


def contents() -> str:
    """The page that shows them all, small, each leading to the whole."""
    views = [(size, language) for size in SIZES for language in LOCALES]
    rows = [
        f"| {name} | " + " | ".join(_small(f"{name}-{size}-{language}", size) for size, language in views) + " |"
        for name in PAGES
        if (FOLDER / f"{name}-wide-en.png").exists()
    ]
    head = "| page | " + " | ".join(f"{size}, {language}" for size, language in views) + " |"
    return "\n".join((HEADING, head, "|---" * (len(views) + 1) + "|", *rows, ""))


def _small(name: str, size: str) -> str:
    return f'<a href="{name}.png"><img src="{name}.png" alt="{name}" width="{WIDTHS[size]}"></a>'


if __name__ == "__main__":
    main(sys.argv[1:])
