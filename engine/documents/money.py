"""Sums as Russian documents print them: figures with no-break spaces, words, agreement with a number."""
from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from num2words import num2words

KOPECK = Decimal("0.01")
NBSP = "\u00a0"
LARGEST = Decimal(10) ** 15


def kopecks(value: Decimal | int | str) -> Decimal:
    """Round to whole kopecks, half up as accountants do. A float is refused: it is not a sum of money."""
    if isinstance(value, float):
        raise TypeError("money is never a float")
    return Decimal(value).quantize(KOPECK, rounding=ROUND_HALF_UP)


def money(value: Decimal | int | str, places: int = 2) -> str:
    """``1 234 567,80`` with no-break spaces; ``places`` 0 drops the kopecks of a round sum only when there are none."""
    amount = kopecks(value)
    if places == 0 and amount == amount.to_integral_value():
        return f"{amount:,.0f}".replace(",", NBSP)
    return f"{amount:,.2f}".replace(",", NBSP).replace(".", ",")


def number(value: Decimal | int | str) -> str:
    """A quantity without needless zeros: ``2``, ``1 250``, ``0,125``."""
    if isinstance(value, float):
        value = repr(value)
    figures = f"{Decimal(value).normalize():,f}"
    return figures.replace(",", NBSP).replace(".", ",")


def words(value: Decimal | int | str) -> str:
    """«Двадцать одна тысяча рублей 01 копейка»: rubles in words, kopecks in two figures, capital first.

    num2words reads an int as kopecks and a float with its binary noise, so it gets whole rubles as a Decimal only.
    """
    amount = kopecks(value)
    if abs(amount) >= LARGEST:
        raise ValueError("a sum of a quadrillion and more is not written out")
    rubles, rest = divmod(abs(amount), 1)
    text = " ".join(
        num2words(Decimal(rubles), lang="ru", to="currency", currency="RUB", cents=False, separator="").split()
    )
    text = text.rsplit(" ", 2)[0]  # num2words appends "00 копеек": ours follow, agreed with their number
    cents = int(rest * 100)
    text = f"{text} {cents:02d} {plural(cents, 'копейка', 'копейки', 'копеек')}"
    return ("Минус " + text) if amount < 0 else text[0].upper() + text[1:]


def plural(count: int | Decimal, one: str, few: str, many: str) -> str:
    """The form that agrees with a number: 1 день, 2 дня, 5 дней; a fraction takes the second form (1,5 дня)."""
    if count != int(count):
        return few
    rest = abs(int(count)) % 100
    if 11 <= rest <= 14:
        return many
    last = rest % 10
    if last == 1:
        return one
    return few if 2 <= last <= 4 else many


def number_words(value: int, case: str = "nominative", gender: str = "m") -> str:
    """A whole number in words for terms of contracts: ``number_words(10, "genitive")`` is «десяти»."""
    cases = {"nominative": "n", "genitive": "g", "dative": "d", "accusative": "a"}
    return str(num2words(int(value), lang="ru", case=cases[case], gender=gender))
