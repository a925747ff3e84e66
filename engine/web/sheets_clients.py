"""Lists about clients as tables for a file: people, the contact log, loyalty cards, a bonus account, a price list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask import Response

from engine.crm.bonus import Account
from engine.crm.exports import Column
from engine.models import Client, Contact, Deal, LoyaltyCard, Price, Product
from engine.queries.client import Talk
from engine.web import downloads, labels
from engine.web.client_labels import CHANNEL, DIRECTION, RESULT
from engine.web.i18n import gettext


def people(form: str, client: Client) -> Response:
    """Whom we know at a client, those who work there first."""
    _ = gettext
    columns = [
        Column(_("Last name")), Column(_("First name")), Column(_("Middle name")), Column(_("Position")),
        Column(_("Phone")), Column(_("E-mail")), Column(_("Signs documents"), "flag"), Column(_("Works there"), "flag"),
    ]  # fmt: skip
    ordered = sorted(client.contacts, key=lambda one: (not one.active, one.last, one.first))
    return downloads.sheet(form, f"{_('People')} {client.name}", columns, [_person(one) for one in ordered])


def _person(one: Contact) -> list[Any]:
    return [one.last, one.first, one.middle, one.position, one.phone, one.email, one.signs, one.active]


def talks(form: str, client: Client, rows: Iterable[Talk]) -> Response:
    """The contact log, the newest first."""
    _ = gettext
    columns = [
        Column(_("When"), "moment"), Column(_("How")), Column(_("Direction")), Column(_("What about")),
        Column(_("Result")), Column(_("Note")), Column(_("Agreed")), Column(_("Minutes"), "whole"), Column(_("Who")),
        Column(_("Contact")), Column(_("Deal")),
    ]  # fmt: skip
    return downloads.sheet(form, f"{_('Contact log')} {client.name}", columns, [_talk(row) for row in rows])


def _talk(row: Talk) -> list[Any]:
    said, person = row.record, row.contact
    return [
        said.at, labels.named(said.channel, CHANNEL), labels.named(said.direction, DIRECTION), said.purpose,
        labels.label(said.result, RESULT) if said.result else "", said.note, said.agreed, said.minutes,
        row.user.name if row.user else "", f"{person.last} {person.first}" if person else "",
        row.deal.number if row.deal else "",
    ]  # fmt: skip


def cards(
    form: str, rows: Iterable[tuple[LoyaltyCard, Client]], balances: Mapping[int, Decimal], titles: Mapping[str, str]
) -> Response:
    """Loyalty cards with their terms."""
    _ = gettext
    columns = [
        Column(_("Client")), Column(_("Card")), Column(_("Instrument")), Column(_("Discount, per cent"), "number"),
        Column(_("Bonuses"), "number"), Column(_("Issued"), "date"), Column(_("Valid until"), "date"),
    ]  # fmt: skip
    made = [
        [client.name, card.number, titles.get(card.instrument, card.instrument), card.discount, balances.get(card.id),
         card.issued_on, card.valid_until]
        for card, client in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Loyalty"), columns, made)


def movements(form: str, card: LoyaltyCard, account: Account, deals: Mapping[int | None, Deal]) -> Response:
    """A bonus account, the newest first."""
    _ = gettext
    kinds = {"earned": _("Earned"), "reversed": _("Taken back with a refund"), "spent": _("Spent"),
             "expired": _("Expired")}  # fmt: skip
    columns = [
        Column(_("When"), "moment"), Column(_("What")), Column(_("Deal")), Column(_("Bonuses"), "number"),
        Column(_("Valid until"), "date"),
    ]  # fmt: skip
    made = [
        [entry.at, kinds.get(entry.kind, entry.kind),
         deals[entry.deal_id].number if entry.deal_id in deals else "", entry.sum, entry.expires_on]
        for entry in account.entries
    ]  # fmt: skip
    return downloads.sheet(form, f"{_('Loyalty')} {card.number}", columns, made)


def prices(form: str, name: str, rows: Iterable[Product], tiers: Mapping[int, Iterable[Price]]) -> Response:
    """A price list, a line for each tier."""
    _ = gettext
    columns = [
        Column(_("Code")), Column(_("Product")), Column(_("Unit")), Column(_("From quantity"), "number"),
        Column(_("Price with VAT"), "money"),
    ]  # fmt: skip
    made = [
        [row.code, row.name, row.unit, tier.min_quantity, tier.price] for row in rows for tier in tiers.get(row.id, ())
    ]
    return downloads.sheet(form, name, columns, made)
