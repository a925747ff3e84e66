"""FEEL, the expression language of DMN 1.5, and DMN decisions. No Python of a designer's runs here, only closures made
from his text, within a budget.

>>> expression = compile('amount > 100 and status = "new"')
>>> expression.names == {"amount", "status"}
True
"""
from __future__ import annotations

from engine.feel import dmn
from engine.feel.errors import FeelError, FeelLimit, FeelSyntaxError
from engine.feel.expressions import Expression, UnaryTests, compile, constants, evaluate, unary_tests, value
from engine.feel.runtime import Context
from engine.feel.values import Range, YearMonthDuration

__all__ = ["Context", "Expression", "FeelError", "FeelLimit", "FeelSyntaxError", "Range", "UnaryTests",
           "YearMonthDuration", "compile", "constants", "dmn", "evaluate", "unary_tests", "value"]  # fmt: skip
