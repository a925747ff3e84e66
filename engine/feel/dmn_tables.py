"""Reading decision tables."""
from __future__ import annotations

from typing import Any

from engine.errors import text
from engine.feel.arithmetic import negate
from engine.feel.dmn_cells import CellReader, merged
from engine.feel.dmn_model import Input, Logic, Output, Rule, Table
from engine.feel.dmn_table import AGGREGATIONS, MULTIPLE, SINGLE, evaluate
from engine.feel.dmn_xml import Element, child, children, local, text_of
from engine.feel.expressions import Expression, UnaryTests, compile
from engine.feel.tree import Literal, Negate, Test

MAX_RULES = 5_000
_PARTS = ("description", "extensionElements", "input", "output", "annotation", "rule")
_NULL = compile("null")


def read_table(reader: CellReader, element: Element) -> Logic:
    """The logic of a decision table; faults are noted with the reader."""
    for part in children(element):
        if local(part) not in _PARTS:
            reader.fault("dmn-construct", text("A {construct} is not understood in a decision table",
                                               construct=local(part)), text("Remove it"))  # fmt: skip
    inputs = tuple(_input(reader, column, number) for number, column in enumerate(children(element, "input"), 1))
    outputs = tuple(_output(reader, column, number) for number, column in enumerate(children(element, "output"), 1))
    rules = tuple(_rule(reader, row, number, len(inputs), len(outputs))
                  for number, row in enumerate(children(element, "rule"), 1))  # fmt: skip
    policy = (element.get("hitPolicy") or "UNIQUE").upper()
    aggregation = (element.get("aggregation") or "").upper()
    table = Table(reader.owner, policy, aggregation, inputs, outputs, rules)
    _check_shape(reader, table)
    cells = [cell for rule in rules for cell in (*rule.tests, *rule.outputs)]
    names, functions = merged([*(column.expression for column in inputs), *(column.allowed for column in inputs),
                               *(output.default for output in outputs), *cells])  # fmt: skip
    return Logic(lambda variables, run: evaluate(table, variables, run), names, functions, table)


def _check_shape(reader: CellReader, table: Table) -> None:
    if table.policy not in (*SINGLE, *MULTIPLE):
        reader.fault("dmn-hit-policy", text("{policy} is no hit policy", policy=table.policy),
                     text("Choose one of {policies}", policies=", ".join((*SINGLE, *MULTIPLE))))  # fmt: skip
    if table.aggregation not in AGGREGATIONS or (table.aggregation and table.policy != "COLLECT"):
        reader.fault("dmn-aggregation", text("{aggregation} does not go with {policy}", aggregation=table.aggregation,
                                             policy=table.policy),
                     text("SUM, MIN, MAX and COUNT go with the hit policy COLLECT"))  # fmt: skip
    if table.aggregation and len(table.outputs) > 1:
        reader.fault("dmn-aggregation", text("A table with several outputs cannot be aggregated"),
                     text("Leave one output, or collect without aggregation"))  # fmt: skip
    if not table.outputs:
        reader.fault("dmn-no-output", text("The table has no output column"), text("Add one"))
    if table.policy in ("PRIORITY", "OUTPUT ORDER") and not any(output.order for output in table.outputs):
        reader.fault("dmn-priority", text("{policy} needs the allowed values of an output, the most wanted first",
                                          policy=table.policy), text("Fill in the allowed values"))  # fmt: skip
    if len(table.rules) > MAX_RULES:
        reader.fault("dmn-too-large", text("The table has more than {limit} rules", limit=MAX_RULES),
                     text("Split the table"))  # fmt: skip
    names = [output.name for output in table.outputs]
    if len(names) > 1 and (len(set(names)) < len(names) or not all(names)):
        reader.fault("dmn-output-name", text("The output columns need names of their own"),
                     text("Give every output another name"))  # fmt: skip


def _input(reader: CellReader, column: Element, number: int) -> Input:
    source = child(column, "inputExpression")
    if source is not None:
        reader.language(source)
    where = f"input {number}"
    expression = reader.expression(text_of(source), where)
    type_ = (source.get("typeRef") if source is not None else None) or ""
    label = column.get("label") or text_of(source) or where
    allowed = text_of(child(column, "inputValues")) or reader.allowed.get(type_, "")
    return Input(label, expression or _NULL, reader.tests(allowed, f"allowed values of input {number}"), type_)


def _output(reader: CellReader, column: Element, number: int) -> Output:
    where = f"output {number}"
    allowed = text_of(child(column, "outputValues")) or reader.allowed.get(column.get("typeRef") or "", "")
    tests = reader.tests(allowed, f"allowed values of output {number}")
    default = child(column, "defaultOutputEntry")
    source = text_of(default)
    return Output(column.get("name") or column.get("label") or "", tests, _order(tests),
                  reader.expression(source, f"default of {where}") if source else None)  # fmt: skip


def _order(tests: UnaryTests | None) -> tuple[Any, ...]:
    """The allowed values one by one, when they are single values."""
    listed = (tests.tests or ()) if tests is not None else ()
    return tuple(value for test in listed for value in _single(test))


def _single(test: Test) -> list[Any]:
    if test.operator is None and isinstance(test.value, Literal):
        return [test.value.value]
    if test.operator is None and isinstance(test.value, Negate) and isinstance(test.value.value, Literal):
        return [negate(test.value.value.value)]
    return []


def _rule(reader: CellReader, row: Element, number: int, inputs: int, outputs: int) -> Rule:
    tests = [_cell(reader, cell, number) for cell in children(row, "inputEntry")]
    results = [_result(reader, cell, number) for cell in children(row, "outputEntry")]
    if len(tests) != inputs or len(results) != outputs:
        reader.fault("dmn-rule", text("Rule {rule} has not as many cells as the table has columns", rule=number),
                     text("Fill every cell; - means any value"))  # fmt: skip
    return Rule(number, tuple(tests), tuple(results))


def _cell(reader: CellReader, cell: Element, number: int) -> UnaryTests | None:
    reader.language(cell)
    return reader.tests(text_of(cell), f"rule {number}")


def _result(reader: CellReader, cell: Element, number: int) -> Expression | None:
    reader.language(cell)
    source = text_of(cell)
    return reader.expression(source, f"rule {number}") if source else None
