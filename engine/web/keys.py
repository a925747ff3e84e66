"""Single keys: which letter after «g» leads to which page. What the others do is in assets/keys.js."""

from __future__ import annotations

from flask import Flask, current_app, g, url_for

from engine.web.i18n import gettext
from engine.web.rules import is_one_of, rule_of

PLACES = (
    ("t", "inbox.show"), ("a", "approvals.queue"), ("p", "assignments.listing"), ("s", "start.choose"),
    ("c", "clients.listing"), ("d", "deals.listing"), ("b", "complaints.listing"), ("k", "knowledge.listing"),
    ("r", "reports.index"), ("i", "instances.listing"), ("f", "documents.listing"), ("h", "guide.show"),
)  # fmt: skip


def places() -> list[tuple[str, str, str]]:
    """Letter, address and name of the pages that this person may open."""
    _ = gettext
    names = {
        "inbox.show": _("Tasks"), "approvals.queue": _("Approvals"), "assignments.listing": _("Assignments"),
        "start.choose": _("Start"), "clients.listing": _("Clients"), "deals.listing": _("Deals"),
        "complaints.listing": _("Complaints"), "knowledge.listing": _("Knowledge base"),
        "reports.index": _("Reports"), "instances.listing": _("Instances"), "documents.listing": _("Documents"),
        "guide.show": _("Help"),
    }  # fmt: skip
    found = []
    for letter, endpoint in PLACES:
        view = current_app.view_functions.get(endpoint)
        if view is not None and is_one_of(g.actor, *(rule_of(view) or ())):
            found.append((letter, url_for(endpoint), names[endpoint]))
    return found


def install(app: Flask) -> None:
    """Give templates ``key_places``."""
    app.jinja_env.globals["key_places"] = places
