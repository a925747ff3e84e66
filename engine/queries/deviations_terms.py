"""What the words and terms of a document say beyond its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import values
from engine.errors import Text, text

TERMS: Mapping[str, Text] = {
    "payment_days": text("days to pay"),
    "acceptance_days": text("days to accept the services"),
    "claim_days": text("days to answer a claim"),
    "notice_days": text("days of notice before leaving the contract"),
    "penalty": text("penalty, % a day"),
    "penalty_limit": text("limit of the penalty, %"),
}
LONGEST = 300


def usual_terms(terms: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Text]:
    """Terms that differ from the defaults of the kind (settings/documents.yaml)."""
    usual = (settings.get("defaults") or {}).get("terms") or {}
    given = values.decode(terms)
    for name, label in TERMS.items():
        if name in usual and name in given and str(given[name]) != str(usual[name]):
            yield text("Terms: {term} {value} instead of the usual {usual}", term=label, value=str(given[name]),
                       usual=str(usual[name]))  # fmt: skip


def special_of(terms: Mapping[str, Any], note: str | None) -> list[str]:
    """What was written by hand: the special terms of a contract, the note of an offer."""
    special = values.decode(terms).get("special")
    rows = special if isinstance(special, list) else [special]
    found = [str(row).strip() for row in (*rows, note) if row and str(row).strip()]
    return [row if len(row) <= LONGEST else row[: LONGEST - 1] + "…" for row in found]


def vat_changed(now: str | None, before: str | None) -> Text | None:
    """The tax is another one than in the version before."""
    if not now or not before or now == before:
        return None
    return text("VAT changed since the last version: «{before}» became «{now}»", before=before, now=now)
