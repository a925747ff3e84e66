"""Statements on the way of every step, compiled once: SQLAlchemy composes and translates them, then they are kept.

Composing a statement anew costs several times what the database needs to execute it, and a step has fifteen of them.
Everything else goes through the session as usual.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Float, Numeric, bindparam, insert, inspect, update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_dict, instance_state, manager_of_class, set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from engine.models import Base, ProcessInstance, UserTask, table_of

Row = tuple[Any, ...]
Convert = Callable[[Any], Any] | None
Loaded = TypeVar("Loaded", bound=Base)
Versioned = ProcessInstance | UserTask
PG_NUMERIC, PG_FLOAT = 1700, 701  # what the driver calls numbers; SQLAlchemy asks before it converts


class Prepared:
    """A statement by the names of its parameters. ``columns``: those an INSERT sets (no defaults are filled in);
    ``returns``: whether it has rows to fetch. IN lists cannot be prepared."""

    def __init__(self, statement: Executable, *, columns: Sequence[str] | None = None) -> None:
        self._statement: Any = statement
        self._columns = list(columns) if columns is not None else None
        self._known: dict[str, _Translated] = {}

    def all(self, connection: Connection, **parameters: Any) -> list[Row]:
        """Execute and fetch."""
        translated = self._translated(connection.dialect)
        cursor = _execute(connection, translated, translated.bind(parameters))
        try:
            return translated.read(cursor.fetchall())
        finally:
            cursor.close()

    def first(self, connection: Connection, **parameters: Any) -> Row | None:
        """Execute and fetch the first row, if any."""
        rows = self.all(connection, **parameters)
        return rows[0] if rows else None

    def see(self, session: Session, **parameters: Any) -> list[Row]:
        """Execute and fetch within a session; what it still has to write is written first, as with its own queries."""
        if not (session._is_clean() or session._flushing):
            session.flush()
        return self.all(_here(session), **parameters)

    def run(self, connection: Connection, **parameters: Any) -> int:
        """Execute; how many rows it touched."""
        translated = self._translated(connection.dialect)
        cursor = _execute(connection, translated, translated.bind(parameters))
        touched: int = cursor.rowcount
        cursor.close()
        return touched

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once per row, in order."""
        translated = self._translated(connection.dialect)
        bound = [translated.bind(row) for row in rows]
        if len(bound) == 1:
            _execute(connection, translated, bound[0]).close()
        elif bound:
            _execute(connection, translated, bound, many=True).close()

    def sql(self, dialect: Dialect) -> str:
        """The text that this database is sent."""
        return self._translated(dialect).sql

    def _translated(self, dialect: Dialect) -> _Translated:
        known = self._known.get(dialect.name)
        if known is None:
            known = self._known[dialect.name] = _Translated(self._statement, dialect, self._columns)
        return known


class _Translated:
    """A statement in one database's words."""

    def __init__(self, statement: Any, dialect: Dialect, columns: list[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql: str = compiled.string
        self._order: list[str] | None = list(compiled.positiontup) if compiled.positional else None
        self._defaults: dict[str, Any] = dict(compiled.params)
        names = compiled.bind_names.values()
        kinds = {name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
        self._to: dict[str, Callable[[Any], Any]] = {name: to for name, to in kinds.items() if to is not None}
        returned = getattr(statement, "_returning", ()) or getattr(statement, "selected_columns", ())
        self._from: list[Convert] = [_converter(column.type, dialect) for column in returned]

    def bind(self, given: Mapping[str, Any]) -> Any:
        ready = {**self._defaults, **given}
        for name, convert in self._to.items():
            ready[name] = convert(ready[name])
        return [ready[name] for name in self._order] if self._order is not None else ready

    def read(self, rows: list[Any]) -> list[Row]:
        if not any(self._from):
            return [tuple(row) for row in rows]
        return [
            tuple(convert(value) if convert else value for convert, value in zip(self._from, row, strict=True))
            for row in rows
        ]


def _here(session: Session) -> Connection:
    quick: Callable[[], Connection] = getattr(session, "here", session.connection)
    return quick()


def _converter(type_: Any, dialect: Dialect) -> Convert:
    oid = PG_FLOAT if isinstance(type_, Float) else PG_NUMERIC if isinstance(type_, Numeric) else None
    asked = oid if dialect.name == "postgresql" else None
    converter: Convert = type_.dialect_impl(dialect).result_processor(dialect, asked)
    return converter


def change(session: Session, connection: Connection, row: Versioned, **new: Any) -> None:
    """Write columns of a loaded row at once and make a new revision of it. Raises StaleDataError when another writer
    was first. What the session itself still has to write is written first."""
    if instance_state(row).modified:
        session.flush()
    seen = row.revision
    new["revision"] = seen + 1
    values = {f"new_{name}": value for name, value in new.items()}
    if _update(type(row), tuple(new)).run(connection, id_=row.id, seen=seen, **values) != 1:
        raise StaleDataError(f"{type(row).__name__} {row.id} was changed by somebody else")
    for name, value in new.items():
        set_committed_value(row, name, value)


def adopt(session: Session, model: type[Loaded], names: Sequence[str], values: Row) -> Loaded:
    """A row that was read past the session, as the session's object; columns not given are read when asked for."""
    row = dict(zip(names, values, strict=True))
    key = (model, (row["id"],), None)
    found: Loaded | None = session.identity_map.get(key)
    if found is None:
        return fresh(session, model, row, key)
    if not instance_state(found).modified:
        for name, value in row.items():
            set_committed_value(found, name, value)
    return found


def enter(session: Session, model: type[Loaded], **given: Any) -> Loaded:
    """Write a new row at once and hold it as the session's: a fraction of what ``add`` and ``flush`` cost. For rows of
    tables with a number for a key; what the session itself still has to write is not written by it."""
    values = {**_defaults(model), **given}
    row_id = _insert(model, tuple(sorted(values))).all(_here(session), **values)[0][0]
    columns: dict[str, Any] = dict.fromkeys(_columns(model)) | values | {"id": row_id}
    return fresh(session, model, columns, (model, (row_id,), None))


def fresh(session: Session, model: type[Loaded], row: Mapping[str, Any], key: tuple[Any, ...]) -> Loaded:
    """An object of a row the session does not hold, as SQLAlchemy's own loading makes it: bound to the session without
    the events and cascades of an object that is added."""
    found: Loaded = manager_of_class(model).new_instance()
    instance_dict(found).update(row)
    state = instance_state(found)
    state.key, state.session_id = key, session.hash_key
    later = _columns(model) - row.keys()
    if later:
        state.expired_attributes.update(later)
    session.identity_map._add_unpresent(state, key)
    return found


@cache
def _columns(model: type[Base]) -> frozenset[str]:
    return frozenset(inspect(model).column_attrs.keys())


@cache
def _defaults(model: type[Base]) -> Mapping[str, Any]:
    defaults: dict[str, Any] = {column.key: column.default for column in table_of(model).c}
    return {name: default.arg for name, default in defaults.items() if getattr(default, "is_scalar", False)}


@cache
def _insert(model: type[Base], columns: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    return Prepared(insert(table).inline().returning(table.c.id), columns=columns)


@cache
def _update(model: type[ProcessInstance] | type[UserTask], columns: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
    mine = update(table).where(table.c.id == bindparam("id_"), table.c.revision == bindparam("seen"))
    return Prepared(mine.values(new))


def _execute(connection: Connection, translated: _Translated, parameters: Any, *, many: bool = False) -> Any:
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(translated.sql, parameters)
    except BaseException as error:
        cursor.close()
        dialect = connection.dialect
        known: Any = dialect.loaded_dbapi.Error
        if isinstance(error, known):
            raise DBAPIError.instance(translated.sql, parameters, error, known, dialect=dialect) from error
        raise
    return cursor
