"""A comment may be about a client, a deal or a complaint; its files and the mails that tell of it point at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_comments_anywhere"
down_revision = "0011_indexes_of_lists"

THINGS = ("client", "deal", "complaint")


def upgrade() -> None:
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.alter_column("instance_id", existing_type=sa.Integer(), nullable=True)
        for thing in THINGS:
            batch_op.add_column(sa.Column(f"{thing}_id", sa.Integer(), nullable=True))
            batch_op.create_foreign_key(f"fk_comment_{thing}_id", thing, [f"{thing}_id"], ["id"])
    for thing in THINGS:
        _index(f"ix_comment_{thing}", "comment", f"{thing}_id", f"{thing}_id IS NOT NULL")
    for table in ("stored_file", "mail"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("comment_id", sa.Integer(), nullable=True))
            batch_op.create_foreign_key(f"fk_{table}_comment_id", "comment", ["comment_id"], ["id"])
    _index("ix_notice_subject", "notice", "subject", "instance_id IS NULL AND subject IS NOT NULL")


def _index(name: str, table: str, column: str, condition: str) -> None:
    where = {f"{database}_where": sa.text(condition) for database in ("sqlite", "postgresql")}
    op.create_index(name, table, [column], unique=False, **where)
