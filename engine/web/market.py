"""Competitors and their prices, sources of enquiries and what they cost, sales plans: three tabs of one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from engine import access
from engine.crm import competitors, imports_fields, plans, sources
from engine.crm.exports import Column
from engine.errors import Forbidden, Invalid, ReglamentError, text
from engine.models import Competitor, Membership, Product, SalesPlan, Source, SourceCost, User
from engine.web import downloads, reading
from engine.web.client_labels import CHANNEL
from engine.web.formats import zone
from engine.web.i18n import gettext, say
from engine.web.labels import named
from engine.web.pages import number
from engine.web.rules import allow

blueprint = Blueprint("market", __name__)
READERS = ("head", "director", "admin", "auditor", "marketer", "product_head", "manager")
TABS = ("competitors", "sources", "plans")
CLOSED = {"manager": ("competitors", "plans")}
SELLERS = ("manager", "head")


@blueprint.get("/market")
@allow(*READERS)
def show() -> str | Response:
    """One of the tabs, as a page or as a file."""
    session, tab, today = reading.session(), _tab(), g.now.astimezone(zone()).date()
    form, year = downloads.wanted(), min(max(number("year", today.year), 2000), 2100)
    found = _found(session, tab, today, year)
    if form:
        return _sheet(form, tab, found["rows"])
    return render_template(
        "market.html",
        tab=tab,
        tabs=_tabs(),
        year=year,
        today=today,
        products=_products(session),
        channels=[(key, named(key, CHANNEL)) for key in sources.CHANNELS],
        channel_names=CHANNEL,
        changes=access.may(session, reading.actor(), g.now, f"{tab}.change") is not None,
        imports_kind={"competitors": "competitor_prices", "sources": "source_costs", "plans": "plans"}[tab],
        **found,
    )


@blueprint.post("/market/competitors")
@allow("marketer", "product_head", "head", "admin")
def save_competitor() -> Answer:
    """Register a competitor, or change one (``id``)."""
    given = request.form
    name, site, note = given.get("name", ""), given.get("site"), given.get("note")
    known = given.get("id", type=int)
    verb = (competitors.change, known, name, site, note) if known else (competitors.add, name, site, note)
    return _do("competitors", verb)


@blueprint.post("/market/prices")
@allow("marketer", "product_head", "head", "admin")
def save_price() -> Answer:
    """Write down a price of a competitor."""
    given = request.form
    return _do(
        "competitors",
        lambda: (
            competitors.set_price, given.get("competitor", 0, int), given.get("product", 0, int),
            imports_fields.number_of(given.get("price", "")), imports_fields.day_of(given.get("seen_on", "")),
            given.get("note"),
        ),
    )  # fmt: skip


@blueprint.post("/market/sources")
@allow("marketer", "head", "admin")
def save_source() -> Answer:
    """Register a source, or change one (``id``)."""
    given, known = request.form, request.form.get("id", type=int)
    title, channel = given.get("title", ""), given.get("channel", "")
    if known:
        return _do("sources", (sources.change, known, title, channel, bool(given.get("active"))))
    return _do("sources", (sources.add, given.get("key", "").strip(), title, channel))


@blueprint.post("/market/costs")
@allow("marketer", "head", "admin")
def save_cost() -> Answer:
    """What a source cost in a month."""
    given = request.form
    return _do(
        "sources",
        lambda: (
            sources.set_cost, given.get("source", 0, int), imports_fields.month_of(given.get("month", "")),
            imports_fields.number_of(given.get("sum", "")),
        ),
    )  # fmt: skip


@blueprint.post("/market/plans")
@allow("head", "director", "admin")
def save_plan() -> Answer:
    """Plan a month."""
    given = request.form
    return _do(
        "plans",
        lambda: (
            plans.set_plan, imports_fields.month_of(given.get("month", "")), given.get("owner", type=int),
            given.get("product", type=int), imports_fields.number_of(given.get("sum", "")),
            given.get("count", type=int),
        ),
    )  # fmt: skip


def _do(tab: str, asked: Sequence[Any] | Callable[[], Sequence[Any]]) -> Answer:
    """Run a verb with what was typed; a cell that cannot be read is said like any other refusal."""
    back = url_for("market.show", tab=tab, year=request.form.get("year") or None)
    try:
        verb, *rest = asked() if callable(asked) else asked
        reading.do(verb, *rest)
    except ReglamentError as error:
        sentences = list(error.fields.values()) if isinstance(error, Invalid) and error.fields else [error.text]
        for sentence in sentences:
            flash(say(sentence), "late")
    else:
        flash(say(text("Saved.")), "good")
    return redirect(back)


def _found(session: Session, tab: str, today: date, year: int) -> dict[str, Any]:
    """What a tab shows."""
    if tab == "competitors":
        return {"rows": competitors.compare(session, today), "known": _competitors(session)}
    if tab == "sources":
        return {"rows": _costs(session, year), "known": _sources(session)}
    return {"rows": _plans(session, year), "people": _people(session)}


def _tabs() -> tuple[str, ...]:
    """A manager sees competitors and plans; what sources cost is not his."""
    groups = reading.actor().groups
    return TABS if groups & (set(READERS) - {"manager"}) else CLOSED["manager"]


def _tab() -> str:
    asked = request.args.get("tab", TABS[0])
    if asked in TABS and asked not in _tabs():
        raise Forbidden("This page is not for your role. Ask the administrator if you need it.")
    return asked if asked in TABS else TABS[0]


def _plans(session: Session, year: int) -> list[tuple[SalesPlan, User | None, Product | None]]:
    """A manager sees the plans of all and of himself."""
    rows = plans.of_year(session, year)
    if "sources" in _tabs():
        return rows
    return [row for row in rows if row[0].owner_id in (None, reading.actor().user_id)]


def _costs(session: Session, year: int) -> list[tuple[SourceCost, Source]]:
    rows = session.execute(
        select(SourceCost, Source)
        .join(Source, Source.id == SourceCost.source_id)
        .where(SourceCost.month >= date(year, 1, 1), SourceCost.month <= date(year, 12, 31))
        .order_by(SourceCost.month.desc(), Source.title)
    )
    return [(row[0], row[1]) for row in rows]


def _competitors(session: Session) -> Sequence[Competitor]:
    return session.scalars(select(Competitor).order_by(Competitor.name)).all()


def _sources(session: Session) -> Sequence[Source]:
    return session.scalars(select(Source).order_by(Source.title)).all()


def _products(session: Session) -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in session.execute(select(Product.id, Product.name).order_by(Product.name))]


def _people(session: Session) -> list[tuple[int, str]]:
    sellers = select(Membership.user_id).where(Membership.group_key.in_(SELLERS))
    rows = session.scalars(select(User).where(User.id.in_(sellers), User.active).order_by(User.last, User.first))
    return [(user.id, user.name) for user in rows]


def _sheet(form: str, tab: str, rows: Sequence[Any]) -> Response:
    """The heads are those that the import understands, so that a file may come back changed."""
    _ = gettext
    if tab == "competitors":
        columns = [
            Column(_("Competitor")), Column(_("Our product")), Column(_("Price"), "money"),
            Column(_("Seen on"), "date"), Column(_("Note")), Column(_("Our price"), "money"),
            Column(_("Ours above theirs, per cent"), "percent"),
        ]  # fmt: skip
        made: list[list[Any]] = [
            [one.competitor.name, one.product.code, one.seen.price, one.seen.seen_on, one.seen.note, one.ours,
             one.deviation]
            for one in rows
        ]  # fmt: skip
        return downloads.sheet(form, _("Prices of competitors"), columns, made)
    if tab == "sources":
        columns = [Column(_("Source")), Column(_("Month"), "date"), Column(_("Sum"), "money")]
        made = [[source.key, cost.month, cost.sum] for cost, source in rows]
        return downloads.sheet(form, _("Costs of sources"), columns, made)
    columns = [
        Column(_("Month"), "date"), Column(_("Employee")), Column(_("Direction")), Column(_("Sum"), "money"),
        Column(_("Number of sales"), "whole"),
    ]  # fmt: skip
    made = [
        [plan.month, user.login if user else "", product.code if product else "", plan.sum, plan.count]
        for plan, user, product in rows
    ]
    return downloads.sheet(form, _("Sales plan"), columns, made)
