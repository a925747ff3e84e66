"""Clients and deals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0002_clients_and_deals"
down_revision = "0001_people_and_definitions"


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", name=("pk_product")),
        sa.UniqueConstraint("code", name=("uq_product_code")),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("inn", sa.String(), nullable=True),
        sa.Column("kpp", sa.String(), nullable=True),
        sa.Column("ogrn", sa.String(), nullable=True),
        sa.Column("abc", sa.String(), nullable=True),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("stop_list", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("requisites", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name=("fk_client_owner_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_client")),
    )
    op.create_index(("ix_client_inn"), "client", ["inn"], unique=False)
    op.create_index(("ix_client_name"), "client", ["name"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("middle", sa.String(), nullable=True),
        sa.Column("gender", sa.String(), nullable=True),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("signs", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=("fk_contact_client_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_contact")),
    )
    op.create_index(("ix_contact_client_id"), "contact", ["client_id"], unique=False)
    op.create_table(
        "deal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("initiative", sa.String(), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("sale_kind", sa.String(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=False),
        sa.Column("milestone_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("vat_mode", sa.String(), nullable=False),
        sa.Column("discount", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("refusal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("next_contact", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=("fk_deal_client_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=("fk_deal_contact_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name=("fk_deal_owner_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_deal")),
        sa.UniqueConstraint("number", name=("uq_deal_number")),
    )
    op.create_index(("ix_deal_client_id"), "deal", ["client_id"], unique=False)
    op.create_index(("ix_deal_milestone"), "deal", ["milestone"], unique=False)
    op.create_index(("ix_deal_owner_id"), "deal", ["owner_id"], unique=False)
    op.create_index(("ix_deal_status"), "deal", ["status"], unique=False)
    op.create_table(
        "deal_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_deal_line_deal_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=("fk_deal_line_product_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_deal_line")),
    )
    op.create_index(("ix_deal_line_deal_id"), "deal_line", ["deal_id"], unique=False)
    op.create_table(
        "milestone_reached",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_milestone_reached_deal_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_milestone_reached")),
    )
    op.create_index(("ix_milestone_reached_deal_id"), "milestone_reached", ["deal_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_payment_deal_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_payment")),
    )
    op.create_index(("ix_payment_deal_id"), "payment", ["deal_id"], unique=False)
