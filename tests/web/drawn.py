"""A small drawn procedure with its called one, as the designer's board would save it: elements with places."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="D" targetNamespace="http://bpmn.io/schema/bpmn">'
)
SIZES = {"startEvent": (36, 36), "endEvent": (36, 36), "exclusiveGateway": (50, 50)}
STEP, MIDDLE = 170, 200


def task(identity: str, name: str, group: str, form: str | None = None, due: str | None = None, **own: str) -> str:
    """A user task."""
    parts = ["<zeebe:userTask />", f'<zeebe:assignmentDefinition candidateGroups="{group}" />']
    if form:
        parts.append(f'<zeebe:formDefinition externalReference="{form}" />')
    if due:
        parts.append(f'<zeebe:taskSchedule dueDate="{due}" />')
    return _element("userTask", identity, name, "".join(parts), own)


def call(identity: str, name: str, key: str) -> str:
    """A call activity."""
    return _element("callActivity", identity, name, f'<zeebe:calledElement processId="{key}" />', {})


def plain(kind: str, identity: str, name: str = "") -> str:
    """An event or a gateway."""
    return f'<bpmn:{kind} id="{identity}" name={quoteattr(name)} />'


def drawing(
    key: str, name: str, elements: list[tuple[str, str]], flows: list[tuple[str, str, str]], **own: str
) -> bytes:
    """A file of one process. ``elements``: (id, xml) from left to right; ``flows``: (from, to, condition)."""
    places, x = {}, 160
    for identity, xml in elements:
        width, height = SIZES.get(xml.split(":", 1)[1].split(" ", 1)[0], (120, 80))
        places[identity] = (x, MIDDLE - height // 2, width, height)
        x += STEP
    body = _properties(own) + "".join(xml for _, xml in elements)
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{i}_di" bpmnElement="{i}"><dc:Bounds x="{a}" y="{b}" width="{w}" height="{h}" />'
        "</bpmndi:BPMNShape>"
        for i, (a, b, w, h) in places.items()
    )
    for number, (source, target, condition) in enumerate(flows):
        body += _flow(f"f{number}", source, target, condition)
        shapes += _edge(f"f{number}", places[source], places[target])
    return (
        f'{HEAD}<bpmn:process id="{key}" name={quoteattr(name)} isExecutable="true">{body}</bpmn:process>'
        f'<bpmndi:BPMNDiagram id="B"><bpmndi:BPMNPlane id="P" bpmnElement="{key}">{shapes}</bpmndi:BPMNPlane>'
        "</bpmndi:BPMNDiagram></bpmn:definitions>"
    ).encode()


def _element(kind: str, identity: str, name: str, inner: str, own: dict[str, str]) -> str:
    return (
        f'<bpmn:{kind} id="{identity}" name={quoteattr(name)}><bpmn:extensionElements>{inner}{_list(own)}'
        f"</bpmn:extensionElements></bpmn:{kind}>"
    )


def _properties(own: dict[str, str]) -> str:
    return f"<bpmn:extensionElements>{_list(own)}</bpmn:extensionElements>" if own else ""


def _list(own: dict[str, str]) -> str:
    inner = "".join(f"<zeebe:property name={quoteattr(n)} value={quoteattr(v)} />" for n, v in own.items())
    return f"<zeebe:properties>{inner}</zeebe:properties>" if own else ""


def _flow(identity: str, source: str, target: str, condition: str) -> str:
    said = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    return (
        f'<bpmn:sequenceFlow id="{identity}" sourceRef="{source}" targetRef="{target}">'
        f"{said if condition else ''}</bpmn:sequenceFlow>"
    )


def _edge(identity: str, source: tuple[int, int, int, int], target: tuple[int, int, int, int]) -> str:
    back = target[0] < source[0]
    a = (source[0] + (source[2] // 2 if back else source[2]), MIDDLE + (source[3] // 2 if back else 0))
    b = (target[0] + (target[2] // 2 if back else 0), MIDDLE + (target[3] // 2 if back else 0))
    points = [a, (a[0], MIDDLE + 110), (b[0], MIDDLE + 110), b] if back else [a, b]
    said = "".join(f'<di:waypoint x="{x}" y="{y}" />' for x, y in points)
    return f'<bpmndi:BPMNEdge id="{identity}_di" bpmnElement="{identity}">{said}</bpmndi:BPMNEdge>'
