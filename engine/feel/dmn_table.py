"""Decision tables: finding the rules that match, and making one result of them by the hit policy."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from engine.feel import arithmetic
from engine.feel.builtins.conversion import written
from engine.feel.dmn_model import DecisionError, Input, Rule, Table
from engine.feel.expressions import Expression
from engine.feel.operators import same
from engine.feel.runtime import Frame, Run
from engine.feel.values import order

SINGLE = ("UNIQUE", "ANY", "FIRST", "PRIORITY")
MULTIPLE = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")


def evaluate(table: Table, variables: Mapping[str, Any], run: Run) -> Any:
    """The value of the table. Raises DecisionError."""
    values = [_input(table, column, variables, run) for column in table.inputs]
    hits = _matching(table, values, variables, run)
    if table.policy == "FIRST":
        first = next(hits, None)
        return _default(table, variables, run) if first is None else _result(table, first, variables, run)
    found = list(hits)
    if table.policy in MULTIPLE:
        return _several(table, found, variables, run)
    if not found:
        return _default(table, variables, run)
    return _one(table, found, variables, run)


def _input(table: Table, column: Input, variables: Mapping[str, Any], run: Run) -> Any:
    value = column.expression.run(variables, run)
    if value is not None and column.allowed is not None and not column.allowed.run(value, variables, run):
        raise DecisionError("{value} is no allowed value of {input} in the decision {decision}",
                            value=written(value, run)[:80], input=column.label, decision=table.owner)  # fmt: skip
    return value


def _matching(table: Table, values: Sequence[Any], variables: Mapping[str, Any], run: Run) -> Iterator[Rule]:
    room = max((test.room for rule in table.rules for test in rule.tests if test is not None), default=1)
    frames = [Frame(variables, [value] + [None] * room, run) for value in values]
    for rule in table.rules:
        run.charge(len(values) + 1)
        for test, frame in zip(rule.tests, frames, strict=True):
            if test is not None and not test.holds(frame):
                break
        else:
            yield rule


def _result(table: Table, rule: Rule, variables: Mapping[str, Any], run: Run) -> Any:
    values = [None if cell is None else cell.run(variables, run) for cell in rule.outputs]
    for value, output in zip(values, table.outputs, strict=True):
        if value is not None and output.allowed is not None and not output.allowed.run(value, variables, run):
            raise DecisionError("Rule {rule} of the decision {decision} gives {value}, which is no allowed value of "
                                "{output}", rule=rule.number, decision=table.owner, value=written(value, run)[:80],
                                output=output.name)  # fmt: skip
    return _shaped(table, values)


def _shaped(table: Table, values: list[Any]) -> Any:
    if len(table.outputs) == 1:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _default(table: Table, variables: Mapping[str, Any], run: Run) -> Any:
    """The default outputs; null when there is none at all."""
    if all(output.default is None for output in table.outputs):
        return None
    return _shaped(table, [_value(output.default, variables, run) for output in table.outputs])


def _value(expression: Expression | None, variables: Mapping[str, Any], run: Run) -> Any:
    return None if expression is None else expression.run(variables, run)


def _one(table: Table, found: list[Rule], variables: Mapping[str, Any], run: Run) -> Any:
    if table.policy == "UNIQUE" and len(found) > 1:
        raise DecisionError("Rules {rules} of the decision {decision} match at once, but its hit policy is UNIQUE",
                            rules=_numbers(found), decision=table.owner)  # fmt: skip
    results = [_result(table, rule, variables, run) for rule in found]
    if table.policy == "PRIORITY":
        return _by_priority(table, results, run)[0]
    if any(same(result, results[0], run) is not True for result in results[1:]):
        raise DecisionError("Rules {rules} of the decision {decision} match with different results, but its hit "
                            "policy is ANY", rules=_numbers(found), decision=table.owner)  # fmt: skip
    return results[0]


def _numbers(rules: list[Rule]) -> str:
    return ", ".join(str(rule.number) for rule in rules)


def _several(table: Table, found: list[Rule], variables: Mapping[str, Any], run: Run) -> Any:
    results = [_result(table, rule, variables, run) for rule in found]
    if table.aggregation:
        return _aggregated(table, results, run) if results else _nothing(table, variables, run)
    if not results:
        default = _default(table, variables, run)
        return [] if default is None else [default]
    return _by_priority(table, results, run) if table.policy == "OUTPUT ORDER" else results


def _nothing(table: Table, variables: Mapping[str, Any], run: Run) -> Any:
    default = _default(table, variables, run)
    return Decimal(0) if default is None and table.aggregation == "COUNT" else default


def _aggregated(table: Table, results: list[Any], run: Run) -> Any:
    if table.aggregation == "COUNT":
        return Decimal(len(results))
    if table.aggregation == "SUM":
        return reduce(arithmetic.add, results)
    wanted = -1 if table.aggregation == "MIN" else 1
    best = results[0]
    for result in results[1:]:
        sign = order(result, best, run.zone)
        if sign is None:
            raise DecisionError("The results of the decision {decision} cannot be compared", decision=table.owner)
        best = result if sign == wanted else best
    return best


def _by_priority(table: Table, results: list[Any], run: Run) -> list[Any]:
    """The most wanted first: by the place of each output among its allowed values, the first output counting most."""
    def rank(result: Any) -> tuple[int, ...]:
        values = [result] if len(table.outputs) == 1 else [result[output.name] for output in table.outputs]
        return tuple(_place(value, output.order, run) for value, output in zip(values, table.outputs, strict=True))

    return sorted(results, key=rank)


def _place(value: Any, wanted: tuple[Any, ...], run: Run) -> int:
    return next((place for place, item in enumerate(wanted) if same(value, item, run) is True), len(wanted))


