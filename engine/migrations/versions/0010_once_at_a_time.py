"""A procedure that runs once at a time for its deal or client does so by a constraint; the log is found by subject."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0010_once_at_a_time"
down_revision = "0009_workplace_columns"

ABOUT = re.compile(rb'name="subject" value="(deal|client)"')


def upgrade() -> None:
    op.add_column("process_instance", sa.Column("sole", sa.String(), nullable=True))
    _mark_running()
    for about in ("deal", "client"):
        op.create_index(
            f"ix_process_instance_sole_{about}",
            "process_instance",
            [f"{about}_id", "key"],
            unique=True,
            sqlite_where=sa.text(f"sole = '{about}' AND ended_at IS NULL"),
            postgresql_where=sa.text(f"sole = '{about}' AND ended_at IS NULL"),
        )
    op.create_index(
        "ix_audit_event_subject",
        "audit_event",
        ["subject"],
        unique=False,
        sqlite_where=sa.text("chain = 0"),
        postgresql_where=sa.text("chain = 0"),
    )


def _mark_running() -> None:
    """What runs already holds its place too. Where two have slipped through, the older one does."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT i.id, i.key, i.deal_id, i.client_id, d.xml FROM process_instance i"
            " JOIN process_definition d ON d.id = i.definition_id WHERE i.ended_at IS NULL ORDER BY i.id"
        )
    )
    held, marked = set(), []
    for instance, key, deal, client, xml in rows:
        found = ABOUT.search(bytes(xml))
        about = found.group(1).decode() if found else ""
        whose = {"deal": deal, "client": client}.get(about)
        if whose is not None and (about, key, whose) not in held:
            held.add((about, key, whose))
            marked.append({"id": instance, "about": about})
    if marked:
        connection.execute(sa.text("UPDATE process_instance SET sole = :about WHERE id = :id"), marked)
