"""The history of the schema. Alembic reads the scripts in versions/; the only way in is ``upgrade``."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

HERE = Path(__file__).parent


def config() -> Config:
    """Alembic's settings; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring a database to the newest schema in one transaction: it is the old one or the new one, never half.

    SQLite changes a table by making it anew, which foreign keys would forbid: they rest meanwhile and are checked at
    the end. Raises RuntimeError when a row is left that points nowhere.
    """
    with engine.connect().execution_options(write=True) as connection:
        _keep_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                made = config()
                made.attributes["connection"] = connection
                command.upgrade(made, to)
                _check_foreign_keys(connection)
        finally:
            _keep_foreign_keys(connection, on=True)


def _keep_foreign_keys(connection: Connection, *, on: bool) -> None:
    """Only outside a transaction, so past SQLAlchemy, which would begin one."""
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        left = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if left:
            raise RuntimeError(f"After the upgrade {len(left)} rows point nowhere, the first in {left[0][0]}")
