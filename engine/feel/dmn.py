"""DMN decisions: reading a file once, evaluating its decisions, checking its tables.

>>> file = read(xml, "discount.dmn")            # Refused with every fault of the file
>>> file.evaluate("discount", {"amount": 120}, context)
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import NotFound, Refused
from engine.feel.dmn_boxes import callable_of
from engine.feel.dmn_check import Finding, check_table
from engine.feel.dmn_model import Decision, DecisionError, Knowledge, Layer, Model, Table
from engine.feel.dmn_read import read_model
from engine.feel.dmn_xml import Faults, parse
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.runtime import Context, Run
from engine.feel.values import FeelFunction, plain

__all__ = ["DecisionError", "DecisionFile", "Finding", "check", "read"]


class DecisionFile:
    """The decisions of one file; immutable, shared by threads.

    decisions: ids in the order of the file. required: variables the decisions need from outside. functions: functions
    they call that neither FEEL nor the file has.
    """

    def __init__(self, file: str, model: Model) -> None:
        self.file = file
        self.decisions = tuple(model.decisions)
        self._model = model
        self._needs: dict[str, frozenset[str]] = {}
        self.required = frozenset(name for id_ in self.decisions for name in self.needs(id_))
        logics = [*(one.logic for one in model.decisions.values()), *(one.logic for one in model.knowledge.values())]
        own = {item.name for item in model.knowledge.values()}
        self.functions = frozenset(name for logic in logics for name in logic.functions) - own

    def label(self, decision_id: str) -> str:
        """The name of the decision as people read it. Raises NotFound."""
        return self._decision(decision_id).label

    def table(self, decision_id: str) -> Table | None:
        """The decision's table, None when its logic is none. Raises NotFound."""
        return self._decision(decision_id).logic.table

    def needs(self, decision_id: str) -> frozenset[str]:
        """The variables the decision and those below it need from outside. Raises NotFound."""
        decision = self._decision(decision_id)
        if decision_id not in self._needs:
            own = self._bound(decision.decisions, decision.knowledge)
            below = (self.needs(id_) for id_ in decision.decisions)
            self._needs[decision_id] = (decision.logic.names - own).union(*below)
        return self._needs[decision_id]

    def _bound(self, decisions: tuple[str, ...], knowledge: tuple[str, ...]) -> set[str]:
        names = {self._model.decisions[id_].name for id_ in decisions} | set(decisions)
        return names | {self._model.knowledge[id_].name for id_ in knowledge}

    def evaluate(self, decision_id: str, variables: Mapping[str, Any], context: Context) -> Any:
        """The value of the decision, as plain data; those it builds on are evaluated first, each once.
        Raises NotFound, DecisionError, FeelError, FeelLimit."""
        decision = self._decision(decision_id)
        return plain(self._value(decision, variables, Run(context), {}))

    def _value(self, decision: Decision, variables: Mapping[str, Any], run: Run, known: dict[str, Any]) -> Any:
        if decision.id in known:
            return known[decision.id]
        below: dict[str, Any] = {}
        for id_ in decision.decisions:
            required = self._model.decisions[id_]
            below[id_] = below[required.name] = self._value(required, variables, run, known)
        for id_ in decision.knowledge:
            function = self._function(self._model.knowledge[id_], known)
            below[function.name] = function
        scope = Layer(below, variables) if below else variables
        known[decision.id] = value = _evaluate(decision, scope, run)
        return value

    def _function(self, model: Knowledge, known: dict[str, Any]) -> FeelFunction:
        """The function of a knowledge model; it sees its parameters and the models it requires, itself included."""
        key = model.id + "()"
        if key in known:
            made: FeelFunction = known[key]
            return made
        scope: dict[str, Any] = {}
        known[key] = function = callable_of(model.name, model.parameters, model.logic, scope)
        scope[model.name] = function
        for id_ in model.knowledge:
            required = self._function(self._model.knowledge[id_], known)
            scope[required.name] = required
        return function

    def _decision(self, decision_id: str) -> Decision:
        try:
            return self._model.decisions[decision_id]
        except KeyError:
            raise NotFound("There is no decision {decision} in {file}", decision=decision_id, file=self.file) from None


def _evaluate(decision: Decision, scope: Mapping[str, Any], run: Run) -> Any:
    try:
        return decision.logic.evaluate(scope, run)
    except (DecisionError, FeelLimit):
        raise
    except RecursionError:
        raise FeelLimit("The decision {decision} is nested too deeply", decision=decision.label) from None
    except FeelError as error:
        raise DecisionError("In the decision {decision}: {reason}", decision=decision.label,
                            reason=error.text) from error  # fmt: skip


def read(xml: bytes, file: str) -> DecisionFile:
    """The decisions of a file. Raises Refused with all its faults."""
    faults = Faults(file)
    model = read_model(parse(xml, file), faults)
    if faults.found:
        raise Refused("{file} is no usable decision file", tuple(faults.found), file=file)
    return DecisionFile(file, model)


def check(file: DecisionFile, decision_id: str | None = None) -> tuple[Finding, ...]:
    """Gaps and overlaps of the tables of the file, or of one decision. Raises NotFound."""
    ids = file.decisions if decision_id is None else (decision_id,)
    tables = [(id_, file.table(id_)) for id_ in ids]
    return tuple(finding for id_, table in tables if table is not None for finding in check_table(id_, table))


