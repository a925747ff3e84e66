"""The time between two moments or days, and the months of a day, on every database: they keep them differently
(engine.models.base)."""

from __future__ import annotations

from sqlalchemy import Float, Integer
from sqlalchemy.sql.functions import FunctionElement

from engine.models.base import spelt

DAY = 86_400


class DaysBetween(FunctionElement[float]):
    """``DaysBetween(start, end)``: calendar days, with their fraction."""

    type = Float()
    inherit_cache = True
    name = "days_between"


spelt(
    DaysBetween,
    sqlite=f"(({{1}} - {{0}}) / {DAY * 1_000_000}.0)",
    postgresql=f"(EXTRACT(EPOCH FROM ({{1}} - {{0}})) / {DAY}.0)",
)


class DaysApart(FunctionElement[float]):
    """``DaysApart(day, day)``: from one day to another."""

    type = Float()
    inherit_cache = True
    name = "days_apart"


spelt(DaysApart, sqlite="(julianday({1}) - julianday({0}))", postgresql="({1} - {0})")


class MonthsOf(FunctionElement[int]):
    """``MonthsOf(day)``: months since the year 0, to group by and to compare."""

    type = Integer()
    inherit_cache = True
    name = "months_of"


spelt(
    MonthsOf,
    sqlite="(substr({0}, 1, 4) * 12 + substr({0}, 6, 2))",  # a third of what its functions of time take
    postgresql="CAST(EXTRACT(year FROM {0}) * 12 + EXTRACT(month FROM {0}) AS INTEGER)",
)
