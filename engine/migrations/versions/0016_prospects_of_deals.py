"""What qualification found out stays with the deal: the client's money, who decides, the competitor, the risk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_prospects_of_deals"
down_revision = "0015_terms_of_deals"


def upgrade() -> None:
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("prospects", sa.JSON(none_as_null=True), nullable=True))
