"""The history of the schema. Alembic reads the scripts in versions/; the only way in is ``upgrade``."""
from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

HERE = Path(__file__).parent


def config() -> Config:
    """Alembic's settings; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema in one transaction: it is the old one or the new one, never half."""
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, "head")
