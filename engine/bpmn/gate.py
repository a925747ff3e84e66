"""The door for drawings: bytes in, Procedures out, or every reason why not, at once."""
from __future__ import annotations

import copy
from dataclasses import replace

from engine.bpmn import drawing, lint, normalize, reader, specs, xml
from engine.bpmn.crosscheck import Known, cross_check
from engine.bpmn.prepare import prepare
from engine.bpmn.types import Procedure
from engine.bpmn.xml import Element
from engine.errors import Failed, Fault, Refused, text

ERROR = "error"

__all__ = ["Known", "cross_check", "inspect", "load", "read"]


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
    try:
        return _procedures(root), tuple(faults)
    except Failed as error:  # something the rules should have found and only the compiler did
        return (), (*faults, Fault("cannot-compile", file, None, error.text, text("Draw this part in another way")))


def load(file: str, content: bytes) -> tuple[Procedure, ...]:
    """The procedures of a drawing that was published once. The rules of publication are not asked again: a rule that
    came later must not strand the instances that run on it. Raises Refused for what is no drawing at all."""
    try:
        root = xml.parse(file, content)
    except xml.BadFile as bad:
        raise Refused("{file} cannot be read", (bad.fault,), file=file) from None
    prepare(file, root)
    return _procedures(root)


def _procedures(root: Element) -> tuple[Procedure, ...]:
    tree = normalize.normalize(root)
    return tuple(
        replace(item, compiled=specs.compile(copy.deepcopy(tree), item.key, item.elements))
        for item in reader.procedures(root)
    )
