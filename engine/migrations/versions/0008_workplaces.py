"""Returns, interventions, notices, filters, substitutes, pauses, figures of steps, versions of settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0008_workplaces"
down_revision = "0007_client_columns"


def upgrade() -> None:
    _part_1()
    _part_2()
    _part_3()
    _part_4()
    _part_5()
    _part_6()
    _part_7()
    _part_8()


def _part_1() -> None:
    op.create_table(
        "rolled_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_rolled_day"),
    )
    op.create_table(
        "stage_time",
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("p50", sa.Double(), nullable=False),
        sa.Column("p80", sa.Double(), nullable=False),
        sa.Column("p95", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "stage", "segment", name="pk_stage_time"),
    )
    op.create_table(
        "step_day",
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("working", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("waits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("works", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("process_key", "version", "element_id", "day", name="pk_step_day"),
    )
    with op.batch_alter_table("step_day", schema=None) as batch_op:
        batch_op.create_index("ix_step_day_on", ["day"], unique=False)
    op.create_table(
        "calendar_feed",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("discreet", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("hits_since", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_calendar_feed_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_calendar_feed"),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feed_token_hash"),
    )


def _part_2() -> None:
    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_notice_choice_user_id"),
        sa.PrimaryKeyConstraint("user_id", "topic", name="pk_notice_choice"),
    )
    op.create_table(
        "notice_habit",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest_hour", sa.Integer(), nullable=True),
        sa.Column("quiet", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_notice_habit_user_id"),
        sa.PrimaryKeyConstraint("user_id", name="pk_notice_habit"),
    )
    op.create_table(
        "password_link",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name="fk_password_link_created_by"),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_password_link_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_password_link"),
    )
    with op.batch_alter_table("password_link", schema=None) as batch_op:
        batch_op.create_index("ix_password_link_user_id", ["user_id"], unique=False)
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["group_key"], ["group_.key"], name="fk_saved_filter_group_key"),
        sa.ForeignKeyConstraint(["owner_id"], ["user_.id"], name="fk_saved_filter_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_filter"),
    )
    with op.batch_alter_table("saved_filter", schema=None) as batch_op:
        batch_op.create_index("ix_saved_filter_group_key", ["group_key"], unique=False)
        batch_op.create_index("ix_saved_filter_owner_id", ["owner_id"], unique=False)


def _part_3() -> None:
    op.create_table(
        "setting_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user_.id"], name="fk_setting_version_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_setting_version"),
        sa.UniqueConstraint("kind", "key", "version", name="uq_setting_version_kind_key_version"),
    )
    op.create_table(
        "substitution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("absence_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=True),
        sa.Column("process_key", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["absence_id"], ["absence.id"], name="fk_substitution_absence_id"),
        sa.ForeignKeyConstraint(["group_key"], ["group_.key"], name="fk_substitution_group_key"),
        sa.ForeignKeyConstraint(["substitute_id"], ["user_.id"], name="fk_substitution_substitute_id"),
        sa.PrimaryKeyConstraint("id", name="pk_substitution"),
    )
    with op.batch_alter_table("substitution", schema=None) as batch_op:
        batch_op.create_index("ix_substitution_absence_id", ["absence_id"], unique=False)
        batch_op.create_index("ix_substitution_substitute_id", ["substitute_id"], unique=False)


def _part_4() -> None:
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("resumes_at", UtcDateTime(), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("moved", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_how", sa.String(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_pause_deal_id"),
        sa.ForeignKeyConstraint(["ended_by"], ["user_.id"], name="fk_pause_ended_by"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_pause_instance_id"),
        sa.ForeignKeyConstraint(["reviewed_by"], ["user_.id"], name="fk_pause_reviewed_by"),
        sa.ForeignKeyConstraint(["started_by"], ["user_.id"], name="fk_pause_started_by"),
        sa.PrimaryKeyConstraint("id", name="pk_pause"),
    )
    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.create_index("ix_pause_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_pause_instance_id", ["instance_id"], unique=False)
        batch_op.create_index(
            "ix_pause_open",
            ["resumes_at"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "ix_pause_open_deal",
            ["deal_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL AND deal_id IS NOT NULL"),
            postgresql_where=sa.text("ended_at IS NULL AND deal_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_pause_unreviewed",
            ["ended_at"],
            unique=False,
            sqlite_where=sa.text("ended_how = 'expired' AND reviewed_at IS NULL"),
            postgresql_where=sa.text("ended_how = 'expired' AND reviewed_at IS NULL"),
        )


def _part_5() -> None:
    op.create_table(
        "intervention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("what", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("requested_by", sa.Integer(), nullable=True),
        sa.Column("requested_for", sa.Integer(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["user_.id"], name="fk_intervention_decided_by"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_intervention_instance_id"),
        sa.ForeignKeyConstraint(["requested_by"], ["user_.id"], name="fk_intervention_requested_by"),
        sa.ForeignKeyConstraint(["requested_for"], ["user_.id"], name="fk_intervention_requested_for"),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name="fk_intervention_task_id"),
        sa.PrimaryKeyConstraint("id", name="pk_intervention"),
    )
    with op.batch_alter_table("intervention", schema=None) as batch_op:
        batch_op.create_index("ix_intervention_decided", ["decided_at"], unique=False)
        batch_op.create_index("ix_intervention_instance_id", ["instance_id"], unique=False)
        batch_op.create_index(
            "ix_intervention_open",
            ["requested_at"],
            unique=False,
            sqlite_where=sa.text("decided_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL"),
        )


def _part_6() -> None:
    op.create_table(
        "missed_task",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.Column("milestone", sa.String(), nullable=True),
        sa.Column("client_class", sa.String(), nullable=True),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name="fk_missed_task_deal_id"),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name="fk_missed_task_task_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_missed_task_user_id"),
        sa.PrimaryKeyConstraint("task_id", name="pk_missed_task"),
    )
    with op.batch_alter_table("missed_task", schema=None) as batch_op:
        batch_op.create_index("ix_missed_task_day", ["day"], unique=False)
    op.create_table(
        "task_return",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_task_id", sa.Integer(), nullable=True),
        sa.Column("earlier_task_id", sa.Integer(), nullable=False),
        sa.Column("to_task_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("on_behalf_of", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("remark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["user_.id"], name="fk_task_return_by"),
        sa.ForeignKeyConstraint(["earlier_task_id"], ["user_task.id"], name="fk_task_return_earlier_task_id"),
        sa.ForeignKeyConstraint(["from_task_id"], ["user_task.id"], name="fk_task_return_from_task_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_task_return_instance_id"),
        sa.ForeignKeyConstraint(["on_behalf_of"], ["user_.id"], name="fk_task_return_on_behalf_of"),
        sa.ForeignKeyConstraint(["to_task_id"], ["user_task.id"], name="fk_task_return_to_task_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task_return"),
    )
    with op.batch_alter_table("task_return", schema=None) as batch_op:
        batch_op.create_index("ix_task_return_at", ["at"], unique=False)
        batch_op.create_index("ix_task_return_earlier_task_id", ["earlier_task_id"], unique=False)
        batch_op.create_index("ix_task_return_from_task_id", ["from_task_id"], unique=False)
        batch_op.create_index("ix_task_return_instance_id", ["instance_id"], unique=False)
        batch_op.create_index("ix_task_return_to_task_id", ["to_task_id"], unique=False)


def _part_7() -> None:
    op.create_table(
        "incoming_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_incoming_mail_comment_id"),
        sa.ForeignKeyConstraint(["settled_by"], ["user_.id"], name="fk_incoming_mail_settled_by"),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_incoming_mail_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incoming_mail"),
        sa.UniqueConstraint("message_id", name="uq_incoming_mail_message_id"),
    )
    with op.batch_alter_table("incoming_mail", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incoming_mail_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status = 'unmatched' AND settled_at IS NULL"),
            postgresql_where=sa.text("status = 'unmatched' AND settled_at IS NULL"),
        )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("instance_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_notice_instance_id"),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_notice_mail_id"),
        sa.ForeignKeyConstraint(["task_id"], ["user_task.id"], name="fk_notice_task_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name="fk_notice_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )


def _part_8() -> None:
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notice_digest",
            ["user_id"],
            unique=False,
            sqlite_where=sa.text("channel = 'digest' AND mailed_at IS NULL"),
            postgresql_where=sa.text("channel = 'digest' AND mailed_at IS NULL"),
        )
        batch_op.create_index("ix_notice_instance", ["instance_id", "user_id"], unique=False)
        batch_op.create_index(
            "ix_notice_unread",
            ["user_id", "id"],
            unique=False,
            sqlite_where=sa.text("read_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL"),
        )
        batch_op.create_index("ix_notice_user", ["user_id", "id"], unique=False)
