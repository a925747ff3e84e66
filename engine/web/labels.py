"""What the values in the database are called, and in which tone they are shown: late, soon, good, calm or plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import Flask

from engine.bpmn.types import Element
from engine.calendar import WORKING
from engine.errors import Text, text
from engine.forms import Form, find, steps_of
from engine.web.i18n import babel_locale, locale, ngettext, say

Named = Mapping[str, tuple[Text, str]]

TASK: Named = {
    "created": (text("free"), ""),
    "claimed": (text("in work"), "calm"),
    "completed": (text("completed"), "good"),
    "cancelled": (text("cancelled"), ""),
}
INSTANCE: Named = {
    "active": (text("under way"), "calm"),
    "suspended": (text("suspended"), "soon"),
    "completed": (text("finished"), "good"),
    "cancelled": (text("called off"), ""),
}
DEAL: Named = {
    "open": (text("open"), "calm"),
    "won": (text("won"), "good"),
    "lost": (text("lost"), "late"),
    "postponed": (text("postponed"), "soon"),
    "closed": (text("closed"), ""),
}
POINT: Named = {
    "open": (text("awaited"), "calm"),
    "met": (text("met"), "good"),
    "missed": (text("missed"), "late"),
    "waived": (text("waived"), "soon"),
    "cancelled": (text("not needed any more"), ""),
}
DOCUMENT: Named = {
    "draft": (text("draft"), ""),
    "approved": (text("approved"), "calm"),
    "sent": (text("sent"), "calm"),
    "signed": (text("signed"), "good"),
    "superseded": (text("replaced by a newer version"), ""),
    "cancelled": (text("withdrawn"), ""),
}
INCIDENT: Named = {
    "open": (text("needs action"), "late"),
    "retried": (text("tried again"), "good"),
    "resolved": (text("resolved"), "good"),
}
OUTCOME: Named = {"completed": (text("passed"), "good"), "cancelled": (text("interrupted"), "soon")}
DOCUMENT_KIND: Mapping[str, Text] = {
    "protocol": text("Minutes of the meeting"),
    "proposal": text("Proposal"),
    "contract": text("Contract"),
    "invoice": text("Invoice"),
    "act": text("Act"),
    "questionnaire": text("Questionnaire"),
    "brief": text("Brief"),
    "letter": text("Letter"),
    "upd": text("Universal transfer document"),
}
MILESTONE: Mapping[str, Text] = {
    "M0": text("First contact"),
    "M1": text("Qualified"),
    "M2": text("Presentation held"),
    "M3": text("Proposal sent"),
    "M4": text("Proposal agreed"),
    "M5": text("Contract signed"),
    "M6": text("Payment condition met"),
    "M6a": text("Handed over to execution"),
    "M7": text("Service delivered"),
    "M8": text("Satisfaction evaluated"),
    "M9": text("Closed won"),
    "MX": text("Closed lost"),
}
KIND: Mapping[str, Text] = {  # what an element without a name is called
    "startEvent": text("Beginning"),
    "endEvent": text("End"),
    "exclusiveGateway": text("Choice"),
    "parallelGateway": text("Parallel branches"),
    "inclusiveGateway": text("Choice of several"),
    "eventBasedGateway": text("Waiting for the first event"),
    "boundaryEvent": text("Event"),
    "intermediateCatchEvent": text("Waiting"),
    "intermediateThrowEvent": text("Event"),
}
TRIGGER: Mapping[str, Text] = {
    "before_delivery": text("before delivery"),
    "after_delivery": text("after delivery"),
}
LINE: Mapping[str, Text] = {
    "process_instance.started": text("The instance was started"),
    "process_instance.suspended": text("The instance was suspended"),
    "process_instance.resumed": text("The instance was resumed"),
    "process_instance.cancelled": text("The instance was cancelled"),
    "process_instance.completed": text("The instance was finished"),
    "comment.written": text("A comment was written"),
    "user_task.created": text("A task was created"),
    "user_task.claimed": text("The task was claimed"),
    "user_task.unclaimed": text("The task was given back to the group"),
    "user_task.completed": text("The task was completed"),
    "user_task.cancelled": text("The task was cancelled"),
    "user_task.reassigned": text("The task was reassigned"),
    "user_task.delegated": text("The task was delegated"),
    "user_task.resolved": text("The task came back with an answer"),
    "user_task.due_date_moved": text("The due date was changed"),
    "user_task.follow_up_set": text("The task was put off"),
    "control_point.opened": text("A control point was opened"),
    "control_point.met": text("The control point was met"),
    "control_point.missed": text("The control point was missed"),
    "control_point.waived": text("The control point was waived"),
    "control_point.cancelled": text("The control point is not needed any more"),
    "control_point.reminded": text("A reminder of the control point was sent"),
    "control_point.overdue": text("The control point became overdue"),
    "control_point.escalated": text("The control point was escalated to the head"),
    "control_point.director_told": text("The director was told of the control point"),
    "document.issued": text("A document was issued"),
    "document.approved": text("The document was approved"),
    "document.sent": text("The document was sent"),
    "document.signed": text("The document was signed"),
    "document.cancelled": text("The document was cancelled"),
    "incident.raised": text("An incident was raised"),
    "incident.retried": text("The incident was tried again"),
    "incident.resolved": text("The incident was resolved"),
    "deal.milestone_reached": text("The deal reached a milestone"),
    "process_instance.advanced": text("The data of the instance changed"),
    "document.numbered": text("The document got its number"),
    "document.rendered": text("The files of the document are ready"),
    "action.completed": text("A step of the system was done"),
    "action.refused": text("A step of the system was refused"),
    "job.failed": text("A step of the system failed and is tried again"),
    "file.attached": text("A file was attached"),
    "message.queued": text("A message waits"),
    "message.expired": text("A message expired"),
    "mail.written": text("A mail was written"),
    "signal.broadcast": text("A signal was sent"),
    "deal.created": text("The deal was registered"),
    "deal.closed": text("The deal was closed"),
    "deal.changed": text("The deal was changed"),
    "payment.recorded": text("A payment was recorded"),
    "timer.fired": text("A timer fired"),
    "message.correlated": text("A message arrived"),
    "mail.sent": text("A mail was sent"),
}


def label(value: str, names: Named) -> str:
    """The name of a value; an unknown value is shown as it is."""
    found = names.get(value)
    return say(found[0]) if found else value


def tone(value: str, names: Named) -> str:
    """The tone of a value."""
    found = names.get(value)
    return found[1] if found else ""


def named(value: str, names: Mapping[str, Text]) -> str:
    """The name of a value that has no tone."""
    found = names.get(value)
    return say(found) if found else value


def called(element: Element) -> str:
    """The name of an element, or what it is if the designer gave it none."""
    return element.name or named(element.kind, KIND)


def field(form: Form | None, name: str) -> str:
    """The label of a form's field by its name in the HTML form."""
    found = find(form, steps_of(name)) if form else None
    return (found.label_in(locale()) if found else "") or name


def own_title(thing: Any) -> str:
    """The title of a thing that carries it in both languages (candidate groups, stages and their schemes)."""
    return str((thing.title_en if locale() == "en" else thing.title) or thing.title)


def weekday(iso: str) -> str:
    """«пт, 13 ноября»"""
    try:
        return format_date(date.fromisoformat(iso), "EEE, d MMMM", locale=babel_locale())
    except ValueError:
        return iso


def day_off(note: str) -> str:
    """Why a day does not count: the name of the holiday, or «weekend»."""
    known = {"weekend": text("weekend"), "moved day off": text("moved day off")}
    return say(known[note]) if note in known else note


def norm(spec: str) -> str:
    """A working-time duration in words: ``P2BD`` -> «2 working days». Anything else as it is."""
    found = WORKING.fullmatch(str(spec))
    if not found or not any(found.groups()):
        return str(spec)
    days, hours, minutes = (int(group or 0) for group in found.groups())
    parts = []
    if days:
        parts.append(ngettext("%(num)d working day", "%(num)d working days", days) % {"num": days})
    if hours:
        parts.append(ngettext("%(num)d working hour", "%(num)d working hours", hours) % {"num": hours})
    if minutes:
        parts.append(ngettext("%(num)d working minute", "%(num)d working minutes", minutes) % {"num": minutes})
    return " ".join(parts)


def install(app: Flask) -> None:
    """Give templates the names."""
    for function in (label, tone, named, weekday, day_off, norm, own_title):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals.update(
        TASK=TASK, INSTANCE=INSTANCE, DEAL=DEAL, POINT=POINT, DOCUMENT=DOCUMENT, INCIDENT=INCIDENT, OUTCOME=OUTCOME,
        DOCUMENT_KIND=DOCUMENT_KIND, MILESTONE=MILESTONE, TRIGGER=TRIGGER, LINE=LINE,
    )  # fmt: skip
