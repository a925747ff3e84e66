"""What an expression costs: microseconds to compile and to evaluate, and a decision table of a hundred rules.

    python -m benchmarks.feel
"""
from __future__ import annotations

import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.feel import Context, compile, dmn

CONTEXT = Context(now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
VARIABLES: dict[str, Any] = {
    "amount": Decimal("1250000"), "status": "x", "segment": "SMB", "due": datetime(2026, 11, 20, tzinfo=UTC),
    "client": {"name": "Anna", "address": {"city": "Kazan"}},
    "items": [{"qty": Decimal(n), "price": Decimal("10.5")} for n in range(20)],
}  # fmt: skip
EXPRESSIONS = (
    'amount > 100 and status = "x"',
    "client.address.city",
    'if amount > 1000000 then "high" else "low"',
    "sum(for i in items return i.qty * i.price)",
    'due < now() and segment in ("VIP", "SMB")',
    'upper case(substring(client.name, 1, 2)) + "-" + string(amount)',
)


def micro(work: Callable[[], object], seconds: float = 0.3) -> float:
    """Microseconds of one call: the best of five rounds."""
    once = max(min(timeit.repeat(work, number=1, repeat=3)), 1e-7)
    number = max(1, int(seconds / 5 / once))
    return min(timeit.repeat(work, number=number, repeat=5)) / number * 1e6


def table(rules: int) -> bytes:
    """A FIRST table of three inputs whose last rule matches."""
    rows = "".join(
        f'<rule><inputEntry><text>"s{n}"</text></inputEntry><inputEntry><text>[{n}..{n + 1})</text></inputEntry>'
        f"<inputEntry><text>-</text></inputEntry><outputEntry><text>{n}</text></outputEntry></rule>"
        for n in range(rules))  # fmt: skip
    columns = "".join(f"<input><inputExpression><text>{name}</text></inputExpression></input>"
                      for name in ("segment", "step", "status"))  # fmt: skip
    return (f'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="d" name="d">'
            f'<decisionTable hitPolicy="FIRST">{columns}<output name="o"/>{rows}</decisionTable></decision>'
            f"</definitions>").encode()  # fmt: skip


def main() -> None:
    """Print the table."""
    print(f"{'expression':66} {'compile us':>10} {'evaluate us':>11}")
    for text in EXPRESSIONS:
        expression = compile(text)
        # past the cache, which is not typed
        compiling = micro(lambda text=text: compile.__wrapped__(text))  # type: ignore[misc]
        # bound as a default, which is not typed
        evaluating = micro(lambda expression=expression: expression.evaluate(VARIABLES, CONTEXT))  # type: ignore[misc]
        print(f"{text:66} {compiling:10.1f} {evaluating:11.2f}")
    content = table(100)
    compile_all = micro(lambda: dmn.read(content, "d.dmn"))
    file = dmn.read(content, "d.dmn")
    variables = {**VARIABLES, "segment": "s99", "step": Decimal(99)}
    evaluating = micro(lambda: file.evaluate("d", variables, CONTEXT))
    print(f"{'decision table: 100 rules, 3 inputs, the last one matches':66} {compile_all:10.1f} {evaluating:11.2f}")


if __name__ == "__main__":
    main()
