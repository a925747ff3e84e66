"""Camunda 7 drawings rewritten, in the tree, to the zeebe: dialect, with a report of what could not be.

After ``translate`` nothing below the gate needs to know that there is a second dialect. What a plain BPMN file says in
the standard's own way (``calledElement`` attribute, potential owners) is rewritten by the same table.
"""
from __future__ import annotations

import re

from lxml import etree

from engine.bpmn import xml
from engine.bpmn.camunda_expressions import Untranslatable, has_holes, to_feel
from engine.bpmn.xml import CAMUNDA, ZEEBE, B, C, Element, Z
from engine.errors import Fault, text

# camunda attribute -> (zeebe element, attribute)
_ATTRIBUTES = {
    "assignee": ("assignmentDefinition", "assignee"),
    "candidateGroups": ("assignmentDefinition", "candidateGroups"),
    "candidateUsers": ("assignmentDefinition", "candidateUsers"),
    "dueDate": ("taskSchedule", "dueDate"),
    "followUpDate": ("taskSchedule", "followUpDate"),
    "priority": ("priorityDefinition", "priority"),
    "formKey": ("formDefinition", "externalReference"),
    "formRef": ("formDefinition", "externalReference"),
    "topic": ("taskDefinition", "type"),
    "delegateExpression": ("taskDefinition", "type"),
    "class": ("taskDefinition", "type"),
    "decisionRef": ("calledDecision", "decisionId"),
}
_FORM_PREFIX = re.compile(r"^(embedded:|camunda-forms:)?(app:|deployment:)?(forms/)?")
_BEAN = re.compile(r"[$#]\{\s*([\w.]+)\s*\}")
# said by Camunda 7 about its own storage and transactions; nothing is lost without them
_HARMLESS = frozenset(
    {
        "asyncBefore", "asyncAfter", "async", "exclusive", "historyTimeToLive", "versionTag", "isStartableInTasklist",
        "type", "resultVariable", "mapDecisionResult", "decisionRefBinding", "decisionRefVersion", "collection",
        "elementVariable", "formRefBinding", "formRefVersion", "calledElementBinding", "candidateStarterGroups",
        "jobPriority", "taskPriority", "diagramRelationId", "schema",
    }
)  # fmt: skip


class Translation:
    """One pass over one file. ``findings`` is the report."""

    def __init__(self, file: str, root: Element) -> None:
        self.file, self.root = file, root
        self.findings: list[Fault] = []

    def run(self) -> None:
        """Rewrite the whole tree in place."""
        for element in [item for item in self.root.iter() if xml.is_bpmn(item)]:
            name = xml.local(element)
            if name in xml.FLOW_NODES or name == "process":
                self._attributes(element)
                self._extension_elements(element)
            if name == "callActivity":
                self._call(element)
            elif name == "scriptTask":
                self._script(element)
            elif name in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
                self._loop(element)
            elif name in ("conditionExpression", "condition", "timeDate", "timeDuration", "timeCycle"):
                self._expression_text(element)
            elif name in ("potentialOwner", "humanPerformer"):
                self._owner(element, name)
            elif name.endswith(xml.EVENT_DEFINITION):
                self._event_definition(element)

    # --- attributes -------------------------------------------------------------------------------------------------

    def _attributes(self, element: Element) -> None:
        for full_name, raw in list(element.attrib.items()):
            if not str(full_name).startswith(C):
                continue
            name, value = str(full_name)[len(C) :], str(raw)
            if name in _ATTRIBUTES:
                tag, attribute = _ATTRIBUTES[name]
                self._set(element, tag, attribute, self._attribute_value(element, name, value))
            elif name == "initiator":
                if value != "initiator":
                    self._lost(element, "camunda:initiator", value)
            elif name not in _HARMLESS:
                self._lost(element, f"camunda:{name}", value)
            del element.attrib[full_name]
            self._companions(element, name, value)

    def _companions(self, element: Element, name: str, value: str) -> None:
        """Attributes that mean something only beside another one."""
        if name == "resultVariable":
            tag = "script" if xml.local(element) == "scriptTask" else "calledDecision"
            if xml.local(element) in ("scriptTask", "businessRuleTask"):
                self._set(element, tag, "resultVariable", value)
            else:
                self._lost(element, "camunda:resultVariable", value)
        elif name == "mapDecisionResult" and value not in ("singleEntry", "singleResult"):
            self._lost(element, "camunda:mapDecisionResult", value)
        elif name == "candidateStarterGroups":
            self._property(element, "starterGroups", value)
        elif name == "class":
            self.findings.append(Fault(
                "camunda-class", self.file, _owner_id(element),
                text("The Java class {name} became the action type {name}", name=value),
                text("Choose the action that does this work here"), "warning",
            ))  # fmt: skip

    def _attribute_value(self, element: Element, name: str, value: str) -> str:
        if name in ("formKey", "formRef"):
            return _FORM_PREFIX.sub("", value, count=1).removesuffix(".html").removesuffix(".form")
        if name == "delegateExpression":
            bean = _BEAN.fullmatch(value.strip())
            return bean[1] if bean else value
        return self._feel(element, value)

    # --- extension elements -----------------------------------------------------------------------------------------

    def _extension_elements(self, element: Element) -> None:
        holder = element.find(B + "extensionElements")
        if holder is None:
            return
        for item in [found for found in holder if str(found.tag).startswith(C)]:
            name = xml.local(item)
            if name == "inputOutput":
                self._input_output(element, item)
            elif name == "properties":
                for pair in item:
                    self._property(element, pair.get("name", ""), pair.get("value", ""))
            elif name == "failedJobRetryTimeCycle":
                self._retries(element, item)
            elif name == "field" and item.get("stringValue") is not None:
                header = etree.SubElement(self._zeebe(element, "taskHeaders"), Z + "header")
                header.set("key", item.get("name", ""))
                header.set("value", item.get("stringValue", ""))
            elif name not in ("in", "out"):
                self._lost(element, f"camunda:{name}", item.get("event") or item.get("class") or "")
            if name not in ("in", "out"):
                holder.remove(item)

    def _input_output(self, element: Element, item: Element) -> None:
        for parameter in item:
            kind = {"inputParameter": "input", "outputParameter": "output"}.get(xml.local(parameter))
            if kind is None:
                continue
            source = self._parameter(element, parameter)
            if source is not None:
                self._map(element, kind, source, parameter.get("name", ""))

    def _parameter(self, element: Element, parameter: Element) -> str | None:
        """Source of a mapping: text, list or map; a script has no twin."""
        inner = next(iter(parameter), None)
        if inner is None:
            return self._feel(element, (parameter.text or "").strip())
        try:
            if xml.local(inner) == "list":
                return "=[" + ", ".join(_operand(item.text) for item in inner) + "]"
            if xml.local(inner) == "map":
                pairs = (f"{_operand(item.get('key'))}: {_operand(item.text)}" for item in inner)
                return "={" + ", ".join(pairs) + "}"
        except Untranslatable as error:
            self._untranslated(element, str(error))
            return None
        self._lost(element, f"camunda:{xml.local(inner)}", parameter.get("name", ""))
        return None

    def _retries(self, element: Element, item: Element) -> None:
        count = re.match(r"R(\d+)/", xml.content_of(item) or "")
        if count and xml.extension(element, Z + "taskDefinition") is not None:
            self._set(element, "taskDefinition", "retries", count[1])

    # --- elements with a grammar of their own -----------------------------------------------------------------------

    def _call(self, element: Element) -> None:
        if element.get("calledElement"):
            self._set(element, "calledElement", "processId", self._feel(element, element.get("calledElement", "")))
            del element.attrib["calledElement"]
        given, taken = xml.extensions(element, C + "in"), xml.extensions(element, C + "out")
        for kind, items in (("input", given), ("output", taken)):
            for item in items:
                if item.get("source") or item.get("sourceExpression"):
                    expression = item.get("sourceExpression")
                    source = self._feel(element, expression) if expression else f"={item.get('source')}"
                    self._map(element, kind, source, item.get("target", ""))
                elif item.get("businessKey"):
                    self._lost(element, "camunda:in businessKey", item.get("businessKey", ""))
        if given or taken:
            everything = any(item.get("variables") == "all" for item in taken)
            self._set(element, "calledElement", "propagateAllChildVariables", "true" if everything else "false")
        for item in [*given, *taken]:
            _drop(item)

    def _script(self, element: Element) -> None:
        body, language = xml.child(element, "script"), (element.get("scriptFormat") or "").lower()
        if body is None or language not in ("juel", "feel"):
            return
        source = xml.content_of(body) or ""
        expression = self._feel(element, source) if language == "juel" else "=" + source.removeprefix("=")
        self._set(element, "script", "expression", expression)
        element.remove(body)
        del element.attrib["scriptFormat"]

    def _loop(self, element: Element) -> None:
        collection, item = element.get(C + "collection"), element.get(C + "elementVariable")
        if collection:
            source = self._feel(element, collection)
            self._set(element, "loopCharacteristics", "inputCollection", source if source[:1] == "=" else f"={source}")
        if item:
            self._set(element, "loopCharacteristics", "inputElement", item)
        for name in ("collection", "elementVariable", "asyncBefore", "asyncAfter", "exclusive"):
            if C + name in element.attrib:
                del element.attrib[C + name]
        for tag in ("loopCardinality", "completionCondition", "loopCondition"):
            found = xml.child(element, tag)
            if found is not None:
                self._expression_text(found)

    def _expression_text(self, element: Element) -> None:
        source = xml.content_of(element)
        if source and has_holes(source):
            element.text = self._feel(element, source)

    def _event_definition(self, element: Element) -> None:
        for name in [str(found) for found in element.attrib if str(found).startswith(C)]:
            self._lost(element, f"camunda:{name[len(C):]}", str(element.attrib.pop(name)))

    def _owner(self, element: Element, name: str) -> None:
        task = element.getparent()
        expression = xml.content_of(element.find(f"{B}resourceAssignmentExpression/{B}formalExpression"))
        if task is None or not expression or xml.extension(task, Z + "assignmentDefinition") is not None:
            return
        if name == "humanPerformer":
            self._set(task, "assignmentDefinition", "assignee", self._feel(task, expression))
            return
        users = re.findall(r"user\(\s*([^)]+?)\s*\)", expression)
        groups = re.findall(r"group\(\s*([^)]+?)\s*\)", expression)
        if not users and not groups:
            groups = [part.strip() for part in expression.split(",")]
        if users:
            self._set(task, "assignmentDefinition", "candidateUsers", ",".join(users))
        if groups:
            self._set(task, "assignmentDefinition", "candidateGroups", ",".join(groups))

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _zeebe(self, element: Element, tag: str) -> Element:
        holder = element.find(B + "extensionElements")
        if holder is None:
            holder = etree.Element(B + "extensionElements", nsmap={"zeebe": ZEEBE})
            after = len(xml.children(element, "documentation"))
            element.insert(after, holder)
        found = holder.find(Z + tag)
        return etree.SubElement(holder, Z + tag) if found is None else found

    def _set(self, element: Element, tag: str, attribute: str, value: str) -> None:
        target = self._zeebe(element, tag)
        if target.get(attribute) is None:
            target.set(attribute, value)

    def _property(self, element: Element, name: str, value: str) -> None:
        item = etree.SubElement(self._zeebe(element, "properties"), Z + "property")
        item.set("name", name)
        item.set("value", self._feel(element, value))

    def _map(self, element: Element, kind: str, source: str, target: str) -> None:
        item = etree.SubElement(self._zeebe(element, "ioMapping"), Z + kind)
        item.set("source", source)
        item.set("target", target)

    # --- the report -------------------------------------------------------------------------------------------------

    def _feel(self, element: Element, value: str) -> str:
        try:
            return to_feel(value)
        except Untranslatable as error:
            self._untranslated(element, str(error))
            return value

    def _untranslated(self, element: Element, piece: str) -> None:
        self.findings.append(Fault(
            "expression-not-translated", self.file, _owner_id(element),
            text("«{piece}» of a Camunda 7 expression has no counterpart in FEEL", piece=piece),
            text("Write the expression again in FEEL, beginning with ="),
        ))  # fmt: skip

    def _lost(self, element: Element, what: str, value: str) -> None:
        self.findings.append(Fault(
            "camunda-not-translated", self.file, _owner_id(element),
            text("{what} «{value}» has no counterpart here and is left out", what=what, value=value),
            text("Check whether the procedure needs it; if so, draw it or use an action"), "warning",
        ))  # fmt: skip



def translate(file: str, root: Element) -> list[Fault]:
    """Rewrite a tree in place; what could not be rewritten is the result."""
    translation = Translation(file, root)
    translation.run()
    return translation.findings


def is_camunda(root: Element) -> bool:
    """Whether the file uses Camunda 7's extensions at all."""
    return CAMUNDA in (root.nsmap or {}).values()


def _operand(value: str | None) -> str:
    found = to_feel((value or "").strip())
    return found[1:] if has_holes(value) else '"' + found.replace('"', '\\"') + '"'


def _drop(item: Element) -> None:
    parent = item.getparent()
    if parent is not None:
        parent.remove(item)


def _owner_id(element: Element) -> str | None:
    at: Element | None = element
    while at is not None and not at.get("id"):
        at = at.getparent()
    return None if at is None else at.get("id")
