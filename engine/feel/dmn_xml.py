"""DMN files as XML, read so that a stranger's file can neither reach out nor blow up."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.errors import Fault, Refused, Text, text

MAX_BYTES = 2_000_000
NAMESPACE = "omg.org/spec/DMN/"
Element = Any  # lxml's element; its stubs are optional


class Faults:
    """What is wrong with one file, collected to the end so that all of it is said at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []

    def add(self, code: str, element_id: str | None, reason: Text, remedy: Text) -> None:
        self.found.append(Fault(code, self.file, element_id, reason, remedy))


def parse(content: bytes, file: str) -> Element:
    """The root of the file. Raises Refused for what is no DMN or no safe XML."""
    if len(content) > MAX_BYTES:
        raise _refused("dmn-too-large", file, text("The file is larger than {limit} bytes", limit=MAX_BYTES),
                       text("Split the decisions into several files"))  # fmt: skip
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                             huge_tree=False, remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("dmn-xml", file, text("The file is no well-formed XML: {error}", error=str(error)[:200]),
                       text("Save the decision again with the modeler")) from error  # fmt: skip
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _refused("dmn-doctype", file, text("The file has a DOCTYPE"), text("Remove the DOCTYPE"))
    if local(root) != "definitions" or not is_dmn(root):
        raise _refused("dmn-root", file, text("The file is no DMN: its root is {root}", root=local(root)),
                       text("Upload a file whose root is the definitions of DMN 1.1 to 1.5"))  # fmt: skip
    return root


def _refused(code: str, file: str, reason: Text, remedy: Text) -> Refused:
    return Refused("{file} is no usable decision file", (Fault(code, file, None, reason, remedy),), file=file)


def local(element: Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_dmn(element: Element) -> bool:
    """Whether the element belongs to DMN and not to an extension or the diagram."""
    tag = element.tag
    return isinstance(tag, str) and NAMESPACE in tag.partition("}")[0] and "/DMNDI" not in tag.partition("}")[0]


def children(element: Element, name: str | None = None) -> Iterator[Element]:
    """The DMN children, of one name or all."""
    for child in element:
        if is_dmn(child) and (name is None or local(child) == name):
            yield child


def child(element: Element, name: str) -> Element | None:
    """The first DMN child of that name."""
    return next(children(element, name), None)


def text_of(element: Element | None) -> str:
    """The content of the element's ``text`` child, stripped; empty when there is none."""
    inner = None if element is None else child(element, "text")
    return "".join(inner.itertext()).strip() if inner is not None else ""
