"""A campaign as expressions, forms and documents see it: the fact ``campaign``, and what a new one is begun with."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.crm import campaign_lists, campaign_results, segments
from engine.crm.campaign_results import Results
from engine.models import Campaign, Client, Product

SHOWN = 100  # recipients in a form; all of them are on the campaign's page
PLAIN = ("id", "number", "title", "aim", "offer", "channel", "segment", "product_id", "budget", "cost", "starts_on",
         "ends_on", "status", "subject", "body", "conclusions", "previous_id")  # fmt: skip


def load(session: Session, env: Any, campaign_id: int | None) -> dict[str, Any] | None:
    """A campaign with its list and its figures as a plain dict; None without one."""
    campaign = session.get(Campaign, campaign_id) if campaign_id is not None else None
    if campaign is None:
        return None
    titles = segment_titles(session)
    product = session.get(Product, campaign.product_id) if campaign.product_id is not None else None
    figures = campaign_results.results(session, campaign)
    return {
        **{name: getattr(campaign, name) for name in PLAIN},
        "channel_title": label(env, "channels", campaign.channel),
        "segment_title": titles.get(campaign.segment or "", campaign.segment),
        "product": product.name if product is not None else None,
        "counts": campaign_lists.counts(session, campaign.id),
        "reasons": [
            {"reason": key, "label": label(env, "reasons", key), "count": count}
            for key, count in campaign_lists.reasons(session, campaign.id).items()
        ],
        "recipients": _recipients(session, env, campaign),
        "planned_choices": _choices(session, campaign.id, "planned"),
        "reached_choices": _choices(session, campaign.id, "sent"),
        "results": figures_of(figures),
        "groups": [
            {"segment": titles.get(group.segment or "", group.segment) or "Вне сегментов", "contacts": group.contacts,
             "replies": group.replies, "deals": group.deals, "sum": group.sum}
            for group in figures.groups
        ],
        "refusals": [
            {"milestone": row.milestone, "category": refusal_label(env, row.category), "count": row.count}
            for row in figures.refusals
        ],
    }  # fmt: skip


def beginning(session: Session, env: Any) -> dict[str, Any]:
    """What a new campaign is begun with: segments to choose from, the earlier campaigns with their figures and
    conclusions (R247), and where the money did more and less (R255)."""
    earlier = campaign_results.history(session)
    found = campaign_results.advice(earlier)
    best, worst = found["best"], found["worst"]
    return {
        "segments": [{"value": key, "label": title} for key, title in segment_titles(session).items()],
        "territories": sorted(set(session.scalars(select(Client.territory).where(Client.territory.is_not(None))))),
        "earlier": [
            {"value": campaign.id, "label": f"{campaign.number} {campaign.title}", "title": campaign.title,
             "channel": label(env, "channels", campaign.channel), "ends_on": campaign.ends_on,
             "conclusions": campaign.conclusions, **figures_of(figures)}
            for campaign, figures in earlier
        ],
        "best": f"{best.number} «{best.title}»" if best is not None else None,
        "worst": f"{worst.number} «{worst.title}»" if worst is not None else None,
    }  # fmt: skip


def figures_of(figures: Results) -> dict[str, Any]:
    """The figures of a campaign as a plain dict."""
    return {
        "chosen": figures.chosen, "excluded": figures.excluded, "contacts": figures.contacts,
        "replies": figures.replies, "deals": figures.deals, "won": figures.won, "lost": figures.lost,
        "new_clients": figures.new_clients, "sum": figures.sum, "cost": figures.cost,
        "reply_rate": figures.reply_rate, "conversion": figures.conversion, "cac": figures.cac, "roi": figures.roi,
    }  # fmt: skip


def segment_titles(session: Session) -> dict[str, str]:
    """Segments of the matrix in force, key -> title."""
    matrix = segments.in_force(session)
    return {segment.key: segment.title for segment in matrix.segments} if matrix is not None else {}


def label(env: Any, list_name: str, value: str | None, locale: str = "ru") -> str:
    """What a value of settings/campaigns.yaml is called."""
    rows: Iterable[Mapping[str, Any]] = env.setting(f"campaigns.{list_name}", [])
    row = next((row for row in rows if row["value"] == value), None)
    return str(value or "") if row is None else str(row["label_en" if locale == "en" else "label"])


def refusal_label(env: Any, category: str, locale: str = "ru") -> str:
    """What a category of refusal is called."""
    rows = (env.setting("refusals", {}) or {}).get("categories", [])
    row = next((row for row in rows if row["value"] == category), None)
    return category if row is None else str(row["label_en" if locale == "en" else "label"])


def _recipients(session: Session, env: Any, campaign: Campaign) -> list[dict[str, Any]]:
    field = campaign_lists.ADDRESS[campaign.channel]
    return [
        {"client": one.client.name, "state": label(env, "states", one.client.state), "abc": one.client.abc,
         "contact": f"{one.contact.last} {one.contact.first}" if one.contact is not None else "",
         "address": getattr(one.contact, field) if one.contact is not None else ""}
        for one in campaign_lists.recipients(session, campaign.id, "planned", limit=SHOWN)
    ]  # fmt: skip


def _choices(session: Session, campaign_id: int, status: str) -> list[dict[str, Any]]:
    rows = campaign_lists.recipients(session, campaign_id, status, limit=campaign_lists.MOST)
    return [{"value": Decimal(one.client.id), "label": one.client.name} for one in rows[: SHOWN * 5]]
