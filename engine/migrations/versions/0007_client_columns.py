"""New columns of clients, contacts, deals, payments and products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0007_client_columns"
down_revision = "0006_quality_and_figures"


def upgrade() -> None:
    _part_1()
    _part_2()
    _part_3()
    _part_4()


def _part_1() -> None:
    with op.batch_alter_table("bank_line", schema=None) as batch_op:
        batch_op.create_index("ix_bank_line_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_bank_line_import_id", ["import_id"], unique=False)
        batch_op.create_index("ix_bank_line_status", ["status"], unique=False)

    op.create_table(
        "bonus_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["loyalty_card.id"], name="fk_bonus_entry_card_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_bonus_entry_deal_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_bonus_entry_payment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bonus_entry"),
        sa.UniqueConstraint("payment_id", name="uq_bonus_entry_payment_id"),
    )
    with op.batch_alter_table("bonus_entry", schema=None) as batch_op:
        batch_op.create_index("ix_bonus_entry_card_id", ["card_id"], unique=False)

    op.create_table(
        "knowledge_stem",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("stem", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["knowledge_item.id"], name="fk_knowledge_stem_item_id"),
        sa.PrimaryKeyConstraint("item_id", "stem", name="pk_knowledge_stem"),
    )
    with op.batch_alter_table("knowledge_stem", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_stem_stem", ["stem"], unique=False)

    op.create_table(
        "settlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("cost", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_settlement_client_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_settlement_deal_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name="fk_settlement_owner_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_settlement_payment_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_settlement_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_settlement"),
    )
    with op.batch_alter_table("settlement", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_client_dated", ["client_id", "dated"], unique=False)
        batch_op.create_index("ix_settlement_dated", ["dated"], unique=False)
        batch_op.create_index("ix_settlement_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_settlement_payment_id", ["payment_id"], unique=False)
        batch_op.create_index("ix_settlement_product_id", ["product_id"], unique=False)


def _part_2() -> None:
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("role", sa.String(), server_default="client", nullable=False))
        batch_op.add_column(sa.Column("state", sa.String(), server_default="potential", nullable=False))
        batch_op.add_column(sa.Column("xyz", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("development", sa.Numeric(precision=5, scale=1), nullable=True))
        batch_op.add_column(sa.Column("target", sa.Boolean(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("profile", sa.JSON(none_as_null=True), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("territory", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("stop_reason", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("source_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("recommended_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("price_list_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("preferred_channel", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("company_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("next_contact_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("next_contact_purpose", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("next_contact_product_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("phone_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("email_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_index("ix_client_email_key", ["email_key"], unique=False)
        batch_op.create_index("ix_client_next_contact_on", ["next_contact_on"], unique=False)
        batch_op.create_index("ix_client_owner_id", ["owner_id"], unique=False)
        batch_op.create_index("ix_client_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_client_phone_key", ["phone_key"], unique=False)
        batch_op.create_index("ix_client_segment", ["segment"], unique=False)
        batch_op.create_index("ix_client_state", ["state"], unique=False)
        batch_op.create_foreign_key("fk_client_next_contact_product_id", "product", ["next_contact_product_id"], ["id"])
        batch_op.create_foreign_key("fk_client_parent_id", "client", ["parent_id"], ["id"])
        batch_op.create_foreign_key("fk_client_price_list_id", "price_list", ["price_list_id"], ["id"])
        batch_op.create_foreign_key("fk_client_recommended_by_id", "client", ["recommended_by_id"], ["id"])
        batch_op.create_foreign_key("fk_client_merged_into_id", "client", ["merged_into_id"], ["id"])
        batch_op.create_foreign_key("fk_client_source_id", "source", ["source_id"], ["id"])


def _part_3() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("birth_date", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("genitive", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("dative", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("active", sa.Boolean(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("checked_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("phone_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("email_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("superior_id", sa.Integer(), nullable=True))
        batch_op.create_index("ix_contact_email_key", ["email_key"], unique=False)
        batch_op.create_index("ix_contact_phone_key", ["phone_key"], unique=False)
        batch_op.create_foreign_key("fk_contact_superior_id", "contact", ["superior_id"], ["id"])

    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("campaign_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("caused_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("competitor_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("refusal_category", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("refusal_milestone", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("need", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("probability", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("expected_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("next_step", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("next_step_on", sa.Date(), nullable=True))
        batch_op.create_index("ix_deal_campaign_id", ["campaign_id"], unique=False)
        batch_op.create_index("ix_deal_refusal_category", ["refusal_category"], unique=False)
        batch_op.create_index("ix_deal_source_id", ["source_id"], unique=False)
        batch_op.create_foreign_key("fk_deal_campaign_id", "campaign", ["campaign_id"], ["id"])
        batch_op.create_foreign_key("fk_deal_competitor_id", "competitor", ["competitor_id"], ["id"])
        batch_op.create_foreign_key("fk_deal_source_id", "source", ["source_id"], ["id"])
        batch_op.create_foreign_key("fk_deal_caused_by_id", "deal", ["caused_by_id"], ["id"])

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("advance_document_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_payment_advance_document_id", "document", ["advance_document_id"], ["id"])


def _part_4() -> None:
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(sa.Column("direction_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("head_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("cost", sa.Numeric(precision=18, scale=2), nullable=True))
        batch_op.add_column(sa.Column("description", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("simple", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("every_months", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_on", sa.Date(), nullable=True))
        batch_op.create_index("ix_product_direction_id", ["direction_id"], unique=False)
        batch_op.create_foreign_key("fk_product_direction_id", "product", ["direction_id"], ["id"])
        batch_op.create_foreign_key("fk_product_head_id", "user_", ["head_id"], ["id"])
