"""The numbers that Word puts before paragraphs by itself («3.2.»): counted from the file's own definition of lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LEVELS = 9


@dataclass
class Numbering:
    """Counts paragraph after paragraph, in the order of the text."""

    lists: dict[str, str] = field(default_factory=dict)  # numId -> abstractNumId
    levels: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)  # text of the level, first number
    counts: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, content: bytes | None) -> Numbering:
        """From word/numbering.xml, if the file has one."""
        found = cls()
        if content is None:
            return found
        root = etree.fromstring(content)
        for drawn in root.iter(f"{WORD}abstractNum"):
            for level in drawn.iter(f"{WORD}lvl"):
                place = (str(drawn.get(f"{WORD}abstractNumId")), int(level.get(f"{WORD}ilvl") or 0))
                kind = _value(level, "numFmt")
                shown = _value(level, "lvlText") if kind == "decimal" else ("•" if kind == "bullet" else "")
                found.levels[place] = (shown, int(_value(level, "start") or 1))
        for one in root.iter(f"{WORD}num"):
            found.lists[str(one.get(f"{WORD}numId"))] = _value(one, "abstractNumId")
        return found

    def of(self, paragraph: etree._Element) -> str:
        """The number of this paragraph; empty if it has none."""
        place = paragraph.find(f"{WORD}pPr/{WORD}numPr")
        drawn = self.lists.get(_value(place, "numId")) if place is not None else None
        if place is None or drawn is None:
            return ""
        level = min(int(_value(place, "ilvl") or 0), LEVELS - 1)
        counts = self.counts.setdefault(drawn, [0] * LEVELS)
        shown, first = self.levels.get((drawn, level), ("", 1))
        counts[level] = counts[level] + 1 if counts[level] else first
        counts[level + 1 :] = [0] * (LEVELS - level - 1)
        return re.sub(r"%(\d)", lambda match: str(counts[int(match[1]) - 1] or 1), shown)


def _value(node: etree._Element, name: str) -> str:
    child = node.find(f"{WORD}{name}")
    return str(child.get(f"{WORD}val", "")) if child is not None else ""
