"""The main menu: what this person may open, with the counts that call for him."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, g, request, url_for
from werkzeug.routing import BuildError

from engine.queries import inbox, register
from engine.web import reading
from engine.web.i18n import gettext, ngettext
from engine.web.rules import EMPLOYEE, OVERSEERS, is_one_of

ALL = (EMPLOYEE,)


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
        _link("inbox.show", _("Tasks"), "inbox", ALL, _tasks(), alarm=False),
        _link("approvals.queue", _("Approvals"), "checklist", ALL, _approvals()),
        _link("start.choose", _("Start"), "player-play", ALL),
    ]
    matters = [
        _link("deals.listing", _("Deals"), "briefcase", ALL),
        _link("instances.listing", _("Instances"), "list-details", ALL),
        _link("documents.listing", _("Documents"), "file-text", ALL),
        _link("control_points.listing", _("Control points"), "flag", (*OVERSEERS, "auditor")),
    ]
    rules = [
        _link("designer.index", _("Procedures"), "schema", ALL),
        _link("incidents.listing", _("Incidents"), "alert-triangle", (*OVERSEERS, "auditor"), _incidents(), alarm=True),
        _link("guide.show", _("Help"), "help", ALL),
    ]
    groups = [("", work), (_("Business"), matters), (_("Rules and order"), rules)]
    return [(head, [link for link in links if link]) for head, links in groups]


def _link(
    endpoint: str, name: str, icon: str, groups: tuple[str, ...], count: int = 0, *, alarm: bool = False
) -> Link | None:
    if not is_one_of(g.actor, *groups):
        return None
    try:
        href = url_for(endpoint)
    except BuildError:  # a part that is not installed has no entry
        return None
    here = (request.endpoint or "").split(".")[0] == endpoint.split(".")[0]
    counted = ngettext("%(num)d waits", "%(num)d wait", count) % {"num": count}
    return Link(name, href, icon, here, count, alarm, counted)


def _tasks() -> int:
    return inbox.counts(reading.session(), reading.actor(), g.now).mine


def _approvals() -> int:
    return 0


def _incidents() -> int:
    return register.open_incidents(reading.session()) if is_one_of(g.actor, *OVERSEERS) else 0


def install(app: Flask) -> None:
    """Give templates ``menu``."""
    app.jinja_env.globals["menu"] = menu
