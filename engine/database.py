"""Connections. SQLite is told to behave (WAL, one writer at a time in order of arrival); PostgreSQL needs little.

WAL alone does not prevent lost updates: a writer must take the write lock before it reads. So a unit of work opens
its connection with the execution option ``write`` and gets ``BEGIN IMMEDIATE``; readers get a plain ``BEGIN``.
"""
from __future__ import annotations

import sqlite3
import threading
from collections import deque
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Conflict
from engine.models import Base
from engine.quick import QuickSession

BUSY = 10.0  # seconds a writer of this process waits for a writer of another process
PATIENCE = 60.0  # seconds a writer waits in the queue of this process
OWNS = "reglament_writer"
SAMPLE = 2000  # entries of each index that are looked at
STATEMENTS = 1000  # translated statements a connection keeps; there are some hundreds, the driver's default is 128
ASKED = {"timeout": BUSY, "check_same_thread": False, "cached_statements": STATEMENTS}


class FairLock:
    """First come, first served among the threads of this process: SQLite's own busy handler is unfair and starves."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._taken = False

    def acquire(self) -> None:
        """Wait for one's turn. Raises Conflict after PATIENCE (a writer inside a writer would wait for itself)."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(PATIENCE):
            return
        with self._mutex:
            if not turn.is_set():
                self._queue.remove(turn)
                raise Conflict("The database is busy. Try again in a minute.")

    def release(self) -> None:
        """Let the next one in; the lock passes from hand to hand and is never free while somebody waits."""
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._taken = False


def connect(url: str, *, synchronous: str = "FULL", **options: Any) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql+psycopg://…``.

    ``synchronous``: FULL survives a power cut; NORMAL is faster and may then lose the last commits (SQLite only).
    """
    options = {"json_serializer": _to_json, "json_deserializer": orjson.loads} | options
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args=ASKED, **options)
        _prepare_sqlite(engine, synchronous)
        return engine
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    engine = create_engine(url, pool_pre_ping=True, **options)
    if engine.dialect.name == "postgresql":
        _prepare_postgresql(engine)
    return engine


def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions of this engine; objects stay readable after the commit."""
    return sessionmaker(engine, class_=QuickSession, expire_on_commit=False)


def create_tables(engine: Engine) -> None:
    """All tables, indexes and triggers at once, as the migrations would leave them. For tests and benchmarks."""
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        Base.metadata.create_all(connection)


def take_stock(engine: Engine) -> None:
    """Tell SQLite how its rows are spread: it chooses indexes by that. A sample is enough, so this takes part of a
    second however much there is. PostgreSQL does it by itself."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLE}")
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()  # what is connected already would not hear of it


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def plain(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        # rights asked about row by row look dear to the planner; compiling them takes longer than asking
        connection.execute("SET jit = off")
        # a page reads a few milliseconds long: to call a second process to help takes as long again, and it is missing
        # to somebody else's page
        connection.execute("SET max_parallel_workers_per_gather = 0")
        connection.autocommit = False


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    lock = FairLock()

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # without it INSERT OR REPLACE walks past the log's delete trigger
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if not connection.get_execution_options().get("write"):
            driver.execute("BEGIN")
            return
        lock.acquire()
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            lock.release()
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        except BaseException:
            lock.release()
            raise
        connection.info[OWNS] = True

    @event.listens_for(engine.pool, "checkin")
    def give_back(_connection: Any, record: Any) -> None:
        if record.info.pop(OWNS, False):
            lock.release()
