"""Searching by words, in any case and on any database: every word must occur in one of the columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

MOST = 8  # words looked at; the rest only narrow what is narrow already


def contain(words: str, *columns: Any) -> list[ColumnElement[bool]]:
    """One condition per word. SQLite folds the case of Latin letters only, so the usual spellings are all tried."""
    return [or_(*(like for column in columns for like in _likes(column, word))) for word in words.split()[:MOST]]


def _likes(column: Any, word: str) -> list[ColumnElement[bool]]:
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    return [column.ilike(f"%{_plain(spelling)}%", escape="\\") for spelling in spellings]


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
