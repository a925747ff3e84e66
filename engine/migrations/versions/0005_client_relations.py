"""Segments, campaigns, loyalty, complaints, surveys, knowledge, assignments, settlements, imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0005_client_relations"
down_revision = "0004_documents"


def upgrade() -> None:
    _part_1()
    _part_2()
    _part_3()
    _part_4()
    _part_5()
    _part_6()


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


def _part_2() -> None:
    with op.batch_alter_table("interest", schema=None) as batch_op:
        batch_op.create_index("ix_interest_client_id", ["client_id"], unique=False)

    op.create_table(
        "contact_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("agreed", sa.String(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_contact_record_campaign_id"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_contact_record_client_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_contact_record_contact_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_contact_record_deal_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_contact_record_instance_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_contact_record_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_record"),
    )
    with op.batch_alter_table("contact_record", schema=None) as batch_op:
        batch_op.create_index("ix_contact_record_client_at", ["client_id", "at"], unique=False)
        batch_op.create_index("ix_contact_record_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_contact_record_user_at", ["user_id", "at"], unique=False)

    op.create_table(
        "diagnosis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("filled_by", sa.Integer(), nullable=True),
        sa.Column("marks", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["filled_by"], ["user_.id"], name="fk_diagnosis_filled_by"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_diagnosis_instance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_diagnosis"),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("manager_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=True),
        sa.Column("mean", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("recommends", sa.Boolean(), nullable=True),
        sa.Column("wants_call", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_survey_client_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_survey_contact_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_survey_deal_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_survey_instance_id"),
        sa.ForeignKeyConstraint(["manager_id"], ["user_.id"], name="fk_survey_manager_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_survey_product_id"),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaire.id"], name="fk_survey_questionnaire_id"),
        sa.PrimaryKeyConstraint("id", name="pk_survey"),
        sa.UniqueConstraint("token_hash", name="uq_survey_token_hash"),
    )
    with op.batch_alter_table("survey", schema=None) as batch_op:
        batch_op.create_index("ix_survey_client_answered", ["client_id", "answered_at"], unique=False)
        batch_op.create_index("ix_survey_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_survey_status", ["status"], unique=False)

    op.create_table(
        "complaint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("sender", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sender_ip", sa.String(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("survey_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("explicitness", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("incoming_number", sa.String(), nullable=True),
        sa.Column("essence", sa.String(), nullable=False),
        sa.Column("demand", sa.String(), nullable=True),
        sa.Column("against_id", sa.Integer(), nullable=True),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_at", UtcDateTime(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("importance", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("remedy", sa.String(), nullable=True),
        sa.Column("findings", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("assigned_at", UtcDateTime(), nullable=True),
        sa.Column("investigated_at", UtcDateTime(), nullable=True),
        sa.Column("remedied_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("term_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["against_id"], ["user_.id"], name="fk_complaint_against_id"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_complaint_client_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_complaint_contact_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_complaint_deal_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_complaint_instance_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_complaint_product_id"),
        sa.ForeignKeyConstraint(["responsible_id"], ["user_.id"], name="fk_complaint_responsible_id"),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name="fk_complaint_survey_id"),
        sa.PrimaryKeyConstraint("id", name="pk_complaint"),
        sa.UniqueConstraint("number", name="uq_complaint_number"),
    )
    with op.batch_alter_table("complaint", schema=None) as batch_op:
        batch_op.create_index("ix_complaint_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_complaint_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_complaint_received_at", ["received_at"], unique=False)
        batch_op.create_index("ix_complaint_responsible_id", ["responsible_id"], unique=False)
        batch_op.create_index("ix_complaint_sender_ip", ["sender_ip"], unique=False)
        batch_op.create_index("ix_complaint_stage", ["stage"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_consent_contact_id"),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name="fk_consent_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_contact_id", ["contact_id"], unique=False)

    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("faults", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["user_.id"], name="fk_import_run_by_id"),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name="fk_import_run_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
    )
    op.create_table(
        "survey_answer",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name="fk_survey_answer_survey_id"),
        sa.PrimaryKeyConstraint("survey_id", "question", name="pk_survey_answer"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("expected", sa.String(), nullable=True),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("executor_id", sa.Integer(), nullable=True),
        sa.Column("executor_group", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("redirects", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_assignment_client_id"),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name="fk_assignment_complaint_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_assignment_deal_id"),
        sa.ForeignKeyConstraint(["executor_id"], ["user_.id"], name="fk_assignment_executor_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_assignment_instance_id"),
        sa.ForeignKeyConstraint(["issuer_id"], ["user_.id"], name="fk_assignment_issuer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.UniqueConstraint("number", name="uq_assignment_number"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_client_id", ["client_id"], unique=False)
        batch_op.create_index("ix_assignment_complaint_id", ["complaint_id"], unique=False)
        batch_op.create_index("ix_assignment_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_assignment_executor_id", ["executor_id"], unique=False)
        batch_op.create_index("ix_assignment_issuer_id", ["issuer_id"], unique=False)
        batch_op.create_index("ix_assignment_status", ["status"], unique=False)

    op.create_table(
        "knowledge_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name="fk_knowledge_item_complaint_id"),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name="fk_knowledge_item_created_by"),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name="fk_knowledge_item_file_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_knowledge_item_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_knowledge_item"),
    )
    with op.batch_alter_table("knowledge_item", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_item_kind", ["kind"], unique=False)

    op.create_table(
        "bank_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("payer_inn", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("how", sa.String(), nullable=True),
        sa.Column("note", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_bank_line_client_id"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_bank_line_deal_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["user_.id"], name="fk_bank_line_decided_by"),
        sa.ForeignKeyConstraint(["import_id"], ["import_run.id"], name="fk_bank_line_import_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_bank_line_payment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bank_line"),
        sa.UniqueConstraint(
            "account", "dated", "number", "sum", "payer_inn", name="uq_bank_line_account_dated_number_sum_payer_inn"
        ),
    )


def _part_3() -> None:
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


def _part_4() -> None:
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


def _part_5() -> None:
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


def _part_6() -> None:
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
