"""What the values about clients are called: classes, states, channels, results, what became of a product."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import Text, text
from engine.web import labels

CLIENT_KIND: Mapping[str, Text] = {
    "legal": text("Company"),
    "ip": text("Entrepreneur"),
    "foreign": text("Foreign company"),
    "person": text("Private person"),
}
CLIENT_ROLE: Mapping[str, Text] = {
    "client": text("Client"),
    "partner": text("Partner"),
    "agent": text("Agent"),
    "competitor": text("Competitor"),
}
CLIENT_STATE: labels.Named = {
    "potential": (text("potential client"), ""),
    "new": (text("new client"), "calm"),
    "regular": (text("regular client"), "good"),
    "restored": (text("restored client"), "good"),
    "lost": (text("lost client"), "late"),
}
CLIENT_STATES: Mapping[str, Text] = {
    "potential": text("Potential"),
    "new": text("New clients"),
    "regular": text("Regular"),
    "restored": text("Restored"),
    "lost": text("Lost clients"),
}
TIER: labels.Named = {
    "promising": (text("promising"), "good"),
    "ordinary": (text("ordinary"), "calm"),
    "non_target": (text("non-target"), ""),
}
TARGET: labels.Named = {
    "used": (text("used"), "good"),
    "open": (text("on offer"), "calm"),
    "refused": (text("refused"), "late"),
    "not_offered": (text("not offered"), "soon"),
}
CHANNEL: Mapping[str, Text] = {
    "phone": text("Phone"),
    "mail": text("Mail"),
    "meeting": text("Meeting"),
    "web": text("Site"),
    "chat": text("Chat"),
    "sms": text("SMS"),
    "fax": text("Fax"),
    "post": text("Post"),
    "any": text("any channel"),
}
DIRECTION: Mapping[str, Text] = {"in": text("from the client"), "out": text("to the client")}
RESULT: labels.Named = {
    "answered": (text("answered"), "good"),
    "no_answer": (text("no answer"), "soon"),
    "later": (text("asked for later"), "soon"),
    "refused": (text("refused"), "late"),
    "interested": (text("interested"), "good"),
    "wrong_contact": (text("wrong contact"), "late"),
    "sent": (text("sent"), "calm"),
    "replied": (text("replied"), "good"),
}
PURPOSE: Mapping[str, Text] = {
    "personal_data": text("processing of personal data"),
    "advertising": text("advertising"),
    "survey": text("surveys"),
}
SURVEY_STATUS: labels.Named = {
    "open": (text("awaited"), "calm"),
    "answered": (text("answered"), "good"),
    "refused": (text("refused"), "late"),
    "unanswered": (text("no answer"), "soon"),
}
GROUND: Mapping[str, Text] = {
    "inn": text("the same INN"),
    "phone": text("the same phone"),
    "mail": text("the same mail"),
}
NATURE: Mapping[str, Text] = {"inherent": text("inherent"), "behavioural": text("in the course of work")}
PARAMETER_TYPE: Mapping[str, Text] = {
    "text": text("A text"),
    "number": text("A number"),
    "flag": text("Yes or no"),
    "choice": text("One of a list"),
}
MATRIX_STATUS: labels.Named = {
    "draft": (text("draft"), "soon"),
    "in_force": (text("in force"), "good"),
    "withdrawn": (text("withdrawn"), ""),
}
FIELD: Mapping[str, Text] = {
    "kind": text("Kind"), "name": text("Name"), "full_name": text("Full name"), "inn": text("INN"),
    "kpp": text("KPP"), "ogrn": text("OGRN"), "abc": text("ABC class"), "segment": text("Segment"),
    "owner_id": text("Manager"), "parent_id": text("Unit of"), "role": text("Role"), "territory": text("Territory"),
    "source_id": text("Source"), "recommended_by_id": text("Recommended by"), "price_list_id": text("Price list"),
    "preferred_channel": text("Preferred channel"), "company_day": text("Day of the company"),
    "profile": text("Profile"), "address": text("Address"), "city": text("City"), "phone": text("Phone"),
    "email": text("Email"), "site": text("Site"), "bank": text("Bank"), "bik": text("BIK"),
    "account": text("Settlement account"), "corr_account": text("Correspondent account"), "passport": text("Passport"),
    "last": text("Last name"), "first": text("First name"), "middle": text("Middle name"), "gender": text("Gender"),
    "position": text("Position"), "signs": text("Signs documents"), "basis": text("Basis of authority"),
    "birth_date": text("Birthday"), "genitive": text("Full name in the genitive"),
    "dative": text("Full name in the dative"), "active": text("Works there"), "superior_id": text("Reports to"),
}  # fmt: skip
GLOBALS = {
    "CLIENT_KIND": CLIENT_KIND, "CLIENT_ROLE": CLIENT_ROLE, "CLIENT_STATE": CLIENT_STATE,
    "CLIENT_STATES": CLIENT_STATES, "TIER": TIER, "TARGET": TARGET, "CHANNEL": CHANNEL, "DIRECTION": DIRECTION,
    "RESULT": RESULT, "PURPOSE": PURPOSE, "SURVEY_STATUS": SURVEY_STATUS, "GROUND": GROUND, "NATURE": NATURE,
    "PARAMETER_TYPE": PARAMETER_TYPE, "MATRIX_STATUS": MATRIX_STATUS, "FIELD": FIELD,
}  # fmt: skip
