"""Each line of a deal's way says which milestone was left by it, and since when: reports need not look for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.models.base import UtcDateTime

revision = "0013_stays_of_deals"
down_revision = "0012_comments_anywhere"

BEFORE = """(
    SELECT earlier.{column} FROM milestone_reached AS earlier
    WHERE earlier.deal_id = milestone_reached.deal_id
      AND (earlier.at, earlier.id) < (milestone_reached.at, milestone_reached.id)
    ORDER BY earlier.at DESC, earlier.id DESC LIMIT 1
)"""


def upgrade() -> None:
    with op.batch_alter_table("milestone_reached", schema=None) as batch_op:
        batch_op.add_column(sa.Column("came_from", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("came_at", UtcDateTime(), nullable=True))
    came_from, came_at = BEFORE.format(column="milestone"), BEFORE.format(column="at")
    op.execute(f"UPDATE milestone_reached SET came_from = {came_from}, came_at = {came_at}")
    op.create_index("ix_milestone_reached_stay", "milestone_reached",
                    ["came_from", "at", "came_at", "milestone", "deal_id"], unique=False)  # fmt: skip
