"""The indexes that the rights of lists, approvals, the calendar and the catalogue go by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_indexes_of_lists"
down_revision = "0010_once_at_a_time"

REPLACED = (
    ("ix_user_task_done", "user_task", "completed_by IS NOT NULL"),
    ("ix_user_task_decision", "user_task", "decision = 1 AND rank IS NOT NULL"),
    ("ix_process_instance_begun", "process_instance", "ended_at IS NULL"),
    ("ix_deal_owner_id", "deal", None),
)
MADE: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("ix_user_task_done", "user_task", ("completed_by", "ended_at", "instance_id"), "completed_by IS NOT NULL"),
    ("ix_user_task_had", "user_task", ("assignee_id", "instance_id"),
     "rank IS NULL AND (completed_by IS NULL OR completed_by != assignee_id)"),
    ("ix_user_task_decision", "user_task", ("decision", "rank"), "decision = 1 AND rank IS NOT NULL"),
    ("ix_candidate_named_group", "candidate", ("group_key", "task_id"), "group_key IS NOT NULL"),
    ("ix_candidate_named_user", "candidate", ("user_id", "task_id"), "user_id IS NOT NULL"),
    ("ix_process_instance_begun", "process_instance", ("started_by", "ended_at", "deal_id"), None),
    ("ix_process_instance_running", "process_instance", ("key", "version"), "ended_at IS NULL"),
    ("ix_process_instance_over", "process_instance", ("key", "version"), "ended_at IS NOT NULL"),
    ("ix_deal_owner", "deal", ("owner_id", "closed_at", "status"), None),
    ("ix_control_point_owner", "control_point", ("owner_id", "planned_at"), "status = 'open'"),
    ("ix_document_loose", "document", ("created_by",), "deal_id IS NULL"),
)  # fmt: skip


def upgrade() -> None:
    for name, table, condition in REPLACED:
        op.drop_index(name, table_name=table, **_where(condition))
    for name, table, columns, condition in MADE:
        op.create_index(name, table, list(columns), unique=False, **_where(condition))


def _where(condition: str | None) -> dict[str, sa.TextClause]:
    return {f"{name}_where": sa.text(condition) for name in ("sqlite", "postgresql")} if condition else {}
