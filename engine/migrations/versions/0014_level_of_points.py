"""How many control points are late and how far up they went is counted in the index alone."""

from __future__ import annotations

from alembic import op

revision = "0014_level_of_points"
down_revision = "0013_stays_of_deals"


def upgrade() -> None:
    op.drop_index("ix_control_point_open", table_name="control_point")
    op.create_index("ix_control_point_open", "control_point", ["status", "planned_at", "id", "level"], unique=False)
