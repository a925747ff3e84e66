"""The catalogue: product directions with their components, and the price lists with their tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine import access
from engine.crm import prices, products
from engine.errors import Conflict, Forbidden, Invalid, Text, text
from engine.models import PriceList, Product
from engine.web import downloads, reading, sheets_clients, sheets_more
from engine.web.formats import zone
from engine.web.given import Given
from engine.web.i18n import say
from engine.web.rules import allow
from engine.work import Work

blueprint = Blueprint("products", __name__)
EDITORS = ("product_head", "admin")
COST_SEEN_BY = frozenset({"product_head", "head", "director", "accountant", "admin", "auditor"})
EMPTY_TIERS = 2


def _may() -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "products.change") is not None


def _guarded(work: Work, verb: Any, *args: Any, **kwargs: Any) -> Any:
    access.require(work, "products.change")
    return verb(work, *args, **kwargs)


@blueprint.get("/products")
@allow("employee")
def listing() -> str | Response:
    """The catalogue as a tree, and the price lists; the catalogue also as a file."""
    session = reading.session()
    today = g.now.astimezone(zone()).date()
    rows = products.listing(session)
    costs = bool(reading.actor().groups & COST_SEEN_BY)
    if form := downloads.wanted():
        now = {row.id: prices.price_of(session, row, Decimal(1), None, today) for row in rows}
        return sheets_more.products(form, rows, now, {row.id: _head(row) for row in rows}, costs)
    lists = list(session.scalars(select(PriceList).order_by(PriceList.general.desc(), PriceList.valid_from.desc())))
    return render_template(
        "products.html", branches=products.tree(rows), lists=lists, today=today, may_change=_may(),
        counts={row.id: len(prices.tiers(session, row.id)) for row in lists},
        in_force={row.id for row in lists if _holds(row, today)},
        prices_now={row.id: prices.price_of(session, row, Decimal(1), None, today) for row in rows},
        heads={row.id: _head(row) for row in rows}, may_see_cost=costs,
    )  # fmt: skip


def _holds(row: PriceList, today: Any) -> bool:
    return row.valid_from <= today and (row.valid_until is None or row.valid_until >= today)


def _head(row: Product) -> str | None:
    person = access.person(reading.session(), row.head_id)
    return person.name if person is not None else None


@blueprint.route("/products/new", methods=["GET", "POST"])
@allow(*EDITORS)
def new() -> Any:
    """Put a product or a direction into the catalogue."""
    if request.method == "POST":
        return _save(None)
    direction = request.args.get("direction", "")
    return _form(None, {"direction_id": direction if direction.isdigit() else None, "unit": "усл."})


@blueprint.route("/products/<int:product_id>", methods=["GET", "POST"])
@allow("employee")
def show(product_id: int) -> Any:
    """One product: what it is, and, for those who may, its form."""
    product = products.find(reading.session(), product_id)
    if request.method == "POST":
        if not _may():
            raise Forbidden("Only the heads of products and the administrators may change the catalogue.")
        return _save(product)
    return _form(product, {name: getattr(product, name) for name in products.COLUMNS})


def _save(product: Product | None) -> Any:
    given = Given(request.form)
    product_id = product.id if product is not None else None
    values: dict[str, Any] = dict(given.texts(("code", "name", "unit", "description")))
    values |= {name: given.decimal(name) for name in ("price", "cost")}
    values |= {name: given.whole(name) for name in ("direction_id", "head_id", "every_months")}
    values["simple"] = given.flag("simple")
    values["unit"] = values["unit"] or "усл."
    if values["price"] is None and "price" not in given.faults and values["direction_id"] is None:
        values["price"] = Decimal(0)  # a direction is not sold itself
    try:
        given.check("The product cannot be saved yet.")
        if product_id is None:
            made = {key: value for key, value in values.items() if key not in {"code", "name", "price"}}
            reading.do(_guarded, products.add, values["code"], values["name"], values["price"], **made)
        else:
            reading.do(_guarded, products.change, product_id, **values)
    except (Invalid, Conflict) as refused:
        faults = refused.fields if isinstance(refused, Invalid) else {"code": refused.text}
        again = products.find(reading.session(), product_id) if product_id is not None else None
        return _form(again, request.form.to_dict(), faults, refused.text), 422
    flash(say(text("The product is saved.")), "good")
    return redirect(url_for("products.listing"))


def _form(
    product: Product | None, values: dict[str, Any], faults: dict[str, Text] | None = None, sentence: Text | None = None
) -> str:
    session = reading.session()
    rows = products.listing(session)
    above = [(row.id, row.name) for row in rows if product is None or row.id != product.id]
    return render_template(
        "product.html", product=product, values=values, faults=faults or {}, sentence=sentence, may_change=_may(),
        directions=above, heads=[(one.id, one.name) for one in access.members(session, "product_head")],
        today=g.now.astimezone(zone()).date(),
    )  # fmt: skip


@blueprint.post("/products/<int:product_id>/withdraw")
@allow(*EDITORS)
def withdraw(product_id: int) -> Response:
    """Offer it no more from today, or offer it again."""
    on = None if request.form.get("again") else g.now.astimezone(zone()).date()
    done = text("The product is offered again.") if on is None else text("The product is offered no more.")
    return reading.act(url_for("products.listing"), done, _guarded, products.withdraw, product_id, on)


@blueprint.route("/price-lists/new", methods=["GET", "POST"])
@allow(*EDITORS)
def new_list() -> Any:
    """Make a price list, empty or as a copy."""
    given = Given(request.form)
    faults: dict[str, Text] = {}
    if request.method == "POST":
        begin, until = given.day("valid_from"), given.day("valid_until")
        try:
            if begin is None:
                given.faults.setdefault("valid_from", text("Enter a day, such as 21.11.2026."))
            given.check("The price list cannot be saved yet.")
            made = reading.do(
                _guarded, prices.create, given.words("key"), given.words("name"), begin, until,
                general=not given.flag("own"), copy_of=given.whole("copy_of"),
            )  # fmt: skip
            return redirect(url_for("products.price_list", list_id=made.id))
        except (Invalid, Conflict) as refused:
            faults = refused.fields if isinstance(refused, Invalid) else {"key": refused.text}
    lists = reading.session().scalars(select(PriceList).order_by(PriceList.name))
    page = render_template(
        "price_list_new.html", values=request.form.to_dict(), faults=faults, lists=[(row.id, row.name) for row in lists]
    )
    return (page, 422) if faults else page


@blueprint.get("/price-lists/<int:list_id>")
@allow("employee")
def price_list(list_id: int) -> str | Response:
    """One price list: each product with its tiers; also as a file."""
    form = downloads.wanted()
    if form:
        kept = prices.find(reading.session(), list_id)
        rows = [row for row in products.listing(reading.session()) if row.direction_id is not None]
        return sheets_clients.prices(form, kept.name, rows, prices.tiers(reading.session(), kept.id))
    return _list_page(list_id)


@blueprint.post("/price-lists/<int:list_id>")
@allow(*EDITORS)
def change_list(list_id: int) -> Any:
    """Change the name and the days of a list."""
    given = Given(request.form)
    begin, until = given.day("valid_from"), given.day("valid_until")
    try:
        if begin is None:
            given.faults.setdefault("valid_from", text("Enter a day, such as 21.11.2026."))
        given.check("The price list cannot be saved yet.")
        reading.do(
            _guarded, prices.change, list_id, name=given.words("name") or "", valid_from=begin, valid_until=until
        )
    except Invalid as refused:
        return _list_page(list_id, faults=refused.fields), 422
    flash(say(text("The price list is saved.")), "good")
    return redirect(url_for("products.price_list", list_id=list_id))


def _list_page(list_id: int, product_id: int | None = None, faults: dict[str, Text] | None = None) -> str:
    session = reading.session()
    kept = prices.find(session, list_id)
    rows = [row for row in products.listing(session) if row.direction_id is not None]
    typed = {product_id: Given(request.form).rows("tiers", "min_quantity", "price")} if product_id else {}
    return render_template(
        "price_list.html", price_list=kept, products=rows, tiers=prices.tiers(session, kept.id), faults=faults or {},
        typed=typed, may_change=_may(), empty_tiers=EMPTY_TIERS,
        values=request.form.to_dict() if faults and not product_id else {
            "name": kept.name, "valid_from": kept.valid_from, "valid_until": kept.valid_until
        },
    )  # fmt: skip


@blueprint.post("/price-lists/<int:list_id>/prices/<int:product_id>")
@allow(*EDITORS)
def price(list_id: int, product_id: int) -> Any:
    """Set the tiers of one product in a list."""
    given = Given(request.form)
    rows: list[dict[str, Any]] = []
    for no, row in enumerate(given.rows("tiers", "min_quantity", "price")):
        quantity = given.read_decimal(f"tiers[{no}].min_quantity", row["min_quantity"] or "1")
        rows.append({"min_quantity": quantity, "price": given.read_decimal(f"tiers[{no}].price", row["price"])})
    try:
        given.check("The prices cannot be saved yet.")
        reading.do(_guarded, prices.set_tiers, list_id, product_id, rows)
    except Invalid as refused:
        return _list_page(list_id, product_id, refused.fields), 422
    flash(say(text("The prices are saved.")), "good")
    return redirect(url_for("products.price_list", list_id=list_id) + f"#product-{product_id}")
