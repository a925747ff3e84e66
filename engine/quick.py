"""The session of this product: SQLAlchemy's, with a short way for what nearly every step does.

Most of what is looked up is one row by its number, and most of what is written is a new row or some changed columns.
SQLAlchemy plans either as if it were a graph of objects; the plan costs ten times what the database needs.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ClauseElement, Column, Connection, bindparam, insert, inspect, select, update
from sqlalchemy.orm import InstanceState, LoaderCallableStatus, Session
from sqlalchemy.orm.attributes import instance_state, set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from engine.models import Base, table_of
from engine.rows import Prepared, Row, adopt, fresh

SIMPLE_KEYS = frozenset({int, str})
FIRST = 1  # the version of a new row
Found = TypeVar("Found", bound=Base)
Held = TypeVar("Held", bound=Base)


class QuickSession(Session):
    """A session whose look-up of one row by its key costs what the database needs and no more, and whose flush neither.

    What SQLAlchemy can do beyond that (options, locks, keys of several columns, rows it holds already; relations,
    deletions, versions of rows) it still does.
    """

    _at: Connection | None = None

    def get(self, entity: Any, ident: Any, **asked: Any) -> Any:
        """As ``Session.get``."""
        if type(ident) not in SIMPLE_KEYS or any(asked.values()):
            return super().get(entity, ident, **asked)
        lookup = _lookup(entity)
        if lookup is None:
            return super().get(entity, ident)
        key = (lookup.model, (ident,), None)
        found = self.identity_map.get(key)
        if found is not None:
            return super().get(entity, ident) if instance_state(found).expired else found
        if self._new and any(type(row) is lookup.model for row in self._new.values()):
            self._autoflush()  # the row asked for may be one that has not been written yet
            return super().get(entity, ident)
        row = lookup.statement.first(self.here(), ident=ident)
        return None if row is None else fresh(self, lookup.model, dict(zip(lookup.names, row, strict=True)), key)

    def here(self) -> Connection:
        """The connection of the transaction in hand. SQLAlchemy finds it anew each time it is asked; a savepoint begins
        with its being asked."""
        if self._nested_transaction is not None:
            return self.connection()
        if self._at is None or self._at.closed or not self.in_transaction():
            self._at = self.connection()
        return self._at

    def _flush(self, objects: Sequence[object] | None = None) -> None:
        """As ``Session._flush``, which flush calls when there is something to write."""
        if objects is not None or self._deleted or not self._write_plainly():
            super()._flush(objects)

    def _write_plainly(self) -> bool:
        """Write everything, if all of it is plain; else nothing."""
        changed = [_change_of(state) for state in self._dirty_states]
        entered = [_entry_of(state) for state in sorted(self._new, key=_arrival)]
        if None in changed or None in entered or len({row.model for row in entered if row}) > 1:
            return False
        for hook in self.dispatch.before_flush:  # these refuse; they change nothing
            hook(self, None, None)
        model = entered[0].model if entered and entered[0] else None
        rows = sorted((row for row in changed if row), key=lambda row: (row.model.__name__, row.key))
        connection = self.here()
        for row in (row for row in rows if row.model is model):  # as SQLAlchemy: what is unique may have become free
            row.write(connection)
        for new in entered:
            if new is not None:
                new.write(connection)
        for row in (row for row in rows if row.model is not model):
            row.write(connection)
        self._register_persistent({row.state for row in (*rows, *entered) if row})
        return True


def _arrival(state: InstanceState[Any]) -> int:
    return state.insert_order or 0


@dataclass(frozen=True)
class _Lookup:
    """One row of a model by its key. ``names``: attributes in the order of the columns."""

    model: type[Base]
    names: tuple[str, ...]
    statement: Prepared


@cache
def _lookup(model: Any) -> _Lookup | None:
    """None for a model that is more than one table with one key and columns."""
    mapper = inspect(model)
    if not isinstance(model, type) or mapper.inherits or mapper.polymorphic_on is not None:
        return None
    if len(mapper.primary_key) != 1 or any(one.deferred or len(one.columns) != 1 for one in mapper.column_attrs):
        return None
    if any(relation.lazy != "select" for relation in mapper.relationships):
        return None
    key = mapper.primary_key[0]
    columns = {one.key: one.columns[0] for one in mapper.column_attrs}
    wanted = select(*columns.values()).where(key == bindparam("ident", type_=key.type))
    return _Lookup(model, tuple(columns), Prepared(wanted))


@dataclass(frozen=True)
class _Plain:
    """A model whose rows can be written without a plan. ``defaults``: what a new row has when nothing is given;
    ``needed``: what must be given, since only the database or a function knows the default; ``is_part``: a row that
    nobody owns is deleted, so that whether it is entered depends on others."""

    columns: Mapping[str, Column[Any]]
    relations: frozenset[str]
    keys: tuple[str, ...]
    version: str | None
    defaults: Mapping[str, Any]
    needed: frozenset[str]
    is_part: bool


@dataclass(frozen=True)
class _Change:
    """Columns of a row the database has."""

    state: InstanceState[Any]
    model: type[Base]
    key: Any
    new: Mapping[str, Any]

    def write(self, connection: Connection) -> None:
        if not self.new:
            return
        values = {f"new_{name}": value for name, value in self.new.items()}
        if _update(self.model, tuple(self.new)).run(connection, id_=self.key, **values) != 1:
            raise StaleDataError(f"{self.model.__name__} {self.key} is gone")


@dataclass(frozen=True)
class _Entry:
    """A row the database does not have. ``counted``: the column of its key, when the database gives it."""

    state: InstanceState[Any]
    model: type[Base]
    values: Mapping[str, Any]
    counted: str | None

    def write(self, connection: Connection) -> None:
        statement = _insert(self.model, tuple(sorted(self.values)), self.counted)
        if self.counted is None:
            statement.run(connection, **self.values)
        else:
            self.state.dict[self.counted] = statement.all(connection, **self.values)[0][0]
        self.state.dict.update(self.values)


def _change_of(state: InstanceState[Any]) -> _Change | None:
    plain = _plain(_model(state))
    if plain is None or plain.version is not None or len(plain.keys) != 1 or "_pending_mutations" in vars(state):
        return None
    new: dict[str, Any] = {}
    for name, before in state.committed_state.items():
        column = plain.columns.get(name)
        if column is None or name in plain.keys or name not in state.dict:
            return None
        value = state.dict[name]
        if isinstance(value, ClauseElement):
            return None
        if isinstance(before, LoaderCallableStatus) or not column.type.compare_values(before, value):
            new[name] = value
    assert state.key is not None
    return _Change(state, _model(state), state.key[1][0], new)


def _entry_of(state: InstanceState[Any]) -> _Entry | None:
    plain = _plain(_model(state))
    if plain is None or plain.is_part or not plain.needed <= state.dict.keys():
        return None
    values = dict(plain.defaults)
    for name, value in state.dict.items():
        if name in plain.columns and not isinstance(value, ClauseElement):
            values[name] = value
        elif name in plain.columns or (name in plain.relations and value):  # computed by the database; other rows
            return None
    missing = [name for name in plain.keys if values.get(name) is None]
    if len(missing) > 1 or (missing and len(plain.keys) > 1):
        return None
    if missing:
        values.pop(missing[0], None)
    return _Entry(state, _model(state), values, missing[0] if missing else None)


def _model(state: InstanceState[Any]) -> Any:
    return state.class_


@cache
def _plain(model: Any) -> _Plain | None:
    mapper = inspect(model)
    columns: dict[str, Any] = {one.key: one.columns[0] for one in mapper.column_attrs}
    if mapper.inherits or mapper.polymorphic_on is not None or any(name != col.key for name, col in columns.items()):
        return None
    if any(column.onupdate is not None or column.server_onupdate is not None for column in columns.values()):
        return None
    given: dict[str, Any] = {name: column.default for name, column in columns.items() if column.default is not None}
    defaults = {name: default.arg for name, default in given.items() if default.is_scalar}
    ours = {name for name in given if name not in defaults}
    theirs = {name for name, column in columns.items() if column.server_default is not None and name not in given}
    version = mapper.version_id_col.key if mapper.version_id_col is not None else None
    if version is not None:
        defaults[version] = FIRST
    keys = tuple(str(column.key) for column in mapper.primary_key)
    relations = frozenset(mapper.relationships.keys())
    return _Plain(columns, relations, keys, version, defaults, frozenset(ours | theirs), bool(mapper._delete_orphans))


@cache
def _update(model: type[Base], names: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    (key,) = table.primary_key
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return Prepared(update(table).where(key == bindparam("id_", type_=key.type)).values(new))


@cache
def _insert(model: type[Base], names: tuple[str, ...], counted: str | None) -> Prepared:
    table = table_of(model)
    new = insert(table).inline()
    return Prepared(new if counted is None else new.returning(table.c[counted]), columns=names)


class Rows(Generic[Found]):
    """A question for rows of one model, prepared: the objects are the session's, as if it had asked itself."""

    def __init__(self, statement: Any) -> None:
        """``statement``: a select of the model with bound parameters and without IN lists."""
        self._model: type[Found] = statement.column_descriptions[0]["entity"]
        columns = [one.columns[0] for one in inspect(self._model).column_attrs]
        self._names = [one.key for one in inspect(self._model).column_attrs]
        self._asked = Prepared(statement.with_only_columns(*columns))

    def all(self, session: Session, **parameters: Any) -> list[Found]:
        """What there is."""
        rows = self._asked.see(session, **parameters)
        return [self._held(session, row) for row in rows]

    def first(self, session: Session, **parameters: Any) -> Found | None:
        """The first, if any."""
        rows = self._asked.see(session, **parameters)
        return self._held(session, rows[0]) if rows else None

    def _held(self, session: Session, row: Row) -> Found:
        known: Found | None = session.identity_map.get((self._model, (row[self._names.index("id")],), None))
        return known if known is not None and not instance_state(known).expired else adopt(
            session, self._model, self._names, row
        )  # fmt: skip


def with_many(row: Held, *names: str) -> Held:
    """The row, with these lists of what belongs to it loaded: a lazy load composes its question each time."""
    state = instance_state(row)
    session = state.session
    if session is not None and state.key is not None and "_pending_mutations" not in vars(state):
        for name in names:
            if name not in state.dict:
                set_committed_value(row, name, _many(type(row), name).all(session, above=state.key[1][0]))
    return row


@cache
def _many(model: Any, name: str) -> Rows[Any]:
    relation = inspect(model).relationships[name]
    column: Any = next(iter(relation.remote_side))
    asked = select(relation.mapper.class_).where(column == bindparam("above", type_=column.type))
    return Rows(asked.order_by(*(relation.order_by or ())))
