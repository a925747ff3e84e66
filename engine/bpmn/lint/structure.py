"""Identity and shape of the whole: ids, processes, starts, ends, the picture."""
from __future__ import annotations

import re
from collections import Counter

from engine.bpmn import xml
from engine.bpmn.drawing import Drawing, Node
from engine.bpmn.lint.rules import Findings, label, rule
from engine.errors import text

_ID = re.compile(r"[^\W\d][\w.-]*")
_DERIVED = (".split", ".choice", ".link", ".flow")
_IDENTIFIED = xml.FLOW_NODES | {"process", "sequenceFlow", "message", "signal", "error", "escalation"}
# far more than anybody can read; checking and compiling a thousand takes about a second
MAX_NODES = 1000
MAX_NESTING = 10


@rule("id-missing", "Save the drawing again with the modeler, which gives every element an id")
def id_missing(drawing: Drawing) -> Findings:
    """Elements without an id cannot be found again in a running instance."""
    for element in drawing.root.iter():
        if xml.is_bpmn(element) and xml.local(element) in _IDENTIFIED and not element.get("id"):
            name = element.get("name") or "?"
            yield None, text("An element <{tag}> «{name}» has no id", tag=xml.local(element), name=name)


@rule("id-duplicate", "Give one of them another id")
def id_duplicate(drawing: Drawing) -> Findings:
    """Ids are unique in a file: two elements with one id would be taken for each other."""
    found = (item.get("id") for item in drawing.root.iter() if xml.is_bpmn(item) and item.get("id"))
    for identity, count in Counter(found).items():
        if count > 1:
            yield identity, text("{count} elements have the same id {id}", count=count, id=identity)


@rule("id-unusable", "Choose an id of letters, digits, «_» and «-» that begins with a letter")
def id_unusable(drawing: Drawing) -> Findings:
    """Ids stand in paths and states; the endings are those of gateways the engine adds itself."""
    for element in drawing.root.iter():
        if not xml.is_bpmn(element) or xml.local(element) not in _IDENTIFIED:
            continue
        identity = element.get("id") or "x"
        if not _ID.fullmatch(identity) or len(identity) > 128:
            yield identity, text("The id «{id}» has characters that an id may not have or is too long", id=identity)
        elif identity.endswith(_DERIVED):
            yield identity, text("The id «{id}» is used by the engine itself", id=identity)


@rule("too-many-elements", "Move a part of the drawing into a procedure of its own and call it")
def too_many_elements(drawing: Drawing) -> Findings:
    """Every rule and every restart looks at all of them."""
    for process in drawing.processes:
        count = sum(len(scope.nodes) for scope in process.walk())
        if count > MAX_NODES:
            yield process.id, text("The procedure has {count} elements, allowed are {limit}", count=count,
                                   limit=MAX_NODES)  # fmt: skip


@rule("nested-too-deep", "Move the inner sub-processes into a procedure of their own and call it")
def nested_too_deep(drawing: Drawing) -> Findings:
    """Sub-processes in sub-processes, deeper than anybody can read."""
    for scope in drawing.scopes:
        depth, at = 0, scope
        while at.parent is not None:
            depth, at = depth + 1, at.parent
        if depth == MAX_NESTING + 1:
            yield scope.id, text("Sub-processes are nested deeper than {limit} levels", limit=MAX_NESTING)


@rule("no-process", "Draw a process with a start event, tasks and an end event")
def no_process(drawing: Drawing) -> Findings:
    """A collaboration without a process, choreographies, empty files."""
    if not drawing.processes and not drawing.pictures:
        yield None, text("The file holds no process")


@rule("not-executable", "Switch on «Executable» in the properties of the process")
def not_executable(drawing: Drawing) -> Findings:
    """A file whose every process is marked as a picture would publish nothing."""
    if not drawing.processes:
        for picture in drawing.pictures:
            yield picture.id, text("The process is marked as not executable")


@rule("process-left-out", "If it should run, switch on «Executable» in its properties", "warning")
def process_left_out(drawing: Drawing) -> Findings:
    """Beside executable processes a picture of somebody else's process is usual; said all the same."""
    if drawing.processes:
        for picture in drawing.pictures:
            yield picture.id, text("The process «{name}» is marked as not executable and is only shown",
                                   name=picture.element.get("name") or picture.id)  # fmt: skip


@rule("process-empty", "Draw a start event, tasks and an end event")
def process_empty(drawing: Drawing) -> Findings:
    """A pool or a sub-process with nothing in it."""
    for scope in drawing.scopes:
        if not scope.nodes:
            yield scope.id, text("There is nothing in it")


@rule("start-missing", "Draw a start event")
def start_missing(drawing: Drawing) -> Findings:
    """Without a start event nothing ever begins."""
    for scope in drawing.scopes:
        if scope.nodes and not scope.starts():
            yield scope.id, text("There is no start event")


@rule("start-several", "Keep one plain start event; begin the others by a message, signal or timer")
def start_several(drawing: Drawing) -> Findings:
    """Two plain start events of a process, or any two of a sub-process: nobody says which one begins."""
    for scope in drawing.scopes:
        plain = [start for start in scope.starts() if not start.definitions or not scope.is_process]
        for start in plain[1:]:
            yield start.id, text("A second start event «{name}»: it is not said which one begins", name=label(start))


@rule("end-missing", "Draw an end event")
def end_missing(drawing: Drawing) -> Findings:
    """A process or sub-process that never says that it is over."""
    for scope in drawing.scopes:
        if scope.nodes and not any(node.kind == "endEvent" for node in scope.nodes):
            yield scope.id, text("There is no end event")


@rule("unreachable", "Draw a sequence flow that leads to it, or delete it")
def unreachable(drawing: Drawing) -> Findings:
    """An element to which no path leads."""
    for scope in drawing.scopes:
        roots = [node for node in scope.nodes if _begins(node)]
        if not any(node.kind == "startEvent" for node in roots):
            continue
        reached = _closure(roots, forward=True)
        for node in scope.nodes:
            if node not in reached:
                yield node.id, text("No path from the start leads to «{name}»", name=label(node))


@rule("dead-end", "Draw a sequence flow that leads on, to an end event in the end")
def dead_end(drawing: Drawing) -> Findings:
    """An element from which no path leads to an end: forgotten flow, endless circle."""
    for scope in drawing.scopes:
        if not any(node.kind == "endEvent" for node in scope.nodes):
            continue
        ending = _closure([node for node in scope.nodes if _ends(node)], forward=False)
        for node in scope.nodes:
            if node not in ending and not node.is_compensation_handler:
                yield node.id, text("No path leads from «{name}» to an end", name=label(node))


@rule("not-drawn", "Open the drawing in the modeler and place the element", "warning")
def not_drawn(drawing: Drawing) -> Findings:
    """Elements without a shape run, but nobody sees them."""
    shapes = {shape.get("bpmnElement") for shape in drawing.root.iter(f"{{{xml.BPMNDI}}}BPMNShape")}
    missing = [node for node in drawing.nodes if node.id not in shapes]
    if missing and not shapes:
        yield None, text("The file holds no picture: the procedure cannot be drawn")
        return
    for node in missing:
        yield node.id, text("«{name}» has no shape and cannot be drawn", name=label(node))


def _begins(node: Node) -> bool:
    """Whether a token may appear here without a sequence flow (boundary events count as reached by their host)."""
    link = "link" in node.triggers and node.kind == "intermediateCatchEvent"
    return node.kind == "startEvent" or node.is_event_subprocess or node.is_compensation_handler or link


def _ends(node: Node) -> bool:
    link = "link" in node.triggers and node.kind == "intermediateThrowEvent"
    return node.kind == "endEvent" or node.is_event_subprocess or link


def _closure(roots: list[Node], forward: bool) -> set[Node]:
    found: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        stack += [near for near in _neighbours(node, forward) if near is not None]
    return found


def _neighbours(node: Node, forward: bool) -> list[Node | None]:
    if forward:
        return [*(flow.target for flow in node.outgoing), *node.boundaries]
    return [flow.source for flow in node.incoming]
