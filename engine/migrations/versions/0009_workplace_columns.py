"""What tasks, absences, comments, deals and mails keep besides, and the indexes that lists go by."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0009_workplace_columns"
down_revision = "0008_workplaces"


def upgrade() -> None:
    _keep_substitutes()
    _part_1()
    _part_2()
    _part_3()
    _find_open_tasks_by_words()
    _value_deals()
    _mark_decisions()


def _keep_substitutes() -> None:
    """Who stood in for everything becomes a row of his own, before the column goes."""
    op.execute("INSERT INTO substitution (absence_id, substitute_id) SELECT id, substitute_id FROM absence")


def _part_1() -> None:
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("planned_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("planned_at", UtcDateTime(), nullable=True))
        batch_op.drop_index("ix_absence_substitute_id")
        batch_op.drop_index("ix_absence_user_id")
        batch_op.create_index("ix_absence_ends_at", ["ends_at"], unique=False)
        batch_op.create_index("ix_absence_user", ["user_id", "ends_at"], unique=False)
        batch_op.drop_constraint("fk_absence_substitute_id", type_="foreignkey")
        batch_op.create_foreign_key("fk_absence_planned_by", "user_", ["planned_by"], ["id"])
        batch_op.drop_column("substitute_id")
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.drop_index("ix_candidate_group", sqlite_where=sa.text("rank IS NOT NULL AND group_key IS NOT NULL"))
        batch_op.create_index(
            "ix_candidate_group",
            ["group_key", "rank", "task_id"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND group_key IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND group_key IS NOT NULL"),
        )
        batch_op.drop_index("ix_candidate_user", sqlite_where=sa.text("rank IS NOT NULL AND user_id IS NOT NULL"))
        batch_op.create_index(
            "ix_candidate_user",
            ["user_id", "rank", "task_id"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND user_id IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND user_id IS NOT NULL"),
        )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index("ix_client_territory", ["territory"], unique=False)
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mentions", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("files", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("via", sa.String(), nullable=True))
    with op.batch_alter_table("control_point", schema=None) as batch_op:
        batch_op.create_index(
            "ix_control_point_late",
            ["planned_at"],
            unique=False,
            sqlite_where=sa.text("deviation > 0 OR status IN ('missed', 'open')"),
            postgresql_where=sa.text("deviation > 0 OR status IN ('missed', 'open')"),
        )
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stirred_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("worth", sa.Numeric(precision=18, scale=2), nullable=True))
        batch_op.drop_index("ix_deal_status")
        batch_op.create_index("ix_deal_board", ["status", "milestone", "stirred_at", "worth"], unique=False)
        batch_op.create_index("ix_deal_milestone_at", ["milestone_at", "id"], unique=False)
        batch_op.create_index("ix_deal_status_at", ["status", "milestone_at", "id"], unique=False)
        batch_op.create_index("ix_deal_stirred", ["status", "stirred_at"], unique=False)
    with op.batch_alter_table("form_draft", schema=None) as batch_op:
        batch_op.add_column(sa.Column("window", sa.String(), nullable=True))


def _part_2() -> None:
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("user_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("task_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("html", sa.String(), nullable=True))
        batch_op.create_foreign_key("fk_mail_task_id", "user_task", ["task_id"], ["id"])
        batch_op.create_foreign_key("fk_mail_user_id", "user_", ["user_id"], ["id"])
    with op.batch_alter_table("milestone_reached", schema=None) as batch_op:
        batch_op.drop_index("ix_milestone_reached_deal_id")
        batch_op.create_index("ix_milestone_reached_deal_at", ["deal_id", "at", "id", "milestone"], unique=False)
    with op.batch_alter_table("process_instance", schema=None) as batch_op:
        batch_op.create_index(
            "ix_process_instance_begun",
            ["started_by"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
    with op.batch_alter_table("scheduled_payment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_scheduled_payment_owed",
            ["deal_id"],
            unique=False,
            sqlite_where=sa.text("received < sum"),
            postgresql_where=sa.text("received < sum"),
        )
    with op.batch_alter_table("settlement", schema=None) as batch_op:
        batch_op.drop_index("ix_settlement_client_dated")
        batch_op.create_index("ix_settlement_client_money", ["client_id", "dated", "kind", "product_id"], unique=False)


def _part_3() -> None:
    with op.batch_alter_table("user_task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claimed_for", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("words", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("decision", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("client_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("procedure_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("seen_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("seen_by", sa.Integer(), nullable=True))
        batch_op.drop_index("ix_user_task_inbox", sqlite_where=sa.text("rank IS NOT NULL"))
        batch_op.create_index(
            "ix_user_task_inbox",
            ["assignee_id", "rank", "follow_up_at", "due_at"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_again",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("round > 1"),
            postgresql_where=sa.text("round > 1"),
        )
        batch_op.create_index(
            "ix_user_task_dates",
            ["assignee_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND due_at IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_decision",
            ["rank"],
            unique=False,
            sqlite_where=sa.text("decision = 1 AND rank IS NOT NULL"),
            postgresql_where=sa.text("decision = 1 AND rank IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_delegated",
            ["owner_id"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND owner_id IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND owner_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_done_for",
            ["completed_for", "ended_at"],
            unique=False,
            sqlite_where=sa.text("completed_for IS NOT NULL"),
            postgresql_where=sa.text("completed_for IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_for",
            ["claimed_for"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND claimed_for IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND claimed_for IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_load",
            ["assignee_id", "process_key", "element_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_user_task_resting",
            ["follow_up_at"],
            unique=False,
            sqlite_where=sa.text("rank IS NOT NULL AND follow_up_at IS NOT NULL"),
            postgresql_where=sa.text("rank IS NOT NULL AND follow_up_at IS NOT NULL"),
        )
        batch_op.create_foreign_key("fk_user_task_claimed_for", "user_", ["claimed_for"], ["id"])
        batch_op.create_foreign_key("fk_user_task_client_id", "client", ["client_id"], ["id"])
        batch_op.create_foreign_key("fk_user_task_seen_by", "user_", ["seen_by"], ["id"])


def _find_open_tasks_by_words() -> None:
    """Open tasks of before get the line they are found by; those to come bring their own."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT t.id, t.name, i.title, d.number, c.id, c.name, c.inn FROM user_task t"
            " JOIN process_instance i ON i.id = t.instance_id LEFT JOIN deal d ON d.id = i.deal_id"
            " LEFT JOIN client c ON c.id = COALESCE(d.client_id, i.client_id) WHERE t.rank IS NOT NULL"
        )
    ).all()
    change = sa.text("UPDATE user_task SET words = :words, client_id = :client WHERE id = :task")
    for task, name, title, number, client, called, inn in rows:
        words = " ".join(str(part) for part in (name, title, number, called, inn) if part)
        kept = re.sub("[«»„“”\"'`()]", " ", words).lower().replace("ё", "е")
        connection.execute(change, {"words": " ".join(kept.split())[:600], "client": client, "task": task})


def _mark_decisions() -> None:
    """Tasks that decide about a document of somebody else are told apart by a column now."""
    op.execute(
        "UPDATE user_task SET decision = CASE WHEN CAST(settings AS TEXT) LIKE '%\"document\"%'"
        " AND CAST(settings AS TEXT) LIKE '%\"separateFrom\"%' THEN 1 ELSE 0 END"
    )


def _value_deals() -> None:
    """When something last happened to a deal, and what it is worth, as far as it can be told afterwards."""
    op.execute("UPDATE deal SET stirred_at = milestone_at")
    op.execute(
        "UPDATE deal SET worth = (SELECT ROUND(SUM(l.quantity * l.price) * (100 - deal.discount) / 100, 2)"
        " FROM deal_line l WHERE l.deal_id = deal.id)"
    )
