"""The loyalty programme: cards, the bonus account of one, and the client's own view of it by a link (R257)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from engine.crm import amounts, bonus, clients, loyalty, purchases
from engine.errors import ReglamentError, text
from engine.models import Client, Deal, LoyaltyCard
from engine.queries.words import contain
from engine.web import downloads, reading, sheets_clients
from engine.web.i18n import locale, say
from engine.web.pages import Pages, number
from engine.web.rules import allow, public

blueprint = Blueprint("loyalty", __name__)
READERS = ("manager", "operator", "marketer", "head", "director", "product_head", "accountant", "admin", "auditor")
WRITERS = ("manager", "marketer", "head", "admin")
STATUSES = ("active", "closed", "all")
PAGE = 50


@blueprint.get("/loyalty")
@allow(*READERS)
def listing() -> str | Response:
    """Cards with their terms, and loyalty in numbers over a year (R091-R095); the cards also as a file."""
    session, words, page = reading.session(), request.args.get("q", "").strip(), number("page", 1)
    status = request.args.get("status", "active")
    where = contain(words, Client.name, LoyaltyCard.number)
    if status in STATUSES[:2]:
        where.append(LoyaltyCard.status == status)
    query = select(LoyaltyCard, Client).join(Client, Client.id == LoyaltyCard.client_id).where(*where)
    form = downloads.wanted()
    if form:
        every = [(card, client) for card, client in session.execute(query.order_by(Client.name).limit(downloads.MOST))]
        return sheets_clients.cards(form, every, {card.id: bonus.balance(session, card.id) for card, _ in every},
                                    _titles())  # fmt: skip
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.order_by(Client.name, LoyaltyCard.id).limit(PAGE).offset((page - 1) * PAGE)).all()
    programme = loyalty.programme(reading.environment())
    today = _today()
    begin = purchases.months_before(today, int(programme["index"]["period_months"]))
    return render_template(
        "loyalty.html", rows=rows, balances={card.id: bonus.balance(session, card.id) for card, _ in rows},
        words=words, status=status if status in STATUSES else "active", statuses=STATUSES,
        pages=Pages(page, count, PAGE), programme=programme, begin=begin, today=today, titles=_titles(),
        figures=purchases.indices(session, begin, today, int(programme["index"]["purchases"])),
    )  # fmt: skip


@blueprint.get("/loyalty/<int:card_id>")
@allow(*READERS)
def show(card_id: int) -> str | Response:
    """One card and its account; the account also as a file."""
    form = downloads.wanted()
    if form:
        card = loyalty.find(reading.session(), card_id)
        account = _account(card)
        return sheets_clients.movements(form, card, account, _deals_of(account))
    return _card(card_id, None)


@blueprint.post("/loyalty/<int:card_id>/link")
@allow(*WRITERS)
def link(card_id: int) -> Any:
    """A new link for the client; it is shown once."""
    try:
        token = reading.do(loyalty.open_link, card_id)
    except ReglamentError as error:
        flash(say(error.text), "late")
        return _card(card_id, None)
    return _card(card_id, url_for("loyalty.own", token=token, _external=True))


@blueprint.post("/loyalty/<int:card_id>/close")
@allow(*WRITERS)
def close(card_id: int) -> Response:
    """The card is no longer in force."""
    return reading.act(
        url_for("loyalty.show", card_id=card_id), text("The card is closed."), loyalty.close, card_id,
        request.form.get("reason", "")[:1000],
    )  # fmt: skip


@blueprint.post("/loyalty/<int:card_id>/spend")
@allow(*WRITERS)
def spend(card_id: int) -> Response:
    """Bonuses pay a part of an open deal: its discount grows by what they are worth."""
    deal, given = request.form.get("deal", ""), request.form.get("sum", "").replace("\u00a0", "").replace(" ", "")
    try:
        sum = Decimal(given.replace(",", "."))
    except InvalidOperation:
        flash(say(text("Enter a sum above zero in roubles and kopecks.")), "late")
        return redirect(url_for("loyalty.show", card_id=card_id))
    return reading.act(
        url_for("loyalty.show", card_id=card_id), text("The bonuses are spent, the deal has a new total."),
        bonus.spend, int(deal) if deal.isdigit() else 0, sum,
    )  # fmt: skip


@blueprint.get("/card/<token>")
@public
def own(token: str) -> Any:
    """The client's own view: terms, balance, movements."""
    session, company = reading.session(), reading.environment().setting("company", {})
    card = loyalty.by_token(session, token)
    if card is None or card.status != loyalty.ACTIVE:
        return render_template("loyalty_own.html", card=None, company=company), 404
    return render_template(
        "loyalty_own.html", card=card, client=clients.find(session, card.client_id), titles=_titles(),
        account=_account(card), company=company, programme=loyalty.programme(reading.environment()),
    )  # fmt: skip


def _card(card_id: int, address: str | None) -> str:
    session = reading.session()
    card = loyalty.find(session, card_id)
    account = _account(card)
    deals = _deals_of(account)
    return render_template(
        "loyalty_card.html", card=card, client=clients.find(session, card.client_id), account=account, deals=deals,
        titles=_titles(), address=address, open_deals=_open_deals(card),
        writes=bool(reading.actor().groups & set(WRITERS)),
    )  # fmt: skip


def _deals_of(account: bonus.Account) -> dict[int | None, Deal]:
    numbers = [entry.deal_id for entry in account.entries if entry.deal_id is not None]
    return {deal.id: deal for deal in reading.session().scalars(select(Deal).where(Deal.id.in_(numbers)))}


def _open_deals(card: LoyaltyCard) -> list[tuple[Deal, Decimal]]:
    """Deals of the client in which bonuses can still be spent, and how much at most."""
    session, env = reading.session(), reading.environment()
    if card.instrument != bonus.INSTRUMENT or card.status != loyalty.ACTIVE:
        return []
    rows = session.scalars(select(Deal).where(Deal.client_id == card.client_id, Deal.status == "open")).all()
    most = [
        (deal, bonus.spendable(session, env, card, amounts.of(deal, env, _today()).total))
        for deal in rows
        if deal.lines and not any(part.received for part in deal.payments)
    ]
    return [(deal, largest) for deal, largest in most if largest > 0]


def _account(card: LoyaltyCard) -> bonus.Account:
    days = int(loyalty.programme(reading.environment())["bonus"]["warn_days"])
    return bonus.account(reading.session(), card.id, _today(), days)


def _titles() -> dict[str, str]:
    """Names of the instruments and tiers in the reader's language."""
    found, name = loyalty.programme(reading.environment()), "title_en" if locale() == "en" else "title"
    return {row["key"]: row[name] for row in (*found["instruments"], *found["tiers"])}


def _today() -> Any:
    return g.now.astimezone(g.zone).date()
