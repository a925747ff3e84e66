"""VAT: which rate is in force on a day (settings/vat.yaml), and what it makes of the lines of a document.

One method is fixed, because two give different kopecks (three lines of 33.33: 21.99 against 22.00): the tax is taken
out of each line and rounded, the total is the sum of the lines.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.documents.money import kopecks, money
from engine.errors import Failed


@dataclass(frozen=True)
class Rate:
    """A VAT mode on a day. ``percent`` None: no VAT at all, for ``reason``. Prices include the tax."""

    mode: str
    percent: Decimal | None
    reason: str = ""

    @property
    def label(self) -> str:
        """How the rate is named: «НДС 22 %» or «Без НДС»."""
        return "Без НДС" if self.percent is None else f"НДС {self._figure}\u00a0%"

    @property
    def column(self) -> str:
        """The rate in a table's cell: «22 %» or «без НДС»."""
        return "без НДС" if self.percent is None else f"{self._figure}\u00a0%"

    @property
    def phrase(self) -> str:
        """How a price is qualified in prose: «включая НДС 22 %», «НДС не облагается (ст. 145 НК РФ)»."""
        if self.percent is None:
            return "НДС не облагается" + (f" ({self.reason})" if self.reason else "")
        return f"включая НДС {self._figure}\u00a0%"

    @property
    def calculated(self) -> str:
        """The calculated pair for advances: 22/122; empty without VAT."""
        return "" if not self.percent else f"{self._figure}/{100 + self.percent:f}"

    @property
    def _figure(self) -> str:
        return f"{self.percent:f}".replace(".", ",")

    def of_gross(self, gross: Decimal) -> Decimal:
        """The tax inside a sum that includes it, in whole kopecks."""
        if not self.percent:
            return kopecks(0)
        return kopecks(gross * self.percent / (100 + self.percent))


def rate(settings: Mapping[str, Any], mode: str, on: date, reason: str = "") -> Rate:
    """The rate of ``mode`` in force on the day the service is rendered. ``settings``: settings/vat.yaml.

    Raises Failed for an unknown mode or a day before its first rate.
    """
    entry = settings.get(mode)
    if not isinstance(entry, Mapping):
        raise Failed("There is no VAT mode «{mode}» in settings/vat.yaml.", mode=mode)
    if "rates" not in entry:
        return Rate(mode, None, reason or str(entry.get("reason", "")))
    steps = sorted(entry["rates"], key=lambda step: _day(step["from"]))
    current = [step for step in steps if _day(step["from"]) <= on]
    if not current:
        raise Failed("The VAT mode «{mode}» has no rate on {day}.", mode=mode, day=on.isoformat())
    return Rate(mode, Decimal(str(current[-1]["percent"])))


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


@dataclass(frozen=True)
class Line:
    """One line of a document, taxed: sums include the tax; ``sum`` is after the discount, ``full`` before it."""

    no: int
    name: str
    unit: str
    quantity: Decimal
    price: Decimal
    full: Decimal
    sum: Decimal
    vat: Decimal
    net: Decimal


def tax(lines: Iterable[Mapping[str, Any]], rate_: Rate, discount: Decimal = Decimal(0)) -> tuple[Line, ...]:
    """Tax each line: quantity x price, less the discount in per cent, rounded to kopecks; then the tax inside it."""
    taxed = []
    for no, line in enumerate(lines, 1):
        quantity, price = Decimal(str(line["quantity"])), Decimal(str(line["price"]))
        full = kopecks(quantity * price)
        gross = kopecks(quantity * price * (100 - Decimal(str(discount))) / 100)
        vat = rate_.of_gross(gross)
        name, unit = str(line["name"]), str(line.get("unit") or "усл.")
        taxed.append(Line(no, name, unit, quantity, kopecks(price), full, gross, vat, gross - vat))
    return tuple(taxed)


def totals(lines: Iterable[Line], rate_: Rate) -> dict[str, Any]:
    """The foot of a document: sums of the lines and the tax line ready to print."""
    rows = tuple(lines)
    gross = sum((line.sum for line in rows), kopecks(0))
    vat = sum((line.vat for line in rows), kopecks(0))
    full = sum((line.full for line in rows), kopecks(0))
    return {
        "count": len(rows),
        "full": full,
        "discount": full - gross,
        "gross": gross,
        "vat": vat,
        "net": gross - vat,
        "vat_label": rate_.label,
        "vat_column": rate_.column,
        "vat_phrase": rate_.phrase,
        "vat_line": tax_line(rate_, vat),
        "vat_percent": rate_.percent,
        "has_vat": rate_.percent is not None,
    }


def tax_line(rate_: Rate, vat: Decimal) -> str:
    """«В том числе НДС 22 %: 18 032,79 руб.», or «Без НДС» with its reason."""
    if rate_.percent is None:
        return rate_.label + (f" ({rate_.reason})" if rate_.reason else "")
    return f"В том числе {rate_.label}: {money(vat)} руб."
