"""Campaigns: the list, the page of one with its recipients and figures, and the link by which a reader of a mail
withdraws the consent to advertising."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from engine.crm import campaign_facts, campaign_lists, campaign_results, campaigns
from engine.errors import text
from engine.models import Campaign, Deal, Product, User
from engine.queries.words import contain
from engine.web import downloads, reading, sheets_more
from engine.web.i18n import locale
from engine.web.pages import Pages, number
from engine.web.rules import allow, public

blueprint = Blueprint("campaigns", __name__)
READERS = ("marketer", "head", "director", "manager", "operator", "product_head", "admin", "auditor")
REPLIERS = ("marketer", "manager", "operator", "head", "admin")
STATUSES = ("all", "planned", "running", "ended", "analysed", "stopped")
PARTS = ("planned", "sent", "replied", "excluded", "failed")
PAGE = 50


@blueprint.get("/campaigns")
@allow(*READERS)
def listing() -> str | Response:
    """Campaigns by state with their figures (R236, R240); as a page or as a file."""
    form = downloads.wanted()
    session, words, page = reading.session(), request.args.get("q", "").strip(), number("page", 1)
    status = request.args.get("status", "all")
    where = contain(words, Campaign.title, Campaign.number)
    if status in STATUSES[1:]:
        where.append(Campaign.status == status)
    count = session.scalar(select(func.count(Campaign.id)).where(*where)) or 0
    rows = session.scalars(
        select(Campaign).where(*where).order_by(Campaign.starts_on.desc(), Campaign.id.desc())
        .limit(downloads.MOST if form else PAGE).offset(0 if form else (page - 1) * PAGE)
    ).all()  # fmt: skip
    figures = campaign_results.of_many(session, rows)
    found = [(row, figures[row.id]) for row in rows]
    if form:
        return sheets_more.campaigns(form, found, _names("channels"))
    return render_template(
        "campaigns.html", rows=found, words=words, status=status if status in STATUSES else "all", statuses=STATUSES,
        pages=Pages(page, count, PAGE), channels=_names("channels"),
    )  # fmt: skip


@blueprint.get("/campaigns/<int:campaign_id>")
@allow(*READERS)
def show(campaign_id: int) -> str:
    """One campaign: plan, whom it is for and who is left out why, figures, conclusions."""
    session = reading.session()
    campaign = campaigns.find(session, campaign_id)
    counts = campaign_lists.counts(session, campaign_id)
    first = next((part for part in PARTS if counts[part]), PARTS[0])
    part, page = request.args.get("part", first), number("page", 1)
    part = part if part in PARTS else first
    return render_template(
        "campaign.html", campaign=campaign, counts=counts, part=part, parts=PARTS,
        rows=campaign_lists.recipients(session, campaign_id, part, limit=PAGE, offset=(page - 1) * PAGE),
        pages=Pages(page, counts[part], PAGE), figures=campaign_results.results(session, campaign),
        excluded=campaign_lists.reasons(session, campaign_id), why=_names("reasons"),
        channels=_names("channels"), states=_names("states"), segments=campaign_facts.segment_titles(session),
        refusals=_refusals(), product=session.get(Product, campaign.product_id) if campaign.product_id else None,
        owner=session.get(User, campaign.owner_id) if campaign.owner_id else None,
        previous=session.get(Campaign, campaign.previous_id) if campaign.previous_id else None,
        deals=session.scalars(select(Deal).where(Deal.campaign_id == campaign_id).order_by(Deal.id.desc())).all(),
        waiting=campaign_lists.recipients(session, campaign_id, "sent", limit=500),
        replies=bool(reading.actor().groups & set(REPLIERS)),
    )  # fmt: skip


@blueprint.post("/campaigns/<int:campaign_id>/reply")
@allow(*REPLIERS)
def reply(campaign_id: int) -> Response:
    """A client answered (R237)."""
    client = request.form.get("client", "")
    return reading.act(
        url_for("campaigns.show", campaign_id=campaign_id, part="replied"), text("The reply is noted."),
        campaigns.reply, campaign_id, int(client) if client.isdigit() else 0, note=request.form.get("note", "")[:2000],
    )  # fmt: skip


@blueprint.get("/unsubscribe/<token>")
@public
def leave(token: str) -> Any:
    """Asks first: mail programs open links by themselves."""
    known = campaigns.by_token(reading.session(), token) is not None
    return render_template(
        "campaign_leave.html", token=token, state="ask" if known else "unknown", company=_company()
    ), 200 if known else 404


@blueprint.post("/unsubscribe/<token>")
@public
def left(token: str) -> Any:
    """The consent to advertising is withdrawn (R245)."""
    known = reading.do_outside(campaigns.unsubscribe, token) is not None
    return render_template(
        "campaign_leave.html", token=token, state="done" if known else "unknown", company=_company()
    ), 200 if known else 404


def _names(list_name: str) -> dict[str, str]:
    rows = reading.environment().setting(f"campaigns.{list_name}", [])
    return {row["value"]: row["label_en" if locale() == "en" else "label"] for row in rows}


def _refusals() -> dict[str, str]:
    rows = (reading.environment().setting("refusals", {}) or {}).get("categories", [])
    return {row["value"]: row["label_en" if locale() == "en" else "label"] for row in rows}


def _company() -> Any:
    return reading.environment().setting("company", {})
