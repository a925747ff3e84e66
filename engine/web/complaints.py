"""Complaints: the list with stage, days in it, responsible and causes (R276); the page of one (R109)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, g, render_template, request

from engine import access
from engine.crm import complaints as verbs
from engine.crm import quality_facts, quality_lists
from engine.models import Client, Contact, Deal, ProcessInstance, Survey, User
from engine.web import downloads, reading, sheets_more
from engine.web.i18n import locale
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("complaints", __name__)
STATUSES = ("open", "closed", "all")


@blueprint.get("/complaints")
@allow("employee")
def listing() -> str | Response:
    """Complaints this person may see, by state, interval and cause, with a search; as a page or as a file."""
    given, page = request.args, number("page", 1)
    status = given.get("status", "open")
    status = status if status in STATUSES else "open"
    since, until = _day(given.get("since", "")), _day(given.get("until", ""))
    causes = named("causes")
    wanted = quality_lists.Wanted(
        "" if status == "all" else status, given.get("q", "").strip(), _moment(since),
        _moment(until + timedelta(days=1)) if until else None,
        given.get("cause", "") if given.get("cause", "") in causes else "",
        given.get("stage", "") if given.get("stage", "") in verbs.STAGES else "",
    )  # fmt: skip
    if form := downloads.wanted():
        session, actor = reading.session(), reading.actor()
        found = downloads.every(lambda page: quality_lists.complaints(session, actor, g.now, wanted, page))
        return sheets_more.complaints(form, found, causes)
    rows, count = quality_lists.complaints(reading.session(), reading.actor(), g.now, wanted, page)
    return render_template(
        "complaints.html", rows=rows, count=count, status=status, statuses=STATUSES, words=wanted.words, since=since,
        until=until, cause=wanted.cause, causes=causes, stage=wanted.stage, stages=verbs.STAGES,
        pages=Pages(page, count, quality_lists.PAGE),
    )  # fmt: skip


@blueprint.get("/complaints/<int:complaint_id>")
@allow("employee")
def show(complaint_id: int) -> str:
    """Everything about one complaint, with the work done for the client."""
    session, actor = reading.session(), reading.actor()
    row = quality_lists.complaint(session, actor, complaint_id)
    instance = session.get(ProcessInstance, row.instance_id) if row.instance_id is not None else None
    may_see = instance is not None and access.may(session, actor, g.now, "instance.see", instance) is not None
    people: dict[str, Any] = {
        name: session.get(kind, key) if key is not None else None
        for name, kind, key in (
            ("client", Client, row.client_id), ("contact", Contact, row.contact_id), ("deal", Deal, row.deal_id),
            ("survey", Survey, row.survey_id), ("responsible", User, row.responsible_id),
            ("against", User, row.against_id),
        )
    }  # fmt: skip
    unit = {one["value"]: one for one in quality_facts.units(session, reading.environment())}.get(row.unit or "")
    return render_template(
        "complaint.html", row=row, instance=instance if may_see else None, stages=verbs.STAGES,
        moments={stage: getattr(row, f"{stage}_at", None) or row.received_at for stage in verbs.STAGES
                 if stage == "registered" or getattr(row, f"{stage}_at") is not None},
        history=quality_facts.history(session, reading.environment(), row),
        log=quality_lists.story_of(session, row.id), names=people_names(session),
        sender=quality_facts.sender_text(row), files=(row.sender or {}).get("files") or [],
        unit=(unit.get("label_en") if locale() == "en" else unit["label"]) if unit else row.unit,
        lists={name: named(name) for name in (
            "categories", "causes", "importance", "decisions", "verdicts", "channels", "origins", "remedies")},
        **people,
    )  # fmt: skip


def named(name: str) -> dict[str, str]:
    """A list of settings/complaints.yaml in the reader's language."""
    rows = reading.environment().setting(f"complaints.{name}")
    return {row["value"]: row["label_en" if locale() == "en" else "label"] for row in rows}


def people_names(session: Any) -> dict[int, str]:
    """Everybody's name by id, for the lines of the log."""
    return {person.id: person.name for person in session.query(User)}


def _day(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError:
        return None


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=g.zone).astimezone(UTC) if day else None
