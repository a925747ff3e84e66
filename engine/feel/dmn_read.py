"""From the XML of a file to its decisions, with everything that is wrong said at once."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.errors import text
from engine.feel.dmn_boxes import BoxReader, box_of, parameters_of
from engine.feel.dmn_model import Decision, Knowledge, Logic, Model
from engine.feel.dmn_xml import Element, Faults, child, children, local, text_of

_HARMLESS = ("description", "extensionElements", "inputData", "knowledgeSource", "itemDefinition", "decision",
             "businessKnowledgeModel", "textAnnotation", "association", "elementCollection", "performanceIndicator",
             "organizationUnit", "artifact", "group")  # fmt: skip

MAX_DEPTH = 60  # decisions one above the other


@dataclass(frozen=True)
class _Source:
    """A decision or knowledge model before it is read."""

    element: Element
    id: str
    name: str
    label: str
    decisions: tuple[str, ...]
    knowledge: tuple[str, ...]
    inputs: tuple[str, ...]


def read_model(root: Element, faults: Faults) -> Model:
    """The decisions and knowledge models of the file; faults are noted."""
    for element in children(root):
        if local(element) not in _HARMLESS:
            faults.add("dmn-construct", element.get("id"),
                       text("A {construct} is not understood here", construct=local(element)),
                       text("Remove it; decisions, inputs and business knowledge models are supported"))  # fmt: skip
    inputs = {element.get("id") or "": _name(element) for element in children(root, "inputData")}
    decisions = _sources(root, "decision", faults)
    knowledge = _sources(root, "businessKnowledgeModel", faults)
    _check_references(decisions, knowledge, inputs, faults)
    allowed = _allowed_values(root)
    model = Model()
    for source in knowledge.values():
        model.knowledge[source.id] = _read_knowledge(source, knowledge, faults, allowed)
    for source in decisions.values():
        model.decisions[source.id] = _read_decision(source, decisions, knowledge, inputs, faults, allowed)
    _check_circles(model, faults)
    _check_forgotten(model, faults)
    if not model.decisions:
        faults.add("dmn-empty", None, text("The file holds no decision"), text("Draw a decision"))
    return model


def _name(element: Element) -> str:
    variable = child(element, "variable")
    name = variable.get("name") if variable is not None else None
    return " ".join((name or element.get("name") or element.get("id") or "").split())


def _sources(root: Element, kind: str, faults: Faults) -> dict[str, _Source]:
    found: dict[str, _Source] = {}
    for element in children(root, kind):
        id_ = element.get("id") or ""
        if not id_ or id_ in found:
            faults.add("dmn-id", id_ or None, text("A decision has no id of its own"),
                       text("Give every decision an id"))  # fmt: skip
        links: dict[str, list[str]] = {"requiredDecision": [], "requiredKnowledge": [], "requiredInput": []}
        for requirement in (*children(element, "informationRequirement"), *children(element, "knowledgeRequirement")):
            for link in children(requirement):
                _link(link, id_, links, faults)
        found[id_] = _Source(element, id_, _name(element), element.get("name") or id_,
                             tuple(links["requiredDecision"]), tuple(links["requiredKnowledge"]),
                             tuple(links["requiredInput"]))  # fmt: skip
    return found


def _link(link: Element, owner: str, links: Mapping[str, list[str]], faults: Faults) -> None:
    href = link.get("href") or ""
    if local(link) not in links:
        return
    if not href.startswith("#"):
        faults.add("dmn-import", owner, text("{href} lies in another file", href=href or "-"),
                   text("Put the decisions that build on each other into one file"))  # fmt: skip
        return
    links[local(link)].append(href[1:])


def _check_references(decisions: Mapping[str, _Source], knowledge: Mapping[str, _Source], inputs: Mapping[str, str],
                      faults: Faults) -> None:  # fmt: skip
    for source in (*decisions.values(), *knowledge.values()):
        for links, known in ((source.decisions, decisions), (source.knowledge, knowledge), (source.inputs, inputs)):
            for link in links:
                if link not in known:
                    faults.add("dmn-reference", source.id, text("It builds on {id}, which is not in the file", id=link),
                               text("Draw the requirement again"))  # fmt: skip


def _allowed_values(root: Element) -> dict[str, str]:
    """The allowed values of the types the file defines, by name of the type."""
    found: dict[str, str] = {}
    for item in children(root, "itemDefinition"):
        values = text_of(child(item, "allowedValues"))
        if values and item.get("name") and item.get("isCollection") != "true":
            found[item.get("name")] = values
    return found


def _known(*groups: Iterable[str]) -> frozenset[str]:
    return frozenset(name for group in groups for name in group if name)


def _read_knowledge(source: _Source, knowledge: Mapping[str, _Source], faults: Faults,
                    allowed: Mapping[str, str]) -> Knowledge:  # fmt: skip
    function = child(source.element, "encapsulatedLogic")
    called = [knowledge[id_].name for id_ in source.knowledge if id_ in knowledge]
    if function is None:
        reader = BoxReader(faults, source.id, _known(called), allowed)
        return Knowledge(source.id, source.name, source.knowledge, (), reader.read(None))
    parameters = parameters_of(function)
    reader = BoxReader(faults, source.id, _known(called, parameters), allowed)
    if function.get("kind", "FEEL") != "FEEL":
        faults.add("dmn-language", source.id, text("A function is of the kind {kind}", kind=function.get("kind")),
                   text("Write it in FEEL; Java and PMML are not executed"))  # fmt: skip
    return Knowledge(source.id, source.name, source.knowledge, parameters, reader.read(box_of(function)))


def _read_decision(source: _Source, decisions: Mapping[str, _Source], knowledge: Mapping[str, _Source],
                   inputs: Mapping[str, str], faults: Faults, allowed: Mapping[str, str]) -> Decision:  # fmt: skip
    known = _known((decisions[id_].name for id_ in source.decisions if id_ in decisions),
                   (knowledge[id_].name for id_ in source.knowledge if id_ in knowledge),
                   (inputs[id_] for id_ in source.inputs if id_ in inputs))  # fmt: skip
    logic = BoxReader(faults, source.id, known, allowed).read(box_of(source.element))
    return Decision(source.id, source.name, source.label, source.decisions, source.knowledge, logic)


def _check_circles(model: Model, faults: Faults) -> None:
    heights: dict[str, int] = {}
    for start in model.decisions:
        if _height(model, start, [], heights, faults) > MAX_DEPTH:
            faults.add("dmn-depth", start, text("More than {limit} decisions build on each other", limit=MAX_DEPTH),
                       text("Join some of them"))  # fmt: skip
            return


def _height(model: Model, id_: str, path: list[str], heights: dict[str, int], faults: Faults) -> int:
    """How many decisions stand below, counted no further than one too many."""
    if id_ in heights or id_ not in model.decisions or len(path) > MAX_DEPTH:
        return heights.get(id_, 0 if id_ not in model.decisions else 1)
    if id_ in path:
        faults.add("dmn-circle", id_, text("The decision builds on itself: {path}", path=" > ".join([*path, id_])),
                   text("Break the circle of requirements"))  # fmt: skip
        return 0
    below = model.decisions[id_].decisions
    height = 1 + max((_height(model, one, [*path, id_], heights, faults) for one in below), default=0)
    heights[id_] = height
    return height


def _check_forgotten(model: Model, faults: Faults) -> None:
    """A name that is another decision's, without a requirement drawn to it, would silently be an outside variable."""
    by_name = {other.name: other.id for other in model.decisions.values()}
    called = {other.name: other.id for other in model.knowledge.values()}
    for decision in model.decisions.values():
        for name in sorted(decision.logic.names & by_name.keys()):
            if by_name[name] not in decision.decisions and by_name[name] != decision.id:
                faults.add("dmn-requirement", decision.id,
                           text("It uses {name}, the value of another decision, without a requirement", name=name),
                           text("Draw the information requirement"))  # fmt: skip
        _forgotten_functions(decision.id, decision.logic, decision.knowledge, called, faults)
    for one in model.knowledge.values():
        _forgotten_functions(one.id, one.logic, (one.id, *one.knowledge), called, faults)


def _forgotten_functions(id_: str, logic: Logic, drawn: tuple[str, ...], called: Mapping[str, str],
                         faults: Faults) -> None:  # fmt: skip
    for name in sorted(logic.functions & called.keys()):
        if called[name] not in drawn:
            faults.add("dmn-requirement", id_, text("It calls {name} without a knowledge requirement", name=name),
                       text("Draw the knowledge requirement"))  # fmt: skip
