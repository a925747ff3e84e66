"""User tasks, who may claim them, and what people have typed but not yet completed."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json, Strings, where
from engine.models.instances import ProcessInstance

FREE = "rank IS NOT NULL"
HAD = "rank IS NULL AND (completed_by IS NULL OR completed_by != assignee_id)"  # somebody had it, another ended it


class UserTask(Base):
    """Work that waits for a person.

    ``path`` as in Visit. ``due_why``: the stored explanation of the due date (engine.calendar). ``owner_id``: who
    delegated it and gets it back. ``form_key``/``form_version``: the form it shows. ``round``: the n-th time this
    element is visited in this instance. ``claimed_for``: the absent person for whom the assignee took it;
    ``completed_for``: the absent person whom ``completed_by`` stood in for.
    ``outcome``: variables the completion brought. ``settings``: the element's zeebe:property values (control point,
    document, help …). ``rank``: the place in an inbox as one number (priority,
    then due date: queries sort by nothing else), null once the task has ended, so that the index holds open tasks only.
    ``words``: what the task is found by, as it stood when the task was opened (engine.searching); ``client_id``: whose
    it is, so that lists need not go through the deal; ``procedure_key``: of the whole instance.
    ``seen_at``/``seen_by``: when somebody who may do it first opened it; until then who completed the step before may
    take it back. ``decision``: 1 for a decision about a document of somebody else, 0 for any other task.
    """

    __tablename__ = "user_task"
    __table_args__ = (
        Index("ix_user_task_inbox", "assignee_id", "rank", "follow_up_at", "due_at", **where("rank IS NOT NULL")),
        Index("ix_user_task_delegated", "owner_id", **where("rank IS NOT NULL AND owner_id IS NOT NULL")),
        Index("ix_user_task_open", "instance_id", "rank", **where("rank IS NOT NULL")),
        Index("ix_user_task_token", "token_id", "instance_id", unique=True, **where("rank IS NOT NULL")),
        Index("ix_user_task_resting", "follow_up_at", **where("rank IS NOT NULL AND follow_up_at IS NOT NULL")),
        Index("ix_user_task_due", "due_at", **where("rank IS NOT NULL AND due_at IS NOT NULL")),
        Index("ix_user_task_dates", "assignee_id", "due_at", **where("rank IS NOT NULL AND due_at IS NOT NULL")),
        Index("ix_user_task_load", "assignee_id", "process_key", "element_id", "due_at", **where("rank IS NOT NULL")),
        Index("ix_user_task_done", "completed_by", "ended_at", "instance_id", **where("completed_by IS NOT NULL")),
        Index("ix_user_task_had", "assignee_id", "instance_id", **where(HAD)),
        Index("ix_user_task_done_for", "completed_for", "ended_at", **where("completed_for IS NOT NULL")),
        Index("ix_user_task_for", "claimed_for", **where("rank IS NOT NULL AND claimed_for IS NOT NULL")),
        Index("ix_user_task_round", "instance_id", "element_id", "round"),
        Index("ix_user_task_again", "created_at", **where("round > 1")),
        Index("ix_user_task_decision", "decision", "rank", **where("decision = 1 AND rank IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token_id: Mapped[str]
    process_key: Mapped[str]
    element_id: Mapped[str]
    path: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="created")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    form_key: Mapped[str | None]
    form_version: Mapped[int | None]
    due_at: Mapped[datetime | None]
    due_why: Mapped[Json | None]
    follow_up_at: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=50)
    rank: Mapped[int | None] = mapped_column(BigInteger)
    round: Mapped[int] = mapped_column(default=1)
    settings: Mapped[Json]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    claimed_for: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    ended_at: Mapped[datetime | None]
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    completed_for: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    outcome: Mapped[Json | None]
    words: Mapped[str | None]
    decision: Mapped[int | None]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    procedure_key: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    revision: Mapped[int] = mapped_column()
    instance: Mapped[ProcessInstance] = relationship()
    candidates: Mapped[list[Candidate]] = relationship(cascade="all, delete-orphan")
    __mapper_args__ = {"version_id_col": revision}


class Candidate(Base):
    """Who may claim an open task: a group or a person. ``rank`` mirrors the task's while it may be claimed and is null
    while somebody has it; rows of ended tasks are removed (who could have claimed it stands in the log), so that the
    inbox of a group costs what is open."""

    __tablename__ = "candidate"
    __table_args__ = (
        Index("ix_candidate_group", "group_key", "rank", "task_id", **where(f"{FREE} AND group_key IS NOT NULL")),
        Index("ix_candidate_user", "user_id", "rank", "task_id", **where(f"{FREE} AND user_id IS NOT NULL")),
        Index("ix_candidate_named_group", "group_key", "task_id", **where("group_key IS NOT NULL")),
        Index("ix_candidate_named_user", "user_id", "task_id", **where("user_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), index=True)
    group_key: Mapped[str | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    rank: Mapped[int | None] = mapped_column(BigInteger)


class FormDraft(Base):
    """What a person has typed into a task's form so far. Not part of the instance; deleted at completion. Of a
    task that was withdrawn it stays readable for a while (engine.withdrawals). ``window``: the opened page that saved
    it, so that another page of the same task notices."""

    __tablename__ = "form_draft"
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), primary_key=True)
    data: Mapped[Json]
    saved_at: Mapped[datetime]
    window: Mapped[str | None]


class Comment(Base):
    """Free talk about one thing: an instance, or where no procedure runs a client, a deal or a complaint; exactly one
    of the four is set. ``mentions``: ids of the people it names, ``files``: of what is attached.

    ``withdrawn_at``: the author took it back, nothing of it is kept; ``via``: mail, where it came as a reply to one.
    """

    __tablename__ = "comment"
    __table_args__ = (
        Index("ix_comment_client", "client_id", **where("client_id IS NOT NULL")),
        Index("ix_comment_deal", "deal_id", **where("deal_id IS NOT NULL")),
        Index("ix_comment_complaint", "complaint_id", **where("complaint_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_.id"))
    at: Mapped[datetime]
    body: Mapped[str]
    mentions: Mapped[Strings | None]
    files: Mapped[Strings | None]
    withdrawn_at: Mapped[datetime | None]
    via: Mapped[str | None]
