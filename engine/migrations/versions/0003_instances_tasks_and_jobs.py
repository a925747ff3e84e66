"""Instances, tasks, jobs, messages, control points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import PackedJson, UtcDateTime

revision = "0003_instances_tasks_and_jobs"
down_revision = "0002_clients_and_deals"


def upgrade() -> None:
    op.create_table(
        "process_instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("definition_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business_key", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("versions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("variables", PackedJson(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=("fk_process_instance_client_id")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=("fk_process_instance_deal_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definition.id"], name=("fk_process_instance_definition_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["process_instance.id"], name=("fk_process_instance_parent_id")),
        sa.ForeignKeyConstraint(["started_by"], ["user_.id"], name=("fk_process_instance_started_by")),
        sa.PrimaryKeyConstraint("id", name=("pk_process_instance")),
    )
    op.create_index(("ix_process_instance_business_key"), "process_instance", ["business_key"], unique=False)
    op.create_index(("ix_process_instance_client_id"), "process_instance", ["client_id"], unique=False)
    op.create_index(("ix_process_instance_deal_id"), "process_instance", ["deal_id"], unique=False)
    op.create_index(("ix_process_instance_definition_id"), "process_instance", ["definition_id"], unique=False)
    op.create_index(("ix_process_instance_parent_id"), "process_instance", ["parent_id"], unique=False)
    op.create_index(("ix_process_instance_status"), "process_instance", ["status"], unique=False)
    op.create_table(
        "control_point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("owner_group", sa.String(), nullable=True),
        sa.Column("planned_at", UtcDateTime(), nullable=False),
        sa.Column("planned_why", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("evidence_rule", sa.String(), nullable=False),
        sa.Column("escalation", sa.String(), nullable=True),
        sa.Column("reminder", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("actual_at", UtcDateTime(), nullable=True),
        sa.Column("deviation", sa.Double(), nullable=True),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("waived_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_control_point_instance_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name=("fk_control_point_owner_id")),
        sa.ForeignKeyConstraint(["waived_by"], ["user_.id"], name=("fk_control_point_waived_by")),
        sa.PrimaryKeyConstraint("id", name=("pk_control_point")),
    )
    op.create_index(("ix_control_point_code"), "control_point", ["code"], unique=False)
    op.create_index(("ix_control_point_instance_id"), "control_point", ["instance_id"], unique=False)
    op.create_index("ix_control_point_open", "control_point", ["status", "planned_at"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.String(), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("lateness", sa.Double(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_job_instance_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_job")),
        sa.UniqueConstraint("key", name=("uq_job_key")),
    )
    op.create_index(
        "ix_job_due",
        "job",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_job_open",
        "job",
        ["instance_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("attachments", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_mail_instance_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_mail")),
        sa.UniqueConstraint("message_id", name=("uq_mail_message_id")),
    )
    op.create_index(("ix_mail_instance_id"), "mail", ["instance_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("correlation_key", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_message_instance_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_message")),
        sa.UniqueConstraint("key", name=("uq_message_key")),
    )
    op.create_index("ix_message_waiting", "message", ["status", "name", "correlation_key"], unique=False)
    op.create_table(
        "message_subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("correlation_key", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_message_subscription_instance_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_message_subscription")),
    )
    op.create_index(("ix_message_subscription_instance_id"), "message_subscription", ["instance_id"], unique=False)
    op.create_index(
        "ix_message_subscription_name_key", "message_subscription", ["kind", "name", "correlation_key"], unique=False
    )
    op.create_table(
        "state_version",
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_state_version_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "revision", name=("pk_state_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "user_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("form_key", sa.String(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("due_why", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("follow_up_at", UtcDateTime(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("completed_by", sa.Integer(), nullable=True),
        sa.Column("completed_for", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["user_.id"], name=("fk_user_task_assignee_id")),
        sa.ForeignKeyConstraint(["completed_by"], ["user_.id"], name=("fk_user_task_completed_by")),
        sa.ForeignKeyConstraint(["completed_for"], ["user_.id"], name=("fk_user_task_completed_for")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_user_task_instance_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name=("fk_user_task_owner_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_user_task")),
    )
    op.create_index(
        "ix_user_task_done",
        "user_task",
        ["completed_by", "ended_at"],
        unique=False,
        sqlite_where=sa.text("completed_by IS NOT NULL"),
        postgresql_where=sa.text("completed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_user_task_due",
        "user_task",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("rank IS NOT NULL AND due_at IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL AND due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_user_task_inbox",
        "user_task",
        ["assignee_id", "rank"],
        unique=False,
        sqlite_where=sa.text("rank IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL"),
    )
    op.create_index(
        "ix_user_task_open",
        "user_task",
        ["instance_id", "rank"],
        unique=False,
        sqlite_where=sa.text("rank IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL"),
    )
    op.create_index("ix_user_task_round", "user_task", ["instance_id", "element_id", "round"], unique=False)
    op.create_index(
        "ix_user_task_token",
        "user_task",
        ["token_id", "instance_id"],
        unique=True,
        sqlite_where=sa.text("rank IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL"),
    )
    op.create_table(
        "visit",
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_visit_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=("pk_visit")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_visit_open",
        "visit",
        ["token_id", "instance_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "candidate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=("fk_candidate_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name=("fk_candidate_user_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_candidate")),
    )
    op.create_index(
        "ix_candidate_group",
        "candidate",
        ["group_key", "rank"],
        unique=False,
        sqlite_where=sa.text("rank IS NOT NULL AND group_key IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL AND group_key IS NOT NULL"),
    )
    op.create_index(("ix_candidate_task_id"), "candidate", ["task_id"], unique=False)
    op.create_index(
        "ix_candidate_user",
        "candidate",
        ["user_id", "rank"],
        unique=False,
        sqlite_where=sa.text("rank IS NOT NULL AND user_id IS NOT NULL"),
        postgresql_where=sa.text("rank IS NOT NULL AND user_id IS NOT NULL"),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_.id"], name=("fk_comment_author_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_comment_instance_id")),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=("fk_comment_task_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_comment")),
    )
    op.create_index(("ix_comment_instance_id"), "comment", ["instance_id"], unique=False)
    op.create_table(
        "form_draft",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name=("fk_form_draft_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name=("fk_form_draft_user_id")),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=("pk_form_draft")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("token_id", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["ended_by"], ["user_.id"], name=("fk_incident_ended_by")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name=("fk_incident_instance_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=("fk_incident_job_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_incident")),
    )
    op.create_index(("ix_incident_instance_id"), "incident", ["instance_id"], unique=False)
    op.create_index(("ix_incident_status"), "incident", ["status"], unique=False)
