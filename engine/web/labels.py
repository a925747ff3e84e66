"""What the values in the database are called, and in which tone they are shown: late, soon, good, calm or plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import Flask

from engine.bpmn.types import Element
from engine.errors import Text, text
from engine.forms import Form, find, steps_of
from engine.web.events import LINE
from engine.web.i18n import babel_locale, locale, say

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
ASSIGNMENT: Named = {
    "issued": (text("issued"), "soon"),
    "accepted": (text("in work"), "calm"),
    "reported": (text("to be checked"), "soon"),
    "done": (text("accepted"), "good"),
    "cancelled": (text("called off"), ""),
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
LAYOUT: Named = {
    "draft": (text("draft"), "soon"),
    "approved": (text("approved for use"), "calm"),
    "in_force": (text("in force"), "good"),
    "withdrawn": (text("taken out of use"), ""),
}
LAYOUT_FOLDER: Mapping[str, Text] = {
    "sale": text("Sale"),
    "payment": text("Payment and tax"),
    "quality": text("Complaints"),
    "consent": text("Consents"),
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
    "invoice_offer": text("Invoice offer"),
    "refund_agreement": text("Refund agreement"),
    "complaint_acknowledgement": text("Acknowledgement of a complaint"),
    "complaint_reply": text("Reply to a complaint"),
    "contract_specification": text("Specification"),
    "contract_plan": text("Calendar plan"),
    "disagreement": text("Protocol of disagreements"),
    "advance_vat_invoice": text("VAT invoice on an advance"),
    "vat_invoice": text("VAT invoice"),
    "corrective_vat_invoice": text("Corrective VAT invoice"),
    "payment_reminder": text("Payment reminder"),
    "claim": text("Claim for payment"),
    "reconciliation": text("Reconciliation act"),
    "consent_personal_data": text("Consent to personal data processing"),
    "consent_advertising": text("Consent to advertising"),
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
MONEY: Mapping[str, Text] = {
    "confirmed": text("budget confirmed"),
    "expected": text("promised"),
    "none": text("there is none"),
}
RISK: Mapping[str, Text] = {"low": text("low risk"), "medium": text("medium risk"), "high": text("high risk")}
TRIGGER: Mapping[str, Text] = {
    "before_delivery": text("before delivery"),
    "after_delivery": text("after delivery"),
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


def install(app: Flask) -> None:
    """Give templates the names."""
    for function in (label, tone, named, weekday, day_off, own_title):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals.update(
        TASK=TASK, INSTANCE=INSTANCE, DEAL=DEAL, POINT=POINT, DOCUMENT=DOCUMENT, INCIDENT=INCIDENT, OUTCOME=OUTCOME,
        LAYOUT=LAYOUT, ASSIGNMENT=ASSIGNMENT, LAYOUT_FOLDER=LAYOUT_FOLDER,
        DOCUMENT_KIND=DOCUMENT_KIND, MILESTONE=MILESTONE, TRIGGER=TRIGGER, MONEY=MONEY,
        RISK=RISK, LINE=LINE,
    )  # fmt: skip
