"""Functions of numbers, in FEEL's decimal arithmetic of 34 digits."""
from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from engine.feel.arithmetic import negate
from engine.feel.registry import builtin
from engine.feel.values import DECIMAL

MAX_SCALE = 6176


def _rounded(number: Decimal, scale: Decimal | None, mode: str) -> Decimal | None:
    digits = int(scale) if scale is not None else 0
    if not -MAX_SCALE <= digits <= MAX_SCALE:
        return None
    if digits >= -int(number.as_tuple().exponent):  # nothing to round away
        return number
    step = Decimal(1).scaleb(-digits, DECIMAL)
    if digits >= 0:
        return number.quantize(step, rounding=mode, context=DECIMAL)
    tens = DECIMAL.divide(number, step).to_integral_value(rounding=mode)
    return DECIMAL.multiply(tens, step)


def _declare(name: str, mode: str, optional: bool) -> None:
    def function(number: Decimal, scale: Decimal | None = None) -> Decimal | None:
        return _rounded(number, scale, mode)

    builtin(f"{name}(n: number, scale{'?' if optional else ''}: number)")(function)


for _name, _mode, _optional in (
    ("decimal", ROUND_HALF_EVEN, False),
    ("round up", ROUND_UP, False),
    ("round down", ROUND_DOWN, False),
    ("round half up", ROUND_HALF_UP, False),
    ("round half down", ROUND_HALF_DOWN, False),
    ("floor", ROUND_FLOOR, True),
    ("ceiling", ROUND_CEILING, True),
):
    _declare(_name, _mode, _optional)


@builtin("abs(n: number)")
def absolute(number: Decimal) -> Decimal:
    return DECIMAL.abs(number)


@builtin("abs(n: duration)")
def absolute_duration(span: Any) -> Any:
    return negate(span) if span < type(span)(0) else span


@builtin("modulo(dividend: number, divisor: number)")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """The remainder with the sign of the divisor."""
    if not divisor:
        return None
    rest = DECIMAL.remainder(dividend, divisor)
    if not rest.is_finite():
        whole = DECIMAL.divide(dividend, divisor).to_integral_value(rounding=ROUND_FLOOR)
        return DECIMAL.subtract(dividend, DECIMAL.multiply(divisor, whole))
    return DECIMAL.add(rest, divisor) if rest and (rest < 0) is not (divisor < 0) else rest


@builtin("sqrt(number: number)")
def square_root(number: Decimal) -> Decimal | None:
    return DECIMAL.sqrt(number) if number >= 0 else None


@builtin("log(number: number)")
def logarithm(number: Decimal) -> Decimal | None:
    return DECIMAL.ln(number) if number > 0 else None


@builtin("exp(number: number)")
def exponential(number: Decimal) -> Decimal:
    return DECIMAL.exp(number)


def _parity(wanted: int) -> Callable[[Decimal], bool]:
    def function(number: Decimal) -> bool:
        return number == number.to_integral_value() and int(number) % 2 == wanted

    return function


builtin("odd(number: number)")(_parity(1))
builtin("even(number: number)")(_parity(0))
