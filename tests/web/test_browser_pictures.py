"""Pictures in a real browser: the words, as they are really drawn, lie inside their boxes."""

from pathlib import Path
from typing import Any

import pytest

from bootstrap import compiler, shipped
from workbench.picture import picture

SPILLED = """() => [...document.querySelectorAll('g')].flatMap(group => {
  const frame = group.querySelector(':scope > .box, :scope > .frame')
  const texts = [...group.querySelectorAll(':scope > text:not(.b):not(.on)')]
  if (!frame) return []
  const around = frame.getBBox()
  return texts.filter(text => {
    const box = text.getBBox()
    return box.x < around.x || box.x + box.width > around.x + around.width
      || box.y < around.y - 1 || box.y + box.height > around.y + around.height + 1
  }).map(text => text.textContent)
})"""


@pytest.mark.long
def test_words_are_drawn_inside_their_boxes(chromium: Any, tmp_path: Path) -> None:
    files, language = shipped(), compiler()
    house = language.house(files)
    tab = chromium.new_page()
    for name in ("claims", "complaint"):
        process = language.process(files, f"{name}.yaml", house)
        for words in ("zh", "en"):
            file = tmp_path / f"{name}.{words}.svg"
            file.write_text(picture(process, words), encoding="utf-8")
            tab.goto(file.as_uri())
            assert tab.evaluate("document.querySelectorAll('text').length") > 150
            assert tab.evaluate(SPILLED) == []
    tab.close()
