"""Names in expressions that nothing in sight sets: most often a slip of the pen."""
from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from engine import feel
from engine.bpmn import dialect, drawing, places, xml
from engine.bpmn.drawing import Drawing, Node
from engine.bpmn.prepare import prepare
from engine.bpmn.xml import Z

# always visible: the loop counter of repetitions, the value a test looks at, and what every instance has
ALWAYS = frozenset({"loopCounter", "item", "initiator", "deal_id", "client_id", "business_key"})


def unset(file: str, content: bytes, everywhere: Collection[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(element id, name, names that are set) for every name in a drawing's expressions that nothing sets.

    ``everywhere``: facts and form fields. Where variables come from outside (start by hand with variables, messages,
    called procedures, actions without output mappings) only names that look like a misspelt one are reported.
    """
    root = xml.parse(file, content)
    prepare(file, root)
    picture = drawing.read(file, root)
    known = {*everywhere, *ALWAYS, *_set_in(picture)}
    closed = not any(_opens(node) for node in picture.nodes)
    for place in places.places(picture):
        if place.text in _results(place.node):
            continue
        try:
            free = feel.compile(place.text).names
        except feel.FeelSyntaxError:
            continue
        own = {target for target, _ in _inputs(place.node)}
        for name in sorted(free - known - own):
            if closed or difflib.get_close_matches(name, known, n=1, cutoff=0.8):
                yield place.element_id, name, sorted(known)


def _inputs(node: Node | None) -> tuple[tuple[str, str], ...]:
    return () if node is None else node.settings.inputs


def _results(node: Node | None) -> frozenset[str]:
    """Output mappings that read what a called procedure, an action or a message brings: nobody here can know that."""
    if node is None:
        return frozenset()
    found = node.settings
    if node.kind not in ("callActivity", "receiveTask") and found.action is None:
        return frozenset()
    return frozenset(source.strip()[1:] for _, source in found.outputs if dialect.is_feel(source))


def _set_in(picture: Drawing) -> Iterator[str]:
    for node in picture.nodes:
        found = node.settings
        yield from (target.split(".")[0] for target, _ in (*found.inputs, *found.outputs))
        if found.result_variable:
            yield found.result_variable
        for marker in xml.children(node.element, places.MULTI):
            source = xml.extension(marker, Z + "loopCharacteristics")
            if source is not None:
                yield from (source.get(name, "") for name in ("inputElement", "outputCollection"))


def _opens(node: Node) -> bool:
    """Whether variables come in here that the drawing does not name."""
    found = node.settings
    if node.kind == "startEvent" and node.scope.is_process:
        return bool(node.triggers) or not found.form_key
    if node.kind == "callActivity" or "message" in node.triggers or "signal" in node.triggers:
        return not found.outputs
    return (node.kind == "receiveTask" or found.action is not None) and not found.outputs
