"""A seeded generator of FEEL expressions: mostly of fitting types, now and then not."""
from __future__ import annotations

from random import Random
from typing import Any

VARIABLES: dict[str, Any] = {
    "amount": 1200.5, "count of parts": 3, "zero": 0, "status": "new", "город": "Казань", "flag": True, "nothing": None,
    "numbers": [3, 1, 2, 2, 5], "words": ["a", "bb", "ccc"], "client": {"name": "Anna", "age": 34, "tags": ["x", "y"]},
    "items": [{"name": "pen", "qty": 2, "price": 10.5}, {"name": "ink", "qty": 5, "price": 3},
              {"name": "pad", "qty": 1, "price": 7}],
}  # fmt: skip


class Generator:
    """Expressions by wanted type, up to a depth."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def any(self, depth: int) -> str:
        kinds = ("number", "string", "boolean", "list", "date", "duration", "context")
        return self.of(self.random.choice(kinds), depth)

    def of(self, type_: str, depth: int) -> str:
        if self.random.random() < 0.03:
            return self.random.choice(("null", "nothing", "missing"))
        choices = getattr(self, type_ + "s")(depth - 1) if depth > 0 else getattr(self, type_ + "_leaves")()
        return self.random.choice(choices)

    def number_leaves(self) -> list[str]:
        return ["0", "1", "2", "3", "10", "0.5", "2.25", "-1", "-3.5", "amount", "count of parts", "client.age",
                "numbers[2]", "numbers[-1]", "items[1].qty", "zero"]  # fmt: skip

    def numbers(self, d: int) -> list[str]:
        n, s, l, b = (self.of(type_, d) for type_ in ("number", "string", "list", "boolean"))
        m = self.of("number", d)
        date, span = self.of("date", d), self.of("duration", d)
        return [f"({n} + {m})", f"({n} - {m})", f"({n} * {m})", f"({n} / {m})", f"-({n})", f"abs({n})",
                f"floor({n})", f"ceiling({n})", f"decimal({n}, 1)", f"round half up({n}, 1)", f"round down({n}, 1)",
                f"round up({n}, 0)", f"modulo({n}, {m})", f"string length({s})", f"count({l})", f"sum({l})",
                f"min({l})", f"max({l})", f"mean({l})", f"median({l})", f"product({l})",
                f"(if {b} then {n} else {m})", f"number({s})", f"{l}[1]", f"{l}[{m}]", f"({date}).year",
                f"({date}).day", f"day of year({date})", f"week of year({date})", f"({span}).days",
                f"sum(for i in {l} return i * 2)", f"({n} ** 2)", f"sqrt({n})", f"{{a: {n}, b: a + {m}}}.b",
                f"(function(x) x + {n})({m})", f"number(from: {s}, grouping separator: \",\")"]  # fmt: skip

    def string_leaves(self) -> list[str]:
        return ['""', '"a"', '"Foo Bar"', '"12"', '"3.5"', "status", "город", "client.name", '"a,b,c"', "words[2]"]

    def strings(self, d: int) -> list[str]:
        s, t, n, b = self.of("string", d), self.of("string", d), self.of("number", 0), self.of("boolean", d)
        return [f"({s} + {t})", f"upper case({s})", f"lower case({s})", f"substring({s}, 2)",
                f"substring({s}, floor({n}), 2)", f"substring before({s}, {t})", f"substring after({s}, {t})",
                f'replace({s}, "a", "b")', f'replace({s}, "([a-z])b", "[$1]")', f"string({self.of('number', d)})",
                f"string({b})", f"string join(words, {s})", f"(if {b} then {s} else {t})",
                f"string({self.of('date', d)})", f"day of week({self.of('date', d)})",
                f"month of year({self.of('date', d)})"]  # fmt: skip

    def boolean_leaves(self) -> list[str]:
        return ["true", "false", "flag", "null", "amount > 100", 'status = "new"']

    def booleans(self, d: int) -> list[str]:
        n, m, s, t = self.of("number", d), self.of("number", d), self.of("string", d), self.of("string", d)
        a, b, l, date, other = (self.of(x, d) for x in ("boolean", "boolean", "list", "date", "date"))
        span, k = self.of("duration", d), self.of("number", 0)
        return [f"({n} {op} {m})" for op in ("<", "<=", ">", ">=", "=", "!=")] + [
            f"({s} = {t})", f"({s} != {t})", f"({s} < {t})", f"({a} and {b})", f"({a} or {b})", f"not({a})",
            f"({n} between {m} and {k})", f"({n} in [{k}..10])", f"({n} in (1..{m}])", f"({n} in (1, 2, {m}))",
            f"({n} in (< 0, > {m}))", f"({s} in ({t}, \"a\"))", f"contains({s}, {t})", f"starts with({s}, {t})",
            f"ends with({s}, {t})", f'matches({s}, "^[a-z]+$")', f"list contains({l}, {n})", f"({l} = {l})",
            f"(some x in {l} satisfies x > {k})", f"(every x in {l} satisfies x > {k})", f"({date} < {other})",
            f"({date} = {other})", f"({date} >= {other})", f"({span} > @\"P1D\")", f"all([{a}, {b}])",
            f"any([{a}, {b}])", f"({n} instance of number)", f"({s} instance of string)", f"({l} instance of list)",
            f"even({n})", f"odd({n})", f"before({n}, {m})", f"after([1..{k}], {m})", f"includes([1..10], {n})",
            f"overlaps([1..5], [{k}..8])", f"({date} in [@\"2025-01-01\"..{other}])"]  # fmt: skip

    def list_leaves(self) -> list[str]:
        return ["numbers", "[1, 2, 3]", "[]", "[4]", "items.qty", "[1, null, 2]", "[2.5, -1]"]

    def lists(self, d: int) -> list[str]:
        l, r, n, m = self.of("list", d), self.of("list", d), self.of("number", d), self.of("number", 0)
        return [f"[{n}, {m}]", f"{l}[item > {m}]", f"{l}[item != 2]", f"append({l}, {n})", f"concatenate({l}, {r})",
                f"reverse({l})", f"sublist({l}, 2)", f"sublist({l}, 1, 2)", f"remove({l}, 1)", f"flatten([{l}, [{r}]])",
                f"distinct values({l})", f"union({l}, {r})", f"index of({l}, {m})", f"insert before({l}, 1, {n})",
                f"sort({l}, function(a, b) a < b)", f"(for i in {l} return i + {m})", "(for i in 1..3 return i * i)",
                f"(for i in {l}, j in [1, 2] return i * j)", f"items[qty > {m}].price", f"list replace({l}, 1, {n})",
                "(for i in 3..1 return i)", f"mode({l})",
                f"(if {self.of('boolean', d)} then {l} else {r})"]  # fmt: skip

    def date_leaves(self) -> list[str]:
        return ['date("2026-11-21")', 'date("2025-01-31")', "date(2024, 2, 29)", '@"2026-03-01"', '@"2024-12-31"']

    def dates(self, d: int) -> list[str]:
        date, span = self.of("date", d), self.random.choice(('@"P2D"', 'duration("P40D")', '@"-P1D"'))
        return [f"({date} + {span})", f"({date} - {span})", f'({date} + @"P1M")', f'({date} - @"P1Y2M")',
                f"date(string({date}))"]  # fmt: skip

    def duration_leaves(self) -> list[str]:
        return ['duration("P1D")', '@"P2D"', '@"PT12H"', '@"P1DT2H30M"', '@"-P1D"', 'duration("PT0S")']

    def durations(self, d: int) -> list[str]:
        span, other = self.of("duration", d), self.of("duration", d)
        return [f"({span} + {other})", f"({span} - {other})", f"({self.of('date', d)} - {self.of('date', d)})",
                f"abs({span})"]  # fmt: skip

    def context_leaves(self) -> list[str]:
        return ["client", "{a: 1}", '{a: 1, "b c": "x"}', "items[1]", "{}"]

    def contexts(self, d: int) -> list[str]:
        n, c = self.of("number", d), self.of("context", d)
        return [f"{{a: {n}, b: a}}", f'context put({c}, "k", {n})', f"context merge([{c}, {{z: {n}}}])",
                f'get value({c}, "a")', f"get entries({c})", f"items[qty > {n}][1]",
                f"items[name = \"ink\"][{n}]"]  # fmt: skip

    def test(self) -> tuple[str, Any]:
        """Unary tests and the value they are put to."""
        n, m = self.of("number", 1), self.of("number", 0)
        choice = self.random.choice
        text = choice((f"{n}", f"< {n}", f">= {n}", f"[{m}..10]", f"({m}..{n}]", f"not({n})", f"{m}, {n}", "-",
                       f"< {m}, > 10", '"new"', '"new", "old"', 'not("new")', "true", "? > 1 and ? < 5",
                       'starts with(?, "n")', "[1, 2, 3]", "null", f"= {n}", f"!= {n}", "not([1..3])"))  # fmt: skip
        return text, choice((0, 1, 2, 3, 5, 10, 1200.5, -1, "new", "old", True, False, None, 3))
