"""Segments, products and prices, campaigns, consents, contacts with clients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0005_client_relations"
down_revision = "0004_documents"


def upgrade() -> None:
    _part_1()


def _part_1() -> None:
    op.create_table(
        "competitor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_competitor"),
        sa.UniqueConstraint("name", name="uq_competitor_name"),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("general", sa.Boolean(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_list"),
        sa.UniqueConstraint("key", name="uq_price_list_key"),
    )
    op.create_table(
        "segment_parameter",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("nature", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_segment_parameter"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("key", name="uq_source_key"),
    )
    op.create_table(
        "matrix",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name="fk_matrix_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_matrix"),
        sa.UniqueConstraint("version", name="uq_matrix_version"),
    )
    op.create_table(
        "source_cost",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_source_cost_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_source_cost"),
        sa.UniqueConstraint("source_id", "month", name="uq_source_cost_source_id_month"),
    )
    op.create_table(
        "template_version",
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["approved_by"], ["user_.id"], name="fk_template_version_approved_by"),
        sa.PrimaryKeyConstraint("template", "version", name="pk_template_version"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("aim", sa.String(), nullable=False),
        sa.Column("offer", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("selection", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("budget", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("cost", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("conclusions", sa.String(), nullable=True),
        sa.Column("previous_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name="fk_campaign_owner_id"),
        sa.ForeignKeyConstraint(["previous_id"], ["campaign.id"], name="fk_campaign_previous_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_campaign_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("number", name="uq_campaign_number"),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_status", ["status"], unique=False)

    op.create_table(
        "competitor_price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("competitor_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["competitor_id"], ["competitor.id"], name="fk_competitor_price_competitor_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_competitor_price_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_competitor_price"),
    )
    with op.batch_alter_table("competitor_price", schema=None) as batch_op:
        batch_op.create_index("ix_competitor_price_competitor_id", ["competitor_id"], unique=False)
        batch_op.create_index("ix_competitor_price_product_id", ["product_id"], unique=False)

    op.create_table(
        "price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("min_quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name="fk_price_price_list_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_price_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_price"),
        sa.UniqueConstraint(
            "price_list_id", "product_id", "min_quantity", name="uq_price_price_list_id_product_id_min_quantity"
        ),
    )
    with op.batch_alter_table("price", schema=None) as batch_op:
        batch_op.create_index("ix_price_price_list_id", ["price_list_id"], unique=False)
        batch_op.create_index("ix_price_product_id", ["product_id"], unique=False)

    op.create_table(
        "questionnaire",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("questions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("open_question", sa.String(), nullable=True),
        sa.Column("open_question_en", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_questionnaire_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_questionnaire"),
        sa.UniqueConstraint("product_id", "version", name="uq_questionnaire_product_id_version"),
    )
    op.create_table(
        "sales_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name="fk_sales_plan_owner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_sales_plan_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales_plan"),
        sa.UniqueConstraint("month", "owner_id", "product_id", name="uq_sales_plan_month_owner_id_product_id"),
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("matrix_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("portrait", sa.String(), nullable=True),
        sa.Column("specialist_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["matrix_id"], ["matrix.id"], name="fk_segment_matrix_id"),
        sa.ForeignKeyConstraint(["specialist_id"], ["user_.id"], name="fk_segment_specialist_id"),
        sa.PrimaryKeyConstraint("id", name="pk_segment"),
        sa.UniqueConstraint("matrix_id", "key", name="uq_segment_matrix_id_key"),
    )
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.create_index("ix_segment_matrix_id", ["matrix_id"], unique=False)

    op.create_table(
        "class_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("abc", sa.String(), nullable=True),
        sa.Column("xyz", sa.String(), nullable=True),
        sa.Column("variation", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("development", sa.Numeric(precision=5, scale=1), nullable=True),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("turnover", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_class_history_client_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_class_history_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_class_history"),
    )
    with op.batch_alter_table("class_history", schema=None) as batch_op:
        batch_op.create_index("ix_class_history_client_on", ["client_id", "on_date"], unique=False)

    op.create_table(
        "client_product",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("used_since", sa.Date(), nullable=True),
        sa.Column("contract_until", sa.Date(), nullable=True),
        sa.Column("refused_on", sa.Date(), nullable=True),
        sa.Column("refusal_category", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_client_product_client_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_client_product_product_id"),
        sa.PrimaryKeyConstraint("client_id", "product_id", name="pk_client_product"),
    )
    with op.batch_alter_table("client_product", schema=None) as batch_op:
        batch_op.create_index("ix_client_product_product_id", ["product_id"], unique=False)

    op.create_table(
        "loyalty_card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("discount", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("bearer", sa.Boolean(), nullable=False),
        sa.Column("terms", sa.String(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_loyalty_card_client_id"),
        sa.PrimaryKeyConstraint("id", name="pk_loyalty_card"),
        sa.UniqueConstraint("number", name="uq_loyalty_card_number"),
        sa.UniqueConstraint("token_hash", name="uq_loyalty_card_token_hash"),
    )
    with op.batch_alter_table("loyalty_card", schema=None) as batch_op:
        batch_op.create_index("ix_loyalty_card_client_id", ["client_id"], unique=False)

    op.create_table(
        "segment_product",
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_segment_product_product_id"),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name="fk_segment_product_segment_id"),
        sa.PrimaryKeyConstraint("segment_id", "product_id", name="pk_segment_product"),
    )
    op.create_table(
        "campaign_recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("replied_at", UtcDateTime(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_recipient_campaign_id"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_campaign_recipient_client_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_campaign_recipient_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_recipient"),
        sa.UniqueConstraint("campaign_id", "client_id", name="uq_campaign_recipient_campaign_id_client_id"),
        sa.UniqueConstraint("token_hash", name="uq_campaign_recipient_token_hash"),
    )
    with op.batch_alter_table("campaign_recipient", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_recipient_campaign_id", ["campaign_id"], unique=False)
        batch_op.create_index("ix_campaign_recipient_client_id", ["client_id"], unique=False)

    op.create_table(
        "interest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("need", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_interest_client_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_interest_deal_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_interest_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_interest"),
    )
