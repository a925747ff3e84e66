"""Complaints, surveys, knowledge, assignments, imports, settlements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0006_quality_and_figures"
down_revision = "0005_client_relations"


def upgrade() -> None:
    _part_1()


def _part_1() -> None:
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
