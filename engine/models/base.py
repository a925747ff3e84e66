"""The declarative base: aware UTC timestamps, JSON columns, one naming rule for constraints."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
import zstandard
from sqlalchemy import JSON, BigInteger, LargeBinary, MetaData, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on every database. Naive ones are refused.

    SQLite has no type for a moment: there it is the number of microseconds since 1970, a third of the text's size
    and faster to read; comparisons and order mean the same.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value if dialect.name == "postgresql" else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base class asks for it
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else EPOCH + timedelta(microseconds=value)


class PackedJson(TypeDecorator[dict[str, Any]]):
    """JSON that nobody searches in, compressed: written with every step of an instance, read now and then."""

    impl = LargeBinary
    cache_ok = True

    # the base class asks for the dialect
    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else zstandard.ZstdCompressor(level=1).compress(orjson.dumps(value))

    # the base class asks for the dialect
    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        if value is None:
            return None
        unpacked: dict[str, Any] = orjson.loads(zstandard.ZstdDecompressor().decompress(value))
        return unpacked


Json = dict[str, Any]
Strings = list[str]
Integers = list[int]


class Base(DeclarativeBase):
    """Root of all tables. Plain SQLAlchemy: any framework, or none, may bind it to an engine."""

    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        type_annotation_map={
            datetime: UtcDateTime,
            Json: JSON(none_as_null=True),
            Strings: JSON(none_as_null=True),
            list[Json]: JSON(none_as_null=True),
            Integers: JSON(none_as_null=True),
            bytes: LargeBinary,
        }
    )


def where(condition: str) -> dict[str, Any]:
    """Options of a partial index: it holds, and costs, only the rows that are still open."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements that write many rows or none of the model's own."""
    return cast(Table, model.__table__)


def spelt(construct: type[FunctionElement[Any]], **spellings: str) -> None:
    """How each database says something: its name -> the words, with its arguments
    in their places (``{0}``)."""
    for dialect, words in spellings.items():

        @compiles(construct, dialect)
        def said(element: Any, compiler: Any, words: str = words, **more: Any) -> str:
            return words.format(*(compiler.process(clause, **more) for clause in element.clauses))
