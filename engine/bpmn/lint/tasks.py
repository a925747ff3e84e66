"""Tasks: who does them, with which form, by which action, decision, script or procedure."""
from __future__ import annotations

import re

from engine.bpmn import dialect, xml
from engine.bpmn.drawing import Drawing
from engine.bpmn.lint.rules import Findings, label, rule
from engine.bpmn.lint.timers import is_duration, is_moment
from engine.errors import text

_VARIABLE = re.compile(r"[^\W\d]\w*")
_MAX_PRIORITY = 100
_PROPERTIES = frozenset(
    {
        "starterGroups", "title", "subject", "description", "controlPoint", "cpCode", "cpTitle", "cpDue", "cpOwner",
        "cpOwnerGroup", "cpEvidence", "cpReminder", "cpEscalation", "requires", "separateFrom", "notFor", "document",
        "help", "approval", "approvalRemark", "approvalAsked", "approvalAll", "approvalNote", "anotherPerson",
        "limitKind", "limitSum",
    }
)  # fmt: skip


@rule("form-missing", "Choose the form of the task", "warning")
def form_missing(drawing: Drawing) -> Findings:
    """A task that asks for nothing: it can only be ticked off."""
    for node in drawing.nodes:
        if node.kind == "userTask" and not node.settings.form_key:
            yield node.id, text("The task «{name}» has no form", name=label(node))


@rule("form-key-expression", "Choose one form; use a gateway if the form depends on something")
def form_key_expression(drawing: Drawing) -> Findings:
    """The form must be known when the procedure is published."""
    for node in drawing.nodes:
        if dialect.is_feel(node.settings.form_key):
            yield node.id, text("The form of «{name}» is an expression", name=label(node))


@rule("assignment-missing", "Choose an assignee, candidate users or candidate groups (in a user task)")
def assignment_missing(drawing: Drawing) -> Findings:
    """A task for nobody would wait for ever."""
    for node in drawing.nodes:
        found = node.settings
        for_people = node.kind in ("userTask", "manualTask")
        if for_people and not (found.assignee or found.candidate_groups or found.candidate_users):
            yield node.id, text("The task «{name}» is given to nobody", name=label(node))


@rule("task-without-kind", "Make it a user task or a service task", "warning")
def task_without_kind(drawing: Drawing) -> Findings:
    """A plain task is only a name in the picture: the token passes it."""
    for node in drawing.nodes:
        if node.kind == "task":
            yield node.id, text("Nothing is done in «{name}»: it is neither a user task nor a service task",
                                name=label(node))  # fmt: skip


@rule("action-missing", "Choose the action (task definition type)")
def action_missing(drawing: Drawing) -> Findings:
    """A service task without an action does nothing for ever."""
    for node in drawing.nodes:
        if node.kind == "serviceTask" and not node.settings.action:
            yield node.id, text("The service task «{name}» has no action", name=label(node))
        sends = bool(node.settings.action) or node.element.get("messageRef") in drawing.declared
        if node.kind == "sendTask" and not sends:
            yield node.id, text("The send task «{name}» has neither an action nor a message", name=label(node))


@rule("action-expression", "Choose one action; use a gateway if it depends on something")
def action_expression(drawing: Drawing) -> Findings:
    """The action must be known when the procedure is published."""
    for node in drawing.nodes:
        if dialect.is_feel(node.settings.action):
            yield node.id, text("The action of «{name}» is an expression", name=label(node))


@rule("script-missing", "Write the FEEL expression and the result variable of the script")
def script_missing(drawing: Drawing) -> Findings:
    """A script task without a script or without a place for its result."""
    for node in drawing.nodes:
        if node.kind == "scriptTask" and not node.settings.action and xml.child(node.element, "script") is None:
            source = dialect.script(node.element)
            if not source:
                yield node.id, text("The script task «{name}» has no expression", name=label(node))
            elif not dialect.is_feel(source):
                yield node.id, text("The script of «{name}» does not begin with =", name=label(node))
            elif not node.settings.result_variable:
                yield node.id, text("The script task «{name}» has no result variable", name=label(node))


@rule("script-language", "Write the script in FEEL, or use an action")
def script_language(drawing: Drawing) -> Findings:
    """Python, Groovy, JavaScript from a drawing are never executed."""
    for node in drawing.nodes:
        language = node.element.get("scriptFormat") or ""
        foreign = bool(language) and language.lower() != "feel"
        if node.kind == "scriptTask" and (foreign or xml.child(node.element, "script") is not None):
            yield node.id, text("The script of «{name}» is written in {language}, which is not executed",
                                name=label(node), language=language or "?")  # fmt: skip


@rule("decision-missing", "Choose the decision and its result variable")
def decision_missing(drawing: Drawing) -> Findings:
    """A business rule task without a decision, or without a place for the answer."""
    for node in drawing.nodes:
        found = node.settings
        if node.kind == "businessRuleTask" and not found.action and not (found.decision and found.result_variable):
            yield node.id, text("The business rule task «{name}» has no decision or no result variable",
                                name=label(node))  # fmt: skip


@rule("decision-expression", "Choose one decision; use a gateway if it depends on something")
def decision_expression(drawing: Drawing) -> Findings:
    """The decision must be known when the procedure is published."""
    for node in drawing.nodes:
        if dialect.is_feel(node.settings.decision):
            yield node.id, text("The decision of «{name}» is an expression", name=label(node))


@rule("called-element-missing", "Choose the procedure to call")
def called_element_missing(drawing: Drawing) -> Findings:
    """A call activity that calls nothing."""
    for node in drawing.nodes:
        if node.kind == "callActivity" and not node.settings.called_element:
            yield node.id, text("The call activity «{name}» calls no procedure", name=label(node))


@rule("retries-wrong", "Write a whole number, e.g. 3")
def retries_wrong(drawing: Drawing) -> Findings:
    """Retries are a number of attempts."""
    for node in drawing.nodes:
        retries = node.settings.retries
        if retries is not None and not dialect.is_feel(retries) and not retries.isdigit():
            yield node.id, text("The number of retries of «{name}» is «{value}»", name=label(node), value=retries)


@rule("priority-wrong", "Write a whole number from 0 to 100")
def priority_wrong(drawing: Drawing) -> Findings:
    """The inbox sorts by it."""
    for node in drawing.nodes:
        value = node.settings.priority
        if value is None or dialect.is_feel(value):
            continue
        if not value.isdigit() or int(value) > _MAX_PRIORITY:
            yield node.id, text("The priority of «{name}» is «{value}»", name=label(node), value=value)


@rule("date-wrong", "Write e.g. P2BD (two working days), P1D, a date, or =FEEL")
def date_wrong(drawing: Drawing) -> Findings:
    """Due and follow-up dates that are neither a duration nor a date."""
    for node in drawing.nodes:
        found = node.settings
        for value in (found.due_date, found.follow_up_date):
            if value and not dialect.is_feel(value) and not is_duration(value) and not is_moment(value):
                yield node.id, text("«{value}» is no date or duration («{name}»)", value=value, name=label(node))


@rule("mapping-wrong", "Choose a variable name and a source for each mapping")
def mapping_wrong(drawing: Drawing) -> Findings:
    """Mappings without a source, or to something that is no variable name."""
    for node in drawing.nodes:
        found = node.settings
        for target, source in (*found.inputs, *found.outputs):
            if not source or not all(_VARIABLE.fullmatch(part) for part in target.split(".")):
                yield node.id, text("The mapping «{source}» to «{target}» of «{name}» is incomplete or wrong",
                                    source=source, target=target, name=label(node))  # fmt: skip


@rule("variable-name-wrong", "Choose a name of letters, digits and «_» that begins with a letter")
def variable_name_wrong(drawing: Drawing) -> Findings:
    """Result variables that no expression could name."""
    for node in drawing.nodes:
        name = node.settings.result_variable
        if name and not _VARIABLE.fullmatch(name):
            yield node.id, text("«{variable}» cannot be the name of a variable («{name}»)", variable=name,
                                name=label(node))  # fmt: skip


@rule("property-misspelt", "Correct the name of the property", "warning")
def property_misspelt(drawing: Drawing) -> Findings:
    """A property that differs from a known one in capitals, spaces or dashes only is certainly meant as that one."""
    known = {_plain(name): name for name in _PROPERTIES}
    holders = [(node.id, node.element) for node in drawing.nodes]
    holders += [(process.id, process.element) for process in drawing.processes]
    for identity, element in holders:
        for name in dialect.properties(element):
            meant = known.get(_plain(name))
            if meant is not None and meant != name:
                yield identity, text("The property «{name}» is probably meant as «{meant}»", name=name, meant=meant)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
