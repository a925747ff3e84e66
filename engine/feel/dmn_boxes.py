"""Boxed expressions of a decision: read from XML, compiled, checked."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import text
from engine.feel.dmn_cells import CellReader, merged
from engine.feel.dmn_model import Layer, Logic
from engine.feel.dmn_tables import read_table
from engine.feel.dmn_xml import Element, child, children, local, text_of
from engine.feel.errors import FeelError
from engine.feel.runtime import Run
from engine.feel.values import FeelFunction

BOXES = ("literalExpression", "decisionTable", "context", "list", "relation", "invocation", "functionDefinition",
         "conditional")  # fmt: skip
_NEVER = Logic(lambda *_: None)
MAX_DEPTH = 30


def box_of(element: Element) -> Element | None:
    """The expression directly within an element, of whatever sort."""
    passed_over = ("description", "variable", "informationRequirement", "knowledgeRequirement", "question",
                   "authorityRequirement", "allowedAnswers", "extensionElements", "parameter", "formalParameter",
                   "supportedObjective", "impactedPerformanceIndicator", "decisionMaker", "decisionOwner",
                   "usingProcess", "usingTask", "encapsulatedDecisions")  # fmt: skip
    return next((inner for inner in children(element) if local(inner) not in passed_over), None)


class BoxReader(CellReader):
    """Reads the boxes of one decision."""

    def read(self, element: Element | None) -> Logic:
        """The logic of a box; an empty one with a fault noted when it cannot be read."""
        if element is None:
            self.fault("dmn-empty", text("The decision has no logic"),
                       text("Give it a decision table or an expression"))  # fmt: skip
            return _NEVER
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                self.fault("dmn-depth", text("The boxes are nested more than {limit} deep", limit=MAX_DEPTH),
                           text("Split the decision"))  # fmt: skip
                return _NEVER
            self.language(element)
            return self._read(element)
        finally:
            self.depth -= 1

    def _read(self, element: Element) -> Logic:
        name = local(element)
        readers: dict[str, Callable[[Element], Logic]] = {
            "literalExpression": self._literal, "context": self._context, "list": self._list,
            "relation": self._relation, "invocation": self._invocation, "functionDefinition": self.function,
            "conditional": self._conditional, "decisionTable": self._table,
        }  # fmt: skip
        if name not in readers:
            self.fault("dmn-construct", text("A {construct} is not understood here", construct=name),
                       text("Use a decision table, a FEEL expression, a context, list, relation, invocation, function "
                            "or conditional"))  # fmt: skip
            return _NEVER
        return readers[name](element)

    def _table(self, element: Element) -> Logic:
        return read_table(self, element)

    def _literal(self, element: Element) -> Logic:
        source = text_of(element)
        if child(element, "importedValues") is not None:
            self.fault("dmn-construct", text("Imported values are not supported"),
                       text("Write the values into the file"))  # fmt: skip
        expression = self.expression(source, "literal expression")
        return _NEVER if expression is None else Logic(expression.run, expression.names, expression.functions)

    def _context(self, element: Element) -> Logic:
        entries: list[tuple[str | None, Logic]] = []
        bound: set[str] = set()
        names: set[str] = set()
        functions: set[str] = set()
        known = self.known
        for entry in children(element, "contextEntry"):
            variable = child(entry, "variable")
            logic = self.read(box_of(entry))
            names |= logic.names - bound
            functions |= logic.functions - bound
            name = None if variable is None else variable.get("name")
            if name:
                bound.add(name)
                self.known = self.known | {name}
            entries.append((name, logic))
        self.known = known
        return Logic(_context(entries), frozenset(names), frozenset(functions))

    def _list(self, element: Element) -> Logic:
        items = [self.read(item) for item in children(element) if local(item) in BOXES or local(item) != "description"]
        names, functions = merged(items)
        return Logic(lambda variables, run: [item.evaluate(variables, run) for item in items], names, functions)

    def _relation(self, element: Element) -> Logic:
        columns = [column.get("name") or "" for column in children(element, "column")]
        rows = [[self.read(cell) for cell in children(row) if local(cell) != "description"]
                for row in children(element, "row")]  # fmt: skip
        if any(len(row) != len(columns) for row in rows):
            self.fault("dmn-relation", text("A row of the relation has not as many cells as there are columns"),
                       text("Fill every cell"))  # fmt: skip
            return _NEVER
        names, functions = merged(cell for row in rows for cell in row)

        def evaluate(variables: Mapping[str, Any], run: Run) -> Any:
            return [{column: cell.evaluate(variables, run) for column, cell in zip(columns, row, strict=True)}
                    for row in rows]  # fmt: skip

        return Logic(evaluate, names, functions)

    def _invocation(self, element: Element) -> Logic:
        function = self.read(box_of_first(element))
        bindings = [(_parameter(binding), self.read(box_of(binding))) for binding in children(element, "binding")]
        names, functions = merged([function, *(logic for _, logic in bindings)])

        def evaluate(variables: Mapping[str, Any], run: Run) -> Any:
            called = function.evaluate(variables, run)
            if type(called) is not FeelFunction:
                raise FeelError("What the invocation calls is no function")
            return called.call(run, [], {name: logic.evaluate(variables, run) for name, logic in bindings})

        return Logic(evaluate, names, functions)

    def function(self, element: Element) -> Logic:
        """A function written as a box."""
        if element.get("kind", "FEEL") != "FEEL":
            self.fault("dmn-language", text("A function is of the kind {kind}", kind=element.get("kind")),
                       text("Write it in FEEL; Java and PMML are not executed"))  # fmt: skip
        parameters = parameters_of(element)
        known, self.known = self.known, self.known | set(parameters)
        body = self.read(box_of(element))
        self.known = known
        return Logic(_function(parameters, body), body.names - set(parameters), body.functions - set(parameters))

    def _conditional(self, element: Element) -> Logic:
        condition, then, otherwise = (self.read(box_of(part)) if (part := child(element, name)) is not None
                                      else self.read(None) for name in ("if", "then", "else"))  # fmt: skip
        names, functions = merged((condition, then, otherwise))

        def evaluate(variables: Mapping[str, Any], run: Run) -> Any:
            chosen = then if condition.evaluate(variables, run) is True else otherwise
            return chosen.evaluate(variables, run)

        return Logic(evaluate, names, functions)


def box_of_first(element: Element) -> Element | None:
    """The called function of an invocation: its first child that is a box."""
    return next((inner for inner in children(element) if local(inner) in BOXES), None)


def _parameter(binding: Element) -> str:
    parameter = child(binding, "parameter")
    return "" if parameter is None else parameter.get("name") or ""


def parameters_of(element: Element) -> tuple[str, ...]:
    """The names of the formal parameters of a function."""
    return tuple(parameter.get("name") or "" for parameter in children(element, "formalParameter"))


def _context(entries: list[tuple[str | None, Logic]]) -> Callable[[Mapping[str, Any], Run], Any]:
    def evaluate(variables: Mapping[str, Any], run: Run) -> Any:
        layer = Layer({}, variables)
        for name, logic in entries:
            value = logic.evaluate(layer, run)
            if name is None:  # the last entry without a name is the result
                return value
            layer[name] = value
        return dict(layer)

    return evaluate


def _function(parameters: tuple[str, ...], body: Logic) -> Callable[[Mapping[str, Any], Run], Any]:
    return lambda variables, _: callable_of("", parameters, body, variables)


def callable_of(name: str, parameters: tuple[str, ...], body: Logic, variables: Mapping[str, Any]) -> FeelFunction:
    """A function value over boxed logic; its body sees the parameters in front of ``variables``."""

    def call(run: Run, arguments: list[Any], named: Mapping[str, Any]) -> Any:
        if set(named) - set(parameters) or len(arguments) + len(named) != len(parameters):
            raise FeelError("{function} takes the arguments {parameters}", function=name or "The function",
                            parameters=", ".join(parameters))  # fmt: skip
        values = dict(named) if named else dict(zip(parameters, arguments, strict=True))
        run.charge(5)
        run.enter()
        result = body.evaluate(Layer(values, variables), run)
        run.calls -= 1
        return result

    return FeelFunction(name, parameters, call)
