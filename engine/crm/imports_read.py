"""Tables from files of strangers: CSV in whatever encoding and with whatever delimiter, XLSX within limits."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from engine.errors import Invalid

LARGEST = 10 * 1024 * 1024  # bytes of the file as it came
UNPACKED = 120 * 1024 * 1024  # bytes of all parts of an XLSX together: more is a zip bomb
MOST_PARTS = 2000
MOST_ROWS, MOST_COLUMNS, LONGEST = 5000, 100, 10_000
GAP = 1000  # empty rows in a row after which a sheet is over
DELIMITERS = ";,\t|"
USUAL = frozenset("оеаинтсрвлкмдпу")
GUARDED = re.compile(r"^'(?=[=+\-@\t\r\n])")  # how an export keeps a text from being a formula

Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True)
class Line:
    """One row of the file: its number there, and its cells."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    """The first row with anything in it is the head."""

    head: tuple[str, ...]
    lines: tuple[Line, ...]


def read(name: str, content: bytes) -> Grid:
    """The table of a file. Raises Invalid, saying what is wrong with it."""
    if len(content) > LARGEST:
        raise Invalid("«{name}» is larger than {limit} MB", name=name, limit=LARGEST // 1024**2)
    packed = content[:4] == b"PK\x03\x04"
    grid = _grid(_sheet(name, content) if packed else _text(name, content))
    if not grid.lines:
        raise Invalid("«{name}» has no rows below the line of heads.", name=name)
    return grid


def decode(content: bytes) -> str:
    """Text in UTF-8, UTF-16, or the Cyrillic of Windows or DOS, whichever reads like Russian."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        candidates = [content.decode(encoding, errors="replace") for encoding in ("cp1251", "cp866")]
        return max(candidates, key=_russian)


def _russian(text: str) -> int:
    return sum(count for letter, count in Counter(text).items() if letter in USUAL)


def _text(name: str, content: bytes) -> Iterator[tuple[int, list[Cell]]]:
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("«{name}» is neither CSV nor XLSX. Save it as one of them.", name=name)
    text = decode(content).replace("\0", "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        for row in reader:
            yield reader.line_num, [GUARDED.sub("", cell.strip()) for cell in row[:MOST_COLUMNS]]
    except csv.Error:
        raise Invalid("«{name}» cannot be read from line {line} on.", name=name, line=reader.line_num) from None


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into the most columns, alike in each line."""
    lines = [line for line in text[:50_000].splitlines() if line.strip()][:20]

    def worth(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        width, alike = widths.most_common(1)[0] if widths else (1, 0)
        return (alike if width > 1 else 0, width)

    return max(DELIMITERS, key=worth)


def _sheet(name: str, content: bytes) -> Iterator[tuple[int, list[Cell]]]:
    _refuse_bomb(name, content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says about its size may be a lie
        gap = 0
        for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), 1):
            cells = [_cell(value) for value in row]
            gap = 0 if any(cell not in (None, "") for cell in cells) else gap + 1
            if gap > GAP:
                break
            yield number, cells
        book.close()
    except Invalid:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over in a damaged file
        raise Invalid("«{name}» cannot be read as XLSX: it is damaged or protected.", name=name) from error


def _refuse_bomb(name: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED:
                raise Invalid("«{name}» unpacks to more than a table may hold.", name=name)
            if any(part.flag_bits & 1 for part in parts):
                raise Invalid("«{name}» cannot be read as XLSX: it is damaged or protected.", name=name)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with package.open(part) as opened:
                        if b"<!" in opened.read(1024).replace(b"<!--", b""):
                            raise Invalid("«{name}» cannot be read as XLSX: it is damaged or protected.", name=name)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise Invalid("«{name}» cannot be read as XLSX: it is damaged or protected.", name=name) from error


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return GUARDED.sub("", value.strip())
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if isinstance(value, (int, float, bool, date, datetime)) else None if value is None else str(value)


def _grid(rows: Iterable[tuple[int, list[Cell]]]) -> Grid:
    head: tuple[str, ...] | None = None
    lines: list[Line] = []
    for number, cells in rows:
        if all(cell in (None, "") for cell in cells):
            continue
        if head is None:
            head = tuple(str(cell if cell is not None else "") for cell in cells)
            while head and not head[-1]:
                head = head[:-1]
            continue
        if len(lines) >= MOST_ROWS:
            raise Invalid("The file has more than {limit} rows. Divide it.", limit=MOST_ROWS)
        cut = [cell[:LONGEST] if isinstance(cell, str) else cell for cell in cells[: len(head)]]
        lines.append(Line(number, tuple(cut + [None] * (len(head) - len(cut)))))
    return Grid(head or (), tuple(lines))
