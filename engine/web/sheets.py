"""The lists of this product as tables for a file: which columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from flask import Response

from engine.crm.exports import Column
from engine.queries.deal import DealRow
from engine.queries.register import DocumentRow, PointRow
from engine.queries.running import InstanceRow
from engine.web import downloads, labels
from engine.web.i18n import gettext


def deals(form: str, rows: Iterable[DealRow], totals: Mapping[int, Decimal]) -> Response:
    """The list of deals."""
    _ = gettext
    columns = [
        Column(_("Number")),
        Column(_("Deal")),
        Column(_("Client")),
        Column(_("Stage")),
        Column(_("State")),
        Column(_("Sum"), "money"),
        Column(_("Owner")),
        Column(_("Open tasks"), "whole"),
        Column(_("Next due date"), "moment"),
        Column(_("Registered"), "moment"),
        Column(_("Closed"), "moment"),
    ]
    made = [
        [
            row.deal.number, row.deal.title, row.client, labels.named(row.deal.milestone, labels.MILESTONE),
            labels.label(row.deal.status, labels.DEAL), totals[row.deal.id], row.owner.name if row.owner else "",
            row.open_tasks, row.next_due, row.deal.created_at, row.deal.closed_at,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Deals"), columns, made)


def instances(form: str, rows: Iterable[InstanceRow]) -> Response:
    """The list of instances."""
    _ = gettext
    columns = [
        Column(_("Instance")),
        Column(_("Deal")),
        Column(_("Client")),
        Column(_("State")),
        Column(_("Incidents"), "whole"),
        Column(_("Started"), "moment"),
        Column(_("Finished"), "moment"),
        Column(_("By whom")),
    ]
    made = [
        [
            row.instance.title, row.deal.number if row.deal else "", row.client.name if row.client else "",
            labels.label(row.instance.status, labels.INSTANCE), row.incidents, row.instance.started_at,
            row.instance.ended_at, row.starter.name if row.starter else _("the system"),
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Instances"), columns, made)


def documents(form: str, rows: Iterable[DocumentRow]) -> Response:
    """The list of documents."""
    _ = gettext
    columns = [
        Column(_("Document")),
        Column(_("Kind")),
        Column(_("Number")),
        Column(_("Date"), "date"),
        Column(_("Version"), "whole"),
        Column(_("Deal")),
        Column(_("Client")),
        Column(_("State")),
        Column(_("Valid until"), "moment"),
        Column(_("Sum"), "money"),
    ]
    made = [
        [
            row.document.title, labels.named(row.document.kind, labels.DOCUMENT_KIND), row.document.number,
            row.document.dated, row.document.version, row.deal.number if row.deal else "",
            row.deal.client.name if row.deal else "", labels.label(row.document.status, labels.DOCUMENT),
            row.document.valid_until, row.document.total,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Documents"), columns, made)


def points(form: str, rows: Iterable[PointRow]) -> Response:
    """The register of control points (R169)."""
    _ = gettext
    columns = [
        Column(_("Code")),
        Column(_("Control point")),
        Column(_("Instance")),
        Column(_("Deal")),
        Column(_("Owner")),
        Column(_("Planned"), "moment"),
        Column(_("Actual"), "moment"),
        Column(_("Deviation, working days"), "number"),
        Column(_("State")),
        Column(_("Reason")),
    ]
    made = [
        [
            row.point.code, row.point.title, row.instance.title, row.deal.number if row.deal else "",
            row.owner.name if row.owner else "", row.point.planned_at, row.point.actual_at, row.point.deviation,
            labels.label(row.point.status, labels.POINT), row.point.reason,
        ]
        for row in rows
    ]  # fmt: skip
    return downloads.sheet(form, _("Control points"), columns, made)
