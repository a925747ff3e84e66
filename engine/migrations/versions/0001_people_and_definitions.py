"""People, definitions and the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0001_people_and_definitions"
down_revision = None
TRIGGERS = {
    "sqlite": (
        """
        CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
        BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
        """,
        """
        CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
        BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END
        """,
        """
        CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
        WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_event WHERE chain = NEW.chain)
        BEGIN SELECT RAISE(ABORT, 'audit events are written in order'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'audit events are never changed or deleted'; END $$
        """,
        """
        CREATE FUNCTION audit_event_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_event WHERE chain = NEW.chain) THEN
                RAISE EXCEPTION 'audit events are written in order';
            END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()
        """,
        """
        CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
        """,
        """
        CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_order()
        """,
    ),
}


def upgrade() -> None:
    op.create_table(
        "group_",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=("pk_group_")),
    )
    op.create_table(
        "user_",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("middle", sa.String(), nullable=True),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("superior_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["superior_id"], ["user_.id"], name=("fk_user__superior_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_user_")),
        sa.UniqueConstraint("login", name=("uq_user__login")),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["substitute_id"], ["user_.id"], name=("fk_absence_substitute_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name=("fk_absence_user_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_absence")),
    )
    op.create_index(("ix_absence_substitute_id"), "absence", ["substitute_id"], unique=False)
    op.create_index(("ix_absence_user_id"), "absence", ["user_id"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("on_behalf_of", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("definition", sa.String(), nullable=True),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user_.id"], name=("fk_audit_event_actor_id")),
        sa.ForeignKeyConstraint(["on_behalf_of"], ["user_.id"], name=("fk_audit_event_on_behalf_of")),
        sa.PrimaryKeyConstraint("id", name=("pk_audit_event")),
        sa.UniqueConstraint("chain", "seq", name=("uq_audit_event_chain_seq")),
    )
    op.create_table(
        "deployment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user_.id"], name=("fk_deployment_actor_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_deployment")),
    )
    op.create_table(
        "draft_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_.id"], name=("fk_draft_file_author_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_draft_file")),
        sa.UniqueConstraint("kind", "key", name=("uq_draft_file_kind_key")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name=("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=("pk_login_session")),
    )
    op.create_index(("ix_login_session_user_id"), "login_session", ["user_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["group_key"], ["group_.key"], name=("fk_membership_group_key")),
        sa.ForeignKeyConstraint(["user_id"], ["user_.id"], name=("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("user_id", "group_key", name=("pk_membership")),
    )
    op.create_index(("ix_membership_group_key"), "membership", ["group_key"], unique=False)
    op.create_table(
        "process_definition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("calls", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("forms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("decisions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starter_groups", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name=("fk_process_definition_deployment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_process_definition")),
        sa.UniqueConstraint("key", "version", name=("uq_process_definition_key_version")),
    )
    op.create_index(("ix_process_definition_key"), "process_definition", ["key"], unique=False)
    op.create_table(
        "resource",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("provides", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name=("fk_resource_deployment_id")),
        sa.PrimaryKeyConstraint("id", name=("pk_resource")),
        sa.UniqueConstraint("kind", "key", "version", name=("uq_resource_kind_key_version")),
    )

    dialect = op.get_bind().dialect.name
    for statement in TRIGGERS[dialect]:
        op.execute(statement)
