"""Pages for people outside, without an account: a survey by its one-time link (R252), a complaint (R111, R271).

They work without scripts and on a phone. Nothing on them tells who our clients are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, session, url_for

from engine import attachments
from engine.crm import complaints, questionnaires, surveys
from engine.errors import Invalid, NotFound, ReglamentError, Text, WrongState, text
from engine.models import Product, Survey
from engine.web import reading
from engine.web.i18n import locale, say
from engine.web.rules import public

blueprint = Blueprint("public", __name__)
LONGEST = {"name": 200, "contact": 200, "order": 100, "essence": 4000, "demand": 2000}
REQUIRED = ("name", "contact", "essence")
MOST_FILES = 3
TRAP = "website"  # a field that people do not see: whoever fills it in is a machine
HOUR = timedelta(hours=1)
DEAD_LINKS = {"expired": 410, "used": 410, "forged": 404}


@blueprint.get("/survey/<token>")
@public
def survey(token: str) -> Any:
    """The questions, or in kind words why there are none."""
    row = surveys.by_token(reading.session(), token)
    state = surveys.link_state(row, g.now)
    if row is None or state != "open":
        return _dead(state)
    return _survey(row, {}, {})


@blueprint.post("/survey/<token>")
@public
def answer(token: str) -> Any:
    """Keep the answers, once."""
    given = request.form
    row = surveys.by_token(reading.session(), token)
    if row is None or surveys.link_state(row, g.now) != "open":
        return _dead(surveys.link_state(row, g.now))
    scores = {name.removeprefix("q-"): value for name, value in given.items() if name.startswith("q-")}
    recommends = {"yes": True, "no": False}.get(given.get("recommends", ""))
    marks = surveys.Marks(scores, given.get("comment"), recommends, given.get("wants_call") == "yes")
    try:
        reading.do_outside(
            surveys.answer_by_link, token, marks, consent=given.get("consent") == "yes", ip=request.remote_addr
        )
    except Invalid as error:
        again = surveys.by_token(reading.session(), token)
        if again is None:
            return _dead("forged")
        return _survey(again, {name: say(fault) for name, fault in error.fields.items()}, given), 422
    except (NotFound, WrongState):  # answered in another window meanwhile
        return _dead("used")
    return redirect(url_for("public.thanks"))


@blueprint.get("/survey-thanks")
@public
def thanks() -> str:
    """After the answer."""
    return render_template("public_thanks.html", company=_company())


@blueprint.get("/complaint")
@public
def complaint() -> str:
    """The form for a complaint."""
    return _complaint({}, {})


@blueprint.post("/complaint")
@public
def complain() -> Any:
    """Register it under a number; who the writer is, a registrar finds out."""
    given = {name: request.form.get(name, "").strip()[:most] for name, most in LONGEST.items()}
    if request.form.get(TRAP):
        return redirect(url_for("public.received"))
    limit = int(reading.environment().setting("complaints.web_limit", 5))
    address = request.remote_addr or ""
    if complaints.recent_from(reading.session(), address, g.now - HOUR) >= limit:
        return render_template("public_busy.html", company=_company()), 429
    faults = _faults(given)
    files = _files()
    if not faults:
        version = str(reading.environment().setting("complaints.text_version"))
        sender = {name: given[name] for name in ("name", "contact", "order")} | {
            "text_version": version, "agreed_at": g.now.isoformat(), "locale": locale(),
        }  # fmt: skip
        told = complaints.Told(given["essence"], given["demand"] or None, channel="web", form="written")
        try:
            row = reading.do_outside(complaints.receive, told, sender, address, files)
        except ReglamentError as error:
            faults = {"files" if not isinstance(error, Invalid) or not error.fields else "essence": error.text}
        else:
            session["complaint"] = row.number
            return redirect(url_for("public.received"))
    return _complaint(given, {name: say(fault) for name, fault in faults.items()}), 422


@blueprint.get("/complaint/received")
@public
def received() -> str:
    """The number, to whoever has just sent a complaint from this browser."""
    return render_template("public_received.html", company=_company(), number=session.get("complaint"))


def _survey(row: Survey, faults: dict[str, str], given: Any) -> str:
    opened = reading.session()
    questionnaire = questionnaires.find(opened, row.questionnaire_id)
    product = opened.get(Product, row.product_id) if row.product_id is not None else None
    english = locale() == "en"
    question = questionnaire.open_question_en if english else questionnaire.open_question
    return render_template(
        "public_survey.html",
        company=_company(),
        product=product.name if product else None,
        questions=questionnaires.wording(questionnaire, locale()),
        open_question=question or questionnaire.open_question,
        until=row.expires_at,
        faults=faults,
        given=given,
        text_version=reading.environment().setting("surveys.text_version"),
    )


def _dead(state: str) -> tuple[str, int]:
    return render_template("public_dead.html", company=_company(), state=state), DEAD_LINKS[state]


def _complaint(given: dict[str, str], faults: dict[str, str]) -> str:
    version = reading.environment().setting("complaints.text_version")
    return render_template(
        "public_complaint.html", company=_company(), given=given, faults=faults, longest=LONGEST, trap=TRAP,
        text_version=version, most_files=MOST_FILES,
    )  # fmt: skip


def _faults(given: dict[str, str]) -> dict[str, Text]:
    faults = {name: text("Fill this in.") for name in REQUIRED if not given[name]}
    if "contact" not in faults and not ("@" in given["contact"] or sum(c.isdigit() for c in given["contact"]) >= 7):
        faults["contact"] = text("Write a mail address or a phone number, so that we can answer.")
    if "essence" not in faults and len(given["essence"]) < 10:
        faults["essence"] = text("Say in a few words what happened.")
    if request.form.get("consent") != "yes":
        faults["consent"] = text("Without your consent we may not keep your name and contact.")
    if len([one for one in request.files.getlist("files") if one.filename]) > MOST_FILES:
        faults["files"] = text("At most {limit} files.", limit=MOST_FILES)
    return faults


def _files() -> list[tuple[str, bytes]]:
    chosen = [one for one in request.files.getlist("files") if one.filename][:MOST_FILES]
    return [(str(one.filename), one.stream.read(attachments.LARGEST + 1)) for one in chosen]


def _company() -> Any:
    return reading.environment().setting("company")
