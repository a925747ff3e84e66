"""The self-diagnosis as the table of the source: indicator, managed, unmanaged, how it is with us (R061)."""

from __future__ import annotations

from flask import Blueprint, render_template

from engine.crm import diagnosis
from engine.models import Diagnosis, User
from engine.web import reading
from engine.web.rules import allow

blueprint = Blueprint("diagnosis", __name__)
READERS = ("head", "director", "product_head", "marketer", "quality", "admin", "auditor")


@blueprint.get("/diagnosis")
@allow(*READERS)
def latest() -> str:
    """The last diagnosis, or the empty form."""
    return _page(diagnosis.previous(reading.session()))


@blueprint.get("/diagnosis/<int:diagnosis_id>")
@allow(*READERS)
def show(diagnosis_id: int) -> str:
    """One of the earlier ones."""
    return _page(diagnosis.find(reading.session(), diagnosis_id))


def _page(chosen: Diagnosis | None) -> str:
    session, env = reading.session(), reading.environment()
    before = diagnosis.previous(session, chosen) if chosen is not None else None
    return render_template(
        "diagnosis.html", chosen=chosen, before=before, history=diagnosis.history(session),
        groups=diagnosis.groups(env, chosen.marks if chosen else None, before.marks if before else None),
        counts=diagnosis.count(chosen.marks) if chosen else None, marks=env.setting("diagnosis.marks"),
        filled_by=session.get(User, chosen.filled_by) if chosen is not None and chosen.filled_by else None,
    )  # fmt: skip
