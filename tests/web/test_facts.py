"""The data of a log line in words."""

from __future__ import annotations

from flask import Flask

from engine.models import AuditEvent
from engine.web import facts


def told(app: Flask, type_: str, **data: object) -> dict[str, str]:
    with app.test_request_context("/"):
        return dict(facts.of(AuditEvent(type=type_, data=data), {}))


def test_codes_of_a_document_and_of_a_contact_are_told_by_their_names(app: Flask) -> None:
    assert told(app, "document.issued", kind="invoice", version=2) == {"вид": "Счёт", "версия": "2"}
    assert told(app, "contact.logged", direction="in") == {"направление": "от клиента"}


def test_what_was_and_what_is_stand_with_an_arrow_between(app: Flask) -> None:
    assert told(app, "deal.milestone_reached", milestone=["M1", "M2"])["веха"].count("→") == 1
    assert told(app, "client.owner_set", owner=[None, 2]) == {"ответственный": "— → 2"}
