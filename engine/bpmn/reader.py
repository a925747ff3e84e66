"""From a checked element tree to Procedures: elements with their settings and everything a procedure refers to."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.bpmn import dialect, xml
from engine.bpmn.types import Element as DrawnElement
from engine.bpmn.types import Procedure
from engine.bpmn.xml import Element

STARTER_GROUPS = "starterGroups"
THROWERS = frozenset({"intermediateThrowEvent", "endEvent"})


def procedures(root: Element) -> tuple[Procedure, ...]:
    """The executable processes of a file, not yet compiled. The tree must be in the zeebe dialect."""
    return tuple(_procedure(root, item) for item in xml.processes(root) if item.get("isExecutable", "true") != "false")


def _procedure(root: Element, process: Element) -> Procedure:
    elements = {item.id: item for item in _elements(process)}
    all_settings = [item.settings for item in elements.values()]
    calls = {setting.called_element for setting in all_settings if setting.called_element}
    events = list(_events(root, process))
    key = process.get("id", "")
    return Procedure(
        key=key,
        name=process.get("name") or _participant_name(root, key) or key,
        elements=elements,
        properties=dialect.properties(process),
        calls=frozenset(call for call in calls if not dialect.is_feel(call)),
        calls_any=any(dialect.is_feel(call) for call in calls),
        forms=_literals([*(setting.form_key for setting in all_settings), *_start_forms(process)]),
        decisions=_literals(setting.decision for setting in all_settings),
        actions=_literals(setting.action for setting in all_settings),
        groups=frozenset(_groups(process, elements.values())),
        throws=frozenset(name for role, name in events if role == "throw"),
        catches=frozenset(name for role, name in events if role != "throw"),
        start_messages=_start_names(events, "message"),
        start_signals=_start_names(events, "signal"),
        start_timers=tuple(_start_timers(process)),
        compiled=None,
        documentation=xml.content_of(xml.child(process, "documentation")),
    )


def _elements(process: Element) -> Iterator[DrawnElement]:
    lanes = _lanes(process)
    for node in xml.flow_nodes(process):
        identity = node.get("id", "")
        yield DrawnElement(
            id=identity,
            kind=xml.local(node),
            name=" ".join((node.get("name") or "").split()),
            lane=_lane_of(node, lanes),
            documentation=xml.content_of(xml.child(node, "documentation")),
            settings=dialect.settings(node),
            timer=_timer(node),
        )


def _timer(node: Element) -> str | None:
    """How a timer event tells its moment: the tag of its definition."""
    for kind, definition in xml.definitions_of(node):
        if kind == "timer":
            return next((xml.local(item) for item in definition if xml.is_bpmn(item)), None)
    return None


def _lanes(process: Element) -> dict[str, str]:
    """Element id -> name of the innermost lane (document order: an inner lane set comes after its lane's own refs)."""
    found: dict[str, str] = {}
    for lane in process.iter(xml.B + "lane"):
        for reference in xml.children(lane, "flowNodeRef"):
            found[(reference.text or "").strip()] = lane.get("name") or lane.get("id") or ""
    return found


def _lane_of(node: Element, lanes: dict[str, str]) -> str | None:
    """The lane of the element or, in a sub-process drawn in a lane, of the sub-process; a boundary event's host's."""
    at: Element | None = node
    while at is not None:
        for reference in (at.get("id", ""), at.get("attachedToRef", "")):
            if reference in lanes:
                return lanes[reference]
        at = at.getparent()
    return None


def _participant_name(root: Element, key: str) -> str | None:
    for participant in root.iter(xml.B + "participant"):
        if participant.get("processRef") == key:
            return participant.get("name")
    return None


def _literals(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value and not dialect.is_feel(value))


def _groups(process: Element, elements: Iterable[DrawnElement]) -> Iterator[str]:
    yield from dialect.names(dialect.properties(process).get(STARTER_GROUPS))
    for element in elements:
        yield from dialect.names(element.settings.candidate_groups)
        yield from dialect.names(element.settings.properties.get("cpOwnerGroup"))


def _start_forms(process: Element) -> list[str | None]:
    return [dialect.form_key(start) for start in xml.children(process, "startEvent")]


def _start_timers(process: Element) -> Iterator[str]:
    for start in xml.children(process, "startEvent"):
        for kind, definition in xml.definitions_of(start):
            if kind == "timer":
                yield from (xml.content_of(item) or "" for item in definition if xml.is_bpmn(item))


def _start_names(events: list[tuple[str, str]], kind: str) -> frozenset[str]:
    return frozenset(name.partition(":")[2] for role, name in events if role == "start" and name.startswith(kind + ":"))


def _events(root: Element, process: Element) -> Iterator[tuple[str, str]]:
    """(role, ``message:NAME``) of everything that throws, catches or starts by a message or a signal."""
    declared = [*xml.children(root, "message"), *xml.children(root, "signal")]
    names = {item.get("id", ""): item.get("name") or "" for item in declared}
    for node in xml.flow_nodes(process):
        kind = xml.local(node)
        role = "throw" if kind in THROWERS else "catch"
        if kind == "startEvent" and node.getparent() is process:
            role = "start"
        if kind in ("receiveTask", "sendTask"):
            reference = node.get("messageRef")
            if reference in names:
                yield ("catch" if kind == "receiveTask" else "throw"), f"message:{names[reference]}"
        for trigger, definition in xml.definitions_of(node):
            reference = definition.get(f"{trigger}Ref")
            if trigger in ("message", "signal") and reference in names:
                yield role, f"{trigger}:{names[reference]}"
