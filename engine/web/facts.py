"""The data of a log line as people read it: names instead of ids, dates as dates, old and new with an arrow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine import values
from engine.errors import Text, text
from engine.models import AuditEvent
from engine.web import client_labels, formats, labels, stillness
from engine.web.i18n import say

MOST = 10  # facts of one line
LONGEST = 300  # characters of one fact
NAMES: Mapping[str, Text] = {
    "about": text("subject"), "action": text("what"), "active": text("in use"), "actual_at": text("actual"),
    "aim": text("aim"), "answer": text("answer"), "assignee": text("assignee"), "attempt": text("attempt"),
    "attempts": text("attempts"), "before": text("before"), "body": text("text"), "budget": text("budget"),
    "business_key": text("business key"), "by": text("given by"), "by_task": text("by the task"),
    "campaign_id": text("campaign"), "card": text("card"), "category": text("category"), "cause": text("cause"),
    "caused_by_id": text("grew out of the deal"), "cells_added": text("cells added"),
    "cells_removed": text("cells removed"), "changed": text("changed"), "changes": text("changed"),
    "channel": text("channel"), "channels": text("ways"), "client_id": text("client"), "clients": text("clients"),
    "clients_moved": text("clients moved"), "clock": text("whose time runs"), "code": text("code"),
    "comment": text("comment"), "completed": text("step done"), "consent_id": text("consent"),
    "contact": text("contact"), "contact_id": text("contact"), "contract": text("contract"),
    "copy_of": text("copy of"), "cost": text("cost"),
    "count": text("count"), "counts": text("counts"), "dated": text("dated"), "days": text("days to pay"),
    "deal_id": text("deal"),
    "deals": text("deals"), "decided": text("decided"), "decision": text("decision"), "definition": text("drawing"),
    "definitions": text("drawings"), "deviation": text("deviation, working days"), "direction": text("direction"),
    "discount": text("discount, %"), "discreet": text("without names"), "document": text("document"),
    "documents": text("documents"), "double": text("double"), "due_at": text("due"), "element": text("step"),
    "ends": text("until"), "ends_on": text("until"), "error": text("error"), "essence": text("essence"),
    "evidence": text("evidence"), "executor": text("executor"), "expected_on": text("sale expected on"),
    "expires_at": text("valid until"), "expires_on": text("valid until"), "explicitness": text("discontent"),
    "faulty": text("faulty rows"), "fields": text("fields"), "file": text("file"), "filled": text("filled"),
    "follow_up_at": text("put off until"), "form": text("form"), "general": text("for everybody"),
    "group": text("group"), "groups": text("groups"), "heard": text("heard by"), "heir": text("successor"),
    "how": text("how"), "importance": text("importance"), "in_time": text("in time"), "inn": text("INN"),
    "instrument": text("instrument"), "interest_id": text("need"), "joined": text("joined"), "key": text("key"),
    "kind": text("kind"), "late": text("late by, s"), "left": text("left over"),
    "limit_groups": text("groups with authority"), "lines": text("lines"), "locale": text("language"),
    "login": text("login"), "mean": text("mean mark"), "message": text("message"), "milestone": text("milestone"),
    "minimum": text("lowest mark"), "month": text("month"), "moved": text("moved"), "name": text("name"),
    "new": text("new"), "next_contact": text("next contact"), "next_step": text("next step"), "note": text("note"),
    "number": text("number"), "offer": text("offer"), "old": text("old"), "on": text("on"), "origin": text("origin"),
    "outcome": text("filled in"), "outputs": text("result"), "owner": text("person in charge"),
    "owner_id": text("person in charge"), "parameter": text("parameter"), "parent": text("called by"),
    "part": text("part"), "parts": text("parts"), "passed": text("handed over"), "pause": text("pause"),
    "payload": text("contents"), "payment_id": text("payment"), "people": text("people"),
    "planned_at": text("planned"), "position": text("place"), "price": text("price"), "price_list": text("price list"),
    "prices": text("prices"), "priority": text("priority"), "probability": text("probability, %"),
    "money": text("client's money"), "risk": text("risk"),
    "procedure": text("procedure"), "product_id": text("product"), "products": text("products"),
    "purchases": text("purchases"), "purpose": text("purpose"), "put_back": text("put back"),
    "query": text("question"), "question": text("question"), "questionnaire": text("questionnaire"),
    "questions": text("questions"), "reason": text("reason"), "record_id": text("entry"),
    "redirects": text("redirects"), "reference": text("reference"), "refusal": text("refusal"),
    "remark": text("remark"), "remarks": text("remarks"), "remedy": text("remedy"), "reopened": text("opened again"),
    "resources": text("files"), "responsible": text("responsible"), "rested": text("rested"),
    "rests": text("rests until"), "result": text("result"), "round": text("round"), "rounds": text("rounds"),
    "rows": text("rows"), "rules": text("rules"), "sale_kind": text("kind of sale"),
    "schedule": text("payment schedule"), "seen_on": text("seen on"), "segment": text("client segment"),
    "segments_added": text("segments added"), "segments_removed": text("segments removed"),
    "selection": text("selection"), "settlement_id": text("settlement"), "sha256": text("fingerprint"),
    "source_id": text("source"), "stage": text("stage"), "starts": text("begins on"), "starts_on": text("begins on"),
    "status": text("state"), "substitutes": text("substitutes"), "sum": text("sum"), "template": text("template"),
    "team": text("team"), "template_version": text("version of the template"),
    "text_version": text("version of the text"),
    "tier": text("tier"), "timer": text("timer"), "title": text("name"), "to": text("to the step"),
    "total": text("total"), "unit": text("unit"), "until": text("until"), "user": text("person"),
    "valid_from": text("in force from"), "valid_until": text("valid until"), "variables": text("data"),
    "verdict": text("verdict"), "version": text("version"), "versions": text("versions of procedures"),
    "was": text("was"), "what": text("for what"), "why": text("why"), "withdrawn_on": text("withdrawn on"),
    "without": text("without"),
}  # fmt: skip
ELEMENTS = {"element", "completed", "changes", "to"}
CHANGES = {  # facts kept as what was and what is
    "assignee", "count", "due_at", "follow_up_at", "milestone", "next_contact", "next_step", "owner", "price",
    "responsible", "segment", "stage", "sum", "total", "unit",
}  # fmt: skip
WORDS: Mapping[str, Mapping[str, Text]] = {  # codes by the beginning of the line's type and the fact
    "document.kind": labels.DOCUMENT_KIND,
    "document.was": {code: said for code, (said, _) in labels.DOCUMENT.items()},
    "client.kind": client_labels.CLIENT_KIND,
    "deal.milestone": labels.MILESTONE,
    "contact.channel": client_labels.CHANNEL,
    "contact.direction": client_labels.DIRECTION,
    "contact.result": {code: said for code, (said, _) in client_labels.RESULT.items()},
    "consent.purpose": client_labels.PURPOSE,
}


def of(line: AuditEvent, elements: Mapping[str, str]) -> list[tuple[str, str]]:
    """Short pairs of name and value. ``elements``: id -> name in the drawings of this instance."""
    shown = []
    subject = line.type.partition(".")[0]
    for name, value in list(values.decode(line.data).items())[:MOST]:
        if value in (None, "", [], {}):
            continue
        value = _in_words(WORDS.get(f"{subject}.{name}"), value)
        if name in CHANGES and isinstance(value, list) and len(value) == 2:
            said = " → ".join(_said(name, part, elements) or "—" for part in value)
        elif name == "changed" and isinstance(value, Mapping):
            said = "; ".join(f"{key}: {_arrow(key, pair)}" for key, pair in value.items())
        else:
            said = _said(name, value, elements)
        if name == "reason" and line.type.startswith("pause."):
            said = stillness.pause_reason(said)
        title = say(NAMES[name]) if name in NAMES else name
        shown.append((title, said if len(said) <= LONGEST else said[:LONGEST] + "…"))
    return shown


def _in_words(words: Mapping[str, Text] | None, value: Any) -> Any:
    """The value, or both of a pair, by the names its codes have."""
    if words is None:
        return value
    if isinstance(value, list):
        return [_in_words(words, one) for one in value]
    return labels.named(value, words) if isinstance(value, str) else value


def _arrow(name: str, pair: Any) -> str:
    return " → ".join(_said(name, part, {}) or "—" for part in pair)


def _said(name: str, value: Any, elements: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return say(text("yes")) if value else say(text("no"))
    if isinstance(value, datetime):
        return formats.moment(value)
    if isinstance(value, date):
        return formats.day(value, "medium")
    if isinstance(value, (int, float, Decimal)):
        return formats.number(value)
    if isinstance(value, Mapping):
        pairs = ((key, _said(key, one, elements)) for key, one in value.items())
        return ", ".join(f"{say(NAMES[key]) if key in NAMES else key}: {said}" for key, said in pairs if said)
    if isinstance(value, list):
        return ", ".join(said for one in value if (said := _said(name, one, elements)))
    return _word(name, str(value), elements)


def _word(name: str, value: str, elements: Mapping[str, str]) -> str:
    if name in ELEMENTS:
        return elements.get(value) or value
    if name.endswith("_at"):
        try:
            return formats.moment(value)
        except ValueError:
            return value
    return value
