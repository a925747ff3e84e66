"""Small drawings for tests, written as short as possible: elements as XML, flows as ``s>a a>e[=x > 1]``."""
from __future__ import annotations

import re

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_FLOW = re.compile(r"(\w+)>(\w+)(?:\[((?:[^\[\]]|\[[^\]]*\])*)\])?")


def escape(value: str) -> str:
    """Text for an attribute or an element."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def el(tag: str, identity: str, inner: str = "", **attributes: str) -> str:
    """One element; attributes with ``_`` for ``:``."""
    said = "".join(f' {name.replace("_", ":", 1)}="{escape(value)}"' for name, value in attributes.items())
    return f'<{tag} id="{identity}"{said}>{inner}</{tag}>'


def ext(inner: str) -> str:
    """Extension elements."""
    return f"<extensionElements>{inner}</extensionElements>"


def zeebe(tag: str, inner: str = "", **attributes: str) -> str:
    """One zeebe element."""
    said = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<zeebe:{tag}{said}>{inner}</zeebe:{tag}>"


def props(**values: str) -> str:
    """zeebe:properties."""
    inner = "".join(zeebe("property", name=name, value=value) for name, value in values.items())
    return zeebe("properties", inner)


ASSIGNED = zeebe("assignmentDefinition", candidateGroups="sales") + zeebe("formDefinition", externalReference="f")


def user(identity: str, extra: str = "", inner: str = "", **attributes: str) -> str:
    """A user task with a form and a group."""
    return el("userTask", identity, ext(ASSIGNED + extra) + inner, **attributes)


def start(identity: str = "s", inner: str = "") -> str:
    """A start event."""
    return el("startEvent", identity, inner)


def end(identity: str = "e", inner: str = "") -> str:
    """An end event."""
    return el("endEvent", identity, inner)


def xor(identity: str, **attributes: str) -> str:
    """An exclusive gateway."""
    return el("exclusiveGateway", identity, **attributes)


def fork(identity: str, **attributes: str) -> str:
    """A parallel gateway."""
    return el("parallelGateway", identity, **attributes)


def sub(identity: str, inner: str, **attributes: str) -> str:
    """A sub-process."""
    return el("subProcess", identity, inner, **attributes)


def timer(tag: str, value: str) -> str:
    """A timer definition."""
    return f"<timerEventDefinition><{tag}>{escape(value)}</{tag}></timerEventDefinition>"


def flows(text: str) -> str:
    """``s>a a>e[=x]`` as sequence flows with ids ``f_s_a``."""
    found = []
    for source, target, condition in _FLOW.findall(text):
        inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
        found.append(el("sequenceFlow", f"f_{source}_{target}", inner, sourceRef=source, targetRef=target))
    return "".join(found)


def process(body: str, arrows: str = "", identity: str = "p", **attributes: str) -> str:
    """A process."""
    return el("process", identity, body + flows(arrows), **({"isExecutable": "true"} | attributes))


def definitions(*parts: str) -> bytes:
    """A file."""
    return f'<definitions {NAMESPACES} targetNamespace="t">{"".join(parts)}</definitions>'.encode()


def model(body: str, arrows: str = "", outside: str = "", **attributes: str) -> bytes:
    """A file with one process."""
    return definitions(process(body, arrows, **attributes), outside)


SIMPLE = model(start() + user("a") + end(), "s>a a>e")
