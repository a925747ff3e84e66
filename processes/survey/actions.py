"""What the service tasks of surveys do: thin steps over the verbs on surveys."""
from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine import notifications
from engine.actions import ActionCall, Registry
from engine.crm import questionnaires, surveys
from engine.errors import Failed
from engine.models import Contact, Deal, Product, Survey, SurveyAnswer, User
from engine.work import Work


def register(registry: Registry) -> None:
    """Steps of the survey and of its planner."""
    registry.add("survey.needed", needed)
    registry.add("survey.open", ask)
    registry.add("survey.invite", invite)
    registry.add("survey.record", record)
    registry.add("survey.end", end)
    registry.add("survey.result", result)
    registry.add("survey.due", due)


def needed(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> survey_needed, survey_product_id: the product that is new to the client (R121)."""
    deal = work.session.get(Deal, call.instance.deal_id) if call.instance.deal_id is not None else None
    if deal is None:
        raise Failed("The action {element} needs a deal.", element=call.element_id)
    wanted, product_id = surveys.needed(work.session, deal, work.now)
    return {"survey_needed": wanted, "survey_product_id": product_id}


def ask(work: Work, call: ActionCall) -> dict[str, Any]:
    """client_id, product_id, deal_id, survey_reason of whoever calls or starts -> survey_id, survey_was_open,
    survey_by_mail, survey_by_phone, survey_marks (rows of the phone form), survey_product, survey_data (for the paper),
    survey_waits (who called handles a bad answer himself)."""
    given = call.variables
    client_id = call.instance.client_id or _whole(given.get("client_id"))
    product_id, deal_id = _whole(given.get("product_id")), call.instance.deal_id or _whole(given.get("deal_id"))
    if client_id is None:
        raise Failed("The action {element} needs a client.", element=call.element_id)
    call.instance.client_id = client_id
    old = surveys.open_of(work.session, client_id, product_id)
    row = old or surveys.ask(
        work, client_id, str(given.get("survey_reason") or "yearly"), product_id=product_id, deal_id=deal_id,
        contact_id=_whole(given.get("contact_id")), instance_id=call.instance.id,
    )  # fmt: skip
    contact = work.session.get(Contact, row.contact_id) if row.contact_id is not None else None
    product = work.session.get(Product, row.product_id) if row.product_id is not None else None
    deal = work.session.get(Deal, row.deal_id) if row.deal_id is not None else None
    questionnaire = questionnaires.find(work.session, row.questionnaire_id)
    questions = questionnaires.wording(questionnaire, "ru")
    name = product.name if product else (deal.title if deal else None)
    return {
        "deal_id": row.deal_id, "survey_id": row.id, "survey_was_open": old is not None, "client_id": client_id,
        "contact_id": row.contact_id,
        "survey_by_mail": surveys.may_ask(work.session, work.env, contact, "mail"),
        "survey_by_phone": surveys.may_ask(work.session, work.env, contact, "phone"),
        "survey_reason": row.reason, "survey_product": name, "survey_waits": bool(given.get("survey_waits")),
        "survey_marks": [{"question": one["key"], "text": one["text"], "score": None} for one in questions],
        "survey_open_question": questionnaire.open_question,
        "survey_data": {"product": name or "наша работа", "questions": [one["text"] for one in questions],
                        "open_question": questionnaire.open_question},
        "survey_score": None, "survey_outcome": "unanswered", "survey_explicitness": None, "survey_essence": None,
        "survey_against": None, "survey_wants_call": False, "survey_comment": None, "questionnaire_id": None,
    }  # fmt: skip


def invite(work: Work, call: ActionCall) -> dict[str, Any]:
    """document: a letter with the one-time link, and the questionnaire on paper if there is one -> survey_until."""
    row = surveys.find(work.session, _id(call))
    contact = work.session.get(Contact, row.contact_id) if row.contact_id is not None else None
    if contact is None or not contact.email:
        raise Failed("The action {element} needs somebody to write to.", element=call.element_id)
    link = f"{str(work.env.setting('public.address')).rstrip('/')}/survey/{surveys.make_link(work, row.id)}"
    company = work.env.setting("company")
    until = row.expires_at.astimezone(work.env.calendar(call.instance.office).zone) if row.expires_at else None
    body = (
        f"Здравствуйте, {contact.first}!\n\n"
        f"Оцените, пожалуйста, нашу работу: {call.variables.get('survey_product') or company['name']}. "
        "Это займёт две минуты.\n\n"
        f"{link}\n\n"
        f"Ссылка только для Вас, она работает один раз и до {until:%d.%m.%Y}. "
        f"Можно и просто ответить на это письмо или позвонить: {company['phone']}.\n\n"
        f"С уважением,\n{company['name']}"
    )
    document = _whole(call.inputs.get("document"))
    notifications.write(
        work, call.key, contact.email, f"Оцените, пожалуйста, нашу работу: {company['name']}", body,
        instance=call.instance, documents=[document] if document is not None else [],
    )  # fmt: skip
    return {"survey_until": row.expires_at}


def record(work: Work, call: ActionCall) -> None:
    """What the operator heard: phone_result (answered, refused, no_answer), survey_marks, survey_comment …"""
    given = call.variables
    row = surveys.find(work.session, _id(call))
    if row.status != surveys.OPEN:  # the link was used while the operator was calling
        return
    if given["phone_result"] == "answered":
        scores = {one["question"]: one["score"] for one in given["survey_marks"]}
        marks = surveys.Marks(scores, given.get("survey_comment"), given.get("survey_recommends"),
                              given.get("survey_wants_call") is True)  # fmt: skip
        surveys.answer(work, row.id, marks, "phone")
    else:
        surveys.end(work, row.id, surveys.REFUSED if given["phone_result"] == "refused" else surveys.UNANSWERED)


def end(work: Work, call: ActionCall) -> None:
    """status: nobody can be asked."""
    row = surveys.find(work.session, _id(call))
    if row.status == surveys.OPEN:
        surveys.end(work, row.id, str(call.inputs["status"]))


def result(work: Work, call: ActionCall) -> dict[str, Any]:
    """-> survey_score (the worst mark or null), survey_outcome, survey_explicitness (null: satisfied), survey_essence
    and survey_against (for the complaint), survey_wants_call, survey_comment, survey_recommends."""
    row = surveys.find(work.session, _id(call))
    explicitness = surveys.dissatisfaction(work.env, row.minimum)
    topics = surveys.low_topics(work.session, row.id)
    manager = work.session.get(User, row.manager_id) if row.manager_id is not None else None
    return {
        "survey_score": row.minimum, "survey_outcome": row.status, "survey_explicitness": explicitness,
        "survey_essence": _essence(work, row), "survey_wants_call": row.wants_call, "survey_comment": row.comment,
        "survey_against": manager.login if manager and "manager" in topics else None,
        "survey_recommends": row.recommends, "survey_product_id": row.product_id,
    }  # fmt: skip


def due(work: Work, _call: ActionCall) -> dict[str, Any]:
    """-> due_clients: ids of those who have not been asked for nearly a year (R117, CP-21)."""
    return {"due_clients": surveys.due(work.session, work.env, work.now), "due_at": 1}


def _essence(work: Work, row: Survey) -> str:
    questionnaire = questionnaires.find(work.session, row.questionnaire_id)
    rows = select(SurveyAnswer).where(SurveyAnswer.survey_id == row.id)
    scores = {one.question: one.score for one in work.session.scalars(rows)}
    low = [f"{one['text']} — {scores[one['key']]}" for one in questionnaire.questions if scores.get(one["key"], 5) <= 3]
    said = [f"Низкие оценки в опросе: {'; '.join(low)}."] if low else []
    return "\n".join([*said, *([f"Слова клиента: {row.comment}"] if row.comment else [])])


def _id(call: ActionCall) -> int:
    found = _whole(call.variables.get("survey_id"))
    if found is None:
        raise Failed("The action {element} needs a survey.", element=call.element_id)
    return found


def _whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)
