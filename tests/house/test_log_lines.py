"""Whoever reads the log reads words: each type of line the product writes has a name in engine/web/events.py."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.web.events import LINE
from engine.web.facts import NAMES

ROOT = Path(__file__).resolve().parents[2]
TYPE = re.compile(r"[a-z_]+\.[a-z_]+")


def written() -> Iterator[tuple[str, str]]:
    """Types of lines as literals given to ``record``, to what passes its own argument on to it, or kept in a name
    that is recorded; with their files."""
    trees = {path: ast.parse(path.read_text("utf-8"))
             for folder in ("engine", "processes") for path in sorted((ROOT / folder).rglob("*.py"))}  # fmt: skip
    recorders = {"record", "_record"} | {one for tree in trees.values() for one in _passing_on(tree)}
    for path, tree in trees.items():
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in recorders:
                yield from ((kind, file) for argument in node.args for kind in _types(argument))
            if isinstance(node, ast.FunctionDef):
                recorded = {name for call in _records(node) for name in _names(call)}
                for kept in ast.walk(node):
                    targets = kept.targets if isinstance(kept, ast.Assign) else []
                    if isinstance(kept, ast.Assign) and recorded & {n.id for n in targets if isinstance(n, ast.Name)}:
                        yield from ((kind, file) for kind in _types(kept.value))


def _passing_on(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)} - {"work"}
            if any(arguments & set(_names(call)) for call in _records(node)):
                yield node.name


def _records(function: ast.AST) -> Iterator[ast.Call]:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return (call for call in calls if _called(call) in {"record", "_record"})


def _names(call: ast.Call) -> list[str]:
    return [argument.id for argument in call.args[1:2] if isinstance(argument, ast.Name)]


def _types(argument: ast.AST) -> Iterator[str]:
    for part in ast.walk(argument):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and TYPE.fullmatch(part.value):
            yield part.value


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_every_line_of_the_log_has_a_name() -> None:
    found = dict(written())
    assert len(found) > 80
    assert {kind: file for kind, file in found.items() if kind not in LINE} == {}


def facts() -> Iterator[tuple[str, str]]:
    """Names of the data that lines are written with; with their files."""
    for path in sorted((*(ROOT / "engine").rglob("*.py"), *(ROOT / "processes").rglob("*.py"))):
        for call in _records(ast.parse(path.read_text("utf-8"))):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id == "audit":
                yield from ((one.arg, path.name) for one in call.keywords if one.arg)


def test_every_fact_of_a_log_line_has_a_name_for_people() -> None:
    found = {name: file for name, file in facts() if name not in {"instance", "subject", "definition"} | NAMES.keys()}
    assert found == {}
