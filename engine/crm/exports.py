"""Lists and reports as files: XLSX and CSV that a spreadsheet opens as they are meant (R291).

A text cell never becomes a formula, whatever a client wrote into his name: in XLSX it is typed as text, in CSV, where
there are no types, an apostrophe stands before it. Numbers, sums and days stay what they are.
"""

from __future__ import annotations

import csv as csv_writer
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LONGEST_CELL = 32767
WIDEST, NARROWEST = 60, 8
SAMPLE = 500  # rows that the widths are measured on
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
FORMATS = {
    "money": "#,##0.00", "number": "General", "whole": "#,##0", "percent": '0.0"%"', "date": "DD.MM.YYYY",
    "moment": "DD.MM.YYYY HH:MM",
}  # fmt: skip
ENGLISH = {"date": "YYYY-MM-DD", "moment": "YYYY-MM-DD HH:MM"}
RIGHT = {"money", "number", "whole", "percent"}
HEAD = PatternFill("solid", fgColor="E8ECF2")


@dataclass(frozen=True)
class Column:
    """One column: its head in the reader's language and what stands in it: text, number, whole, money, percent, date,
    moment or flag."""

    title: str
    kind: str = "text"


def xlsx(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], title: str, *, total: Sequence[Any] | None = None,
    zone: tzinfo | None = None, locale: str = "ru",
) -> bytes:  # fmt: skip
    """A sheet with a frozen head, filters and widths that fit. ``total``: one more row, in bold."""
    made = [list(row) for row in rows]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    sheet.freeze_panes = "A2"
    for number, width in enumerate(_widths(columns, made, total), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_head(sheet, column) for column in columns])
    for row in made:
        sheet.append([_cell(sheet, column, value, zone, locale) for column, value in zip(columns, row, strict=True)])
    if columns and made:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(made) + 1}"
    if total is not None:
        sheet.append(
            [_bold(_cell(sheet, column, value, zone, locale)) for column, value in zip(columns, total, strict=True)]
        )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, total: Sequence[Any] | None = None,
    zone: tzinfo | None = None, locale: str = "ru",
) -> bytes:  # fmt: skip
    """UTF-8 with a byte order mark and semicolons: what a Russian spreadsheet opens at a double click."""
    out = io.StringIO()
    writer = csv_writer.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([safe(column.title) for column in columns])
    for row in [*rows, *([total] if total is not None else [])]:
        writer.writerow([plain(column, value, zone, locale) for column, value in zip(columns, row, strict=True)])
    return out.getvalue().encode("utf-8-sig")


def write(
    form: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], title: str, *,
    total: Sequence[Any] | None = None, zone: tzinfo | None = None, locale: str = "ru",
) -> bytes:  # fmt: skip
    """``form``: xlsx or csv."""
    if form == "csv":
        return csv(columns, rows, total=total, zone=zone, locale=locale)
    return xlsx(columns, rows, title, total=total, zone=zone, locale=locale)


def safe(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(DANGEROUS) else value


def plain(column: Column, value: Any, zone: tzinfo | None = None, locale: str = "ru") -> str:
    """A value as CSV has it: 1234,50 and 21.11.2026 in Russian, 1234.50 and 2026-11-21 in English."""
    value = _local(value, zone)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _flag(value, locale)
    if isinstance(value, (int, float, Decimal)):
        written = f"{Decimal(str(value)):.2f}" if column.kind == "money" else f"{Decimal(str(value)).normalize():f}"
        return written.replace(".", ",") if locale == "ru" else written
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M" if locale == "ru" else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y" if locale == "ru" else "%Y-%m-%d")
    return safe(str(value))


def _cell(sheet: Any, column: Column, value: Any, zone: tzinfo | None, locale: str) -> Any:
    value = _local(value, zone)
    if value is None or value == "":
        return WriteOnlyCell(sheet, None)
    if isinstance(value, bool):
        return WriteOnlyCell(sheet, _flag(value, locale))
    if isinstance(value, (int, float, Decimal, date)):
        cell: Any = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]  # its hints leave out Decimal and date
        kind = column.kind if column.kind in FORMATS else _kind(value)
        cell.number_format = (ENGLISH if locale == "en" else {}).get(kind, FORMATS[kind])
        return cell
    written = ILLEGAL.sub("", str(value))[:LONGEST_CELL]
    cell = WriteOnlyCell(sheet, written)
    cell.data_type = "s"  # openpyxl would make a formula of what begins with an equals sign
    if written.startswith(DANGEROUS):
        cell.quotePrefix = True  # stays a text when somebody edits the cell
    if "\n" in written:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _head(sheet: Any, column: Column) -> Any:
    cell = WriteOnlyCell(sheet, ILLEGAL.sub("", column.title))
    cell.data_type = "s"
    cell.font, cell.fill = Font(bold=True), HEAD
    cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="right" if column.kind in RIGHT else "left")
    return cell


def _bold(cell: Any) -> Any:
    cell.font = Font(bold=True)
    return cell


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "moment"
    if isinstance(value, date):
        return "date"
    return "whole" if isinstance(value, int) else "number"


def _local(value: Any, zone: tzinfo | None) -> Any:
    """A spreadsheet knows no time zones: a moment is shown by the office's clock."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    return value


def _flag(value: bool, locale: str) -> str:
    return ("да" if value else "нет") if locale == "ru" else ("yes" if value else "no")


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Any]], total: Sequence[Any] | None) -> list[float]:
    sample = [*rows[:SAMPLE], *([total] if total is not None else [])]
    widths = []
    for place, column in enumerate(columns):
        longest = max((_length(column, row[place]) for row in sample), default=0)
        widths.append(float(min(WIDEST, max(NARROWEST, longest + 2, min(len(column.title) + 4, 24)))))
    return widths


def _length(column: Column, value: Any) -> int:
    if isinstance(value, datetime):
        return 16
    if isinstance(value, date):
        return 10
    if isinstance(value, (int, float, Decimal)) and column.kind in RIGHT:
        return len(f"{Decimal(str(value)):,.2f}")
    return max((len(line) for line in str(value).splitlines()), default=0) if value is not None else 0


def _sheet_title(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title).strip("' ")[:31] or "1"
