"""The time between two moments or days, and the months of a day, on every database: they keep them differently
(engine.models.base)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Integer
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


class DaysApart(FunctionElement[float]):
    """``DaysApart(day, day)``: from one day to another."""

    type = Float()
    inherit_cache = True
    name = "days_apart"


@compiles(DaysApart, "sqlite")
def _apart_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    start, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"(julianday({end}) - julianday({start}))"


@compiles(DaysApart, "postgresql")
def _apart_in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    start, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"({end} - {start})"


class MonthsOf(FunctionElement[int]):
    """``MonthsOf(day)``: months since the year 0, to group by and to compare."""

    type = Integer()
    inherit_cache = True
    name = "months_of"


@compiles(MonthsOf, "sqlite")
def _months_in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    (day,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"(substr({day}, 1, 4) * 12 + substr({day}, 6, 2))"  # a third of what its functions of time take


@compiles(MonthsOf, "postgresql")
def _months_in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    (day,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"CAST(EXTRACT(year FROM {day}) * 12 + EXTRACT(month FROM {day}) AS INTEGER)"
