"""Called by Alembic with the connection that engine.migrations.upgrade has opened."""
from __future__ import annotations

from alembic import context

from engine.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
