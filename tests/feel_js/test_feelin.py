"""Our FEEL against feelin, the JavaScript implementation that the modeler uses.

    npm ci --ignore-scripts      (in this folder, once)

FEEL_SEED=random explores, FEEL_SEED=<number> repeats a run, FEEL_CASES=… makes it longer.
"""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

from engine.feel import Context, FeelError, compile, unary_tests
from engine.feel.temporal import parse_literal, write
from engine.feel.values import ATOMS, Range
from tests.feel_js.expressions import VARIABLES, Generator

HERE = Path(__file__).parent
CONTEXT = Context(now=datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
CASES = int(os.environ.get("FEEL_CASES", "3000"))
# one seed by default, so that a build never fails by an oddity of feelin nobody has seen yet; FEEL_SEED=random explores
SEED = SystemRandom().randrange(10**9) if os.environ.get("FEEL_SEED") == "random" else int(
    os.environ.get("FEEL_SEED", "20261121"))  # fmt: skip


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found and (HERE / "node_modules" / "feelin").is_dir():
        return found
    message = f"feelin is not installed: run `npm ci --ignore-scripts` in {HERE.name}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message)
    pytest.skip(message)


def theirs(node: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run([node, "compare.mjs"], cwd=HERE, input=json.dumps(cases), capture_output=True, text=True,
                          timeout=300, check=True)  # fmt: skip
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def ours(case: dict[str, Any]) -> Any:
    try:
        if case["unary"]:
            return unary_tests(case["expression"]).matches(case["value"], VARIABLES, CONTEXT)
        return compile(case["expression"]).evaluate(VARIABLES, CONTEXT)
    except FeelError as error:
        return error


def alike(mine: Any, other: Any) -> bool:
    """The same value; numbers may differ by what a binary double cannot hold."""
    if isinstance(other, dict) and "$" in other:
        return _alike_tagged(mine, other)
    if isinstance(mine, (Decimal, int)) and not isinstance(mine, bool):
        return isinstance(other, (int, float)) and not isinstance(other, bool) and _close(float(mine), float(other))
    if isinstance(mine, list):
        return isinstance(other, list) and len(mine) == len(other) and all(map(alike, mine, other))
    if isinstance(mine, dict):
        return isinstance(other, dict) and mine.keys() == other.keys() and all(alike(mine[k], other[k]) for k in mine)
    return type(mine) is type(other) and mine == other


def _alike_tagged(mine: Any, other: dict[str, Any]) -> bool:
    if other["$"] == "range":
        return isinstance(mine, Range) and alike(mine.start, other["v"][0]) and alike(mine.end, other["v"][1])
    if other["$"] == "time" and type(mine) in ATOMS and not isinstance(mine, (str, bool, Decimal, type(None))):
        return write(mine) == other["v"] or parse_literal(other["v"]) == mine
    return False


def _close(mine: float, other: float) -> bool:
    return abs(mine - other) <= 1e-9 * max(1.0, abs(mine), abs(other))


# Where the two differ with reason. Every one of these has direct tests of ours beside this comparison; together they
# may not be more than a few in a hundred.
MEANT: tuple[tuple[str, str], ...] = (
    (r"list replace\(", "a position outside the list gives null; feelin appends"),
    (r"mode\(", "the standard wants mode in ascending order"),
    (r"median\(", "feelin sorts numbers as texts: its median of 10.5, 3 and 7 is 3"),
    (r"number\(", "an empty string is no number; feelin reads 0"),
    (r"(before|after|includes|overlaps)\(", "a relation with null is null; feelin answers true or false"),
    (r" between ", "bounds the wrong way round hold nothing, and one bound that fails settles it; feelin swaps them"),
    (r" in [\[(]", "an interval with an end that is null, or with its ends swapped; feelin takes it as open or swaps"),
    (r"substring\([^\n]*floor", "a position of 0 gives null; feelin gives an empty string"),
    (r"(item !=|item >)", "null != 2 is true, and a filter of null is an empty list; feelin leaves both out"),
    (r"(some|every) ", "a null among the answers makes them null; feelin says false"),
    (r"string\([^\n]*(sqrt|/|\*\*)", "34 digits against the 17 of a binary double"),
    (r"context merge\(\[get entries", "a list is no context"),
    (r"\[[^\[\]]*\w+\([^\[\]]*\]|\[?(null|nothing|missing)[\[\]]|\[\[\]\[", "a filter of or by null keeps nothing"),
    (r"-\([^\n]* instance of", "feelin reads -(x) instance of number as -(x instance of number)"),
    (r"concatenate\(", "a null in place of a list gives null; feelin makes it an item"),
)
SHARE = 0.04


def justified(case: dict[str, Any], mine: Any, other: Any) -> str | None:
    """Why a difference is right, or None."""
    if case["unary"]:
        return _justified_test(case, mine, other)
    return next((reason for pattern, reason in MEANT if re.search(pattern, case["expression"])), None)


def _justified_test(case: dict[str, Any], mine: Any, other: Any) -> str | None:
    if mine is False and other is not False and not _can_be_compared(case):
        return "a value that cannot be compared meets no test; feelin lets it pass"
    if re.match(r"[\[(].*\.\.", case["expression"]) and other is True:
        return "an interval with its ends swapped holds nothing; feelin swaps them back"
    if "number(" in case["expression"]:
        return "an empty string is no number; feelin reads 0"
    if isinstance(other, str):
        return "feelin refuses a comparison with what has no order"
    return None


def _can_be_compared(case: dict[str, Any]) -> bool:
    """Whether the tests answer true or false. Asked through the expression ``? in (…)``, whose null is visible."""
    inner = re.sub(r"^not\((.*)\)$", r"\1", case["expression"])
    verdict = compile(f"value in ({inner})").evaluate({**VARIABLES, "value": case["value"]}, CONTEXT)
    return verdict is not None


def compared(node: str, cases: list[dict[str, Any]]) -> None:
    print(f"FEEL_SEED={SEED}")
    reasons: dict[str, int] = {}
    wrong: list[str] = []
    for case, answer in zip(cases, theirs(node, cases), strict=True):
        mine = ours(case)
        other = answer.get("value")
        if "error" not in answer and alike(mine, other):
            continue
        reason = justified(case, mine, answer.get("error", other))
        if reason is None:
            wrong.append(f"{case['expression']}  ({case['value']!r})\n    ours {mine!r}\n    feelin {answer}")
        else:
            reasons[reason] = reasons.get(reason, 0) + 1
    print(f"{len(cases)} compared, differences that are meant: {reasons}")
    share = SHARE if not cases[0]["unary"] else 0.2  # half of the tests meet a value of another kind
    assert sum(reasons.values()) <= share * len(cases), reasons
    assert not wrong, f"seed {SEED}: {len(wrong)} of {len(cases)} differ\n" + "\n".join(wrong[:40])


def test_generated_expressions_have_the_values_feelin_gives_them(node: str):
    generator = Generator(SEED)
    cases = [{"expression": generator.any(1 + n % 3), "variables": VARIABLES, "value": None, "unary": False}
             for n in range(CASES)]  # fmt: skip
    compared(node, cases)


def test_generated_unary_tests_are_met_as_in_feelin(node: str):
    generator = Generator(SEED)
    tests = [generator.test() for _ in range(CASES // 3)]
    compared(node, [{"expression": text, "value": value, "variables": VARIABLES, "unary": True}
                    for text, value in tests])  # fmt: skip
