"""One way to draw each thing: what BPMN allows to be said implicitly is drawn out before the tree is compiled.

Sequence flows are said at both ends, data objects (which are a picture here) and shapes are left out. Works on a copy
that already passed the lint rules. Derived gateways have stable ids, made from the element they stand
beside (``Task_1.split``, ``Task_1.choice``), so that running instances find them again after a restart.
"""
from __future__ import annotations

import copy

from lxml import etree

from engine.bpmn import drawing, xml
from engine.bpmn.xml import B, Element

SPLIT, CHOICE, LINK = ".split", ".choice", ".link"
ALWAYS = "=true"
_GATEWAYS = drawing.GATEWAYS


def inline_definitions(root: Element) -> list[str]:
    """Put shared event definitions where they are referred to. Returns ids of elements with a broken reference."""
    shared = {item.get("id"): item for item in root if xml.local(item).endswith(xml.EVENT_DEFINITION)}
    broken = []
    for reference in list(root.iter(B + "eventDefinitionRef")):
        owner, name = reference.getparent(), (reference.text or "").strip()
        if owner is None:
            continue
        definition = shared.get(name)
        if definition is None:
            broken.append(owner.get("id", ""))
            continue
        own = copy.deepcopy(definition)
        own.set("id", f"{owner.get('id')}.{name}")
        owner.replace(reference, own)
    return broken


def normalize(root: Element) -> Element:
    """A copy of the tree with nothing implicit in it and nothing that is only drawn."""
    tree = copy.deepcopy(root)
    for item in [*tree.iterchildren(f"{{{xml.BPMNDI}}}BPMNDiagram"), *xml.children(tree, "collaboration")]:
        tree.remove(item)
    for process in xml.processes(tree):
        if process.get(drawing.DEPLOYED, "true") == "false":
            tree.remove(process)
            continue
        process.set(drawing.DEPLOYED, "true")
        for scope in [item for item in process.iter() if xml.is_bpmn(item) and xml.local(item) in xml.SCOPES]:
            _normalize_scope(scope)
    return tree


def _normalize_scope(scope: Element) -> None:
    _links(scope)
    leaving: dict[str, list[Element]] = {}
    for flow in xml.children(scope, "sequenceFlow"):
        leaving.setdefault(flow.get("sourceRef", ""), []).append(flow)
    for node in _nodes(scope):
        flows = leaving.get(node.get("id", ""), [])
        _defaults(node, flows)
        _split(scope, node, flows)
        _forget_data(node)
    _forget_data(scope)
    _references(scope)


def _nodes(scope: Element) -> list[Element]:
    return [item for item in scope if xml.is_bpmn(item) and xml.local(item) in xml.FLOW_NODES]


def _forget_data(holder: Element) -> None:
    for item in [found for found in holder if xml.is_bpmn(found) and xml.local(found) in xml.DRAWN_DATA]:
        holder.remove(item)


def _links(scope: Element) -> None:
    """A pair of link events is a sequence flow that was too long to draw; both become events that let pass."""
    catches = {}
    for node in xml.children(scope, "intermediateCatchEvent"):
        link = xml.child(node, "linkEventDefinition")
        if link is not None:
            catches[link.get("name")] = node
            node.remove(link)
            node.tag = B + "intermediateThrowEvent"
    for node in xml.children(scope, "intermediateThrowEvent"):
        link = xml.child(node, "linkEventDefinition")
        if link is not None:
            node.remove(link)
            _flow(scope, f"{node.get('id')}{LINK}", node, catches[link.get("name")])


def _defaults(node: Element, leaving: list[Element]) -> None:
    """The default flow is taken when no other is, whatever condition is written on it."""
    for flow in leaving:
        condition = xml.child(flow, "conditionExpression")
        if condition is not None and flow.get("id") == node.get("default"):
            flow.remove(condition)


def _split(scope: Element, node: Element, leaving: list[Element]) -> None:
    """Several flows out of an activity or event become a gateway: parallel, inclusive, or the two one after another."""
    if xml.local(node) in _GATEWAYS:
        return
    conditional = [flow for flow in leaving if xml.child(flow, "conditionExpression") is not None]
    default = str(node.attrib.pop("default")) if "default" in node.attrib else None
    if not conditional:
        if len(leaving) > 1:
            _gateway(scope, node, "parallelGateway", SPLIT, leaving)
        return
    chosen = [flow for flow in leaving if flow in conditional or flow.get("id") == default]
    always = [flow for flow in leaving if flow not in chosen]
    if always and default is not None:
        choice, onward = _gateway(scope, node, "inclusiveGateway", CHOICE, chosen)
        choice.set("default", default)
        _gateway(scope, node, "parallelGateway", SPLIT, [*always, onward])
        return
    for flow in always:
        etree.SubElement(flow, B + "conditionExpression").text = ALWAYS
    gateway, _ = _gateway(scope, node, "inclusiveGateway", SPLIT, leaving)
    if default is not None:
        gateway.set("default", default)


def _gateway(
    scope: Element, node: Element, tag: str, suffix: str, leaving: list[Element]
) -> tuple[Element, Element]:
    """A new gateway from which these flows leave, and the flow that leads to it."""
    identity = f"{node.get('id')}{suffix}"
    gateway = etree.SubElement(scope, B + tag, {"id": identity})
    for flow in leaving:
        flow.set("sourceRef", identity)
    return gateway, _flow(scope, f"{identity}.flow", node, gateway)


def _flow(scope: Element, identity: str, source: Element, target: Element) -> Element:
    attributes = {"id": identity, "sourceRef": source.get("id", ""), "targetRef": target.get("id", "")}
    return etree.SubElement(scope, B + "sequenceFlow", attributes)


def _references(scope: Element) -> None:
    """Say again at each node which flows enter and leave it: files written by hand often do not."""
    nodes = {node.get("id"): node for node in _nodes(scope)}
    for node in nodes.values():
        for item in [*xml.children(node, "incoming"), *xml.children(node, "outgoing")]:
            node.remove(item)
    for flow in xml.children(scope, "sequenceFlow"):
        for attribute, tag in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
            etree.SubElement(nodes[flow.get(attribute)], B + tag).text = flow.get("id")
