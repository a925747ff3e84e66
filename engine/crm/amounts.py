"""The money of a deal: lines taxed, totals, what has been paid and what is still owed. Decimal, VAT included."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from engine.documents import vat
from engine.documents.money import kopecks
from engine.models import Deal, Payment
from engine.quick import with_many
from engine.rows import Prepared

SIGNED = case((Payment.kind == "refund", -Payment.sum), else_=Payment.sum)
PAID = Prepared(select(func.coalesce(func.sum(SIGNED), 0)).where(Payment.deal_id == bindparam("deal")))


@dataclass(frozen=True)
class Amounts:
    """Sums of a deal at the VAT rate of a day. ``full`` is before the discount, ``discount`` what it takes off."""

    lines: tuple[vat.Line, ...]
    rate: vat.Rate
    total: Decimal
    vat: Decimal
    net: Decimal
    full: Decimal
    discount: Decimal


def of(deal: Deal, env: Any, on: date) -> Amounts:
    """The sums of a deal as if the service were rendered on ``on``. Raises Failed for an unknown VAT mode."""
    lines = [
        {"name": line.name, "unit": line.unit, "quantity": line.quantity, "price": line.price}
        for line in with_many(deal, "lines").lines
    ]
    return compute(lines, deal.discount or Decimal(0), rate_of(deal.vat_mode, env, on))


def rate_of(mode: str, env: Any, on: date) -> vat.Rate:
    """The VAT rate of a mode on a day, from settings/vat.yaml."""
    settings: Mapping[str, Any] = env.settings.get("vat") or {}
    reason = (env.settings.get("company") or {}).get("vat_reason") or ""
    return vat.rate(settings, mode, on, str(reason))


def compute(lines: Iterable[Mapping[str, Any]], discount: Decimal, rate: vat.Rate) -> Amounts:
    """Tax each line after the discount and add up."""
    taxed = vat.tax(lines, rate, discount)
    zero = kopecks(Decimal(0))
    total = sum((line.sum for line in taxed), zero)
    tax = sum((line.vat for line in taxed), zero)
    full = sum((line.full for line in taxed), zero)
    return Amounts(taxed, rate, total, tax, total - tax, full, full - total)


def paid(session: Session, deal_id: int) -> Decimal:
    """Money that came in for a deal less what went back."""
    found = PAID.see(session, deal=deal_id)
    return kopecks(Decimal(str(found[0][0] or 0)))
