"""The main menu: what this person may open, with the counts that call for him."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, g, request, url_for

from engine import interventions, replies
from engine.queries import desk, inbox, register
from engine.queries import interventions as ledger
from engine.vocabulary import InterventionKind
from engine.web import reading
from engine.web.i18n import gettext, ngettext
from engine.web.rules import OVERSEERS, is_one_of, rule_of


@dataclass(frozen=True)
class Link:
    """One entry. ``count`` calls for attention, ``alarm`` colours it, ``counted`` says it in words."""

    name: str
    href: str
    icon: str
    here: bool
    count: int = 0
    alarm: bool = False
    counted: str = ""


def menu() -> list[tuple[str, list[Link]]]:
    """Groups of entries: head and links."""
    _ = gettext
    work = [
        _link("inbox.show", _("Tasks"), "inbox", _tasks(), alarm=False),
        _link("approvals.queue", _("Approvals"), "checklist", _approvals()),
        _link("assignments.listing", _("Assignments"), "user-share"),
        _link("agenda.show", _("Calendar"), "calendar"),
        _link("start.choose", _("Start"), "player-play"),
        _link("absences.timeline", _("Absences"), "calendar"),
    ]
    clients = [
        _link("clients.listing", _("Clients"), "users"),
        _link("deals.listing", _("Deals"), "briefcase"),
        _link("board.show", _("Deals board"), "schema"),
        _link("complaints.listing", _("Complaints"), "message-exclamation"),
        _link("surveys.listing", _("Surveys"), "message"),
        _link("knowledge.listing", _("Knowledge base"), "books"),
    ]
    control = [
        _link("monitoring.show", _("Monitoring"), "activity"),
        _link("catalogue.overview", _("Overview"), "sitemap"),
        _link("reports.index", _("Reports"), "chart-bar"),
        _link("control_points.listing", _("Control points"), "flag"),
        _link("instances.listing", _("Instances"), "list-details"),
        _link("documents.listing", _("Documents"), "file-text"),
        _interventions(),
        _link("incidents.listing", _("Incidents"), "alert-triangle", _incidents(), alarm=True),
    ]
    market = [
        _link("products.listing", _("Products and prices"), "tool"),
        _link("segments.listing", _("Segments"), "target-arrow"),
        _link("campaigns.listing", _("Campaigns"), "rocket"),
        _link("loyalty.listing", _("Loyalty"), "users"),
        _link("market.show", _("Market and plans"), "building"),
    ]
    rules = [
        _link("designer.index", _("Procedures"), "schema"),
        _link("people.listing", _("People"), "user"),
        _link("rulebook.index", _("Calendars, deadlines, limits"), "clock"),
        _link("able.show", _("Who may do what"), "shield-check"),
        _link("layouts.listing", _("Document templates"), "file-type-docx"),
        _link("diagnosis.latest", _("Self-diagnosis"), "checklist"),
        _link("bank.listing", _("Bank payments"), "coin"),
        _link("imports.listing", _("Import"), "file-upload"),
        _link("incoming.listing", _("Incoming mail"), "mail", _stray_mails(), alarm=True),
        _link("guide.show", _("Help"), "help"),
    ]
    groups = [
        ("", work), (_("Clients and deals"), clients), (_("Control"), control), (_("Products and market"), market),
        (_("Rules and order"), rules),
    ]  # fmt: skip
    return [(head, [link for link in links if link]) for head, links in groups]


def _link(endpoint: str, name: str, icon: str, count: int = 0, *, alarm: bool = False) -> Link | None:
    """An entry, if its page is installed and this person may open it."""
    view = current_app.view_functions.get(endpoint)
    if view is None or not is_one_of(g.actor, *(rule_of(view) or ())):
        return None
    href = url_for(endpoint)
    here = (request.endpoint or "").split(".")[0] == endpoint.split(".")[0]
    counted = ngettext("%(num)d waits", "%(num)d wait", count) % {"num": count}
    return Link(name, href, icon, here, count, alarm, counted)


def _tasks() -> int:
    return min(inbox.mine(reading.session(), reading.actor(), g.now), inbox.MOST)


def _approvals() -> int:
    return desk.approval_count(reading.session(), reading.actor(), g.now)


def _interventions() -> Link | None:
    """The ledger, with the requests that wait for this person as the second."""
    env, groups = reading.environment(), g.actor.groups
    if not groups & interventions.readers(env):
        return None
    kinds = [kind for kind in InterventionKind if groups & set(interventions.seconds(env, kind))]
    count = ledger.to_confirm(reading.session(), kinds, g.actor.user_id)
    return _link("interventions.listing", gettext("Interventions"), "hand-grab", count)


def _incidents() -> int:
    return register.open_incidents(reading.session()) if is_one_of(g.actor, *OVERSEERS) else 0


def _stray_mails() -> int:
    return replies.waiting(reading.session()) if is_one_of(g.actor, "admin") else 0


def install(app: Flask) -> None:
    """Give templates ``menu``."""
    app.jinja_env.globals["menu"] = menu
