"""Collects every sentence that people may read, from the engine and the templates, into the catalogue of a language.

``python -m engine.web.collect`` adds new sentences to translations/ru/LC_MESSAGES/messages.po and drops those that are
gone; what is left to translate is printed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ENGINE = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).parent / "templates"
CATALOGUE = Path(__file__).parent / "translations" / "ru" / "LC_MESSAGES" / "messages.po"
FUNCTIONS = {"_", "gettext", "text", "Text"}
HELPERS = {"rule", "_refusal"}  # functions that make a sentence of what they are given, beside a code
PLURAL = "ngettext"
Id = str | tuple[str, str]


def sentences() -> dict[Id, list[tuple[str, int]]]:
    """Message id -> where it stands. Errors are sentences too: the first argument of every class of refusal."""
    found: dict[Id, list[tuple[str, int]]] = {}
    trees = {
        path: ast.parse(path.read_text("utf-8"))
        for path in sorted(ENGINE.rglob("*.py"))
        if "migrations" not in path.parts
    }
    names = FUNCTIONS | HELPERS | _refusals(trees.values())
    for path, tree in trees.items():
        for line, message in _in_python(tree, names - _sql(tree)):
            found.setdefault(message, []).append((_place(path), line))
    for path in sorted(TEMPLATES.rglob("*.html")):
        for line, message in _in_template(path):
            found.setdefault(message, []).append((_place(path), line))
    return found


def untranslated(catalogue: Catalog) -> list[Id]:
    """Sentences that the catalogue lacks or leaves empty."""
    return [message for message in sentences() if not _is_translated(catalogue, message)]


def load(path: Path = CATALOGUE) -> Catalog:
    """The catalogue as it is kept."""
    return read_po(BytesIO(path.read_bytes()), locale="ru") if path.exists() else Catalog(locale="ru")


def update(path: Path = CATALOGUE) -> Catalog:
    """Bring the catalogue up to date and write it."""
    old = load(path)
    new = Catalog(locale="ru", project="Reglament", charset="utf-8", fuzzy=False)
    for message, places in sentences().items():
        kept = old.get(message)
        new.add(message, kept.string if kept else None, locations=[(name, 1) for name, _ in places[:1]])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=120, omit_header=False, sort_output=True, include_lineno=False)
    return new


def _refusals(trees: object) -> set[str]:
    """Names of ReglamentError and of everything that is derived from it, anywhere in the engine."""
    names = {"ReglamentError"}
    # list() of what may be a generator or a list
    classes = [node for tree in list(trees) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]  # type: ignore[call-overload]
    while True:
        more = {node.name for node in classes if any(_last(base) in names for base in node.bases)} - names
        if not more:
            return names
        names |= more


def _sql(tree: ast.Module) -> set[str]:
    """Names that are something else in this module: SQLAlchemy has a ``text`` too."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy"]
    return {name.asname or name.name for node in imports for name in node.names}


def _in_python(tree: ast.Module, names: set[str]) -> Iterator[tuple[int, Id]]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _last(node.func)
        given = [_string(argument, constants) for argument in node.args]
        if name == PLURAL and len(given) >= 2 and given[0] and given[1]:
            yield node.lineno, (given[0], given[1])
        elif name in names:
            yield from ((node.lineno, one) for one in given[:2] if (one and " " in one) or (one and name in FUNCTIONS))


def _in_template(path: Path) -> Iterator[tuple[int, Id]]:
    with path.open("rb") as file:
        for line, function, message, _ in babel_extract(file, ("_", "gettext", PLURAL), (), {"encoding": "utf-8"}):
            if function == PLURAL and isinstance(message, tuple):
                yield line, (str(message[0]), str(message[1]))
            elif message:
                yield line, str(message[0] if isinstance(message, tuple) else message)


def _is_translated(catalogue: Catalog, message: Id) -> bool:
    kept = catalogue.get(message)
    return kept is not None and bool(kept.string) and all(kept.string if isinstance(kept.string, tuple) else [1])


def _string(node: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return constants.get(node.id, "") if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _place(path: Path) -> str:
    return path.relative_to(ENGINE.parent).as_posix()


if __name__ == "__main__":
    update()
    missing = untranslated(load())
    print(*missing, sep="\n")
    sys.exit(bool(missing))
