"""What is agreed with a deal beside lines and payments: who does the work, who accepts it, which contract holds."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, values
from engine.crm import deals
from engine.documents.sections import as_date
from engine.errors import Invalid
from engine.models import Client, Deal, Document, User
from engine.vocabulary import DocumentStatus
from engine.work import Work

MOST = 100
CONTRACT = "contract"


def contracts_of(session: Session, client: Client) -> list[dict[str, Any]]:
    """The client's signed contracts, the newest first: {value, label, number, date, until} as a form offers them."""
    query = (
        select(Document)
        .join(Deal, Deal.id == Document.deal_id)
        .where(Deal.client_id == client.id, Document.kind == CONTRACT, Document.status == DocumentStatus.SIGNED)
        .order_by(Document.dated.desc(), Document.id.desc())
        .limit(MOST)
    )
    return [_offered(row) for row in session.scalars(query)]


def agree(
    work: Work, deal_id: int, *, team: Iterable[str] = (), acceptance: str | None = None, frame_id: int | None = None
) -> Deal:
    """Write down who does the work (logins), who accepts it (R228) and the earlier contract of the client the deal goes
    by, if it has none of its own. Raises NotFound, Forbidden, Invalid."""
    deal = deals.find_open(work.session, deal_id)
    access.require(work, "deal.change", deal)
    logins = list(dict.fromkeys(str(one) for one in team))
    known = set(work.session.scalars(select(User.login).where(User.login.in_(logins), User.active)))
    if set(logins) != known:
        raise Invalid("There is nobody with the login {login}.", login=", ".join(sorted(set(logins) - known)))
    frame = None if frame_id is None else _frame(work.session, deal, frame_id)
    agreed = {"team": logins, "acceptance": (acceptance or "").strip() or None, "frame": frame}
    kept = {name: said for name, said in agreed.items() if said}
    if (deal.terms or {}) != kept:
        deal.terms = kept or None
        audit.record(
            work, "deal.terms_agreed", subject=f"deal:{deal.id}", team=logins,
            contract=None if frame is None else frame["number"],
        )  # fmt: skip
    return deal


def _frame(session: Session, deal: Deal, document_id: int) -> dict[str, Any]:
    row = session.get(Document, document_id)
    owner = None if row is None or row.deal_id is None else session.get(Deal, row.deal_id)
    if row is None or owner is None or owner.client_id != deal.client_id:
        raise Invalid("This is no contract of the client.")
    if row.kind != CONTRACT or row.status != DocumentStatus.SIGNED:
        raise Invalid("The contract {number} is not signed.", number=row.number)
    return {"id": row.id, "number": row.number, "date": row.dated.isoformat()}


def _offered(row: Document) -> dict[str, Any]:
    until = as_date((values.decode(row.data).get("terms") or {}).get("ends"))
    runs = f", действует до {until:%d.%m.%Y}" if until is not None else ""
    label = f"Договор № {row.number} от {row.dated:%d.%m.%Y}{runs}"
    return {"value": row.id, "label": label, "number": row.number, "date": row.dated, "until": until}
