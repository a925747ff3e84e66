"""What a report is made of: filters, tables of typed columns, links from a number to the cases behind it, charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.crm.periods import Period
from engine.errors import Text, text
from engine.work import Actor

GROUPS: Mapping[str, Text] = {
    "clients": text("Clients"),
    "sales": text("Sales"),
    "control": text("Control"),
    "quality": text("Quality"),
    "marketing": text("Marketing"),
}
KINDS = ("text", "int", "number", "money", "percent", "date", "moment", "days", "months", "flag")
NOTHING = text("There is nothing to count for this choice. Try a longer period or fewer filters.")
TOTAL = text("Total")
PAGE = 100  # rows of a long table on one page; files hold all
NUMERIC = frozenset({"int", "number", "money", "percent", "days", "months"})


@dataclass(frozen=True)
class Words:
    """A title that the data brings in both languages (stages, segments)."""

    ru: str
    en: str


Said = str | Text | Words


@dataclass(frozen=True)
class Link:
    """Where a cell leads. ``kind``: client, deal, instance, complaint, campaign, product, deals (the list) … or
    ``report`` (``target``: its key) or ``cases`` (``target``: the list of cases behind the number, of this report).

    Links to cases keep the filters of the page; ``arguments`` are put over them.
    """

    kind: str
    target: int | str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A value with more to it: where it leads, in which tone it is shown (late, soon, good, calm)."""

    value: Any
    link: Link | None = None
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """``kind``: one of KINDS. ``total``: summed up in the last row. ``group``: a head over several columns."""

    key: str
    title: Said
    kind: str = "text"
    total: bool = False
    group: Said | None = None


@dataclass(frozen=True)
class Group:
    """A head between rows: the rows after it belong together."""

    title: Said


Row = Mapping[str, Any] | Group


@dataclass(frozen=True)
class Chart:
    """A picture of a table. ``kind``: bar, line, stacked (bars on each other) or across (bars to the right).

    ``series``: name and one number (or Cell) per label; ``unit``: kind of the numbers.
    """

    title: Text
    kind: str
    labels: Sequence[Any]
    series: Sequence[tuple[Said, Sequence[Any]]]
    unit: str = "int"


@dataclass(frozen=True)
class Table:
    """Rows are mappings from a column's key to a value or Cell. ``notes`` stand below it.

    ``count``: how many rows there are in all, where the report has picked those of the asked page itself."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: Said | None = None
    total: Mapping[str, Any] | None = None
    chart: Chart | None = None
    notes: Sequence[Text] = ()
    empty: Text = NOTHING
    count: int | None = None


@dataclass(frozen=True)
class Filter:
    """One thing that may be chosen. ``kind``: period, date or choice.

    ``choices``: (session, env) -> value and name; ``default``: what stands there at first (a period: its preset);
    ``needed``: there is no "all".
    """

    name: str
    title: Text
    kind: str = "choice"
    choices: Callable[[Session, Any], Sequence[tuple[str, Said]]] | None = None
    default: str = ""
    needed: bool = False
    number: bool = False


@dataclass(frozen=True)
class Asked:
    """What is asked of a report, by whom. ``values``: by filter name, None for "all"; ``given``: everything that stood
    in the address, for lists of cases; ``page``: which page of a long table, 0 for all of it (files). A manager without
    a right to all figures has ``employee`` set to himself."""

    session: Session
    env: Any
    actor: Actor
    today: date
    period: Period
    values: Mapping[str, Any]
    given: Mapping[str, str] = field(default_factory=dict)
    page: int = 0

    def __getitem__(self, name: str) -> Any:
        """The chosen value of a filter."""
        return self.values.get(name)

    def number(self, name: str) -> int | None:
        """A whole number of the address."""
        found = self.given.get(name, "")
        return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else None


    def slice(self) -> tuple[int | None, int]:
        """Limit and offset of the asked page."""
        return (PAGE, (self.page - 1) * PAGE) if self.page else (None, 0)


Compute = Callable[[Asked], Sequence[Table]]


@dataclass(frozen=True)
class Case:
    """The list of cases behind a number of a report."""

    title: Text
    compute: Compute


@dataclass(frozen=True)
class Report:
    """One report. ``figures``: what is counted -> how; ``cases``: the lists behind its numbers, by name;
    ``own``: a manager may see it, for himself alone (the filter ``employee`` is then set)."""

    key: str
    title: Text
    about: Text
    group: str
    requirements: tuple[str, ...]
    filters: Sequence[Filter]
    compute: Compute
    figures: Sequence[tuple[Text, Text]] = ()
    cases: Mapping[str, Case] = field(default_factory=dict)
    own: bool = False


def value_of(cell: Any) -> Any:
    """The bare value of a cell."""
    return cell.value if isinstance(cell, Cell) else cell


def total(columns: Sequence[Column], rows: Sequence[Row], first: Said = TOTAL) -> dict[str, Any]:
    """The last row: sums of the columns that have a total. Empty where there are no rows."""
    plain = [row for row in rows if not isinstance(row, Group)]
    if not plain:
        return {}
    summed: dict[str, Any] = {}
    for column in columns:
        if column.total:
            values = [value_of(row.get(column.key)) for row in plain]
            known = [value for value in values if value is not None]
            summed[column.key] = sum(known[1:], known[0]) if known else None
    summed.setdefault(columns[0].key, first)
    return summed


def share(part: Decimal | int | float | None, whole: Decimal | int | float | None) -> Decimal | None:
    """Per cent with one digit after the point, half up; nothing of nothing is nothing."""
    if not whole or part is None:
        return None
    return (Decimal(str(part)) * 100 / Decimal(str(whole))).quantize(Decimal("0.1"), ROUND_HALF_UP)


def roubles(value: Any) -> Decimal:
    """A sum as it comes from either database, in roubles and kopecks."""
    return Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def to_case(name: str, value: Any, **arguments: Any) -> Cell:
    """A number that leads to the cases behind it; nought leads nowhere."""
    given = {key: argument for key, argument in arguments.items() if argument is not None}
    return Cell(value, Link("cases", name, given) if value else None)


def to_client(client_id: int | None, name: Any) -> Cell:
    """A client's name that leads to his page."""
    return Cell(name, Link("client", client_id) if client_id else None)


def to_deal(deal_id: int | None, name: Any) -> Cell:
    """A deal's number that leads to its page."""
    return Cell(name, Link("deal", deal_id) if deal_id else None)
