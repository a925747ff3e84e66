"""Control points, separation of duties, limits of authority: properties with a grammar."""
from __future__ import annotations

import re

from engine.bpmn import dialect
from engine.bpmn.drawing import Drawing
from engine.bpmn.lint.rules import Findings, label, rule
from engine.bpmn.lint.timers import is_duration, is_moment
from engine.errors import text

CODE = re.compile(r"[^\W_][\w.-]*")
NUMBER = re.compile(r"\d+(\.\d+)?")
EVIDENCE = re.compile(r"completion|approval|field:[^\W\d]\w*(\.[^\W\d]\w*)*|document:[\w.-]+:(sent|signed)")
_PLACES = ("userTask", "callActivity", "subProcess")


@rule("control-point-code", "Write a code without spaces or commas, e.g. CP-01")
def control_point_code(drawing: Drawing) -> Findings:
    """The code is what deadlines, reports and `requires` refer to."""
    for node in drawing.nodes:
        code = node.settings.properties.get("controlPoint")
        if code is not None and not CODE.fullmatch(code):
            yield node.id, text("«{code}» cannot be the code of a control point", code=code)


@rule("control-point-place", "Put the control point on a user task, a call activity or a sub-process")
def control_point_place(drawing: Drawing) -> Findings:
    """A control point is opened when its element is entered and judged when it is left."""
    for node in drawing.nodes:
        misplaced = node.kind not in _PLACES or node.is_event_subprocess
        if "controlPoint" in node.settings.properties and misplaced:
            yield node.id, text("A control point cannot sit on «{name}»", name=label(node))


@rule("control-point-orphan", "Write the code of the control point (property controlPoint)")
def control_point_orphan(drawing: Drawing) -> Findings:
    """Properties of a control point that does not exist."""
    for node in drawing.nodes:
        found = node.settings.properties
        orphans = sorted(name for name in found if re.match(r"cp[A-Z]", name))
        if orphans and "controlPoint" not in found:
            yield node.id, text("«{name}» has {properties}, but no control point", name=label(node),
                                properties=", ".join(orphans))  # fmt: skip


@rule("control-point-title-missing", "Write what must be established (property cpTitle)", "warning")
def control_point_title_missing(drawing: Drawing) -> Findings:
    """People see the title, not the code."""
    for node in drawing.nodes:
        found = node.settings.properties
        if "controlPoint" in found and not found.get("cpTitle") and not node.element.get("name"):
            yield node.id, text("The control point {code} has no title", code=found["controlPoint"])


@rule("control-point-evidence", "Write completion, approval, field:NAME, document:KIND:sent or document:KIND:signed")
def control_point_evidence(drawing: Drawing) -> Findings:
    """What shows that the point was met."""
    for node in drawing.nodes:
        evidence = node.settings.properties.get("cpEvidence")
        if evidence is not None and not EVIDENCE.fullmatch(evidence):
            yield node.id, text("«{evidence}» is no evidence of a control point", evidence=evidence)


@rule("control-point-time", "Write e.g. P2BD, PT8BH, P1D, a date, or =FEEL")
def control_point_time(drawing: Drawing) -> Findings:
    """Norm and reminder of a control point."""
    for node in drawing.nodes:
        found = node.settings.properties
        for name in ("cpDue", "cpReminder"):
            value = found.get(name)
            dated = value is not None and name == "cpDue" and is_moment(value)
            if value and not dialect.is_feel(value) and not is_duration(value) and not dated:
                yield node.id, text("«{value}» is no time ({property} of «{name}»)", value=value, property=name,
                                    name=label(node))  # fmt: skip


@rule("requires-place", "Write the requirement on a user task")
def requires_place(drawing: Drawing) -> Findings:
    """Only the completion of a user task can be held back."""
    for node in drawing.nodes:
        if node.kind != "userTask" and "requires" in node.settings.properties:
            yield node.id, text("«{name}» is no user task, so nothing can be required before it", name=label(node))


@rule("separate-from-unknown", "Name the ids of user tasks of this procedure, separated by commas")
def separate_from_unknown(drawing: Drawing) -> Findings:
    """Separation of duties between tasks that exist."""
    for node in drawing.nodes:
        value = node.settings.properties.get("separateFrom")
        if value is None:
            continue
        for other in dialect.names(value) or ("",):
            found = drawing.by_id.get(other)
            same = found is not None and found.scope.process is node.scope.process
            if not same or found is node or (found is not None and found.kind != "userTask"):
                yield node.id, text("«{name}» is to be separated from «{other}», which is no other user task",
                                    name=label(node), other=other)  # fmt: skip


@rule("limit-wrong", "Write limitKind and limitSum on a user task: the kind, and the value as =FEEL or a number")
def limit_wrong(drawing: Drawing) -> Findings:
    """A limit of authority needs both: of what kind, and how much is decided on."""
    for node in drawing.nodes:
        found = node.settings.properties
        kind, value = found.get("limitKind"), found.get("limitSum")
        if kind is None and value is None:
            continue
        if node.kind != "userTask":
            yield node.id, text("«{name}» is no user task: nobody decides there up to a limit", name=label(node))
        elif not kind:
            yield node.id, text("«{name}» has limitSum but no limitKind: nothing would be limited", name=label(node))
        elif not value:
            yield node.id, text("«{name}» has limitKind but no limitSum: nobody could decide", name=label(node))
        elif not dialect.is_feel(value) and not NUMBER.fullmatch(value):
            yield node.id, text("«{value}» is no value of «{name}» to hold against a limit", value=value,
                                name=label(node))  # fmt: skip
