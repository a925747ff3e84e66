"""Searching by words, in any case and on any database: every word must occur in one of the columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

MOST = 8  # words looked at; the rest only narrow what is narrow already


def contain(words: str, *columns: Any) -> list[ColumnElement[bool]]:
    """One condition per word."""
    return [or_(*(_Holds(column, *_patterns(word)) for column in columns)) for word in words.split()[:MOST]]


def _patterns(word: str) -> list[ColumnElement[str]]:
    """How the word may be spelt, as it was typed first."""
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    return [literal(f"%{_plain(spelling)}%") for spelling in spellings]


class _Holds(FunctionElement[bool]):
    """Whether a column holds a word in any case. PostgreSQL folds the case of all letters and is asked once. SQLite
    folds Latin letters only, so the usual spellings are all tried; a function around the column would cost it twice
    that."""

    type = Boolean()
    inherit_cache = True
    name = "holds"


@compiles(_Holds, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    column, *patterns = (compiler.process(clause, **more) for clause in element.clauses)
    return "(" + " OR ".join(rf"{column} LIKE {pattern} ESCAPE '\'" for pattern in patterns) + ")"


@compiles(_Holds, "postgresql")
def _in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    column, pattern = (compiler.process(clause, **more) for clause in list(element.clauses)[:2])
    return rf"({column} ILIKE {pattern} ESCAPE '\')"


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
