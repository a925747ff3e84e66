"""What was agreed about paying, about who does the work and which earlier contract holds is kept with the deal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_terms_of_deals"
down_revision = "0014_level_of_points"


def upgrade() -> None:
    with op.batch_alter_table("scheduled_payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("days", sa.Integer(), nullable=True))
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("terms", sa.JSON(none_as_null=True), nullable=True))
