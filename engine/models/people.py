"""Accounts, candidate groups and login sessions."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
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


class Absence(Base):
    """Who stands in for whom, from when to when (the approver's deputy). Both ends are moments."""

    __tablename__ = "absence"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    substitute_id: Mapped[int] = mapped_column(ForeignKey("user_.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None]
