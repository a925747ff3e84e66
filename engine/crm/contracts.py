"""Contracts of clients that run out: found in time, renewed or lost (R078, R259)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit
from engine.crm import clients, deals
from engine.errors import NotFound
from engine.models import Client, ClientProduct, Product
from engine.work import Work


@dataclass(frozen=True)
class Expiring:
    """A client's contract for one product, until its last day."""

    client_id: int
    product_id: int
    product: str
    until: date

    @property
    def key(self) -> str:
        """The same contract is the same client, product and last day."""
        return f"{self.client_id}:{self.product_id}:{self.until.isoformat()}"


def expiring(session: Session, on: date, until: date) -> list[Expiring]:
    """Contracts that end between two days, both included, for what a client uses; not those of clients we may not
    approach."""
    query = (
        select(ClientProduct, Product.name)
        .join(Product, Product.id == ClientProduct.product_id)
        .join(Client, Client.id == ClientProduct.client_id)
        .where(ClientProduct.contract_until >= on, ClientProduct.contract_until <= until, Client.stop_list.is_(False))
        .where(ClientProduct.used_since.is_not(None))
        .order_by(ClientProduct.contract_until, ClientProduct.client_id, ClientProduct.product_id)
    )
    return [
        Expiring(row.client_id, row.product_id, name, row.contract_until)
        for row, name in session.execute(query).all()
        if row.contract_until is not None
    ]


def set_until(work: Work, client_id: int, product_id: int, until: date) -> None:
    """The contract of a client for a product runs until this day. Raises NotFound."""
    row = work.session.get(ClientProduct, (clients.find(work.session, client_id).id, product_id))
    if row is None:
        if work.session.get(Product, product_id) is None:
            raise NotFound("There is no product {id}.", id=product_id)
        row = ClientProduct(client_id=client_id, product_id=product_id)
        work.session.add(row)
    before, row.contract_until = row.contract_until, until
    audit.record(work, "contract.until_set", subject=f"client:{client_id}", product_id=product_id,
                 until=[before, until])  # fmt: skip


def lost(work: Work, client_id: int, product_id: int, refusal: Mapping[str, Any]) -> None:
    """The contract was not renewed: the client uses the product no more, and why (R078). Raises NotFound."""
    row = work.session.get(ClientProduct, (client_id, product_id))
    if row is None:
        raise NotFound("There is no product {id}.", id=product_id)
    category = str(refusal.get("category") or "other")
    row.used_since, row.refused_on, row.refusal_category = None, deals.today(work), category
    row.note = str(refusal.get("comment") or "").strip() or row.note
    audit.record(work, "contract.lost", subject=f"client:{client_id}", product_id=product_id, category=category,
                 until=row.contract_until)  # fmt: skip
