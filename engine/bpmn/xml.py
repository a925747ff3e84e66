"""Bytes from a stranger to an element tree, or the reason why not.

A drawing needs no document type, no entities and no outside file, so a file that has any of them is refused before
anything else looks at it; size, number of elements and depth are bounded because everything behind this door is
recursive or quadratic in them.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.errors import Fault, Text, text

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

B = f"{{{BPMN}}}"
Z = f"{{{ZEEBE}}}"
C = f"{{{CAMUNDA}}}"

MAX_BYTES = 2 * 1024 * 1024
MAX_XML_ELEMENTS = 40_000
MAX_DEPTH = 100

Element = etree._Element

FLOW_NODES = frozenset(
    {
        "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
        "task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask",
        "callActivity", "subProcess", "transaction", "adHocSubProcess",
        "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway",
    }
)  # fmt: skip
SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
# said with data shapes and nothing executes it, neither here nor in Camunda
DRAWN_DATA = frozenset(
    {
        "dataObject", "dataObjectReference", "dataStoreReference", "dataInputAssociation", "dataOutputAssociation",
        "ioSpecification", "property",
    }
)  # fmt: skip
EVENT_DEFINITION = "EventDefinition"


class BadFile(Exception):
    """The bytes are no drawing. ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault.reason))
        self.fault = fault


def parse(file: str, content: bytes) -> Element:
    """The ``definitions`` element of a BPMN file, without comments and processing instructions. Raises BadFile."""
    if len(content) > MAX_BYTES:
        raise _bad(
            file, "file-too-large",
            text("The file is {size} KiB large, allowed are {limit} KiB", size=len(content) // 1024,
                 limit=MAX_BYTES // 1024),
            text("Divide the drawing into several procedures that call each other"),
        )  # fmt: skip
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _doctype(file)
    try:
        root = etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _bad(
            file, "not-xml", text("The file is not well-formed XML: {error}", error=_first_line(error)),
            text("Save the drawing again with the modeler; do not edit the file by hand"),
        ) from None  # fmt: skip
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise _doctype(file)
    if root.tag != B + "definitions":
        raise _bad(
            file, "not-bpmn", text("The file is no BPMN 2.0 drawing: it begins with <{tag}>", tag=local(root) or "?"),
            text("Upload a .bpmn file saved by a BPMN 2.0 modeler"),
        )  # fmt: skip
    _check_bounds(file, root)
    return root


def local(element: Element) -> str:
    """Tag without its namespace; empty for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_bpmn(element: Element, name: str | None = None) -> bool:
    """Whether the element belongs to BPMN itself (and has this tag)."""
    tag = element.tag
    return isinstance(tag, str) and tag.startswith(B) and (name is None or tag == B + name)


def children(element: Element, name: str) -> list[Element]:
    """Direct BPMN children with this tag."""
    return [child for child in element if child.tag == B + name]


def child(element: Element, name: str) -> Element | None:
    """First direct BPMN child with this tag."""
    return element.find(B + name)


def content_of(element: Element | None) -> str | None:
    """The element's text, stripped; None when there is none."""
    if element is None:
        return None
    found = "".join(str(part) for part in element.itertext()).strip()
    return found or None


def extensions(element: Element, tag: str) -> list[Element]:
    """Children of ``extensionElements`` with this full tag."""
    return element.findall(f"{B}extensionElements/{tag}")


def extension(element: Element, tag: str) -> Element | None:
    """First child of ``extensionElements`` with this full tag."""
    return element.find(f"{B}extensionElements/{tag}")


def definitions_of(event: Element) -> list[tuple[str, Element]]:
    """Event definitions of an event as (``timer``, element)."""
    return [
        (local(item).removesuffix(EVENT_DEFINITION), item)
        for item in event
        if is_bpmn(item) and local(item).endswith(EVENT_DEFINITION)
    ]


def processes(root: Element) -> list[Element]:
    """All processes of the file, in the order of the file."""
    return children(root, "process")


def flow_nodes(scope: Element) -> Iterator[Element]:
    """All flow nodes below a process or sub-process, nested ones included."""
    for item in scope.iter():
        if item is not scope and is_bpmn(item) and local(item) in FLOW_NODES:
            yield item


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip


def _check_bounds(file: str, root: Element) -> None:
    count, depth = 0, 1
    level = [root]
    while level:
        count += len(level)
        if count > MAX_XML_ELEMENTS or depth > MAX_DEPTH:
            raise _bad(
                file, "file-too-complex",
                text("The file has more than {count} XML elements or nests them deeper than {depth} levels",
                     count=MAX_XML_ELEMENTS, depth=MAX_DEPTH),
                text("Divide the drawing into several procedures that call each other"),
            )  # fmt: skip
        level = [item for parent in level for item in parent]
        depth += 1


def _doctype(file: str) -> BadFile:
    return _bad(
        file, "doctype",
        text("The file declares a document type or entities, which could read other files"),
        text("Save the drawing again with the modeler: a BPMN file needs neither DOCTYPE nor ENTITY"),
    )  # fmt: skip


def _bad(file: str, code: str, reason: Text, remedy: Text) -> BadFile:
    return BadFile(Fault(code, file, None, reason, remedy))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
