"""Complaints, questionnaires, surveys and the self-diagnosis."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Json


class Complaint(Base):
    """A client's dissatisfaction, told or found out (R108-R114, R274).

    ``channel`` as in the contact log; ``form``: oral, written or survey; ``explicitness``: explicit or hidden (R122);
    ``origin``: client, survey, act, employee, payment, refusal. ``against_id``: the employee complained of, who never
    handles it. ``unit``: the group that has it now. ``stage``: registered, acknowledged, assigned, investigated,
    remedied, answered, verified, closed; a moment for each. ``verdict``: justified, partly, unjustified, not_ours.
    ``category``, ``cause``, ``importance``, ``decision``: the four signs of classification (R272). ``outcome``:
    satisfied, unsatisfied, no_answer, client_lost, joined, not_complaint. ``term_at``: the hard limit for the answer.
    One from the public page has no client until the registrar ties it to one; ``sender``: what the writer said of
    himself (name, contact, order, version of the text agreed to, files); ``sender_ip``: the address it came from.
    """

    __tablename__ = "complaint"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    sender: Mapped[Json | None]
    sender_ip: Mapped[str | None] = mapped_column(index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("survey.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    channel: Mapped[str]
    form: Mapped[str]
    explicitness: Mapped[str]
    origin: Mapped[str]
    incoming_number: Mapped[str | None]
    essence: Mapped[str]
    demand: Mapped[str | None]
    against_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"), index=True)
    unit: Mapped[str | None]
    stage: Mapped[str] = mapped_column(default="registered", index=True)
    stage_at: Mapped[datetime]
    category: Mapped[str | None]
    cause: Mapped[str | None]
    importance: Mapped[str | None]
    decision: Mapped[str | None]
    verdict: Mapped[str | None]
    remedy: Mapped[str | None]
    findings: Mapped[str | None]
    outcome: Mapped[str | None]
    reopened: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    investigated_at: Mapped[datetime | None]
    remedied_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    term_at: Mapped[datetime | None]


class Questionnaire(Base):
    """The questions about a product (``product_id``; null: about any) in a version in force from a day (R118).

    ``questions``: [{key, text, text_en, topic: product, manager, delivery, payment or service}], each answered 1 to 5.
    """

    __tablename__ = "questionnaire"
    __table_args__ = (UniqueConstraint("product_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    version: Mapped[int]
    title: Mapped[str]
    title_en: Mapped[str]
    questions: Mapped[list[Json]]
    open_question: Mapped[str | None]
    open_question_en: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="in_force")
    in_force_from: Mapped[date]


class Survey(Base):
    """One client asked about one product (or all of them). ``status``: open, answered, refused, unanswered.

    ``token_hash``: SHA-256 of the one-time link's token, which is kept nowhere. ``minimum`` decides on dissatisfaction
    (R122). ``reason``: first_sale or yearly. ``manager_id``: whose work is judged.
    """

    __tablename__ = "survey"
    __table_args__ = (Index("ix_survey_client_answered", "client_id", "answered_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    reason: Mapped[str]
    channel: Mapped[str | None]
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="open", index=True)
    minimum: Mapped[int | None]
    mean: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    recommends: Mapped[bool | None]
    wants_call: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str | None]


class SurveyAnswer(Base):
    """The mark, 1 to 5, for one question of a survey."""

    __tablename__ = "survey_answer"
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str]
    score: Mapped[int]


class Diagnosis(Base):
    """The self-diagnosis filled in on a day (R061): ``marks`` is row key -> +, +/- or -; ``plan``: what is done."""

    __tablename__ = "diagnosis"
    id: Mapped[int] = mapped_column(primary_key=True)
    on_date: Mapped[date]
    filled_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    marks: Mapped[Json]
    plan: Mapped[str | None]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
