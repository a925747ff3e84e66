"""Instances: the list, one with its position on the drawing, its log with the check of the chain, the replay."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import access, audit, instances, interventions, pauses
from engine.errors import NotFound, Text, text
from engine.models import Deal, ProcessInstance
from engine.queries import marks, running
from engine.queries import replay as replays
from engine.vocabulary import InstanceStatus
from engine.web import downloads, facts, labels, reading, sheets
from engine.web.formats import moment
from engine.web.i18n import say
from engine.web.pages import Pages, number
from engine.web.rules import OVERSEERS, allow

blueprint = Blueprint("instances", __name__)
STATUSES = (InstanceStatus.ACTIVE, InstanceStatus.SUSPENDED, InstanceStatus.COMPLETED, InstanceStatus.CANCELLED)


def seen(instance_id: int) -> ProcessInstance:
    """The instance, if the signed-in person may see it. Raises NotFound otherwise: he may not know that it exists."""
    session = reading.session()
    instance = session.get(ProcessInstance, instance_id)
    if instance is None or access.may(session, reading.actor(), g.now, "instance.see", instance) is None:
        raise NotFound("There is no such instance, or it is not yours to see")
    return instance


@blueprint.get("/instances")
@allow("employee")
def listing() -> str | Response:
    """The instances this person may see; as a page or as a file."""
    form = downloads.wanted()
    words, page = request.args.get("q", "").strip(), number("page", 1)
    status = request.args.get("status", InstanceStatus.ACTIVE)
    status = status if status in {*STATUSES, "all"} else InstanceStatus.ACTIVE
    rows, count = running.listing(
        reading.session(), reading.actor(), words=words, status=status, page=1 if form else page,
        size=downloads.MOST if form else running.PAGE,
    )  # fmt: skip
    if form:
        return sheets.instances(form, rows)
    return render_template(
        "instances.html", rows=rows, words=words, status=status, pages=Pages(page, count.rows, running.PAGE, count.more)
    )


@blueprint.get("/instances/<int:instance_id>")
@allow("employee")
def show(instance_id: int) -> str:
    """One instance: where it stands, what is open, what surrounds it."""
    instance, session, actor = seen(instance_id), reading.session(), reading.actor()
    way = replays.of(session, instance)
    position = replays.position(way, request.args.get("sheet", ""))
    may = {
        act for act in ("suspend", "resume", "cancel") if access.may(session, actor, g.now, f"instance.{act}", instance)
    }
    return render_template(
        "instance.html",
        instance=instance,
        page=running.whole(session, instance),
        sheets=[(sheet, _sheet_name(sheet)) for sheet in way.sheets],
        position=position,
        may=may,
        standing=pauses.current(reading.look(), instance.deal_id, instance.id),
        pause_url=_pause_url(instance),
        may_waive=bool(actor.groups & set(OVERSEERS)),
    )


def _pause_url(instance: ProcessInstance) -> str | None:
    """Where this person may pause it: the deal as a whole, or an instance that is about none."""
    deal = reading.session().get(Deal, instance.deal_id) if instance.deal_id is not None else None
    act, about = ("deal.pause", deal) if deal is not None else ("instance.pause", instance)
    if access.may(reading.session(), reading.actor(), g.now, act, about) is None:
        return None
    if deal is not None:
        return url_for("stalled.pause_form", deal_id=deal.id)
    return url_for("stalled.pause_form_of_instance", instance_id=instance.id)


@blueprint.get("/instances/<int:instance_id>/log")
@allow("employee")
def log(instance_id: int) -> str:
    """The log of one instance, newest line first, and whether its chain of hashes holds."""
    instance, page = seen(instance_id), number("page", 1)
    lines, count, people = running.log(reading.session(), instance.id, page)
    names = {
        name: title for key, version in instance.versions.items() for name, title in _elements(key, version).items()
    }
    return render_template(
        "log.html",
        instance=instance,
        lines=[(line, facts.of(line, names)) for line in lines],
        people=people,
        verdict=audit.verify(reading.session(), instance.id),
        pages=Pages(page, count, running.LOG_PAGE),
    )


@blueprint.get("/instances/<int:instance_id>/replay")
@allow("employee")
def replay(instance_id: int) -> str:
    """The way of an instance, step by step: on the drawing and as a list."""
    instance = seen(instance_id)
    way = replays.of(reading.session(), instance)
    names = {sheet.path: _sheet_name(sheet) for sheet in way.sheets}
    elements = {sheet.path: _elements(sheet.key, sheet.version) for sheet in way.sheets}
    steps = [(stay, elements[stay.sheet].get(stay.element_id) or "") for stay in way.stays]
    acts = [(mark, _told(mark, elements)) for mark in marks.of(reading.session(), instance, way)]
    return render_template("replay.html", instance=instance, sheets=way.sheets, names=names, steps=steps, acts=acts)


@blueprint.get("/instances/<int:instance_id>/replay.json")
@allow("employee")
def replay_data(instance_id: int) -> Response:
    """The same for the script: drawings, and every coming and going of a token."""
    instance = seen(instance_id)
    way = replays.of(reading.session(), instance)
    acts = marks.of(reading.session(), instance, way)
    elements = {sheet.path: _elements(sheet.key, sheet.version) for sheet in way.sheets} if acts else {}
    sheets = [
        {
            "path": sheet.path,
            "name": _sheet_name(sheet),
            "caller": sheet.caller,
            "parent": sheet.parent,
            "drawing": url_for("drawings.source", key=sheet.key, version=sheet.version),
        }
        for sheet in way.sheets
    ]
    times = sorted(
        {stay.entered_at for stay in way.stays} | {stay.left_at for stay in way.stays if stay.left_at}
        | {mark.at for mark in acts}
    )  # fmt: skip
    place = {at: index for index, at in enumerate(times)}
    stays = [
        [
            stay.sheet,
            stay.element_id,
            place[stay.entered_at],
            place[stay.left_at] if stay.left_at else None,
            stay.outcome,
        ]
        for stay in way.stays
    ]
    failed = [list(spot) for spot in sorted(way.failed)]
    done = [
        {"at": place[mark.at], "kind": mark.kind, "sheet": mark.sheet, "element": mark.element_id,
         "toSheet": mark.to_sheet, "to": mark.to_element, "said": _told(mark, elements)}
        for mark in acts
    ]  # fmt: skip
    return jsonify(sheets=sheets, times=[moment(at) for at in times], stays=stays, failed=failed, marks=done)


@blueprint.post("/instances/<int:instance_id>/<any(suspend, resume, cancel):act>")
@allow(*OVERSEERS)
def change(instance_id: int, act: str) -> Response:
    """Suspend, resume or cancel, with a reason."""
    seen(instance_id)
    done: dict[str, Text] = {
        "suspend": text("The instance is suspended: nothing moves until it is resumed."),
        "resume": text("The instance goes on."),
        "cancel": text("The instance is cancelled."),
    }
    if interventions.seconds(reading.environment(), act):
        done[act] = text("A second person is asked. It is done when it is confirmed.")
    verbs: dict[str, Any] = {"suspend": instances.suspend, "resume": instances.resume, "cancel": interventions.cancel}
    back = url_for("instances.show", instance_id=instance_id)
    return reading.act(back, done[act], verbs[act], instance_id, request.form.get("reason", ""))


MARKED: dict[str, Text] = {
    "returned": text("Returned: {from_step} → {to_step} ({name})"),
    "recalled": text("Taken back: {to_step} ({name})"),
    "skip": text("Left out: {from_step} ({name})"),
    "move": text("Moved: {from_step} → {to_step} ({name})"),
    "edit": text("Data put right ({name})"),
}


def _told(mark: marks.Mark, elements: dict[str, dict[str, str]]) -> str:
    """One act in words."""
    names = {"from_step": elements.get(mark.sheet, {}).get(mark.element_id) or mark.element_id,
             "to_step": elements.get(mark.to_sheet, {}).get(mark.to_element) or mark.to_element}  # fmt: skip
    return say(Text(MARKED[mark.kind].template, names | {"name": mark.by or say(text("the system"))}))


def _sheet_name(sheet: replays.Sheet) -> str:
    return str(reading.environment().library.bound(reading.session(), sheet.key, sheet.version).name)


def _elements(key: str, version: int) -> dict[str, str]:
    procedure = reading.environment().library.bound(reading.session(), key, version).procedure
    return {element.id: labels.called(element) for element in procedure.elements.values()}
