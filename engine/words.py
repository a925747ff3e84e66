"""Searching by words, in any case and on any database: every word must occur in one of the columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

MOST = 8  # words looked at; the rest only narrow what is narrow already


def contain(words: str, *columns: Any) -> list[ColumnElement[bool]]:
    """One condition per word. SQLite folds the case of Latin letters only, so the usual spellings are all tried."""
    return [or_(*(like for column in columns for like in _likes(column, word))) for word in words.split()[:MOST]]


def _likes(column: Any, word: str) -> list[ColumnElement[bool]]:
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    return [_Like(column, literal(f"%{_plain(spelling)}%")) for spelling in spellings]


class _Like(FunctionElement[bool]):
    """``column ILIKE pattern``, which costs SQLite half without a function around the column: its LIKE folds the same
    letters."""

    type = Boolean()
    inherit_cache = True
    name = "like"


@compiles(_Like, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    column, pattern = (compiler.process(clause, **more) for clause in element.clauses)
    return rf"({column} LIKE {pattern} ESCAPE '\')"


@compiles(_Like, "postgresql")
def _in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    column, pattern = (compiler.process(clause, **more) for clause in element.clauses)
    return rf"({column} ILIKE {pattern} ESCAPE '\')"


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
