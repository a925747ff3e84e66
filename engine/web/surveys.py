"""Surveys and questionnaires: what clients answered, and the questions of each product in versions (R118, R252)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for

from engine import access
from engine.crm import quality_lists, questionnaires, surveys
from engine.errors import Invalid, NotFound, text
from engine.models import Product, Questionnaire, User
from engine.web import downloads, reading, sheets_more
from engine.web.i18n import locale, say
from engine.web.pages import Pages, number
from engine.web.rules import allow

blueprint = Blueprint("surveys", __name__)
STATUSES = ("open", "answered", "refused", "unanswered", "all")
CHANNELS = ("mail", "phone")


@blueprint.get("/surveys")
@allow("employee")
def listing() -> str | Response:
    """Surveys this person may see, by state; as a page or as a file."""
    page, status = number("page", 1), request.args.get("status", "answered")
    status = status if status in STATUSES else "answered"
    if form := downloads.wanted():
        session, actor, wanted = reading.session(), reading.actor(), "" if status == "all" else status
        return sheets_more.surveys(
            form, downloads.every(lambda page: quality_lists.surveys(session, actor, wanted, page))
        )
    rows, count = quality_lists.surveys(
        reading.session(), reading.actor(), "" if status == "all" else status, page
    )
    return render_template(
        "surveys.html", rows=rows, status=status, statuses=STATUSES, pages=Pages(page, count, quality_lists.PAGE),
        may_edit=_may_edit(),
    )  # fmt: skip


@blueprint.get("/surveys/<int:survey_id>")
@allow("employee")
def show(survey_id: int) -> str:
    """One survey: its marks, or the form for what a client wrote on paper."""
    return _page(survey_id, {}, {})


@blueprint.post("/surveys/<int:survey_id>/answer")
@allow("manager", "operator", "quality", "admin")
def answer(survey_id: int) -> Any:
    """Enter the marks a client gave by letter or on paper."""
    quality_lists.survey(reading.session(), reading.actor(), survey_id)
    given = request.form
    scores = {name.removeprefix("q-"): value for name, value in given.items() if name.startswith("q-")}
    channel = given.get("channel", "mail")
    marks = surveys.Marks(scores, given.get("comment"))
    try:
        reading.do(surveys.answer_for, survey_id, marks, channel if channel in CHANNELS else "mail")
    except Invalid as error:
        return _page(survey_id, {name: say(fault) for name, fault in error.fields.items()}, given), 422
    flash(say(text("The answers are entered.")), "good")
    return redirect(url_for("surveys.show", survey_id=survey_id))


@blueprint.get("/questionnaires")
@allow("employee")
def catalogue() -> str:
    """The questionnaire of each product and the general one."""
    session, today = reading.session(), g.now.astimezone(g.zone).date()
    products = session.query(Product).filter(Product.withdrawn_on.is_(None)).order_by(Product.name).all()
    rows: list[tuple[Product | None, Questionnaire | None]] = [(None, questionnaires.in_force(session, None, today))]
    rows += [(product, questionnaires.in_force(session, product.id, today)) for product in products]
    return render_template("questionnaires.html", rows=rows, may_edit=_may_edit())


@blueprint.get("/questionnaires/<int:product_id>")
@allow("employee")
def versions(product_id: int) -> str:
    """All versions about a product (0: the general one); who may, writes the next."""
    return _editor(product_id, None, {})


@blueprint.post("/questionnaires/<int:product_id>")
@allow("product_head", "quality", "admin")
def publish(product_id: int) -> Any:
    """The next version."""
    given = request.form
    questions = [
        {"key": given.get(f"key-{at}", ""), "topic": given.get(f"topic-{at}", ""), "text": given.get(f"text-{at}", ""),
         "text_en": given.get(f"text_en-{at}", "")}
        for at in range(questionnaires.MOST)
        if given.get(f"text-{at}", "").strip() or given.get(f"text_en-{at}", "").strip()
    ]  # fmt: skip
    content = {name: given.get(name, "") for name in ("title", "title_en", "open_question", "open_question_en")}
    try:
        day = date.fromisoformat(given.get("in_force_from", ""))
        reading.do(
            questionnaires.publish, product_id or None, questions=questions, in_force_from=day,
            title=content["title"], title_en=content["title_en"], open_question=content["open_question"],
            open_question_en=content["open_question_en"],
        )  # fmt: skip
    except Invalid as error:
        faults = {name: say(fault) for name, fault in error.fields.items()} or {"": say(error.text)}
        return _editor(product_id, content | {"questions": questions}, faults), 422
    except ValueError:
        faults = {"in_force_from": say(text("Choose a day."))}
        return _editor(product_id, content | {"questions": questions}, faults), 422
    flash(say(text("The questionnaire is published. Surveys that are open keep their questions.")), "good")
    return redirect(url_for("surveys.versions", product_id=product_id))


def _page(survey_id: int, faults: dict[str, str], given: Any) -> str:
    session, actor = reading.session(), reading.actor()
    found = quality_lists.survey(session, actor, survey_id)
    row = found.survey
    questionnaire = questionnaires.find(session, row.questionnaire_id)
    may_answer = row.status == surveys.OPEN and access.may(session, actor, g.now, "surveys.answer") is not None
    return render_template(
        "survey.html", row=row, client=found.client, product=found.product, questionnaire=questionnaire,
        questions=questionnaires.wording(questionnaire, locale()), scores=quality_lists.scores(session, row.id),
        manager=session.get(User, row.manager_id) if row.manager_id is not None else None,
        complaints=surveys.complaints_of(session, row.id), may_answer=may_answer, faults=faults, given=given,
        dissatisfaction=surveys.dissatisfaction(reading.environment(), row.minimum),
    )  # fmt: skip


def _editor(product_id: int, given: dict[str, Any] | None, faults: dict[str, str]) -> str:
    session = reading.session()
    product = session.get(Product, product_id) if product_id else None
    if product_id and product is None:
        raise NotFound("There is no product {id}.", id=product_id)
    rows: Sequence[Questionnaire] = questionnaires.versions(session, product_id or None)
    start: Any = given or (rows[0] if rows else None) or questionnaires.GENERAL
    names = ("title", "title_en", "questions", "open_question", "open_question_en")
    content = {name: getattr(start, name) for name in names} if isinstance(start, Questionnaire) else dict(start)
    return render_template(
        "questionnaire.html", product=product, product_id=product_id, rows=rows, content=content, faults=faults,
        topics=questionnaires.TOPICS, most=questionnaires.MOST, may_edit=_may_edit(),
        today=g.now.astimezone(g.zone).date(),
    )  # fmt: skip


def _may_edit() -> bool:
    return access.may(reading.session(), reading.actor(), g.now, "questionnaires.manage") is not None
