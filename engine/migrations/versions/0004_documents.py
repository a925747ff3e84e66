"""Documents and stored files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0004_documents"
down_revision = "0003_instances_tasks_and_jobs"


def upgrade() -> None:
    op.create_table(
        "number_sequence",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "year", name=("pk_number_sequence")),
    )
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name=("fk_stored_file_created_by")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_stored_file_instance_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_stored_file")),
    )
    op.create_index(("ix_stored_file_instance_id"), "stored_file", ["instance_id"], unique=False)
    op.create_index(("ix_stored_file_sha256"), "stored_file", ["sha256"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.Column("total", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("docx_id", sa.Integer(), nullable=True),
        sa.Column("pdf_id", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("locked_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name=("fk_document_created_by")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_document_deal_id")),
        sa.ForeignKeyConstraint(["docx_id"], ["stored_file.id"], name=("fk_document_docx_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_document_instance_id")),
        sa.ForeignKeyConstraint(["pdf_id"], ["stored_file.id"], name=("fk_document_pdf_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_document")),
        sa.UniqueConstraint("kind", "number", "version", name=("uq_document_kind_number_version")),
        sa.UniqueConstraint("request_key", name=("uq_document_request_key")),
    )
    op.create_index(("ix_document_deal_id"), "document", ["deal_id"], unique=False)
    op.create_index(("ix_document_instance_id"), "document", ["instance_id"], unique=False)
    op.create_table(
        "scheduled_payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("share", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("sum", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("received", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_scheduled_payment_deal_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["document.id"], name=("fk_scheduled_payment_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_scheduled_payment")),
    )
    op.create_index(("ix_scheduled_payment_deal_id"), "scheduled_payment", ["deal_id"], unique=False)
