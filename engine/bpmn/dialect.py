"""What the designer wrote on one element in the zeebe: (Camunda 8) dialect, as the adapter's own dataclass.

Files in the camunda: (Camunda 7) dialect are rewritten to this dialect beforehand (camunda.py), so there is one table.
"""
from __future__ import annotations

from engine.bpmn.types import ElementSettings
from engine.bpmn.xml import Element, Z, extension, extensions

FORM_SUFFIX = ".form"


def settings(element: Element) -> ElementSettings:
    """All settings of one flow node, raw."""
    assignment, schedule = extension(element, Z + "assignmentDefinition"), extension(element, Z + "taskSchedule")
    work, decision = extension(element, Z + "taskDefinition"), extension(element, Z + "calledDecision")
    script = extension(element, Z + "script")
    return ElementSettings(
        assignee=_get(assignment, "assignee"),
        candidate_groups=_get(assignment, "candidateGroups"),
        candidate_users=_get(assignment, "candidateUsers"),
        due_date=_get(schedule, "dueDate"),
        follow_up_date=_get(schedule, "followUpDate"),
        priority=_get(extension(element, Z + "priorityDefinition"), "priority"),
        form_key=form_key(element),
        action=_get(work, "type"),
        retries=_get(work, "retries"),
        headers=_pairs(extensions(element, f"{Z}taskHeaders/{Z}header"), "key", "value"),
        called_element=_get(extension(element, Z + "calledElement"), "processId"),
        decision=_get(decision, "decisionId"),
        result_variable=_get(decision, "resultVariable") or _get(script, "resultVariable"),
        inputs=_mapping(element, "input"),
        outputs=_mapping(element, "output"),
        properties=properties(element),
    )


def properties(element: Element) -> dict[str, str]:
    """zeebe:property name -> value of an element or a process."""
    return _pairs(extensions(element, f"{Z}properties/{Z}property"), "name", "value")


def form_key(element: Element) -> str | None:
    """The form's key: its path under forms/ without ``.form``, whichever of the three attributes names it."""
    definition = extension(element, Z + "formDefinition")
    for attribute in ("externalReference", "formKey", "formId"):
        found = _get(definition, attribute)
        if found is not None:
            return found.removesuffix(FORM_SUFFIX)
    return None


def script(element: Element) -> str | None:
    """The FEEL text of a script task, as written (with ``=``)."""
    return _get(extension(element, Z + "script"), "expression")


def correlation_key(element: Element) -> str | None:
    """The correlation key a message (or the element that throws it) declares, as written."""
    return _get(extension(element, Z + "subscription"), "correlationKey")


def names(value: str | None) -> tuple[str, ...]:
    """The parts of a comma-separated literal; nothing for FEEL."""
    if not value or value.lstrip().startswith("="):
        return ()
    return tuple(part.strip() for part in value.split(",") if part.strip())


def is_feel(value: str | None) -> bool:
    """Whether a raw setting is an expression."""
    return value is not None and value.lstrip().startswith("=")


def _get(element: Element | None, attribute: str) -> str | None:
    if element is None:
        return None
    found = (element.get(attribute) or "").strip()
    return found or None


def _pairs(found: list[Element], key: str, value: str) -> dict[str, str]:
    return {item.get(key, ""): item.get(value, "") for item in found if item.get(key)}


def _mapping(element: Element, kind: str) -> tuple[tuple[str, str], ...]:
    found = extensions(element, f"{Z}ioMapping/{Z}{kind}")
    return tuple((item.get("target", ""), item.get("source", "")) for item in found)
