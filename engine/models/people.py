"""Accounts, candidate groups and login sessions."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base


class Group(Base):
    """A candidate group. ``key`` is what diagrams name: ``manager``, ``lawyer``."""

    __tablename__ = "group_"
    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    title_en: Mapped[str]


class User(Base):
    """A person's account. ``last``/``first``/``middle`` as printed in documents; ``gender`` m or f for declension."""

    __tablename__ = "user_"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    last: Mapped[str]
    first: Mapped[str]
    middle: Mapped[str | None]
    gender: Mapped[str] = mapped_column(default="m")
    position: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="ru")
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    memberships: Mapped[list[Membership]] = relationship(back_populates="user", cascade="all, delete-orphan")

    @property
    def name(self) -> str:
        """Short name as lists show it: «Иванова Анна»."""
        return f"{self.last} {self.first}"


class Membership(Base):
    """A person's place in a group."""

    __tablename__ = "membership"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), primary_key=True)
    group_key: Mapped[str] = mapped_column(ForeignKey("group_.key"), primary_key=True, index=True)
    user: Mapped[User] = relationship(back_populates="memberships")


class LoginSession(Base):
    """A signed-in browser. Only the hash of its token is kept, so that a stolen database opens nothing."""

    __tablename__ = "login_session"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PasswordLink(Base):
    """A one-time link by which a person sets his own password. Only the hash of its token is kept."""

    __tablename__ = "password_link"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Absence(Base):
    """Who is away, from when to when; both ends are moments. ``substitutes``: who does his work meanwhile."""

    __tablename__ = "absence"
    __table_args__ = (Index("ix_absence_user", "user_id", "ends_at"), Index("ix_absence_ends_at", "ends_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None]
    planned_by: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    planned_at: Mapped[datetime | None]
    substitutes: Mapped[list[Substitution]] = relationship(
        back_populates="absence", cascade="all, delete-orphan", order_by="Substitution.id"
    )

    def __init__(self, *, substitute_id: int | None = None, **columns: Any) -> None:
        """``substitute_id``: the usual case, one person for everything."""
        super().__init__(**columns)
        if substitute_id is not None:
            self.substitutes.append(Substitution(substitute_id=substitute_id))


class Substitution(Base):
    """Somebody who stands in during an absence: for everything, for the tasks of one candidate group, or for the tasks
    of one procedure (its key)."""

    __tablename__ = "substitution"
    id: Mapped[int] = mapped_column(primary_key=True)
    absence_id: Mapped[int] = mapped_column(ForeignKey("absence.id"), index=True)
    substitute_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    group_key: Mapped[str | None] = mapped_column(ForeignKey("group_.key"))
    process_key: Mapped[str | None]
    absence: Mapped[Absence] = relationship(back_populates="substitutes")
