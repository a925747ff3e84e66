"""The next contact of a client between sales: its day, its purpose and the product to offer (R137)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from engine import access, audit, thrown
from engine.crm import clients, deals
from engine.errors import Invalid, Text, text
from engine.models import Client, Deal, Product
from engine.work import Work

LONGEST = 500


def set(work: Work, client_id: int, on: date, purpose: str, product_id: int | None = None) -> Client:
    """Agree when a client is next spoken to, what for and what is then offered: part of what closes a deal or looks
    after a client, and granted with it. A person agrees by ``agree``.

    Without a product only where nothing is left to offer. Raises NotFound, Invalid by field.
    """
    client = clients.find(work.session, client_id)
    faults: dict[str, Text] = {}
    if on < deals.today(work):
        faults["date"] = text("The day of the next contact is today or later.")
    if not purpose.strip():
        faults["purpose"] = text("Say the purpose of the next contact.")
    elif len(purpose) > LONGEST:
        faults["purpose"] = text("The text is too long: at most {limit} characters.", limit=LONGEST)
    if product_id is not None and work.session.get(Product, product_id) is None:
        faults["product"] = text("Choose a product of the list.")
    if faults:
        raise Invalid("The next contact cannot be saved yet.", fields=faults)
    before = of(client)
    after = {"date": on, "purpose": purpose.strip(), "product_id": product_id}
    if before != after:
        client.next_contact_on, client.next_contact_purpose = on, purpose.strip()
        client.next_contact_product_id = product_id
        audit.record(work, "client.next_contact_set", subject=f"client:{client.id}", next_contact=[before, after])
    return client


def agree(work: Work, client_id: int, on: date, purpose: str, product_id: int | None = None) -> Client:
    """As ``set``, and the procedure that looks after the client is told, or begins: somebody will speak to it that day.

    While a deal is open the sale looks after the client. Raises NotFound, Forbidden, Invalid by field.
    """
    access.require(work, "client.change", clients.find(work.session, client_id))
    client = set(work, client_id, on, purpose, product_id)
    is_open = select(Deal.id).where(Deal.client_id == client.id, Deal.status == "open").limit(1)
    if work.session.scalar(is_open) is None:
        agreed = {"date": on, "purpose": purpose.strip(), "product": product_id}
        told = {"client_id": client.id, "deal_id": None, "next_contact": agreed}
        thrown.enqueue(work, "next_contact", str(client.id), told, thrown.PATIENCE)
    return client


def clear(work: Work, client_id: int, reason: str = "") -> None:
    """Nothing is agreed any more: a sale has begun, or the client is not approached again. Raises NotFound,
    Forbidden."""
    client = clients.find(work.session, client_id)
    access.require(work, "client.change", client)
    before = of(client)
    if before is not None:
        client.next_contact_on = client.next_contact_purpose = client.next_contact_product_id = None
        audit.record(
            work, "client.next_contact_cleared", subject=f"client:{client.id}", next_contact=before, reason=reason
        )


def of(client: Client) -> dict[str, date | str | int | None] | None:
    """What is agreed with a client, if anything."""
    if client.next_contact_on is None:
        return None
    return {
        "date": client.next_contact_on,
        "purpose": client.next_contact_purpose,
        "product_id": client.next_contact_product_id,
    }
