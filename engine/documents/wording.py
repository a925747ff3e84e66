"""The words of a DOCX in reading order: paragraphs and rows of tables, to be shown as text and to be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from lxml import etree

from engine.documents.docx_file import open_safely
from engine.documents.numbering import Numbering

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PARAGRAPH, TABLE, ROW, CELL = f"{WORD}p", f"{WORD}tbl", f"{WORD}tr", f"{WORD}tc"
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})
REMEMBERED = 64  # documents: several approvers open the same ones within minutes


@dataclass(frozen=True)
class Block:
    """A paragraph (one cell, ``table`` 0) or a row of the n-th table. Empty paragraphs are left out.

    ``number``: what Word counts before it («3.2.»), no part of the words: a new clause does not change all after it.
    ``heading``: all of it is bold.
    """

    cells: tuple[str, ...]
    table: int = 0
    number: str = ""
    heading: bool = False

    @property
    def words(self) -> str:
        """What two blocks are compared by."""
        return " | ".join(" ".join(cell.split()) for cell in self.cells)


@lru_cache(maxsize=REMEMBERED)
def blocks(content: bytes) -> tuple[Block, ...]:
    """The blocks of a file. Deleted text of tracked changes is left out, inserted text is in.

    Raises Invalid for what is not a harmless DOCX.
    """
    with open_safely(content) as archive:
        body = etree.fromstring(archive.read("word/document.xml")).find(f"{WORD}body")
        lists = archive.read("word/numbering.xml") if "word/numbering.xml" in archive.namelist() else None
    return () if body is None else tuple(_walk(body, count(1), Numbering.read(lists)))


def _walk(parent: etree._Element, tables: Iterator[int], numbering: Numbering) -> Iterator[Block]:
    for node in parent:
        if node.tag == PARAGRAPH:
            number, words = numbering.of(node), _text(node)
            if words:
                yield Block((words,), number=number, heading=_is_heading(node))
        elif node.tag == TABLE:
            yield from _rows(node, next(tables))
        elif isinstance(node.tag, str) and node.tag.endswith(("}sdt", "}sdtContent", "}ins", "}smartTag")):
            yield from _walk(node, tables, numbering)


def _rows(table: etree._Element, number: int) -> Iterator[Block]:
    for row in table.iter(ROW):
        if next(row.iterancestors(TABLE)) is not table:
            continue  # of a table inside a cell: its words are the cell's
        cells = tuple(_cell(cell) for cell in row.iter(CELL) if next(cell.iterancestors(ROW)) is row)
        if any(cells):
            yield Block(cells, number)


def _cell(cell: etree._Element) -> str:
    lines = (_text(paragraph) for paragraph in cell.iter(PARAGRAPH))
    return "\n".join(line for line in lines if line.strip())


def _text(paragraph: etree._Element) -> str:
    parts = []
    for node in paragraph.iter(f"{WORD}t", f"{WORD}tab", f"{WORD}br", f"{WORD}noBreakHyphen"):
        if node.tag == f"{WORD}t":
            parts.append(node.text or "")
        elif node.tag == f"{WORD}noBreakHyphen":
            parts.append("-")
        else:
            parts.append("\n" if node.tag == f"{WORD}br" else " ")
    return "".join(parts).translate(SPACES).strip()


def _is_heading(paragraph: etree._Element) -> bool:
    runs = [run for run in paragraph.iter(f"{WORD}r") if run.find(f"{WORD}t") is not None]
    return bool(runs) and all(run.find(f"{WORD}rPr/{WORD}b") is not None for run in runs)
