"""Whoever reads the log reads words: each type of line the product writes has a name in engine/web/events.py."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.web.events import LINE

ROOT = Path(__file__).resolve().parents[2]
TYPE = re.compile(r"[a-z_]+\.[a-z_]+")


def written() -> Iterator[tuple[str, str]]:
    """Types of lines as literals beside a call of ``record``, with their files."""
    for folder in ("engine", "processes"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _called(node) in {"record", "_record"}:
                    parts = (inner for argument in node.args for inner in ast.walk(argument))
                    for value in (part.value for part in parts if isinstance(part, ast.Constant)):
                        if isinstance(value, str) and TYPE.fullmatch(value):
                            yield value, path.relative_to(ROOT).as_posix()


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_every_line_of_the_log_has_a_name() -> None:
    found = dict(written())
    assert len(found) > 80
    assert {kind: file for kind, file in found.items() if kind not in LINE} == {}
