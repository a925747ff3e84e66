"""The shipped content as a whole: it can be published without a remark, and its drawings can be read by people."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from engine import forms
from engine.bpmn import gate
from engine.bpmn.crosscheck import Known
from engine.bpmn.types import Element, Procedure
from engine.calendar import duration
from engine.crm import demo
from engine.deployments import FACTS
from engine.environment import settings_of
from engine.feel import dmn

ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = sorted((ROOT / "processes").rglob("*.bpmn"))
FORMS = sorted((ROOT / "forms").rglob("*.form"))
TABLES = sorted((ROOT / "processes").rglob("*.dmn"))
B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BD = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
D = "{http://www.omg.org/spec/DD/20100524/DI}"
ACTIONS = re.compile(r'registry\.(?:add|register)\("([\w.]+)"')
Box = tuple[float, float, float, float]

drawings = pytest.mark.parametrize("file", DRAWINGS, ids=[path.stem for path in DRAWINGS])


def procedures() -> list[Procedure]:
    return [one for path in DRAWINGS for one in gate.read(path.name, path.read_bytes())]


def elements() -> list[tuple[Procedure, Element]]:
    return [(one, element) for one in procedures() for element in one.elements.values()]


def form_keys() -> dict[str, tuple[str, ...]]:
    found = {}
    for path in FORMS:
        key = path.relative_to(ROOT / "forms").with_suffix("").as_posix()
        found[key] = tuple(forms.read(path.read_bytes()).names)
    return found


# --- what the gate and the checkers say ------------------------------------------------------------------------------


@drawings
def test_a_drawing_passes_the_gate_without_a_remark(file: Path) -> None:
    found, faults = gate.inspect(file.name, file.read_bytes())
    assert [(fault.code, fault.element_id, str(fault.reason)) for fault in faults] == []
    assert [one.key for one in found] == [file.stem]


def test_everything_a_drawing_names_is_there() -> None:
    read = procedures()
    known = Known(
        forms=form_keys(),
        groups=set(demo.company()["groups"]),
        users=set(),
        decisions={name for path in TABLES for name in dmn.read(path.read_bytes(), path.name).decisions},
        actions=registered(),
        facts=FACTS,
        sources={path.name: path.read_bytes() for path in DRAWINGS},
    )
    found = gate.cross_check(read, known)
    assert [(fault.code, fault.element_id, str(fault.reason)) for fault in found] == []


@pytest.mark.parametrize("file", FORMS, ids=[path.stem for path in FORMS])
def test_a_form_passes_its_check_and_speaks_both_languages(file: Path) -> None:
    assert [(fault.code, str(fault.reason)) for fault in forms.check(file.read_bytes(), file.name)] == []
    for component in _components(json.loads(file.read_text())["components"]):
        if component["type"] in {"text", "separator"}:
            continue
        assert component.get("label"), component["id"]
        assert component.get("properties", {}).get("label_en"), component["id"]
        for choice in component.get("values", ()):
            assert choice.get("label_en"), (component["id"], choice)


def test_every_form_belongs_to_a_step() -> None:
    assert {key for one in procedures() for key in one.forms} == set(form_keys())


@pytest.mark.parametrize("file", TABLES, ids=[path.stem for path in TABLES])
def test_a_decision_table_has_an_answer_for_everything(file: Path) -> None:
    assert list(dmn.check(dmn.read(file.read_bytes(), file.name))) == []


def registered() -> set[str]:
    """Names of the actions, read from the files that register them."""
    places = [*(ROOT / "processes").glob("*/actions.py"), *(ROOT / "engine").rglob("*.py")]
    return {name for path in places for name in ACTIONS.findall(path.read_text())}


# --- settings --------------------------------------------------------------------------------------------------------


def test_every_deadline_is_a_duration() -> None:
    deadlines = settings_of(ROOT / "settings")["deadlines"]
    for name, value in deadlines.items():
        if isinstance(value, str):
            assert duration(value) is not None, name


def test_every_control_point_has_a_norm_and_somebody_who_answers_for_it() -> None:
    deadlines = settings_of(ROOT / "settings")["deadlines"]
    codes = set()
    for procedure, element in elements():
        own = element.settings.properties
        if "controlPoint" not in own:
            continue
        codes.add(own["controlPoint"])
        assert own["controlPoint"] in deadlines, (procedure.key, element.id)
        assert own.get("cpTitle"), (procedure.key, element.id)
        assert own.get("cpOwner") or own.get("cpOwnerGroup"), (procedure.key, element.id)
    assert codes >= {f"CP-{number:02d}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 18)}


def test_every_stage_has_reasons_of_refusal_that_are_known() -> None:
    refusals = yaml.safe_load((ROOT / "settings" / "refusals.yaml").read_text())
    known = {row["value"] for row in refusals.pop("categories")}
    stages = "attraction qualification presentation proposal contract payment delivery closing"
    assert set(refusals) == set(stages.split())
    for rows in refusals.values():
        assert {row["value"] for row in rows} <= known
        assert all(row["label"] and row["label_en"] for row in rows)


# --- for people ------------------------------------------------------------------------------------------------------


def test_a_step_for_people_says_who_until_when_and_what_it_is_about() -> None:
    for procedure, element in elements():
        if element.kind != "userTask":
            continue
        place, own = (procedure.key, element.id), element.settings
        assert own.form_key, place
        assert own.candidate_groups, place
        assert own.due_date, place
        assert own.properties.get("help"), place
        assert element.documentation, place
        assert re.search(r"R\d{3}", element.documentation), place


def test_the_requirements_of_the_sale_stand_beside_the_steps_that_meet_them() -> None:
    written = " ".join(path.read_text() for path in DRAWINGS)
    named = {int(number) for number in re.findall(r"R(\d{3})", written)}
    for first, last in re.findall(r"R(\d{3})[–-]R?(\d{3})", written):
        named |= set(range(int(first), int(last) + 1))
    asked = {*range(130, 134), *range(137, 146), *range(151, 167), 216, 218, 224, 225, 226, 227, 228, 230, 231, 252}
    assert asked - named == set()


@drawings
def test_names_are_written_where_a_reader_looks_for_them(file: Path) -> None:
    process = etree.parse(file).getroot().find(f"{B}process")
    assert process is not None
    flows = list(process.iter(f"{B}sequenceFlow"))
    for node in process.iter():
        if not isinstance(node.tag, str) or not node.get("id"):
            continue
        kind = etree.QName(node).localname
        inner = node.getparent() is not process
        leaving = [flow for flow in flows if flow.get("sourceRef") == node.get("id")]
        event = kind in {"startEvent", "endEvent", "intermediateCatchEvent"} and not inner
        if event or kind.endswith(("Task", "Activity")) or kind in {"boundaryEvent", "lane", "subProcess"}:
            assert node.get("name"), node.get("id")
        elif kind == "exclusiveGateway" and len(leaving) > 1:
            assert node.get("name"), node.get("id")
            assert all(flow.get("name") for flow in leaving), node.get("id")


# --- the picture -----------------------------------------------------------------------------------------------------


@drawings
def test_every_element_is_drawn(file: Path) -> None:
    root = etree.parse(file).getroot()
    drawn = {item.get("bpmnElement") for item in root.iter(f"{BD}BPMNShape", f"{BD}BPMNEdge")}
    process = root.find(f"{B}process")
    assert process is not None
    kinds = ("Task", "Event", "Gateway", "Activity", "subProcess", "lane", "sequenceFlow")
    for node in process.iter():
        if isinstance(node.tag, str) and node.get("id") and etree.QName(node).localname.endswith(kinds):
            assert node.get("id") in drawn


@drawings
def test_shapes_and_labels_keep_off_each_other(file: Path) -> None:
    boxes, labels, hosts, containers = _picture(file)
    small = {name: box for name, box in boxes.items() if name not in containers}
    for (one, first), (other, second) in combinations(small.items(), 2):
        if one not in (hosts.get(other), other) and other != hosts.get(one):
            assert not _touch(first, second), (one, other)
    for (one, first), (other, second) in combinations(labels.items(), 2):
        assert not _touch(first, second), (one, other)
    for name, label in labels.items():
        for other, box in small.items():
            assert not _touch(label, box), (name, other)


@drawings
def test_flows_go_straight_and_do_not_cross(file: Path) -> None:
    ways = _ways(file)
    for flow, (_, _, points) in ways.items():
        for (x1, y1), (x2, y2) in pairwise(points):
            assert x1 == x2 or y1 == y2, flow
    for (one, first), (other, second) in combinations(ways.items(), 2):
        if first[1] != second[1]:  # what goes to the same place may share its last stretch
            assert not any(_cross(a, b) for a in _stretches(first[2]) for b in _stretches(second[2])), (one, other)


@drawings
def test_flows_pass_no_shape_that_is_not_theirs(file: Path) -> None:
    boxes, _, hosts, containers = _picture(file)
    for flow, (source, target, points) in _ways(file).items():
        for name, (x, y, width, height) in boxes.items():
            if name in {source, target, hosts.get(source)} | containers:
                continue
            for (x1, y1), (x2, y2) in _stretches(points):
                apart = max(x1, x2) <= x or min(x1, x2) >= x + width or max(y1, y2) <= y or min(y1, y2) >= y + height
                assert apart, (flow, name)


@drawings
def test_the_pool_holds_everything(file: Path) -> None:
    boxes, labels, _, containers = _picture(file)
    pool = next(box for name, box in boxes.items() if name.startswith("Pool_"))
    for name, box in {**boxes, **labels}.items():
        inside = pool[0] <= box[0] and pool[1] <= box[1] and box[0] + box[2] <= pool[0] + pool[2] and (
            box[1] + box[3] <= pool[1] + pool[3]
        )
        assert inside, name
    assert containers


def _components(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        yield from _components(item.get("components", []))


def _picture(file: Path) -> tuple[dict[str, Box], dict[str, Box], dict[str, str], set[str]]:
    """Boxes of the shapes, boxes of the labels, hosts of boundary events, ids of what holds other shapes."""
    root = etree.parse(file).getroot()
    kinds = {node.get("id"): etree.QName(node).localname for node in root.iter() if isinstance(node.tag, str)}
    hosts = {node.get("id"): node.get("attachedToRef") for node in root.iter(f"{B}boundaryEvent")}
    containers = {str(name) for name, kind in kinds.items() if kind in {"participant", "lane", "subProcess"}}
    boxes, labels = {}, {}
    for item in root.iter(f"{BD}BPMNShape", f"{BD}BPMNEdge"):
        bounds = item.find(f"{DC}Bounds")
        label = item.find(f"{BD}BPMNLabel/{DC}Bounds")
        if bounds is not None:
            boxes[str(item.get("bpmnElement"))] = _box(bounds)
        if label is not None:
            labels[str(item.get("bpmnElement"))] = _box(label)
    return boxes, labels, {str(key): str(value) for key, value in hosts.items()}, containers


def _ways(file: Path) -> dict[str, tuple[str, str, list[tuple[float, float]]]]:
    """Flow -> source, target, corners."""
    root = etree.parse(file).getroot()
    ends = {flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef")) for flow in root.iter(f"{B}sequenceFlow")}
    found = {}
    for edge in root.iter(f"{BD}BPMNEdge"):
        flow = str(edge.get("bpmnElement"))
        points = [(float(point.get("x", 0)), float(point.get("y", 0))) for point in edge.iter(f"{D}waypoint")]
        source, target = ends[flow]
        found[flow] = (str(source), str(target), points)
    return found


def _box(bounds: Any) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, width, height


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3] and other[1] < one[1] + one[3]
    )  # fmt: skip


Point = tuple[float, float]


def _stretches(points: list[Point]) -> list[tuple[Point, Point]]:
    return list(pairwise(points))


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether a level and an upright stretch meet inside both."""
    one_level, other_level = one[0][1] == one[1][1], other[0][1] == other[1][1]
    if one_level == other_level:
        return False
    level, upright = (one, other) if one_level else (other, one)
    x, y = upright[0][0], level[0][1]
    return min(level[0][0], level[1][0]) < x < max(level[0][0], level[1][0]) and (
        min(upright[0][1], upright[1][1]) < y < max(upright[0][1], upright[1][1])
    )
