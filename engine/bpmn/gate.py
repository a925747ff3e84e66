"""The door for drawings: bytes in, Procedures out, or every reason why not, at once."""
from __future__ import annotations

import copy
from dataclasses import replace

from engine.bpmn import drawing, lint, normalize, reader, specs, xml
from engine.bpmn.crosscheck import Known, cross_check
from engine.bpmn.prepare import prepare
from engine.bpmn.types import Procedure
from engine.bpmn.xml import Element
from engine.errors import Fault, Refused

ERROR = "error"

__all__ = ["Known", "cross_check", "inspect", "read"]


def read(file: str, content: bytes) -> tuple[Procedure, ...]:
    """The executable procedures of a drawing, compiled. Raises Refused with all faults when one is an error."""
    procedures, faults = inspect(file, content)
    errors = tuple(fault for fault in faults if fault.severity == ERROR)
    if errors:
        raise Refused("{file} cannot be published: {count} faults", errors, file=file, count=len(errors))
    return procedures


def inspect(file: str, content: bytes) -> tuple[tuple[Procedure, ...], tuple[Fault, ...]]:
    """Procedures and all findings, warnings included. With an error among them there are no procedures."""
    try:
        root = xml.parse(file, content)
    except xml.BadFile as bad:
        return (), (bad.fault,)
    faults = prepare(file, root)
    faults += lint.check(drawing.read(file, root))
    if any(fault.severity == ERROR for fault in faults):
        return (), tuple(faults)
    tree = normalize.normalize(root)
    try:
        found = tuple(_compiled(tree, item) for item in reader.procedures(root))
    except Refused as refused:
        return (), (*faults, *(replace(fault, file=fault.file or file) for fault in refused.faults))
    return found, tuple(faults)


def _compiled(tree: Element, procedure: Procedure) -> Procedure:
    found = specs.compile(copy.deepcopy(tree), procedure.key, procedure.elements)
    return replace(procedure, compiled=found)
