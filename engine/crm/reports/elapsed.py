"""The time between two moments, in days, on every database: they keep moments differently (engine.models.base)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

DAY = 86_400


class DaysBetween(FunctionElement[float]):
    """``DaysBetween(start, end)``: calendar days, with their fraction."""

    type = Float()
    inherit_cache = True
    name = "days_between"


@compiles(DaysBetween, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    start, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"(({end} - {start}) / {DAY * 1_000_000}.0)"


@compiles(DaysBetween, "postgresql")
def _in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    start, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"(EXTRACT(EPOCH FROM ({end} - {start})) / {DAY}.0)"
