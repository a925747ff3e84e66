"""Mails that came in and fitted nowhere: the administrator looks at them in the mailbox and says what was done."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from engine import replies
from engine.errors import text
from engine.mailbox import UNMATCHED
from engine.models import IncomingMail, User
from engine.web import reading
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("incoming", __name__)
PAGE = 40


@blueprint.get("/incoming-mail")
@allow("admin")
def listing() -> str:
    """What waits, or everything that came."""
    session, page = reading.session(), number("page", 1)
    everything = request.args.get("show") == "all"
    where = () if everything else (IncomingMail.status == UNMATCHED, IncomingMail.settled_at.is_(None))
    count = session.scalar(select(func.count()).select_from(IncomingMail).where(*where)) or 0
    rows = session.execute(
        select(IncomingMail, User)
        .outerjoin(User, User.id == IncomingMail.settled_by)
        .where(*where)
        .order_by(IncomingMail.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return render_template(
        "incoming.html", rows=rows, everything=everything, waiting=replies.waiting(session),
        address=reading.environment().replies, pages=Pages(page, count, PAGE),
    )  # fmt: skip


@blueprint.post("/incoming-mail/<int:incoming_id>/settle")
@allow("admin")
def settle(incoming_id: int) -> Response:
    """It is dealt with."""
    note = request.form.get("reason", "")
    return reading.act(url_for("incoming.listing"), text("The mail is settled."), replies.settle, incoming_id, note)
