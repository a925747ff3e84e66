"""Every requirement of the kinds process, document, control point, KPI, report and rule is answered, or its absence is
a decision that stands in docs/decided.md with a reason."""
from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.bpmn import gate
from engine.crm.reports import registry
from engine.queries.catalogue import numbers, requirements

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"process", "document", "control point", "KPI", "report", "rule"}
ROW = re.compile(r"^\| (R\d{3}) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
WHERE = ("held by", "not built")


@cache
def asked() -> dict[int, tuple[list[str], str]]:
    rows: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "requirements.yaml").read_text("utf-8"))
    return {int(name[1:]): (row[0], row[1]) for name, row in rows.items()}


@cache
def decided() -> dict[int, tuple[str, str]]:
    """Number -> where, why."""
    text = (ROOT / "docs" / "decided.md").read_text("utf-8")
    return {int(name[1:]): (where.strip(), why.strip()) for name, where, why in ROW.findall(text)}


def by_procedures() -> set[int]:
    found: set[int] = set()
    for path in (ROOT / "processes").rglob("*.bpmn"):
        found |= set().union(*(requirements(one) for one in gate.read(path.name, path.read_bytes())))
    return found


def by_documents() -> set[int]:
    return numbers((ROOT / "documents" / "README.md").read_text("utf-8"))


def by_reports() -> set[int]:
    return {number for report in registry.all_reports().values() for number in numbers(" ".join(report.requirements))}


def by_rules_in_code() -> set[int]:
    """R numbers in docstrings of the client side: the place where a rule is written down."""
    found: set[int] = set()
    for path in (ROOT / "engine" / "crm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                found |= numbers(ast.get_docstring(node))
    return found


def test_all_three_hundred_and_forty_four_requirements_are_listed_once() -> None:
    assert sorted(asked()) == list(range(1, 345))
    assert all(text for _, text in asked().values())


def test_every_requirement_is_answered_by_a_procedure_a_document_a_report_or_a_decision() -> None:
    answered = by_procedures() | by_documents() | by_reports()
    in_code = {number for number in by_rules_in_code() if set(asked()[number][0]) & {"rule", "KPI"}}
    open_ones = {
        number: text
        for number, (kinds, text) in asked().items()
        if ASKED & set(kinds) and number not in answered | in_code | set(decided())
    }
    assert open_ones == {}


def test_a_decision_names_a_requirement_and_gives_a_reason() -> None:
    for number, (where, why) in decided().items():
        assert number in asked()
        assert where in WHERE, number
        assert len(why) > 20, number


@pytest.mark.parametrize("number", sorted(number for number in range(1, 345)))
def test_what_is_decided_not_to_be_built_is_claimed_nowhere_as_built(number: int) -> None:
    if decided().get(number, ("", ""))[0] == "not built":
        assert number not in by_documents() | by_reports()
