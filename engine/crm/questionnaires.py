"""Questionnaires: each product has its own, in versions; a general one stands in for the rest (R118-R120)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.errors import Invalid, NotFound, Text, text
from engine.models import Product, Questionnaire
from engine.work import Work

TOPICS = ("product", "delivery", "payment", "manager", "service")
IN_FORCE, WITHDRAWN = "in_force", "withdrawn"
FEWEST, MOST = 1, 7  # a questionnaire is simple (R119)
LONGEST = 200
GENERAL: Mapping[str, Any] = {
    "title": "Общая анкета",
    "title_en": "General questionnaire",
    "questions": [
        {"key": "result", "topic": "product", "text": "Насколько результат соответствует Вашим ожиданиям?",
         "text_en": "How well does the result meet your expectations?"},
        {"key": "terms", "topic": "delivery", "text": "Как Вы оцениваете соблюдение сроков?",
         "text_en": "How do you rate the keeping of dates?"},
        {"key": "manager", "topic": "manager", "text": "Как Вы оцениваете работу Вашего менеджера?",
         "text_en": "How do you rate the work of your manager?"},
        {"key": "documents", "topic": "payment", "text": "Насколько удобны были оплата и оформление документов?",
         "text_en": "How convenient were payment and paperwork?"},
        {"key": "price", "topic": "product", "text": "Как Вы оцениваете соотношение цены и качества?",
         "text_en": "How do you rate the value for money?"},
    ],
    "open_question": "Что нам следует улучшить в первую очередь?",
    "open_question_en": "What should we improve first?",
}  # fmt: skip


def in_force(session: Session, product_id: int | None, on: date) -> Questionnaire | None:
    """The product's own questionnaire in force on this day, else the general one (R118)."""
    own = or_(Questionnaire.product_id == product_id, Questionnaire.product_id.is_(None))
    query = select(Questionnaire).where(own, Questionnaire.status == IN_FORCE, Questionnaire.in_force_from <= on)
    rows = session.scalars(query).all()
    ranked = sorted(rows, key=lambda row: (row.product_id is not None, row.in_force_from, row.version))
    return ranked[-1] if ranked else None


def versions(session: Session, product_id: int | None) -> list[Questionnaire]:
    """All versions about a product (None: about any), newest first."""
    query = select(Questionnaire).where(_about(product_id))
    return list(session.scalars(query.order_by(Questionnaire.version.desc())))


def find(session: Session, questionnaire_id: int) -> Questionnaire:
    """Raises NotFound."""
    row = session.get(Questionnaire, questionnaire_id)
    if row is None:
        raise NotFound("There is no questionnaire {id}.", id=questionnaire_id)
    return row


def publish(
    work: Work, product_id: int | None, *, title: str, title_en: str, questions: Sequence[Mapping[str, Any]],
    open_question: str | None, open_question_en: str | None, in_force_from: date,
) -> Questionnaire:  # fmt: skip
    """A new version of the product's questionnaire, or of the general one. Surveys that are open keep theirs.

    Raises NotFound, Forbidden, Invalid by field (``questions[1].text``).
    """
    access.require(work, "questionnaires.manage")
    if product_id is not None and work.session.get(Product, product_id) is None:
        raise NotFound("There is no product {id}.", id=product_id)
    faults: dict[str, Text] = {
        name: text("Fill this in.") for name, value in (("title", title), ("title_en", title_en)) if not value.strip()
    }
    rows = [_question(at, row, faults) for at, row in enumerate(questions)]
    if not FEWEST <= len(rows) <= MOST:
        faults["questions"] = text("A questionnaire has from {least} to {most} questions.", least=FEWEST, most=MOST)
    if len({row["key"] for row in rows}) < len(rows):
        faults["questions"] = text("Every question needs a key of its own.")
    if faults:
        raise Invalid("The questionnaire cannot be published yet.", fields=faults)
    return _add(
        work, product_id, title=title.strip(), title_en=title_en.strip(), questions=rows,
        open_question=(open_question or "").strip() or None, open_question_en=(open_question_en or "").strip() or None,
        in_force_from=in_force_from,
    )  # fmt: skip


def withdraw(work: Work, questionnaire_id: int) -> Questionnaire:
    """Nobody is asked by this version any more. Raises NotFound, Forbidden, Invalid (the last general one)."""
    access.require(work, "questionnaires.manage")
    row = find(work.session, questionnaire_id)
    others = [one for one in versions(work.session, None) if one.status == IN_FORCE and one.id != row.id]
    if row.product_id is None and not others:
        raise Invalid("The general questionnaire stands in where a product has none: publish another one first.")
    row.status = WITHDRAWN
    audit.record(work, "questionnaire.withdrawn", subject=f"questionnaire:{row.id}", version=row.version)
    return row


def ensure_general(work: Work, on: date) -> Questionnaire:
    """The general questionnaire; made when a company begins without one."""
    found = in_force(work.session, None, on)
    return found if found is not None else _add(work, None, in_force_from=on, **GENERAL)


def wording(row: Questionnaire, locale: str) -> list[dict[str, str]]:
    """The questions in the reader's language: key, topic, text."""
    name = "text_en" if locale == "en" else "text"
    return [{"key": one["key"], "topic": one["topic"], "text": one.get(name) or one["text"]} for one in row.questions]


def _add(work: Work, product_id: int | None, *, in_force_from: date, **content: Any) -> Questionnaire:
    last = work.session.scalar(select(func.max(Questionnaire.version)).where(_about(product_id))) or 0
    row = Questionnaire(
        product_id=product_id, version=last + 1, status=IN_FORCE, in_force_from=in_force_from, **content
    )
    work.session.add(row)
    work.session.flush()
    audit.record(
        work, "questionnaire.published", subject=f"questionnaire:{row.id}", product_id=product_id, version=row.version,
        questions=len(row.questions),
    )  # fmt: skip
    return row


def _about(product_id: int | None) -> Any:
    return Questionnaire.product_id.is_(None) if product_id is None else Questionnaire.product_id == product_id


def _question(at: int, row: Mapping[str, Any], faults: dict[str, Text]) -> dict[str, str]:
    made = {name: str(row.get(name) or "").strip() for name in ("key", "topic", "text", "text_en")}
    made["key"] = made["key"] or f"q{at + 1}"
    if not made["key"].isidentifier():
        faults[f"questions[{at}].key"] = text("Use letters, digits and underscores; begin with a letter.")
    if made["topic"] not in TOPICS:
        faults[f"questions[{at}].topic"] = text("Choose from the list.")
    for name in ("text", "text_en"):
        if not made[name] or len(made[name]) > LONGEST:
            fault = text("Write the question, in at most {limit} characters.", limit=LONGEST)
            faults[f"questions[{at}].{name}"] = fault
    return made
