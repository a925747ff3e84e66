"""What is unusual about a document that waits for a decision: figures beside their limits (settings).

For a page of the queue and for one document alike: everything is read for all of them at once. SELECTs only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, selectinload

from engine import authority
from engine.crm import amounts, clients
from engine.errors import Failed, Text, text
from engine.models import Client, Deal, Document, ScheduledPayment
from engine.queries.deviations_prices import PriceBook
from engine.queries.deviations_terms import special_of, usual_terms, vat_changed

WHOLE = "document.totals.gross"  # the total of a kind whose lines are the deal's


CONTRACTED = ("contract", "proposal")


@dataclass(frozen=True)
class Deviation:
    """One unusual thing. ``kind``: for a short badge; ``sentence``: with the figures and the limit (a Decimal is money,
    a date is a day, texts are shown as they are)."""

    kind: str
    sentence: Text


@dataclass(frozen=True)
class Paper:
    """A document with what its limits are compared with. ``terms``, ``note``, ``vat``, ``parts``: what its data say;
    ``vat_before``: of the version before; ``by_hand``: somebody corrected its words in Word."""

    document: Document
    deal: Deal | None
    client: Client | None
    terms: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    vat: str | None = None
    vat_before: str | None = None
    parts: int | None = None
    by_hand: bool = False


@dataclass(frozen=True)
class Debt:
    """What a client has not paid in time, and since when the oldest part is due."""

    sum: Decimal
    since: date


def of(session: Session, env: Any, document_ids: Sequence[int], today: date) -> dict[int, list[Deviation]]:
    """The deviations of these documents by id; a document without any has an empty list."""
    papers = _papers(session, document_ids)
    book = PriceBook(session, [paper.deal for paper in papers if paper.deal is not None], today)
    debts = _debts(session, {paper.client.id for paper in papers if paper.client is not None}, today)
    contracts = _with_contract(session, [paper.deal.id for paper in papers if paper.deal is not None])
    return {paper.document.id: list(_all(env, paper, book, debts, contracts, today)) for paper in papers}


def _all(
    env: Any, paper: Paper, book: PriceBook, debts: Mapping[int, Debt], contracts: set[int], today: date
) -> Iterator[Deviation]:
    limits: Mapping[str, Any] = env.setting("approval", {})
    settings: Mapping[str, Any] = env.setting(f"documents.{paper.document.kind}", {})
    if paper.deal is not None and settings.get("total") == WHOLE:
        yield from _discount(env, paper.deal)
        yield from (Deviation("price", sentence) for sentence in book.below(paper.deal))
        yield from _sum(env, paper, limits, contracts)
        yield from _moved(env, paper, paper.deal, today)
        yield from _schedule(paper.deal, limits)
        yield from _vat(env, paper, paper.deal)
    yield from (Deviation("terms", sentence) for sentence in usual_terms(paper.terms, settings))
    if paper.by_hand:
        yield Deviation("wording", text("Its words were corrected by hand in Word: see what goes beyond the template"))
    for special in special_of(paper.terms, paper.note):
        yield Deviation("special", text("Special terms: {terms}", terms=special))
    if paper.client is not None and settings.get("total"):
        yield from _debt(debts.get(paper.client.id), limits)
        for fault in clients.check_requisites(paper.client):
            yield Deviation("requisites", text("Requisites of the client: {fault}", fault=fault))


def _discount(env: Any, deal: Deal) -> Iterator[Deviation]:
    """Beyond the least authority: what its manager may not give by himself."""
    limit = next(iter(authority.steps(env, "discount")), Decimal(100))
    if deal.discount and deal.discount > limit:
        yield Deviation(
            "discount",
            text("Discount {percent} %; the limit is {limit} %", percent=_plain(deal.discount), limit=_plain(limit)),
        )


def _sum(env: Any, paper: Paper, limits: Mapping[str, Any], contracts: set[int]) -> Iterator[Deviation]:
    """Beyond the greatest authority over contracts but that without a limit; an offer becomes a contract of its sum."""
    total, kind = paper.document.total, paper.document.kind
    if total is None or paper.deal is None:
        return
    usual = next(reversed(authority.steps(env, "contract_sum")), None) if kind in CONTRACTED else None
    if usual is not None and total > usual:
        yield Deviation("sum", text("The sum {sum} is above the usual {limit}", sum=total, limit=usual))
    contract = limits.get("contract_limit")
    if kind == "invoice" and contract is not None and paper.deal.id not in contracts and total > Decimal(str(contract)):
        yield Deviation(
            "sum",
            text("The sum {sum} is above {limit}: such sales go by a contract, and there is none", sum=total,
                 limit=Decimal(str(contract))),
        )  # fmt: skip


def _moved(env: Any, paper: Paper, deal: Deal, today: date) -> Iterator[Deviation]:
    """The deal is not what it was when the document was made of it."""
    if paper.document.total is None or (paper.parts or 1) != 1 or not deal.lines:
        return
    try:
        now = amounts.of(deal, env, today).total
    except Failed:
        return  # an unknown VAT mode is said by the step that computes with it
    if now != paper.document.total:
        yield Deviation(
            "deal",
            text("The deal was changed after the document was made: {now} now, {then} in the document", now=now,
                 then=paper.document.total),
        )  # fmt: skip


def _schedule(deal: Deal, limits: Mapping[str, Any]) -> Iterator[Deviation]:
    usual = {str(name) for name in limits.get("usual_schedules") or ()}
    before = sum((part.share for part in deal.payments if part.trigger == "before_delivery"), Decimal(0))
    if not usual or not deal.payments:
        return
    name = "full_before" if before == 100 else "after" if before == 0 else "half" if before == 50 else "other"
    if name not in usual:
        yield Deviation(
            "payment",
            text("Payment: {before} % before and {after} % after the services; this is not the usual order",
                 before=_plain(before), after=_plain(100 - before)),
        )  # fmt: skip


def _vat(env: Any, paper: Paper, deal: Deal) -> Iterator[Deviation]:
    changed = vat_changed(paper.vat, paper.vat_before)
    if changed is not None:
        yield Deviation("vat", changed)
    usual = env.setting("company.vat_mode", None)
    if changed is None and usual and deal.vat_mode != usual:
        yield Deviation("vat", text("VAT of the deal: {mode}; the company's mode is {usual}", mode=deal.vat_mode,
                                    usual=usual))  # fmt: skip


def _debt(debt: Debt | None, limits: Mapping[str, Any]) -> Iterator[Deviation]:
    limit = Decimal(str(limits.get("debt_limit", 0)))
    if debt is not None and debt.sum > limit:
        yield Deviation(
            "debt",
            text("The client is late with {sum}, the oldest part since {since}; the limit is {limit}", sum=debt.sum,
                 since=debt.since, limit=limit),
        )  # fmt: skip


def _papers(session: Session, document_ids: Sequence[int]) -> list[Paper]:
    """Single values out of the documents' data: the whole of it is too heavy for a list."""
    before = aliased(Document)
    data = Document.data
    rows = session.execute(
        select(
            Document, data["terms"], data["offer"]["note"].as_string(),
            data["document"]["totals"]["vat_label"].as_string(), data["payment"]["of"].as_integer(),
            before.data["document"]["totals"]["vat_label"].as_string(), data["data"]["by_hand"].as_boolean(),
        )
        .outerjoin(before, (before.kind == Document.kind) & (before.number == Document.number)
                   & (before.version == Document.version - 1))
        .where(Document.id.in_(document_ids))
        .order_by(Document.id)
    ).all()  # fmt: skip
    wanted = {row[0].deal_id for row in rows if row[0].deal_id}
    found = session.scalars(
        select(Deal)
        .options(selectinload(Deal.lines), selectinload(Deal.payments), selectinload(Deal.client))
        .where(Deal.id.in_(wanted))
    )
    deals = {deal.id: deal for deal in found}
    made = []
    for document, terms, note, vat, parts, vat_before, by_hand in rows:
        deal = deals.get(document.deal_id or 0)
        client = deal.client if deal else None
        made.append(Paper(document, deal, client, terms or {}, note, vat, vat_before, parts, bool(by_hand)))
    return made


def _debts(session: Session, client_ids: set[int], today: date) -> dict[int, Debt]:
    owed = ScheduledPayment.sum - ScheduledPayment.received
    rows = session.execute(
        select(Deal.client_id, func.sum(owed), func.min(ScheduledPayment.due_on))
        .join(Deal, Deal.id == ScheduledPayment.deal_id)
        .where(Deal.client_id.in_(client_ids), Deal.status != "lost")
        .where(ScheduledPayment.due_on < today, ScheduledPayment.received < ScheduledPayment.sum)
        .group_by(Deal.client_id)
    )
    return {client_id: Debt(Decimal(str(owed)), since) for client_id, owed, since in rows if since is not None}


def _with_contract(session: Session, deal_ids: Sequence[int]) -> set[int]:
    """Deals that have a living contract."""
    alive = Document.status.not_in(("cancelled", "superseded"))
    query = select(Document.deal_id).where(Document.deal_id.in_(deal_ids), Document.kind == "contract", alive)
    return {row for row in session.scalars(query) if row is not None}


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")
