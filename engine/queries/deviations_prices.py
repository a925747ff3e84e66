"""The price list against the lines of deals: all lists and tiers that matter, read at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import Text, text
from engine.models import Deal, Price, PriceList, Product


class PriceBook:
    """What the lines of these deals would cost by the lists in force on a day. The same order of lists and tiers as
    engine.crm.prices: the client's own list, the general ones from the newest on, the product itself."""

    def __init__(self, session: Session, deals: Sequence[Deal], on: date) -> None:
        products = {line.product_id for deal in deals for line in deal.lines if line.product_id is not None}
        own = {deal.client.price_list_id for deal in deals if deal.client.price_list_id is not None}
        self.products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(products)))}
        in_force = (PriceList.valid_from <= on, or_(PriceList.valid_until.is_(None), PriceList.valid_until >= on))
        self.lists = session.execute(
            select(PriceList.id, PriceList.general)
            .where(or_(PriceList.general, PriceList.id.in_(own)), *in_force)
            .order_by(PriceList.valid_from.desc(), PriceList.id.desc())
        ).all() if products else []  # fmt: skip
        self.tiers: dict[tuple[int, int], list[Price]] = {}
        here = Price.price_list_id.in_([row[0] for row in self.lists])
        wanted = select(Price).where(Price.product_id.in_(products), here).order_by(Price.min_quantity.desc())
        for price in session.scalars(wanted) if self.lists else ():
            self.tiers.setdefault((price.price_list_id, price.product_id), []).append(price)

    def below(self, deal: Deal) -> Iterator[Text]:
        """A sentence for each line that is cheaper than the list says, before the deal's discount."""
        for line in deal.lines:
            product = self.products.get(line.product_id or 0)
            listed = self._price(deal, product, line.quantity) if product is not None else None
            if listed is not None and line.price < listed:
                percent = ((listed - line.price) * 100 / listed).quantize(Decimal("0.1"))
                yield text(
                    "Price of «{name}»: {price} for one, {percent} % below the price list ({listed})", name=line.name,
                    price=line.price, listed=listed, percent=f"{percent.normalize():f}".replace(".", ","),
                )  # fmt: skip

    def _price(self, deal: Deal, product: Product, quantity: Decimal) -> Decimal:
        own = deal.client.price_list_id
        order = sorted(self.lists, key=lambda row: row[0] != own)  # stable: the others stay newest first
        for list_id, general in order:
            if not general and list_id != own:
                continue
            for tier in self.tiers.get((list_id, product.id), ()):
                if tier.min_quantity <= quantity:
                    return tier.price
        return product.price
