"""More lists as tables for a file: clients, products, complaints, surveys, assignments, campaigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask import Response

from engine.crm.campaign_results import Results
from engine.crm.exports import Column
from engine.crm.quality_lists import ComplaintRow, SurveyRow
from engine.errors import Text, text
from engine.models import Campaign, Product
from engine.queries.assignments import Row as AssignmentRow
from engine.queries.client import ClientRow
from engine.web import downloads, labels
from engine.web.client_labels import CLIENT_KIND, CLIENT_STATE, SURVEY_STATUS
from engine.web.i18n import gettext

STAGE: Mapping[str, Text] = {
    "registered": text("Registered"), "acknowledged": text("Acknowledged"), "assigned": text("Assigned"),
    "investigated": text("Investigated"), "remedied": text("Remedied"), "answered": text("Answered"),
    "verified": text("Verified"), "closed": text("Closed"),
}  # fmt: skip


def clients(form: str, rows: Iterable[ClientRow], segments: Mapping[str, str]) -> Response:
    """The list of clients; its heads are understood by the import."""
    _ = gettext
    columns = [
        Column(_("Name")), Column(_("Kind of client")), Column(_("INN")), Column(_("KPP")), Column(_("Phone")),
        Column(_("E-mail")), Column(_("City")), Column(_("State")), Column("ABC"), Column("XYZ"), Column(_("Segment")),
        Column(_("Manager")), Column(_("Open deals"), "whole"), Column(_("Next contact"), "date"),
        Column(_("Stop list"), "flag"),
    ]  # fmt: skip
    made = [_client(row, segments) for row in rows]
    return downloads.sheet(form, _("Clients"), columns, made)


def _client(row: ClientRow, segments: Mapping[str, str]) -> list[Any]:
    client, requisites = row.client, row.client.requisites or {}
    return [
        client.name, labels.named(client.kind, CLIENT_KIND), client.inn, client.kpp, requisites.get("phone"),
        requisites.get("email"), requisites.get("city"), labels.label(client.state, CLIENT_STATE), client.abc,
        client.xyz, segments.get(client.segment or "", client.segment), row.owner.name if row.owner else "",
        row.open_deals, client.next_contact_on, client.stop_list,
    ]  # fmt: skip


def products(
    form: str, rows: Iterable[Product], prices: Mapping[int, Decimal], heads: Mapping[int, str | None], costs: bool
) -> Response:
    """The catalogue; what a product costs us only for those who may see it."""
    _ = gettext
    columns = [
        Column(_("Code")), Column(_("Name")), Column(_("Unit")), Column(_("Price with VAT"), "money"),
        Column(_("Price in force"), "money"), *([Column(_("Cost of one unit"), "money")] if costs else []),
        Column(_("Direction (code)")), Column(_("Head")), Column(_("Due again after, months"), "whole"),
        Column(_("Withdrawn"), "date"),
    ]  # fmt: skip
    found = list(rows)
    codes = {row.id: row.code for row in found}
    made = [
        [
            row.code, row.name, row.unit, row.price, prices.get(row.id), *([row.cost] if costs else []),
            codes.get(row.direction_id or 0), heads.get(row.id), row.every_months, row.withdrawn_on,
        ]
        for row in found
    ]  # fmt: skip
    return downloads.sheet(form, _("Products"), columns, made)


def complaints(form: str, rows: Iterable[ComplaintRow], causes: Mapping[str, str]) -> Response:
    """The list of complaints (R272)."""
    _ = gettext
    columns = [
        Column(_("Number")), Column(_("Client")), Column(_("Essence")), Column(_("Stage")),
        Column(_("Days in the stage"), "whole"), Column(_("Cause")), Column(_("Responsible")),
        Column(_("Received"), "moment"), Column(_("Limit"), "moment"), Column(_("Closed"), "moment"),
    ]  # fmt: skip
    made = [
        [
            row.complaint.number, row.client.name if row.client else "", row.complaint.essence,
            labels.named(row.complaint.stage, STAGE), row.days,
            causes.get(row.complaint.cause or "", row.complaint.cause),
            row.responsible.name if row.responsible else "", row.complaint.received_at, row.complaint.term_at,
            row.complaint.closed_at,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Complaints"), columns, made)


def surveys(form: str, rows: Iterable[SurveyRow]) -> Response:
    """The list of surveys."""
    _ = gettext
    columns = [
        Column(_("Client")), Column(_("Product")), Column(_("State")), Column(_("Asked"), "moment"),
        Column(_("Answered"), "moment"), Column(_("Lowest mark"), "whole"), Column(_("Mean mark"), "number"),
        Column(_("Would recommend us"), "flag"), Column(_("Comment")),
    ]  # fmt: skip
    made = [
        [
            row.client.name, row.product.name if row.product else "", labels.label(row.survey.status, SURVEY_STATUS),
            row.survey.opened_at, row.survey.answered_at, row.survey.minimum, row.survey.mean, row.survey.recommends,
            row.survey.comment,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Surveys"), columns, made)


def assignments(form: str, rows: Iterable[AssignmentRow]) -> Response:
    """The list of assignments."""
    _ = gettext
    columns = [
        Column(_("Number")), Column(_("What is to be done")), Column(_("Issued by")), Column(_("Executor")),
        Column(_("Client")), Column(_("Deal")), Column(_("Due"), "moment"), Column(_("State")),
        Column(_("Reports"), "whole"), Column(_("Result")), Column(_("Issued"), "moment"),
        Column(_("Closed"), "moment"),
    ]  # fmt: skip
    made = [
        [
            row.assignment.number, row.assignment.what, row.issuer.name,
            row.executor.name if row.executor else labels.own_title(row.group) if row.group else "",
            row.client.name if row.client else "", row.deal.number if row.deal else "", row.assignment.due_at,
            labels.label(row.assignment.status, labels.ASSIGNMENT), row.assignment.round, row.assignment.result,
            row.assignment.issued_at, row.assignment.closed_at,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Assignments"), columns, made)


def campaigns(form: str, rows: Iterable[tuple[Campaign, Results]], channels: Mapping[str, str]) -> Response:
    """The list of campaigns with their figures (R240)."""
    _ = gettext
    columns = [
        Column(_("Number")), Column(_("Campaign")), Column(_("Channel")), Column(_("From"), "date"),
        Column(_("To"), "date"), Column(_("Contacts"), "whole"), Column(_("Replies"), "whole"),
        Column(_("Deals"), "whole"), Column(_("New clients"), "whole"), Column(_("Income"), "money"),
        Column(_("Cost"), "money"), Column(_("Cost of a new client"), "money"), Column(_("Return"), "percent"),
    ]  # fmt: skip
    made: list[list[Any]] = [
        [
            one.number, one.title, channels.get(one.channel, one.channel), one.starts_on, one.ends_on, got.contacts,
            got.replies, got.deals, got.new_clients, got.sum, got.cost, got.cac, got.roi,
        ]
        for one, got in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Campaigns"), columns, made)


