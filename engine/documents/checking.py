"""Is a template fit to be published? Every name it reads must be one that documents are given.

Runs inside the worker process; engine/documents/renderer.py turns the findings into faults.
"""
from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from engine.documents.sandbox import environment
from engine.documents.template import Part, Template

ANY: Any = ...
FOREIGN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
GUARDS = {"defined", "undefined"}


@dataclass(frozen=True)
class Finding:
    """``code`` of the rule, the ``name`` it is about, a ``hint`` (nearest known name, parser's words), the place."""

    code: str
    name: str
    hint: str
    where: str
    excerpt: str


def findings(content: bytes, schema: Mapping[str, Any]) -> list[Finding]:
    """Everything wrong with a template; ``schema`` as in engine/documents/context.py."""
    template = Template(content)
    found: list[Finding] = []
    for part in template.parts():
        found.extend(_Check(part, schema).run())
    found.extend(Finding("template-part-not-rendered", name, "", name, "") for name in template.unrendered())
    return list(dict.fromkeys(found))


@dataclass
class _Check:
    part: Part
    schema: Mapping[str, Any]
    found: list[Finding] = field(default_factory=list)

    def run(self) -> list[Finding]:
        env = environment()
        try:
            tree = env.parse(self.part.source)
        except TemplateSyntaxError as error:
            self._report("template-syntax", "", str(error.message), error.lineno)
            return self.found
        except RecursionError:
            self._report("template-syntax", "", "too deeply nested", 1)
            return self.found
        self.filters, self.tests = {*env.filters, "qr"}, set(env.tests)
        scope = dict(self.schema)
        scope.update({macro.name: ANY for macro in tree.find_all(nodes.Macro)})
        self.macros = {macro.name for macro in tree.find_all(nodes.Macro)}
        self._block(tree.body, scope)
        return self.found

    def _report(self, code: str, name: str, hint: str, line: int) -> None:
        place = self.part.place(line)
        self.found.append(Finding(code, name, hint, place.where, place.excerpt))

    def _block(self, body: list[nodes.Node], scope: dict[str, Any]) -> None:
        """Statements in order: a `set` is known to those after it."""
        for node in body:
            self._statement(node, scope)

    def _statement(self, node: nodes.Node, scope: dict[str, Any]) -> None:
        if isinstance(node, nodes.For):
            self._loop(node, scope)
        elif isinstance(node, nodes.If):
            self._value(node.test, scope)
            for branch in (node.body, node.else_, node.elif_):
                self._block(list(branch), scope)
        elif isinstance(node, nodes.Assign):
            scope.update(_bound(node.target, self._value(node.node, scope)))
        elif isinstance(node, nodes.Macro):
            self._block(node.body, {**scope, "caller": ANY, **{str(arg.name): ANY for arg in node.args}})
        elif isinstance(node, nodes.Output):
            self._output(node, scope)
        elif isinstance(node, FOREIGN):
            self._report("template-forbidden", type(node).__name__.lower(), "", node.lineno)
        elif isinstance(node, nodes.Expr):
            self._value(node, scope)
        else:
            self._block(list(node.iter_child_nodes()), scope)

    def _loop(self, node: nodes.For, scope: dict[str, Any]) -> None:
        kind = self._value(node.iter, scope)
        inner = {**scope, "loop": ANY, **_bound(node.target, kind[0] if isinstance(kind, list) else ANY)}
        if node.test is not None:
            self._value(node.test, inner)
        self._block(node.body, inner)
        self._block(node.else_, dict(scope))

    def _output(self, node: nodes.Output, scope: dict[str, Any]) -> None:
        for child in node.nodes:
            if isinstance(self._value(child, scope), (Mapping, list)):
                self._report("template-not-a-value", _path(child), "", child.lineno)

    def _value(self, node: nodes.Node, scope: Mapping[str, Any]) -> Any:
        """The schema of an expression's value, ANY where it is not known; reports what must not be."""
        if isinstance(node, nodes.Name):
            return self._name(node, scope)
        if isinstance(node, (nodes.Getattr, nodes.Getitem)):
            return self._member(node, scope)
        if isinstance(node, nodes.Call):
            return self._call(node, scope)
        if isinstance(node, nodes.Filter):
            if node.name not in self.filters:
                self._report("template-unknown-filter", node.name, _nearest(node.name, self.filters), node.lineno)
            guarded = node.name == "default"
            return self._children(node, scope, skip=node.node if guarded else None)
        if isinstance(node, nodes.Test):
            if node.name not in self.tests:
                self._report("template-unknown-filter", node.name, _nearest(node.name, self.tests), node.lineno)
            return self._children(node, scope, skip=node.node if node.name in GUARDS else None)
        if isinstance(node, nodes.Pow) or (isinstance(node, nodes.Mul) and _texts_in(node)):
            self._report("template-forbidden", node.operator, "", node.lineno)
        if isinstance(node, nodes.CondExpr):
            values = [self._value(child, scope) for child in (node.test, node.expr1, node.expr2) if child is not None]
            return values[1]
        return self._children(node, scope)

    def _children(self, node: nodes.Node, scope: Mapping[str, Any], skip: nodes.Node | None = None) -> Any:
        for child in node.iter_child_nodes():
            if child is not skip:
                self._value(child, scope)
        return ANY

    def _name(self, node: nodes.Name, scope: Mapping[str, Any]) -> Any:
        if node.ctx != "load" or node.name in scope:
            return scope.get(node.name, ANY)
        code = "template-forbidden" if node.name in {"self", "super", "varargs", "kwargs"} or "__" in node.name \
            else "template-unknown-name"
        self._report(code, node.name, _nearest(node.name, set(scope)), node.lineno)
        return ANY

    def _member(self, node: nodes.Getattr | nodes.Getitem, scope: Mapping[str, Any]) -> Any:
        kind = self._value(node.node, scope)
        if isinstance(node, nodes.Getitem) and not (
            isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, (str, int))
        ):
            self._value(node.arg, scope)
            return kind[0] if isinstance(kind, list) else ANY
        # a constant: the caller has looked
        key = node.attr if isinstance(node, nodes.Getattr) else node.arg.value  # type: ignore[attr-defined]
        path = f"{_path(node.node)}.{key}"
        if isinstance(key, str) and key.startswith("_"):
            self._report("template-forbidden", path, "", node.lineno)
            return ANY
        if kind is ANY:
            return ANY
        if isinstance(kind, list) and isinstance(key, int):
            return kind[0]
        if isinstance(kind, Mapping) and (key in kind or "*" in kind):
            return kind.get(str(key), ANY)
        near = _nearest(str(key), set(kind)) if isinstance(kind, Mapping) else ""
        self._report("template-unknown-name", path, near, node.lineno)
        return ANY

    def _call(self, node: nodes.Call, scope: Mapping[str, Any]) -> Any:
        macro = isinstance(node.node, nodes.Name) and node.node.name in {*self.macros, "caller"}
        if not macro:
            self._report("template-forbidden", f"{_path(node.node)}()", "", node.lineno)
        for child in (*node.args, *(pair.value for pair in node.kwargs)):
            self._value(child, scope)
        if not macro and not isinstance(node.node, nodes.Name):
            self._value(node.node, scope)
        return ANY


def _texts_in(node: nodes.Mul) -> bool:
    return any(isinstance(side, nodes.Const) and isinstance(side.value, str) for side in (node.left, node.right))


def _bound(target: nodes.Node, kind: Any) -> dict[str, Any]:
    if isinstance(target, nodes.Name):
        return {target.name: kind}
    return {str(name.name): ANY for name in target.find_all(nodes.Name)}


def _path(node: nodes.Node) -> str:
    """How the author wrote it: ``deal.lines``."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        return f"{_path(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_path(node.node)}.{node.arg.value}"
    return "…"


def _nearest(name: str, known: set[str]) -> str:
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, 0.6)), "")


def as_plain(found: list[Finding]) -> Iterator[dict[str, str]]:
    """Findings for the way out of the worker."""
    for one in found:
        yield {"code": one.code, "name": one.name, "hint": one.hint, "where": one.where, "excerpt": one.excerpt}
