"""Every target product of every client with what became of it, counted by the database for all at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Subquery, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.crm import development
from engine.crm.reports import ground
from engine.crm.reports.model import Asked
from engine.models import Client, ClientProduct, Deal, DealLine, Matrix, Product, Segment, SegmentProduct, Settlement

RANKS = (development.USED, development.OPEN, development.REFUSED, development.NOT_OFFERED)


def positions(asked: Asked) -> Subquery:
    """Columns client_id, segment, product_id (the target: a product or a whole direction) and state. The same rules as
    engine.crm.development applies to one client: used before in work before refused before not offered."""
    target, best = aliased(Product), _best()
    rank = func.coalesce(best.c.rank, RANKS.index(development.NOT_OFFERED))
    grouped = (
        select(
            Client.id.label("client_id"), Client.segment, SegmentProduct.product_id,
            target.withdrawn_on.label("withdrawn"), rank.label("rank"),
        )
        .join(Segment, Segment.key == Client.segment).join(Matrix, Matrix.id == Segment.matrix_id)
        .join(SegmentProduct, SegmentProduct.segment_id == Segment.id)
        .join(target, target.id == SegmentProduct.product_id)
        .outerjoin(best, and_(best.c.client_id == Client.id, best.c.target == SegmentProduct.product_id))
        .where(Matrix.status == "in_force", Client.role == "client", *ground.client_filters(asked, of_owner=True))
        .subquery()
    )  # fmt: skip
    state = case(*((grouped.c.rank == place, name) for place, name in enumerate(RANKS)), else_=RANKS[-1])
    sold = or_(grouped.c.withdrawn.is_(None), grouped.c.rank <= RANKS.index(development.OPEN))
    shown = select(grouped.c.client_id, grouped.c.segment, grouped.c.product_id, state.label("state"))
    return shown.where(sold).subquery()


def counts(
    asked: Asked,
) -> tuple[dict[tuple[str, int], int], dict[tuple[str, int], int], dict[str, int]]:
    """Used and meant by segment and product, and clients by segment."""
    found = positions(asked)
    used = func.sum(case((found.c.state == development.USED, 1), else_=0))
    query = select(found.c.segment, found.c.product_id, used.label("used"), func.count().label("meant")).group_by(
        found.c.segment, found.c.product_id
    )
    rows = asked.session.execute(query).all()
    clients = asked.session.execute(
        select(Client.segment, func.count().label("count"))
        .where(Client.role == "client", *ground.client_filters(asked, of_owner=True)).group_by(Client.segment)
    )  # fmt: skip
    return (
        {(row.segment, row.product_id): int(row.used) for row in rows},
        {(row.segment, row.product_id): row.meant for row in rows},
        {row[0] or "": int(row[1]) for row in clients},
    )


def segment_place(session: Session) -> Any:
    """The place of a client's segment in the matrix in force, to sort by."""
    rows = session.execute(select(Segment.key, Segment.position).join(Matrix).where(Matrix.status == "in_force")).all()
    return case(*((Client.segment == row.key, row.position) for row in rows), else_=len(rows)) if rows else literal(0)


def _best() -> Subquery:
    """The best that is known of each client and product, and of each client and product direction."""
    known = _known().cte().prefix_with("MATERIALIZED")
    part = aliased(Product)
    of_direction = select(known.c.client_id, known.c.rank, part.direction_id).join(part, part.id == known.c.product_id)
    both = union_all(
        select(known.c.client_id, known.c.rank, known.c.product_id.label("target")),
        of_direction.where(part.direction_id.is_not(None)),
    ).subquery()
    return select(both.c.client_id, both.c.target, func.min(both.c.rank).label("rank")).group_by(
        both.c.client_id, both.c.target
    ).subquery()  # fmt: skip


def _known() -> CompoundSelect[Any]:
    written = select(
        ClientProduct.client_id, ClientProduct.product_id,
        case((ClientProduct.used_since.is_not(None), 0), else_=2).label("rank"),
    ).where(or_(ClientProduct.used_since.is_not(None), ClientProduct.refused_on.is_not(None)))  # fmt: skip
    paid = (
        select(Settlement.client_id, Settlement.product_id, literal(0).label("rank"))
        .outerjoin(Deal, Deal.id == Settlement.deal_id)
        .where(Settlement.product_id.is_not(None), or_(Settlement.deal_id.is_(None), Deal.status != "open"))
        .group_by(Settlement.client_id, Settlement.product_id).having(func.sum(Settlement.sum) > 0)
    )  # fmt: skip
    offered = (
        select(Deal.client_id, DealLine.product_id, literal(1).label("rank"))
        .join(DealLine, DealLine.deal_id == Deal.id)
        .where(Deal.status == "open", DealLine.product_id.is_not(None))
    )
    return union_all(written, paid, offered)
