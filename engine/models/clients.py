"""Clients, the people there, what they allowed, what was said, what they use."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Json


class Client(Base):
    """A client: legal, ip (entrepreneur) or person; or an independent unit of one (``parent_id``, R081).

    ``requisites``: address, bank, account, bik, corr_account … ``role``: client, partner, agent or competitor (R196).
    ``segment``: key of its segment by the matrix in force, null for non-target. ``profile``: values of the segment
    parameters by key. ``state``, ``abc``, ``xyz``, ``development`` (per cent): as last calculated; their history
    is ClassHistory. ``target``: false for one who fits no segment and is not developed. ``next_*``: the agreed next
    contact between sales (R137). ``recommended_by_id``: who recommended us (R093). ``territory``: region or branch.
    ``phone_key``, ``email_key``: phone and mail as they are compared (engine/phones.py). ``merged_into_id``: this
    one was a double; everything of it stands with that client now.
    """

    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    full_name: Mapped[str]
    inn: Mapped[str | None] = mapped_column(index=True)
    kpp: Mapped[str | None]
    ogrn: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    role: Mapped[str] = mapped_column(default="client", server_default="client")
    state: Mapped[str] = mapped_column(default="potential", server_default="potential", index=True)
    abc: Mapped[str | None]
    xyz: Mapped[str | None]
    development: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    segment: Mapped[str | None] = mapped_column(index=True)
    target: Mapped[bool] = mapped_column(default=True, server_default="1")
    profile: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    territory: Mapped[str | None] = mapped_column(index=True)
    stop_list: Mapped[bool] = mapped_column(default=False)
    stop_reason: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"), index=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    recommended_by_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    preferred_channel: Mapped[str | None]
    company_day: Mapped[date | None]
    next_contact_on: Mapped[date | None] = mapped_column(index=True)
    next_contact_purpose: Mapped[str | None]
    next_contact_product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    phone_key: Mapped[str | None] = mapped_column(index=True)
    email_key: Mapped[str | None] = mapped_column(index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    requisites: Mapped[Json]
    created_at: Mapped[datetime]
    contacts: Mapped[list[Contact]] = relationship(back_populates="client", order_by="Contact.id")


class Contact(Base):
    """A person at a client. ``signs``: may sign for it, ``basis``: on what ground (устава, доверенности № …).
    ``genitive``/``dative``: the full name declined by hand where the rules get it wrong. ``checked_at``: when the data
    were last found right (R287). ``phone_key``, ``email_key``: as they are compared. ``superior_id``: to whom he
    reports there (R184)."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    last: Mapped[str]
    first: Mapped[str]
    middle: Mapped[str | None]
    gender: Mapped[str | None]
    position: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    birth_date: Mapped[date | None]
    genitive: Mapped[str | None]
    dative: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default="1")
    checked_at: Mapped[datetime | None]
    phone_key: Mapped[str | None] = mapped_column(index=True)
    email_key: Mapped[str | None] = mapped_column(index=True)
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    signs: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[str | None]
    client: Mapped[Client] = relationship(back_populates="contacts")


class Consent(Base):
    """A person's permission: ``purpose`` personal_data, advertising or survey; ``channel``: mail, phone, sms or any.

    Given with a version of the text, at a moment, from an address or by a signed file; withdrawn, never deleted.
    """

    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    purpose: Mapped[str]
    channel: Mapped[str] = mapped_column(default="any")
    text_version: Mapped[str]
    given_at: Mapped[datetime]
    ip: Mapped[str | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    withdrawn_at: Mapped[datetime | None]


class ContactRecord(Base):
    """One line of the contact log: what was said to or by a client, through whatever channel (R046, R173).

    ``direction``: in or out. ``channel``: phone, mail, meeting, web, chat, sms, fax, post. ``result``: answered,
    no_answer, later, refused, interested, wrong_contact, sent, replied. ``agreed``: what was agreed (R297).
    """

    __tablename__ = "contact_record"
    __table_args__ = (
        Index("ix_contact_record_client_at", "client_id", "at"),
        Index("ix_contact_record_user_at", "user_id", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_.id"))
    at: Mapped[datetime]
    direction: Mapped[str]
    channel: Mapped[str]
    purpose: Mapped[str]
    result: Mapped[str | None]
    note: Mapped[str | None]
    agreed: Mapped[str | None]
    minutes: Mapped[int | None]


class ClientProduct(Base):
    """How a client stands with a product outside open deals: used since, or refused on a day for a reason (R040)."""

    __tablename__ = "client_product"
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True, index=True)
    used_since: Mapped[date | None]
    contract_until: Mapped[date | None]
    refused_on: Mapped[date | None]
    refusal_category: Mapped[str | None]
    note: Mapped[str | None]


class Interest(Base):
    """A need a client named: in one of our products, or in something we do not have (R006, R038, R214)."""

    __tablename__ = "interest"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    need: Mapped[str]
    at: Mapped[datetime]


class ClassHistory(Base):
    """What a client (or one product direction at a client: ``product_id``) was, as calculated on a day (R077).

    ``base``: turnover, income or margin. The classes are of the period ``period_from``..``period_to``, both included.
    """

    __tablename__ = "class_history"
    __table_args__ = (Index("ix_class_history_client_on", "client_id", "on_date"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    on_date: Mapped[date]
    abc: Mapped[str | None]
    xyz: Mapped[str | None]
    variation: Mapped[Decimal | None] = mapped_column(Numeric(9, 2))
    state: Mapped[str]
    development: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    base: Mapped[str]
    turnover: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    period_from: Mapped[date]
    period_to: Mapped[date]
